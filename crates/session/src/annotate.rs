//! The log with what files of symbols say put into its lines: what `oopscope symbolize` prints.
//!
//! Streams: must never hold more of the log than a line, nor change a byte of it that symbolization does not replace.

use crate::input::PartError;
use crate::log::Log;
use crate::symbols::Looked;
use crate::{Session, problem};
use oopscope_protocol::{Problem, SymbolProgress};
use oopscope_report::{Frame, LogFacts, Report, Symbolized};
use oopscope_symbolize::Annotated;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 20;

/// A longer line is no frame; it is handed over in pieces.
const LONGEST: usize = 64 << 10;

/// Takes the log piece by piece; false ends it.
type Sink<'a> = &'a mut dyn FnMut(&[u8]) -> bool;

impl Session {
    /// Looks up all reports of the log that is open. `tick` is told how far that is.
    pub fn look_up_all(&mut self, tick: &mut dyn FnMut(&SymbolProgress)) {
        let Some(log) = &mut self.log else { return };
        while self.symbols.needs(log, None) {
            match self.symbols.step(log, None) {
                Looked::More(progress) => tick(&progress),
                Looked::Done | Looked::Waiting => break,
            }
        }
    }

    /// What symbolization did to each report of the log that is open, and the log's facts. None where none is open.
    pub fn symbolized(&self) -> Option<(Vec<&Symbolized>, &LogFacts)> {
        let log = self.log.as_ref()?;
        Some((log.shown().filter_map(|report| report.symbols.as_ref()).collect(), &log.facts))
    }

    /// What must be known of the files of symbols that were given, in words: which of them were left alone, and why.
    pub fn symbol_notes(&self) -> &[String] {
        self.symbols.remarks()
    }

    /// What a report's line names beside its frames: the same as a frame of it, or else looked up.
    fn place(&self, log: &Log, index: usize, place: Frame) -> Vec<Frame> {
        let Some(report) = log.symbolized.get(&index) else { return Vec::new() };
        if let Some(frames) = oopscope_symbolize::same_place(report, &place) {
            return frames.into_iter().cloned().collect();
        }
        let Some(bare) = log.reports.get(index).filter(|_| report.symbols.is_some()) else { return Vec::new() };
        self.symbols.place(bare, log.banner(bare.boot), place)
    }

    /// Gives the log that is open, with what was found put into its lines, piece by piece to `sink`, which ends it by false.
    pub fn annotated(&self, sink: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Problem> {
        let Some(log) = &self.log else { return Err(problem::nothing_given()) };
        let mut frames: BTreeMap<u64, Vec<&Frame>> = BTreeMap::new();
        for frame in log.shown().flat_map(|report| &report.stacks).flat_map(|stack| &stack.frames) {
            frames.entry(frame.line).or_default().push(frame);
        }
        // A line that is a frame's own is not looked up twice.
        let mut own: BTreeSet<u64> = frames.keys().copied().collect();
        frames.retain(|_, frames| frames.iter().any(|frame| frame.symbols.is_some()));
        own.retain(|line| !frames.contains_key(line));
        let mut reports: Vec<Range> = (0..).zip(&log.reports).map(|(index, report)| Range::of(index, report)).collect();
        reports.sort_by_key(|range| range.first);
        let places = |range: &Range, place: Frame| self.place(log, range.report, place);
        let mut out = Lines { frames, own, reports, places: &places, number: 1, pending: Vec::new(), whole: true };
        let mut offset = 0;
        let mut block = vec![0; BLOCK];
        loop {
            let n = log.read_at(offset, &mut block).map_err(|error: PartError| problem::reading(&error))?;
            offset += n as u64;
            let goes_on = if n == 0 { out.end(sink) } else { out.push(&block[..n], sink) };
            if n == 0 || !goes_on {
                return Ok(());
            }
        }
    }
}

/// The lines of a report.
struct Range {
    first: u64,
    last: u64,
    /// Its number.
    report: usize,
}

impl Range {
    fn of(report: usize, of: &Report) -> Self {
        Self { first: of.first_line, last: of.last_line, report }
    }
}

/// Where a streaming of lines stands.
struct Lines<'f> {
    /// The frames of lines that something is put into.
    frames: BTreeMap<u64, Vec<&'f Frame>>,
    /// Other lines that frames have: nothing was found for them.
    own: BTreeSet<u64>,
    /// Where lines may name places that are no frames, by their first lines; those that are behind are taken out.
    reports: Vec<Range>,
    /// Looks such a place up.
    places: &'f dyn Fn(&Range, Frame) -> Vec<Frame>,
    /// Number of the line that the next byte belongs to.
    number: u64,
    /// The beginning of a line that something is put into.
    pending: Vec<u8>,
    /// Nothing of that line has been handed over yet.
    whole: bool,
}

impl Lines<'_> {
    fn push(&mut self, bytes: &[u8], sink: Sink<'_>) -> bool {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.next() != Some(self.number) {
                // Nothing is put into the lines until the next one with frames.
                let length = self.skip(rest);
                if !sink(&rest[..length]) {
                    return false;
                }
                rest = &rest[length..];
                continue;
            }
            let end = memchr::memchr(b'\n', rest).map(|end| end + 1);
            let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
            self.pending.extend_from_slice(piece);
            rest = after;
            if self.pending.len() > LONGEST {
                self.whole = false;
            }
            if (end.is_some() || !self.whole) && !self.flush(sink) {
                return false;
            }
            if end.is_some() {
                self.next_line();
            }
        }
        true
    }

    /// The next line that something may be put into.
    fn next(&mut self) -> Option<u64> {
        while self.reports.first().is_some_and(|range| range.last < self.number) {
            self.reports.remove(0);
        }
        let frame = self.frames.first_key_value().map(|(&next, _)| next);
        let report = self.reports.first().map(|range| range.first.max(self.number));
        frame.into_iter().chain(report).min()
    }

    /// Bytes that lie before the next line with frames; counts their lines.
    fn skip(&mut self, bytes: &[u8]) -> usize {
        let Some(next) = self.next() else { return bytes.len() };
        let mut at = 0;
        while self.number < next {
            match memchr::memchr(b'\n', &bytes[at..]) {
                Some(end) => {
                    at += end + 1;
                    self.number += 1;
                }
                None => return bytes.len(),
            }
        }
        at
    }

    fn next_line(&mut self) {
        self.frames.remove(&self.number);
        self.number += 1;
        self.whole = true;
    }

    /// Hands over what is pending, with what was found where it is a whole line.
    fn flush(&mut self, sink: Sink<'_>) -> bool {
        let line = std::mem::take(&mut self.pending);
        let found = match self.frames.get(&self.number).filter(|_| self.whole) {
            Some(frames) => oopscope_symbolize::annotate(&line, frames),
            None => self.beside(&line),
        };
        match found {
            Some(found) => found.before.iter().all(|line| sink(line)) && sink(&found.line),
            None => sink(&line),
        }
    }

    /// A line that names a place and is no frame.
    fn beside(&self, line: &[u8]) -> Option<Annotated> {
        if !self.whole || self.own.contains(&self.number) {
            return None;
        }
        // Of reports within each other the last to begin.
        let covering = self.reports.iter().take_while(|range| range.first <= self.number);
        let range = covering.filter(|range| range.last >= self.number).last()?;
        let frames = (self.places)(range, oopscope_symbolize::register_line(line)?);
        oopscope_symbolize::annotate(line, &frames.iter().collect::<Vec<_>>())
    }

    fn end(&mut self, sink: Sink<'_>) -> bool {
        self.pending.is_empty() || self.flush(sink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_the_same_however_they_are_cut() {
        let frame = Frame {
            function: Some("f".into()),
            offset: Some(1),
            size: Some(2),
            file: Some("a.c".into()),
            file_line: Some(3),
            symbols: Some(0),
            ..Frame::default()
        };
        let log = b"one\r\n\n f+0x1/0x2\r\nthree\n f+0x1/0x2\npc : g+0x1/0x2\nlr : g+0x1/0x2\nx\nlr : g+0x1/0x2";
        let want = "one\r\n\n f+0x1/0x2 a.c:3\r\nthree\n f+0x1/0x2 a.c:3\npc : g+0x1/0x2 0.c:9\nlr : g+0x1/0x2 1.c:9\n\
                    x\nlr : g+0x1/0x2";
        for size in 1..log.len() {
            let mut lines = Lines {
                frames: [(3, vec![&frame]), (5, vec![&frame])].into_iter().collect(),
                own: BTreeSet::new(),
                reports: vec![Range { first: 6, last: 7, report: 0 }, Range { first: 7, last: 8, report: 1 }],
                places: &|range, place| {
                    let file = Some(format!("{}.c", range.report));
                    vec![Frame { file, file_line: Some(9), symbols: Some(0), ..place }]
                },
                number: 1,
                pending: Vec::new(),
                whole: true,
            };
            let mut out = Vec::new();
            let mut sink = |bytes: &[u8]| {
                out.extend_from_slice(bytes);
                true
            };
            for piece in log.chunks(size) {
                assert!(lines.push(piece, &mut sink));
            }
            lines.end(&mut sink);
            assert_eq!(String::from_utf8(out).unwrap(), want, "{size}");
        }
    }
}
