//! Physical memory that lies in files as it is: ELF cores, LiME, raw images. Must never know which of them.

use crate::bytes::index;
use crate::file::{File, FileError};
use crate::intervals::{self, Interval};
use crate::{Loss, PageError, PageState};
use std::ops::Range;

/// A stretch of physical memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// First address.
    pub(crate) start: u64,
    /// Address after the last.
    pub(crate) end: u64,
    /// Where its bytes are; `None` for memory that has none and reads as zeros.
    pub(crate) bytes: Option<Place>,
}

/// A position in one of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Index of the file.
    pub(crate) file: u32,
    /// Position.
    pub(crate) offset: u64,
}

impl Interval for Extent {
    fn start(&self) -> u64 {
        self.start
    }

    fn end(&self) -> u64 {
        self.end
    }

    fn part(&self, from: u64, to: u64, out: &mut Vec<Self>) {
        let bytes = self.bytes.map(|place| Place { offset: place.offset.saturating_add(from - self.start), ..place });
        out.push(Self { start: from, end: to, bytes });
    }
}

/// Physical memory as extents, ascending, none overlapping another.
#[derive(Debug, Default)]
pub(crate) struct Mapped {
    extents: Vec<Extent>,
}

impl Mapped {
    /// Of extents that overlap, those with bytes come before those without, and then the first.
    pub(crate) fn new(extents: Vec<Extent>) -> Self {
        let (full, empty): (Vec<_>, Vec<_>) = extents.into_iter().partition(|extent| extent.bytes.is_some());
        Self { extents: intervals::disjoint(full.into_iter().chain(empty)) }
    }

    /// True when there is no memory.
    pub(crate) fn is_empty(&self) -> bool {
        self.extents.is_empty()
    }

    pub(crate) fn read(&self, files: &[File], mut at: u64, mut buf: &mut [u8]) -> Result<(), PageError> {
        let Ok(mut found) = intervals::find(&self.extents, at) else {
            return if buf.is_empty() { Ok(()) } else { Err(PageError::NotRam { physical: at }) };
        };
        while !buf.is_empty() {
            let extent = self.extents.get(found).filter(|extent| extent.start <= at);
            let extent = extent.ok_or(PageError::NotRam { physical: at })?;
            let n = index(extent.end - at).min(buf.len());
            let (now, rest) = buf.split_at_mut(n);
            match extent.bytes {
                None => now.fill(0),
                Some(place) => {
                    let file = files.get(place.file as usize).ok_or(PageError::NotRam { physical: at })?;
                    let offset = place.offset.saturating_add(at - extent.start);
                    let done = file.read_some(offset, now).map_err(|error| page_error(error, at))?;
                    if done < n {
                        return Err(PageError::Lost { physical: at + done as u64, why: Loss::CutOff });
                    }
                }
            }
            buf = rest;
            at = at.wrapping_add(n as u64);
            found += 1;
        }
        Ok(())
    }

    /// The state of the page that begins at an address, the best of what its bytes have.
    pub(crate) fn page(&self, files: &[File], start: u64, size: u64) -> PageState {
        let end = start.saturating_add(size);
        let (Ok(first) | Err(first)) = intervals::find(&self.extents, start);
        let mut state = PageState::NotRam;
        for extent in self.extents[first..].iter().take_while(|extent| extent.start < end) {
            match extent.bytes {
                Some(place) => {
                    let offset = place.offset.saturating_add(start.max(extent.start) - extent.start);
                    let len = files.get(place.file as usize).map_or(0, File::len);
                    if offset < len {
                        return PageState::Data;
                    }
                    state = PageState::Lost;
                }
                None if state == PageState::NotRam => state = PageState::ZeroOrExcluded,
                None => {}
            }
        }
        state
    }

    /// All memory, neighbours merged.
    pub(crate) fn ranges(&self) -> Vec<Range<u64>> {
        merged(self.extents.iter().map(|extent| extent.start..extent.end))
    }

    /// The next stretch that has bytes in a file.
    pub(crate) fn present(&self, files: &[File], from: u64) -> Option<Range<u64>> {
        let (Ok(first) | Err(first)) = intervals::find(&self.extents, from);
        let present = self.extents[first..].iter().filter_map(|extent| {
            let place = extent.bytes?;
            let left = files.get(place.file as usize)?.len().saturating_sub(place.offset);
            let end = extent.end.min(extent.start.saturating_add(left));
            let start = extent.start.max(from);
            (start < end).then_some(start..end)
        });
        let mut present = present.peekable();
        let mut run = present.next()?;
        while let Some(next) = present.next_if(|next| next.start == run.end) {
            run.end = next.end;
        }
        Some(run)
    }

    /// Bytes that lie in files, and bytes of all memory.
    pub(crate) fn sizes(&self) -> (u64, u64) {
        let size = |extent: &Extent| extent.end - extent.start;
        let full = self.extents.iter().filter(|extent| extent.bytes.is_some()).map(size).fold(0, u64::saturating_add);
        (full, self.extents.iter().map(size).fold(0, u64::saturating_add))
    }

    /// The bytes that should lie in a file and lie beyond its end.
    pub(crate) fn cut_off(&self, files: &[File]) -> bool {
        self.extents.iter().any(|extent| {
            extent.bytes.is_some_and(|place| {
                let len = files.get(place.file as usize).map_or(0, File::len);
                place.offset.saturating_add(extent.end - extent.start) > len
            })
        })
    }
}

/// What an error of a file is for a page.
pub(crate) fn page_error(error: FileError, physical: u64) -> PageError {
    match error {
        FileError::End => PageError::Lost { physical, why: Loss::CutOff },
        FileError::Read(error) => PageError::Read { physical, error },
    }
}

/// Ranges that follow each other as one; of more than 65536 the smallest gaps are closed.
pub(crate) fn merged(ranges: impl IntoIterator<Item = Range<u64>>) -> Vec<Range<u64>> {
    const MOST: usize = 1 << 16;
    let (mut out, mut gap) = (Vec::<Range<u64>>::new(), 0);
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(gap) => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
        while out.len() > MOST {
            gap = (gap * 2).max(4096);
            out = close(out, gap);
        }
    }
    out
}

fn close(ranges: Vec<Range<u64>>, gap: u64) -> Vec<Range<u64>> {
    let mut out = Vec::<Range<u64>>::new();
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(gap) => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}
