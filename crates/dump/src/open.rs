//! What is gathered while a dump is opened, whatever its format. Must never keep a file's bytes.

use crate::file::{File, FileError};
use crate::{Format, Layout, Machine, Notes, OpenError, Segment, Uts};
use oopscope_report::vmcore::DumpFacts;

/// A dump that is being opened.
pub(crate) struct Opening {
    pub(crate) files: Vec<File>,
    pub(crate) facts: DumpFacts,
    pub(crate) layout: Layout,
    pub(crate) notes: Notes,
    pub(crate) segments: Vec<Segment>,
    pub(crate) phys_base: Option<u64>,
    pub(crate) uts: Option<Uts>,
    /// True for a part or the parts of a split kdump.
    pub(crate) split: bool,
}

impl Opening {
    fn name(&self, file: usize) -> String {
        self.files.get(file).map_or_else(String::new, |file| file.name().to_owned())
    }

    /// A file ends before something that is needed.
    pub(crate) fn cut(&self, file: usize, what: &'static str, end: u64) -> OpenError {
        let size = self.files.get(file).map_or(0, File::len);
        OpenError::CutOff { name: self.name(file), what, end, size }
    }

    /// A read that failed, of something that should end at `end`.
    pub(crate) fn failed(&self, file: usize, error: FileError, what: &'static str, end: u64) -> OpenError {
        match error {
            FileError::End => self.cut(file, what, end),
            FileError::Read(error) => OpenError::Read { name: self.name(file), error },
        }
    }

    /// A field whose value cannot be.
    pub(crate) fn senseless(&self, file: usize, what: &'static str, value: u64, at: u64) -> OpenError {
        OpenError::Header { name: self.name(file), what, value, at }
    }

    /// A format that turned out while reading.
    pub(crate) fn unsupported(&self, file: usize, format: Format) -> OpenError {
        OpenError::Unsupported { name: self.name(file), format }
    }

    /// Takes over notes, and the facts that they tell.
    pub(crate) fn took_notes(&mut self, notes: Notes, from: &str) {
        let facts = &mut self.facts;
        facts.vmcoreinfo = notes.vmcoreinfo.as_ref().map(|_| from.to_owned());
        let has = |kind| notes.cpus.iter().any(|cpu| cpu.kind == kind);
        facts.registers = match (has(crate::NoteKind::Prstatus), has(crate::NoteKind::Qemu)) {
            (true, true) => Some("NT_PRSTATUS and QEMU notes".to_owned()),
            (true, false) => Some("NT_PRSTATUS".to_owned()),
            (false, true) => Some("QEMU notes".to_owned()),
            (false, false) => None,
        };
        for note in &notes.others {
            if note.kind == crate::notes::NT_VMCOREDD && note.name == "LINUX" {
                // struct vmcoredd_header: the name has 44 bytes behind the note's own head of 12 and name of 8; in the
                // description it comes first (Linux, include/uapi/linux/vmcore.h).
                let name = crate::bytes::text(note.bytes.get(..44).unwrap_or(&note.bytes));
                facts.notes.push(format!("device dump of {name:?}, {} bytes (NT_VMCOREDD)", note.size));
            } else if note.name == "ERASEINFO" {
                erased(facts, &note.bytes);
            }
        }
        self.notes = notes;
    }
}

/// The lines of ERASEINFO: what makedumpfile's filter overwrote on purpose.
pub(crate) fn erased(facts: &mut DumpFacts, bytes: &[u8]) {
    const MOST: usize = 100;
    let text = crate::bytes::text(bytes);
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    facts.notes.extend(lines.iter().take(MOST).map(|line| format!("erased on purpose: {}", line.trim())));
    if lines.len() > MOST {
        facts.notes.push(format!("and {} more things were erased on purpose", lines.len() - MOST));
    }
}

/// The machine's name as `uname -m` gives it.
pub(crate) fn machine_name(machine: Machine) -> String {
    match machine {
        Machine::X86_64 => "x86_64",
        Machine::Aarch64 => "aarch64",
        Machine::I386 => "i386",
        Machine::Arm => "arm",
        Machine::Riscv64 => "riscv64",
        Machine::Ppc64 => "ppc64",
        Machine::S390x => "s390x",
        Machine::Loongarch64 => "loongarch64",
        Machine::Other(number) => return format!("ELF machine {number}"),
    }
    .to_owned()
}
