//! The life of an opening: begun, reported on, ended, cancelled, and begun anew when the engine dies under it.
//! Must never drop what is open before something else has been opened.

use super::{Effect, Purpose, opened_words};
use crate::same::Same;
use crate::state::{Death, EngineStatus, OpenLog, Opening, Origin, Selection, Source, State, View};
use oopscope_protocol::{Event, LogSummary, Problem, Progress, Request};
use oopscope_web_kit::few::Few;
use std::rc::Rc;

/// Reports that are listed while an opening is under way.
const MAX_FOUND: usize = 50;

/// Starts of the engine in a row that may fail before the page stops trying.
const MAX_FALSE_STARTS: u32 = 3;

/// A death so soon after the engine had opened the input again counts as a second death on the same input.
const SOON: f64 = 10_000.0;

impl State {
    /// Begins to open something. What is open stays.
    pub(super) fn begin(&mut self, source: Source, restoring: bool, now: f64) -> Vec<Effect> {
        let id = self.next_serial();
        let (request, files) = match &source {
            Source::Files { files, .. } => (Request::Open { name: None, text: None }, Rc::clone(files)),
            Source::DumpLog { name, text } => {
                (Request::Open { name: Some(name.to_string()), text: Some(text.to_string()) }, Rc::default())
            }
            Source::Text(text) => (Request::Open { name: None, text: Some(text.to_string()) }, Rc::default()),
            Source::Example(example) => (Request::OpenExample { name: example.name.clone() }, Rc::default()),
            Source::Link(fragment) => (Request::OpenLink { fragment: fragment.to_string() }, Rc::default()),
        };
        if !restoring {
            self.problem = None;
            self.opening_failed = false;
            self.dialog = None;
            self.said = format!("Opening {}", source.name());
        }
        self.opening = Some(Opening {
            id,
            source,
            progress: Progress::default(),
            symbols: None,
            found: Vec::new(),
            found_count: 0,
            started: now,
            cancelling: false,
            restoring,
            wanted: None,
        });
        let mut effects = if restoring { self.give_again() } else { Vec::new() };
        effects.push(Effect::Send { purpose: Purpose::Open(id), request, files });
        effects
    }

    /// Brings back what is open into an engine that does not hold it.
    pub(super) fn restore(&mut self, now: f64) -> Vec<Effect> {
        match self.open.as_ref().filter(|open| open.detached) {
            Some(open) => {
                let source = open.source.clone();
                self.begin(source, true, now)
            }
            None => Vec::new(),
        }
    }

    pub(super) fn opening_answered(&mut self, id: u32, event: Event, now: f64) -> Vec<Effect> {
        let Some(opening) = self.opening.as_mut().filter(|opening| opening.id == id) else { return Vec::new() };
        match event {
            Event::Progress(mut progress) => {
                opening.found_count += progress.new_reports.len() as u64;
                let room = MAX_FOUND.saturating_sub(opening.found.len());
                opening.found.extend(progress.new_reports.drain(..).take(room));
                opening.progress = progress;
                opening.symbols = None;
                Vec::new()
            }
            Event::SymbolProgress(progress) => {
                opening.symbols = Some(progress);
                Vec::new()
            }
            Event::Opened(summary) => {
                let opening = self.opening.take();
                opening.map_or_else(Vec::new, |opening| self.opened(opening, *summary, now))
            }
            // Files of symbols alone: nothing was opened.
            Event::Symbols(symbols) => match self.opening.take().map(|opening| opening.source) {
                Some(Source::Files { files, .. }) => self.only_symbols(files, symbols),
                _ => Vec::new(),
            },
            Event::Failed(problem) => {
                let restoring = opening.restoring;
                let source = self.opening.take().map(|opening| opening.source);
                if let Some(Source::Files { files, kept }) = source
                    && self.is_for_dumps(&problem, &files)
                {
                    let add = matches!(problem.code.as_str(), "elf" | "symbols") && self.known_dump().is_some();
                    return self.hand_over(files, kept, add);
                }
                self.said.clone_from(&problem.message);
                self.problem = Some(problem);
                self.opening_failed = !restoring;
                if restoring { Vec::new() } else { self.restore(now) }
            }
            _ => Vec::new(),
        }
    }

    fn opened(&mut self, opening: Opening, summary: LogSummary, now: f64) -> Vec<Effect> {
        let epoch = self.next_serial();
        if let Some(death) = self.death.as_mut().filter(|death| death.source == opening.source) {
            death.reopened = Some(now);
            self.stopped = Some(format!("{} A fresh one has opened {} again.", death.words, opening.source.name()));
        }
        if summary.symbols.is_some() {
            self.symbols.told = summary.symbols.clone().map(Same::new);
        }
        if opening.restoring
            && let Some(open) = &mut self.open
        {
            open.summary = Same::new(summary);
            open.epoch = epoch;
            open.detached = false;
            let current = open.current;
            return self.fetch(Some(current));
        }
        let from_link = matches!(opening.source, Source::Link(_));
        let replaced = self.open.take().map(|open| open.source);
        if let Some(replaced) = &replaced {
            self.keep_symbols_of(replaced);
        }
        if from_link {
            self.previous = replaced.filter(|source| *source != opening.source).or_else(|| self.previous.take());
        } else {
            self.previous = None;
        }
        let view = if summary.reports.is_empty() { View::Log } else { View::Report };
        // The log of a dump comes by itself: who looks at something else goes on doing so.
        let view = if matches!(opening.source, Source::DumpLog { .. }) { self.view } else { view };
        let (view, line) = match &summary.link {
            Some(link) => (
                if link.view.tab.as_deref() == Some("log") { View::Log } else { view },
                link.view.line.and_then(|line| (line + 1).checked_sub(link.first_line)).filter(|&line| line > 0),
            ),
            None => (view, None),
        };
        let about = summary.link.as_ref().and_then(|link| link.report).or(opening.wanted);
        let current = about.filter(|&index| (index as usize) < summary.reports.len()).unwrap_or(0);
        let serial = self.next_serial();
        let open = OpenLog {
            source: opening.source,
            current,
            reports: Few::default(),
            selection: line.map(|line| Selection { line, origin: Origin::Stack, serial }),
            folds: Rc::default(),
            sources: Rc::default(),
            took: now - opening.started,
            epoch,
            detached: false,
            summary: Same::new(summary),
        };
        self.said = opened_words(&open.summary, &open.name());
        self.view = view;
        self.problem = None;
        self.opening_failed = false;
        self.open = Some(open);
        let mut effects = self.fetch(Some(current));
        effects.extend(self.beside_dump());
        if !from_link {
            effects.push(Effect::ClearAddress);
        }
        effects
    }

    pub(super) fn cancel(&mut self) -> Vec<Effect> {
        match &mut self.opening {
            Some(opening) if !opening.cancelling => {
                opening.cancelling = true;
                vec![Effect::Cancel, Effect::WatchCancel(opening.id)]
            }
            Some(_) => Vec::new(),
            None => match self.cancel_triage().or_else(|| self.cancel_symbols()) {
                Some(id) => vec![Effect::Cancel, Effect::WatchCancel(id)],
                None => Vec::new(),
            },
        }
    }

    /// The engine did not see the wish to cancel: it is replaced, and what was open is opened in the fresh one.
    pub(super) fn cancel_overdue(&mut self, id: u32, now: f64) -> Vec<Effect> {
        let opening = self.opening.as_ref().is_some_and(|opening| opening.id == id);
        let triage = self.many.as_ref().is_some_and(|many| many.id == id && many.triage().is_none());
        let symbols = self.symbols.work.as_ref().is_some_and(|work| work.id == id);
        if !opening && !triage && !symbols {
            return Vec::new();
        }
        self.opening = None;
        self.said = String::from("Cancelled.");
        self.lose_engine("it was cancelled");
        let mut effects = vec![Effect::StartEngine];
        effects.extend(self.restore(now));
        effects
    }

    /// The engine ended by itself. A fresh one is started and opens the same again, unless it has died on it before.
    pub(super) fn engine_died(&mut self, reason: &str, now: f64) -> Vec<Effect> {
        let words = format!("The engine stopped: {reason}.");
        if self.engine == EngineStatus::Loading {
            self.false_starts += 1;
        }
        let was_reading = self.many.as_ref().is_some_and(|many| many.triage().is_none());
        self.lose_engine(reason);
        self.said.clone_from(&words);
        if self.false_starts >= MAX_FALSE_STARTS {
            self.engine = EngineStatus::Dead(reason.to_owned());
            self.opening_failed |= self.opening.take().is_some();
            return Vec::new();
        }
        let mut effects = vec![Effect::StartEngine];
        let (source, restoring) = match (self.opening.take(), &self.open) {
            (Some(opening), _) => (opening.source, opening.restoring),
            (None, Some(open)) => (open.source.clone(), true),
            (None, None) if was_reading => return effects,
            (None, None) => {
                self.stopped = Some(format!("{words} A fresh one has been started."));
                return effects;
            }
        };
        let again = self
            .death
            .take()
            .is_some_and(|death| death.source == source && death.reopened.is_none_or(|reopened| now - reopened < SOON));
        if again {
            self.problem = Some(Problem {
                code: "engine".to_owned(),
                message: format!("The engine stopped twice on {}: {reason}.", source.name()),
                advice: "It is not opened a third time. Try a smaller part of it, or the native command: \
                         oopscope log FILE."
                    .to_owned(),
            });
            self.stopped = None;
            self.opening_failed = !restoring;
            if !restoring {
                effects.extend(self.restore(now));
            }
            return effects;
        }
        self.stopped = Some(format!("{words} A fresh one is opening {} again.", source.name()));
        self.death = Some(Death { source: source.clone(), words, reopened: None });
        effects.extend(self.begin(source, restoring, now));
        effects
    }

    fn lose_engine(&mut self, reason: &str) {
        self.engine = EngineStatus::Loading;
        self.symbols.work = None;
        self.triage_detached(reason);
        if let Some(open) = &mut self.open {
            open.detached = true;
        }
    }
}
