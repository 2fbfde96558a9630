//! Logs and files of `tests/fixtures/symbols`: what is found in them, what is not, and what is said of it.

use oopscope_dwarf::NoStore;
use oopscope_report::{Frame, FrameRole, Report, SymbolStatus};
use oopscope_source::{ReadAt, ReadError};
use oopscope_symbolize::{Given, Symbolizer, annotate};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

const BUILD_ID: &str = "7699b8e08b81db3382c60969c139faa365a7d3c6";

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/symbols").join(name)
}

#[allow(clippy::disallowed_methods, reason = "tests read fixtures")]
fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn text(name: &str) -> String {
    String::from_utf8(bytes(name)).unwrap()
}

fn given(name: &str, bytes: Vec<u8>) -> Given {
    Given { name: name.to_owned(), bytes: Rc::new(bytes) }
}

fn file(name: &str) -> Given {
    given(name.rsplit('/').next().unwrap(), bytes(name))
}

/// A symbolizer over files, which must all be symbols.
fn symbolizer(files: Vec<Given>) -> Symbolizer {
    let mut symbolizer = Symbolizer::new(Rc::new(NoStore));
    let others = symbolizer.add(files);
    assert!(others.is_empty(), "{}", others[0].name);
    symbolizer
}

/// The log's first report and the kernel's banner.
fn parse(log: &str) -> (Report, Option<String>) {
    let (mut reports, facts) = oopscope_klog::parse(log.as_bytes());
    assert_eq!(reports.len(), 1, "one report");
    (reports.remove(0), facts.boots.first().map(|boot| boot.banner.clone()))
}

fn symbolized(log: &str, symbolizer: &Symbolizer) -> Report {
    let (mut report, banner) = parse(log);
    symbolizer.symbolize(&mut report, banner.as_deref());
    report
}

fn frames(report: &Report) -> Vec<&Frame> {
    report.stacks.iter().flat_map(|stack| &stack.frames).collect()
}

/// What a frame is in words: `file:line`, or with its name where it was inlined.
fn word(frame: &Frame) -> String {
    let place = format!("{}:{}", frame.file.as_deref().unwrap_or("?"), frame.file_line.unwrap_or(0));
    if frame.inlined { format!("{} {place} [inline]", frame.function.as_deref().unwrap_or("?")) } else { place }
}

/// The same of the fixture's answers.
fn wanted(frames: &Value) -> Vec<String> {
    let spot = |spot: &Value, inlined: bool| {
        let place = format!("{}:{}", spot["file"].as_str().unwrap(), spot["line"]);
        if inlined { format!("{} {place} [inline]", spot["function"].as_str().unwrap()) } else { place }
    };
    frames
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|frame| {
            let spots = frame["spots"].as_array().unwrap();
            let last = spots.len() - 1;
            spots.iter().enumerate().map(move |(at, one)| spot(one, at < last)).collect::<Vec<_>>()
        })
        .collect()
}

fn answers(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

/// The frames' words.
fn words(report: &Report) -> Vec<String> {
    frames(report).into_iter().map(word).collect()
}

#[test]
fn every_frame_of_a_crash_gets_its_lines() {
    let symbolizer = symbolizer(vec![file("gcc5/vmlinux")]);
    let report = symbolized(&text("logs/oops.log"), &symbolizer);
    let symbols = report.symbols.as_ref().unwrap();
    assert_eq!(symbols.problems, Vec::<String>::new());
    assert_eq!(symbols.files[0].matched_by.as_deref(), Some("build-id"));
    assert_eq!(symbols.code.as_deref(), Some("equal"));
    let answers = answers("logs/oops.json");
    let (mut got, mut want) = (words(&report), wanted(&answers["frames"]));
    // `check` is there twice, and the first of its two frames has a caller that tells nothing.
    let unsure = frames(&report).iter().position(|frame| !frame.alternatives.is_empty()).unwrap();
    assert!(got[unsure].ends_with("disk.c:10") || got[unsure].ends_with("net.c:9"), "{}", got[unsure]);
    let other = &frames(&report)[unsure].alternatives[0];
    assert_ne!(
        (other.file.as_deref(), other.file_line),
        (frames(&report)[unsure].file.as_deref(), frames(&report)[unsure].file_line)
    );
    got.remove(unsure);
    want.remove(unsure);
    assert_eq!(got, want);
    assert_eq!(
        frames(&report).iter().filter(|frame| !frame.alternatives.is_empty()).count(),
        1,
        "its caller tells the other"
    );
    assert_eq!((symbols.with_lines, symbols.without_lines), (10, 0));
}

#[test]
fn every_form_of_debug_information_says_the_same() {
    let whole = words(&symbolized(&text("logs/oops.log"), &symbolizer(vec![file("gcc5/vmlinux")])));
    // Without a build-id the banner tells.
    let log = text("logs/oops.log").replace(BUILD_ID, "");
    for name in ["gcc5-zlib", "gcc5-zstd", "gcc5-dwz", "gcc5-split"] {
        let mut files = vec![file(&format!("{name}/vmlinux"))];
        if name == "gcc5-split" {
            files.extend(["main.dwo", "disk.dwo", "net.dwo"].map(|dwo| file(&format!("{name}/{dwo}"))));
        }
        let symbolizer = symbolizer(files);
        let report = symbolized(&log, &symbolizer);
        let symbols = report.symbols.as_ref().unwrap();
        assert_eq!(symbols.files[0].matched_by.as_deref(), Some("banner"), "{name}: {:?}", symbols.problems);
        assert_eq!(words(&report), whole, "{name}: {:?}", symbols.problems);
    }
}

#[test]
fn split_information_that_is_missing_is_told() {
    let log = text("logs/oops.log").replace(BUILD_ID, "");
    let report = symbolized(&log, &symbolizer(vec![file("gcc5-split/vmlinux")]));
    let problems = report.symbols.unwrap().problems;
    assert!(problems.iter().any(|problem| problem.contains(".dwo")), "{problems:?}");
}

#[test]
fn debug_information_and_code_in_two_files_of_one_build() {
    let symbolizer = symbolizer(vec![file("debuglink/vmlinux"), file("debuglink/vmlinux.debug")]);
    let report = symbolized(&text("logs/oops.log"), &symbolizer);
    let symbols = report.symbols.as_ref().unwrap();
    assert_eq!(symbols.files[0].name, "vmlinux.debug");
    assert_eq!(symbols.code.as_deref(), Some("equal"));
    assert_eq!(symbols.with_lines, 10);
}

#[test]
fn a_file_of_another_build_says_so_and_nothing_else() {
    for other in ["gcc4/vmlinux", "clang5/vmlinux"] {
        let symbolizer = symbolizer(vec![file(other)]);
        let report = symbolized(&text("logs/oops.log"), &symbolizer);
        let symbols = report.symbols.as_ref().unwrap();
        assert_eq!(symbols.with_lines, 0, "{other}");
        assert!(symbols.problems[0].contains(BUILD_ID), "{:?}", symbols.problems);
        let row = &symbolizer.files()[0];
        assert_eq!(row.status, SymbolStatus::Mismatch);
        assert!(row.note.as_ref().unwrap().contains("build-id"), "{row:?}");
    }
    // The banner's date, and the release.
    for (from, to) in [("Thu Jan 1", "Fri Jan 2"), ("6.1.0-fixture", "6.1.1-fixture")] {
        let log = text("logs/oops.log").replace(BUILD_ID, "").replace(from, to);
        let report = symbolized(&log, &symbolizer(vec![file("gcc5/vmlinux")]));
        let symbols = report.symbols.unwrap();
        assert_eq!(symbols.with_lines, 0, "{from}");
        assert!(symbols.problems[0].contains("another build"), "{:?}", symbols.problems);
    }
    // Neither build-id nor banner: the sizes of what the log names.
    let no_banner = |log: String| {
        log.lines().filter(|line| !line.contains("Linux version")).fold(String::new(), |log, line| log + line + "\n")
    };
    let log = no_banner(text("logs/oops.log").replace(BUILD_ID, ""));
    let report = symbolized(&log, &symbolizer(vec![file("gcc5/vmlinux")]));
    assert_eq!(report.symbols.unwrap().files[0].matched_by.as_deref(), Some("sizes"));
    let log = log.replace("net_send+0x11/0x68", "net_send+0x11/0x78");
    let symbols = symbolized(&log, &symbolizer(vec![file("gcc5/vmlinux")])).symbols.unwrap();
    assert_eq!(symbols.with_lines, 0);
    assert!(symbols.problems[0].contains("net_send has 0x68 bytes"), "{:?}", symbols.problems);
}

#[test]
fn sizes_that_fit_are_not_enough_where_the_log_itself_says_otherwise() {
    let own = text("logs/oops.log");
    let anonymous: String = own
        .replace(BUILD_ID, "")
        .lines()
        .filter(|line| !line.contains("Linux version"))
        .flat_map(|line| [line, "\n"])
        .collect();
    // One byte of the code that no patching makes.
    let (from, to) = ("74 4b 31 db", "74 4b 31 da");
    let report = symbolized(&anonymous.replace(from, to), &symbolizer(vec![file("gcc5/vmlinux")]));
    let symbols = report.symbols.unwrap();
    assert_eq!((symbols.with_lines, symbols.code), (0, None));
    assert!(symbols.problems[0].contains("bytes of Code: are different"), "{:?}", symbols.problems);
    // Its build-id, or its banner, is stronger: then something unknown patched it.
    for log in [own.clone(), own.replace(BUILD_ID, "")] {
        let symbols = symbolized(&log.replace(from, to), &symbolizer(vec![file("gcc5/vmlinux")])).symbols.unwrap();
        assert_eq!((symbols.with_lines, symbols.problems), (10, Vec::new()));
        assert!(symbols.code.unwrap().starts_with("different"));
    }
    // The line that the kernel itself printed: the function's, or that of one which was inlined there.
    let with_bug = |place: &str| {
        let lines = anonymous.lines().filter(|line| !line.contains("Code: "));
        let lines = lines.map(|line| match line {
            _ if line.contains("BUG: kernel NULL") => format!("[    2.000000] kernel BUG at {place}!"),
            _ => line.replace("Oops: 0000", "invalid opcode: 0000"),
        });
        let log: String = lines
            .filter(|line| !line.contains("#PF") && !line.contains("PGD"))
            .flat_map(|l| [l, "\n".into()])
            .collect();
        symbolized(&log, &symbolizer(vec![file("gcc5/vmlinux")])).symbols.unwrap()
    };
    // The file has no `.comment`: as clang counts, a call may begin some lines before the one that was printed.
    for place in ["/usr/src/fixture/ring.h:25", "disk.c:49", "disk.c:52"] {
        assert_eq!(with_bug(place).with_lines, 10, "{place}");
    }
    for place in ["/usr/src/fixture/ring.h:24", "disk.c:80", "net.c:49"] {
        let symbols = with_bug(place);
        assert_eq!(symbols.with_lines, 0, "{place}");
        assert!(symbols.problems[0].contains(&format!("the log {place}")), "{:?}", symbols.problems);
    }
}

#[test]
fn a_frame_whose_function_has_another_size_is_left_out_alone() {
    let log = text("logs/oops.log").replace("net_send+0x11/0x68", "net_send+0x11/0x78");
    let report = symbolized(&log, &symbolizer(vec![file("gcc5/vmlinux")]));
    let symbols = report.symbols.unwrap();
    assert_eq!((symbols.with_lines, symbols.without_lines), (9, 1));
    assert!(symbols.problems[0].contains("net_send has 0x68 bytes"), "{:?}", symbols.problems);
}

/// A log with what was found put into it.
fn annotated(log: &str, report: &Report) -> String {
    let mut by_line: BTreeMap<u64, Vec<&Frame>> = BTreeMap::new();
    for frame in frames(report) {
        by_line.entry(frame.line).or_default().push(frame);
    }
    let mut out = Vec::new();
    for (number, line) in (1..).zip(log.split_inclusive('\n')) {
        match by_line.get(&number).and_then(|frames| annotate(line.as_bytes(), frames)) {
            Some(found) => {
                found.before.iter().for_each(|line| out.extend_from_slice(line));
                out.extend_from_slice(&found.line);
            }
            None => out.extend_from_slice(line.as_bytes()),
        }
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn an_annotated_log_is_read_back_as_it_was_symbolized() {
    let symbolizer = symbolizer(vec![file("gcc5/vmlinux")]);
    for log in [text("logs/oops.log"), text("logs/oops.log").replace('\n', "\r\n")] {
        let report = symbolized(&log, &symbolizer);
        let out = annotated(&log, &report);
        let kept: Vec<&str> = out.lines().filter(|line| !line.trim_end().ends_with("[inline]")).collect();
        assert_eq!(kept.len(), log.lines().count());
        assert!(kept.iter().zip(log.lines()).all(|(new, old)| new.starts_with(old.trim_end())));
        assert_eq!(out.contains("\r\n"), log.contains("\r\n"));
        let (again, _) = parse(&out);
        let facts = |frame: &&Frame| {
            (frame.function.clone(), frame.offset, frame.size, frame.file.clone(), frame.file_line, frame.inlined)
        };
        let (new, old): (Vec<_>, Vec<_>) =
            (frames(&again).iter().map(facts).collect(), frames(&report).iter().map(facts).collect());
        assert_eq!(new, old);
        assert_eq!(again.title, report.title);
        // Symbolizing once more changes nothing.
        let mut twice = again.clone();
        symbolizer.symbolize(&mut twice, None);
        assert_eq!(twice.stacks, again.stacks);
    }
}

#[test]
fn symbolizing_twice_is_symbolizing_once() {
    let symbolizer = symbolizer(vec![file("gcc5/vmlinux")]);
    let log = text("logs/oops.log");
    let once = symbolized(&log, &symbolizer);
    let mut twice = once.clone();
    let (_, banner) = parse(&log);
    symbolizer.symbolize(&mut twice, banner.as_deref());
    assert_eq!(once, twice);
}

#[test]
fn the_walk_through_with_bare_addresses() {
    let log = text("logs/bare.log").replace("3.10.0-fixture", "6.1.0-fixture");
    let files = ["modules/gcc5/bad_driver.ko", "gcc5/vmlinux", "logs/proc-modules.txt"].map(file);
    let report = symbolized(&log, &symbolizer(files.into()));
    let answers = answers("logs/bare.json");
    let symbols = report.symbols.as_ref().unwrap();
    assert_eq!(words(&report), wanted(&answers["frames"]), "{:?}", symbols.problems);
    let names: Vec<String> = frames(&report)
        .into_iter()
        .filter(|frame| !frame.inlined)
        .map(|frame| {
            format!("{}+{:#x}/{:#x}", frame.function.as_deref().unwrap(), frame.offset.unwrap(), frame.size.unwrap())
        })
        .collect();
    let want: Vec<&str> =
        answers["frames"].as_array().unwrap().iter().map(|frame| frame["symbol"].as_str().unwrap()).collect();
    assert_eq!(names, want);
    let pc = frames(&report).into_iter().find(|frame| !frame.inlined && frame.role == FrameRole::Pc).unwrap();
    assert_eq!(pc.module.as_deref(), Some("bad_driver"));
    assert!(symbols.problems.iter().any(|problem| problem.contains("KASLR")), "nothing tells where the kernel was");
    let out = annotated(&log, &report);
    assert!(
        out.contains("[<ffffffffc0a12345>] driver_ioctl+0x4b/0x5a [bad_driver] /usr/src/fixture/driver.c:31"),
        "{out}"
    );
    let (again, _) = parse(&out);
    assert_eq!(words(&again), words(&report));
}

#[test]
fn without_the_modules_file_its_offset_is_told() {
    let log = text("logs/bare.log");
    let report = symbolized(&log, &symbolizer(vec![file("logs/proc-modules.txt"), file("gcc5/vmlinux")]));
    let problems = report.symbols.unwrap().problems;
    assert!(
        problems.iter().any(|problem| problem.contains("0xffffffffc0a12345 is at offset 0x2345 in bad_driver")),
        "{problems:?}"
    );
    // The vmlinux is of another release: nothing is taken from it.
    assert!(problems.iter().any(|problem| problem.contains("3.10.0-fixture")), "{problems:?}");
}

#[test]
fn bare_addresses_by_system_map() {
    let log = text("logs/bare.log");
    let report = symbolized(&log, &symbolizer(vec![file("gcc5/System.map")]));
    let names: Vec<_> = frames(&report).into_iter().filter_map(|frame| frame.function.as_deref()).collect();
    assert_eq!(names, ["work"]);
    assert!(report.symbols.unwrap().problems.iter().any(|problem| problem.contains("KASLR")));
    // By the log's own word.
    let moved = log.replace("810000c6", "910000c6")
        + "Kernel panic - not syncing: Fatal exception\nKernel Offset: 0x10000000 from 0xffffffff81000000\n";
    let report = symbolized(&moved, &symbolizer(vec![file("gcc5/System.map")]));
    let names: Vec<_> = frames(&report).into_iter().filter_map(|frame| frame.function.as_deref()).collect();
    assert_eq!(names, ["work"]);
}

/// A file that nobody may look into.
struct Untouched;

impl ReadAt for Untouched {
    fn len(&self) -> u64 {
        panic!("its length was asked")
    }

    fn read_at(&self, _offset: u64, _buf: &mut [u8]) -> Result<usize, ReadError> {
        panic!("it was read")
    }
}

#[test]
fn a_tree_of_thousands_is_not_opened() {
    let mut files: Vec<Given> = (0..3000)
        .flat_map(|n| {
            [format!("dbg/lib/modules/6.1.0-fixture/kernel/drivers/d{n}.ko.debug"), format!("dbg/src/d{n}.c")]
        })
        .chain((0..1000).map(|n| format!("dbg/.build-id/{:02x}/{n:038x}.debug", n % 256)))
        .map(|name| Given { name, bytes: Rc::new(Untouched) })
        .collect();
    let id = format!("dbg/.build-id/{}/{}.debug", &BUILD_ID[..2], &BUILD_ID[2..]);
    files.push(given(&id, bytes("gcc5/vmlinux")));
    // The build-id is enough: a vmlinux of another release is not looked into.
    files.push(Given { name: "dbg/boot/vmlinux-5.10.0-other".into(), bytes: Rc::new(Untouched) });
    let symbolizer = symbolizer(files);
    let report = symbolized(&text("logs/oops.log"), &symbolizer);
    assert_eq!(report.symbols.unwrap().with_lines, 10);
    let rows = symbolizer.files();
    assert_eq!(rows.len(), 2);
    assert!(rows[1].name.starts_with("7001 other files"), "{}", rows[1].name);
}

#[test]
fn what_is_no_symbols_is_given_back() {
    let mut symbolizer = Symbolizer::new(Rc::new(NoStore));
    let others = symbolizer.add(vec![
        file("logs/oops.log"),
        given("empty", Vec::new()),
        given("photo.jpg", vec![0xff; 100]),
        file("gcc5/vmlinux"),
        given("dbg/copyright", b"words".to_vec()),
    ]);
    let names: Vec<&str> = others.iter().map(|given| given.name.as_str()).collect();
    assert_eq!(names, ["oops.log", "empty", "photo.jpg", "dbg/copyright"]);
    assert!(!symbolizer.is_empty());
}

#[test]
fn files_that_lie_about_themselves_are_told_and_the_rest_goes_on() {
    let symbolizer = symbolizer(vec![
        given("bad_driver.ko", b"no ELF file at all".to_vec()),
        given("vmlinux", bytes("gcc5/vmlinux")[..500].to_vec()),
        given("System.map", b"nothing of the kind\n".to_vec()),
        given("other.ko.xz", b"\xfd7zXZ\0 and no more".to_vec()),
        file("gcc5/vmlinux"),
    ]);
    let report = symbolized(&text("logs/oops.log"), &symbolizer);
    assert_eq!(report.symbols.unwrap().with_lines, 10);
    let rows = symbolizer.files();
    assert_eq!(rows.iter().filter(|row| row.status == SymbolStatus::Unreadable).count(), 4);
    assert!(rows.iter().all(|row| row.status != SymbolStatus::Unreadable || row.note.is_some()));
}

#[test]
fn a_vmlinux_cut_short_anywhere_hurts_nothing() {
    let whole = bytes("gcc5/vmlinux");
    let log = text("logs/oops.log");
    for step in 0..40 {
        let length = whole.len() * step / 40;
        let mut symbolizer = Symbolizer::new(Rc::new(NoStore));
        symbolizer.add(vec![given("vmlinux", whole[..length].to_vec())]);
        let report = symbolized(&log, &symbolizer);
        let symbols = report.symbols.unwrap();
        assert!(symbols.with_lines == 10 || !symbols.problems.is_empty(), "{length}");
    }
}

#[test]
fn damage_anywhere_hurts_nothing() {
    let whole = bytes("gcc5/vmlinux");
    let log = text("logs/oops.log");
    let mut seed = 1_u64;
    for _ in 0..300 {
        let mut damaged = whole.clone();
        for _ in 0..20 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from((seed >> 33) % whole.len() as u64).unwrap();
            damaged[at] = seed.to_le_bytes()[3];
        }
        let mut symbolizer = Symbolizer::new(Rc::new(NoStore));
        symbolizer.add(vec![given("vmlinux", damaged)]);
        let _ = symbolized(&log, &symbolizer);
    }
}

#[test]
fn questions_about_places() {
    let files = symbolizer(vec![file("gcc5/vmlinux")]);
    let answer = files.address("disk_read+0x40/0xa8", 0).unwrap();
    let spots = &answer.places[0].spots;
    assert_eq!(spots.iter().map(|spot| spot.line.unwrap()).collect::<Vec<_>>(), [25, 38, 46, 49]);
    let address = answer.places[0].address;
    assert_eq!(files.address(&format!("{address:#x}"), 0).unwrap(), answer);
    assert_eq!(files.address(&format!("{:#x}", address + 0x1000_0000), 0x1000_0000).unwrap(), answer);
    assert_eq!(files.address("check+0x26", 0).unwrap().places.len(), 2, "both of that name");
    let reset = files.address("reset+0x19/0x1e", 0).unwrap();
    assert_eq!((reset.places.len(), reset.notes.len()), (1, 1));
    assert!(files.address("nothing+0x1", 0).is_err() && files.address("+", 0).is_err());

    // The walk-through: addr2line's way, by the module's base, and by name.
    let module = symbolizer(vec![file("modules/gcc5/bad_driver.ko")]);
    let by_offset = module.address("0x2345", 0).unwrap();
    assert_eq!(by_offset.places[0].spots[0].line, Some(18));
    assert_eq!(module.address("0xffffffffc0a12345", 0xffff_ffff_c0a1_0000).unwrap(), by_offset);
    assert_eq!(module.address("driver_ioctl+0x4b/0x5a", 0).unwrap(), by_offset);
}

#[test]
fn lines_of_the_source_are_found_by_the_end_of_their_path() {
    let symbolizer =
        symbolizer(vec![given("fixture/disk.c", b"a\nb\nc\n".to_vec()), given("other/disk.c", b"x\n".to_vec())]);
    let excerpt = symbolizer.excerpt("/usr/src/fixture/disk.c", 2, 1).unwrap();
    assert_eq!((excerpt.path.as_str(), excerpt.lines.len()), ("fixture/disk.c", 3));
}
