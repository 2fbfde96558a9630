//! Many logs at once: whether the files that came are one log or many, and the life of a triage. Must never drop what
//! is open: a triage stands beside it.

use super::{Effect, Purpose, send};
use crate::format;
use crate::many;
use crate::same::Same;
use crate::state::{ManyLogs, Source, Stage, State, View};
use oopscope_protocol::{Event, MAX_TRIAGE_FILES, Problem, Request, TriageFile, TriageFormat, TriageProgress};
use std::rc::Rc;
use web_sys::File;

impl State {
    /// Files came: they are opened as one log, or read each by itself.
    pub(super) fn take_files(
        &mut self,
        files: Vec<File>,
        paths: Vec<TriageFile>,
        folder: Option<String>,
        note: Option<String>,
        now: f64,
    ) -> Vec<Effect> {
        self.looking = None;
        self.stopped = None;
        if folder.is_some() && many::are_symbols(paths.iter().map(|file| file.path.as_str())) {
            return self.take_folder_of_symbols(files, now);
        }
        let (mut files, mut paths) = (files, paths);
        files.truncate(MAX_TRIAGE_FILES);
        paths.truncate(MAX_TRIAGE_FILES);
        let names: Vec<String> = paths.iter().map(|file| file.path.clone()).collect();
        if many::are_one(&names, folder.is_some()) {
            return self.begin(Source::Files { files: Rc::new(files), kept: false }, false, now);
        }
        let name = folder.unwrap_or_else(|| format::counted(paths.len() as u64, "file"));
        self.begin_triage(Rc::from(name), Rc::new(files), paths, note, now)
    }

    /// What is open as one log of several files is read file by file.
    pub(super) fn read_apart(&mut self, now: f64) -> Vec<Effect> {
        let Some(Source::Files { files, .. }) = self.open.as_ref().map(|open| &open.source) else { return Vec::new() };
        let files = Rc::clone(files);
        let paths = files.iter().map(|file| TriageFile { path: file.name(), modified: modified(file) }).collect();
        let name = format::counted(files.len() as u64, "file");
        self.begin_triage(Rc::from(name), files, paths, None, now)
    }

    /// What was read file by file is opened as one log.
    pub(super) fn read_together(&mut self, now: f64) -> Vec<Effect> {
        let Some(many) = self.many.as_ref().filter(|many| many.files.len() <= many::MOST_AS_ONE) else {
            return Vec::new();
        };
        let files = Rc::clone(&many.files);
        self.begin(Source::Files { files, kept: false }, false, now)
    }

    /// Opens one of the logs, to show a report of it.
    pub(super) fn open_one(&mut self, file: u64, report: u32, now: f64) -> Vec<Effect> {
        let file = self.many.as_ref().zip(usize::try_from(file).ok()).and_then(|(many, at)| many.files.get(at));
        let Some(file) = file.cloned() else { return Vec::new() };
        let effects = self.begin(Source::Files { files: Rc::new(vec![file]), kept: false }, false, now);
        if let Some(opening) = &mut self.opening {
            opening.wanted = Some(report);
        }
        effects
    }

    pub(super) fn render_triage(&self, format: TriageFormat) -> Vec<Effect> {
        let there = self.many.as_ref().is_some_and(|many| matches!(many.stage, Stage::Done { detached: false, .. }));
        if !there {
            return Vec::new();
        }
        let purpose = if format == TriageFormat::Text { Purpose::Copy } else { Purpose::Save };
        vec![send(purpose, Request::RenderTriage { format })]
    }

    fn begin_triage(
        &mut self,
        name: Rc<str>,
        files: Rc<Vec<File>>,
        paths: Vec<TriageFile>,
        note: Option<String>,
        now: f64,
    ) -> Vec<Effect> {
        let id = self.next_serial();
        self.problem = None;
        self.opening_failed = false;
        self.dialog = None;
        self.said = format!("Reading {name}");
        self.view = View::Triage;
        let request = Request::Triage { files: paths };
        let stage = Stage::Reading { progress: TriageProgress::default(), started: now, cancelling: false };
        self.many = Some(ManyLogs { id, name, files: Rc::clone(&files), note, stage });
        vec![Effect::Send { purpose: Purpose::Triage(id), request, files }]
    }

    pub(super) fn triage_answered(&mut self, id: u32, event: Event, now: f64) -> Vec<Effect> {
        let Some(many) = self.many.as_mut().filter(|many| many.id == id) else { return Vec::new() };
        let Stage::Reading { progress, started, .. } = &mut many.stage else { return Vec::new() };
        match event {
            Event::TriageProgress(further) => *progress = further,
            Event::Triaged(triage) => {
                self.said = format!(
                    "{}: {} in {}",
                    many.name,
                    format::counted(triage.totals.reports, "report"),
                    format::counted(triage.totals.groups, "group")
                );
                many.stage = Stage::Done { triage: Same::from(triage), took: now - *started, detached: false };
            }
            Event::Failed(problem) => self.lose_triage(problem),
            _ => {}
        }
        Vec::new()
    }

    /// True, and the wish noted, when it is a triage that is to be cancelled.
    pub(super) fn cancel_triage(&mut self) -> Option<u32> {
        match self.many.as_mut() {
            Some(ManyLogs { id, stage: Stage::Reading { cancelling, .. }, .. }) if !*cancelling => {
                *cancelling = true;
                Some(*id)
            }
            _ => None,
        }
    }

    /// The engine is gone: what it read is lost, what it had read stays to be looked at.
    pub(super) fn triage_detached(&mut self, reason: &str) {
        match self.many.as_mut().map(|many| (&many.name, &mut many.stage)) {
            Some((_, Stage::Done { detached, .. })) => *detached = true,
            Some((name, Stage::Reading { .. })) => {
                let problem = Problem {
                    code: "engine".to_owned(),
                    message: format!("Reading {name} stopped: {reason}."),
                    advice: "Drop fewer files at once, or use the native command: oopscope triage FOLDER.".to_owned(),
                };
                self.lose_triage(problem);
            }
            None => {}
        }
    }

    fn lose_triage(&mut self, problem: Problem) {
        self.many = None;
        if self.view == View::Triage {
            self.view = if self.open.is_some() { View::Report } else { View::Start };
        }
        // What took its place speaks for itself.
        if problem.code != "superseded" {
            self.said.clone_from(&problem.message);
            self.problem = Some(problem);
            self.opening_failed = true;
        }
    }
}

/// When a file was last written, as the browser tells it.
pub(crate) fn modified(file: &File) -> Option<i64> {
    Some(crate::num::to_i64(file.last_modified())).filter(|&time| time > 0)
}

/// What must be said of files that are too many, and the limit to cut them to.
pub(crate) fn too_many(count: usize, more: bool) -> Option<String> {
    let limit = format::count(MAX_TRIAGE_FILES as u64);
    if count <= MAX_TRIAGE_FILES && !more {
        return None;
    }
    Some(format!("Only the first {limit} files were taken. For more use the native command: oopscope triage FOLDER."))
}
