//! **An interrupt line that two drivers want on different terms.** A driver asked for a line that another one already has,
//! and the two do not agree: one does not share (IRQF_SHARED), or they want different triggers or thread modes. The
//! second request fails with EBUSY, and its device will mostly not work. The line names both: first the one that was
//! refused, then the one that has the line. Nothing has crashed.
//!
//! `genirq: Flags mismatch irq 16. 00000000 (new) vs. 00000080 (old)` (kernel/irq/manage.c `__setup_irq`), with a trace
//! where CONFIG_DEBUG_SHIRQ is set.

use super::Rule;
use crate::about;
use crate::grammar::between;
use crate::title::Titles;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "irq-flags",
    about: about::IRQ_FLAGS,
    headers: &["genirq: Flags mismatch irq "],
    begins: |text| text.trim_start().starts_with("genirq: Flags mismatch irq "),
    yields: true,
    detail: |text| text.split_once("Flags mismatch irq ").map(|(_, rest)| ("irq", rest.trim().to_owned())),
    titles: |facts| {
        let (refused, holder) = names(&facts.header);
        Titles::plain(format!("genirq: Flags mismatch ({refused} vs. {holder})"))
    },
    lead: |facts| {
        let (refused, holder) = names(&facts.header);
        Prose::default()
            .text("A driver was refused an interrupt: ")
            .claim(format!("{refused} asked for a line that {holder} has on other terms"), Some(facts.header_line))
    },
    one_line: true,
    needs_trace: false,
    names_task: true,
    ..Rule::BASE
};

/// Who was refused and who has the line.
fn names(header: &str) -> (&str, &str) {
    let (new, old) = header.split_once(" vs. ").unwrap_or((header, ""));
    (between(new, "(", ")").unwrap_or_default(), between(old, "(", ")").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who() {
        let line = "genirq: Flags mismatch irq 16. 00000000 (i801_smbus) vs. 00000080 (ahci)";
        assert_eq!(names(line), ("i801_smbus", "ahci"));
        assert_eq!(names("genirq: Flags mismatch irq 16. 00"), ("", ""));
    }
}
