//! Dumps: handing them over to their part of the page, and what that tells. Must never drop what is open before the part says
//! that something is a dump.

use super::{Effect, opened_words};
use crate::dumps::Ask;
use crate::state::{Dump, OpenLog, Source, State, View};
use oopscope_protocol::Problem;
use oopscope_web_kit::browser::files_name;
use std::rc::Rc;
use web_sys::File;

/// The views of a dump that its part shows, with their names for people, in the order of the bar. The log's reports
/// stand after the first.
pub(crate) const TABS: [(&str, &str); 7] = [
    ("overview", "Overview"),
    ("log", "Log"),
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
            "elf" => files.len() > 1 || self.known_dump().is_some(),
            "symbols" => self.known_dump().is_some(),
            _ => false,
        }
    }

    /// Hands files over to the part for dumps.
    pub(super) fn hand_over(&mut self, files: Rc<Vec<File>>, kept: bool, add: bool) -> Vec<Effect> {
        let dump = self.dump.get_or_insert_default();
        dump.opening = true;
        dump.kept = kept;
        if !dump.known {
            dump.name = files_name(&files);
        }
        self.looking = Some("Loading what reads dumps…".to_owned());
        vec![Effect::Dumps(if add { Ask::Add(files) } else { Ask::Open(files) })]
    }

    /// The part could not be loaded.
    pub(super) fn no_dumps(&mut self, reason: &str) -> Vec<Effect> {
        self.dump = None;
        self.refuse(Problem {
            code: "engine".to_owned(),
            message: format!("The part that reads dumps can't be loaded: {reason}."),
            advice: "Reload the page while the network is on, or use the native command: oopscope core FILE."
                .to_owned(),
        });
        Vec::new()
    }

    fn refuse(&mut self, problem: Problem) {
        self.looking = None;
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
                    self.said = String::from("Cancelled.");
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
                dump.lines = c;
            }
            "show" => {
                let view = match a.as_str() {
                    "report" => Some(View::Report),
                    tab => TABS.iter().find(|(name, _)| *name == tab).map(|(name, _)| View::Dump(name)),
                };
                self.view = view.unwrap_or(self.view);
            }
            "report" => return self.show_report(a.parse().unwrap_or_default()),
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
        let list = open.summary.reports.iter().map(|report| {
            format!("{} {} {} {}\n", report.first_line, report.last_line, report.severity as u8, report.title)
        });
        let reports = Effect::Dumps(Ask::Reports(open.current, list.collect()));
        self.said = opened_words(&open.summary, &open.name());
        vec![reports]
    }
}

/// True for a dump's log.
pub(crate) fn is_of_dump(open: &OpenLog) -> bool {
    matches!(open.source, Source::DumpLog { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::{Change, Purpose};
    use oopscope_protocol::{Event, LogSummary, Request, Summary};

    fn told(state: &mut State, words: [&str; 4]) -> Vec<Effect> {
        state.apply(Change::Told(words.map(str::to_owned)), 5.0)
    }

    fn opening(state: &mut State, source: Source) -> u32 {
        let effects = state.apply(Change::Open(source), 1.0);
        open_id(&effects)
    }

    fn open_id(effects: &[Effect]) -> u32 {
        let id = effects.iter().find_map(|effect| match effect {
            Effect::Send { purpose: Purpose::Open(id), .. } => Some(*id),
            _ => None,
        });
        id.expect("an opening was begun")
    }

    fn answer(state: &mut State, id: u32, event: Event) -> Vec<Effect> {
        state.apply(Change::Answer(Purpose::Open(id), event), 2.0)
    }

    fn refused(code: &str) -> Event {
        Event::Failed(Problem { code: code.to_owned(), ..Problem::default() })
    }

    fn files() -> Source {
        Source::Files { files: Rc::default(), kept: true }
    }

    fn summary(reports: u32) -> Event {
        let reports = (0..reports).map(|index| Summary {
            index,
            title: format!("report {index}"),
            first_line: 7,
            last_line: 9,
            ..Summary::default()
        });
        Event::Opened(Box::new(LogSummary { reports: reports.collect(), ..LogSummary::default() }))
    }

    /// A dump is open, and its log has two reports.
    fn open() -> State {
        let mut state = State::new("b1");
        let id = opening(&mut state, files());
        let effects = answer(&mut state, id, refused("dump"));
        assert_eq!(effects, [Effect::Dumps(Ask::Open(Rc::default()))]);
        told(&mut state, ["opening", "vmcore", "", ""]);
        told(&mut state, ["known", "vmcore", "6.4 MB", ""]);
        let id = open_id(&told(&mut state, ["log", "<6>a\n", "vmcore (log)", ""]));
        let effects = answer(&mut state, id, summary(2));
        assert!(effects.contains(&Effect::Dumps(Ask::Reports(0, "7 9 0 report 0\n7 9 0 report 1\n".to_owned()))));
        told(&mut state, ["opened", "", "", ""]);
        state
    }

    #[test]
    fn a_dump_goes_to_its_part_and_its_log_stands_beside_it() {
        let mut state = open();
        assert_eq!((state.word(), state.view), ("open", View::Dump("overview")));
        assert!(state.open.as_ref().is_some_and(is_of_dump));
        told(&mut state, ["show", "report", "", ""]);
        assert_eq!(state.view, View::Report);
        state.apply(Change::Show(View::Log), 6.0);
        assert_eq!(state.view, View::Dump("log"), "its part shows the log");
        told(&mut state, ["report", "1", "", ""]);
        assert_eq!((state.view, state.open.as_ref().unwrap().current), (View::Report, 1));
        state.apply(Change::Show(View::Dump("tasks")), 6.0);
        assert_eq!(state.view, View::Dump("tasks"));
    }

    #[test]
    fn what_is_open_stays_until_the_part_knows_a_dump() {
        let mut state = State::new("b1");
        let id = opening(&mut state, Source::Text(Rc::from("log")));
        answer(&mut state, id, summary(1));
        let id = opening(&mut state, files());
        answer(&mut state, id, refused("dump"));
        assert_eq!((state.word(), state.view), ("opening", View::Report));
        let effects = told(&mut state, ["failed", "no-kernel", "No kernel.", "Look."]);
        assert_eq!(effects, [Effect::Dumps(Ask::Close)]);
        assert_eq!(state.word(), "failed");
        assert!(state.dump.is_none() && state.open.is_some());
    }

    #[test]
    fn a_log_takes_the_dumps_place() {
        let mut state = open();
        let id = opening(&mut state, Source::Text(Rc::from("log")));
        assert!(state.dump.is_some());
        let effects = answer(&mut state, id, summary(1));
        assert!(effects.contains(&Effect::Dumps(Ask::Close)) && state.dump.is_none());
        assert_eq!(state.view, View::Report);
    }

    #[test]
    fn an_elf_file_goes_to_the_dump_that_is_open_and_is_refused_without_one() {
        let mut state = open();
        let id = opening(&mut state, files());
        assert_eq!(answer(&mut state, id, refused("elf")), [Effect::Dumps(Ask::Add(Rc::default()))]);
        let mut state = State::new("b1");
        let id = opening(&mut state, files());
        assert!(answer(&mut state, id, refused("elf")).is_empty());
        assert_eq!(state.word(), "failed");
    }

    #[test]
    fn a_part_that_can_not_be_loaded_is_said() {
        let mut state = State::new("b1");
        let id = opening(&mut state, files());
        answer(&mut state, id, refused("dump"));
        state.apply(Change::NoDumps("404".to_owned()), 3.0);
        assert!(state.problem.as_ref().is_some_and(|problem| problem.message.contains("404")));
        assert_eq!(state.word(), "failed");
        assert!(state.looking.is_none());
    }

    #[test]
    fn a_dead_engine_for_logs_gets_the_dumps_log_again() {
        let mut state = open();
        let effects = state.apply(Change::EngineDied("gone".to_owned()), 9.0);
        let again = effects.iter().any(|effect| {
            matches!(effect, Effect::Send { request: Request::Open { text: Some(text), .. }, .. } if text == "<6>a\n")
        });
        assert!(again && state.dump.is_some());
    }
}
