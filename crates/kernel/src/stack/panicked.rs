//! Which CPU panicked. Must never call one so that only stopped because another did.

use crate::Kernel;
use crate::stack::states;
use oopscope_report::vmcore::Frame;

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

/// Whether a frame is of a function that only the CPU is in that brings the kernel down.
pub(super) fn is_fatal(frame: &Frame) -> bool {
    frame.function.as_deref().is_some_and(|name| FATAL.contains(&name))
}

/// The CPU that panicked, and how it was found.
pub fn panic_cpu(kernel: &Kernel) -> Option<(u32, &'static str)> {
    if let Some(told) = told(kernel) {
        return Some(told);
    }
    let in_panic = |state: &&super::cpus::CpuState| super::running(kernel, state).is_fatal(kernel);
    if let Some(state) = states(kernel).iter().find(in_panic) {
        return Some((state.number, "the CPU whose stack goes through panic()"));
    }
    number(kernel, "die_owner").map(|cpu| (cpu, "die_owner"))
}

/// The CPU that the kernel itself has noted.
///
/// `panic_cpu` is set by the first CPU to enter panic() or crash_kexec() (4.5, "panic, x86: Fix re-entrance problem due
/// to panic on NMI"), `crashing_cpu` by x86's crash shutdown, `die_owner` by the CPU whose Oops is being printed; all
/// are -1 before.
pub(super) fn told(kernel: &Kernel) -> Option<(u32, &'static str)> {
    ["panic_cpu", "crashing_cpu"].into_iter().find_map(|symbol| Some((number(kernel, symbol)?, symbol)))
}

fn number(kernel: &Kernel, symbol: &str) -> Option<u32> {
    let value = kernel.u32(kernel.symbol(symbol)?).ok()?;
    kernel.cpus_possible().is_ok_and(|cpus| cpus.contains(&value)).then_some(value)
}
