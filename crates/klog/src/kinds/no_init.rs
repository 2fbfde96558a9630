//! **No init could be started.** The root file system is mounted, but the program that should be process 1 is not there,
//! is not executable, or can't run: another architecture, a missing loader or library (which `not found` means, too), a
//! script without its interpreter. Nothing is wrong with the kernel.
//!
//! The lines above say what was tried and the error: -2 is not found, -8 not a program that this kernel can run (the
//! wrong architecture), -13 not allowed. Is it the right root file system, and is it complete? init=/bin/sh tells.
//!
//! `Kernel panic - not syncing: No working init found.  Try passing init= option to kernel.`, `Requested init /x failed
//! (error -2).` (init/main.c `kernel_init`).

use super::{Rule, panic};
use crate::about;
use crate::explain::next;
use crate::grammar::marks;

pub(crate) static RULE: Rule = Rule {
    name: "no-init",
    about: about::NO_INIT,
    begins: |text| {
        marks::panic_reason(text).is_some_and(|reason| {
            ["No working init found", "No init found", "Requested init "].iter().any(|start| reason.starts_with(start))
        })
    },
    next: |_| {
        vec![next::advice(
            "Compare init= of the kernel's command line with what the root file system holds; a shell in its place shows it.",
            "init=/bin/sh",
        )]
    },
    ..panic::BASE
};
