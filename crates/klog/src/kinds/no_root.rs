//! **The root file system could not be mounted.** The kernel has nothing to start. Nothing is wrong with its code: it was
//! told to use a device that is not there (yet), or it has no driver for the disk or for the file system.
//!
//! `unknown-block(0,0)`: the device's name was not understood, or no driver has found the disk: a missing initrd, a driver
//! that is a module and not in the initrd, a wrong root= or UUID. Other numbers: the disk was found (8,1 is sda1) and its
//! file system not understood. The list of partitions above it shows what the kernel sees; rootwait helps slow disks.
//!
//! `Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)`, since 6.7 with the name before it:
//! `on "/dev/sda1" or unknown-block(8,1)` (init/do_mounts.c `mount_root_generic`).

use super::{Rule, panic};
use crate::about;
use crate::explain::next;
use crate::grammar::marks;

pub(crate) static RULE: Rule = Rule {
    name: "no-root",
    about: about::NO_ROOT,
    begins: |text| marks::panic_reason(text).is_some_and(|reason| reason.starts_with("VFS: Unable to mount root fs")),
    next: |_| {
        vec![next::advice(
            "Compare root= of the kernel's command line with the disks that the log lists; wait for slow ones, or rebuild the initrd.",
            "rootwait",
        )]
    },
    ..panic::BASE
};
