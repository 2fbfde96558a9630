//! Lines that structure a report: where it begins and ends, where a trace begins, on which stack it goes on.

use super::decimal;

/// `------------[ cut here ]------------`, and arm's `8<--- cut here ---` (5.1 and later).
pub(crate) fn is_cut_here(text: &str) -> bool {
    text.contains("[ cut here ]") || text.trim_start().starts_with("8<--- cut here")
}

/// `** replaying previous printk message **`: a console that was changed over prints its last message again (kernel/printk).
pub(crate) fn is_replay(text: &str) -> bool {
    text.contains("** replaying previous printk message **")
}

/// A row of `=`, with which many checks frame their reports.
pub(crate) fn is_fence(text: &str) -> bool {
    text.len() >= 8 && text.bytes().all(|b| b == b'=')
}

/// `---[ end trace 0000000000000000 ]---`; UBSAN prints it without an id.
pub(crate) fn is_end_trace(text: &str) -> bool {
    text.contains("---[ end trace")
}

/// `---[ end Kernel panic - not syncing: … ]---`.
pub(crate) fn is_end_panic(text: &str) -> bool {
    text.contains("---[ end Kernel panic")
}

/// The reason after `Kernel panic - not syncing: `.
pub(crate) fn panic_reason(text: &str) -> Option<&str> {
    if is_end_panic(text) {
        return None;
    }
    let (before, reason) = text.split_once("Kernel panic - not syncing: ")?;
    // The words at the start of the message; `NMI watchdog: ` and the like may stand before them.
    (before.len() <= 32).then(|| reason.trim())
}

/// `Call Trace:` (x86, riscv, powerpc), `Call trace:` (arm64), `Backtrace:` (arm); not `stack backtrace:`.
pub(crate) fn is_trace_start(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("Call Trace:") || text.starts_with("Call trace:") || text == "Backtrace:"
}

/// Any line after which frames come, also those of another party: KASAN's `Allocated by task 12:` and `Freed by task 12:`,
/// kmemleak's `backtrace:`, KMSAN's `Uninit was stored to memory at:`, riscv's registers (which no line of its own
/// separates from the frames).
pub(crate) fn is_any_trace_start(text: &str) -> bool {
    let trimmed = text.trim();
    trimmed.contains("Call Trace")
        || trimmed.contains("Call trace")
        || trimmed.contains("Backtrace:")
        || trimmed.contains("Allocated:")
        || trimmed.contains("Freed:")
        || is_party(trimmed, "Allocated by task ")
        || is_party(trimmed, "Freed by task ")
        || is_backtrace(text)
        || trimmed.contains("Uninit was stored to memory at")
        || is_riscv_status(trimmed)
}

/// `Allocated by task 12:`, not `Allocated by task 12 on cpu 1 at 3.4s:` of newer kernels, whose frames follow all the same.
fn is_party(text: &str, start: &str) -> bool {
    text.split_once(start).is_some_and(|(_, rest)| {
        rest.strip_suffix(':').is_some_and(|pid| !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// kmemleak's `  backtrace:` and `  backtrace (crc 1234abcd):`; lockdep's `stack backtrace:` is none of its.
fn is_backtrace(text: &str) -> bool {
    text.split_once(" backtrace").is_some_and(|(before, rest)| {
        !before.is_empty()
            && !before.ends_with('k')
            && (rest.starts_with(':') || rest.strip_prefix(" (crc ").is_some_and(|rest| rest.ends_with("):")))
    })
}

/// riscv's last line of registers (arch/riscv/kernel/process.c `__show_regs`).
pub(crate) fn is_riscv_status(text: &str) -> bool {
    text.starts_with("status: ") && text.contains(" badaddr: ") && text.contains(" cause: ")
}

/// ` <IRQ>` or ` </IRQ>`: the kernel's tag for the stack on which the trace goes on, and whether it opens.
///
/// x86 (arch/x86/kernel/dumpstack_64.c `stack_type_name`). `<TASK>` only since 5.16; before, what followed `</IRQ>` was the task's. Old kernels closed with `<<EOE>>` and `<EOI>`.
pub(crate) fn stack_tag(text: &str) -> Option<(&str, bool)> {
    let inside = text.trim().strip_prefix('<')?;
    let (inside, rest) = inside.split_once('>')?;
    if !rest.is_empty() && rest != ">" {
        return None;
    }
    let inside = inside.trim_start_matches('<');
    let (name, open) = match inside.strip_prefix('/') {
        Some(name) => (name, false),
        None => (inside, true),
    };
    let known = matches!(
        name,
        "IRQ"
            | "SOFTIRQ"
            | "NMI"
            | "TASK"
            | "ENTRY_TRAMPOLINE"
            | "EOI"
            | "EOE"
            | "#DF"
            | "#DB"
            | "#MC"
            | "#VC"
            | "#VC2"
            | "SYSENTER"
            | "ENTRY"
            | "UNK"
            | "DOUBLEFAULT"
    );
    // `<EOI>` and `<EOE>` end the interrupt's or exception's stack.
    known.then_some(match name {
        "EOI" => ("IRQ", false),
        "EOE" => ("NMI", false),
        _ => (name, open),
    })
}

/// `Kernel Offset: 0x33e00000 from 0xffffffff81000000 (relocation range: …)`, `Kernel Offset: disabled`.
pub(crate) fn kernel_offset(text: &str) -> Option<&str> {
    let value = text.trim_start().strip_prefix("Kernel Offset: ")?;
    let value = value.split(' ').next()?;
    Some(if value == "disabled" { "0x0" } else { value })
}

/// `note: insmod[121] exited with irqs disabled`: kernel/exit.c `make_task_dead`.
pub(crate) fn exit_note(text: &str) -> Option<(&str, u32, &str)> {
    let (comm, rest) = text.trim_start().strip_prefix("note: ")?.split_once('[')?;
    let (pid, rest) = decimal(rest)?;
    let how = rest.strip_prefix("] exited with ")?;
    Some((comm, pid, how))
}

/// What the kernel prints after a panic, which belongs to it and tells nothing about the bug.
pub(crate) fn is_panic_epilogue(text: &str) -> bool {
    let text = text.trim_start();
    ["Rebooting in ", "CPU features: ", "Memory Limit: ", "SMP: stopping secondary CPUs", "Dumping ftrace buffer:"]
        .iter()
        .any(|start| text.starts_with(start))
        || is_end_panic(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        assert_eq!(stack_tag(" <IRQ>"), Some(("IRQ", true)));
        assert_eq!(stack_tag(" </IRQ>"), Some(("IRQ", false)));
        assert_eq!(stack_tag(" <#DF>"), Some(("#DF", true)));
        assert_eq!(stack_tag(" <<EOE>>"), Some(("NMI", false)));
        assert_eq!(stack_tag(" <EOI>"), Some(("IRQ", false)));
        assert_eq!(stack_tag("<script>"), None);
        assert_eq!(stack_tag(" <IRQ> x"), None);
    }

    #[test]
    fn panics() {
        assert_eq!(
            panic_reason("Kernel panic - not syncing: Fatal exception in interrupt"),
            Some("Fatal exception in interrupt")
        );
        assert_eq!(panic_reason("---[ end Kernel panic - not syncing: Fatal exception ]---"), None);
        assert_eq!(exit_note("note: insmod[121] exited with irqs disabled"), Some(("insmod", 121, "irqs disabled")));
        assert_eq!(kernel_offset("Kernel Offset: 0x33e00000 from 0xffffffff81000000"), Some("0x33e00000"));
    }
}
