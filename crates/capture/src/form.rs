//! Which form an input has, and the stream of lines that is made of it.
//!
//! Must never convert what is lines already: the log's own bytes are shown, and line numbers are its own, wherever
//! that is possible.

use crate::dmesg_json::DmesgJson;
use crate::journal::{Export, Json};
use crate::lines::ByLine;
use crate::mtdoops::Mtdoops;
use crate::netconsole::Netconsole;
use crate::utf16::Utf16;
use crate::wrapped::Wrapped;
use crate::{dmesg_json, journal, mtdoops, netconsole, utf16, wrapped};
use oopscope_unpack::{Damage, Flow};

/// A form that has to be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Text in UTF-16, as PowerShell's `>` writes it.
    Utf16 {
        /// Byte order.
        big_endian: bool,
    },
    /// `journalctl -o export`.
    JournalExport,
    /// `journalctl -o json`, json-seq or json-sse.
    JournalJson,
    /// `dmesg --json`.
    DmesgJson,
    /// netconsole's extended records, in fragments or out of order.
    Netconsole,
    /// A terminal cut its lines at this many columns.
    Wrapped {
        /// The columns.
        width: usize,
    },
    /// A dump of mtdoops' flash partition.
    Mtdoops,
}

impl Form {
    /// Judges by the beginning of an input; 64 KiB are enough.
    pub fn of(head: &[u8]) -> Option<Self> {
        if let Some(big_endian) = utf16::byte_order(head) {
            return Some(Self::Utf16 { big_endian });
        }
        if mtdoops::is_dump(head) {
            return Some(Self::Mtdoops);
        }
        if journal::is_export(head) {
            return Some(Self::JournalExport);
        }
        if journal::is_json(head) {
            return Some(Self::JournalJson);
        }
        if dmesg_json::is_json(head) {
            return Some(Self::DmesgJson);
        }
        if netconsole::needs_order(head) {
            return Some(Self::Netconsole);
        }
        wrapped::width(head).map(|width| Self::Wrapped { width })
    }

    /// What was done, as the end of a sentence about the input; `None` where nobody needs to know.
    pub fn note(self) -> String {
        match self {
            Self::Utf16 { .. } => "is UTF-16 text and was converted to UTF-8".into(),
            Self::JournalExport => "is the journal's export format; each message is shown as a line".into(),
            Self::JournalJson => "is the journal's JSON; each message is shown as a line".into(),
            Self::DmesgJson => "is dmesg's JSON; each message is shown as a line".into(),
            Self::Netconsole => {
                "holds netconsole's records; fragments were joined and records put into the order of their numbers"
                    .into()
            }
            Self::Wrapped { width } => {
                format!("was cut into lines of {width} columns by a terminal; lines that go on were joined again")
            }
            Self::Mtdoops => "is a dump of mtdoops' flash; its records are shown oldest first".into(),
        }
    }

    fn converter(self) -> Box<dyn Convert> {
        match self {
            Self::Utf16 { big_endian } => Box::new(Utf16::new(big_endian)),
            Self::JournalExport => Box::new(Export::default()),
            Self::JournalJson => Box::new(ByLine::new(Json::default())),
            Self::DmesgJson => Box::new(ByLine::new(DmesgJson::default())),
            Self::Netconsole => Box::new(ByLine::new(Netconsole::default())),
            Self::Wrapped { width } => Box::new(ByLine::new(Wrapped::new(width))),
            Self::Mtdoops => Box::new(Mtdoops::default()),
        }
    }
}

/// Turns bytes of one form into lines, in pieces of any size.
pub(crate) trait Convert {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>);

    /// The end of the input: gives what is still held.
    fn finish(&mut self, out: &mut Vec<u8>);
}

/// Bytes taken from the inner flow at a time.
const PIECE: usize = 64 << 10;

/// A flow through a converter.
pub struct Converted {
    inner: Box<dyn Flow>,
    converter: Box<dyn Convert>,
    piece: Vec<u8>,
    out: Vec<u8>,
    given: usize,
    end: Option<Result<(), Damage>>,
}

impl Converted {
    /// Lines of what `inner` gives in that form.
    pub fn new(inner: Box<dyn Flow>, form: Form) -> Self {
        let converter = form.converter();
        Self { inner, converter, piece: vec![0; PIECE], out: Vec::new(), given: 0, end: None }
    }
}

impl Flow for Converted {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Damage> {
        if buf.is_empty() {
            return Ok(0);
        }
        while self.given == self.out.len() {
            if let Some(end) = self.end {
                return end.map(|()| 0);
            }
            self.out.clear();
            self.given = 0;
            match self.inner.read(&mut self.piece) {
                Ok(n @ 1..) => self.converter.push(&self.piece[..n], &mut self.out),
                end => {
                    self.converter.finish(&mut self.out);
                    self.end = Some(end.map(|_| ()));
                }
            }
        }
        let n = buf.len().min(self.out.len() - self.given);
        buf[..n].copy_from_slice(&self.out[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }

    fn position(&self) -> u64 {
        self.inner.position()
    }
}
