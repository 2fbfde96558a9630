//! A triage through the session: progress, cancel, what stays open, and the texts made of it.

mod common;

use common::{Driver, guest, text};
use oopscope_protocol::{Event, Format, MAX_TRIAGE_FILES, Problem, Request, TriageFile, TriageFormat};
use oopscope_report::triage::{SeenBy, Triage};
use oopscope_session::Input;

fn files(names: &[&str]) -> Vec<TriageFile> {
    names.iter().map(|name| TriageFile { path: format!("folder/{name}"), modified: Some(1_786_970_096_999) }).collect()
}

fn triage(driver: &mut Driver, files: Vec<TriageFile>, inputs: Vec<Input>) -> Result<Triage, Problem> {
    match driver.run(Request::Triage { files }, inputs).pop() {
        Some(Event::Triaged(triage)) => Ok(*triage),
        Some(Event::Failed(problem)) => Err(problem),
        other => panic!("not a triage: {other:?}"),
    }
}

fn render(driver: &mut Driver, format: TriageFormat) -> Result<(String, String), Problem> {
    match driver.run(Request::RenderTriage { format }, Vec::new()).pop() {
        Some(Event::Rendered { text, file_name }) => Ok((text, file_name)),
        Some(Event::Failed(problem)) => Err(problem),
        other => panic!("no text: {other:?}"),
    }
}

#[test]
fn the_same_bug_of_two_kernels_is_one_group() {
    let mut driver = Driver::new();
    let names = ["a.log", "b.log", "c.log", "d"];
    let inputs = vec![
        guest("6.1/bug"),
        guest("5.10/bug"),
        text("c.log", "nothing\n"),
        Input::from_bytes("d", b"\x7fELF\x02\x01\x01\0\0\0".to_vec()),
    ];
    let triage = triage(&mut driver, files(&names), inputs).unwrap();
    let totals = &triage.totals;
    assert_eq!((totals.files, totals.with_reports, totals.silent, totals.unreadable), (4, 2, 1, 1));
    let first = &triage.groups[0];
    assert_eq!((first.files, first.example.path.as_str(), first.example.file), (2, "folder/a.log", 0));
    assert!(first.kernels[0].starts_with("6.1") && first.kernels[1].starts_with("5.10"), "{:?}", first.kernels);
    let seen = first.last.unwrap();
    assert_eq!((seen.unix, seen.by), (1_786_970_096, SeenBy::File));
    assert_eq!((triage.unreadable[0].path.as_str(), triage.unreadable[0].file), ("folder/d", 3));
}

#[test]
fn progress_counts_up_to_everything() {
    let mut driver = Driver::new();
    let names: Vec<String> = (0..200).map(|n| format!("{n}.log")).collect();
    let inputs = || names.iter().map(|_| guest("6.1/bug")).collect::<Vec<_>>();
    let total: u64 = inputs().iter().map(|input| input.source.len()).sum();
    let events = driver.run(Request::Triage { files: Vec::new() }, inputs());
    let steps: Vec<_> = events
        .iter()
        .filter_map(|event| if let Event::TriageProgress(progress) = event { Some(progress) } else { None })
        .collect();
    assert!(steps.len() > 2, "only {} steps", steps.len());
    assert!(steps.windows(2).all(|pair| pair[0].files <= pair[1].files && pair[0].done <= pair[1].done));
    assert!(steps.iter().all(|step| step.total == total && step.total_files == 200 && step.groups <= 1));
    let Some(Event::Triaged(triage)) = events.last() else { panic!("no answer") };
    assert_eq!((triage.totals.files, triage.groups[0].files), (200, 200));
    assert_eq!(triage.groups[0].example.path, "bug.log", "without a path the file's name stands");
}

#[test]
fn what_is_open_stays_open() {
    let mut driver = Driver::new();
    driver.open(vec![guest("6.1/two_oopses")]).unwrap();
    let before = driver.render(None, Format::Text);
    triage(&mut driver, files(&["a"]), vec![guest("6.1/bug")]).unwrap();
    assert_eq!(driver.render(None, Format::Text), before);
}

#[test]
fn a_cancelled_triage_gives_what_it_has() {
    let mut driver = Driver::new();
    let inputs: Vec<_> = (0..200).map(|_| guest("6.1/bug")).collect();
    let (id, _) = driver.send(Request::Triage { files: Vec::new() }, inputs);
    driver.session.step();
    let (_, answers) = driver.send(Request::Cancel, Vec::new());
    let triage = answers.into_iter().find_map(|answer| match answer.event {
        Event::Triaged(triage) if answer.id == id => Some(triage),
        _ => None,
    });
    let totals = triage.expect("an answer to the triage").totals;
    assert!(totals.incomplete && totals.files > 0 && totals.files < 200, "{totals:?}");
    assert!(!driver.session.is_busy());
}

#[test]
fn a_newer_triage_takes_the_place_of_the_older() {
    let mut driver = Driver::new();
    let (old, _) = driver.send(Request::Triage { files: Vec::new() }, vec![guest("6.1/bug")]);
    let (_, answers) = driver.send(Request::Triage { files: Vec::new() }, vec![guest("6.1/bug")]);
    let failed = answers.iter().find(|answer| answer.id == old).map(|answer| &answer.event);
    assert!(matches!(failed, Some(Event::Failed(problem)) if problem.code == "superseded"), "{failed:?}");
}

#[test]
fn the_last_triage_can_be_saved_in_three_forms() {
    let mut driver = Driver::new();
    assert_eq!(render(&mut driver, TriageFormat::Text).unwrap_err().code, "no-triage");
    triage(&mut driver, files(&["a.log"]), vec![guest("6.1/bug")]).unwrap();
    for (format, ending, begins) in [
        (TriageFormat::Text, "txt", "1 file: "),
        (TriageFormat::JsonLines, "jsonl", "{\"type\":\"totals\",\"schema\":\"oopscope-triage/1\""),
        (TriageFormat::Html, "html", "<!doctype html>"),
    ] {
        let (text, name) = render(&mut driver, format).unwrap();
        assert!(text.starts_with(begins) && text.contains("folder/a.log"), "{text}");
        assert_eq!(name, format!("oopscope-triage.{ending}"));
    }
}

#[test]
fn nothing_and_too_much_are_refused() {
    let mut driver = Driver::new();
    assert_eq!(triage(&mut driver, Vec::new(), Vec::new()).unwrap_err().code, "bad-request");
    let many = (0..=MAX_TRIAGE_FILES).map(|_| text("x", "x")).collect();
    let problem = triage(&mut driver, Vec::new(), many).unwrap_err();
    assert!(problem.advice.contains("oopscope triage"), "{problem:?}");
}
