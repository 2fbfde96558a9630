//! A log's own lines with what symbolization found put into them.
//!
//! Must never change or drop a byte of the line: words are put in, in the forms that the log parser reads back.

use oopscope_report::Frame;

/// A line with its source in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotated {
    /// Lines to be put before it, without line ends: the inlined functions, innermost first, with the line's own prefix.
    pub before: Vec<Vec<u8>>,
    /// The line itself, with its own end where it came with one.
    pub line: Vec<u8>,
}

/// Puts what symbolization found into one line of the log: ` f+0x1/0x2 [mod]` becomes ` f+0x1/0x2 [mod] fs/x.c:12`, after a
/// line ` g fs/x.h:3 [inline]` for each function that was inlined there.
///
/// `line` is the line's bytes, with or without its end; `frames` are those of the symbolized report with that number as
/// [`Frame::line`], in their order (inlined ones before the one that they are in). None where there is nothing to add.
pub fn annotate(line: &[u8], frames: &[&Frame]) -> Option<Annotated> {
    let _ = (line, frames);
    None
}
