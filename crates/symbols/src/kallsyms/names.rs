//! The compressed names of kallsyms: a length, then so many numbers of tokens; the first character of what they spell is
//! nm's letter, the rest the name (kernel/kallsyms.c, kallsyms_expand_symbol).
//!
//! Must never trust a length: names have a longest, and so has their sum.

use super::{KallsymsError, Part, Places};
use crate::table::Builder;
use crate::window::Window;
use crate::{Layout, Memory, Unreadable};

/// The longest name: the kernel's own limit is 512 since 6.1 and 128 before (KSYM_NAME_LEN).
const LONGEST: usize = 2048;

/// The most bytes of all names together.
const MOST_BYTES: usize = 256 << 20;

/// The longest token table: its index has 16 bits, and the last token has an end.
const MOST_TOKENS: usize = 0x1_0000 + LONGEST;

/// How the length before a name is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lengths {
    /// One byte.
    OneByte,
    /// One byte; or two, seven bits each, the lower ones first, where the first has its highest bit set (6.1, "kallsyms:
    /// support "big" kernel symbols").
    OneOrTwoBytes,
}

/// Tokens up to this length are copied as so many bytes, whatever their length: that is several times as fast as a copy of
/// just as many as there are, and there are millions.
const SHORT: usize = 16;

/// The 256 strings that names are made of.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    table: Vec<u8>,
    /// Begin and end of each.
    at: Box<[(u32, u32); 256]>,
    /// Each, if it is short.
    whole: Box<[Short; 256]>,
    /// Each without its first character, if that is short.
    tails: Box<[Short; 256]>,
}

/// A short string.
#[derive(Clone, Copy, Debug, Default)]
struct Short {
    bytes: [u8; SHORT],
    /// `None` where it is longer, or not there.
    length: Option<u8>,
}

impl Short {
    fn new(string: &[u8]) -> Self {
        let mut short = Self::default();
        if let Some(room) = short.bytes.get_mut(..string.len()) {
            room.copy_from_slice(string);
            short.length = u8::try_from(string.len()).ok();
        }
        short
    }
}

impl Tokens {
    /// Reads them from where `places` says.
    pub(super) fn read(memory: &dyn Memory, layout: Layout, places: &Places) -> Result<Self, KallsymsError> {
        let unreadable = |error| KallsymsError::Memory { part: Part::Tokens, error };
        let mut index = [0; 512];
        memory.read(places.token_index, &mut index).map_err(unreadable)?;
        let starts: Vec<u16> = index.chunks_exact(2).map(|raw| layout.u16(raw)).collect();
        let last = usize::from(starts.iter().copied().max().unwrap_or(0));
        let mut table = Vec::new();
        let mut window = Window::new(memory, places.token_table);
        while table.len() <= last || table.last() != Some(&0) {
            if table.len() >= MOST_TOKENS {
                break;
            }
            table.push(window.take(1).map_err(unreadable)?[0]);
        }
        let mut at = Box::new([(0, 0); 256]);
        for (token, (place, start)) in at.iter_mut().zip(starts).enumerate() {
            let start = usize::from(start);
            let end = table[start.min(table.len())..].iter().position(|&byte| byte == 0).map(|length| start + length);
            let whole = end.and_then(|end| Some((u32::try_from(start).ok()?, u32::try_from(end).ok()?)));
            *place = whole.ok_or(KallsymsError::Token { token: u8::try_from(token).unwrap_or(u8::MAX) })?;
        }
        let mut tokens =
            Self { table, at, whole: Box::new([Short::default(); 256]), tails: Box::new([Short::default(); 256]) };
        for token in 0..=u8::MAX {
            let string = tokens.string(token);
            let (whole, tail) = (Short::new(string), Short::new(string.get(1..).unwrap_or(&[])));
            tokens.whole[usize::from(token)] = whole;
            tokens.tails[usize::from(token)] = tail;
        }
        Ok(tokens)
    }

    fn string(&self, token: u8) -> &[u8] {
        let (start, end) = self.at[usize::from(token)];
        self.table.get(start as usize..end as usize).unwrap_or(&[])
    }

    /// Appends what a token stands for.
    #[inline]
    fn append(&self, token: u8, to: &mut Vec<u8>) {
        if !append_short(&self.whole[usize::from(token)], to) {
            to.extend_from_slice(self.string(token));
        }
    }

    /// Appends what a name's first token stands for, but for its first character, which is given.
    #[inline]
    fn append_first(&self, token: u8, to: &mut Vec<u8>) -> Option<u8> {
        let (&kind, tail) = self.string(token).split_first()?;
        if !append_short(&self.tails[usize::from(token)], to) {
            to.extend_from_slice(tail);
        }
        Some(kind)
    }
}

/// Appends a short string; false where it is none.
#[inline]
fn append_short(short: &Short, to: &mut Vec<u8>) -> bool {
    let Some(length) = short.length else { return false };
    let end = to.len() + usize::from(length);
    to.extend_from_slice(&short.bytes);
    to.truncate(end);
    true
}

/// The names, and what was noticed while reading them.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) builder: Builder,
    /// Number of a symbol whose address is known, and the address.
    pub(super) seen: Vec<(usize, u64)>,
    /// Whether some length is one that the two forms read differently.
    pub(super) big: bool,
    /// Why not all were read.
    pub(super) error: Option<Unreadable>,
}

/// Reads `count` names from `address` on. Those before memory that can't be read are kept.
pub(super) fn read(
    memory: &dyn Memory,
    address: u64,
    count: u32,
    tokens: &Tokens,
    lengths: Lengths,
    known: &[(&str, u64)],
) -> Result<Names, KallsymsError> {
    let watch = Watch::new(known);
    let mut window = Window::new(memory, address);
    let mut out = Names { builder: Builder::with_room(count as usize), seen: Vec::new(), big: false, error: None };
    for symbol in 0..count {
        let length = match length(&mut window, lengths, &mut out.big) {
            Ok(0) => return Err(KallsymsError::Name { symbol }),
            Ok(length) => length,
            Err(error) => {
                out.error = Some(error);
                break;
            }
        };
        let coded = match window.take(length) {
            Ok(coded) => coded,
            Err(error) => {
                out.error = Some(error);
                break;
            }
        };
        let from = out.builder.named();
        let bytes = out.builder.name_bytes();
        // The first token begins with nm's letter.
        let Some(kind) = tokens.append_first(coded[0], bytes) else { return Err(KallsymsError::Name { symbol }) };
        for &token in &coded[1..] {
            tokens.append(token, bytes);
        }
        let name = &bytes[from..];
        if name.len() > LONGEST || bytes.len() > MOST_BYTES {
            return Err(KallsymsError::Name { symbol });
        }
        if let Some(address) = watch.known(name) {
            out.seen.push((out.builder.len(), address));
        }
        out.builder.pushed(kind);
    }
    match out.error {
        Some(error) if out.builder.is_empty() => Err(KallsymsError::Memory { part: Part::Names, error }),
        _ => Ok(out),
    }
}

/// The length that stands next; 0 is none.
fn length(window: &mut Window<'_>, lengths: Lengths, big: &mut bool) -> Result<usize, Unreadable> {
    let first = window.take(1)?[0];
    if first < 0x80 {
        return Ok(usize::from(first));
    }
    *big = true;
    if lengths == Lengths::OneByte {
        return Ok(usize::from(first));
    }
    let second = window.take(1)?[0];
    // A third byte is never made.
    Ok(if second < 0x80 { usize::from(first & 0x7f) | usize::from(second) << 7 } else { 0 })
}

/// Knows names quickly: nearly all others differ in their length or first character.
struct Watch<'k> {
    known: Vec<(&'k [u8], u64)>,
    lengths: u64,
    firsts: [bool; 256],
}

impl<'k> Watch<'k> {
    fn new(known: &[(&'k str, u64)]) -> Self {
        let known: Vec<_> = known.iter().map(|&(name, address)| (name.as_bytes(), address)).collect();
        let mut firsts = [false; 256];
        let mut lengths = 0;
        for (name, _) in &known {
            firsts[usize::from(name.first().copied().unwrap_or(0))] = true;
            lengths |= 1 << (name.len() % 64);
        }
        Self { known, lengths, firsts }
    }

    #[inline]
    fn known(&self, name: &[u8]) -> Option<u64> {
        let first = *name.first()?;
        if !self.firsts[usize::from(first)] || self.lengths >> (name.len() % 64) & 1 == 0 {
            return None;
        }
        self.known.iter().find(|(known, _)| *known == name).map(|&(_, address)| address)
    }
}
