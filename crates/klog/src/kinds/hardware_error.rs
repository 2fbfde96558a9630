//! **Hardware error.** The firmware or a memory controller's driver reports what the hardware found wrong. This is not a
//! bug of the kernel. “Corrected” (CE): repaired on the way, nothing was lost; a growing number on one module foretells
//! its failure. “Recoverable”: data was lost, the kernel tries to go on without it. “Fatal” or uncorrected (UE): what
//! was there is lost, and the kernel may stop the machine.
//!
//! The section type says which part it was; memory errors name the module (DIMM) or the node, card and module, PCIe
//! errors the device. “BERT” repeats at boot what ended the boot before. Ask the machine's own event log (ipmitool sel)
//! and rasdaemon for the same error, and replace the part that comes back.
//!
//! `{1}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 0` (drivers/acpi/apei/ghes.c,
//! drivers/firmware/efi/cper.c), `BERT: Error records from previous boot:` (drivers/acpi/apei/bert.c),
//! `EDAC MC0: 1 CE … on DIMM0 (…)` (drivers/edac/edac_mc.c).

use super::Rule;
use crate::about;
use crate::facts::Facts;
use crate::grammar::decimal;
use crate::title::Titles;
use oopscope_report::{Prose, Severity};

const HARDWARE: &str = "[Hardware Error]: ";

pub(crate) static RULE: Rule = Rule {
    name: "hardware-error",
    about: about::HARDWARE_ERROR,
    headers: &["Hardware error from APEI", "BERT: Error records", "EDAC MC", "EDAC PCI", "EDAC DEVICE"],
    begins,
    yields: true,
    owns: |text| text.contains(HARDWARE),
    detail: |text| {
        if let Some((count, rest)) = edac(text) {
            return Some(("error", format!("{count} {rest}")));
        }
        let (_, rest) = text.split_once(HARDWARE)?;
        let (name, value) = rest.trim().split_once(": ")?;
        [
            "event severity",
            "section_type",
            "error_type",
            "physical_address",
            "node",
            "DIMM location",
            "device_id",
            "fru_text",
        ]
        .into_iter()
        .find(|known| *known == name)
        .map(|known| (known, value.to_owned()))
    },
    severity: |facts| match severity(facts).as_str() {
        "fatal" | "recoverable" | "uncorrected" => Severity::Error,
        _ => Severity::Warning,
    },
    titles: |facts| Titles::plain(format!("Hardware error: {}", words(facts))),
    lead: |facts| {
        Prose::default()
            .text("The hardware reported an error, ")
            .claim(words(facts), Some(facts.header_line))
            .text("; the kernel's code is not to blame")
    },
    needs_trace: false,
    names_task: true,
    ..Rule::BASE
};

fn begins(text: &str) -> bool {
    text.split_once(HARDWARE).is_some_and(|(before, rest)| {
        before.len() <= 12 && rest.starts_with("Hardware error from APEI Generic Hardware Error Source: ")
    }) || text.starts_with("BERT: Error records from previous boot:")
        || edac(text).is_some()
}

/// `EDAC MC0: 1 CE memory read error on DIMM_A1 (…)`: `1 CE` and the rest.
fn edac(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start().strip_prefix("EDAC ")?;
    let rest = ["MC", "PCI", "DEVICE"].iter().find_map(|part| rest.strip_prefix(part))?;
    let (_, rest) = decimal(rest)?;
    let rest = rest.strip_prefix(": ")?;
    let (_, after) = decimal(rest)?;
    let sort = after.strip_prefix(" CE ").or_else(|| after.strip_prefix(" UE "))?;
    Some((rest[..rest.len() - sort.len()].trim_end(), sort))
}

fn severity(facts: &Facts) -> String {
    if let Some((count, _)) = edac(&facts.header) {
        return if count.ends_with("UE") { "uncorrected" } else { "corrected" }.to_owned();
    }
    let found = facts.find_line(|text| Some(text.split_once("event severity: ")?.1.trim().to_owned()));
    found.map_or_else(String::new, |(severity, _)| severity)
}

fn words(facts: &Facts) -> String {
    let part = if edac(&facts.header).is_some() {
        "memory error".to_owned()
    } else {
        let section = facts.find_line(|text| Some(text.split_once("section_type: ")?.1.trim().to_owned()));
        section.map_or_else(|| "error".to_owned(), |(section, _)| section)
    };
    let severity = severity(facts);
    if severity.is_empty() { part } else { format!("{severity} {part}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edac_lines() {
        assert_eq!(
            edac("EDAC MC0: 1 CE memory read error on DIMM_A1 (channel:0 slot:0 page:0x1)"),
            Some(("1 CE", "memory read error on DIMM_A1 (channel:0 slot:0 page:0x1)"))
        );
        for text in ["EDAC MC: Ver: 3.0.0", "EDAC MC0: Giving out device to module x", "EDAC DEBUG: 1 CE x"] {
            assert_eq!(edac(text), None, "{text}");
        }
    }
}
