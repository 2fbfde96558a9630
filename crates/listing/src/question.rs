//! The parts of a report that a disassembler reads: the bytes, and what gives their operands values.
//!
//! Must never leave out what changes a listing: a test compares the listings of all captured reports with those of the
//! reports that came through here.

use crate::bytes::{Reader, Writer};
use oopscope_report::{
    Access, AccessKind, AddressClass, Arch, Code, Frame, FrameRole, Register, Report, Stack, StackRole, Trap,
};

/// A report's code and what belongs to it.
pub fn question(report: &Report) -> Vec<u8> {
    let mut writer = Writer::default();
    let arch = report.arch.and_then(|arch| Arch::ALL.iter().position(|one| *one == arch));
    writer.maybe(arch, |writer, arch| writer.number(arch as u64));
    writer.maybe(report.code.as_ref(), |writer, code| {
        writer.list(&code.units, |writer, unit| writer.text(unit));
        writer.maybe(code.trap, |writer, trap| writer.number(trap.into()));
    });
    writer.list(&report.registers, |writer, register| {
        writer.text(&register.name);
        writer.text(&register.value);
        writer.maybe(register.note.as_deref(), Writer::text);
    });
    writer.list(&places(report), |writer, (is_crash, frame)| {
        writer.flag(*is_crash);
        writer.flag(frame.role == FrameRole::User);
        writer.maybe(frame.address.as_deref(), Writer::text);
        writer.maybe(frame.function.as_deref(), Writer::text);
        writer.maybe(frame.offset, Writer::number);
        writer.maybe(frame.size, Writer::number);
    });
    writer.maybe(report.trap.as_ref(), |writer, trap| writer.text(&trap.name));
    let fault = report.access.as_ref().and_then(|access| access.address.as_deref());
    writer.maybe(fault, Writer::text);
    writer.0
}

/// Where instruction pointers stood, and whether in the stack that crashed.
fn places(report: &Report) -> Vec<(bool, &Frame)> {
    let frames = report.stacks.iter().flat_map(|stack| {
        let is_crash = stack.role == StackRole::Crash;
        stack.frames.iter().map(move |frame| (is_crash, frame))
    });
    frames.filter(|(_, frame)| matches!(frame.role, FrameRole::Pc | FrameRole::User)).collect()
}

/// The report that was asked about, with nothing but what [`question`] tells of it. `None` for bytes that are no question.
pub fn read_question(bytes: &[u8]) -> Option<Report> {
    let mut reader = Reader(bytes);
    let arch = reader.maybe(|reader| {
        let index = usize::try_from(reader.number()?).ok()?;
        Arch::ALL.get(index).copied()
    })?;
    let code = reader.maybe(|reader| {
        let units = reader.list(Reader::text)?;
        let trap = reader.maybe(|reader| u32::try_from(reader.number()?).ok())?;
        Some(Code { units, trap, ..Code::default() })
    })?;
    let registers = reader.list(|reader| {
        let (name, value) = (reader.text()?, reader.text()?);
        Some(Register { name, value, note: reader.maybe(Reader::text)?, line: 0 })
    })?;
    let stacks = reader.list(|reader| {
        let role = if reader.flag()? { StackRole::Crash } else { StackRole::Other };
        let frame = Frame {
            role: if reader.flag()? { FrameRole::User } else { FrameRole::Pc },
            address: reader.maybe(Reader::text)?,
            function: reader.maybe(Reader::text)?,
            offset: reader.maybe(Reader::number)?,
            size: reader.maybe(Reader::number)?,
            ..Frame::default()
        };
        Some(Stack { role, frames: vec![frame], ..Stack::default() })
    })?;
    let trap = reader.maybe(|reader| Some(Trap { name: reader.text()?, ..Trap::default() }))?;
    let access = reader.maybe(|reader| {
        Some(Access {
            kind: AccessKind::Unknown,
            address: Some(reader.text()?),
            class: AddressClass::default(),
            meaning: String::new(),
            guessed: None,
            line: 0,
            kind_line: None,
        })
    })?;
    reader.ended(Report { arch, code, registers, stacks, trap, access, ..Report::default() })
}
