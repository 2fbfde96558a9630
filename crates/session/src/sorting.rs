//! Which of the files that were given are symbols, and which are to be read as a log.
//!
//! Cut into steps: a tree of the kernel's source has ninety thousand files. Must never read a log.

use crate::input::Input;
use crate::notes;
use crate::symbols::SymbolFiles;
use oopscope_protocol::SymbolProgress;
use std::collections::{BTreeSet, VecDeque};

/// Files of one step: of those that were given by themselves the beginning is read.
const FILES: usize = 256;

/// Files of a folder with symbols that are read as a log.
const LOGS: usize = 64;

/// Names that are remembered.
const NAMES: usize = 1000;

/// A sorting under way.
pub(crate) struct Sorting {
    /// Number of the request.
    pub(crate) id: u64,
    /// What is to be done afterwards.
    pub(crate) then: Then,
    waiting: VecDeque<Input>,
    others: Vec<Input>,
    total: usize,
    /// How many were symbols.
    pub(crate) taken: usize,
    /// Names of those that were given by themselves.
    names: BTreeSet<String>,
}

/// What is to be done with sorted files.
pub(crate) enum Then {
    /// Open the others as a log.
    Open { name: Option<String> },
    /// Look this report up.
    LookUp { report: Option<u32> },
}

impl Sorting {
    pub(crate) fn new(id: u64, then: Then, inputs: Vec<Input>) -> Self {
        Self {
            id,
            then,
            total: inputs.len(),
            waiting: inputs.into(),
            others: Vec::new(),
            taken: 0,
            names: BTreeSet::new(),
        }
    }

    /// Sorts the next ones; how far it is where there are more.
    pub(crate) fn step(&mut self, symbols: &mut SymbolFiles) -> Option<SymbolProgress> {
        let next: Vec<Input> = self.waiting.drain(..self.waiting.len().min(FILES)).collect();
        let given = next.len();
        if self.names.len() < NAMES {
            self.names.extend(next.iter().filter(|input| !input.name.contains('/')).map(|input| input.name.clone()));
        }
        let others = symbols.add(next);
        self.taken += given.saturating_sub(others.len());
        self.others.extend(others);
        if self.waiting.is_empty() {
            return None;
        }
        let done = (self.total - self.waiting.len()) as u64;
        Some(SymbolProgress { stage: "looking at the files".to_owned(), done, total: self.total as u64 })
    }

    /// Drops what will be neither symbols nor a log, and says so.
    ///
    /// Beside symbols, the other files of a folder are no logs where a log was given by itself, nor where they are many: a
    /// tree of source has thousands of texts.
    pub(crate) fn leave_alone(&mut self, symbols: &mut SymbolFiles) {
        let of_folder = |input: &Input| input.name.contains('/');
        let count = self.others.len();
        let folder = self.others.iter().filter(|other| of_folder(other)).count();
        match self.then {
            Then::LookUp { .. } => {
                for other in self.others.extract_if(.., |other| !of_folder(other)) {
                    symbols.note(notes::no_symbols(&other.name));
                }
                self.others.clear();
            }
            Then::Open { .. } if self.taken > 0 && (folder < count || folder > LOGS) => {
                self.others.retain(|other| !of_folder(other));
            }
            Then::Open { .. } => return,
        }
        if folder > 0 {
            symbols.note(notes::left_alone(folder));
        }
    }

    /// Whether this is a file of these, given by itself.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// How many files there are.
    pub(crate) const fn count(&self) -> usize {
        self.total
    }

    /// What is to be done, and those that are no symbols.
    pub(crate) fn end(self) -> (Then, Vec<Input>) {
        (self.then, self.others)
    }
}
