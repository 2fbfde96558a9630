//! The page's behaviour without a browser: what stays open, what is asked, what is said.

use super::*;
use oopscope_protocol::{LinkFacts, LogSummary, Progress, Redaction, Shared, Summary};
use oopscope_report::triage::{Totals, Triage};
use oopscope_report::{Frame, Report, Stack};

fn text(words: &str) -> Source {
    Source::Text(Rc::from(words))
}

fn summary(reports: u32) -> LogSummary {
    LogSummary {
        reports: (0..reports).map(|index| Summary { index, ..Summary::default() }).collect(),
        ..LogSummary::default()
    }
}

fn ready() -> State {
    let mut state = State::new("b1");
    let event = Event::Ready { build_id: "b1".to_owned(), examples: Vec::new() };
    state.apply(Change::Answer(Purpose::Hello, event), 0.0);
    state
}

fn opening_id(effects: &[Effect]) -> u32 {
    effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Send { purpose: Purpose::Open(id), .. } => Some(*id),
            _ => None,
        })
        .expect("an opening was begun")
}

fn answer_open(state: &mut State, effects: &[Effect], event: Event, now: f64) -> Vec<Effect> {
    state.apply(Change::Answer(Purpose::Open(opening_id(effects)), event), now)
}

fn open(words: &str, reports: u32) -> State {
    let mut state = ready();
    let effects = state.apply(Change::Open(text(words)), 1.0);
    answer_open(&mut state, &effects, Event::Opened(Box::new(summary(reports))), 4.0);
    state
}

fn open_source(state: &State) -> &Source {
    &state.open.as_ref().expect("something is open").source
}

fn failure() -> Event {
    Event::Failed(Problem { message: "no".to_owned(), ..Problem::default() })
}

#[test]
fn an_engine_of_another_build_is_not_used() {
    let mut state = State::new("b1");
    assert_eq!((state.word(), state.engine_word()), ("loading", "loading"));
    let event = Event::Ready { build_id: "b2".to_owned(), examples: Vec::new() };
    state.apply(Change::Answer(Purpose::Hello, event), 0.0);
    assert_eq!(state.engine_word(), "dead");
}

#[test]
fn opening_shows_the_first_report_and_says_how_long_it_took() {
    let mut state = ready();
    let effects = state.apply(Change::Open(text("log")), 1.0);
    assert_eq!(state.word(), "opening");
    let effects = answer_open(&mut state, &effects, Event::Opened(Box::new(summary(2))), 4.0);
    assert_eq!(state.word(), "open");
    assert_eq!(state.view, View::Report);
    assert!((state.open.as_ref().unwrap().took - 3.0).abs() < 1e-9);
    let asked =
        effects.iter().any(|effect| matches!(effect, Effect::Send { purpose: Purpose::Report { index: 0, .. }, .. }));
    assert!(asked && effects.contains(&Effect::ClearAddress));
}

#[test]
fn a_failed_opening_leaves_what_is_open() {
    let mut state = open("first", 1);
    let effects = state.apply(Change::Open(text("second")), 5.0);
    answer_open(&mut state, &effects, failure(), 6.0);
    assert_eq!(state.word(), "failed");
    assert_eq!(open_source(&state), &text("first"));
    assert!(!state.open.as_ref().unwrap().detached);
    state.apply(Change::Dismiss, 7.0);
    assert_eq!(state.word(), "open");
}

#[test]
fn answers_to_an_earlier_opening_are_dropped() {
    let mut state = ready();
    let first = state.apply(Change::Open(text("first")), 1.0);
    let second = state.apply(Change::Open(text("second")), 2.0);
    answer_open(&mut state, &first, Event::Opened(Box::new(summary(1))), 3.0);
    assert_eq!(state.word(), "opening");
    answer_open(&mut state, &second, Event::Opened(Box::new(summary(1))), 4.0);
    assert_eq!(open_source(&state), &text("second"));
}

#[test]
fn a_log_without_reports_is_shown_as_a_log() {
    let state = open("quiet", 0);
    assert_eq!((state.word(), state.view), ("open", View::Log));
    assert!(state.said.contains("no report"));
}

#[test]
fn progress_lists_a_bounded_number_of_reports_and_counts_all() {
    let mut state = ready();
    let effects = state.apply(Change::Open(text("log")), 1.0);
    for _ in 0..3 {
        let progress = Progress { new_reports: summary(40).reports, ..Progress::default() };
        answer_open(&mut state, &effects, Event::Progress(progress), 2.0);
    }
    let opening = state.opening.as_ref().unwrap();
    assert_eq!((opening.found.len(), opening.found_count), (50, 120));
}

#[test]
fn the_engine_dies_while_opening_and_the_input_is_opened_once_more() {
    let mut state = open("first", 1);
    state.apply(Change::Open(text("second")), 5.0);
    let effects = state.apply(Change::EngineDied("it broke".to_owned()), 6.0);
    assert_eq!(effects[0], Effect::StartEngine);
    assert_eq!(state.word(), "opening");
    assert_eq!(open_source(&state), &text("first"), "what was open stays on the screen");
    assert!(state.stopped.as_ref().unwrap().contains("it broke"));

    let event = Event::Ready { build_id: "b1".to_owned(), examples: Vec::new() };
    state.apply(Change::Answer(Purpose::Hello, event), 6.5);
    let effects = state.apply(Change::EngineDied("it broke".to_owned()), 7.0);
    assert!(state.problem.as_ref().unwrap().message.contains("twice"));
    let restored = state.opening.as_ref().expect("what was open is brought back");
    assert!(restored.restoring && restored.source == text("first"));
    answer_open(&mut state, &effects, Event::Opened(Box::new(summary(1))), 8.0);
    assert_eq!((state.word(), open_source(&state)), ("failed", &text("first")));
    assert!(!state.open.as_ref().unwrap().detached);
}

#[test]
fn an_idle_engine_that_dies_is_replaced_and_the_view_stays() {
    let mut state = open("log", 3);
    state.apply(Change::ShowReport(2), 5.0);
    let before = state.open.as_ref().unwrap().epoch;
    let effects = state.apply(Change::EngineDied("killed".to_owned()), 6.0);
    answer_open(&mut state, &effects, Event::Opened(Box::new(summary(3))), 7.0);
    let open = state.open.as_ref().unwrap();
    assert_eq!((open.current, state.view), (2, View::Report));
    assert_ne!(open.epoch, before, "what was asked before must be asked again");
    assert!(state.stopped.as_ref().unwrap().contains("again"));
}

#[test]
fn a_death_long_after_the_recovery_is_a_new_one() {
    for (later, stops) in [(1000.0, true), (60_000.0, false)] {
        let mut state = open("log", 1);
        let effects = state.apply(Change::EngineDied("killed".to_owned()), 10.0);
        answer_open(&mut state, &effects, Event::Opened(Box::new(summary(1))), 20.0);
        state.engine = EngineStatus::Ready;
        state.apply(Change::EngineDied("killed".to_owned()), 20.0 + later);
        assert_eq!(state.problem.is_some(), stops, "after {later} ms");
        assert!(state.open.as_ref().unwrap().detached);
        assert_eq!(state.opening.is_some(), !stops);
    }
}

#[test]
fn an_engine_that_does_not_start_is_given_up_until_asked_again() {
    let mut state = State::new("b1");
    for _ in 0..2 {
        assert_eq!(state.apply(Change::EngineDied("no wasm".to_owned()), 0.0), [Effect::StartEngine]);
    }
    assert_eq!(state.apply(Change::EngineDied("no wasm".to_owned()), 0.0), []);
    assert_eq!(state.engine_word(), "dead");
    assert_eq!(state.apply(Change::RetryEngine, 0.0), [Effect::StartEngine]);
    assert_eq!(state.engine_word(), "loading");
}

#[test]
fn a_cancel_that_is_not_answered_replaces_the_engine_and_keeps_what_is_open() {
    let mut state = open("first", 1);
    let effects = state.apply(Change::Open(text("huge")), 5.0);
    let id = opening_id(&effects);
    assert_eq!(state.apply(Change::Cancel, 6.0), [Effect::Cancel, Effect::WatchCancel(id)]);
    assert_eq!(state.apply(Change::Cancel, 6.1), [], "pressed twice");
    let effects = state.apply(Change::CancelOverdue(id), 7.0);
    assert_eq!(effects[0], Effect::StartEngine);
    assert!(state.opening.as_ref().unwrap().restoring);
    assert_eq!(state.apply(Change::CancelOverdue(id), 8.0), [], "a late timer does no harm");
}

#[test]
fn a_link_keeps_the_way_back_and_its_view() {
    let mut state = open("log", 1);
    let link = Source::Link(Rc::from("o1abc"));
    let effects = state.apply(Change::Open(link.clone()), 5.0);
    let view = protocol::View { line: Some(445), tab: Some("report".to_owned()) };
    let facts = LinkFacts { view, first_line: 400, report: Some(1), problem: None };
    let opened = LogSummary { link: Some(facts), ..summary(2) };
    let effects = answer_open(&mut state, &effects, Event::Opened(Box::new(opened)), 6.0);
    assert!(!effects.contains(&Effect::ClearAddress), "the link stays in the address bar");
    assert_eq!(state.open.as_ref().unwrap().selection.unwrap().line, 46);
    assert_eq!(state.open.as_ref().unwrap().current, 1, "the report that the link is about");
    assert_eq!(state.previous, Some(text("log")));
    let effects = state.apply(Change::AddressEmptied, 7.0);
    answer_open(&mut state, &effects, Event::Opened(Box::new(summary(1))), 8.0);
    assert_eq!(open_source(&state), &text("log"));
    assert_eq!(state.previous, None);
}

#[test]
fn switching_reports_stays_inside_the_list_and_drops_the_selection() {
    let mut state = open("log", 3);
    state.apply(Change::Select(7, Origin::Log), 5.0);
    state.apply(Change::StepReport(1), 5.0);
    let open = state.open.as_ref().unwrap();
    assert_eq!((open.current, open.selection), (1, None));
    state.apply(Change::StepReport(5), 5.0);
    assert_eq!(state.open.as_ref().unwrap().current, 2);
    state.apply(Change::StepReport(-9), 5.0);
    assert_eq!(state.open.as_ref().unwrap().current, 0);
    assert_eq!(state.apply(Change::ShowReport(99), 5.0), []);
}

#[test]
fn reports_kept_on_the_page_are_bounded() {
    let mut state = open("log", 500);
    let epoch = state.open.as_ref().unwrap().epoch;
    for index in 0..500 {
        state.apply(Change::ShowReport(index), 5.0);
        let event = Event::Report(Box::default());
        state.apply(Change::Answer(Purpose::Report { epoch, index }, event), 5.0);
    }
    let open = state.open.as_ref().unwrap();
    assert_eq!(open.reports.len(), MAX_REPORTS);
    assert!(open.report().is_some());
}

#[test]
fn stepping_through_frames_selects_their_lines() {
    let mut state = open("log", 1);
    let epoch = state.open.as_ref().unwrap().epoch;
    let frames = (10..13).map(|line| Frame { line, reliable: true, ..Frame::default() }).collect();
    let report = Report { stacks: vec![Stack { frames, ..Stack::default() }], ..Report::default() };
    state.apply(Change::Answer(Purpose::Report { epoch, index: 0 }, Event::Report(Box::new(report))), 5.0);
    let mut lines = Vec::new();
    for step in [1, 1, 1, 1, -1] {
        state.apply(Change::StepFrame(step), 5.0);
        lines.push(state.open.as_ref().unwrap().selection.unwrap().line);
    }
    assert_eq!(lines, [10, 11, 12, 12, 11]);
}

#[test]
fn only_the_last_answer_for_the_share_dialog_counts() {
    let mut state = open("log", 1);
    state.apply(Change::Share, 5.0);
    let effects = state.apply(Change::ShareWith(vec!["ip".to_owned()]), 6.0);
    let [Effect::Send { purpose: Purpose::Share(last), .. }] = effects[..] else { panic!("{effects:?}") };
    let shared = |length| Event::Shared(Box::new(Shared { length, ..Shared::default() }));
    state.apply(Change::Answer(Purpose::Share(last), shared(2)), 7.0);
    state.apply(Change::Answer(Purpose::Share(last - 1), shared(1)), 8.0);
    let Some(Dialog::Share(sharing)) = &state.dialog else { panic!("the dialog is open") };
    assert_eq!(sharing.shared.as_ref().unwrap().length, 2);
}

/// Until the engine has answered, the text on the screen is not the one that the switches ask for.
#[test]
fn a_switch_moves_at_once_and_nothing_can_be_copied_until_the_text_is_there() {
    let mut state = open("log", 1);
    let sharing = |state: &State| match &state.dialog {
        Some(Dialog::Share(sharing)) => Rc::clone(sharing),
        other => panic!("{other:?}"),
    };
    let redaction = |on| Redaction { name: "ip".to_owned(), on, ..Redaction::default() };
    let answer = |effects: &[Effect], on| {
        let [Effect::Send { purpose: Purpose::Share(serial), .. }] = *effects else { panic!("{effects:?}") };
        let shared = Shared { redactions: vec![redaction(on)], ..Shared::default() };
        Change::Answer(Purpose::Share(serial), Event::Shared(Box::new(shared)))
    };
    let effects = state.apply(Change::Share, 5.0);
    state.apply(answer(&effects, true), 6.0);
    assert!(!sharing(&state).pending && sharing(&state).shared.as_ref().unwrap().redactions[0].on);
    let effects = state.apply(Change::ShareWith(Vec::new()), 7.0);
    assert!(sharing(&state).pending && !sharing(&state).shared.as_ref().unwrap().redactions[0].on);
    state.apply(answer(&effects, false), 8.0);
    assert!(!sharing(&state).pending);
}

#[test]
fn what_is_refused_by_the_page_leaves_what_is_open() {
    let mut state = open("log", 1);
    let problem = Problem { message: "a folder".to_owned(), ..Problem::default() };
    assert_eq!(state.apply(Change::Refuse(problem), 5.0), []);
    assert_eq!((state.word(), open_source(&state)), ("failed", &text("log")));
}

#[test]
fn closing_a_fold_drops_the_selection_that_would_hold_it_open() {
    let mut state = open("log", 1);
    let fold = Fold::Run(0, 3);
    state.apply(Change::Fold(fold, true), 5.0);
    state.apply(Change::Select(7, Origin::Log), 5.0);
    assert_eq!(state.open.as_ref().unwrap().folds.get(&fold), Some(&true));
    state.apply(Change::Fold(fold, false), 5.0);
    let open = state.open.as_ref().unwrap();
    assert_eq!((open.folds.get(&fold), open.selection), (Some(&false), None));
}

#[test]
fn a_word_is_shown_until_its_own_time_is_over() {
    let mut state = ready();
    let effects = state.apply(Change::Say("Copied.".to_owned()), 1.0);
    let [Effect::Unsay(first)] = effects[..] else { panic!("{effects:?}") };
    state.apply(Change::Say("Saved.".to_owned()), 2.0);
    state.apply(Change::Unsay(first), 3.0);
    assert_eq!(state.flash.as_ref().map(|(_, words)| words.as_str()), Some("Saved."));
    let (second, _) = state.flash.clone().unwrap();
    state.apply(Change::Unsay(second), 4.0);
    assert_eq!(state.flash, None);
}

#[test]
fn a_new_input_clears_what_was_said_of_the_engine() {
    let mut state = open("log", 1);
    state.apply(Change::EngineDied("killed".to_owned()), 5.0);
    assert!(state.stopped.is_some());
    state.apply(Change::Open(text("other")), 6.0);
    assert_eq!(state.stopped, None);
}

#[test]
fn lines_that_cannot_be_read_are_said_and_nothing_is_closed() {
    let mut state = open("log", 1);
    state.apply(Change::Answer(Purpose::Lines, failure()), 5.0);
    assert_eq!((state.word(), state.said.as_str()), ("open", "no"));
    assert!(state.problem.is_some());
}

fn paths(names: &[&str]) -> Vec<TriageFile> {
    names.iter().map(|&path| TriageFile { path: path.to_owned(), modified: None }).collect()
}

fn many(state: &mut State, folder: Option<&str>) -> (Vec<Effect>, u32) {
    let change = Change::Files {
        files: Vec::new(),
        paths: paths(&["logs/a.log", "logs/b.log"]),
        folder: folder.map(str::to_owned),
        note: None,
    };
    let effects = state.apply(change, 1.0);
    let id = effects.iter().find_map(|effect| match effect {
        Effect::Send { purpose: Purpose::Triage(id), .. } => Some(*id),
        _ => None,
    });
    (effects, id.unwrap_or_default())
}

fn groups(state: &mut State, id: u32) {
    let triaged = Triage { totals: Totals { reports: 3, groups: 2, ..Totals::default() }, ..Triage::default() };
    state.apply(Change::Answer(Purpose::Triage(id), Event::Triaged(Box::new(triaged))), 9.0);
}

#[test]
fn a_folder_is_read_log_by_log_and_what_was_open_stays() {
    let mut state = open("first", 1);
    let (_, id) = many(&mut state, Some("logs"));
    assert_eq!((state.word(), state.view), ("opening", View::Triage));
    groups(&mut state, id);
    assert_eq!((state.word(), state.said.as_str()), ("triage", "logs: 3 reports in 2 groups"));
    assert_eq!(open_source(&state), &text("first"));
    state.apply(Change::Show(View::Report), 10.0);
    assert_eq!(state.view, View::Report);
    state.apply(Change::Show(View::Triage), 10.0);
    assert_eq!(state.view, View::Triage);
    let copied = state.apply(Change::Copy(Format::Text), 10.0);
    let format = TriageFormat::Text;
    assert_eq!(copied, [send(Purpose::Copy, Request::RenderTriage { format })], "what is on the screen is copied");
    assert!(state.apply(Change::Share, 10.0).is_empty(), "there is no one report to share");
}

#[test]
fn a_few_loose_files_are_one_log() {
    let mut state = ready();
    let (effects, id) = many(&mut state, None);
    assert_eq!(id, 0);
    assert!(matches!(effects[..], [Effect::Send { purpose: Purpose::Open(_), .. }]));
}

#[test]
fn a_triage_can_be_cancelled_and_by_force() {
    let mut state = open("first", 1);
    let (_, id) = many(&mut state, Some("logs"));
    assert_eq!(state.apply(Change::Cancel, 2.0), [Effect::Cancel, Effect::WatchCancel(id)]);
    assert!(state.apply(Change::Cancel, 2.0).is_empty(), "once is enough");
    let effects = state.apply(Change::CancelOverdue(id), 3.0);
    assert_eq!(effects[0], Effect::StartEngine);
    assert!(state.many.is_none());
    assert_eq!(opening_id(&effects), state.opening.as_ref().unwrap().id, "what was open is opened again");
}

#[test]
fn groups_outlive_the_engine_and_a_triage_under_way_does_not() {
    let mut state = ready();
    let (_, id) = many(&mut state, Some("logs"));
    groups(&mut state, id);
    let effects = state.apply(Change::EngineDied("out of memory".to_owned()), 20.0);
    assert_eq!(effects, [Effect::StartEngine]);
    assert!(state.many.as_ref().unwrap().triage().is_some());
    assert!(state.apply(Change::RenderTriage(TriageFormat::Html), 21.0).is_empty(), "nobody holds it any more");

    let (_, id) = many(&mut state, Some("logs"));
    state.apply(Change::EngineDied("out of memory".to_owned()), 30.0);
    assert!(state.many.is_none());
    assert_eq!((state.view, state.word()), (View::Start, "failed"));
    assert!(state.problem.as_ref().unwrap().message.contains("out of memory"));
    groups(&mut state, id);
    assert!(state.many.is_none(), "a late answer changes nothing");
}

#[test]
fn a_link_to_a_report_of_many_shows_that_report() {
    let mut state = ready();
    let effects = state.apply(Change::Open(text("log")), 1.0);
    state.opening.as_mut().unwrap().wanted = Some(2);
    answer_open(&mut state, &effects, Event::Opened(Box::new(summary(4))), 4.0);
    assert_eq!(state.open.as_ref().unwrap().current, 2);
}
