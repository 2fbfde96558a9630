//! **The machine rebooted without a word.** In the middle of the log a boot loader hands over to a new kernel, and the old
//! kernel had said nothing of why: no panic, no shutdown. A triple fault, a hardware or firmware watchdog, a power cut, a
//! hypervisor that reset the machine. Nothing in the log can say which; serial console output may have been lost at the
//! end.
//!
//! `Booting the kernel.` on the console (x86's decompressor) after messages of a kernel that ran.

use super::Rule;
use crate::about;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "reboot",
    about: about::REBOOT,
    headers: &["Booting the kernel."],
    begins: |text| text.starts_with("Booting the kernel."),
    titles: |_| Titles::plain("unexpected kernel reboot"),
    one_line: true,
    needs_trace: false,
    went_on: "",
    ..Rule::BASE
};
