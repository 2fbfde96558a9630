//! Stacks. Must never say of a frame more than how it was found.

use crate::Kernel;
use oopscope_report::vmcore::{Backtrace, Cpu};

/// The stack of a task.
pub fn task_backtrace(_kernel: &Kernel, _task: u64) -> Backtrace {
    Backtrace { ends: "stacks are not read yet".to_owned(), ..Backtrace::default() }
}

/// A CPU with what it was doing.
pub fn cpu(_kernel: &Kernel, cpu: u32) -> Cpu {
    Cpu { number: cpu, ..Cpu::default() }
}

/// All CPUs.
pub fn cpus(kernel: &Kernel) -> Vec<Cpu> {
    kernel.cpus_possible().unwrap_or_default().into_iter().map(|number| cpu(kernel, number)).collect()
}

/// The CPU that panicked, and how it was found.
pub fn panic_cpu(_kernel: &Kernel) -> Option<(u32, &'static str)> {
    None
}
