//! The line program of a unit: which source line each address belongs to (DWARF 5, 6.2).
//!
//! Must never make a table of the rows: the one that is wanted is found while they go by. Every step of a program reads a
//! byte of it at least, so that no program is without end.

use std::rc::Rc;

use gimli::{DwForm, DwLnct, DwLne, DwLns, Encoding, constants};

use crate::abbrev::{self, Spec, Step};
use crate::cursor::Cursor;
use crate::section::{Piece, Section};
use crate::unit::Unit;
use crate::value::{self, Text, Value};
use crate::{DwarfError, Name};

/// What is read of a program before its length is known: most are shorter.
const AT_FIRST: u64 = 16 << 10;

/// A row of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Of the table of files.
    pub(crate) file: u64,
    /// 0 where the instruction belongs to no line.
    pub(crate) line: u64,
    /// 0 where none is told.
    pub(crate) column: u64,
}

/// A program, whose header has been read.
pub(crate) struct Program {
    section: Rc<Section>,
    little_endian: bool,
    piece: Piece,
    encoding: Encoding,
    shortest: u64,
    operations: u64,
    /// What each special opcode adds: operations and lines.
    special: Vec<(u8, i16)>,
    /// How many numbers follow each standard opcode; the first is opcode 1's.
    lengths: Vec<u8>,
    /// Where the tables of directories and files are, the program, and its end.
    tables: u64,
    start: u64,
    end: u64,
}

/// What a table of DWARF 5 says of each entry.
type Format5 = Vec<(DwLnct, DwForm)>;

impl Program {
    /// Reads the header of the program that a unit names; none if it names none.
    pub(crate) fn read(unit: &Unit) -> Result<Option<Self>, DwarfError> {
        let Some(at) = unit.root.get(constants::DW_AT_stmt_list).and_then(Value::offset) else { return Ok(None) };
        let section = unit.part.section(Name::Line)?;
        let little_endian = unit.part.layout().little_endian;
        let mut piece = section.read(at, AT_FIRST.min(section.size().saturating_sub(at)))?;
        let mut cursor = Cursor::within(&section, little_endian, &piece, at, section.size());
        let (end, format) = cursor.length()?;
        if end > piece.end() {
            piece = section.read(at, end - at)?;
        }
        let mut cursor = Cursor::within(&section, little_endian, &piece, cursor.position(), end);
        let version = cursor.u16()?;
        let mut encoding = Encoding { address_size: unit.encoding().address_size, format, version };
        if !(2..=5).contains(&version) {
            return Err(DwarfError::Unsupported { what: "a line program", section: Name::Line, offset: at });
        }
        if version >= 5 {
            encoding.address_size = cursor.u8()?;
            cursor.u8()?;
        }
        let length = cursor.offset(encoding)?;
        let start = cursor.position().saturating_add(length);
        let shortest = cursor.u8()?.into();
        let operations = if version >= 4 { cursor.u8()?.into() } else { 1 };
        cursor.u8()?;
        let [line_base] = cursor.u8()?.to_le_bytes().map(|byte| i8::from_le_bytes([byte]));
        let (line_range, opcode_base) = (cursor.u8()?, cursor.u8()?);
        if start > end || line_range == 0 || opcode_base == 0 || operations == 0 {
            return Err(DwarfError::Damaged { what: "a line program", section: Name::Line, offset: at });
        }
        let lengths = cursor.bytes(u64::from(opcode_base) - 1)?;
        let special = (0..=255_u8).map(|opcode| {
            let adjusted = opcode.saturating_sub(opcode_base);
            (adjusted / line_range, i16::from(line_base) + i16::from(adjusted % line_range))
        });
        let (special, tables) = (special.collect(), cursor.position());
        Ok(Some(Self {
            section,
            little_endian,
            piece,
            encoding,
            shortest,
            operations,
            special,
            lengths,
            tables,
            start,
            end,
        }))
    }

    fn cursor(&self, from: u64, to: u64) -> Cursor {
        Cursor::within(&self.section, self.little_endian, &self.piece, from, to)
    }

    /// The row that covers an address: the last one of its sequence that is not behind it.
    pub(crate) fn row(&self, address: u64) -> Result<Option<Row>, DwarfError> {
        let mut cursor = self.cursor(self.start, self.end);
        let mut state = State::new();
        let base = self.lengths.len() + 1;
        while !cursor.is_end() {
            let opcode = cursor.u8()?;
            if usize::from(opcode) >= base {
                let (operations, lines) = self.step(opcode);
                self.advance(&mut state, operations);
                state.row.line = state.row.line.wrapping_add_signed(lines) & 0xffff_ffff;
                state.put(address);
                continue;
            }
            match DwLns(opcode) {
                DwLns(0) => {
                    let length = cursor.uleb()?;
                    let next = cursor.position().saturating_add(length).min(self.end);
                    if length > 0 {
                        match DwLne(cursor.u8()?) {
                            constants::DW_LNE_end_sequence => {
                                if let Some(found) = state.end(address) {
                                    return Ok(Some(found));
                                }
                                state = State::new();
                            }
                            constants::DW_LNE_set_address => {
                                // As long as the rest of the instruction, which need not be the unit's addresses.
                                let size = match length - 1 {
                                    size @ (4 | 8) => size.to_le_bytes()[0],
                                    _ => self.encoding.address_size,
                                };
                                state.address = cursor.number(size)?;
                                state.operation = 0;
                            }
                            _ => {}
                        }
                    }
                    cursor.seek(next);
                }
                constants::DW_LNS_copy => state.put(address),
                constants::DW_LNS_advance_pc => {
                    let operations = cursor.uleb()?;
                    self.advance(&mut state, operations);
                }
                constants::DW_LNS_advance_line => {
                    let lines = cursor.sleb()?;
                    state.row.line = state.row.line.wrapping_add_signed(lines) & 0xffff_ffff;
                }
                constants::DW_LNS_set_file => state.row.file = cursor.uleb()?,
                constants::DW_LNS_set_column => state.row.column = cursor.uleb()?,
                constants::DW_LNS_const_add_pc => {
                    let (operations, _) = self.step(255);
                    self.advance(&mut state, operations);
                }
                constants::DW_LNS_fixed_advance_pc => {
                    state.address = state.address.wrapping_add(cursor.u16()?.into());
                    state.operation = 0;
                }
                constants::DW_LNS_negate_stmt
                | constants::DW_LNS_set_basic_block
                | constants::DW_LNS_set_prologue_end
                | constants::DW_LNS_set_epilogue_begin => {}
                DwLns(opcode) => {
                    let numbers = self.lengths.get(usize::from(opcode) - 1).copied().unwrap_or(0);
                    for _ in 0..numbers {
                        cursor.uleb()?;
                    }
                }
            }
        }
        Ok(None)
    }

    /// What a special opcode adds: operations and lines.
    #[inline]
    fn step(&self, opcode: u8) -> (u64, i64) {
        self.special.get(usize::from(opcode)).map_or((0, 0), |&(operations, lines)| (operations.into(), lines.into()))
    }

    #[inline]
    fn advance(&self, state: &mut State, operations: u64) {
        if self.operations == 1 {
            state.address = state.address.wrapping_add(self.shortest.wrapping_mul(operations));
        } else {
            // Several operations in an instruction (DWARF 5, 6.2.5.1).
            let whole = state.operation.wrapping_add(operations);
            state.address = state.address.wrapping_add(self.shortest.wrapping_mul(whole / self.operations));
            state.operation = whole % self.operations;
        }
    }

    /// The path of a file of the table, joined to its directories as far as they are not whole paths themselves.
    pub(crate) fn file(&self, unit: &Unit, number: u64) -> Result<Option<Rc<str>>, DwarfError> {
        let mut cursor = self.cursor(self.tables, self.start);
        if self.encoding.version < 5 {
            self.old_file(&mut cursor, unit, number)
        } else {
            self.new_file(&mut cursor, unit, number)
        }
    }

    fn old_file(&self, cursor: &mut Cursor, unit: &Unit, number: u64) -> Result<Option<Rc<str>>, DwarfError> {
        let directories = cursor.position();
        loop {
            let at = cursor.position();
            cursor.skip_text()?;
            if cursor.position() == at + 1 {
                break;
            }
        }
        let mut left = number;
        loop {
            let at = cursor.position();
            cursor.skip_text()?;
            if cursor.position() == at + 1 || left == 0 {
                return Ok(None);
            }
            let directory = cursor.uleb()?;
            cursor.uleb()?;
            cursor.uleb()?;
            left -= 1;
            if left > 0 {
                continue;
            }
            let name = self.cursor(at, self.start).text()?;
            let mut directory_name: Rc<str> = "".into();
            if directory > 0 {
                let mut cursor = self.cursor(directories, self.start);
                let mut before = directory - 1;
                loop {
                    let text = cursor.text()?;
                    if text.is_empty() {
                        break;
                    }
                    if before == 0 {
                        directory_name = text;
                        break;
                    }
                    before -= 1;
                }
            }
            let whole = unit.text_of(&unit.root, constants::DW_AT_comp_dir)?.unwrap_or_default();
            return Ok(Some(joined(&[&whole, &directory_name, &name])));
        }
    }

    fn new_file(&self, cursor: &mut Cursor, unit: &Unit, number: u64) -> Result<Option<Rc<str>>, DwarfError> {
        let directories = format(cursor)?;
        let directory_count = cursor.uleb()?;
        let directories_at = cursor.position();
        self.pass(cursor, &directories, directory_count)?;
        let files = format(cursor)?;
        let count = cursor.uleb()?;
        if number >= count {
            return Ok(None);
        }
        self.pass(cursor, &files, number)?;
        let (name, directory) = self.entry(cursor, unit, &files)?;
        let Some(name) = name else { return Ok(None) };
        let mut directory_name: Rc<str> = "".into();
        if directory < directory_count {
            let mut cursor = self.cursor(directories_at, self.start);
            self.pass(&mut cursor, &directories, directory)?;
            directory_name = self.entry(&mut cursor, unit, &directories)?.0.unwrap_or_default();
        }
        // Directory 0 is the compilation's own.
        let whole = match directory {
            0 => "".into(),
            _ => unit.text_of(&unit.root, constants::DW_AT_comp_dir)?.unwrap_or_default(),
        };
        Ok(Some(joined(&[&whole, &directory_name, &name])))
    }

    /// Passes over entries of a table.
    fn pass(&self, cursor: &mut Cursor, format: &Format5, count: u64) -> Result<(), DwarfError> {
        let mut steps = Vec::new();
        for &(_, form) in format {
            steps.push(abbrev::step(form, self.encoding).ok_or_else(|| cursor.damaged("a form"))?);
        }
        // Entries without any bytes could be counted for ever.
        if steps.iter().all(|step| *step == Step::Bytes(0)) {
            return Ok(());
        }
        for _ in 0..count {
            for &step in &steps {
                abbrev::pass(cursor, step, self.encoding)?;
            }
            if cursor.position() > self.start {
                return Err(cursor.damaged("a table of files"));
            }
        }
        Ok(())
    }

    /// Name and directory of an entry.
    fn entry(&self, cursor: &mut Cursor, unit: &Unit, format: &Format5) -> Result<(Option<Rc<str>>, u64), DwarfError> {
        let (mut name, mut directory) = (None, 0);
        for &(content, form) in format {
            let spec = Spec { name: gimli::DwAt(0), form, implicit: 0 };
            let value = value::read(cursor, spec, self.encoding, 0)?;
            match (content, value) {
                (constants::DW_LNCT_path, Value::Text(Text::Here(at))) => {
                    name = Some(self.cursor(at, self.start).text()?);
                }
                (constants::DW_LNCT_path, Value::Text(text)) => name = unit.text(text)?,
                (constants::DW_LNCT_directory_index, value) => directory = value.unsigned().unwrap_or(0),
                _ => {}
            }
        }
        Ok((name, directory))
    }
}

/// What a table's entries are made of.
fn format(cursor: &mut Cursor) -> Result<Format5, DwarfError> {
    let count = cursor.u8()?;
    let mut format = Vec::with_capacity(count.into());
    for _ in 0..count {
        let (content, form) = (cursor.uleb()?, cursor.uleb()?);
        let (Ok(content), Ok(form)) = (u16::try_from(content), u16::try_from(form)) else {
            return Err(cursor.damaged("a table of files"));
        };
        format.push((DwLnct(content), DwForm(form)));
    }
    Ok(format)
}

/// Parts of a path, the last of which is there; what stands before a whole path is left out.
fn joined(parts: &[&str]) -> Rc<str> {
    let absolute = |part: &str| part.starts_with('/');
    let from = parts.iter().rposition(|part| absolute(part)).unwrap_or(0);
    let mut path = String::new();
    for part in parts[from..].iter().filter(|part| !part.is_empty()) {
        if !path.is_empty() && !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(part);
    }
    path.into()
}

/// The registers of the program.
struct State {
    address: u64,
    operation: u64,
    row: Row,
    /// The first address of the sequence.
    first: Option<u64>,
    best: Option<Row>,
}

impl State {
    const fn new() -> Self {
        Self { address: 0, operation: 0, row: Row { file: 1, line: 1, column: 0 }, first: None, best: None }
    }

    /// A row at this address.
    #[inline]
    fn put(&mut self, wanted: u64) {
        if self.first.is_none() {
            self.first = Some(self.address);
        }
        if self.address <= wanted {
            self.best = Some(self.row);
        }
    }

    /// The sequence ends at this address: what was found in it.
    fn end(&self, wanted: u64) -> Option<Row> {
        let first = self.first?;
        (first..self.address).contains(&wanted).then_some(self.best).flatten()
    }
}
