//! What the session's tests share: a session that is driven to the end, and sources that count and fail.
#![allow(dead_code, unreachable_pub, reason = "a module of several test binaries, each of which uses its own part")]

use oopscope_protocol::{Event, Format, LogLine, LogSummary, Problem, Request};
use oopscope_session::{Answer, Input, Session};
use oopscope_source::{ReadAt, ReadError};
use std::cell::Cell;
use std::rc::Rc;

/// A session, and the numbers of its requests.
pub struct Driver {
    pub session: Session,
    last: u64,
}

impl Driver {
    pub fn new() -> Self {
        Self { session: Session::new("test", oopscope_disasm::list), last: 0 }
    }

    /// Sends a request; gives its number and the answers that came at once.
    pub fn send(&mut self, request: Request, inputs: Vec<Input>) -> (u64, Vec<Answer>) {
        self.last += 1;
        (self.last, self.session.request(self.last, request, inputs))
    }

    /// Sends a request and steps until nothing is left to do; gives its events.
    pub fn run(&mut self, request: Request, inputs: Vec<Input>) -> Vec<Event> {
        let (id, mut answers) = self.send(request, inputs);
        while self.session.is_busy() {
            answers.extend(self.session.step());
        }
        answers.into_iter().filter(|answer| answer.id == id).map(|answer| answer.event).collect()
    }

    /// Opens inputs to the end.
    pub fn open(&mut self, inputs: Vec<Input>) -> Result<LogSummary, Problem> {
        self.open_by(Request::Open { name: None, text: None }, inputs)
    }

    pub fn open_by(&mut self, request: Request, inputs: Vec<Input>) -> Result<LogSummary, Problem> {
        match self.run(request, inputs).pop() {
            Some(Event::Opened(summary)) => Ok(*summary),
            Some(Event::Failed(problem)) => Err(problem),
            other => panic!("not an opening: {other:?}"),
        }
    }

    pub fn lines(&mut self, from: u64, count: u32) -> Vec<LogLine> {
        match self.run(Request::Lines { from, count }, Vec::new()).pop() {
            Some(Event::Lines { from: given, lines }) => {
                assert_eq!(given, from);
                lines
            }
            other => panic!("no lines: {other:?}"),
        }
    }

    pub fn texts(&mut self, from: u64, count: u32) -> Vec<String> {
        self.lines(from, count).into_iter().map(|line| line.text).collect()
    }

    pub fn find(&mut self, text: &str, from: u64, backwards: bool) -> Option<u64> {
        match self.run(Request::Find { text: text.into(), from, backwards }, Vec::new()).pop() {
            Some(Event::Found { line }) => line,
            other => panic!("no result: {other:?}"),
        }
    }

    pub fn render(&mut self, index: Option<u32>, format: Format) -> String {
        match self.run(Request::Render { index, format }, Vec::new()).pop() {
            Some(Event::Rendered { text, .. }) => text,
            other => panic!("no text: {other:?}"),
        }
    }
}

/// One of the project's captured logs.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/fixtures/guests/{name}.log", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "a test's own input")]
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// An input of a captured log, named like its file.
pub fn guest(name: &str) -> Input {
    let file = name.rsplit('/').next().unwrap_or(name);
    Input::from_bytes(format!("{file}.log"), fixture(name))
}

pub fn text(name: &str, text: &str) -> Input {
    Input::from_bytes(name, text.as_bytes().to_vec())
}

/// How often and how much was read of a source, told outside of the session.
#[derive(Clone, Default)]
pub struct Meter {
    pub reads: Rc<Cell<u64>>,
    pub bytes: Rc<Cell<u64>>,
    pub largest: Rc<Cell<usize>>,
}

impl Meter {
    pub fn reset(&self) {
        self.reads.set(0);
        self.bytes.set(0);
    }
}

/// A log made while it is read: line `n` says its number, each line has [`Generated::LINE`] bytes.
pub struct Generated {
    pub lines: u64,
    /// Lines that are something else: number and text, which must be shorter than a line.
    pub special: Vec<(u64, String)>,
    pub meter: Meter,
}

impl Generated {
    pub const LINE: usize = 64;

    fn line(&self, number: u64) -> Vec<u8> {
        let special = self.special.iter().find(|(n, _)| *n == number);
        let mut line = special.map_or_else(|| format!("[{number:12}.000000] nothing to see"), |(_, text)| text.clone());
        while line.len() < Self::LINE - 1 {
            line.push('.');
        }
        line.push('\n');
        line.into_bytes()
    }
}

impl ReadAt for Generated {
    fn len(&self) -> u64 {
        self.lines * Self::LINE as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let left = usize::try_from(self.len().saturating_sub(offset)).unwrap();
        let wanted = left.min(buf.len());
        self.meter.reads.set(self.meter.reads.get() + 1);
        self.meter.bytes.set(self.meter.bytes.get() + wanted as u64);
        self.meter.largest.set(self.meter.largest.get().max(wanted));
        let mut done = 0;
        while done < wanted {
            let at = offset + done as u64;
            let line = self.line(at / Self::LINE as u64 + 1);
            let within = usize::try_from(at % Self::LINE as u64).unwrap();
            let n = (Self::LINE - within).min(wanted - done);
            buf[done..done + n].copy_from_slice(&line[within..within + n]);
            done += n;
        }
        Ok(wanted)
    }
}

/// Bytes of which those from `good` on can't be read.
pub struct Failing {
    pub bytes: Vec<u8>,
    pub good: u64,
    pub error: ReadError,
}

impl ReadAt for Failing {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let end = offset + (buf.len() as u64).min(self.len().saturating_sub(offset));
        if end > self.good { Err(self.error) } else { self.bytes.as_slice().read_at(offset, buf) }
    }
}
