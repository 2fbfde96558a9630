//! **A crash that somebody asked for.** A `c` was written to /proc/sysrq-trigger, or the SysRq key was used: mostly to make a
//! crash dump, or to test whether one is made. Nothing is wrong with the kernel. If the machine hung before, the interesting
//! part is what the log says before this, and what the dump shows of the tasks.
//!
//! `sysrq: Trigger a crash`, then `Kernel panic - not syncing: sysrq triggered crash` (drivers/tty/sysrq.c
//! `sysrq_handle_crash`).

use super::{Rule, panic};
use crate::about;
use crate::culprit;
use crate::grammar::marks;

pub(crate) static RULE: Rule = Rule {
    name: "sysrq-crash",
    about: about::SYSRQ_CRASH,
    begins: |text| marks::panic_reason(text).is_some_and(|reason| reason.starts_with("sysrq triggered crash")),
    blame: |_| &culprit::TRACE,
    ..panic::BASE
};
