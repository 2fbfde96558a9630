//! **Two things of one name in sysfs.** A driver registered a device, a module or a directory under a name that already
//! exists in the same place. The second registration fails with EEXIST, and so mostly does the driver's probe. Nothing
//! is corrupted by that; but drivers that do not expect the failure crash soon after it, so look at what follows.
//!
//! Typical: the same device is registered twice, the old one was not removed yet (a reference is still held), or two
//! drivers chose the same name. The caller that is not the driver core's is the one to look at.
//!
//! `sysfs: cannot create duplicate filename '/bus/…/x'` (fs/sysfs/dir.c `sysfs_warn_dup`), then a trace.

use super::Rule;
use crate::about;
use crate::culprit::Blame;
use crate::title::Titles;
use oopscope_report::Prose;

const WORDS: &str = "cannot create duplicate filename '";

pub(crate) static RULE: Rule = Rule {
    name: "sysfs-duplicate",
    about: about::SYSFS_DUPLICATE,
    headers: &[WORDS],
    begins: |text| text.trim_start().strip_prefix("sysfs: ").is_some_and(|rest| rest.starts_with(WORDS)),
    yields: true,
    detail: |text| text.split_once(WORDS).map(|(_, name)| ("name", name.trim_end().trim_end_matches('\'').to_owned())),
    blame: |_| &CALLER,
    titles: |facts| Titles::blaming(facts, "sysfs: cannot create duplicate filename in {}", &[]),
    lead: |facts| {
        let name = facts.header.split_once(WORDS).map_or("", |(_, name)| name.trim_end().trim_end_matches('\''));
        Prose::default()
            .text("A name that exists already, ")
            .code(name.to_owned(), Some(facts.header_line))
            .text(", was registered in sysfs once more,")
    },
    ..Rule::BASE
};

/// Whoever called the driver core.
static CALLER: Blame = Blame::of_trace(&[
    "sysfs_",
    "^device_",
    "^bus_",
    "^driver_",
    "^class_",
    "create_dir",
    "^internal_create_group",
    "^cdev_",
]);
