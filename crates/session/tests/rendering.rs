//! What is copied and saved: text for mail, Markdown, and the JSON document.

mod common;

use common::{Driver, guest, text};
use oopscope_protocol::{Event, Format, Request};
use oopscope_report::{Document, SCHEMA};

#[test]
fn text_for_mail() {
    let mut driver = Driver::new();
    driver.open(vec![guest("6.12/irq_null_write")]).unwrap();
    insta::assert_snapshot!("irq_null_write.txt", driver.render(Some(0), Format::Text));
}

#[test]
fn markdown_for_an_issue() {
    let mut driver = Driver::new();
    driver.open(vec![guest("6.1/warn_then_null")]).unwrap();
    insta::assert_snapshot!("warn_then_null.md", driver.render(None, Format::Markdown));
}

#[test]
fn all_reports_are_the_reports_one_by_one() {
    let mut driver = Driver::new();
    driver.open(vec![guest("6.1/two_oopses")]).unwrap();
    let all = driver.render(None, Format::Text);
    for (i, title) in [(0, "guest_first_null_write"), (1, "guest_second_null_read")] {
        let one = driver.render(Some(i), Format::Text);
        assert!(one.lines().next().unwrap().ends_with(title), "{one}");
        assert!(all.contains(&one));
    }
    assert!(all.find("Report 1 of 2").unwrap() < all.find("Report 2 of 2").unwrap());
}

#[test]
fn the_document_comes_back_as_it_was() {
    let mut driver = Driver::new();
    driver.open(vec![guest("6.1/two_oopses")]).unwrap();
    let document: Document = serde_json::from_str(&driver.render(None, Format::Json)).unwrap();
    assert_eq!(document.schema, SCHEMA);
    assert_eq!(document.log.name.as_deref(), Some("two_oopses.log"));
    for (index, report) in (0..).zip(&document.reports) {
        let Some(Event::Report(answered)) = driver.run(Request::Report { index }, Vec::new()).pop() else { panic!() };
        assert_eq!(&*answered, report);
    }
    assert_eq!(document.reports[1].may_follow_from, Some(0));
    let one: Document = serde_json::from_str(&driver.render(Some(1), Format::Json)).unwrap();
    assert_eq!((one.reports.len(), one.reports[0].may_follow_from), (1, None));
}

#[test]
fn a_report_of_thousands_of_lines_is_cut_and_says_so() {
    let mut log = String::from("[    1.000000] Kernel panic - not syncing: deep\n[    1.000000] Call Trace:\n");
    log.extend((0..1000).map(|n| format!("[    1.000000]  function_{n}+0x1/0x2\n")));
    let mut driver = Driver::new();
    driver.open(vec![text("deep.log", &log)]).unwrap();
    let out = driver.render(None, Format::Text);
    assert!(out.contains("function_397+0x1/0x2\n") && !out.contains("function_398+"), "{out}");
    assert!(out.ends_with("\n[602 more lines of this report, from line 401 on, left out]\n"), "{out}");
}

#[test]
fn without_a_report_it_says_what_was_looked_for() {
    let mut driver = Driver::new();
    driver.open(vec![text("quiet.log", "[    0.000000] fine\n")]).unwrap();
    let out = driver.render(None, Format::Text);
    assert!(out.starts_with("No crash report found in quiet.log (1 line).\nLooked for:\n"), "{out}");
    assert!(driver.render(None, Format::Markdown).contains("- `Kernel panic"));
    let document: Document = serde_json::from_str(&driver.render(None, Format::Json)).unwrap();
    assert_eq!((document.reports.len(), document.log.lines), (0, 1));
}

#[test]
fn nothing_out_of_a_log_reaches_a_terminal_or_a_page_as_a_command() {
    let log = "[    1.000000] Kernel panic - not syncing: \x1b]0;owned\x07<script>alert(1)</script>\n\
               [    1.000000] Call Trace:\n[    1.000000]  f+0x1/0x2\n```\n# head\n";
    let mut driver = Driver::new();
    driver.open(vec![text("evil`|<b>.log", log)]).unwrap();
    for format in [Format::Text, Format::Markdown, Format::Json] {
        let out = driver.render(None, format);
        assert!(!out.contains(|c: char| c.is_control() && c != '\n'), "{out:?}");
    }
    let markdown = driver.render(None, Format::Markdown);
    let outside: String = markdown.split("```text").next().unwrap().into();
    let naked = outside.split('`').step_by(2).any(|words| words.replace("\\<", "").contains('<'));
    assert!(!naked, "{outside}");
}

#[test]
fn file_names_are_safe_and_tell_what_is_inside() {
    let mut driver = Driver::new();
    driver.open(vec![text("../some log:1.txt", &String::from_utf8(common::fixture("6.1/bug")).unwrap())]).unwrap();
    for (index, format, name) in [
        (None, Format::Json, "some-log-1.txt.oops.json"),
        (Some(0), Format::Text, "some-log-1.txt.oops-1.txt"),
        (Some(0), Format::Markdown, "some-log-1.txt.oops-1.md"),
    ] {
        let events = driver.run(Request::Render { index, format }, Vec::new());
        assert!(matches!(&events[..], [Event::Rendered { file_name, .. }] if file_name == name), "{events:?}");
    }
    let events = driver.run(Request::Render { index: Some(7), format: Format::Text }, Vec::new());
    assert!(matches!(&events[..], [Event::Failed(problem)] if problem.code == "bad-request"));
}
