//! Files of symbols and source: given beside what is open, forgotten, given again to a fresh engine; and the frames that are
//! opened to their source. Must never drop a report that is on the screen before its better one has come.

use super::{Effect, Purpose, send};
use crate::dumps::Ask;
use crate::many;
use crate::same::Same;
use crate::state::{OpenSource, Source, State, SymbolWork};
use oopscope_protocol::{Event, Request, SourcePlace, Symbols};
use oopscope_report::SymbolStatus;
use std::rc::Rc;
use web_sys::File;

/// Lines shown before and after the one that a frame is at.
const AROUND: u32 = 7;

/// Batches of files that are given to a fresh engine again.
const MAX_GIVEN: usize = 64;

impl State {
    /// A folder of symbols or source came. What is open stays; where nothing is, a log may be among the files.
    pub(super) fn take_folder_of_symbols(&mut self, files: Vec<File>, now: f64) -> Vec<Effect> {
        if self.open.is_none() && self.dump.is_none() {
            return self.begin(Source::Files { files: Rc::new(files), kept: false }, false, now);
        }
        self.give_symbols(files)
    }

    /// Gives the engine files of symbols beside what is open, and those that a dump can have to the dump that is open.
    pub(super) fn give_symbols(&mut self, files: Vec<File>) -> Vec<Effect> {
        let for_dumps = |file: &&File| crate::browser::folder_path(file).is_none_or(|path| many::is_symbols(&path));
        let of_dump: Vec<File> = match self.known_dump() {
            Some(_) => files.iter().filter(for_dumps).cloned().collect(),
            None => Vec::new(),
        };
        let files = Rc::new(files);
        self.keep_given(Rc::clone(&files));
        self.said = String::from("Looking at the files.");
        let report = self.open.as_ref().map(|open| open.current);
        let mut effects = vec![Effect::Send { purpose: Purpose::Symbols, request: Request::Symbols { report }, files }];
        if !of_dump.is_empty() {
            effects.push(Effect::Dumps(Ask::Add(Rc::new(of_dump))));
        }
        effects
    }

    /// What was opened was files of symbols and nothing else: they belong to what is open, and to the open dump.
    pub(super) fn only_symbols(&mut self, files: Rc<Vec<File>>, symbols: Box<Symbols>) -> Vec<Effect> {
        self.keep_given(Rc::clone(&files));
        let mut effects = self.symbols_told(symbols, true);
        if self.known_dump().is_some() {
            effects.push(Effect::Dumps(Ask::Add(files)));
        }
        effects
    }

    fn keep_given(&mut self, files: Rc<Vec<File>>) {
        if self.symbols.given.len() < MAX_GIVEN {
            self.symbols.given.push(files);
        }
    }

    /// A log is replaced that came with files of symbols: those stay at hand.
    pub(super) fn keep_symbols_of(&mut self, source: &Source) {
        let (Source::Files { files, .. }, Some(told)) = (source, &self.symbols.told) else { return };
        let is_symbols = |file: &File| {
            let name = crate::browser::folder_path(file).unwrap_or_else(|| file.name());
            told.files.iter().any(|known| known.name == name && known.status != SymbolStatus::Ignored)
        };
        let of_symbols: Vec<File> = files.iter().filter(|file| is_symbols(file)).cloned().collect();
        if !of_symbols.is_empty() {
            self.keep_given(Rc::new(of_symbols));
        }
    }

    /// What was given must be given again to an engine that has none of it.
    pub(super) fn give_again(&self) -> Vec<Effect> {
        let again = |files: &Rc<Vec<File>>| Effect::Send {
            purpose: Purpose::SymbolFiles,
            request: Request::Symbols { report: None },
            files: Rc::clone(files),
        };
        self.symbols.given.iter().map(again).collect()
    }

    pub(super) fn forget_symbols(&mut self, kept: bool) -> Vec<Effect> {
        self.symbols.given.clear();
        // A log that came with its symbols is brought back without them.
        vec![send(Purpose::Symbols, Request::ForgetSymbols { kept })]
    }

    /// The engine tells how far it is, or what became of the files.
    pub(super) fn symbols_answered(&mut self, purpose: &Purpose, event: Event) -> Vec<Effect> {
        match event {
            Event::SymbolProgress(progress) => {
                let (id, cancelling) = match &self.symbols.work {
                    Some(work) => (work.id, work.cancelling),
                    None => (self.next_serial(), false),
                };
                self.symbols.work = Some(SymbolWork { id, progress, cancelling });
                Vec::new()
            }
            Event::Symbols(symbols) => self.symbols_told(symbols, *purpose == Purpose::Symbols),
            _ => Vec::new(),
        }
    }

    fn symbols_told(&mut self, symbols: Box<Symbols>, others: bool) -> Vec<Effect> {
        let none = symbols.files.is_empty() && symbols.notes.is_empty();
        if others {
            self.symbols.work = None;
            let count = crate::format::counted(symbols.files.len() as u64 + symbols.more, "file");
            self.said = if none { "No files of symbols.".to_owned() } else { format!("{count} of symbols or source.") };
        }
        // Without files there is still what is kept of earlier ones.
        self.symbols.told = Some(Same::from(symbols));
        if !others {
            return Vec::new();
        }
        let Some(open) = self.open.as_mut().filter(|open| !open.detached) else { return Vec::new() };
        let (epoch, index) = (open.epoch, open.current);
        open.reports.retain(|other, _| *other == index);
        open.sources = Rc::default();
        if open.summary.reports.is_empty() {
            return Vec::new();
        }
        vec![send(Purpose::Report { epoch, index }, Request::Report { index })]
    }

    /// The number of the work to cancel, and the wish noted.
    pub(super) fn cancel_symbols(&mut self) -> Option<u32> {
        let work = self.symbols.work.as_mut().filter(|work| !work.cancelling)?;
        work.cancelling = true;
        Some(work.id)
    }

    /// Opens a frame to its source, or closes it.
    pub(super) fn open_source(&mut self, at: (usize, usize)) -> Vec<Effect> {
        let Some(open) = &mut self.open else { return Vec::new() };
        let sources = Rc::make_mut(&mut open.sources);
        if let Some(known) = sources.iter().position(|source| source.at == at) {
            sources.remove(known);
            return Vec::new();
        }
        let frame = open.reports.get(&open.current).and_then(|report| report.stacks.get(at.0)?.frames.get(at.1));
        let Some(file) = frame.and_then(|frame| frame.file.clone()) else { return Vec::new() };
        let line = frame.and_then(|frame| frame.file_line).unwrap_or(0);
        if open.detached {
            return Vec::new();
        }
        sources.push(OpenSource { at, place: None });
        let request = Request::Source { file, line, around: AROUND, report: Some(open.current) };
        vec![send(Purpose::Source { epoch: open.epoch, at }, request)]
    }

    pub(super) fn source_answered(&mut self, epoch: u32, at: (usize, usize), place: Box<SourcePlace>) {
        let Some(open) = self.open.as_mut().filter(|open| open.epoch == epoch) else { return };
        if let Some(source) = Rc::make_mut(&mut open.sources).iter_mut().find(|source| source.at == at) {
            source.place = Some(Same::from(place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::Change;
    use oopscope_protocol::{LogSummary, Summary, SymbolProgress};
    use oopscope_report::{Frame, Report, Stack, SymbolFile};

    fn answer(state: &mut State, purpose: Purpose, event: Event) -> Vec<Effect> {
        state.apply(Change::Answer(purpose, event), 2.0)
    }

    fn begun(effects: &[Effect]) -> Purpose {
        let Some(Effect::Send { purpose, .. }) = effects.last() else { panic!("nothing is asked") };
        purpose.clone()
    }

    /// A log is open, and its report is shown.
    fn open() -> (State, Purpose) {
        let mut state = State::new("b1");
        let effects = state.apply(Change::Open(Source::Text(Rc::from("log"))), 1.0);
        let summary = LogSummary { reports: vec![Summary::default()], ..LogSummary::default() };
        let effects = answer(&mut state, begun(&effects), Event::Opened(Box::new(summary)));
        let purpose = effects.iter().find_map(|effect| match effect {
            Effect::Send { purpose: purpose @ Purpose::Report { .. }, .. } => Some(purpose.clone()),
            _ => None,
        });
        let purpose = purpose.expect("the report is asked for");
        let frame = Frame { file: Some("fs/a.c".to_owned()), file_line: Some(7), ..Frame::default() };
        let stacks = vec![Stack { frames: vec![frame], ..Stack::default() }];
        answer(&mut state, purpose.clone(), Event::Report(Box::new(Report { stacks, ..Report::default() })));
        (state, purpose)
    }

    fn told() -> Event {
        let file = SymbolFile { name: "vmlinux".to_owned(), ..SymbolFile::default() };
        Event::Symbols(Box::new(Symbols { files: vec![file], ..Symbols::default() }))
    }

    #[test]
    fn a_report_stays_until_the_one_with_lines_is_there() {
        let (mut state, report) = open();
        let effects = state.apply(Change::Symbols(Vec::new()), 2.0);
        assert!(matches!(&effects[..], [Effect::Send { request: Request::Symbols { report: Some(0) }, .. }]));
        let effects = answer(&mut state, Purpose::Symbols, told());
        assert!(matches!(&effects[..], [Effect::Send { request: Request::Report { index: 0 }, .. }]));
        assert!(state.open.as_ref().unwrap().report().is_some() && state.symbols.told.is_some());
        let found = Report { symbols: Some(oopscope_report::Symbolized::default()), ..Report::default() };
        let effects = answer(&mut state, report, Event::Report(Box::new(found)));
        assert_eq!(effects, [send(Purpose::SymbolFiles, Request::SymbolFiles)], "what became of the files is asked");
        assert!(answer(&mut state, Purpose::SymbolFiles, told()).is_empty(), "and no more");
    }

    #[test]
    fn symbols_alone_belong_to_what_is_open_and_are_given_to_a_fresh_engine() {
        let (mut state, _) = open();
        let effects = state.apply(Change::Open(Source::Files { files: Rc::default(), kept: true }), 3.0);
        let effects = answer(&mut state, begun(&effects), told());
        assert!(matches!(&effects[..], [Effect::Send { request: Request::Report { .. }, .. }]));
        assert_eq!(state.word(), "open");
        let effects = state.apply(Change::EngineDied("gone".to_owned()), 9.0);
        let order: Vec<bool> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Send { request, .. } => Some(matches!(request, Request::Symbols { report: None })),
                _ => None,
            })
            .collect();
        assert_eq!(order, [true, false], "before the log is opened again");
        state.apply(Change::ForgetSymbols(false), 10.0);
        assert!(state.symbols.given.is_empty());
    }

    #[test]
    fn what_takes_long_is_shown_and_cancelled() {
        let (mut state, report) = open();
        let progress = SymbolProgress { stage: "index".to_owned(), done: 1, total: 2 };
        answer(&mut state, report.clone(), Event::SymbolProgress(progress.clone()));
        let id = state.symbols.work.as_ref().expect("it is shown").id;
        assert_eq!(state.apply(Change::Cancel, 3.0), [Effect::Cancel, Effect::WatchCancel(id)]);
        assert!(state.apply(Change::Cancel, 3.0).is_empty(), "once is enough");
        answer(&mut state, report.clone(), Event::SymbolProgress(progress));
        assert!(state.symbols.work.as_ref().is_some_and(|work| work.cancelling));
        answer(&mut state, report, Event::Report(Box::default()));
        assert!(state.symbols.work.is_none());
    }

    #[test]
    fn a_frame_is_opened_to_its_source_and_closed() {
        let (mut state, _) = open();
        let effects = state.apply(Change::Source(0, 0), 3.0);
        let wanted = Request::Source { file: "fs/a.c".to_owned(), line: 7, around: AROUND, report: Some(0) };
        assert!(matches!(&effects[..], [Effect::Send { request, .. }] if *request == wanted));
        answer(&mut state, begun(&effects), Event::Source(Box::default()));
        assert!(state.open.as_ref().unwrap().sources[0].place.is_some());
        assert!(state.apply(Change::Source(0, 0), 3.0).is_empty());
        assert!(state.open.as_ref().unwrap().sources.is_empty());
        assert!(state.apply(Change::Source(0, 1), 3.0).is_empty(), "there is no such frame");
    }
}
