//! **PCIe error (AER).** A PCI Express device or port reports that something went wrong on the link. This is hardware or
//! firmware, seldom a driver. “Correctable”: the link repaired it by sending again, nothing was lost; a flood of these
//! costs performance and means a bad slot, cable or riser, or power management that the device does not stand (try
//! pcie_aspm=off). “Uncorrectable (Non-Fatal)”: one transaction was lost; the driver is asked to recover.
//! “Uncorrectable (Fatal)”: the link is down until it is reset, and the device may be gone.
//!
//! The type says in which layer: the physical and the data link layer point at the link itself, the transaction layer
//! also at the device, its driver or firmware. The device behind the numbers: lspci -s.
//!
//! `pcieport 0000:00:1c.0: AER: Correctable error message received from 0000:01:00.0`, `pcieport 0000:00:1c.0: PCIe Bus
//! Error: severity=Correctable, type=Physical Layer, (Receiver ID)` (drivers/pci/pcie/aer.c).

use super::Rule;
use crate::about;
use crate::facts::Facts;
use crate::title::Titles;
use oopscope_report::{Prose, Severity};

const BUS_ERROR: &str = "PCIe Bus Error: severity=";

pub(crate) static RULE: Rule = Rule {
    name: "aer",
    about: about::AER,
    headers: &[BUS_ERROR, "AER: Corr", "AER: Uncorr", "AER: Multiple "],
    begins: |text| announced(text).is_some() || bus_error(text).is_some(),
    yields: true,
    absorbs: |text| bus_error(text).is_some(),
    owns: |text| {
        text.contains("error status/mask=")
            || text.contains("TLP Header: ")
            || text.contains("Error of this Agent is reported first")
            || flag(text).is_some()
    },
    detail: |text| {
        if let Some((device, rest)) = bus_error(text) {
            return Some(("error", format!("{device}: {rest}")));
        }
        if let Some((device, rest)) = announced(text) {
            return Some(("reported by", format!("{device}: {rest}")));
        }
        if let Some((_, rest)) = text.split_once("  device [") {
            return Some(("device", format!("[{}", rest.trim_end())));
        }
        flag(text).map(|flag| ("flag", flag.to_owned()))
    },
    severity: |facts| if severity(facts).starts_with("Uncorr") { Severity::Error } else { Severity::Warning },
    titles: |facts| {
        let layer = facts
            .find_line(|text| {
                let (_, rest) = bus_error(text)?;
                Some(rest.split_once("type=")?.1.split(',').next()?.to_owned())
            })
            .map_or_else(String::new, |(layer, _)| format!(", {layer}"));
        Titles::plain(format!("PCIe Bus Error: {}{layer}", severity(facts)))
    },
    lead: |facts| {
        Prose::default()
            .text("A PCIe link reported an error, ")
            .claim(severity(facts), Some(facts.header_line))
            .text("; this is hardware or firmware, the kernel only passes it on")
    },
    needs_trace: false,
    names_task: true,
    ..Rule::BASE
};

/// `pcieport 0000:00:1c.0: AER: Correctable error message received from 0000:01:00.0`; before 6.6 `Corrected error
/// received: 0000:01:00.0`, with `Multiple ` before it for more than one.
fn announced(text: &str) -> Option<(&str, &str)> {
    let (device, rest) = text.trim_start().split_once(": AER: ")?;
    let what = rest.strip_prefix("Multiple ").unwrap_or(rest);
    let ok = (what.starts_with("Corr") || what.starts_with("Uncorr"))
        && (what.contains(" error received: ") || what.contains(" error message received from "));
    (ok && device.len() <= 64).then_some((device, rest))
}

/// `pcieport 0000:00:1c.0: PCIe Bus Error: severity=Correctable, type=Physical Layer, (Receiver ID)`, with `AER: ` before
/// the words in some kernels.
fn bus_error(text: &str) -> Option<(&str, &str)> {
    let (device, rest) = text.trim_start().split_once(BUS_ERROR)?;
    (device.len() <= 64).then(|| (device.trim_end().trim_end_matches("AER:").trim_end().trim_end_matches(':'), rest))
}

/// `pcieport 0000:00:1c.0:    [ 0] RxErr                  (First)`.
fn flag(text: &str) -> Option<&str> {
    let (before, rest) = text.split_once(":    [")?;
    let (bit, name) = rest.split_once(']')?;
    let ok = before.contains(' ') && bit.trim().parse::<u8>().is_ok_and(|bit| bit < 32);
    ok.then(|| name.trim().split(' ').next().unwrap_or_default()).filter(|name| !name.is_empty())
}

fn severity(facts: &Facts) -> String {
    facts
        .find_line(|text| {
            if let Some((_, rest)) = bus_error(text) {
                return Some(rest.split(',').next()?.to_owned());
            }
            let (_, rest) = announced(text)?;
            let rest = rest.strip_prefix("Multiple ").unwrap_or(rest);
            Some(rest.split(" error ").next()?.to_owned())
        })
        .map_or_else(String::new, |(severity, _)| severity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let line = "pcieport 0000:00:1c.0: PCIe Bus Error: severity=Corrected, type=Physical Layer, (Receiver ID)";
        assert_eq!(bus_error(line), Some(("pcieport 0000:00:1c.0", "Corrected, type=Physical Layer, (Receiver ID)")));
        assert!(announced("pcieport 0000:00:1c.0: AER: Corrected error received: 0000:00:1c.0").is_some());
        assert!(announced("pcieport 0000:00:1c.0: AER: enabled with IRQ 24").is_none());
        assert_eq!(flag("pcieport 0000:00:1c.0:    [ 0] RxErr                  (First)"), Some("RxErr"));
    }
}
