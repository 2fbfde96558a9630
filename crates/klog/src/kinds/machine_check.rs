//! **Machine check: the hardware reports an error.** The processor, a cache, a memory module or a bus found wrong data
//! and told the kernel through a bank of registers. This is not a bug of the kernel, and nothing in a trace is to blame.
//!
//! Corrected: the hardware repaired it, nothing was lost; many of them on one module foretell its failure. Uncorrected:
//! data was lost, and the kernel kills the task or panics; with “processor context corrupt” it can only panic. The
//! address, where there is one, is physical: it tells the memory module. Compare bank and code with earlier events
//! (rasdaemon, mcelog, the machine's own event log); the same ones again and again mean that a part must be replaced.
//! Overclocking, heat and undervoltage make them, too.
//!
//! `mce: [Hardware Error]: CPU 0: Machine Check Exception: 5 Bank 4: be00…` (arch/x86/kernel/cpu/mce/core.c
//! `__print_mce`), AMD's decoded lines (drivers/edac/mce_amd.c), powerpc's `MCE: CPU0: machine check (Severe) …`.

use super::Rule;
use crate::about;
use crate::facts::Facts;
use crate::grammar::{decimal, hex};
use crate::title::Titles;
use oopscope_report::{Detail, Prose, Severity};

const HARDWARE: &str = "[Hardware Error]: ";

pub(crate) static RULE: Rule = Rule {
    name: "machine-check",
    about: about::MACHINE_CHECK,
    headers: &[HARDWARE, "machine check (", "Terminating task because of machine"],
    begins,
    yields: true,
    absorbs: |text| bank(text).is_some() || amd(text).is_some(),
    owns: |text| text.contains(HARDWARE) || is_powerpc_more(text) || text.trim_start().starts_with("mcck: task: "),
    detail: |text| {
        let (_, rest) = text.split_once(HARDWARE)?;
        let rest = rest.trim();
        [("RIP", "interrupted at"), ("TSC ", "registers"), ("PROCESSOR ", "processor"), ("Machine check: ", "severity")]
            .into_iter()
            .find(|(start, _)| rest.starts_with(start))
            .map(|(start, name)| (name, if name == "severity" { &rest[start.len()..] } else { rest }.to_owned()))
    },
    details,
    severity: |facts| {
        let words = words(facts);
        if ["uncorrected", "severe", "fatal", "system fatal"].iter().any(|bad| words.starts_with(bad)) {
            Severity::Error
        } else {
            Severity::Warning
        }
    },
    titles,
    lead,
    needs_trace: false,
    names_task: true,
    ..Rule::BASE
};

/// AMD's first line of an event (drivers/edac/mce_amd.c `decode_error_status`).
const AMD: [&str; 6] = [
    "System Fatal error.",
    "Uncorrected, software restartable error.",
    "Uncorrected, software containable error.",
    "Deferred error, no action required.",
    "Corrected error, no action required.",
    "Poison consumed",
];

fn begins(text: &str) -> bool {
    if let Some((before, rest)) = text.split_once(HARDWARE) {
        return before.len() <= 8
            && (rest.trim_end() == "Machine check events logged" || bank(text).is_some() || amd(text).is_some());
    }
    is_powerpc(text) || text.starts_with("mcck: Terminating task because of machine")
}

/// What AMD's first line calls the event: `corrected error`.
fn amd(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(HARDWARE)?;
    let words = AMD.iter().find(|words| rest.starts_with(*words))?;
    Some(words.split([',', '.']).next()?.to_lowercase())
}

/// `MCE: CPU0: machine check (Severe)  UE Load/Store DAR: … [Not recovered]` (arch/powerpc/kernel/mce.c).
fn is_powerpc(text: &str) -> bool {
    text.trim_start().strip_prefix("MCE: CPU").is_some_and(|rest| rest.contains(": machine check ("))
}

fn is_powerpc_more(text: &str) -> bool {
    text.trim_start().starts_with("MCE: CPU")
}

/// A bank's status register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bank {
    cpu: u32,
    number: u32,
    status: u64,
}

/// `CPU 0: Machine Check Exception: 5 Bank 9: be00000000000135`; without `Exception` outside of a machine check.
fn bank(text: &str) -> Option<Bank> {
    let (_, rest) = text.split_once(HARDWARE)?;
    let (cpu, rest) = decimal(rest.strip_prefix("CPU ")?)?;
    let rest = rest.strip_prefix(": Machine Check")?;
    let (_, rest) = rest.split_once(" Bank ")?;
    let (bank, rest) = decimal(rest)?;
    let digits = rest.strip_prefix(": ")?.split(' ').next()?;
    Some(Bank { cpu, number: bank, status: hex(digits)? })
}

/// Bits of `IA32_MCi_STATUS` (Intel SDM volume 3, 16.3.2.2) that people go by.
const BITS: [(u32, &str, &str); 7] = [
    (62, "OVER", "another error was lost before it"),
    (61, "UC", "not corrected"),
    (60, "EN", "reporting was enabled"),
    (59, "MISCV", "MISC holds more"),
    (58, "ADDRV", "ADDR holds the address"),
    (57, "PCC", "the processor's context is corrupt"),
    (56, "S", "signalled as a machine check"),
];

impl Bank {
    const fn has(self, bit: u32) -> bool {
        self.status >> bit & 1 == 1
    }

    const fn is_uncorrected(self) -> bool {
        self.has(61)
    }

    fn words(self) -> String {
        let bits: Vec<_> = BITS
            .iter()
            .filter(|(bit, ..)| self.has(*bit))
            .map(|(_, name, words)| format!("{name} ({words})"))
            .collect();
        let corrected = if self.is_uncorrected() { "" } else { "corrected; " };
        format!("{}: {corrected}{}", class(self.status & 0xffff), bits.join(", "))
    }
}

/// What a machine check's architectural code says (Intel SDM volume 3, 16.9): the class of the error.
fn class(code: u64) -> &'static str {
    // Bit 12 says that corrected errors are filtered.
    match code & 0xefff {
        0 => "no error",
        1 => "unclassified error",
        2 => "microcode ROM parity error",
        3 => "external error",
        4 => "functional redundancy error",
        5 => "internal parity error",
        6 => "access outside of SMM's memory",
        0x400 => "internal timer error",
        0xe0b => "I/O error",
        0x0c..=0x0f => "cache hierarchy error",
        0x10..=0x1f => "TLB error",
        0x80..=0xff => "memory controller error",
        0x100..=0x1ff => "cache error",
        0x280..=0x2ff => "memory error in the second level memory",
        0x401..=0x7ff => "internal error of this processor model",
        0x800..=0xfff => "bus or interconnect error",
        _ => "error of this processor model",
    }
}

/// The bank that matters: an uncorrected one before the others.
fn worst(facts: &Facts) -> Option<Bank> {
    facts.numbered_texts().filter_map(|(text, _)| bank(text)).max_by_key(|bank| (bank.is_uncorrected(), bank.has(57)))
}

fn details(facts: &Facts) -> Vec<Detail> {
    facts
        .numbered_texts()
        .filter_map(|(text, line)| Some((bank(text)?, line)))
        .take(16)
        .map(|(bank, line)| Detail {
            name: "status".to_owned(),
            value: format!("CPU {} bank {}: {:#018x}", bank.cpu, bank.number, bank.status),
            meaning: Some(bank.words()),
            line,
        })
        .collect()
}

/// Whether it was corrected, and what it was, in few words.
fn words(facts: &Facts) -> String {
    if let Some(bank) = worst(facts) {
        let sort = if bank.is_uncorrected() { "uncorrected" } else { "corrected" };
        return format!("{sort} {}", class(bank.status & 0xffff));
    }
    if let Some((_, rest)) = facts.header.split_once("machine check (") {
        let (severity, rest) = rest.split_once(')').unwrap_or((rest, ""));
        let what = rest.trim_start().split([':', '[']).next().unwrap_or_default();
        let what = what.trim_end_matches("DAR").trim();
        return format!("{} {what}", severity.to_lowercase()).trim_end().to_owned();
    }
    facts.find_line(amd).map_or_else(|| "events logged".to_owned(), |(words, _)| words)
}

fn titles(facts: &Facts) -> Titles {
    Titles::plain(format!("Machine check: {}", words(facts)))
}

fn lead(facts: &Facts) -> Prose {
    Prose::default()
        .text("The hardware reported a machine check, ")
        .claim(words(facts), Some(facts.header_line))
        .text("; the kernel's code is not to blame")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banks() {
        let fatal = bank("mce: [Hardware Error]: CPU 0: Machine Check Exception: 5 Bank 9: be00000000000135").unwrap();
        assert_eq!((fatal.cpu, fatal.number, fatal.is_uncorrected(), fatal.has(57)), (0, 9, true, true));
        let corrected = bank("mce: [Hardware Error]: CPU 3: Machine Check: 0 Bank 9: 9c00000000000135").unwrap();
        assert_eq!((corrected.cpu, corrected.is_uncorrected()), (3, false));
        assert!(corrected.words().starts_with("cache error: corrected; EN"), "{}", corrected.words());
        assert_eq!(bank("mce: [Hardware Error]: TSC 0 ADDR 3f1d6000 MISC 8c "), None);
    }

    #[test]
    fn classes() {
        for (code, words) in [
            (0x9f, "memory controller error"),
            (0x1135, "cache error"),
            (0x11, "TLB error"),
            (0x400, "internal timer error"),
            (0xe0b, "I/O error"),
            (0x800, "bus or interconnect error"),
        ] {
            assert_eq!(class(code), words, "{code:#x}");
        }
    }
}
