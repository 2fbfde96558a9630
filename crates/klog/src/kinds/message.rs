//! **A message of the kernel that calls itself a BUG, a WARNING or an INFO.** It is of no kind that has its own
//! explanation; its words are all there is. Whether it matters depends on who says it: many drivers print “WARNING:” for
//! an old firmware or an odd configuration.
//!
//! `BUG: …`, `WARNING: …`, `INFO: …` in a line of the kernel.

use super::Rule;
use crate::about;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "message",
    about: about::MESSAGE,
    headers: &["BUG:", "WARNING:", "INFO:"],
    begins: |text| MARKERS.iter().any(|marker| text.contains(marker)),
    titles: |facts| {
        let first = MARKERS.iter().filter_map(|marker| Some((facts.header.find(marker)?, *marker))).min();
        let marker = first.map_or("", |(_, marker)| marker);
        let rest = facts.header.split_once(marker).map_or("", |(_, rest)| rest).trim();
        if rest.is_empty() {
            return Titles::plain(format!("{marker} corrupted")).damaged("the headline is cut off");
        }
        // SLUB's line about the last user of an object, without the BUG that should stand before it.
        if marker == "INFO:" && (rest.starts_with("Freed in ") || rest.starts_with("Allocated in ")) {
            return Titles::plain(format!("INFO: {rest}")).damaged("it is a line from the middle of a slab report");
        }
        Titles { damage: None, ..Titles::of_header(facts, marker, "") }
    },
    needs_trace: false,
    went_on: "",
    ..Rule::BASE
};

const MARKERS: [&str; 3] = ["BUG:", "WARNING:", "INFO:"];

/// Words of messages that look like the beginning of a report and are none: what drivers and programs say every day, and
/// the debugging output of programs that share the console.
const HARMLESS: &[&str] = &[
    // programs on the same console, and words that only end like a marker
    "DEBUG:",
    "ODEBUG:",
    "xlog_status:",
    "BUG: no syscalls can create resource",
    "INFO: no syscalls can create resource",
    "is not present in /proc/kallsyms",
    "rmt_storage:INFO:",
    "_INFO:",
    "WARNING: /etc/ssh/moduli does not exist, using fixed modulus",
    "WARNING: Unsupported flag value(s) of 0x%x in DT_FLAGS_1",
    // notices of the kernel about its configuration or about a program's habits
    "WARNING: workqueue cpumask: online intersect > possible intersect",
    "WARNING: the mand mount option",
    "WARNING: The mand mount option",
    "WARNING: Unprivileged eBPF is enabled with eIBRS",
    "WARNING: kernel not compiled with CPU_SRSO",
    "for mitigation options.",
    "mitigation leaves CPU vulnerable",
    "WARNING: nvram corruption detected",
    "data leaks possible via Spectre",
    "WARNING: fbcon: Driver '",
    "uses deprecated v2 capabilities",
    "uses wireless extensions",
    "USES DEPRECATED V2 CAPABILITIES",
    // parts of other reports, and reports that were called off
    "INFO: lockdep is turned off",
    "INFO: Stall ended before state dump start",
    "INFO: NMI handler",
    "INFO: recovery required on readonly filesystem",
    "took too long",
];

/// True for a line that holds a marker and reports nothing.
pub(crate) fn is_harmless(text: &str) -> bool {
    HARMLESS.iter().any(|words| text.contains(words))
        || text.contains("EXT4-fs") && (text.contains("EXT4-fs:") || text.contains("EXT4-fs ("))
        || text.contains("XFS (") && text.contains("): WARNING")
        || text.contains("general protection fault ")
            && text.contains(" error:")
            && text.contains(" in ")
            && text.contains(" ip:")
}
