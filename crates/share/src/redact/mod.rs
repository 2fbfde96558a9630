//! Finds private things in kernel-log text and puts placeholders in their place.
//!
//! This module must never change what a report is parsed from: addresses, offsets, registers, code bytes, function
//! and module names, versions, times and bus addresses stay as they are. Nor may it promise too much: it finds what
//! its kinds describe, and the user sees each piece before it is shared.
//!
//! Each [`Kind`] is one file, whose documentation says what is found and what is left alone on purpose. The same
//! original gets the same placeholder throughout (`<ip-1>`, `<host-2>`), so that a reader can still follow.
//!
//! Where two kinds find overlapping things, the leftmost wins, then the longest, then the order of [`Kind::ALL`];
//! what the loser found beyond the winner's end is replaced as well: nothing that a kind found stays readable.
//!
//! All scanners look at each byte a bounded number of times: a hostile line of a megabyte costs milliseconds.

mod email;
mod host;
mod ip;
mod mac;
mod scan;
mod serial;
mod user_path;
mod uuid;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// A kind of private thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// IPv4 and IPv6 addresses.
    Ip,
    /// Hardware addresses of network devices.
    Mac,
    /// Names of machines.
    Host,
    /// Serial numbers of machines, disks and USB devices.
    Serial,
    /// UUIDs of file systems, partitions and machines.
    Uuid,
    /// E-mail addresses.
    Email,
    /// User names in paths.
    UserPath,
}

impl Kind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 7] = [Self::Ip, Self::Mac, Self::Host, Self::Serial, Self::Uuid, Self::Email, Self::UserPath];

    /// Stable name, used in the protocol and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Mac => "mac",
            Self::Host => "host",
            Self::Serial => "serial",
            Self::Uuid => "uuid",
            Self::Email => "email",
            Self::UserPath => "user-path",
        }
    }

    /// The kind of a name that [`Kind::name`] gave.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What it is, for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ip => "IP addresses",
            Self::Mac => "MAC addresses",
            Self::Host => "Host names",
            Self::Serial => "Serial numbers",
            Self::Uuid => "UUIDs",
            Self::Email => "E-mail addresses",
            Self::UserPath => "User names in paths",
        }
    }

    /// What stands in its placeholders: `<ip-1>`.
    const fn placeholder(self) -> &'static str {
        match self {
            Self::UserPath => "user",
            other => other.name(),
        }
    }

    /// Where it is found in a text.
    fn find(self, text: &str) -> Vec<Range<usize>> {
        match self {
            Self::Ip => ip::find(text),
            Self::Mac => mac::find(text),
            Self::Host => host::find(text),
            Self::Serial => serial::find(text),
            Self::Uuid => uuid::find(text),
            Self::Email => email::find(text),
            Self::UserPath => user_path::find(text),
        }
    }

    /// What makes two originals the same thing.
    fn identity(self, original: &str) -> String {
        match self {
            Self::Serial | Self::UserPath => original.to_owned(),
            Self::Ip | Self::Host | Self::Email => original.to_ascii_lowercase(),
            Self::Mac | Self::Uuid => {
                // With or without separators, and with systemd's escape for one.
                original.replace("\\x2d", "").replace([':', '-', '_'], "").to_ascii_lowercase()
            }
        }
    }
}

/// A piece of the text to be shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// What is shared: the text as it was, or a placeholder.
    pub text: String,
    /// What stood there before, when this is a placeholder.
    pub original: Option<String>,
    /// Which kind of thing that was.
    pub kind: Option<Kind>,
}

/// A text with its private things taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redacted {
    /// The text, in pieces; joined, their texts are what is shared.
    pub pieces: Vec<Piece>,
    /// For each kind, in the order of [`Kind::ALL`]: how many pieces are of it, or would be if it were switched on.
    pub found: Vec<(Kind, u32)>,
}

impl Redacted {
    /// What is shared.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hit {
    range: Range<usize>,
    kind: Kind,
}

/// Takes what the kinds in `on` describe out of a text.
pub fn redact(text: &str, on: &[Kind]) -> Redacted {
    let mut hits: Vec<Hit> =
        Kind::ALL.iter().flat_map(|&kind| kind.find(text).into_iter().map(move |range| Hit { range, kind })).collect();
    hits.sort_by_key(|hit| (hit.range.start, std::cmp::Reverse(hit.range.end), hit.kind));

    let found = Kind::ALL
        .into_iter()
        .map(|kind| {
            let with = resolved(&hits, |other| other == kind || on.contains(&other));
            let count = with.iter().filter(|hit| hit.kind == kind).count();
            (kind, u32::try_from(count).unwrap_or(u32::MAX))
        })
        .collect();

    let mut names = Placeholders::new(text);
    let mut pieces = Vec::new();
    let mut done = 0;
    for hit in resolved(&hits, |kind| on.contains(&kind)) {
        push_plain(&mut pieces, &text[done..hit.range.start]);
        done = hit.range.end;
        let original = &text[hit.range];
        pieces.push(Piece {
            text: names.for_original(hit.kind, original),
            original: Some(original.to_owned()),
            kind: Some(hit.kind),
        });
    }
    push_plain(&mut pieces, &text[done..]);
    Redacted { pieces, found }
}

fn push_plain(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece { text: text.to_owned(), original: None, kind: None });
    }
}

/// The hits that are wanted, free of overlaps. `hits` are sorted: leftmost first, then longest, then by kind.
fn resolved(hits: &[Hit], wanted: impl Fn(Kind) -> bool) -> Vec<Hit> {
    let mut out: Vec<Hit> = Vec::new();
    let mut done = 0;
    for hit in hits.iter().filter(|hit| wanted(hit.kind)) {
        let start = hit.range.start.max(done);
        if start < hit.range.end {
            done = hit.range.end;
            out.push(Hit { range: start..done, kind: hit.kind });
        }
    }
    out
}

/// Gives the same original the same placeholder, and none that the text already contains.
struct Placeholders {
    taken: HashSet<String>,
    given: HashMap<(Kind, String), String>,
    last: HashMap<Kind, u32>,
}

impl Placeholders {
    fn new(text: &str) -> Self {
        Self { taken: existing(text), given: HashMap::new(), last: HashMap::new() }
    }

    fn for_original(&mut self, kind: Kind, original: &str) -> String {
        let identity = (kind, kind.identity(original));
        if let Some(name) = self.given.get(&identity) {
            return name.clone();
        }
        let last = self.last.entry(kind).or_default();
        let name = loop {
            *last += 1;
            let name = format!("<{}-{last}>", kind.placeholder());
            if !self.taken.contains(&name) {
                break name;
            }
        };
        self.given.insert(identity, name.clone());
        name
    }
}

/// Placeholders that stand in a text which has been redacted before.
fn existing(text: &str) -> HashSet<String> {
    const LONGEST: usize = 24;
    let starts = text.match_indices('<').map(|(start, _)| start);
    starts
        .filter_map(|start| {
            let tail = &text.as_bytes()[start..text.len().min(start + LONGEST)];
            let end = tail.iter().position(|&byte| byte == b'>')?;
            let name = str::from_utf8(&tail[1..end]).ok()?;
            let (kind, number) = name.rsplit_once('-')?;
            let known = Kind::ALL.iter().any(|known| known.placeholder() == kind);
            (known && number.bytes().all(|byte| byte.is_ascii_digit())).then(|| format!("<{name}>"))
        })
        .collect()
}
