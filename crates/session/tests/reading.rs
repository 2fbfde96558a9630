//! Lines by their numbers and the search for text, in logs of any size.

mod common;

use common::{Driver, Generated, Meter, text};
use oopscope_protocol::{Event, MAX_LINES, Request};
use oopscope_session::Input;

/// A session with a generated log open.
fn generated(lines: u64, special: Vec<(u64, String)>) -> (Driver, Meter) {
    let meter = Meter::default();
    let source = Generated { lines, special, meter: meter.clone() };
    let mut driver = Driver::new();
    driver.open(vec![Input { name: "big.log".into(), source: Box::new(source) }]).unwrap();
    (driver, meter)
}

fn number_of(line: &str) -> u64 {
    line[1..13].trim().parse().unwrap()
}

#[test]
fn lines_in_the_middle_cost_little_and_are_the_right_ones() {
    let (mut driver, meter) = generated(120_000, Vec::new());
    for from in [1, 2, 61_234, 119_990] {
        meter.reset();
        let lines = driver.texts(from, 20);
        let numbers: Vec<u64> = lines.iter().map(|line| number_of(line)).collect();
        let to = (from + 19).min(120_000);
        assert_eq!(numbers, (from..=to).collect::<Vec<_>>());
        assert!(meter.bytes.get() <= 256 << 10, "{} bytes for 20 lines", meter.bytes.get());
    }
    assert!(meter.largest.get() <= 4 << 20, "a block is the most that is ever held");
}

#[test]
fn what_is_not_there_is_not_given() {
    let mut driver = Driver::new();
    driver.open(vec![text("short.log", "one\ntwo\n\nfour")]).unwrap();
    assert_eq!(driver.texts(1, 100), ["one", "two", "", "four"]);
    assert_eq!(driver.texts(3, 1), [""]);
    assert_eq!(driver.texts(2, 0), Vec::<String>::new());
    assert_eq!(driver.texts(5, 3), Vec::<String>::new());
    assert_eq!(driver.texts(u64::MAX, 3), Vec::<String>::new());
}

#[test]
fn a_request_for_too_many_lines_gives_the_most_there_may_be() {
    let (mut driver, _) = generated(5000, Vec::new());
    assert_eq!(driver.lines(10, u32::MAX).len(), MAX_LINES as usize);
}

#[test]
fn lines_of_megabytes_are_cut_and_counted() {
    let mut log = String::from("first\n");
    log.push_str(&"ä".repeat(3 << 20));
    log.push_str("\nlast\n");
    let mut driver = Driver::new();
    let summary = driver.open(vec![text("wide.log", &log)]).unwrap();
    assert_eq!(summary.facts.lines_cut, 1);
    let lines = driver.lines(1, 3);
    assert_eq!((lines[0].text.as_str(), lines[2].text.as_str()), ("first", "last"));
    assert_eq!(lines[1].text.len() as u64 + lines[1].cut, 6 << 20);
    assert!(lines[1].text.chars().all(|c| c == 'ä'), "no character is cut in two");
    assert_eq!(driver.find("LAST", 1, false), Some(3));
    assert_eq!(driver.find("ääää", 1, false), Some(2));
}

#[test]
fn an_answer_has_bounds_in_bytes_too() {
    let line = "x".repeat(15 << 10) + "\n";
    let mut driver = Driver::new();
    driver.open(vec![text("wide.log", &line.repeat(1000))]).unwrap();
    let given = driver.lines(1, 1000).len();
    assert!((500..600).contains(&given), "{given} lines of 15 KiB in 8 MiB");
    assert_eq!(driver.lines(given as u64 + 1, 1).len(), 1, "the others can be asked for");
}

#[test]
fn search_goes_both_ways_and_ignores_case() {
    let special = vec![(7, "Needle one".to_owned()), (90_000, "a NEEDLE too".to_owned())];
    let (mut driver, _) = generated(120_000, special);
    assert_eq!(driver.find("needle", 1, false), Some(7));
    assert_eq!(driver.find("needle", 7, false), Some(7), "the line at which it starts is searched");
    assert_eq!(driver.find("needle", 8, false), Some(90_000));
    assert_eq!(driver.find("needle", 90_001, false), None);
    assert_eq!(driver.find("needle", 120_000, true), Some(90_000));
    assert_eq!(driver.find("needle", u64::MAX, true), Some(90_000));
    assert_eq!(driver.find("needle", 89_999, true), Some(7));
    assert_eq!(driver.find("needle", 6, true), None);
    assert_eq!(driver.find("[      119999.", 1, false), Some(119_999));
}

#[test]
fn a_match_across_colours_and_across_blocks_is_found() {
    let mut log = "x".repeat((1 << 20) - 3) + "needle" + &"y".repeat(2 << 20) + "\n";
    log.push_str("\x1b[31mred \x1b[1malert\x1b[0m\n");
    let mut driver = Driver::new();
    driver.open(vec![text("odd.log", &log)]).unwrap();
    assert_eq!(driver.find("NEEDLE", 1, false), Some(1));
    assert_eq!(driver.find("red alert", 1, false), Some(2));
    assert_eq!(driver.find("red alert", 2, true), Some(2));
}

#[test]
fn what_cannot_be_searched_for_says_why() {
    let mut driver = Driver::new();
    driver.open(vec![text("a.log", "a\n")]).unwrap();
    for bad in ["", "a\nb", &"x".repeat(1001)] {
        let events = driver.run(Request::Find { text: bad.into(), from: 1, backwards: false }, Vec::new());
        assert!(matches!(&events[..], [Event::Failed(problem)] if problem.code == "bad-request"), "{events:?}");
    }
}

#[test]
fn a_newer_search_takes_the_place_of_one_under_way() {
    let (mut driver, _) = generated(120_000, Vec::new());
    let find = |text: &str| Request::Find { text: text.into(), from: 1, backwards: false };
    let (first, answers) = driver.send(find("nowhere"), Vec::new());
    assert_eq!(answers, Vec::new(), "it is a long search");
    let (second, answers) = driver.send(find("119998"), Vec::new());
    assert!(
        matches!(&answers[..], [a] if a.id == first && matches!(&a.event, Event::Failed(p) if p.code == "superseded"))
    );
    let mut answers = Vec::new();
    while driver.session.is_busy() {
        answers.extend(driver.session.step());
    }
    assert!(
        matches!(&answers[..], [a] if a.id == second && a.event == Event::Found { line: Some(119_998) }),
        "{answers:?}"
    );
}

/// Slow without optimisation; the built engine scans more than 4 GiB in tests/wasm.
#[cfg(not(debug_assertions))]
#[test]
fn a_large_log_is_read_once_and_never_held() {
    let lines = 3_200_000;
    let (mut driver, meter) = generated(lines, vec![(lines - 1, "Kernel panic - not syncing: last".to_owned())]);
    let size = lines * Generated::LINE as u64;
    assert!(meter.bytes.get() <= size + (128 << 10), "{} of {size}", meter.bytes.get());
    assert!(meter.largest.get() <= 4 << 20);
    meter.reset();
    assert_eq!(number_of(&driver.texts(lines / 2, 1)[0]), lines / 2);
    assert!(meter.bytes.get() <= 512 << 10);
    assert_eq!(driver.find("not syncing", 1, false), Some(lines - 1));
}
