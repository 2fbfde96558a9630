//! Targets for what opens inputs: packed logs, archives, captures, pictures.
//!
//! Like the others they must never depend on chance.

use crate::mutate::Rng;
use oopscope_capture::{Converted, Form};
use oopscope_protocol::{Event, Request};
use oopscope_session::{Input, Session};
use oopscope_unpack::{Damage, Flow};

/// Any bytes can be given to be opened: they become a log whose lines can be read, or a reason why not.
pub fn session_open(bytes: &[u8]) {
    let mut session = Session::new("fuzz", oopscope_disasm::list);
    let open = Request::Open { name: None, text: None };
    let lines = match run(&mut session, open, vec![Input::from_bytes("input", bytes.to_vec())]) {
        Some(Event::Opened(summary)) => summary.facts.lines,
        Some(Event::Failed(problem)) => {
            assert!(!problem.message.is_empty() && !problem.advice.is_empty(), "{problem:?}");
            return;
        }
        other => panic!("neither a log nor a problem: {other:?}"),
    };
    let from = lines.saturating_sub(3).max(1);
    let Some(Event::Lines { lines: given, .. }) = run(&mut session, Request::Lines { from, count: 10 }, Vec::new())
    else {
        panic!("no lines")
    };
    assert_eq!(from + given.len() as u64, lines + 1, "lines that were counted can't be read");
}

fn run(session: &mut Session, request: Request, inputs: Vec<Input>) -> Option<Event> {
    let mut answers = session.request(1, request, inputs);
    while session.is_busy() {
        answers.extend(session.step());
    }
    answers.pop().map(|answer| answer.event)
}

/// Any bytes can be converted from any form, and what comes out does not depend on the pieces in which they came.
pub fn capture_convert(bytes: &[u8]) {
    let forms = [
        Form::Utf16 { big_endian: false },
        Form::Utf16 { big_endian: true },
        Form::JournalExport,
        Form::JournalJson,
        Form::DmesgJson,
        Form::Netconsole,
        Form::Wrapped { width: 80 },
        Form::Mtdoops,
    ];
    for form in Form::of(bytes).into_iter().chain(forms) {
        let whole = converted(bytes, form, usize::MAX);
        assert_eq!(converted(bytes, form, 5), whole, "{form:?} depends on pieces");
        // A line of the journal's becomes one with a date, a host and a name before it, and a boot's line.
        assert!(whole.len() <= 1000 + bytes.len() * 200, "{form:?} makes {} bytes of {}", whole.len(), bytes.len());
    }
}

/// Bytes in pieces of at most so many.
struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    longest: usize,
    rng: Rng,
}

impl Flow for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Damage> {
        let left = self.bytes.len() - self.at;
        let most = left.min(buf.len()).min(self.longest);
        let n = if most > 1 && self.longest < usize::MAX { 1 + self.rng.below(most) } else { most };
        buf[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }

    fn position(&self) -> u64 {
        self.at as u64
    }
}

fn converted(bytes: &[u8], form: Form, longest: usize) -> Vec<u8> {
    let pieces = Pieces { bytes: bytes.to_vec(), at: 0, longest, rng: Rng::of(bytes) };
    let mut flow = Converted::new(Box::new(pieces), form);
    let mut out = Vec::new();
    let mut buf = [0; 4096];
    loop {
        match flow.read(&mut buf) {
            Ok(0) => return out,
            Ok(n) => out.extend_from_slice(&buf[..n]),
            Err(damage) => panic!("bytes in memory are never damaged: {damage}"),
        }
    }
}
