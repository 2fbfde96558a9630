//! **An interrupt that nobody cared for.** A line interrupted 100,000 times, and in nearly all of them every handler said
//! that it was not its device. The kernel turned the line off: devices that share it stop working, or go on by polling
//! and become slow.
//!
//! The list under “handlers:” names the suspects: a driver that does not recognise its own device's interrupt (it is
//! suspended, was reset, or its registers read as all ones), or another device on the same line whose driver is not
//! loaded. The trace only shows how interrupts come in, and the interrupted task is innocent. The options irqpoll and
//! pci=nomsi tell more.
//!
//! Headline: `irq 21: nobody cared (try booting with the "irqpoll" option)`, `irq event 21: bogus return value 5`, then the
//! trace, `handlers:`, `Disabling IRQ #21` (kernel/irq/spurious.c `__report_bad_irq`).

use super::Rule;
use crate::about;
use crate::culprit::{Blame, NOBODY, Pick};
use crate::grammar::decimal;
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::{Prose, Severity};

pub(crate) static RULE: Rule = Rule {
    name: "irq-nobody-cared",
    about: about::IRQ_NOBODY_CARED,
    headers: &[": nobody cared (try booting", ": bogus return value "],
    begins: |text| irq(text).is_some(),
    owns: |text| {
        let text = text.trim_start();
        text == "handlers:" || handler(text).is_some() || text.starts_with("Disabling IRQ #")
    },
    detail: |text| {
        let text = text.trim();
        if let Some(irq) = irq(text) {
            return Some(("interrupt", irq.to_string()));
        }
        if let Some(Mark::Named(_)) = handler(text) {
            return Some(("handler", text.split_once("] ").map_or(text, |(_, handler)| handler).to_owned()));
        }
        text.strip_prefix("Disabling IRQ #").map(|irq| ("turned off", irq.to_owned()))
    },
    blame: |facts| if facts.find_line(|text| handler(text).map(|_| ())).is_some() { &HANDLER } else { &NOBODY },
    severity: |_| Severity::Error,
    titles: |facts| {
        if facts.blamed.is_empty() {
            Titles::plain("irq: nobody cared")
        } else {
            Titles::blaming(facts, "irq: nobody cared in {}", &[])
        }
    },
    lead: |facts| {
        let irq = irq(&facts.header).map_or_else(String::new, |irq| format!(" {irq}"));
        Prose::default()
            .claim(
                format!("Interrupt{irq} came again and again, and no handler said that it was its own"),
                Some(facts.header_line),
            )
            .text("; its first handler is")
    },
    names_task: true,
    ..Rule::BASE
};

/// The first handler of the line, which says that it was not its device.
static HANDLER: Blame = Blame { steps: &[Step::Line(handler)], or: &[], innocent: &[], pick: Pick::Named };

fn irq(text: &str) -> Option<u32> {
    let rest = text.trim_start().strip_prefix("irq ")?;
    let (number, rest) = decimal(rest.strip_prefix("event ").unwrap_or(rest))?;
    (rest.starts_with(": nobody cared (try booting") || rest.starts_with(": bogus return value ")).then_some(number)
}

/// `[<00000000d9a408be>] guest_irq_not_mine [driver_guest]`, perhaps with ` threaded [<…>] f` behind: `%ps`, a name without
/// an offset, which no frame is.
fn handler(text: &str) -> Option<Mark<'_>> {
    let rest = text.trim_start().strip_prefix("[<")?;
    let (address, rest) = rest.split_once(">] ")?;
    let name = rest.split(' ').next()?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b));
    // Early in a boot pointers have no hash yet: `(____ptrval____)`.
    let is_hash = matches!(address.len(), 8 | 16) && address.bytes().all(|b| b.is_ascii_hexdigit());
    let is_address = is_hash || address.contains("ptrval");
    (is_name && is_address).then_some(Mark::Named(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(irq("irq 21: nobody cared (try booting with the \"irqpoll\" option)"), Some(21));
        assert_eq!(irq("irq event 9: bogus return value 5"), Some(9));
        assert_eq!(irq("usb 1-1: nobody cared (try booting"), None);
        assert_eq!(
            handler("[<00000000d9a408be>] i2c_isr [i2c] threaded [<00000000d9a408bf>] g"),
            Some(Mark::Named("i2c_isr"))
        );
        assert_eq!(handler("[<00000000d9a408be>] f+0x1/0x2"), None);
    }
}
