//! From a fragment back to the text: forgiving to what mail and chat do to links, bounded whatever it is handed.
//!
//! This file must never panic, never inflate beyond [`MAX_PAYLOAD`], and never call a text good whose checksum is not.

use super::{Link, LinkProblem, MAX_FRAGMENT, MAX_PAYLOAD, VERSION, View, crc};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// Bits that are left over at the end of a cut link are no reason to read nothing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// What a fragment holds, as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// What could be read; the default where nothing could.
    pub link: Link,
    /// Why that may not be everything; absent when the link is whole.
    pub problem: Option<LinkProblem>,
}

/// Reads a permalink's fragment, with or without its `#` and the address before it.
///
/// White space, line breaks with quote marks (`> `) and soft line breaks (`=`) inside it are skipped, characters
/// that were percent-encoded are decoded, and whatever follows the link (`)`, `.`, `,`, other text) is left alone.
pub fn decode(fragment: &str) -> Decoded {
    let fragment = fragment.split_once('#').map_or(fragment, |(_, after)| after);
    let Some((version, rest)) = version(fragment) else {
        return Decoded { link: Link::default(), problem: Some(LinkProblem::NotALink) };
    };
    if fragment.len() > MAX_FRAGMENT {
        return Decoded { link: Link::default(), problem: Some(LinkProblem::FragmentTooLarge) };
    }
    let characters = base64_characters(&rest);
    let body = Body::read(&characters);
    let (link, problem) = body.into_link(fragment.trim_end().len());
    if version > VERSION {
        let readable = problem.is_none();
        return Decoded { link, problem: Some(LinkProblem::Newer { version, readable }) };
    }
    Decoded { link, problem }
}

/// The version, and what follows its dot with percent-encoding undone.
fn version(fragment: &str) -> Option<(u32, Vec<u8>)> {
    // Enough for leading white space and a version that is percent-encoded throughout.
    const HEAD: usize = 256;
    let starts_well = |bytes: &[u8]| {
        let bytes = bytes.trim_ascii_start();
        let bytes = bytes.strip_prefix(b"o")?;
        let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let version = str::from_utf8(&bytes[..digits]).ok()?.parse().ok()?;
        let rest = bytes[digits..].strip_prefix(b".")?;
        (version >= 1).then_some((version, rest.len()))
    };
    let bytes = fragment.as_bytes();
    starts_well(&percent_decoded(&bytes[..bytes.len().min(HEAD)]))?;
    let decoded = percent_decoded(&bytes[..bytes.len().min(MAX_FRAGMENT)]);
    let (version, rest) = starts_well(&decoded)?;
    Some((version, decoded[decoded.len() - rest..].to_vec()))
}

fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let nibble =
        |at: usize| bytes.get(at).and_then(|&byte| char::from(byte).to_digit(16)).map(|digit| digit.to_le_bytes()[0]);
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], nibble(at + 1), nibble(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

/// The characters that count: what mail puts between them is skipped, the first that no link has ends it.
///
/// Text that follows the link after mere white space is taken for more of it. That does no harm: the compressed
/// stream knows its own end, and each of its bytes is made of its own characters only.
fn base64_characters(bytes: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'>' | b'='))
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        .collect()
}

/// The fragment's body, as far as it could be read.
struct Body {
    checksum: u32,
    /// Bytes that the payload should have.
    length: u64,
    payload: Vec<u8>,
    end: End,
}

/// How the reading of the body ended.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// The compressed stream came to its own end.
    Whole,
    /// The characters ended first.
    Early,
    /// The compressed stream makes no sense from some point on.
    Nonsense,
    /// There would be more than [`MAX_PAYLOAD`].
    Limit,
}

impl Body {
    fn read(characters: &[u8]) -> Self {
        // A single last character holds six bits: no byte.
        let whole = if characters.len() % 4 == 1 { characters.len() - 1 } else { characters.len() };
        // All characters are of the alphabet and no padding is expected: there is nothing left to refuse.
        let bytes = BASE64.decode(&characters[..whole]).unwrap_or_default();
        let nothing = Self { checksum: 0, length: 0, payload: Vec::new(), end: End::Early };
        let Some((checksum, rest)) = bytes.split_first_chunk() else { return nothing };
        let checksum = u32::from_le_bytes(*checksum);
        match varint(rest) {
            Some((length, deflated)) => {
                let (payload, end) = inflate(deflated);
                Self { checksum, length, payload, end }
            }
            // No length: the characters ended within it, or it is no number.
            None if rest.len() < 10 => nothing,
            None => Self { end: End::Nonsense, ..nothing },
        }
    }

    fn into_link(self, characters: usize) -> (Link, Option<LinkProblem>) {
        let good = self.end == End::Whole
            && self.payload.len() as u64 == self.length
            && crc::crc32(&self.payload) == self.checksum;
        let (head, text) = match self.payload.iter().position(|&byte| byte == b'\n') {
            Some(end) => (&self.payload[..end], &self.payload[end + 1..]),
            None => (&self.payload[..], &[][..]),
        };
        let view = serde_json::from_slice::<View>(head);
        let head_bytes = self.payload.len() - text.len();
        let text = readable(text, self.end);
        let read = text.len();
        let problem = match self.end {
            End::Whole if good && view.is_ok() => None,
            End::Whole if good => Some(LinkProblem::ViewUnreadable),
            End::Early if self.payload.len() as u64 <= self.length || self.length == 0 => {
                let of = usize::try_from(self.length).unwrap_or(usize::MAX).saturating_sub(head_bytes);
                Some(LinkProblem::CutOff { characters, read, of })
            }
            End::Limit => Some(LinkProblem::TextTooLarge),
            End::Whole | End::Early | End::Nonsense => Some(LinkProblem::Damaged { read }),
        };
        (Link { view: view.unwrap_or_default(), text }, problem)
    }
}

/// The text as UTF-8. Where it ends early, a character of which only the beginning is there is left out.
fn readable(text: &[u8], end: End) -> String {
    match str::from_utf8(text) {
        Err(error) if end != End::Whole && error.error_len().is_none() => {
            String::from_utf8_lossy(&text[..error.valid_up_to()]).into_owned()
        }
        _ => String::from_utf8_lossy(text).into_owned(),
    }
}

/// A number in LEB128 at the beginning of some bytes, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(index).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

/// Inflates as far as it goes. miniz_oxide's own functions that return a vector do not say how much of it was
/// written when the stream breaks off, which is just what is wanted of a cut link.
fn inflate(deflated: &[u8]) -> (Vec<u8>, End) {
    let mut out = vec![0; deflated.len().saturating_mul(4).clamp(1 << 10, MAX_PAYLOAD)];
    let mut state = Box::<DecompressorOxide>::default();
    let (mut read, mut written) = (0, 0);
    let end = loop {
        let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, consumed, produced) = decompress(&mut state, &deflated[read..], &mut out, written, flags);
        read += consumed;
        written += produced;
        match status {
            TINFLStatus::Done => break End::Whole,
            TINFLStatus::HasMoreOutput if out.len() < MAX_PAYLOAD => out.resize((out.len() * 2).min(MAX_PAYLOAD), 0),
            TINFLStatus::HasMoreOutput => break End::Limit,
            TINFLStatus::FailedCannotMakeProgress | TINFLStatus::NeedsMoreInput => break End::Early,
            _ => break End::Nonsense,
        }
    };
    out.truncate(written);
    (out, end)
}
