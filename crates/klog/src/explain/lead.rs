//! The beginnings of verdicts that several kinds share: the access that faulted, the source line, what the check said.
//!
//! Each claim has its line. Must never say where or in which context it happened: that is `verdict`'s.

use crate::address;
use crate::facts::Facts;
use crate::grammar::{hex, marks};
use crate::segment;
use oopscope_report::{AccessKind, AddressClass, Prose};

/// "A write to 0x100, inside the NULL page: …,".
pub(crate) fn access(facts: &Facts) -> Prose {
    let Some(access) = &facts.report.access else {
        return Prose::default()
            .claim("A bad memory access", Some(facts.header_line))
            .text(" (the log does not say to which address),");
    };
    let kind = match access.kind {
        AccessKind::Read => "A read from ",
        AccessKind::Write => "A write to ",
        AccessKind::Execute => "An instruction fetch from ",
        AccessKind::Unknown => "An access to ",
    };
    let address =
        access.address.as_deref().and_then(hex).map_or("an unknown address".to_owned(), |value| format!("{value:#x}"));
    let mut prose =
        Prose::default().claim(kind.trim_end(), access.kind_line).text(" ").code(address, Some(access.line));
    if access.kind == AccessKind::Execute && access.class == AddressClass::NullPage {
        return prose.text(": ").text("a call through a NULL function pointer,");
    }
    prose = prose.text(", ");
    prose = match access.guessed {
        Some(_) => prose.guess(access.meaning.clone(), Some(access.line)),
        None => prose.claim(access.meaning.clone(), Some(access.line)),
    };
    // The kernel's words for a fault that the address alone does not explain.
    match facts.fault.as_deref() {
        Some(what)
            if what.starts_with("execute from")
                || what.starts_with("write to")
                || what.starts_with("read from")
                || what.starts_with("access to user") =>
        {
            prose.text(" (").claim(what.to_owned(), Some(facts.header_line)).text("),")
        }
        _ => prose.text(","),
    }
}

/// "A general protection fault: …".
pub(crate) fn protection_fault(facts: &Facts) -> Prose {
    let line = facts.report.trap.as_ref().map(|trap| trap.line);
    let prose = Prose::default().claim("A general protection fault", line);
    if let Some(access) = &facts.report.access {
        let address = access.address.as_deref().and_then(hex).map_or(String::new(), |value| format!("{value:#x}"));
        return prose
            .text(" on ")
            .code(address, Some(access.line))
            .text(", ")
            .claim(access.meaning.clone(), Some(access.line))
            .text(",");
    }
    // Before 5.5 the kernel did not decode the instruction: a register that holds such a value is the likely one.
    let suspect = facts.report.registers.iter().find_map(|register| {
        let value = hex(&register.value)?;
        let general = register.name.starts_with('R') && !matches!(register.name.as_str(), "RSP" | "RIP");
        let meaning = address::classify(value, facts.report.arch);
        (general
            && matches!(meaning.class, AddressClass::Poison | AddressClass::NonCanonical | AddressClass::KasanShadow))
        .then_some((register, meaning))
    });
    match suspect {
        Some((register, meaning)) => prose
            .text(": ")
            .guess(
                format!("perhaps through {}, which holds {} ({})", register.name, register.value, meaning.words),
                Some(register.line),
            )
            .text(","),
        None => prose.text(" (an address that is not canonical, or an instruction that is not allowed),"),
    }
}

/// " at mm/slub.c:448".
pub(crate) fn at_source(prose: Prose, facts: &Facts) -> Prose {
    match &facts.source {
        Some((file, line, at)) => prose.text(" at ").code(format!("{file}:{line}"), Some(*at)),
        None => prose,
    }
}

/// ", saying “refcount_t: underflow; use-after-free.”,". A panic's line and other messages that got between are not it.
pub(crate) fn quoted(prose: Prose, facts: &Facts) -> Prose {
    let own = |text: &str| marks::panic_reason(text).is_none() && !segment::is_other_trace(text);
    match facts.message.iter().rev().find(|(text, _)| own(text)) {
        Some((text, line)) => prose.text(", saying “").claim(folded(text), Some(*line)).text("”,"),
        None => prose.text(","),
    }
}

/// The kernel's words in the middle of a sentence: its columns are no matter there.
pub(crate) fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
