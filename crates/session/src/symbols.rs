//! The files of symbols that are at hand, and what they make of the reports of a log.
//!
//! Looking a report up is cut into steps where an index has to be made. Must never put a source line into a report of the log
//! itself: what the log alone tells is kept beside it, so that files can be forgotten and added.

use crate::input::{Input, Shared};
use crate::keep::Keep;
use crate::log::Log;
use crate::sorting::Sorting;
use crate::{notes, problem};
use oopscope_protocol::{LogLine, MAX_SOURCE_AROUND, MAX_SYMBOL_ROWS, Problem, SourcePlace, SymbolProgress, Symbols};
use oopscope_report::{Frame, FrameRole, Report, SymbolFile, SymbolStatus, Symbolized};
use oopscope_source::{ReadAt, ReadError};
use oopscope_symbolize::{Given, Symbolizer, Wanted};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Bytes of debug information that are gone through in one step. Where a step leaves nothing behind that the next one can go
/// on from, they become twice as many each time.
const STEP: u64 = 64 << 20;

/// Reports that are looked up in one step, once everything that they need is open.
const REPORTS: usize = 8;

/// Notes that are kept.
const NOTES: usize = 20;

/// All that was given, and what is known of it.
pub(crate) struct SymbolFiles {
    symbolizer: Symbolizer,
    store: Rc<dyn Keep>,
    meter: Rc<Meter>,
    notes: Vec<String>,
    /// Whether what the store keeps for the files was asked for.
    fetched: bool,
    /// The user stopped a lookup: reports are handed out as they are until files are given again.
    stopped: bool,
    /// Where an index that is being made stands, and how much of it one step may do.
    at: (String, u64),
    step: u64,
}

/// A line of the log with what files of symbols say about it.
pub(crate) struct Annotated {
    /// Lines that are put before it: a function each that was inlined there.
    pub(crate) before: Vec<String>,
    /// The line itself.
    pub(crate) line: LogLine,
}

/// What a step of looking up led to.
pub(crate) enum Looked {
    /// There is more to do.
    More(SymbolProgress),
    /// What the store keeps is being fetched.
    Waiting,
    /// All is done.
    Done,
}

impl SymbolFiles {
    /// No files. `store` keeps what took long to make.
    pub(crate) fn new(store: Rc<dyn Keep>) -> Self {
        Self {
            symbolizer: Symbolizer::new(Rc::clone(&store) as Rc<dyn oopscope_dwarf::Store>),
            store,
            meter: Rc::default(),
            notes: Vec::new(),
            fetched: false,
            stopped: false,
            at: (String::new(), 0),
            step: STEP,
        }
    }

    /// Takes the files of symbols and of source among these; gives back the others.
    pub(crate) fn add(&mut self, inputs: Vec<Input>) -> Vec<Input> {
        let metered: Vec<_> = inputs
            .into_iter()
            .map(|Input { name, source }| {
                let bytes = Metered { source, meter: Rc::clone(&self.meter), is_on: Cell::new(true) };
                (name, Rc::new(bytes))
            })
            .collect();
        let given =
            metered.iter().map(|(name, bytes)| Given { name: name.clone(), bytes: Rc::<Metered>::clone(bytes) });
        let others = self.symbolizer.add(given.collect());
        let back = |other: Given| {
            // What is read of a log is counted with the log.
            let own = metered.iter().find(|(_, own)| std::ptr::addr_eq(Rc::as_ptr(own), Rc::as_ptr(&other.bytes)));
            own.inspect(|(_, own)| own.is_on.set(false));
            Input { name: other.name, source: Box::new(Shared(other.bytes)) }
        };
        let others: Vec<_> = others.into_iter().map(back).collect();
        if others.len() < metered.len() {
            self.changed();
        }
        others
    }

    /// Files were given, or are to be tried again.
    pub(crate) fn changed(&mut self) {
        self.fetched = false;
        self.stopped = false;
    }

    /// Remembers something to be told with the files.
    pub(crate) fn note(&mut self, note: String) {
        if self.notes.len() < NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// What was remembered so.
    pub(crate) fn remarks(&self) -> &[String] {
        &self.notes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.symbolizer.is_empty()
    }

    /// Of the files that were just given: why nothing can be done with any of them.
    pub(crate) fn no_use(&self, sorting: &Sorting) -> Option<Problem> {
        let files = self.symbolizer.files();
        let mut of_these = files.iter().filter(|file| sorting.has(&file.name)).peekable();
        let first = *of_these.peek()?;
        let is_no_use = |file: &SymbolFile| matches!(file.status, SymbolStatus::Unreadable | SymbolStatus::Ignored);
        of_these.all(is_no_use).then(|| problem::no_symbols(&first.name, first.note.as_deref().unwrap_or_default()))
    }

    /// What a reader of the log should know of the files: which there are, and which of them are of no use.
    pub(crate) fn notes(&self) -> Vec<String> {
        let files = self.symbolizer.files();
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let no_use =
            files.iter().filter(|file| matches!(file.status, SymbolStatus::Unreadable | SymbolStatus::Ignored));
        let no_use = no_use.filter_map(|file| Some(notes::unreadable(&file.name, file.note.as_deref()?)));
        notes::symbols(&names).into_iter().chain(no_use.take(NOTES)).collect()
    }

    /// Forgets all files.
    pub(crate) fn forget(&mut self, kept: bool) {
        self.symbolizer.forget();
        self.notes.clear();
        self.meter = Rc::default();
        self.changed();
        self.store.release();
        if kept {
            self.store.forget();
        }
    }

    /// The user does not want to wait: reports come as the log tells them.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether a report, or all of them, must be looked up before they are handed out.
    pub(crate) fn needs(&self, log: &Log, index: Option<u32>) -> bool {
        !self.is_empty() && indexes(log, index).any(|index| !log.symbolized.contains_key(&index))
    }

    /// Looks up the next part of a report, or of all of them.
    pub(crate) fn step(&mut self, log: &mut Log, index: Option<u32>) -> Looked {
        let missing: Vec<usize> = indexes(log, index).filter(|index| !log.symbolized.contains_key(index)).collect();
        if self.stopped {
            for index in missing {
                let report = without_lines(&log.reports[index]);
                log.symbolized.insert(index, report);
            }
            return Looked::Done;
        }
        if !self.fetched {
            let files = self.symbolizer.files();
            let build_ids: Vec<String> = files.into_iter().filter_map(|file| file.build_id).collect();
            if !self.store.is_ready(&build_ids) {
                return Looked::Waiting;
            }
            self.fetched = true;
        }
        if let Some(progress) = self.prepare(log, &missing) {
            return Looked::More(progress);
        }
        for &index in missing.iter().take(REPORTS) {
            let mut report = log.reports[index].clone();
            let banner = log.banner(report.boot);
            self.symbolizer.symbolize(&mut report, banner);
            drop_followed(&mut report);
            log.symbolized.insert(index, report);
        }
        let total = missing.len() as u64;
        match total.checked_sub(REPORTS as u64).filter(|left| *left > 0) {
            Some(left) => Looked::More(SymbolProgress {
                stage: "looking up the frames of the reports".to_owned(),
                done: total - left,
                total,
            }),
            None => Looked::Done,
        }
    }

    /// Makes what the reports need, as much as one step may; how far it is where there is more to do.
    fn prepare(&mut self, log: &Log, missing: &[usize]) -> Option<SymbolProgress> {
        let wanted: Vec<Wanted<'_>> = missing
            .iter()
            .filter_map(|&index| log.reports.get(index))
            .map(|report| Wanted { report, banner: log.banner(report.boot) })
            .collect();
        let mut first: Option<(String, u64)> = None;
        let mut last = (String::new(), 0, 0);
        let most = self.step;
        let prepared = self.symbolizer.prepare(&wanted, &mut |name, done, total| {
            if first.as_ref().is_none_or(|(first, _)| first != name) {
                first = Some((name.to_owned(), done));
            }
            if last.0 != name {
                name.clone_into(&mut last.0);
            }
            (last.1, last.2) = (done, total);
            first.as_ref().is_none_or(|(_, from)| done.saturating_sub(*from) < most)
        });
        if prepared.is_ok() {
            self.step = STEP;
            self.at = (String::new(), 0);
            return None;
        }
        let (name, done, total) = last;
        let began = first.map_or(0, |(_, from)| from);
        if self.at.0 == name && began < self.at.1 {
            // It was begun anew, not gone on with.
            self.step = self.step.saturating_mul(2);
        }
        let stage = format!("{name}: making the index of its debug information");
        self.at = (name, done);
        Some(SymbolProgress { stage, done, total })
    }

    /// Looks up a place that a report names beside its frames.
    pub(crate) fn place(&self, report: &Report, banner: Option<&str>, place: Frame) -> Vec<Frame> {
        self.symbolizer.place(report, banner, place)
    }

    /// The files with what became of them, for the page.
    pub(crate) fn told(&self, is_log_open: bool) -> Symbols {
        let mut files = self.symbolizer.files();
        let with_lines = files.iter().any(|file| file.has_lines);
        let more = files.len().saturating_sub(MAX_SYMBOL_ROWS) as u64;
        // Those that must be seen are not to be among the rest.
        files.sort_by_key(|file| matches!(file.status, SymbolStatus::Ignored | SymbolStatus::Unneeded));
        files.truncate(MAX_SYMBOL_ROWS);
        let mut notes = self.notes.clone();
        if !is_log_open && !self.is_empty() {
            notes.push(notes::symbols_alone());
        }
        let (reads, bytes_read) = (self.meter.reads.get(), self.meter.bytes.get());
        Symbols { files, more, notes, with_lines, reads, bytes_read, kept: self.store.kept() }
    }

    /// Lines of the source around a place.
    pub(crate) fn source(&self, file: &str, line: u32, around: u32, release: Option<String>) -> SourcePlace {
        let excerpt = self.symbolizer.excerpt(file, line, around.min(MAX_SOURCE_AROUND));
        let version = release.as_deref().and_then(version);
        let place = SourcePlace { path: tidy(file), line, release, version, ..SourcePlace::default() };
        match excerpt {
            Some(excerpt) => SourcePlace {
                file: Some(excerpt.path),
                first: excerpt.first,
                lines: excerpt.lines,
                note: excerpt.note,
                ..place
            },
            None => SourcePlace { note: Some(notes::no_source(file)), ..place },
        }
    }
}

/// Takes the advice out that says how to get a source line which is there now.
fn drop_followed(report: &mut Report) {
    let with_lines = report.stacks.iter().flat_map(|stack| &stack.frames).filter(|frame| frame.file_line.is_some());
    let found: Vec<String> = with_lines
        .filter_map(|frame| Some(format!(" {}+{:#x}/{:#x}", frame.function.as_deref()?, frame.offset?, frame.size?)))
        .collect();
    report.explanation.next.retain(|advice| {
        let command = advice.command.as_deref().filter(|command| command.starts_with("./scripts/faddr2line "));
        !command.is_some_and(|command| found.iter().any(|place| command.ends_with(place)))
    });
}

/// A report as the log tells it, with the words that its lookup was stopped.
fn without_lines(report: &Report) -> Report {
    let frames = report.stacks.iter().flat_map(|stack| &stack.frames);
    let without = frames.filter(|frame| frame.role != FrameRole::User && !frame.inlined).count();
    let symbols = Symbolized {
        without_lines: u32::try_from(without).unwrap_or(u32::MAX),
        problems: vec![notes::lookup_stopped()],
        ..Symbolized::default()
    };
    Report { symbols: Some(symbols), ..report.clone() }
}

/// Lines of the log from number `from` on, with what was found about the report's frames put into them, and how many lines
/// were put before each. What is shared and copied is still a log: whoever reads it again needs none of the files.
pub(crate) fn annotated(report: &Report, from: u64, lines: &[LogLine]) -> Vec<Annotated> {
    let mut frames: BTreeMap<u64, Vec<&Frame>> = BTreeMap::new();
    if report.symbols.is_some() {
        for frame in report.stacks.iter().flat_map(|stack| &stack.frames) {
            frames.entry(frame.line).or_default().push(frame);
        }
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (from..)
        .zip(lines)
        .map(|(number, line)| {
            let found =
                frames.get(&number).filter(|frames| line.cut == 0 && frames.iter().any(|f| f.symbols.is_some()));
            let beside = || {
                let is_bare = report.symbols.is_some() && line.cut == 0 && !frames.contains_key(&number);
                let place = is_bare.then(|| oopscope_symbolize::register_line(line.text.as_bytes())).flatten()?;
                oopscope_symbolize::same_place(report, &place)
            };
            let found = found.cloned().or_else(beside);
            match found.and_then(|frames| oopscope_symbolize::annotate(line.text.as_bytes(), &frames)) {
                Some(found) => Annotated {
                    before: found.before.into_iter().map(text).collect(),
                    line: LogLine { text: text(found.line), ..line.clone() },
                },
                None => Annotated { before: Vec::new(), line: line.clone() },
            }
        })
        .collect()
}

fn indexes(log: &Log, index: Option<u32>) -> impl Iterator<Item = usize> {
    let count = log.reports.len();
    let one = index.map(|index| usize::try_from(index).unwrap_or(usize::MAX));
    match one {
        Some(one) => one.min(count)..one.saturating_add(1).min(count),
        None => 0..count,
    }
}

/// A file's name without `.` and `..` in the middle, as compilers are given them: `arch/x86/../../kernel/fork.c`.
fn tidy(file: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in file.split('/') {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, "" | "..")) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// kernel.org's number out of a release: `6.12.57+deb13-amd64` is of 6.12.57, `6.1.0-50-amd64` of 6.1,
/// `6.18.0-rc3-next` of 6.18-rc3 (Makefile, KERNELRELEASE: VERSION.PATCHLEVEL.SUBLEVEL and EXTRAVERSION).
fn version(release: &str) -> Option<String> {
    let end = release.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(release.len());
    let (numbers, rest) = release.split_at(end);
    let numbers: Vec<&str> = numbers.split('.').collect();
    if !(2..=4).contains(&numbers.len()) || numbers.iter().any(|number| number.is_empty()) {
        return None;
    }
    let zero = if numbers.len() == 3 && numbers[2] == "0" { 2 } else { numbers.len() };
    let digits =
        rest.strip_prefix("-rc").map_or("", |rc| &rc[..rc.find(|c: char| !c.is_ascii_digit()).unwrap_or(rc.len())]);
    let candidate = if digits.is_empty() { String::new() } else { format!("-rc{digits}") };
    Some(numbers[..zero].join(".") + &candidate)
}

/// What was read of all files of symbols.
#[derive(Default)]
struct Meter {
    reads: Cell<u64>,
    bytes: Cell<u64>,
}

/// A file that counts into the meter of all.
struct Metered {
    source: Box<dyn ReadAt>,
    meter: Rc<Meter>,
    is_on: Cell<bool>,
}

impl ReadAt for Metered {
    fn len(&self) -> u64 {
        self.source.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let n = self.source.read_at(offset, buf)?;
        if self.is_on.get() {
            self.meter.reads.set(self.meter.reads.get() + 1);
            self.meter.bytes.set(self.meter.bytes.get() + n as u64);
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_has_a_number_of_kernel_org() {
        for (release, number) in [
            ("6.1.0-50-amd64", Some("6.1")),
            ("6.12.57+deb13-amd64", Some("6.12.57")),
            ("6.18.0-rc3-00012-gabcdef", Some("6.18-rc3")),
            ("7.2.0", Some("7.2")),
            ("2.6.32.71-el6", Some("2.6.32.71")),
            ("6.6", Some("6.6")),
            ("next-20260801", None),
            ("6", None),
            ("6..1", None),
        ] {
            assert_eq!(version(release).as_deref(), number, "{release}");
        }
    }

    #[test]
    fn a_path_is_tidied() {
        assert_eq!(tidy("arch/x86/../../kernel/./fork.c"), "kernel/fork.c");
        assert_eq!(tidy("./mm/slub.c"), "mm/slub.c");
        assert_eq!(tidy("../out/x.c"), "../out/x.c");
        assert_eq!(tidy("/build/a/../b.c"), "/build/b.c");
        assert_eq!(tidy("/../b.c"), "/../b.c");
    }
}
