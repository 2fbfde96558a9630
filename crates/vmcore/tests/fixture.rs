//! The committed dump, opened without anything else, against what another debugger says of it with its vmlinux, and against
//! the guest's serial console.

use oopscope_dump::Part;
use oopscope_protocol::VmcoreEvent;
use oopscope_report::vmcore::{Frame, Trust};
use oopscope_vmcore::{Found, Opening, Session};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/dumps").join(name)
}

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn read(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn oracle() -> Value {
    serde_json::from_slice(&read("small.oracle.json")).unwrap()
}

fn parts(bytes: Vec<u8>) -> Vec<Part> {
    vec![Part { name: "small.vmcore".to_owned(), bytes: Box::new(bytes) }]
}

fn opened() -> Found {
    let mut opening = Opening::new(parts(read("small.vmcore")));
    while opening.step(&mut |_| {}).unwrap() {}
    opening.into_found()
}

/// Functions that are no inlined ones, innermost first.
fn functions(frames: &[Frame]) -> Vec<String> {
    frames.iter().map(|frame| frame.function.clone().unwrap_or_default()).collect()
}

/// The same of the other debugger's frames: of each function that was really called all its names.
fn functions_of(frames: &Value) -> Vec<Vec<String>> {
    let names = |frame: &Value| {
        let all = frame["names"].as_array().unwrap().iter();
        all.map(|name| name[0].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let frames = frames.as_array().unwrap().iter();
    // It ends with the user's own instruction, which has no function.
    frames.filter(|frame| frame["inlined"] == false).map(names).filter(|names| !names.is_empty()).collect()
}

#[test]
fn every_task_is_the_one_that_the_other_debugger_has() {
    let found = opened();
    let ours: Vec<Value> = found
        .tasks()
        .iter()
        .map(|task| {
            serde_json::json!({
                "pid": task.pid, "tgid": task.tgid, "ppid": task.ppid, "comm": task.comm, "state": task.state,
                "cpu": task.cpu, "address": task.address,
            })
        })
        .collect();
    let oracle = oracle();
    let theirs = oracle["tasks"].as_array().unwrap();
    assert_eq!(ours.len(), theirs.len());
    for task in theirs {
        assert!(ours.contains(task), "{task} is not among {ours:#?}");
    }
}

#[test]
fn the_panicking_tasks_frames_are_those_that_the_other_debugger_has() {
    let found = opened();
    let panic = found.panic().unwrap();
    let theirs = &oracle()["panic"];
    assert_eq!(panic.pid.map(i64::from), theirs["pid"].as_i64());
    assert_eq!(panic.cpu.map(i64::from), theirs["cpu"].as_i64());
    assert_eq!(panic.comm.as_deref(), theirs["comm"].as_str());
    assert_eq!(panic.message.as_deref(), Some("BUG: kernel NULL pointer dereference, address: 0000000000000100"));
    let ours = functions(&panic.backtrace);
    let theirs = functions_of(&theirs["frames"]);
    assert_eq!(ours.len(), theirs.len(), "{ours:?} {theirs:?}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!(theirs.contains(ours), "{ours} is none of {theirs:?}");
    }
    assert!(panic.backtrace.iter().all(|frame| frame.trust != Trust::Scan));
    let guilty = panic.backtrace.iter().find(|frame| frame.module.is_some()).unwrap();
    assert_eq!(guilty.function.as_deref(), Some("guest_irq_null_write"));
    assert_eq!(guilty.module.as_deref(), Some("oops_guest"));
}

#[test]
fn the_log_is_the_consoles() {
    let found = opened();
    let console = String::from_utf8(read("small.serial")).unwrap().replace('\r', "");
    let mut missing = Vec::new();
    for record in found.records() {
        for line in record.text.lines() {
            if !console.contains(line) {
                missing.push(line.to_owned());
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    let theirs = oracle();
    let theirs = theirs["log"].as_array().unwrap();
    assert_eq!(found.records().len(), theirs.len());
    for (ours, theirs) in found.records().iter().zip(theirs) {
        assert_eq!(Some(ours.text.as_str()), theirs["text"].as_str());
        assert_eq!(ours.level.map(u64::from), theirs["level"].as_u64());
        assert_eq!(ours.caller.as_deref(), theirs["caller"].as_str());
    }
}

/// The page tells by the number of a line of the text which line of which record it is.
#[test]
fn each_line_of_a_record_is_a_line_of_the_text() {
    let mut opening = Opening::new(parts(read("small.vmcore")));
    let mut log = None;
    let mut post = |event| {
        if let VmcoreEvent::Log { text, records, .. } = event {
            log = Some((text, records));
        }
    };
    while opening.step(&mut post).unwrap() {}
    let (text, records) = log.expect("the dump has a log");
    let lines: Vec<&str> = records.iter().flat_map(|record| record.text.split('\n')).collect();
    assert_eq!(text.lines().count(), lines.len());
    assert!(text.lines().zip(&lines).all(|(whole, line)| whole.ends_with(line)));
    assert_eq!(records, opening.into_found().records());
}

#[test]
fn what_matters_comes_first() {
    let mut session = Session::new("test");
    let mut events = Vec::new();
    let request = oopscope_protocol::VmcoreRequest::Open { names: vec!["small.vmcore".to_owned()] };
    session.request(7, request, parts(read("small.vmcore")), &mut |answer| events.push(answer));
    assert!(session.is_busy());
    while session.is_busy() {
        session.step(&mut |answer| events.push(answer));
    }
    assert!(events.iter().all(|answer| answer.id == 7));
    let order: Vec<&str> = events
        .iter()
        .filter_map(|answer| match &answer.event {
            VmcoreEvent::Dump(_) => Some("dump"),
            VmcoreEvent::Log { .. } => Some("log"),
            VmcoreEvent::System(_) => Some("system"),
            VmcoreEvent::Panic(_) => Some("panic"),
            VmcoreEvent::Cpus { .. } => Some("cpus"),
            VmcoreEvent::Tasks { .. } => Some("tasks"),
            VmcoreEvent::Modules { .. } => Some("modules"),
            VmcoreEvent::Memory(_) => Some("memory"),
            VmcoreEvent::Done { .. } => Some("done"),
            _ => None,
        })
        .collect();
    let expected = ["dump", "dump", "log", "panic", "system", "panic", "cpus", "tasks", "modules", "memory", "done"];
    assert_eq!(order, expected);
}

#[test]
fn a_dump_that_is_cut_anywhere_shows_what_is_left() {
    let whole = read("small.vmcore");
    let lengths = [0, 1, 100, 464, 4095, 4096, 4200, 8192, 12_288, 20_000, 100_000, 1 << 20, 3 << 20, 5 << 20];
    for length in lengths {
        let mut opening = Opening::new(parts(whole[..length].to_vec()));
        let ended = loop {
            match opening.step(&mut |_| {}) {
                Ok(true) => {}
                Ok(false) => break None,
                Err(problem) => break Some(problem),
            }
        };
        if let Some(problem) = ended {
            assert!(problem.message.contains("small.vmcore"), "{length}: {problem:?}");
            assert!(!problem.advice.is_empty(), "{length}");
            continue;
        }
        let found = opening.into_found();
        assert!(!found.unread().is_empty(), "cut at {length} and nothing was said");
        assert!(found.summary().contains("DUMPFILE: small.vmcore"));
    }
}
