//! Listings: reports are handed out with them, wait where the disassembler is not there yet, and nothing else does.

mod common;

use common::{Driver, guest};
use oopscope_protocol::{Event, Format, Request};
use oopscope_report::{Listing, Report};
use oopscope_session::{Answer, Disassembler, Session};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// One that comes late, and counts what it is asked.
#[derive(Clone, Default)]
struct Late {
    there: Rc<Cell<bool>>,
    asked: Rc<RefCell<Vec<String>>>,
}

impl Disassembler for Late {
    fn list(&self, report: &Report) -> Option<Result<Listing, String>> {
        if !self.there.get() {
            return None;
        }
        self.asked.borrow_mut().push(report.title.clone());
        Some(oopscope_disasm::list(report))
    }
}

fn ids(answers: &[Answer]) -> Vec<u64> {
    answers.iter().map(|answer| answer.id).collect()
}

fn drive(session: &mut Session, mut answers: Vec<Answer>) -> Vec<Answer> {
    while session.is_busy() {
        answers.extend(session.step());
    }
    answers
}

fn open(session: &mut Session, id: u64, name: &str) -> Vec<Answer> {
    let answers = session.request(id, Request::Open { name: None, text: None }, vec![guest(name)]);
    drive(session, answers)
}

#[test]
fn reports_wait_in_their_order_and_nothing_else_does() {
    let late = Late::default();
    let mut session = Session::new("test", late.clone());
    open(&mut session, 1, "6.1/two_oopses");
    assert!(!session.needs_disassembler(), "nobody has asked for a report");
    let mut answers = session.request(2, Request::Report { index: 1 }, Vec::new());
    answers.extend(session.request(3, Request::Render { index: None, format: Format::Text }, Vec::new()));
    answers.extend(session.request(4, Request::Report { index: 0 }, Vec::new()));
    assert!(answers.is_empty() && session.needs_disassembler() && !session.is_busy());
    let lines = session.request(5, Request::Lines { from: 1, count: 1 }, Vec::new());
    assert_eq!(ids(&drive(&mut session, lines)), [5]);
    assert!(session.resume().is_empty(), "it is still not there");

    late.there.set(true);
    let answers = session.resume();
    let answers = drive(&mut session, answers);
    let mut got = ids(&answers);
    got.sort_unstable();
    assert_eq!(got, [2, 3, 4]);
    assert!(!session.needs_disassembler());
    assert_eq!(late.asked.borrow().len(), 2, "each report is listed once");
    let listed = |event: &Event| match event {
        Event::Report(report) => report.code.as_ref().is_some_and(|code| code.listing.is_some()),
        Event::Rendered { text, .. } => text.matches("Instructions around").count() == 2,
        _ => false,
    };
    assert!(answers.iter().all(|answer| listed(&answer.event)));
}

#[test]
fn what_waits_for_a_log_that_was_closed_is_told_so() {
    let mut session = Session::new("test", Late::default());
    open(&mut session, 1, "6.1/null_write");
    assert!(session.request(2, Request::Report { index: 0 }, Vec::new()).is_empty());
    let answers = open(&mut session, 3, "6.1/two_oopses");
    let told = answers.iter().find(|answer| answer.id == 2).expect("an answer");
    assert!(matches!(&told.event, Event::Failed(problem) if problem.code == "superseded"));
    assert!(!session.needs_disassembler());
}

#[test]
fn a_page_that_asks_without_end_is_told_so() {
    let mut session = Session::new("test", Late::default());
    open(&mut session, 1, "6.1/null_write");
    let answers: Vec<_> =
        (2..1000).flat_map(|id| session.request(id, Request::Report { index: 0 }, Vec::new())).collect();
    assert!(!answers.is_empty() && answers.len() > 500);
    assert!(
        answers.iter().all(|answer| matches!(&answer.event, Event::Failed(problem) if problem.code == "superseded"))
    );
}

#[test]
fn what_needs_no_listing_does_not_wait() {
    let mut session = Session::new("test", Late::default());
    let answers = session.request(1, Request::Report { index: 0 }, Vec::new());
    assert!(matches!(&answers[..], [Answer { event: Event::Failed(_), .. }]), "no log is open");
    open(&mut session, 2, "6.1/null_write");
    let answers = session.request(3, Request::Report { index: 7 }, Vec::new());
    assert!(matches!(&answers[..], [Answer { event: Event::Failed(_), .. }]), "there is no such report");
    assert!(!session.needs_disassembler());
}

#[test]
fn one_that_is_always_there_is_a_function() {
    let mut driver = Driver::new();
    driver.open(vec![guest("6.1/null_write")]).unwrap();
    let Some(Event::Report(report)) = driver.run(Request::Report { index: 0 }, Vec::new()).pop() else { panic!() };
    assert!(report.code.unwrap().listing.is_some());
}
