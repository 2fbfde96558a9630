//! Numbers and texts of a section, one after the other.
//!
//! Must never read beyond the end that it was given, nor go on for ever: every reading moves it on or is an error.

use std::rc::Rc;

use gimli::{Encoding, Format};

use crate::section::{Piece, Section};
use crate::{DwarfError, Name};

/// The longest text that is believed.
const LONGEST: u64 = 64 << 10;

/// A place in a section.
#[derive(Clone)]
pub(crate) struct Cursor {
    section: Rc<Section>,
    little_endian: bool,
    piece: Piece,
    /// The place in the piece, and how much of the piece may be read.
    at: usize,
    stop: usize,
    end: u64,
}

impl Cursor {
    /// At `at` of a section; `end` is the position that nothing is read behind.
    pub(crate) fn new(section: &Rc<Section>, little_endian: bool, at: u64, end: u64) -> Self {
        Self::within(section, little_endian, &Piece::default(), at, end)
    }

    /// The same, where a piece of the section is at hand.
    pub(crate) fn within(section: &Rc<Section>, little_endian: bool, piece: &Piece, at: u64, end: u64) -> Self {
        let section = Rc::clone(section);
        let end = end.min(section.size());
        let mut cursor = Self { section, little_endian, piece: piece.clone(), at: 0, stop: 0, end };
        cursor.seek(at);
        cursor
    }

    /// Which section it reads.
    pub(crate) fn name(&self) -> Name {
        self.section.name
    }

    /// Where in the section it is.
    pub(crate) fn position(&self) -> u64 {
        self.piece.start.saturating_add(self.at as u64)
    }

    /// The position that nothing is read behind.
    pub(crate) const fn end(&self) -> u64 {
        self.end
    }

    /// True when there is nothing more.
    pub(crate) fn is_end(&self) -> bool {
        self.position() >= self.end
    }

    /// Goes to a position of the section.
    pub(crate) fn seek(&mut self, to: u64) {
        let within = to.checked_sub(self.piece.start).and_then(|at| usize::try_from(at).ok());
        if let Some(at) = within.filter(|&at| at <= self.piece.bytes.len()) {
            self.at = at;
        } else {
            self.piece = Piece { start: to, bytes: Rc::default() };
            self.at = 0;
        }
        let room = usize::try_from(self.end.saturating_sub(self.piece.start)).unwrap_or(usize::MAX);
        self.stop = self.piece.bytes.len().min(room);
    }

    /// Passes over bytes. Where that leads behind the end is found by what is read there.
    pub(crate) fn skip(&mut self, bytes: u64) {
        match usize::try_from(bytes).ok().and_then(|bytes| self.at.checked_add(bytes)) {
            Some(at) if at <= self.stop => self.at = at,
            _ => self.seek(self.position().saturating_add(bytes)),
        }
    }

    /// Something that makes no sense, at this place.
    pub(crate) fn damaged(&self, what: &'static str) -> DwarfError {
        DwarfError::Damaged { what, section: self.section.name, offset: self.position() }
    }

    #[cold]
    fn load(&mut self) -> Result<(), DwarfError> {
        let at = self.position();
        if at >= self.end {
            return Err(DwarfError::Cut { section: self.section.name, offset: self.end });
        }
        self.piece = self.section.piece(at)?;
        self.seek(at);
        Ok(())
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Result<[u8; N], DwarfError> {
        if self.stop.saturating_sub(self.at) >= N
            && let Some(raw) = self.piece.bytes.get(self.at..).and_then(<[u8]>::first_chunk)
        {
            self.at += N;
            return Ok(*raw);
        }
        self.take_slowly()
    }

    #[cold]
    fn take_slowly<const N: usize>(&mut self) -> Result<[u8; N], DwarfError> {
        let mut raw = [0; N];
        for byte in &mut raw {
            if self.at >= self.stop {
                self.load()?;
            }
            *byte = *self.piece.bytes.get(self.at).ok_or(DwarfError::Cut { section: self.name(), offset: self.end })?;
            self.at += 1;
        }
        Ok(raw)
    }

    /// A byte.
    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8, DwarfError> {
        Ok(self.take::<1>()?[0])
    }

    /// Two bytes.
    pub(crate) fn u16(&mut self) -> Result<u16, DwarfError> {
        let raw = self.take()?;
        Ok(if self.little_endian { u16::from_le_bytes(raw) } else { u16::from_be_bytes(raw) })
    }

    /// Three bytes (`DW_FORM_strx3`).
    pub(crate) fn u24(&mut self) -> Result<u32, DwarfError> {
        let [a, b, c] = self.take()?;
        Ok(if self.little_endian { u32::from_le_bytes([a, b, c, 0]) } else { u32::from_be_bytes([0, a, b, c]) })
    }

    /// Four bytes.
    pub(crate) fn u32(&mut self) -> Result<u32, DwarfError> {
        let raw = self.take()?;
        Ok(if self.little_endian { u32::from_le_bytes(raw) } else { u32::from_be_bytes(raw) })
    }

    /// Eight bytes.
    pub(crate) fn u64(&mut self) -> Result<u64, DwarfError> {
        let raw = self.take()?;
        Ok(if self.little_endian { u64::from_le_bytes(raw) } else { u64::from_be_bytes(raw) })
    }

    /// A number of 1, 2, 3, 4 or 8 bytes.
    pub(crate) fn number(&mut self, size: u8) -> Result<u64, DwarfError> {
        Ok(match size {
            1 => self.u8()?.into(),
            2 => self.u16()?.into(),
            3 => self.u24()?.into(),
            4 => self.u32()?.into(),
            8 => self.u64()?,
            _ => return Err(self.damaged("the size of a number")),
        })
    }

    /// An offset or a length of the unit's format.
    pub(crate) fn offset(&mut self, encoding: Encoding) -> Result<u64, DwarfError> {
        self.number(encoding.format.word_size())
    }

    /// An address of the unit's size.
    pub(crate) fn address(&mut self, encoding: Encoding) -> Result<u64, DwarfError> {
        self.number(encoding.address_size)
    }

    /// The length that units, tables and lists begin with (DWARF 5, 7.4), and the format that it tells. The position behind
    /// what it counts is never behind the end.
    pub(crate) fn length(&mut self) -> Result<(u64, Format), DwarfError> {
        let (length, format) = match self.u32()? {
            0xffff_ffff => (self.u64()?, Format::Dwarf64),
            0xffff_fff0.. => return Err(self.damaged("a length")),
            length => (length.into(), Format::Dwarf32),
        };
        let end = self.position().checked_add(length).filter(|&end| end <= self.end);
        Ok((end.ok_or(DwarfError::Cut { section: self.name(), offset: self.end })?, format))
    }

    /// An unsigned number of seven bits a byte; what does not fit 64 bits is cut off.
    #[inline]
    pub(crate) fn uleb(&mut self) -> Result<u64, DwarfError> {
        let first = self.u8()?;
        if first < 0x80 {
            return Ok(first.into());
        }
        let (mut value, mut shift) = (u64::from(first & 0x7f), 7);
        loop {
            let byte = self.u8()?;
            if shift < 64 {
                value |= u64::from(byte & 0x7f) << shift;
            }
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
            if shift > 7 * 32 {
                return Err(self.damaged("a number"));
            }
        }
    }

    /// A signed one.
    pub(crate) fn sleb(&mut self) -> Result<i64, DwarfError> {
        let (mut value, mut shift) = (0_i64, 0_u32);
        loop {
            let byte = self.u8()?;
            if shift < 64 {
                value |= i64::from(byte & 0x7f) << shift;
            }
            shift += 7;
            if byte < 0x80 {
                return Ok(if shift < 64 && byte & 0x40 != 0 { value | (-1 << shift) } else { value });
            }
            if shift > 7 * 32 {
                return Err(self.damaged("a number"));
            }
        }
    }

    /// Passes over a text and its NUL.
    pub(crate) fn skip_text(&mut self) -> Result<(), DwarfError> {
        let from = self.position();
        loop {
            if self.at >= self.stop {
                self.load()?;
            }
            let there = self.piece.bytes.get(self.at..self.stop).unwrap_or(&[]);
            if let Some(end) = there.iter().position(|&byte| byte == 0) {
                self.at += end + 1;
                return Ok(());
            }
            self.at = self.stop;
            if self.position() - from > LONGEST {
                return Err(DwarfError::TooLarge { what: "a text", section: self.name(), offset: from });
            }
        }
    }

    /// A text that a NUL ends. What is no UTF-8 in it is replaced.
    pub(crate) fn text(&mut self) -> Result<Rc<str>, DwarfError> {
        let from = self.position();
        let mut text = Vec::new();
        loop {
            if self.at >= self.stop {
                self.load()?;
            }
            let there = self.piece.bytes.get(self.at..self.stop).unwrap_or(&[]);
            let end = there.iter().position(|&byte| byte == 0);
            let part = &there[..end.unwrap_or(there.len())];
            text.extend_from_slice(part);
            self.at += part.len() + usize::from(end.is_some());
            if end.is_some() {
                return Ok(String::from_utf8_lossy(&text).into());
            }
            if text.len() as u64 > LONGEST {
                return Err(DwarfError::TooLarge { what: "a text", section: self.name(), offset: from });
            }
        }
    }

    /// Bytes, all of them.
    pub(crate) fn bytes(&mut self, count: u64) -> Result<Vec<u8>, DwarfError> {
        let at = self.position();
        if at.checked_add(count).is_none_or(|end| end > self.end) {
            return Err(DwarfError::Cut { section: self.name(), offset: self.end });
        }
        let whole = usize::try_from(count).ok().and_then(|count| self.at.checked_add(count));
        let there = whole.filter(|&end| end <= self.stop).and_then(|end| self.piece.bytes.get(self.at..end));
        let bytes = match there {
            Some(bytes) => bytes.to_vec(),
            None => self.section.read(at, count)?.bytes.to_vec(),
        };
        self.skip(count);
        Ok(bytes)
    }
}
