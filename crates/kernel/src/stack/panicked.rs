//! Which CPU panicked. Must never call one so that only stopped because another did.

use crate::Kernel;
use crate::stack::states;

/// Functions in which a CPU is that brings the kernel down, and never one that it stops.
const FATAL: [&str; 9] = [
    "panic",
    "vpanic",
    "nmi_panic",
    "__crash_kexec",
    "crash_kexec",
    "machine_kexec",
    "oops_end",
    "sysrq_handle_crash",
    "die",
];

/// The CPU that panicked, and how it was found.
///
/// `panic_cpu` is set by the first CPU to enter panic() or crash_kexec() (4.5, "panic, x86: Fix re-entrance problem due to panic
/// on NMI"), `crashing_cpu` by x86's crash shutdown, `die_owner` by the CPU whose Oops is being printed; all are -1 before.
pub fn panic_cpu(kernel: &Kernel) -> Option<(u32, &'static str)> {
    let number = |symbol: &str| {
        let value = kernel.u32(kernel.symbol(symbol)?).ok()?;
        kernel.cpus_possible().is_ok_and(|cpus| cpus.contains(&value)).then_some(value)
    };
    if let Some(cpu) = number("panic_cpu") {
        return Some((cpu, "panic_cpu"));
    }
    if let Some(cpu) = number("crashing_cpu") {
        return Some((cpu, "crashing_cpu"));
    }
    let in_panic = states(kernel).iter().find(|state| {
        super::running(kernel, state)
            .frames
            .iter()
            .any(|frame| frame.function.as_deref().is_some_and(|name| FATAL.contains(&name)))
    });
    if let Some(state) = in_panic {
        return Some((state.number, "the CPU whose stack goes through panic()"));
    }
    number("die_owner").map(|cpu| (cpu, "die_owner"))
}
