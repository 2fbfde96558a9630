//! Many files, each a log of its own: reads one after the other and keeps a few words of each report.
//!
//! Cut into steps like an opening. This module must never hold more than one log, nor give up because of one file:
//! what can't be read is a row of the answer.

use crate::input::{Input, Shared};
use crate::opening::{BLOCK, Opening, Step};
use crate::problem;
use oopscope_protocol::{Event, MAX_TRIAGE_FILES, MAX_TRIAGE_ROWS, Problem, TriageFile, TriageFormat, TriageProgress};
use oopscope_report::triage::Triage;
use oopscope_source::ReadAt;
use oopscope_triage::{Digest, File, Options, digest, group, html, json_lines, text, unreadable};
use oopscope_unpack::{Content, Member, Members, members};
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

/// The largest member of an archive that is read: one is held at a time.
const MEMBER_BYTES: usize = 64 << 20;

/// Files looked at in one step: opening a small one takes a fraction of a millisecond.
const FILES: usize = 32;

/// Reads one file to its end: the digest of its log, or of each log in an archive.
pub fn read(file: File, input: Input) -> Vec<Digest> {
    let mut reading = Reading::new(file, input);
    while reading.step() {}
    reading.digests
}

/// A file that is being read.
struct Reading {
    file: File,
    stage: Stage,
    digests: Vec<Digest>,
    /// Bytes read of the log that is under way.
    under_way: u64,
}

enum Stage {
    Log(File, Box<Opening>),
    Archive(Members),
    Ended,
}

impl Reading {
    fn new(file: File, input: Input) -> Self {
        let source = Rc::new(input.source);
        let stage = match members(Rc::<Box<dyn ReadAt>>::clone(&source), MEMBER_BYTES) {
            Ok(Some(members)) => Stage::Archive(members),
            // Whatever is wrong with it, the opening says it better.
            Ok(None) | Err(_) => log(file.clone(), Input { name: input.name, source: Box::new(Shared(source)) }),
        };
        Self { file, stage, digests: Vec::new(), under_way: 0 }
    }

    /// Does the next part; false at the end.
    fn step(&mut self) -> bool {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Ended => return false,
            Stage::Log(file, mut opening) => match opening.step() {
                Step::More(progress) => {
                    self.under_way = progress.done;
                    self.stage = Stage::Log(file, opening);
                }
                Step::Done(done) => {
                    self.under_way = 0;
                    self.digests.push(digest(file, &done.0.reports, &done.0.facts));
                }
                Step::Failed(problem) => self.digests.push(unreadable(file, problem.message)),
            },
            Stage::Archive(mut members) => {
                match members.next() {
                    Some(Ok(member)) => self.member(member),
                    Some(Err(damage)) => {
                        let reason = format!("Not all of the archive could be read: {damage}.");
                        self.digests.push(unreadable(self.file.clone(), reason));
                    }
                    None => return false,
                }
                self.stage = Stage::Archive(members);
            }
        }
        true
    }

    /// A member of the archive is a file of its own, with the archive's number and time.
    fn member(&mut self, member: Member) {
        let file = File { path: format!("{}/{}", self.file.path, member.name), ..self.file.clone() };
        let outcome = match member.content {
            Content::Whole(bytes) => read(file.clone(), Input::from_bytes(member.name, bytes)),
            Content::TooLarge(size) => {
                let reason = format!("It has {size} bytes: too large to be read inside an archive. Unpack it first.");
                vec![unreadable(file, reason)]
            }
            Content::Damaged(damage) => vec![unreadable(file, format!("It can't be unpacked: {damage}."))],
        };
        self.digests.extend(outcome);
    }
}

fn log(file: File, input: Input) -> Stage {
    Stage::Log(file, Box::new(Opening::new(0, None, None, vec![input])))
}

/// A triage under way.
pub(crate) struct Triaging {
    /// Number of the request.
    pub(crate) id: u64,
    waiting: VecDeque<(File, Input)>,
    reading: Option<(Reading, u64)>,
    digests: Vec<Digest>,
    /// The coarse signatures until now.
    groups: BTreeSet<String>,
    progress: TriageProgress,
}

impl Triaging {
    /// A triage of files, of which `inputs` are the bytes.
    pub(crate) fn new(id: u64, files: Vec<TriageFile>, inputs: Vec<Input>) -> Result<Self, Problem> {
        if inputs.is_empty() {
            return Err(problem::nothing_given());
        }
        if inputs.len() > MAX_TRIAGE_FILES {
            return Err(problem::too_many_files(inputs.len(), MAX_TRIAGE_FILES));
        }
        let total = inputs.iter().map(|input| input.source.len()).sum();
        let mut files = files.into_iter();
        let waiting: VecDeque<_> = (0..)
            .zip(inputs)
            .map(|(number, input)| {
                let known = files.next().unwrap_or_default();
                let path = if known.path.is_empty() { input.name.clone() } else { known.path };
                let modified = known.modified.map(|milliseconds| milliseconds.div_euclid(1000));
                (File { path, number, modified }, input)
            })
            .collect();
        let progress = TriageProgress { total_files: waiting.len() as u64, total, ..TriageProgress::default() };
        Ok(Self { id, waiting, reading: None, digests: Vec::new(), groups: BTreeSet::new(), progress })
    }

    /// Does the next part; the answer at the end.
    pub(crate) fn step(&mut self) -> Option<Triage> {
        let end = self.progress.done + BLOCK as u64;
        for _ in 0..FILES {
            if self.reading.is_none() {
                let Some((file, input)) = self.waiting.pop_front() else { return Some(self.finish(false)) };
                let len = input.source.len();
                self.reading = Some((Reading::new(file, input), len));
            }
            let Some((reading, len)) = &mut self.reading else { continue };
            if reading.step() {
                if reading.under_way > 0 {
                    break;
                }
                continue;
            }
            self.progress.files += 1;
            self.progress.done += *len;
            for digest in std::mem::take(&mut reading.digests) {
                self.progress.reports += digest.reports();
                self.groups.extend(digest.coarse_signatures().map(str::to_owned));
                self.digests.push(digest);
            }
            self.reading = None;
            if self.progress.done >= end {
                break;
            }
        }
        None
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> TriageProgress {
        let under_way = self.reading.as_ref().map_or(0, |(reading, len)| reading.under_way.min(*len));
        TriageProgress {
            done: self.progress.done + under_way,
            groups: self.groups.len() as u64,
            ..self.progress.clone()
        }
    }

    /// Stops here.
    pub(crate) fn cancel(&mut self) -> Triage {
        self.finish(true)
    }

    fn finish(&mut self, incomplete: bool) -> Triage {
        let options = Options { most: Some(MAX_TRIAGE_ROWS), ..Options::default() };
        let mut triage = group(std::mem::take(&mut self.digests), &options);
        triage.totals.incomplete = incomplete;
        triage
    }
}

/// A triage as text to copy or to save.
pub(crate) fn render(triage: &Triage, format: TriageFormat) -> Result<Event, Problem> {
    let (text, ending) = match format {
        TriageFormat::Text => (text(triage), "txt"),
        TriageFormat::JsonLines => (json_lines(triage).map_err(|error| problem::render(&error.to_string()))?, "jsonl"),
        TriageFormat::Html => (html(triage), "html"),
    };
    Ok(Event::Rendered { text, file_name: format!("oopscope-triage.{ending}") })
}
