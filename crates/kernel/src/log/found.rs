//! What a reader of the log found, and what it lost. Must never count a loss without its reason.

use super::lockless::What;
use crate::error::MemoryError;
use oopscope_report::vmcore::{LogRecord, Unread};
use std::collections::BTreeMap;

/// Records, the oldest first, and what of the ring could not be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The records.
    pub records: Vec<LogRecord>,
    /// What concerns the ring.
    pub losses: Vec<Loss>,
    /// What concerns single records: how many for each reason, with the first of them.
    records_lost: BTreeMap<&'static str, (u64, What)>,
}

/// Why the ring, or a part of it, could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// The ring's own structure.
    #[error("{what} could not be read: {error}")]
    Head {
        /// Which member.
        what: &'static str,
        /// Why.
        error: MemoryError,
    },
    /// A size that none has.
    #[error("{what} is {value}, which cannot be: the ring was overwritten, or VMCOREINFO is of another kernel")]
    Size {
        /// Which.
        what: &'static str,
        /// Its value.
        value: u64,
    },
    /// The oldest and the newest record are further apart than the ring is long.
    #[error(
        "the newest record's number is {head:#x}, the oldest's {tail:#x}, and the ring has room for {count}: all of it was read"
    )]
    Ids {
        /// The newest.
        head: u64,
        /// The oldest.
        tail: u64,
        /// The ring's length.
        count: u64,
    },
    /// An index of the old ring that lies outside of it.
    #[error("the record at byte {at} of the ring ({size} bytes) says that it is {length} bytes long")]
    Record {
        /// Where.
        at: u64,
        /// The ring's size.
        size: u64,
        /// The record's length.
        length: u64,
    },
    /// Too much was lost, or there was too much.
    #[error("given up with {left} records to go: the ring cannot be as long as it says")]
    TooMuch {
        /// How many.
        left: u64,
    },
}

impl Found {
    /// Counts a record that is not there.
    pub(crate) fn lose(&mut self, what: What) {
        self.records_lost.entry(words(what)).or_insert((0, what)).0 += 1;
    }

    /// How many records were lost one by one.
    pub fn lost(&self) -> u64 {
        self.records_lost.values().map(|(count, _)| count).sum()
    }

    /// The losses, for people.
    pub fn unread(&self) -> Vec<Unread> {
        let ring = self.losses.iter().map(|loss| Unread { what: "the kernel's log".to_owned(), why: loss.to_string() });
        let records = self.records_lost.iter().map(|(words, (count, first))| Unread {
            what: format!("{count} record{} of the kernel's log", if *count == 1 { "" } else { "s" }),
            why: match first {
                What::Memory(error) => format!("{words}: {error}"),
                _ => (*words).to_owned(),
            },
        });
        ring.chain(records).collect()
    }
}

const fn words(what: What) -> &'static str {
    match what {
        What::Memory(_) => "memory that the dump does not have",
        What::Reserved => "being written at the moment of the crash",
        What::NoRoom => "the ring had no room for the text",
        What::Block => "the place of the text lies outside of the ring",
        What::Overwritten => "another record lies where the text should be",
        What::Layout => "VMCOREINFO's sizes and offsets of the ring do not fit together",
    }
}
