//! **A network device that does not send.** The driver stopped its transmit queue and did not start it again for five
//! seconds or more: packets that were handed to the device did not come back as sent. The kernel asks the driver to
//! reset the device (`ndo_tx_timeout`).
//!
//! The suspect is the driver, its device or the firmware, or interrupts that do not arrive; sometimes flow control from
//! the switch. The trace, where there is one, is the watchdog's timer: it and the interrupted task are innocent.
//! `ethtool -S`, `ethtool -i` and the driver's own messages just before and after tell more.
//!
//! `eth0: NETDEV WATCHDOG: CPU: 1: transmit queue 0 timed out 5120 ms`; until 6.5 `NETDEV WATCHDOG: eth0 (e1000e): transmit
//! queue 0 timed out`, followed by a WARNING at net/sched/sch_generic.c (`dev_watchdog`).

use super::Rule;
use crate::about;
use crate::facts::Facts;
use crate::title::Titles;
use oopscope_report::Prose;

const WORDS: &str = "NETDEV WATCHDOG: ";

pub(crate) static RULE: Rule = Rule {
    name: "netdev-watchdog",
    about: about::NETDEV_WATCHDOG,
    headers: &[WORDS],
    begins: said,
    said,
    yields: true,
    absorbs: said,
    detail: |text| said(text).then(|| ("timeout", text.trim().to_owned())),
    titles: |facts| {
        let driver = message(facts).0.map_or_else(String::new, |driver| format!(" ({driver})"));
        // Not sanitized: `e1000e` would be taken for an address.
        let title = format!("NETDEV WATCHDOG: transmit queue timed out{driver}");
        // The name by which the field knows the WARNING.
        let alts =
            if facts.header.contains("WARNING: ") { vec!["WARNING in dev_watchdog".to_owned()] } else { Vec::new() };
        Titles { title, alts, ..Titles::default() }
    },
    lead: |facts| {
        let (driver, text, line) = message(facts);
        let prose = Prose::default().text("A network device stopped sending: “").claim(text, Some(line)).text("”");
        match driver {
            Some(driver) => prose.text("; its driver is ").code(driver, Some(line)),
            None => prose,
        }
    },
    needs_trace: false,
    names_task: true,
    ..Rule::BASE
};

fn said(text: &str) -> bool {
    text.split_once(WORDS).is_some_and(|(before, rest)| before.len() <= 80 && rest.contains("transmit queue "))
}

/// The driver, the words and their line: of the WARNING the words came before the headline.
fn message(facts: &Facts) -> (Option<String>, String, u64) {
    let before = facts.message.iter().find(|(text, _)| said(text)).cloned();
    let (text, line) = before.unwrap_or_else(|| (facts.header.trim().to_owned(), facts.header_line));
    (driver(&text).map(str::to_owned), text, line)
}

/// `(e1000e)` of the older form; in the newer one, `e1000e 0000:00:1f.6 eth0: `, the first of three words.
fn driver(text: &str) -> Option<&str> {
    let (before, rest) = text.split_once(WORDS)?;
    if let Some((_, rest)) = rest.split_once(" (")
        && let Some((driver, after)) = rest.split_once(')')
        && after.starts_with(": transmit queue")
    {
        return Some(driver).filter(|driver| !driver.is_empty());
    }
    let mut words = before.trim().split(' ');
    let first = words.next().filter(|first| !first.is_empty() && !first.ends_with(':'))?;
    (words.count() == 2).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers() {
        for (line, want) in [
            ("NETDEV WATCHDOG: eth0 (e1000e): transmit queue 0 timed out", Some("e1000e")),
            ("e1000e 0000:00:1f.6 eth0: NETDEV WATCHDOG: CPU: 1: transmit queue 0 timed out 5120 ms", Some("e1000e")),
            ("guest0: NETDEV WATCHDOG: CPU: 1: transmit queue 0 timed out 1680 ms", None),
        ] {
            assert!(said(line), "{line}");
            assert_eq!(driver(line), want, "{line}");
        }
    }
}
