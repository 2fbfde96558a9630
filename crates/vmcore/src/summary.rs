//! The summary as text: crash's banner and the panicking task's stack, with what could not be read. Must never say what is not
//! in the document.

use crate::Found;
use oopscope_commands::text;
use std::fmt::Write as _;

impl Found {
    /// What `oopscope core VMCORE` prints.
    pub fn summary(&self) -> String {
        let mut out = text::dump(self.facts());
        out += &text::system(self.system(), self.panic());
        if let Some(panic) = self.panic() {
            out.push('\n');
            out += &text::panic_backtrace(panic);
        }
        if !self.unread().is_empty() {
            out += "\nNot read:\n";
            for unread in self.unread() {
                // Writing to a String does not fail.
                let _ = writeln!(out, "  {}: {}", unread.what, unread.why);
            }
        }
        out
    }
}
