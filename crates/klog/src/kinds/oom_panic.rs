//! **Out of memory, and the kernel stops.** Memory ran out, and instead of killing a process the kernel panicked: because
//! vm.panic_on_oom is set, or because nothing was left that could be killed (“deadlocked on memory”): the memory is held
//! by the kernel itself, by init, or by files in a tmpfs that no process owns.
//!
//! Look at the report of the OOM killer just before it, if the log has it: Mem-Info says where the memory went
//! (slab_unreclaimable, shmem, pages that a driver holds), the table of tasks who was large. During boot: the machine,
//! or the guest, has too little memory for its kernel and initrd. The trace only shows who asked last.
//!
//! `Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled`, `System is deadlocked on memory`
//! (mm/oom_kill.c).

use super::{Rule, panic};
use crate::about;
use crate::grammar::marks;

pub(crate) static RULE: Rule = Rule {
    name: "oom-panic",
    about: about::OOM_PANIC,
    begins: |text| {
        marks::panic_reason(text).is_some_and(|reason| {
            ["Out of memory", "out of memory", "System is deadlocked on memory"]
                .iter()
                .any(|start| reason.starts_with(start))
        })
    },
    ..panic::BASE
};
