//! **init died.** Process 1 ended, and a system can't go on without it. The exit code says how: 0x00000100 and the like, it
//! exited by itself with that status in the second byte (a script given as init=, a container's entry point, a broken
//! initrd); 0x0000000b, it was killed by a segmentation fault (wrong libraries or architecture, bad memory);
//! 0x00000009, it was killed; 0x00000007, a bus error (the disk can't be read).
//!
//! Where an Oops of init stands before it in the log, that is the bug, and this panic is its end. Otherwise this is about
//! user space, not about the kernel: the panic's own trace shows only how a process exits.
//!
//! `Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b` (kernel/exit.c `do_exit`).

use super::{Rule, panic};
use crate::about;
use crate::grammar::marks;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "init-killed",
    about: about::INIT_KILLED,
    begins: |text| marks::panic_reason(text).is_some_and(|reason| reason.starts_with("Attempted to kill init!")),
    titles: |_| Titles::plain("kernel panic: Attempted to kill init!"),
    ..panic::BASE
};
