//! The machine, as crash's banner has it. Must never show a field that was not read.

use super::{bare, when};
use oopscope_report::vmcore::{Panic, System};
use std::fmt::Write as _;

/// crash's banner: names right-aligned before a colon, in crash's order, with what crash does not have at the end.
pub fn system(system: &System, panic: Option<&Panic>) -> String {
    let mut lines: Vec<(&str, String)> = Vec::new();
    let mut add = |name, value: Option<String>| lines.extend(value.map(|value| (name, value)));
    add("CPUS", system.cpus_online.map(|online| cpus(online, &system.cpus_offline)));
    add("DATE", system.time.map(when::date));
    add("UPTIME", system.uptime.map(|uptime| when::span(when::whole(uptime))));
    add("LOAD AVERAGE", system.load.map(|[one, five, fifteen]| format!("{one:.2}, {five:.2}, {fifteen:.2}")));
    add("TASKS", system.tasks.map(|tasks| tasks.to_string()));
    add("NODENAME", system.hostname.clone());
    add("RELEASE", system.release.clone());
    add("VERSION", system.version.clone());
    add("MACHINE", system.machine.clone());
    add("MEMORY", system.memory.map(size));
    if let Some(panic) = panic {
        add("PANIC", panic.message.as_ref().map(|message| format!("{message:?}")));
        add("PID", panic.pid.map(|pid| pid.to_string()));
        add("COMMAND", panic.comm.as_ref().map(|comm| format!("{comm:?}")));
        add("TASK", panic.task.map(|task| bare(task.0)));
        let how = panic.found.as_ref().map(|how| format!("  ({how})")).unwrap_or_default();
        add("CPU", panic.cpu.map(|cpu| format!("{cpu}{how}")));
    }
    add("TAINTED", system.taint.as_ref().map(|taint| tainted(taint, &system.taint_meaning)));
    add("CMDLINE", system.command_line.clone());
    add("BUILD-ID", system.build_id.clone());
    add("KASLR", system.kaslr_offset.map(|offset| offset.to_string()));
    let mut out = String::new();
    for (name, value) in lines {
        // Writing to a String does not fail.
        let _ = writeln!(out, "{name:>12}: {value}");
    }
    out
}

fn cpus(online: u32, offline: &[u32]) -> String {
    if offline.is_empty() {
        return online.to_string();
    }
    // crash counts here those that are offline; numbers of CPUs must not be taken for that count.
    let count = offline.len();
    let numbers: Vec<String> = offline.iter().map(u32::to_string).collect();
    let all = u64::from(online) + count as u64;
    format!("{all}  [OFFLINE: {count}]  (CPU {})", numbers.join(", "))
}

fn tainted(letters: &str, meaning: &[String]) -> String {
    if letters.is_empty() { "no".to_owned() } else { format!("{letters}  ({})", meaning.join("; ")) }
}

/// A size in the unit in which it has at most four digits before the point.
#[expect(clippy::cast_precision_loss, reason = "a size is shown with one digit after the point")]
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    let mut value = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    for next in units {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    let text = format!("{value:.1}");
    format!("{} {unit}", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::{size, system};
    use oopscope_report::vmcore::{Panic, System};

    #[test]
    fn only_what_was_read_is_shown() {
        let machine = System { release: Some("6.1.0".into()), cpus_online: Some(2), ..System::default() };
        let panic = Panic { message: Some("Fatal exception".into()), cpu: Some(1), ..Panic::default() };
        assert_eq!(
            system(&machine, Some(&panic)),
            "        CPUS: 2\n     RELEASE: 6.1.0\n       PANIC: \"Fatal exception\"\n         CPU: 1\n"
        );
    }

    #[test]
    fn sizes_have_the_unit_that_suits_them() {
        assert_eq!(size(256 << 20), "256 MB");
        assert_eq!(size((3 << 30) + (512 << 20)), "3.5 GB");
        assert_eq!(size(1000), "1.0 KB".replace(".0", ""));
    }
}
