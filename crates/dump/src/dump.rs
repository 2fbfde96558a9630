//! An opened dump. Must never know more of a container than its `Body` tells.

use crate::{Counters, Layout, Notes, OpenError, PageError, PageState, Part, Progress, Segment, Uts};
use oopscope_report::vmcore::DumpFacts;
use std::ops::Range;

/// An opened dump.
#[derive(Debug)]
pub struct Dump {
    facts: DumpFacts,
    layout: Layout,
    notes: Notes,
    segments: Vec<Segment>,
    phys_base: Option<u64>,
    uts: Option<Uts>,
}

impl Dump {
    /// Opens a dump from the file or files it consists of. `tick` is called while it takes time; when it returns false,
    /// the opening ends with [`OpenError::Cancelled`].
    pub fn open(parts: Vec<Part>, tick: &mut dyn FnMut(Progress) -> bool) -> Result<Self, OpenError> {
        if !tick(Progress { stage: "headers", done: 0, total: 0 }) {
            return Err(OpenError::Cancelled);
        }
        drop(parts);
        Err(OpenError::Nothing)
    }

    /// What the dump is, as a file.
    pub fn facts(&self) -> &DumpFacts {
        &self.facts
    }

    /// Widths, byte order and machine.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Size of a page in the container, in bytes.
    pub fn page_size(&self) -> u64 {
        self.facts.page_size
    }

    /// The notes.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Program headers of an ELF core; empty for others.
    pub fn load_segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Where the kernel was loaded, as a kdump's sub-header tells.
    pub fn phys_base(&self) -> Option<u64> {
        self.phys_base
    }

    /// What a kdump's header says of the machine.
    pub fn uts(&self) -> Option<&Uts> {
        self.uts.as_ref()
    }

    /// Fills `buf` with physical memory: all of it, or the error of the first page that has none.
    pub fn read(&self, physical: u64, buf: &mut [u8]) -> Result<(), PageError> {
        if buf.is_empty() { Ok(()) } else { Err(PageError::NotRam { physical }) }
    }

    /// What the dump has of the page at an address, without unpacking it where that can be told.
    pub fn page(&self, _physical: u64) -> PageState {
        PageState::NotRam
    }

    /// RAM of which the dump may hold pages, ascending and merged; of very many the smallest gaps are closed.
    pub fn ranges(&self) -> Vec<Range<u64>> {
        Vec::new()
    }

    /// The next run of pages that are in the dump, at or after an address.
    pub fn present(&self, _from: u64) -> Option<Range<u64>> {
        None
    }

    /// What reading has cost so far.
    pub fn cost(&self) -> Counters {
        Counters::default()
    }

    /// Bytes that unpacked pages may take in memory; 64 MiB unless told otherwise.
    pub fn set_budget(&self, _bytes: u64) {}
}
