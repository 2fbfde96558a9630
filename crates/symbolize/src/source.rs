//! The source view: lines around a place, out of a folder of source that was given.
//!
//! Must never say that the lines are those that were compiled: nothing in a source file tells.

/// Lines of a source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The file, as it was given.
    pub path: String,
    /// Number of the first of `lines`, from 1.
    pub first: u32,
    /// The lines, without their ends; what is no UTF-8 is replaced.
    pub lines: Vec<String>,
    /// What must be known about them: that they could not be verified, that several files would fit.
    pub note: Option<String>,
}
