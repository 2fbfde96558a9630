//! **A directory entry is still in use at unmount.** The file system is going away and an entry of its tree still has
//! references: somebody took one and never put it. Its inode will be used after it is freed. The trace is that of the
//! unmount, which is innocent; the culprit is whoever leaked the reference, most often in that file system.
//!
//! Headline: `BUG: Dentry 00000000a1b2c3d4{i=1,n=x}  still in use (1) [unmount of ext4 sda1]` (fs/dcache.c `umount_check`).

use super::Rule;
use crate::about;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "busy-dentry",
    about: about::BUSY_DENTRY,
    headers: &["BUG: Dentry "],
    begins: |text| text.split_once("BUG: Dentry ").is_some_and(|(_, rest)| rest.contains(" still in use")),
    // The check that prints it warns besides, once a boot.
    absorbs: |text| text.contains("WARNING: ") && text.contains(" fs/dcache.c:"),
    titles: |facts| match file_system(&facts.header) {
        Some(file_system) => Titles {
            alts: vec![format!("BUG: Dentry still in use [unmount of {file_system}]")],
            ..Titles::plain("BUG: Dentry still in use in unmount")
        },
        None => Titles::of_header(facts, "BUG:", "the headline is cut off"),
    },
    went_on: "",
    ..Rule::BASE
};

fn file_system(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("[unmount of ")?;
    Some(rest.split_once(']')?.0)
}
