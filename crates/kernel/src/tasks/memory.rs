//! The memory of processes: resident pages and mapped ones, read once for all threads that share them. Must never count a
//! page twice, nor show a number below zero that a counter passes through.

use super::TASK;
use crate::fields::{Field, Span, number, words};
use crate::{Kernel, MemoryError};
use std::collections::BTreeMap;

const MM: &str = "struct mm_struct";

/// A process's memory, in pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Space {
    pub(super) rss: Option<u64>,
    pub(super) total: Option<u64>,
}

/// One counter of resident pages: its value, and from 6.2 on what the CPUs hold of it.
#[derive(Clone, Copy, Debug)]
struct Counter {
    count: Field,
    per_cpu: Option<Field>,
}

/// The memory of all processes, by their `mm_struct`.
pub(super) struct Spaces<'k> {
    kernel: &'k Kernel,
    span: Span,
    counters: Vec<Counter>,
    total: Option<Field>,
    /// Per-CPU offsets.
    cpus: Vec<u64>,
    split: BTreeMap<u64, u64>,
    known: BTreeMap<u64, Result<Space, MemoryError>>,
}

/// Indices of the counters that are resident pages: of files, anonymous, and shared memory's since 4.5 (commit "mm, shmem:
/// add internal shmem resident memory accounting"). Those between are entries in swap.
fn resident(kernel: &Kernel) -> Vec<u64> {
    let names = [("MM_FILEPAGES", Some(0)), ("MM_ANONPAGES", Some(1)), ("MM_SHMEMPAGES", None)];
    let index = |(name, known): (&str, Option<u64>)| {
        kernel.constant(name).and_then(|value| u64::try_from(value).ok()).or(known)
    };
    names.into_iter().filter_map(index).filter(|index| *index < 64).collect()
}

/// What a thread had counted for itself and not yet added to its process's counters: before 6.2 (commit "mm: convert mm's
/// rss stats into percpu_counter"), with `SPLIT_RSS_COUNTING`.
pub(super) fn split_rss(kernel: &Kernel) -> [Option<Field>; 3] {
    let mut fields =
        resident(kernel).into_iter().map(|index| Field::of(kernel, TASK, &format!("rss_stat.count[{index}]")));
    [(); 3].map(|()| fields.next().flatten())
}

/// A number of 4 or 8 bytes with its sign.
pub(super) fn signed(number: u64, field: Field) -> i64 {
    match field.size {
        4 => i64::from(u32::try_from(number & 0xffff_ffff).unwrap_or_default().cast_signed()),
        _ => number.cast_signed(),
    }
}

impl<'k> Spaces<'k> {
    pub(super) fn new(kernel: &'k Kernel) -> Self {
        let counter = |index: u64| {
            // 6.2: struct percpu_counter rss_stat[]; before: struct mm_rss_stat rss_stat, with atomic_long_t count[].
            let per_cpu = Field::of(kernel, MM, &format!("rss_stat[{index}].counters"));
            let now = Field::of(kernel, MM, &format!("rss_stat[{index}].count"));
            let count = now.or_else(|| Field::of(kernel, MM, &format!("rss_stat.count[{index}]")))?;
            Some(Counter { count, per_cpu })
        };
        let counters: Vec<_> = resident(kernel).into_iter().filter_map(counter).collect();
        let total = Field::of(kernel, MM, "total_vm");
        let fields = counters.iter().flat_map(|counter| [Some(counter.count), counter.per_cpu]);
        let span = Span::over(words(kernel), fields.chain([total]));
        let cpus = super::cpus(kernel).unwrap_or_default();
        let cpus = cpus.into_iter().filter_map(|cpu| kernel.per_cpu_offset(cpu).ok()).collect();
        Self { kernel, span, counters, total, cpus, split: BTreeMap::new(), known: BTreeMap::new() }
    }

    /// Adds what a thread of the process had counted for itself.
    pub(super) fn add_split(&mut self, mm: u64, pages: u64) {
        if pages != 0 {
            let sum = self.split.entry(mm).or_insert(0);
            *sum = sum.wrapping_add(pages);
        }
    }

    /// The memory of the process whose `mm_struct` lies at `mm`.
    pub(super) fn of(&mut self, mm: u64) -> Result<Space, MemoryError> {
        if let Some(known) = self.known.get(&mm) {
            return *known;
        }
        let space = self.read(mm);
        self.known.insert(mm, space);
        space
    }

    fn read(&self, mm: u64) -> Result<Space, MemoryError> {
        let piece = self.span.read(self.kernel, mm);
        let total = self.total.map(|total| piece.number(total)).transpose()?;
        let split = self.split.get(&mm).copied().unwrap_or(0).cast_signed();
        let mut rss = 0_u64;
        for (index, counter) in self.counters.iter().enumerate() {
            let mut sum = signed(piece.number(counter.count)?, counter.count);
            if let Some(per_cpu) = counter.per_cpu {
                // A CPU that has gone has added its part (`percpu_counter_cpu_dead`); one that panic() stopped has not.
                let pointer = piece.number(per_cpu)?;
                for offset in self.cpus.iter().filter(|_| pointer != 0) {
                    let part = number(self.kernel, pointer.wrapping_add(*offset), 4)?;
                    sum = sum.wrapping_add(signed(part, Field { offset: 0, size: 4 }));
                }
            }
            // Threads' own counts are not told apart by kind; the sum is what counts.
            if index == 0 {
                sum = sum.wrapping_add(split);
            }
            rss = rss.wrapping_add(sum.cast_unsigned());
        }
        let rss = u64::try_from(rss.cast_signed()).unwrap_or(0);
        Ok(Space { rss: (!self.counters.is_empty()).then_some(rss), total })
    }
}
