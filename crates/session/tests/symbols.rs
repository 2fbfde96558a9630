//! Files of symbols beside a log: given in any order, added, forgotten, wrong, damaged, changed; and what carries their lines.

mod common;

use common::{Driver, Failing, text};
use oopscope_dwarf::Store;
use oopscope_protocol::{Event, Format, Problem, Request, Symbols, View};
use oopscope_report::{Frame, Report, SymbolStatus};
use oopscope_session::{Input, Keep, Session};
use oopscope_source::{ReadAt, ReadError};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A file of `tests/fixtures/symbols`.
fn bytes(path: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/fixtures/symbols/{path}", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "a test's own input")]
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn file(path: &str) -> Input {
    Input::from_bytes(path.rsplit('/').next().unwrap(), bytes(path))
}

fn log() -> Input {
    file("logs/oops.log")
}

fn vmlinux() -> Input {
    file("gcc5/vmlinux")
}

/// The last event but for progress.
fn answer(driver: &mut Driver, request: Request, inputs: Vec<Input>) -> Event {
    driver.run(request, inputs).pop().expect("no answer")
}

fn report(driver: &mut Driver, index: u32) -> Report {
    match answer(driver, Request::Report { index }, Vec::new()) {
        Event::Report(report) => *report,
        other => panic!("no report: {other:?}"),
    }
}

fn give(driver: &mut Driver, inputs: Vec<Input>) -> Symbols {
    match answer(driver, Request::Symbols { report: Some(0) }, inputs) {
        Event::Symbols(symbols) => *symbols,
        other => panic!("no symbols: {other:?}"),
    }
}

fn open(driver: &mut Driver, inputs: Vec<Input>) -> Event {
    answer(driver, Request::Open { name: None, text: None }, inputs)
}

/// `function file:line`, inlined ones marked, of all stacks.
fn frames(report: &Report) -> Vec<String> {
    let place = |frame: &Frame| {
        let inlined = if frame.inlined { " [inline]" } else { "" };
        let file = frame.file.as_deref().unwrap_or("-").rsplit('/').next().unwrap_or_default();
        let line = frame.file_line.map_or_else(String::new, |line| format!(":{line}"));
        format!("{} {file}{line}{inlined}", frame.function.as_deref().unwrap_or("?"))
    };
    report.stacks.iter().flat_map(|stack| &stack.frames).map(place).collect()
}

/// The words of a text, wherever its lines end.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What of a frame a link must keep.
fn kept(report: &Report) -> Vec<Frame> {
    let frames = report.stacks.iter().flat_map(|stack| &stack.frames).cloned();
    frames.map(|frame| Frame { symbols: None, alternatives: Vec::new(), line: 0, ..frame }).collect()
}

const CRASH: [&str; 4] = [
    "slot_read ring.h:25 [inline]",
    "ring_peek ring.h:38 [inline]",
    "ring_sum ring.h:46 [inline]",
    "disk_read disk.c:49",
];

#[track_caller]
fn assert_symbolized(report: &Report) {
    let frames = frames(report);
    for wanted in CRASH.iter().chain(&["work main.c:42", "kernel_main main.c:51", "net_send net.c:22"]) {
        assert!(frames.iter().any(|frame| frame == wanted), "{wanted} is not in {frames:#?}");
    }
    let symbols = report.symbols.as_ref().unwrap();
    assert!(symbols.with_lines > 5, "{symbols:?}");
    assert!(symbols.files.iter().any(|file| file.status == SymbolStatus::Used && file.matched_by.is_some()));
}

#[test]
fn a_log_and_its_vmlinux_are_told_apart_in_any_order() {
    for inputs in
        [vec![log(), vmlinux()], vec![vmlinux(), log()], vec![vmlinux(), log(), file("modules/gcc5/drivers.ko")]]
    {
        let mut driver = Driver::new();
        let Event::Opened(summary) = open(&mut driver, inputs) else { panic!() };
        assert_eq!((summary.facts.name.as_deref(), summary.reports.len()), (Some("oops.log"), 1));
        let symbols = summary.symbols.unwrap();
        assert!(symbols.with_lines && symbols.files.iter().any(|file| file.kind == "vmlinux"), "{symbols:?}");
        assert!(summary.notes.iter().any(|note| note.contains("vmlinux")), "{:?}", summary.notes);
        assert_symbolized(&report(&mut driver, 0));
    }
}

#[test]
fn what_is_given_before_a_log_waits_for_it() {
    let mut driver = Driver::new();
    let Event::Symbols(symbols) = open(&mut driver, vec![vmlinux()]) else { panic!() };
    assert!(symbols.notes.iter().any(|note| note.contains("No log is open")), "{:?}", symbols.notes);
    assert!(symbols.reads > 0 && symbols.bytes_read > 0);
    let Event::Opened(summary) = open(&mut driver, vec![log()]) else { panic!() };
    assert!(summary.symbols.is_some());
    assert_symbolized(&report(&mut driver, 0));
}

#[test]
fn symbols_are_added_to_an_open_log_and_forgotten() {
    let mut driver = Driver::new();
    driver.open(vec![log()]).unwrap();
    let plain = report(&mut driver, 0);
    assert!(plain.symbols.is_none());
    let symbols = give(&mut driver, vec![vmlinux()]);
    assert_eq!(symbols.files[0].status, SymbolStatus::Used, "{:?}", symbols.files);
    assert_eq!(symbols.files[0].matched_by.as_deref(), Some("build-id"));
    assert_eq!(symbols.notes, Vec::<String>::new());
    assert_symbolized(&report(&mut driver, 0));
    // Dropped onto the page, which knows no better: it belongs to the open log, too.
    assert!(matches!(open(&mut driver, vec![file("gcc5/System.map")]), Event::Symbols(_)));
    assert_symbolized(&report(&mut driver, 0));

    let Event::Symbols(none) = answer(&mut driver, Request::ForgetSymbols { kept: false }, Vec::new()) else {
        panic!()
    };
    assert!(none.files.is_empty() && none.reads == 0);
    assert_eq!(report(&mut driver, 0), plain, "as the log alone tells it");
}

#[test]
fn another_builds_vmlinux_gives_no_line_and_is_named_with_both_build_ids() {
    let mut driver = Driver::new();
    driver.open(vec![log()]).unwrap();
    let wrong = give(&mut driver, vec![Input::from_bytes("wrong/vmlinux".replace('/', "-"), bytes("gcc4/vmlinux"))]);
    assert_eq!(wrong.files[0].status, SymbolStatus::Mismatch, "{:?}", wrong.files);
    let note = wrong.files[0].note.clone().unwrap();
    assert!(note.contains("7699b8e08b81db3382c60969c139faa365a7d3c6"), "{note}");
    let unchanged = report(&mut driver, 0);
    assert!(frames(&unchanged).iter().all(|frame| frame.contains(" -")), "{:?}", frames(&unchanged));
    for format in [Format::Text, Format::Markdown] {
        let rendered = driver.render(None, format);
        assert!(words(&rendered).contains("wrong-vmlinux is not used: it is of another build"), "{rendered}");
        assert!(!rendered.contains("[inline]"));
    }
    give(&mut driver, vec![vmlinux()]);
    assert_symbolized(&report(&mut driver, 0));
}

#[test]
fn text_markdown_and_json_carry_the_lines() {
    let mut driver = Driver::new();
    driver.open(vec![log(), vmlinux()]).unwrap();
    for format in [Format::Text, Format::Markdown] {
        let rendered = driver.render(Some(0), format);
        let at = |what: &str| rendered.find(what).unwrap_or_else(|| panic!("no {what} in\n{rendered}"));
        assert!(at("slot_read") < at("ring_peek"), "{rendered}");
        assert!(!rendered.contains("faddr2line"), "its line is there");
        assert!(rendered.contains("work+0x32/0x37 ") && rendered.contains("main.c:42"), "{rendered}");
        assert!(rendered.contains("[inline]") && words(&rendered).contains("matches by its build-id"), "{rendered}");
    }
    let json: serde_json::Value = serde_json::from_str(&driver.render(None, Format::Json)).unwrap();
    assert_eq!(json["reports"][0]["symbols"]["files"][0]["status"], "used");
    assert!(json["reports"][0]["stacks"][0]["frames"].as_array().unwrap().iter().any(|frame| frame["inlined"] == true));
}

#[test]
fn a_link_carries_the_lines_to_somebody_without_the_files() {
    let mut driver = Driver::new();
    driver.open(vec![log(), vmlinux()]).unwrap();
    let symbolized = report(&mut driver, 0);
    let selected =
        symbolized.stacks[0].frames.iter().find(|f| f.function.as_deref() == Some("kernel_main")).unwrap().line;
    let view = View { line: Some(selected), tab: Some("report".into()) };
    let request = Request::Share { index: 0, redactions: None, view };
    let Event::Shared(shared) = answer(&mut driver, request, Vec::new()) else { panic!() };
    let mut other = Driver::new();
    let link = Request::OpenLink { fragment: shared.fragment.unwrap() };
    let summary = other.open_by(link, Vec::new()).unwrap();
    let facts = summary.link.unwrap();
    let opened = report(&mut other, facts.report.unwrap());
    assert_eq!(kept(&opened), kept(&symbolized));
    assert_eq!((&opened.title, &opened.signature), (&symbolized.title, &symbolized.signature));
    assert_eq!(opened.first_line + facts.first_line - 1, symbolized.first_line);
    let line = facts.view.line.unwrap() + 1 - facts.first_line;
    assert!(other.texts(line, 1)[0].contains("kernel_main+0x1a/0x26"), "{:?}", other.texts(line, 1));
    // And back: the link's text is a log, which the files still belong to.
    give(&mut other, vec![vmlinux()]);
    assert_eq!(kept(&report(&mut other, 0)), kept(&symbolized));
}

#[test]
fn old_logs_with_bare_addresses_need_the_list_of_modules() {
    let mut driver = Driver::new();
    let inputs = vec![
        file("modules/gcc5/bad_driver.ko"),
        file("logs/bare.log"),
        Input::from_bytes("proc-modules.txt", bytes("logs/proc-modules.txt")),
    ];
    let Event::Opened(summary) = open(&mut driver, inputs) else { panic!() };
    assert_eq!(summary.facts.name.as_deref(), Some("bare.log"));
    let found = frames(&report(&mut driver, 0));
    assert!(found.contains(&"driver_ioctl driver.c:31".to_owned()), "{found:?}");
}

#[test]
fn what_is_wrong_with_a_file_costs_that_file_alone() {
    let whole = bytes("gcc5/vmlinux");
    for cut in [0, 4, 20, 64, 700, 4000, whole.len() / 2, whole.len() - 100] {
        let mut driver = Driver::new();
        let Event::Opened(summary) =
            open(&mut driver, vec![log(), Input::from_bytes("vmlinux", whole[..cut].to_vec())])
        else {
            panic!("{cut}")
        };
        assert_eq!(summary.reports.len(), 1, "{cut}");
        let report = report(&mut driver, 0);
        assert!(report.stacks[0].frames.iter().filter(|frame| !frame.inlined).count() > 5, "{cut}");
    }
    let mut driver = Driver::new();
    driver.open(vec![log()]).unwrap();
    for (name, contents) in
        [("vmlinux", b"no ELF at all".to_vec()), ("ext4.ko", Vec::new()), ("vmlinux", b"\x7fELF".to_vec())]
    {
        let Event::Failed(Problem { code, message, advice }) =
            open(&mut driver, vec![Input::from_bytes(name, contents)])
        else {
            panic!("{name}")
        };
        assert!(code == "symbols" && message.starts_with(name) && !advice.is_empty(), "{code}: {message}");
    }
    assert!(report(&mut driver, 0).title.contains("NULL pointer"), "what was open stays open");
    let request = Request::Symbols { report: None };
    let Event::Symbols(told) = answer(&mut driver, request, vec![text("notes.txt", "bring milk\n")]) else { panic!() };
    assert!(told.notes.iter().any(|note| note.contains("notes.txt holds neither")), "{:?}", told.notes);
}

/// A file of which nothing can be read any more after so many reads.
struct Gone {
    bytes: Vec<u8>,
    left: Cell<u32>,
}

impl ReadAt for Gone {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let left = self.left.get().checked_sub(1).ok_or(ReadError::Changed { offset })?;
        self.left.set(left);
        self.bytes.as_slice().read_at(offset, buf)
    }
}

#[test]
fn a_file_that_changes_is_told_and_the_report_is_handed_out() {
    for reads in 1..24 {
        let mut driver = Driver::new();
        let source = Box::new(Gone { bytes: bytes("gcc5/vmlinux"), left: Cell::new(reads) });
        let changing = Input { name: "vmlinux".into(), source };
        let Event::Opened(summary) = open(&mut driver, vec![changing, log()]) else { panic!("{reads}") };
        let report = report(&mut driver, 0);
        let told = report.symbols.map(|symbols| format!("{symbols:?}")).unwrap_or_default() + &summary.notes.join(" ");
        let all = frames(&Report { stacks: report.stacks, ..Report::default() });
        let complete = CRASH.iter().all(|wanted| all.iter().any(|frame| frame == wanted));
        assert!(complete || told.contains("changed"), "{reads} reads: {told}");
    }
    let mut driver = Driver::new();
    let missing = Failing { bytes: vec![0; 4096], good: 0, error: ReadError::Missing };
    let failed = open(&mut driver, vec![Input { name: "vmlinux".into(), source: Box::new(missing) }]);
    let Event::Failed(problem) = failed else { panic!("{failed:?}") };
    assert!(problem.message.contains("vmlinux"), "{problem:?}");
}

/// A store whose entries come late.
#[derive(Default)]
struct Late {
    there: Cell<bool>,
    asked: RefCell<Vec<String>>,
    entries: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl Store for Late {
    fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.entries.borrow().get(name).cloned()
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        self.entries.borrow_mut().insert(name.to_owned(), bytes.to_vec());
    }
}

impl Keep for Late {
    fn is_ready(&self, build_ids: &[String]) -> bool {
        self.asked.borrow_mut().extend(build_ids.to_vec());
        self.there.get()
    }

    fn forget(&self) {
        self.entries.borrow_mut().clear();
    }
}

fn drive(session: &mut Session, id: u64, request: Request, inputs: Vec<Input>) -> Vec<(u64, Event)> {
    let mut answers = session.request(id, request, inputs);
    while session.is_busy() {
        answers.extend(session.step());
    }
    answers.into_iter().map(|answer| (answer.id, answer.event)).collect()
}

#[test]
fn reports_wait_for_what_is_kept_and_cancel_ends_that() {
    let late = Rc::new(Late::default());
    let mut session = Session::new("test", oopscope_disasm::list).keeping(Rc::<Late>::clone(&late));
    // clang writes no .debug_aranges: an index is made, and kept by the build-id.
    let inputs = || vec![log(), file("clang5/vmlinux")];
    let opened = drive(&mut session, 1, Request::Open { name: None, text: None }, inputs());
    assert!(matches!(opened.last(), Some((1, Event::Opened(_)))) && !session.needs_kept());
    assert!(drive(&mut session, 2, Request::Report { index: 0 }, Vec::new()).is_empty() && session.needs_kept());
    assert!(!late.asked.borrow().is_empty(), "by build-ids");
    let lines = drive(&mut session, 3, Request::Lines { from: 1, count: 1 }, Vec::new());
    assert!(matches!(lines[..], [(3, Event::Lines { .. })]), "nothing else waits");

    let cancelled = drive(&mut session, 4, Request::Cancel, Vec::new());
    let [(2, Event::Report(report))] = &cancelled[..] else { panic!("{cancelled:?}") };
    let symbols = report.symbols.as_ref().unwrap();
    assert!(symbols.with_lines == 0 && symbols.problems[0].contains("cancelled"), "{symbols:?}");

    late.there.set(true);
    let again = drive(&mut session, 5, Request::Symbols { report: Some(0) }, Vec::new());
    assert!(matches!(again.last(), Some((5, Event::Symbols(_)))), "{again:?}");
    let [(6, Event::Report(report))] = &drive(&mut session, 6, Request::Report { index: 0 }, Vec::new())[..] else {
        panic!()
    };
    assert!(!report.symbols.as_ref().unwrap().problems.iter().any(|problem| problem.contains("cancelled")));
    drive(&mut session, 7, Request::ForgetSymbols { kept: true }, Vec::new());
    assert!(late.entries.borrow().is_empty());
}

#[test]
fn what_waits_when_another_log_is_opened_is_told_so() {
    let late = Rc::new(Late::default());
    let mut session = Session::new("test", oopscope_disasm::list).keeping(Rc::<Late>::clone(&late));
    drive(&mut session, 1, Request::Open { name: None, text: None }, vec![log(), vmlinux()]);
    drive(&mut session, 2, Request::Report { index: 0 }, Vec::new());
    drive(&mut session, 3, Request::Symbols { report: Some(0) }, vec![file("gcc5/System.map")]);
    let answers = drive(&mut session, 4, Request::Open { name: None, text: None }, vec![log()]);
    let of = |id| answers.iter().find(|(given, event)| *given == id && !matches!(event, Event::Progress(_)));
    assert!(matches!(of(2), Some((_, Event::Failed(problem))) if problem.code == "superseded"), "{answers:?}");
    assert!(matches!(of(3), Some((_, Event::Symbols(_)))), "the files are kept");
    assert!(matches!(of(4), Some((_, Event::Opened(summary))) if summary.symbols.is_some()));
}

#[test]
fn a_folder_costs_what_is_needed_of_it_and_gives_the_source() {
    /// A file of a folder that nobody may look into.
    struct Sealed;
    impl ReadAt for Sealed {
        fn len(&self) -> u64 {
            1 << 20
        }
        fn read_at(&self, _: u64, _: &mut [u8]) -> Result<usize, ReadError> {
            panic!("nobody needed it");
        }
    }
    let sealed = |name: String| Input { name, source: Box::new(Sealed) };
    let mut inputs: Vec<Input> = (0..3000).map(|n| sealed(format!("linux/drivers/made/up_{n}.c"))).collect();
    inputs.extend((0..500).map(|n| sealed(format!("linux/Documentation/{n}.rst"))));
    inputs.extend((0..500).map(|n| sealed(format!("debug/lib/modules/6.1.0-fixture/kernel/made_{n}.ko.debug"))));
    inputs.push(Input::from_bytes("linux/disk.c", bytes("source/disk.c")));
    inputs.push(Input::from_bytes("debug/boot/vmlinux-6.1.0-fixture", bytes("gcc5/vmlinux")));
    let mut driver = Driver::new();
    driver.open(vec![log()]).unwrap();
    let symbols = give(&mut driver, inputs);
    assert!(symbols.files.len() < 20, "{} rows", symbols.files.len());
    assert!(
        symbols.notes.iter().any(|note| note.contains("500 files of the folder were left alone")),
        "{:?}",
        symbols.notes
    );
    let symbolized = report(&mut driver, 0);
    assert_symbolized(&symbolized);

    let frame = symbolized.stacks[0].frames.iter().find(|f| f.function.as_deref() == Some("disk_read")).unwrap();
    let (file, line) = (frame.file.clone().unwrap(), frame.file_line.unwrap());
    let request = Request::Source { file, line, around: 3, report: Some(0) };
    let Event::Source(place) = answer(&mut driver, request, Vec::new()) else { panic!() };
    assert_eq!((place.first, place.lines.len()), (46, 7), "{place:?}");
    assert_eq!((place.release.as_deref(), place.version.as_deref()), (Some("6.1.0-fixture"), Some("6.1")));
    assert!(place.note.is_some(), "nothing proves that it is the source that was compiled");
    let request = Request::Source { file: "mm/slub.c".into(), line: 7, around: 3, report: None };
    let Event::Source(place) = answer(&mut driver, request, Vec::new()) else { panic!() };
    assert!(place.lines.is_empty() && place.note.unwrap().contains("mm/slub.c"));
}

#[test]
fn beside_a_log_the_texts_of_a_tree_are_no_logs() {
    let mut driver = Driver::new();
    let mut inputs = vec![log()];
    inputs.extend((0..100).map(|n| text(&format!("linux/Documentation/{n}.rst"), "BUG: none here\n")));
    inputs.push(Input::from_bytes("linux/kernel/fork.c", b"int x;\n".to_vec()));
    let Event::Opened(summary) = open(&mut driver, inputs) else { panic!() };
    assert_eq!(summary.facts.name.as_deref(), Some("oops.log"));
    let folder = |name: &str, path| Input::from_bytes(format!("case/{name}"), bytes(path));
    let Event::Opened(summary) =
        open(&mut driver, vec![folder("oops.log", "logs/oops.log"), folder("vmlinux", "gcc5/vmlinux")])
    else {
        panic!()
    };
    assert_eq!(summary.facts.name.as_deref(), Some("case/oops.log"), "a folder of one case");
    assert_symbolized(&report(&mut driver, 0));
}
