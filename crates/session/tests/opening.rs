//! Opening: what becomes a log, what is refused and how, and what stays open meanwhile.

mod common;

use common::{Driver, Failing, Generated, Meter, fixture, guest, text};
use oopscope_protocol::{Event, Problem, Request};
use oopscope_session::Input;
use oopscope_source::ReadError;

fn code(result: Result<oopscope_protocol::LogSummary, Problem>) -> String {
    let problem = result.expect_err("it was opened");
    assert!(!problem.message.is_empty() && !problem.advice.is_empty(), "{problem:?}");
    problem.code
}

fn failing(name: &str, bytes: Vec<u8>, good: u64, error: ReadError) -> Input {
    Input { name: name.into(), source: Box::new(Failing { bytes, good, error }) }
}

#[test]
fn a_small_log_opens_in_one_step_with_all_that_a_list_needs() {
    let mut driver = Driver::new();
    driver.send(Request::Open { name: None, text: None }, vec![guest("6.1/two_oopses")]);
    let answers = driver.session.step();
    let [only] = answers.as_slice() else { panic!("{answers:?}") };
    let Event::Opened(summary) = &only.event else { panic!("{only:?}") };
    assert_eq!(summary.facts.name.as_deref(), Some("two_oopses.log"));
    assert_eq!(summary.facts.bytes, fixture("6.1/two_oopses").len() as u64);
    assert_eq!(summary.reports.len(), 2);
    assert_eq!(summary.reports[1].may_follow_from, Some(0));
    assert!(summary.looked_for.is_empty() && summary.link.is_none());
    assert!(summary.reads <= 2 && summary.bytes_read <= 2 * summary.facts.bytes, "{summary:?}");
    assert!(!driver.session.is_busy());
}

#[test]
fn pasted_text_and_examples_open_like_files() {
    let mut driver = Driver::new();
    let pasted = String::from_utf8(fixture("6.1/two_oopses")).unwrap();
    let summary = driver.open_by(Request::Open { name: None, text: Some(pasted) }, Vec::new()).unwrap();
    assert_eq!((summary.reports.len(), summary.facts.name), (2, None));

    let Some(Event::Ready { examples, build_id }) = driver.run(Request::Hello, Vec::new()).pop() else { panic!() };
    assert_eq!(build_id, "test");
    for example in examples {
        let summary = driver.open_by(Request::OpenExample { name: example.name.clone() }, Vec::new()).unwrap();
        assert!(!summary.reports.is_empty(), "{}", example.name);
        assert_eq!(summary.facts.name, Some(example.name));
    }
    assert_eq!(code(driver.open_by(Request::OpenExample { name: "none".into() }, Vec::new())), "bad-request");
}

#[test]
fn a_log_without_a_report_is_open_and_says_what_was_looked_for() {
    let mut driver = Driver::new();
    let summary = driver.open(vec![text("quiet.log", "[    0.000000] all is well\n")]).unwrap();
    assert!(summary.reports.is_empty());
    assert!(summary.looked_for.iter().any(|text| text.contains("Kernel panic")), "{:?}", summary.looked_for);
    assert_eq!(driver.texts(1, 10), ["[    0.000000] all is well"]);
}

#[test]
fn each_bad_input_has_its_own_words_and_leaves_what_was_open() {
    let mut driver = Driver::new();
    driver.open(vec![guest("6.1/bug")]).unwrap();
    let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0".to_vec();
    let cases: Vec<(Input, &str, &str)> = vec![
        (text("void.log", ""), "empty", "void.log is empty"),
        (text("blank.log", " \n\r\n"), "empty", "blank.log is empty"),
        (Input::from_bytes("vmcore", elf), "dump", "vmcore"),
        (Input::from_bytes("a.gz", b"\x1f\x8b\x08\0\0\0\0\0".to_vec()), "packed", "gzip"),
        (Input::from_bytes("zeroes", vec![0; 5000]), "binary", "only NUL bytes"),
        (failing("dir", vec![b'x'; 4096], 0, ReadError::Directory), "directory", "dir is a directory"),
        (failing("gone", vec![b'x'; 4096], 0, ReadError::Missing), "read", "moved or deleted"),
        (failing("secret", vec![b'x'; 9], 0, ReadError::Denied { offset: 0 }), "read", "permission"),
        (failing("live", vec![b'\n'; 9], 0, ReadError::Changed { offset: 0 }), "changed", "live changed"),
    ];
    for (input, code, words) in cases {
        let problem = driver.open(vec![input]).expect_err(words);
        assert_eq!(problem.code, code, "{problem:?}");
        assert!(problem.message.contains(words), "{problem:?}");
        assert!(!problem.advice.is_empty());
    }
    assert_eq!(code(driver.open(Vec::new())), "bad-request");
    let pasted = driver.open_by(Request::Open { name: None, text: Some("  ".into()) }, Vec::new());
    assert_eq!(pasted.expect_err("blank").message, "The pasted text is empty.");
    assert!(driver.render(None, oopscope_protocol::Format::Text).starts_with("kernel BUG in guest_bug"));
}

#[test]
fn a_serial_log_with_dirt_is_still_a_log() {
    let mut bytes = vec![0; 200];
    bytes.extend(fixture("6.1/null_write"));
    bytes.extend(b"\xff\xfe\x80 noise\n");
    let mut driver = Driver::new();
    let summary = driver.open(vec![Input::from_bytes("serial.log", bytes)]).unwrap();
    assert_eq!(summary.reports.len(), 1);
    let notes = summary.notes.join("\n");
    assert!(notes.contains("200 NUL bytes") && notes.contains("not UTF-8"), "{notes}");
}

#[test]
fn a_log_whose_beginning_was_lost_is_known_by_its_end() {
    let mut bytes = vec![0; 100_000];
    bytes.extend(b"[    1.000000] filler line of an ordinary log\n".repeat(2000));
    bytes.extend(fixture("6.1/null_write"));
    let summary = Driver::new().open(vec![Input::from_bytes("after-power-loss.log", bytes)]).unwrap();
    assert_eq!(summary.reports.len(), 1);
}

#[test]
fn utf16_is_converted() {
    let log = String::from_utf8(fixture("6.1/null_write")).unwrap();
    let bytes = std::iter::once(0xfeff).chain(log.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let mut driver = Driver::new();
    let summary = driver.open(vec![Input::from_bytes("powershell.txt", bytes)]).unwrap();
    assert_eq!(summary.reports.len(), 1);
    assert!(summary.notes[0].contains("UTF-16"), "{:?}", summary.notes);
    assert_eq!(driver.texts(1, 1), [log.lines().next().unwrap().trim_end()]);
}

#[test]
fn utf16_of_any_size_is_a_stream() {
    let bytes = "[    1.000000] line\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().repeat(300_000);
    let mut driver = Driver::new();
    let summary = driver.open(vec![Input::from_bytes("large.txt", bytes)]).unwrap();
    assert_eq!((summary.facts.lines, summary.facts.lines_not_utf8), (300_000, 0));
    assert_eq!(driver.texts(299_999, 10), ["[    1.000000] line"; 2]);
}

#[test]
fn files_of_which_none_is_a_log_fail_with_the_first() {
    let core = Input::from_bytes("vmcore", b"KDUMP   \x06\0\0\0".to_vec());
    let problem = Driver::new().open(vec![core, text("void.log", "")]).expect_err("it was opened");
    assert!(problem.code == "dump" && problem.message.starts_with("vmcore is not a text"), "{problem:?}");
}

/// The page hands over what has the code `dump` (and `elf`, beside a dump) to the engine for dumps.
#[test]
fn a_dump_among_the_files_is_told_whatever_stands_before_it() {
    let open = |inputs| Driver::new().open(inputs).expect_err("it was opened").code;
    let kdump = || Input::from_bytes("vmcore", b"KDUMP   \x06\0\0\0".to_vec());
    let elf = |kind| Input::from_bytes("file", [b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", &[kind, 0][..]].concat());
    assert_eq!(open(vec![elf(2), kdump()]), "dump");
    assert_eq!(open(vec![guest("6.1/bug"), kdump()]), "dump");
    assert_eq!(open(vec![elf(4)]), "dump");
    assert_eq!(open(vec![elf(2)]), "elf");
    // As large as memory, and no text anywhere.
    assert_eq!(open(vec![Input::from_bytes("ram.bin", vec![0; 33 << 20])]), "dump");
    assert_eq!(open(vec![Input::from_bytes("small.bin", vec![0; 1 << 20])]), "binary");
}

#[test]
fn several_files_are_one_log_in_the_order_given() {
    let log = fixture("6.1/null_write");
    // In the middle of a line, so that the whole makes sense only in this order; and the first has no last newline.
    let cut = log.windows(11).position(|window| window == b"Call Trace:").unwrap();
    let line = log[..cut].iter().rposition(|&byte| byte == b'\n').unwrap();
    let first = Input::from_bytes("console.1", log[..line].to_vec());
    let second = Input::from_bytes("console.0", log[line + 1..].to_vec());
    let mut driver = Driver::new();
    let other = Input::from_bytes("memory.dmp", b"PAGEDU64".to_vec());
    let summary = driver.open(vec![first, other, second]).unwrap();
    assert_eq!(summary.facts.name.as_deref(), Some("console.1 and 1 more file"));
    assert_eq!(summary.facts.bytes, log.len() as u64);
    let start = log[..line].split(|&byte| byte == b'\n').count() + 1;
    let order =
        format!("2 files were read as one log, in this order: console.1 from line 1, console.0 from line {start}.");
    assert_eq!(summary.notes[0], order);
    assert!(summary.notes[1].starts_with("Left out: memory.dmp"), "{:?}", summary.notes);

    let whole = Driver::new().open(vec![Input::from_bytes("x", log)]).unwrap();
    assert_eq!(summary.reports, whole.reports);
}

#[test]
fn progress_is_told_often_and_with_the_reports_found() {
    let lines = 400_000;
    // The first report is complete for certain when the second begins.
    let panic = |n: u64| (n, format!("[{n:5}.000000] Kernel panic - not syncing: test"));
    let source = Generated { lines, special: vec![panic(1000), panic(90_000)], meter: Meter::default() };
    let mut driver = Driver::new();
    let events = driver.run(
        Request::Open { name: None, text: None },
        vec![Input { name: "long.log".into(), source: Box::new(source) }],
    );
    let (last, before) = events.split_last().unwrap();
    let Event::Opened(summary) = last else { panic!("{last:?}") };
    assert_eq!(summary.facts.lines, lines);
    let mut done = 0;
    let mut found = 0;
    for event in before {
        let Event::Progress(progress) = event else { panic!("{event:?}") };
        assert!(progress.done > done && progress.done - done <= 4 << 20, "{progress:?}");
        assert_eq!(progress.total, lines * Generated::LINE as u64);
        done = progress.done;
        found += progress.new_reports.len();
    }
    assert!(before.len() >= 6, "{}", before.len());
    assert_eq!((found, summary.reports.len()), (2, 2));
}

#[test]
fn a_cancelled_opening_gives_what_was_found_until_then() {
    let special = vec![(1000, "[ 1000.000000] Kernel panic - not syncing: test".to_owned())];
    let source = Generated { lines: 100_000_000, special, meter: Meter::default() };
    let mut driver = Driver::new();
    let input = Input { name: "endless.log".into(), source: Box::new(source) };
    let (id, _) = driver.send(Request::Open { name: None, text: None }, vec![input]);
    driver.session.step();
    driver.session.step();
    let (_, answers) = driver.send(Request::Cancel, Vec::new());
    let [only] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!(only.id, id, "the answer belongs to the opening");
    let Event::Opened(summary) = &only.event else { panic!("{only:?}") };
    assert!(summary.facts.incomplete && summary.reports.len() == 1);
    assert!(summary.notes[0].starts_with("Cancelled after"), "{:?}", summary.notes);
    assert!(!driver.session.is_busy());
    let last = summary.facts.lines;
    assert_eq!(driver.lines(last - 1, 10).len(), 2, "nothing beyond what was scanned has a number");
    assert_eq!(driver.send(Request::Cancel, Vec::new()).1, Vec::new());
}

#[test]
fn a_newer_opening_takes_the_place_of_one_under_way() {
    let mut driver = Driver::new();
    let endless = Generated { lines: 100_000_000, special: Vec::new(), meter: Meter::default() };
    let input = Input { name: "endless.log".into(), source: Box::new(endless) };
    let (first, _) = driver.send(Request::Open { name: None, text: None }, vec![input]);
    driver.session.step();
    let (_, answers) = driver.send(Request::Open { name: None, text: None }, vec![guest("6.1/bug")]);
    assert!(
        matches!(&answers[..], [a] if a.id == first && matches!(&a.event, Event::Failed(p) if p.code == "superseded"))
    );
    let answers = driver.session.step();
    assert!(matches!(&answers[..], [a] if matches!(&a.event, Event::Opened(s) if s.reports.len() == 1)), "{answers:?}");
}

#[test]
fn what_is_open_answers_while_another_log_is_being_opened() {
    let mut driver = Driver::new();
    driver.open(vec![guest("6.1/bug")]).unwrap();
    let endless = Generated { lines: 100_000_000, special: Vec::new(), meter: Meter::default() };
    driver.send(
        Request::Open { name: None, text: None },
        vec![Input { name: "endless.log".into(), source: Box::new(endless) }],
    );
    driver.session.step();
    let (id, answers) = driver.send(Request::Lines { from: 1, count: 3 }, Vec::new());
    assert!(
        matches!(&answers[..], [a] if a.id == id && matches!(&a.event, Event::Lines { lines, .. } if lines.len() == 3))
    );
    let (_, answers) = driver.send(Request::Report { index: 0 }, Vec::new());
    assert!(matches!(&answers[0].event, Event::Report(report) if report.title.starts_with("kernel BUG")));
}

#[test]
fn a_damaged_place_costs_what_follows_and_a_change_costs_all() {
    let mut bytes = fixture("6.1/null_write");
    bytes.extend(b"[   99.000000] the rest\n".repeat(400_000));
    let good = 5 << 20;
    let broken = |error| failing("disk.log", bytes.clone(), good, error);
    let summary = Driver::new().open(vec![broken(ReadError::Io { offset: good })]).unwrap();
    assert!(summary.facts.incomplete && summary.reports.len() == 1);
    assert!(summary.notes[0].contains("disk.log can't be read"), "{:?}", summary.notes);
    assert_eq!(code(Driver::new().open(vec![broken(ReadError::Changed { offset: good })])), "changed");

    let quiet = b"[   99.000000] the rest\n".repeat(400_000);
    let nothing_found = failing("disk.log", quiet, good, ReadError::Io { offset: good });
    assert_eq!(code(Driver::new().open(vec![nothing_found])), "read");
}

#[test]
fn without_a_log_everything_says_so() {
    let mut driver = Driver::new();
    for request in [
        Request::Report { index: 0 },
        Request::Lines { from: 1, count: 1 },
        Request::Find { text: "x".into(), from: 1, backwards: false },
        Request::Render { index: None, format: oopscope_protocol::Format::Json },
    ] {
        let events = driver.run(request, Vec::new());
        assert!(matches!(&events[..], [Event::Failed(problem)] if problem.code == "no-log"), "{events:?}");
    }
}
