//! The permalink: a piece of log and the view of it, as a URL fragment that needs no server to be opened.
//!
//! This module must never put into a link anything but what it is handed in a [`Link`], and never fail to show what
//! a broken link still holds.
//!
//! # Format
//!
//! ```text
//! fragment  = "o" version "." base64url(body)            no padding; version in decimal, now 1
//! body      = crc32 length deflate
//! crc32     = 4 bytes, little-endian: CRC-32 (ISO 3309, as in gzip) of the payload
//! length    = bytes of the payload, 7 bits a byte, lowest first, high bit set on all but the last (LEB128)
//! deflate   = the payload, raw DEFLATE (RFC 1951)
//! payload   = view "\n" text
//! view      = one line of JSON: {"v":1,"first":438,"line":445,"tab":"report","report":0}
//! text      = the log's lines, UTF-8, to the end
//! ```
//!
//! In `view` all members are optional, and a reader ignores those it does not know: `first` is the number that the
//! text's first line had in the log it was taken from (1 when absent), `line` the selected line in the same count,
//! `tab` which view was open, `report` the index of the report the link is about, among those of the text.
//!
//! # Versions
//!
//! | version | since | what |
//! |---|---|---|
//! | `o1` | 2026 | the first |
//!
//! A member may be added to `view` without a new version. Everything else needs one, and should keep the body's
//! layout where it can: a reader tries that layout on newer versions too, and says so.
//!
//! # Example
//!
//! ```
//! use oopscope_share::{Link, View, decode, encode};
//!
//! let fragment = "o1.LSxRuIgBVcaxCoMwFEbh3af4uXMoWm0b7tili3RzKh1sc4VQiXITuojvroMOHjjwTfQnLgx1XmMirkprqPd\
//!     BNqb2Q0wq46CJzA7O5-wFoDifyupyvdk37s2D8RMN0uPZ1DXGwYckCicq3Xr4ikHrnEqMjPyYzRY";
//! let decoded = decode(fragment);
//! assert_eq!(decoded.problem, None);
//! assert_eq!(decoded.link.text, "[   12.345678] BUG: kernel NULL pointer dereference, address: 0000000000000008\n");
//! assert_eq!(decoded.link.view, View { first: 438, line: Some(438), tab: Some("report".into()), report: Some(0) });
//! ```

mod crc;
mod decode;
mod problem;

pub use decode::{Decoded, decode};
pub use problem::{EncodeError, LinkProblem};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// Version of the format that [`encode`] writes.
pub const VERSION: u32 = 1;

/// Up to this many characters a link survives mail and chat; a longer one deserves a warning.
pub const COMFORTABLE_LINK: usize = 8_000;

/// The longest fragment, in characters, that [`encode`] makes. Beyond it, offer a file.
pub const MAX_LINK: usize = 64_000;

/// The longest fragment, in bytes, that [`decode`] looks at.
pub const MAX_FRAGMENT: usize = 4 << 20;

/// The most bytes that a fragment may inflate to.
pub const MAX_PAYLOAD: usize = 8 << 20;

/// What a permalink carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// How the text was being looked at.
    pub view: View,
    /// The text, redacted by whoever makes the link.
    pub text: String,
}

/// How the text of a link was being looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// Number of the text's first line in the log that it was taken from, counting from 1.
    pub first: u64,
    /// Selected line, in the same count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Which view was open: `report`, `log`. A reader must accept names that it does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tab: Option<String>,
    /// Index of the report that the link is about, among the reports of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<u32>,
}

impl Default for View {
    fn default() -> Self {
        Self { first: 1, line: None, tab: None, report: None }
    }
}

/// `view` as written: with the version of its members.
#[derive(Serialize)]
struct Head<'a> {
    v: u32,
    #[serde(flatten)]
    view: &'a View,
}

/// Makes the fragment of a permalink, without the `#`.
pub fn encode(link: &Link) -> Result<String, EncodeError> {
    // A view holds numbers and a name: there is nothing in it that JSON could refuse.
    let head = serde_json::to_string(&Head { v: VERSION, view: &link.view }).unwrap_or_default();
    let payload = format!("{head}\n{}", link.text);
    if payload.len() > MAX_PAYLOAD {
        return Err(EncodeError::TextTooLong { bytes: link.text.len() });
    }

    let mut body = crc::crc32(payload.as_bytes()).to_le_bytes().to_vec();
    push_varint(&mut body, payload.len() as u64);
    body.extend(miniz_oxide::deflate::compress_to_vec(payload.as_bytes(), level(payload.len())));
    let fragment = format!("o{VERSION}.{}", URL_SAFE_NO_PAD.encode(body));
    if fragment.len() > MAX_LINK { Err(EncodeError::LinkTooLong { length: fragment.len() }) } else { Ok(fragment) }
}

/// The best compression for what may fit into a link; a quick one where only the length is of interest.
fn level(payload_bytes: usize) -> u8 {
    const BEST: u8 = 10;
    const QUICK: u8 = 4;
    if payload_bytes <= 1 << 20 { BEST } else { QUICK }
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or_default());
}
