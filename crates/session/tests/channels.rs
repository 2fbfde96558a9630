//! What channels hand over that is not lines of a log, or in several files, opens as it is: the report is the one of the
//! console. Files: tests/fixtures/channels/README.md.

mod common;

use common::Driver;
use oopscope_protocol::{Event, LogSummary, Request};
use oopscope_report::Report;
use oopscope_session::Input;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/channels").join(name)
}

fn input(name: &str) -> Input {
    #[expect(clippy::disallowed_methods, reason = "a test's own input")]
    let bytes = std::fs::read(folder(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    Input::from_bytes(name.rsplit('/').next().unwrap_or(name), bytes)
}

/// All files of a folder whose names begin like that, in no good order.
fn inputs(name: &str, begin: &str) -> Vec<Input> {
    let mut names: Vec<_> = std::fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|file| file.starts_with(begin))
        .collect();
    names.sort_by_key(|file| file.bytes().rev().collect::<Vec<_>>());
    names.iter().map(|file| input(&format!("{name}/{file}"))).collect()
}

struct Opened {
    driver: Driver,
    summary: LogSummary,
    reports: Vec<Report>,
}

fn open(inputs: Vec<Input>) -> Opened {
    open_by(Request::Open { name: None, text: None }, inputs)
}

fn open_by(request: Request, inputs: Vec<Input>) -> Opened {
    let mut driver = Driver::new();
    let summary = driver.open_by(request, inputs).unwrap_or_else(|problem| panic!("{problem:?}"));
    let reports = (0..summary.reports.len())
        .map(|index| {
            let index = u32::try_from(index).unwrap();
            match driver.run(Request::Report { index }, Vec::new()).pop() {
                Some(Event::Report(report)) => *report,
                other => panic!("no report: {other:?}"),
            }
        })
        .collect();
    Opened { driver, summary, reports }
}

/// What has to be the same through every channel.
fn essence(report: &Report) -> (String, Option<String>, Vec<String>) {
    let frames = report.stacks.iter().flat_map(|stack| &stack.frames).map(|frame| format!("{:?}", frame.function));
    (report.title.clone(), report.culprit.as_ref().map(|culprit| culprit.function.clone()), frames.collect())
}

fn serial(name: &str) -> Vec<Report> {
    open(vec![input(&format!("{name}/serial.log"))]).reports
}

#[track_caller]
fn check_same(name: &str, found: &[Report], wanted: &[Report]) {
    let essences = |reports: &[Report]| reports.iter().map(essence).collect::<Vec<_>>();
    assert!(!wanted.is_empty());
    assert_eq!(essences(found), essences(wanted), "{name}");
}

#[test]
fn the_journal_s_records() {
    let wanted = open(vec![input("plain.log")]).reports;
    for name in ["export", "json", "json-seq", "json-sse"] {
        let mut opened = open(vec![input(&format!("journal/{name}.log"))]);
        check_same(name, &opened.reports, &wanted);
        assert!(opened.summary.notes.iter().any(|note| note.contains("journal")), "{:?}", opened.summary.notes);
        assert_eq!(opened.reports[0].time, wanted[0].time, "{name}");
        let lines = opened.driver.texts(1, 200);
        assert!(lines.iter().any(|line| line.contains(" web1 web[812]: GET /index.html")), "{name}: {lines:?}");
        assert!(lines.iter().all(|line| !line.contains("__CURSOR") && !line.contains("MESSAGE")), "{name}");
    }
}

#[test]
fn dmesg_s_json() {
    let opened = open(vec![input("dmesg/dmesg--json.log")]);
    check_same("json", &opened.reports, &open(vec![input("plain.log")]).reports);
    assert_eq!(opened.summary.facts.lines, 72);
}

#[test]
fn packed_logs() {
    let wanted = open(vec![input("plain.log")]).reports;
    for end in ["gz", "xz", "zst", "lz4"] {
        let name = format!("packed/null_read.log.{end}");
        let mut opened = open(vec![input(&name)]);
        check_same(&name, &opened.reports, &wanted);
        assert!(!opened.summary.facts.incomplete);
        let line = opened.reports[0].first_line;
        assert!(opened.driver.texts(line, 1)[0].contains("BUG: kernel NULL pointer"), "{name}");
        assert_eq!(opened.driver.find("end trace", 1, false).map(|found| found > line), Some(true));
    }
}

#[test]
fn a_packed_log_that_was_cut_gives_what_there_is_and_says_so() {
    for (end, keep) in [("gz", 0.9), ("xz", 0.99), ("zst", 0.9)] {
        let name = format!("packed/null_read.log.{end}");
        #[expect(clippy::disallowed_methods, reason = "a test's own input")]
        let mut bytes = std::fs::read(folder(&name)).unwrap();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "small"
        )]
        bytes.truncate((bytes.len() as f64 * keep) as usize);
        let opened = open(vec![Input::from_bytes("cut", bytes)]);
        assert_eq!(opened.reports.len(), 1, "{name}");
        assert!(opened.summary.facts.incomplete, "{name}");
        assert!(opened.summary.notes.iter().any(|note| note.contains("only in part")), "{:?}", opened.summary.notes);
    }
}

#[test]
fn archives_open_as_their_members() {
    for name in ["logs.tar.xz", "logs-pax.tar.gz", "logs.tar.zst", "logs.zip"] {
        let opened = open(vec![input(&format!("packed/{name}"))]);
        let mut titles: Vec<_> = opened.reports.iter().map(|report| report.title.as_str()).collect();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), 2, "{name}: {titles:?}");
        assert!(opened.summary.notes.iter().any(|note| note.contains("two.log")), "{:?}", opened.summary.notes);
    }
}

#[test]
fn netconsole_s_packets() {
    for name in ["netconsole", "netconsole-extended", "netconsole-release"] {
        let opened = open(vec![input(&format!("{name}/received.log"))]);
        check_same(name, &opened.reports, &serial(name));
    }
}

#[test]
fn fragments_out_of_order_are_joined() {
    let text = "6,9,100,-;before\n\
        4,11,102,-,ncfrag=6/12;BUG: k4,11,102,-,ncfrag=0/12;kernel\n\
        4,10,101,-;second\n4,12,103,-,caller=T1;last\n SUBSYSTEM=x\n";
    let mut opened = open(vec![Input::from_bytes("received", text.as_bytes().to_vec())]);
    let lines = opened.driver.texts(1, 10);
    assert_eq!(
        lines,
        [
            "6,9,100,-;before",
            "4,10,101,-;second",
            "4,11,102,-;kernelBUG: k",
            "4,12,103,-,caller=T1;last",
            " SUBSYSTEM=x"
        ]
    );
}

#[test]
fn parts_of_efi_pstore_in_any_order() {
    let opened = open(inputs("efi-pstore", "dmesg-efi"));
    let wanted = serial("efi-pstore");
    let title = &wanted[0].title;
    let found: Vec<_> = opened.reports.iter().filter(|report| report.title == *title).collect();
    assert!(!found.is_empty(), "{:?}", opened.summary.reports);
    for report in found {
        assert_eq!(essence(report), essence(&wanted[0]));
    }
    let notes = opened.summary.notes.join("\n");
    assert!(notes.contains("order in which they were written") && !notes.contains("missing"), "{notes}");
    let mut without = inputs("efi-pstore", "dmesg-efi");
    without.retain(|input| !input.name.ends_with("03001"));
    let notes = open(without).summary.notes.join("\n");
    assert!(notes.contains("Part 3 of") && notes.contains("is missing"), "{notes}");
}

#[test]
fn ramoops_records_packed_or_not() {
    for name in ["ramoops", "ramoops-packed"] {
        let opened = open(inputs(name, "dmesg-ramoops"));
        let wanted = serial(name);
        let found = opened.reports.iter().find(|report| report.title == wanted[0].title);
        let found = found.unwrap_or_else(|| panic!("{name}: {:?}", opened.summary));
        assert_eq!(essence(found), essence(&wanted[0]), "{name}");
    }
}

#[test]
fn a_panic_screen_s_code_from_its_address_or_a_picture() {
    let wanted = open(vec![input("drm-panic/expected.log")]).reports;
    let address = String::from_utf8(common_bytes("drm-panic/zl.txt")).unwrap();
    let fragment = address.split_once('#').unwrap().1.to_owned();
    let pasted = open_by(Request::Open { name: None, text: Some(address) }, Vec::new());
    let linked = open_by(Request::OpenLink { fragment }, Vec::new());
    let files =
        ["z.url", "zl.txt", "screen.png", "photo.jpg"].map(|name| open(vec![input(&format!("drm-panic/{name}"))]));
    for opened in [pasted, linked].iter().chain(&files) {
        check_same("drm-panic", &opened.reports, &wanted);
        assert!(opened.summary.notes.iter().any(|note| note.contains("only the end")), "{:?}", opened.summary.notes);
    }
    let screen = open(vec![input("drm-panic-qr/screen.png")]);
    assert_eq!(
        screen.reports.last().map(|report| &report.title),
        serial("drm-panic-qr").last().map(|report| &report.title)
    );
}

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn common_bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder(name)).unwrap()
}

#[test]
fn lines_that_a_terminal_cut_are_joined() {
    let plain = String::from_utf8(common_bytes("plain.log")).unwrap();
    let wrapped: String = plain
        .lines()
        .flat_map(|line| line.as_bytes().chunks(80))
        .map(|piece| format!("{}\r\n", std::str::from_utf8(piece).unwrap()))
        .collect::<Vec<_>>()
        .concat();
    let mut opened = open(vec![Input::from_bytes("sol.log", wrapped.into_bytes())]);
    check_same("wrapped", &opened.reports, &open(vec![input("plain.log")]).reports);
    assert!(opened.summary.notes.iter().any(|note| note.contains("80 columns")), "{:?}", opened.summary.notes);
    assert_eq!(opened.driver.texts(1, 100), plain.lines().collect::<Vec<_>>());
    let untouched = open(vec![input("plain.log")]);
    assert!(untouched.summary.notes.is_empty(), "{:?}", untouched.summary.notes);
}

#[test]
fn a_dump_of_mtdoops_flash() {
    // drivers/mtd/mtdoops.c: number, magic, time, text; 0xff is erased flash. Number 7 lies before number 6 in the ring.
    let text = common_bytes("plain.log");
    let page = |number: u32, text: &[u8]| {
        let mut page = number.to_le_bytes().to_vec();
        page.extend(0x5d00_5e00_u32.to_le_bytes());
        page.extend([0; 8]);
        page.extend(text);
        page.resize(page.len().next_multiple_of(8192), 0xff);
        page
    };
    let half = text.len() / 2 + text[text.len() / 2..].iter().position(|&b| b == b'\n').unwrap() + 1;
    let mut dump = page(7, &text[half..]);
    dump.extend([0xff; 8192]);
    dump.extend(page(6, &text[..half]));
    let opened = open(vec![Input::from_bytes("mtd3.bin", dump)]);
    check_same("mtdoops", &opened.reports, &open(vec![input("plain.log")]).reports);
}

#[test]
fn rotated_logs_are_one_and_others_are_not() {
    let plain = common_bytes("plain.log");
    let at = plain.iter().position(|&b| b == b'C').unwrap();
    let cut = at + plain[at..].iter().position(|&b| b == b'\n').unwrap() + 1;
    let half = |name: &str, bytes: &[u8]| Input::from_bytes(name, bytes.to_vec());
    let rotated = open(vec![half("kern.log", &plain[cut..]), half("kern.log.1", &plain[..cut])]);
    check_same("rotated", &rotated.reports, &open(vec![input("plain.log")]).reports);
    let pieces = open(vec![half("a.log", &plain[..cut]), half("b.log", &plain[cut..])]);
    check_same("pieces", &pieces.reports, &open(vec![input("plain.log")]).reports);
    let others = open(vec![half("a.log", &plain[cut..]), half("b.log", &plain[..cut])]);
    let first_file = String::from_utf8_lossy(&plain[cut..]).lines().count() as u64;
    assert!(others.reports.iter().all(|report| report.last_line <= first_file || report.first_line > first_file));
}
