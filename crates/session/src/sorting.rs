//! Which of the files that were given are symbols, and which are to be read as a log.
//!
//! Cut into steps: a tree of the kernel's source has ninety thousand files. Must never read a log.

use crate::input::Input;
use crate::symbols::SymbolFiles;
use oopscope_protocol::SymbolProgress;
use std::collections::VecDeque;

/// Files of one step: of those that were given by themselves the beginning is read.
const FILES: usize = 256;

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
        Self { id, then, total: inputs.len(), waiting: inputs.into(), others: Vec::new(), taken: 0 }
    }

    /// Sorts the next ones; how far it is where there are more.
    pub(crate) fn step(&mut self, symbols: &mut SymbolFiles) -> Option<SymbolProgress> {
        let next: Vec<Input> = self.waiting.drain(..self.waiting.len().min(FILES)).collect();
        let given = next.len();
        let others = symbols.add(next);
        self.taken += given.saturating_sub(others.len());
        self.others.extend(others);
        if self.waiting.is_empty() {
            return None;
        }
        let done = (self.total - self.waiting.len()) as u64;
        Some(SymbolProgress { stage: "looking at the files".to_owned(), done, total: self.total as u64 })
    }

    /// How many files there are.
    pub(crate) const fn count(&self) -> usize {
        self.total
    }

    /// What is to be done, how many files were symbols, and those that are none.
    pub(crate) fn end(self) -> (Then, usize, Vec<Input>) {
        (self.then, self.taken, self.others)
    }
}
