//! The behaviour without a browser: what stays open, what is asked, what the page is told.

use super::*;
use crate::state::{Found, OpenFrame, Tab};
use oopscope_protocol::{Cost, VmcoreProgress};
use oopscope_report::vmcore::{Cpu, DumpFacts, LogRecord, Panic, Task, Unread};

fn ready() -> State {
    let mut state = State::new("b1");
    let event = VmcoreEvent::Ready { build_id: "b1".to_owned(), commands: Vec::new() };
    state.engine = EngineStatus::Loading;
    state.apply(Change::Answer(Purpose::Hello, event), 0.0);
    state
}

fn begin(state: &mut State, now: f64) -> u32 {
    let effects = state.apply(Change::Open { files: Vec::new(), add: false }, now);
    opening_id(&effects)
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

fn answer(state: &mut State, id: u32, event: VmcoreEvent, now: f64) -> Vec<Effect> {
    state.apply(Change::Answer(Purpose::Open(id), event), now)
}

fn done(incomplete: bool) -> VmcoreEvent {
    VmcoreEvent::Done { unread: Vec::new(), incomplete, cost: Cost::default() }
}

fn open() -> State {
    let mut state = ready();
    let id = begin(&mut state, 1.0);
    answer(&mut state, id, VmcoreEvent::Dump(Box::default()), 2.0);
    answer(&mut state, id, done(false), 5.0);
    state
}

fn log(text: &str, record: &str) -> VmcoreEvent {
    let records = vec![LogRecord { text: record.to_owned(), ..LogRecord::default() }];
    VmcoreEvent::Log { text: text.to_owned(), name: "dmesg".to_owned(), records, unread: Vec::new() }
}

fn told(effects: &[Effect]) -> Vec<&Tell> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Tell(tell) => Some(tell),
            _ => None,
        })
        .collect()
}

fn failed() -> VmcoreEvent {
    VmcoreEvent::Failed(Problem { message: "no".to_owned(), ..Problem::default() })
}

#[test]
fn the_first_dump_starts_the_engine_and_the_second_does_not() {
    let mut state = State::new("b1");
    let first = state.apply(Change::Open { files: Vec::new(), add: false }, 0.0);
    assert!(first.contains(&Effect::StartEngine));
    let second = state.apply(Change::Open { files: Vec::new(), add: false }, 0.0);
    assert!(!second.contains(&Effect::StartEngine));
}

#[test]
fn an_engine_that_is_started_ahead_and_ends_is_nobodys_loss() {
    let mut state = State::new("b1");
    assert_eq!(state.prepare(), [Effect::StartEngine]);
    assert!(state.prepare().is_empty());
    assert!(state.apply(Change::EngineDied("its files can't be loaded".to_owned()), 1.0).is_empty());
    let effects = state.apply(Change::Open { files: Vec::new(), add: false }, 2.0);
    assert!(effects.contains(&Effect::StartEngine) && opening_id(&effects) > 0);
}

#[test]
fn what_comes_is_told_and_kept_as_it_comes() {
    let mut state = ready();
    let id = begin(&mut state, 1.0);
    let progress = VmcoreProgress {
        stage: "pages".to_owned(),
        cost: Cost { bytes: 9, ..Cost::default() },
        ..VmcoreProgress::default()
    };
    let effects = answer(&mut state, id, VmcoreEvent::Progress(progress), 1.5);
    assert!(matches!(told(&effects)[..], [Tell::Status(_)]));
    assert!(state.files.is_none(), "progress alone does not make a dump");
    let log = log("<6>a\n<6>b\n", "a\nb");
    let effects = answer(&mut state, id, log, 2.0);
    assert!(told(&effects).iter().any(|tell| matches!(tell, Tell::Known(..))));
    assert!(told(&effects).iter().any(|tell| matches!(tell, Tell::Log(..))));
    assert_eq!(state.found.log.as_ref().unwrap().log.len(), 2);
    answer(&mut state, id, VmcoreEvent::Panic(Box::default()), 2.0);
    assert!(state.found.panic.is_some() && state.reading());
    let effects = answer(&mut state, id, done(false), 5.0);
    assert!(told(&effects).contains(&&Tell::Opened));
    assert!(!state.reading() && state.opening.is_none());
}

#[test]
fn what_is_no_dump_leaves_what_is_open() {
    let mut state = open();
    state.found.panic = Some(Same::from(Box::<Panic>::default()));
    let id = begin(&mut state, 6.0);
    let effects = answer(&mut state, id, failed(), 7.0);
    assert!(matches!(told(&effects)[..], [Tell::Failed(_)]));
    assert!(state.found.panic.is_some() && state.files.is_some() && !state.detached);
}

#[test]
fn another_dump_takes_the_place_as_soon_as_it_is_known() {
    let mut state = open();
    state.found.panic = Some(Same::from(Box::<Panic>::default()));
    state.whose = Whose::Cpu(3);
    let id = begin(&mut state, 6.0);
    assert!(state.found.panic.is_some());
    answer(&mut state, id, VmcoreEvent::Dump(Box::default()), 7.0);
    assert!(state.found.panic.is_none());
    assert_eq!(state.whose, Whose::Panic);
}

#[test]
fn a_file_without_a_magic_number_is_a_dump_once_a_kernel_is_in_it() {
    let raw = || VmcoreEvent::Dump(Box::new(DumpFacts { format: "raw".to_owned(), ..DumpFacts::default() }));
    let mut state = open();
    state.found.panic = Some(Same::from(Box::<Panic>::default()));
    let id = begin(&mut state, 6.0);
    assert!(answer(&mut state, id, raw(), 7.0).is_empty());
    let effects = answer(&mut state, id, failed(), 8.0);
    assert!(matches!(told(&effects)[..], [Tell::Failed(_)]));
    assert!(state.found.panic.is_some(), "a disk's image is no dump");
    let id = begin(&mut state, 9.0);
    answer(&mut state, id, raw(), 10.0);
    answer(&mut state, id, raw(), 11.0);
    assert!(state.found.panic.is_none() && state.found.dump.is_some());
}

#[test]
fn a_dump_without_a_panic_shows_its_first_cpu() {
    let mut state = ready();
    let id = begin(&mut state, 1.0);
    let cpus = vec![Cpu { number: 2, ..Cpu::default() }];
    answer(&mut state, id, VmcoreEvent::Cpus { cpus }, 2.0);
    assert_eq!(state.whose, Whose::Cpu(2));
}

#[test]
fn a_cancelled_opening_keeps_what_was_found_or_what_was_open() {
    let mut state = ready();
    let id = begin(&mut state, 1.0);
    assert_eq!(state.apply(Change::Cancel, 2.0), [Effect::Cancel, Effect::WatchCancel(id)]);
    assert!(state.apply(Change::Cancel, 2.0).is_empty(), "once is enough");
    let effects = answer(&mut state, id, done(true), 3.0);
    assert_eq!(told(&effects), [&Tell::Cancelled]);

    let mut state = open();
    let id = begin(&mut state, 6.0);
    answer(&mut state, id, VmcoreEvent::Dump(Box::default()), 7.0);
    state.apply(Change::Cancel, 8.0);
    let effects = state.apply(Change::CancelOverdue(id), 9.0);
    assert!(effects.contains(&Effect::StartEngine) && state.detached);
    assert!(state.found.dump.is_some() && state.found.done.as_ref().unwrap().incomplete);
    opening_id(&state.apply(Change::Reopen, 10.0));
    assert!(state.apply(Change::CancelOverdue(id), 11.0).is_empty(), "of an opening that is over");
}

#[test]
fn cancelling_what_is_not_known_brings_back_what_was_open() {
    let mut state = open();
    let id = begin(&mut state, 6.0);
    state.apply(Change::Cancel, 7.0);
    let effects = state.apply(Change::CancelOverdue(id), 8.0);
    assert!(told(&effects).contains(&&Tell::Cancelled));
    opening_id(&effects);
    assert!(state.opening.as_ref().unwrap().restoring);
}

#[test]
fn a_dead_engine_is_replaced_and_opens_the_same_again_but_not_for_ever() {
    let mut state = open();
    state.found.panic = Some(Same::from(Box::<Panic>::default()));
    state.console.edit("bt -a".to_owned());
    state.apply(Change::Submit, 20.0);
    let effects = state.apply(Change::EngineDied("out of memory".to_owned()), 21.0);
    assert!(effects.contains(&Effect::StartEngine) && !state.console.waiting());
    let id = opening_id(&effects);
    assert!(state.found.panic.is_some(), "what is on the screen stays");
    let log = log("<6>a\n", "a");
    state.found.log = Some(crate::state::LogFound { log: Same::default(), unread: Vec::new() });
    let effects = answer(&mut state, id, log, 21.5);
    assert!(!told(&effects).iter().any(|tell| matches!(tell, Tell::Log(..))), "the page has it already");
    answer(&mut state, id, done(false), 22.0);
    assert!(!state.detached);
    let effects = state.apply(Change::EngineDied("out of memory".to_owned()), 23.0);
    assert!(told(&effects).iter().any(|tell| matches!(tell, Tell::Problem(_))));
    assert!(state.opening.is_none() && state.detached);
}

#[test]
fn an_engine_that_does_not_start_is_given_up_and_can_be_tried_again() {
    let mut state = State::new("b1");
    state.apply(Change::Open { files: Vec::new(), add: false }, 0.0);
    for _ in 0..4 {
        state.apply(Change::EngineDied("its files can't be loaded".to_owned()), 1.0);
    }
    assert!(matches!(state.engine, EngineStatus::Dead(_)));
    assert!(state.opening.is_none());
    let effects = state.apply(Change::Open { files: Vec::new(), add: false }, 2.0);
    assert!(effects.contains(&Effect::StartEngine));
}

#[test]
fn a_task_is_asked_for_once() {
    let mut state = open();
    state.tab = Some(Tab::Tasks);
    let effects = state.apply(Change::ShowStack(Whose::Task(0x1000)), 6.0);
    assert!(told(&effects).contains(&&Tell::Show("backtraces")));
    assert_eq!(effects.len(), 2);
    state.tab = Some(Tab::Backtraces);
    assert!(state.apply(Change::ShowStack(Whose::Task(0x1000)), 7.0).is_empty());
    state.apply(Change::Answer(Purpose::Backtrace(0x1000), VmcoreEvent::Backtrace(Box::default())), 8.0);
    assert!(matches!(state.stacks.get(&0x1000), Some(Asked::There(_))));
    for task in 0..200 {
        state.apply(Change::ShowStack(Whose::Task(0x2000 + task)), 9.0);
    }
    assert!(state.chosen.len() == MAX_CHOSEN && state.stacks.len() <= MAX_CHOSEN);
}

#[test]
fn commands_are_answered_where_they_were_asked() {
    let mut state = open();
    state.apply(Change::Type("bt".to_owned()), 6.0);
    let effects = state.apply(Change::Submit, 6.0);
    let [Effect::Send { purpose, request: VmcoreRequest::Command { line }, .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(line, "bt");
    let output = VmcoreEvent::Output {
        line: "bt".to_owned(),
        text: "#0\n".to_owned(),
        answer: None,
        problem: None,
        cost: Cost::default(),
    };
    let purpose = purpose.clone();
    state.apply(Change::Answer(purpose, output), 9.0);
    assert_eq!(&*state.console.entries[0].answer.as_ref().unwrap().text, "#0\n");
    let id = state.console.entries[0].id;
    let effects = state.apply(Change::SaveAnswer(id), 10.0);
    assert_eq!(told(&effects), [&Tell::Save("#0\n".to_owned(), "oopscope-bt.txt".to_owned())]);
    state.detached = true;
    state.apply(Change::Type("ps".to_owned()), 11.0);
    assert!(state.apply(Change::Submit, 11.0).is_empty());
    assert!(state.console.entries[1].answer.as_ref().unwrap().problem.is_some());
}

#[test]
fn the_stack_that_is_shown_is_the_one_that_is_copied() {
    let mut state = open();
    state.tab = Some(Tab::Backtraces);
    let line = |effects: &[Effect]| match effects {
        [Effect::Send { request: VmcoreRequest::Command { line }, .. }] => line.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(line(&state.apply(Change::Copy, 1.0)), "bt");
    state.whose = Whose::Cpu(7);
    assert_eq!(line(&state.apply(Change::CopyStack, 1.0)), "bt -c 7");
    state.whose = Whose::Task(0xffff_8880_0000_1000);
    assert_eq!(line(&state.apply(Change::CopyStack, 1.0)), "bt 0xffff888000001000");
}

#[test]
fn closing_forgets_all_but_the_numbers() {
    let mut state = open();
    let serial = state.serial;
    state.found = Found {
        tasks: Some(Same::new(vec![Task::default()])),
        tasks_unread: vec![Unread::default()],
        ..Found::default()
    };
    assert_eq!(state.apply(Change::Close, 9.0), [Effect::StopEngine]);
    assert!(state.files.is_none() && state.found.tasks.is_none());
    assert_eq!(state.serial, serial, "late answers must not meet a number again");
}

#[test]
fn a_frame_is_opened_to_its_variables_and_closed() {
    let mut state = open();
    let effects = state.apply(Change::OpenFrame(0x1000, 2), 1.0);
    let wanted = VmcoreRequest::Locals { task: Address(0x1000), frame: 2 };
    assert!(matches!(&effects[..], [Effect::Send { request, .. }] if *request == wanted));
    let answer = |state: &mut State| {
        state.apply(Change::Answer(Purpose::Locals(0x1000, 2), VmcoreEvent::Locals(Box::default())), 2.0);
    };
    answer(&mut state);
    assert!(matches!(state.frames.get(&(0x1000, 2)), Some(OpenFrame::There(_))));
    assert!(state.apply(Change::OpenFrame(0x1000, 2), 3.0).is_empty());
    answer(&mut state);
    assert!(state.frames.is_empty(), "an answer to what was closed opens nothing");
}
