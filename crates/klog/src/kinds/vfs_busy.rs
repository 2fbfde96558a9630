//! **The file system layer lost count.** “Busy inodes after unmount”: the file system is gone and some of its inodes are
//! still referenced; whoever holds them will use freed memory. “Close: file count is 0”: a file was closed once more than
//! it was opened. Both are use-after-free bugs in waiting; the message itself names neither file nor culprit.
//!
//! `VFS: Busy inodes after unmount of sda1. Self-destruct in 5 seconds.` (fs/super.c), `VFS: Close: file count is 0`
//! (fs/open.c).

use super::Rule;
use crate::about;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "vfs-busy",
    about: about::VFS_BUSY,
    headers: &["VFS: Busy inodes after unmount", "VFS: Close: file count is 0"],
    begins: |text| text.contains("VFS: Busy inodes after unmount") || text.contains("VFS: Close: file count is 0"),
    titles: |facts| {
        Titles::plain(if facts.header.contains("VFS: Close") {
            "VFS: Close: file count is zero (use-after-free)"
        } else {
            "VFS: Busy inodes after unmount (use-after-free)"
        })
    },
    // CONFIG_BUG_ON_DATA_CORRUPTION makes a BUG of it, since 6.4.
    absorbs: |text| text.contains("kernel BUG at fs/super.c"),
    dies: true,
    needs_trace: false,
    went_on: "",
    ..Rule::BASE
};
