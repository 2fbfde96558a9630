//! Dumps: handing them over to their part of the page, and what that tells. Must never drop what is open before the part says
//! that something is a dump.

use super::{Effect, opened_words};
use crate::dumps::Ask;
use crate::state::{Dump, OpenLog, Source, State, View};
use oopscope_protocol::Problem;
use std::rc::Rc;
use web_sys::File;

/// The views of a dump that its part shows, with their names for people, in the order of the bar. The log and its reports
/// stand after the first.
pub(crate) const TABS: [(&str, &str); 6] = [
    ("overview", "Overview"),
    ("backtraces", "Backtraces"),
    ("tasks", "Tasks"),
    ("modules", "Modules"),
    ("memory", "Memory"),
    ("console", "Console"),
];

impl State {
    /// Files that the engine for logs has refused go to the part for dumps, where they may be a dump. False when they may not.
    pub(super) fn is_for_dumps(&self, problem: &Problem, files: &[File]) -> bool {
        match problem.code.as_str() {
            "dump" => true,
            // A vmlinux belongs to the dump that is open, or that it came with.
            "elf" => files.len() > 1 || self.dump.as_ref().is_some_and(|dump| dump.known),
            _ => false,
        }
    }

    /// Hands files over to the part for dumps.
    pub(super) fn hand_over(&mut self, files: Rc<Vec<File>>, kept: bool, add: bool) -> Vec<Effect> {
        let dump = self.dump.get_or_insert_default();
        dump.opening = true;
        dump.kept = kept;
        self.looking = Some("Loading the part of this page that reads dumps…".to_owned());
        vec![Effect::Dumps(if add { Ask::Add(files) } else { Ask::Open(files) })]
    }

    /// The part could not be loaded.
    pub(super) fn no_dumps(&mut self, reason: &str) -> Vec<Effect> {
        self.dump = None;
        self.looking = None;
        self.refuse(Problem {
            code: "engine".to_owned(),
            message: format!("The part of this page that reads dumps can't be loaded: {reason}."),
            advice: "Reload the page while the network is on, or use the native command: oopscope core FILE."
                .to_owned(),
        });
        Vec::new()
    }

    fn refuse(&mut self, problem: Problem) {
        self.said.clone_from(&problem.message);
        self.problem = Some(problem);
        self.opening_failed = true;
    }

    /// The part for dumps tells something.
    pub(super) fn told(&mut self, [what, a, b, c]: [String; 4], now: f64) -> Vec<Effect> {
        let Some(dump) = &mut self.dump else { return Vec::new() };
        match what.as_str() {
            "opening" => {
                self.looking = None;
                dump.opening = true;
                self.said = format!("Opening {a}");
                self.problem = None;
                self.opening_failed = false;
            }
            "known" => {
                *dump = Dump { name: a, size: b, known: true, opening: true, kept: dump.kept, ..Dump::default() };
                self.open = None;
                self.view = View::Dump("overview");
                return vec![Effect::ClearAddress];
            }
            "opened" => dump.opening = false,
            "failed" | "cancelled" => {
                dump.opening = false;
                let mut effects = Vec::new();
                if !dump.known {
                    self.dump = None;
                    effects.push(Effect::Dumps(Ask::Close));
                }
                if what == "failed" {
                    self.refuse(Problem { code: a, message: b, advice: c });
                } else {
                    self.said = "Cancelled.".to_owned();
                }
                return effects;
            }
            "problem" => {
                self.said.clone_from(&b);
                self.problem = Some(Problem { code: a, message: b, advice: c });
            }
            "stopped" => self.stopped = (!a.is_empty()).then_some(a),
            "log" => return self.begin(Source::DumpLog { text: Rc::from(a), name: Rc::from(b) }, false, now),
            "status" => dump.status = a,
            "counts" => {
                dump.tasks = a;
                dump.modules = b;
            }
            "show" => {
                let view = match a.as_str() {
                    "report" => Some(View::Report),
                    "log" => Some(View::Log),
                    tab => TABS.iter().find(|(name, _)| *name == tab).map(|(name, _)| View::Dump(name)),
                };
                self.view = view.unwrap_or(self.view);
            }
            "copy" => return vec![Effect::CopyText(a)],
            "save" => return vec![Effect::SaveFile { name: b, text: a }],
            "say" => self.said = a,
            _ => {}
        }
        Vec::new()
    }

    /// What has been opened is the dump's own log, or takes the dump's place.
    pub(super) fn beside_dump(&mut self) -> Vec<Effect> {
        let Some(open) = self.open.as_ref().filter(|_| self.dump.is_some()) else { return Vec::new() };
        if !is_of_dump(open) {
            self.dump = None;
            return vec![Effect::Dumps(Ask::Close)];
        }
        let reports = &open.summary.reports;
        let first = reports.get(open.current as usize).map(|report| report.title.clone()).unwrap_or_default();
        self.said = opened_words(&open.summary, &open.name());
        vec![Effect::Dumps(Ask::Reports(u32::try_from(reports.len()).unwrap_or(u32::MAX), first))]
    }
}

/// True for a dump's log.
pub(crate) fn is_of_dump(open: &OpenLog) -> bool {
    matches!(open.source, Source::DumpLog { .. })
}
