//! Which frames' addresses are those of an instruction that ran, and which are return addresses, that lie behind the call.
//!
//! Must never take a return address for exact without the kernel's word for it: the line would be that of the next
//! statement.

use oopscope_report::{Arch, Frame, FrameRole};

/// What an address is looked up as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// As it is: the instruction that trapped or was interrupted.
    Exact,
    /// One byte before: inside the call.
    Before,
    /// One byte before, or where nothing covers that, as it is: what lay on the stack may be no return address at all, but
    /// the beginning of a function.
    Either,
}

/// How a frame's address is looked up. `inner` is the reliable frame above it.
pub(crate) fn lookup(frame: &Frame, inner: Option<&Frame>, arch: Option<Arch>) -> Lookup {
    if frame.role == FrameRole::Pc {
        return Lookup::Exact;
    }
    if frame.role == FrameRole::Return && frame.reliable && inner.is_some_and(|inner| is_entry(inner, arch)) {
        return Lookup::Exact;
    }
    // The end of what lies before a function's entry is that entry: `__pfx_f+0x10/0x10` is `f`
    // (scripts/Makefile.lib, CONFIG_FUNCTION_PADDING_BYTES; "x86: Add prefix symbols for function padding", 6.2).
    let at_edge = frame.offset == Some(0) || frame.offset == frame.size;
    if at_edge { Lookup::Either } else { Lookup::Before }
}

/// Whether a function is where exceptions and interrupts of kernel mode come in, on architectures that print what was
/// interrupted as the next frame of the trace: x86 and powerpc print its registers instead.
fn is_entry(frame: &Frame, arch: Option<Arch>) -> bool {
    let Some(name) = frame.function.as_deref() else { return false };
    match arch {
        // arch/arm64/kernel/entry.S: `el1h_64_irq` since 5.15 ("arm64: entry: consolidate entry asm"), `el1_irq` before.
        Some(Arch::Arm64) => {
            ["el1h_64_", "el1t_64_"].iter().any(|beginning| name.strip_prefix(beginning).is_some_and(is_vector))
                || name.strip_prefix("el1_").is_some_and(is_vector)
        }
        // arch/arm/kernel/entry-armv.S.
        Some(Arch::Arm) => matches!(name, "__dabt_svc" | "__irq_svc" | "__und_svc" | "__pabt_svc" | "__fiq_svc"),
        // arch/riscv/kernel/entry.S; `ret_from_exception` until 6.6.
        Some(Arch::Riscv) => matches!(name, "handle_exception" | "ret_from_exception"),
        // arch/s390/kernel/entry.S.
        Some(Arch::S390x) => {
            matches!(name, "pgm_check_handler" | "io_int_handler" | "ext_int_handler" | "mcck_int_handler")
        }
        _ => false,
    }
}

fn is_vector(rest: &str) -> bool {
    matches!(rest, "sync" | "irq" | "fiq" | "error" | "dbg")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, offset: u64, size: u64, role: FrameRole) -> Frame {
        let (function, offset, size) = (Some(function.to_owned()), Some(offset), Some(size));
        Frame { function, offset, size, role, reliable: true, ..Frame::default() }
    }

    #[test]
    fn what_was_interrupted_is_exact() {
        let returns = frame("f", 4, 8, FrameRole::Return);
        let check = |inner: &str, arch| lookup(&returns, Some(&frame(inner, 1, 2, FrameRole::Return)), Some(arch));
        assert_eq!(check("el1h_64_irq", Arch::Arm64), Lookup::Exact);
        assert_eq!(check("el1_sync", Arch::Arm64), Lookup::Exact);
        assert_eq!(check("el1h_64_irq_handler", Arch::Arm64), Lookup::Before);
        assert_eq!(check("__irq_svc", Arch::Arm), Lookup::Exact);
        assert_eq!(check("el1h_64_irq", Arch::X86_64), Lookup::Before);
        assert_eq!(lookup(&returns, None, None), Lookup::Before);
        assert_eq!(lookup(&frame("f", 0, 8, FrameRole::Pc), None, None), Lookup::Exact);
        assert_eq!(lookup(&frame("__pfx_f", 16, 16, FrameRole::Return), None, None), Lookup::Either);
    }
}
