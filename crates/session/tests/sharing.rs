//! Permalinks: what they hold, and what opens from them.

mod common;

use common::{Driver, fixture, guest, text};
use oopscope_protocol::{Event, Request, Shared, View};

fn share(driver: &mut Driver, index: u32, redactions: Option<Vec<String>>) -> Shared {
    let view = View { line: Some(4), tab: Some("report".into()) };
    match driver.run(Request::Share { index, redactions, view }, Vec::new()).pop() {
        Some(Event::Shared(shared)) => *shared,
        other => panic!("nothing to share: {other:?}"),
    }
}

fn text_of(shared: &Shared) -> String {
    shared.pieces.iter().map(|piece| piece.text.as_str()).collect()
}

#[test]
fn the_link_opens_to_the_same_report() {
    let mut driver = Driver::new();
    driver.open(vec![guest("6.1/two_oopses")]).unwrap();
    let Some(Event::Report(report)) = driver.run(Request::Report { index: 1 }, Vec::new()).pop() else { panic!() };
    let shared = share(&mut driver, 1, None);
    let fragment = shared.fragment.clone().unwrap();
    assert_eq!(shared.length, fragment.len() as u64);

    let mut other = Driver::new();
    let summary = other.open_by(Request::OpenLink { fragment }, Vec::new()).unwrap();
    let link = summary.link.unwrap();
    assert_eq!(link.problem, None);
    assert_eq!(link.view, View { line: Some(4), tab: Some("report".into()) });
    let index = link.report.unwrap();
    let Some(Event::Report(opened)) = other.run(Request::Report { index }, Vec::new()).pop() else { panic!() };
    assert_eq!(opened.title, report.title);
    assert_eq!(opened.stacks[0].frames.len(), report.stacks[0].frames.len());
    assert_eq!(opened.first_line + link.first_line - 1, report.first_line, "line numbers lead back");
    assert_eq!(other.session.request(9, Request::Hello, Vec::new()).len(), 1);
}

#[test]
fn the_boot_lines_come_along_without_what_lies_between() {
    let mut driver = Driver::new();
    driver.open(vec![guest("6.12/irq_null_write")]).unwrap();
    let shared = share(&mut driver, 0, None);
    let text = text_of(&shared);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("Linux version 6.12") && lines[1].contains("ommand line: "), "{}", &text[..500]);
    assert!(lines[2].contains("DMI: ") || lines[3].contains("DMI: "), "{}", &text[..900]);
    assert!(lines.iter().take(6).any(|line| line.ends_with("lines left out here]")));
    assert!(!text.contains('\r') && !text.contains('\x1b'));

    let Some(Event::Report(report)) = driver.run(Request::Report { index: 0 }, Vec::new()).pop() else { panic!() };
    let whole = driver.texts(report.first_line - 40, 55);
    assert!(text.contains(&whole.join("\n")), "40 lines before it and what follows");
    let mut other = Driver::new();
    let summary = other.open_by(Request::OpenLink { fragment: shared.fragment.unwrap() }, Vec::new()).unwrap();
    let first = summary.link.unwrap().first_line;
    assert_eq!(summary.reports[0].first_line + first - 1, report.first_line);
    assert_eq!(summary.facts.boots.len(), 1);
}

#[test]
fn what_is_private_is_taken_out_unless_it_is_switched_off() {
    let mut log = "[    0.500000] eth0: link up, 192.168.17.4 mac 52:54:00:12:34:56\n".to_owned();
    log += &String::from_utf8(fixture("6.1/null_write")).unwrap();
    let mut driver = Driver::new();
    driver.open(vec![text("a.log", &log)]).unwrap();
    let shared = share(&mut driver, 0, None);
    assert!(!text_of(&shared).contains("192.168.17.4") && !text_of(&shared).contains("52:54:00"));
    assert!(shared.pieces.iter().any(|piece| piece.original.as_deref() == Some("192.168.17.4")));
    let kept = share(&mut driver, 0, Some(vec!["mac".into()]));
    assert!(text_of(&kept).contains("192.168.17.4") && !text_of(&kept).contains("52:54:00"));
    let ip = kept.redactions.iter().find(|kind| kind.name == "ip").unwrap();
    assert_eq!((ip.found, ip.on), (1, false), "what is off is still counted");

    let request = Request::Share { index: 0, redactions: Some(vec!["salary".into()]), view: View::default() };
    assert!(matches!(&driver.run(request, Vec::new())[..], [Event::Failed(problem)] if problem.code == "bad-request"));
}

#[test]
fn too_long_for_a_link_offers_a_file() {
    // Lines that do not compress: a counter spread over hex digits.
    let mut log = String::from("[    1.000000] Kernel panic - not syncing: deep\n[    1.000000] Call Trace:\n");
    let mut state = 1_u64;
    log.extend((0..5000).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("[    1.000000]  f_{state:016x}{:016x}+0x1/0x2\n", state.rotate_left(17))
    }));
    let mut driver = Driver::new();
    driver.open(vec![text("deep.log", &log)]).unwrap();
    let shared = share(&mut driver, 0, None);
    assert_eq!(shared.fragment, None);
    assert!(shared.length > 64_000);
    assert_eq!(shared.file_name, "deep.log.oops-1.log");
    assert!(text_of(&shared).contains("Kernel panic - not syncing: deep"));
}

#[test]
fn a_damaged_link_shows_what_can_be_read_and_says_so() {
    let mut driver = Driver::new();
    driver.open(vec![guest("6.1/bug")]).unwrap();
    let fragment = share(&mut driver, 0, None).fragment.unwrap();
    let cut = fragment[..fragment.len() / 2].to_owned();
    let summary = driver.open_by(Request::OpenLink { fragment: cut }, Vec::new()).unwrap();
    let problem = summary.link.unwrap().problem.unwrap();
    assert!(problem.contains("cut off"), "{problem}");
    assert!(summary.facts.lines > 5);

    let before = driver.texts(1, 3);
    for nonsense in ["", "o1.", "settings", "o1.!!!!"] {
        let problem = driver.open_by(Request::OpenLink { fragment: nonsense.into() }, Vec::new()).expect_err(nonsense);
        assert_eq!(problem.code, "link");
        assert!(problem.message.ends_with('.') && !problem.advice.is_empty());
    }
    assert_eq!(driver.texts(1, 3), before, "what was open stays open");
}
