//! ELF notes: VMCOREINFO, the CPUs' registers and what else a producer leaves. Must never interpret what a note holds, and
//! never hold a large one.
//!
//! A note is three 32-bit numbers (size of the name, size of the description, type), then name and description, each filled
//! up to four bytes, in ELF64 too (Linux, fs/proc/vmcore.c and kernel/vmcore_info.c).

use crate::bytes::{Order, index, text};
use crate::file::{File, FileError};

/// The notes of a dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// VMCOREINFO's text.
    pub vmcoreinfo: Option<Vec<u8>>,
    /// The CPUs' registers, in the order of the file; PRSTATUS and QEMU's kept apart by their kind.
    pub cpus: Vec<CpuNote>,
    /// All others.
    pub others: Vec<Note>,
}

/// A CPU's registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuNote {
    /// Its place among those of its kind, from 0. kdump writes PRSTATUS for CPUs that are online only, so it is no CPU number.
    pub index: u32,
    /// What the bytes are.
    pub kind: NoteKind,
    /// The note's description.
    pub bytes: Vec<u8>,
}

/// What a CPU's note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// `NT_PRSTATUS` named `CORE`: `struct elf_prstatus`.
    Prstatus,
    /// Named `QEMU`: its CPU state, which has control registers too.
    Qemu,
}

/// A note of another sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: u32,
    /// Its description's size.
    pub size: u64,
    /// Its description, as far as it was read: of those above 64 KiB the beginning.
    pub bytes: Vec<u8>,
}

impl Notes {
    /// The first note with a name and type.
    pub fn other(&self, name: &str, kind: u32) -> Option<&Note> {
        self.others.iter().find(|note| note.name == name && note.kind == kind)
    }

    fn count(&self) -> usize {
        self.cpus.len() + self.others.len()
    }
}

/// `NT_PRSTATUS` (Linux, include/uapi/linux/elf.h).
const NT_PRSTATUS: u32 = 1;
/// `NT_VMCOREDD`: what a driver saved (Linux 4.18, "vmcore: append device dumps to vmcore as elf notes").
pub(crate) const NT_VMCOREDD: u32 = 0x700;

/// How many notes are taken: more than there are CPUs in any machine, several each.
const MOST_NOTES: usize = 1 << 16;
/// How much of all notes together is kept.
const MOST_BYTES: u64 = 32 << 20;
/// VMCOREINFO has a page, or a few.
const MOST_VMCOREINFO: u64 = 1 << 20;
/// What is kept of any other.
const MOST_OTHER: u64 = 64 << 10;

/// Adds the notes that lie in `size` bytes of a file; returns a sentence about what makes no sense in them.
pub(crate) fn read(
    file: &File,
    order: Order,
    offset: u64,
    size: u64,
    notes: &mut Notes,
) -> Result<Option<String>, FileError> {
    let end = offset.saturating_add(size).min(file.len());
    let cut = (offset.saturating_add(size) > end).then(|| format!("the notes are cut off at byte {end:#x}"));
    let (mut at, mut kept) = (offset, 0_u64);
    while at.saturating_add(12) <= end {
        let mut head = [0; 12];
        file.read(at, &mut head)?;
        if head[..4] == [0; 4] {
            // No note has no name; kexec's buffers of CPUs that are offline are zeros.
            at += 4;
            continue;
        }
        let field = |at| order.u32(&head, at).unwrap_or_default();
        let (name_size, desc_size, kind) = (u64::from(field(0)), u64::from(field(4)), field(8));
        let desc = at + 12 + name_size.next_multiple_of(4);
        if name_size > 256 || desc.saturating_add(desc_size) > end {
            return Ok(Some(cut.unwrap_or_else(|| {
                format!(
                    "the note at byte {at:#x} has a name of {name_size} bytes and {desc_size} bytes: ignored from there"
                )
            })));
        }
        if notes.count() >= MOST_NOTES || kept >= MOST_BYTES {
            return Ok(Some(format!("there are more notes than are taken: ignored from byte {at:#x}")));
        }
        let mut name = vec![0; index(name_size)];
        file.read(at + 12, &mut name)?;
        let name = text(&name);
        let bytes = |most: u64| {
            let mut bytes = vec![0; index(desc_size.min(most))];
            file.read(desc, &mut bytes).map(|()| bytes)
        };
        match (name.as_str(), kind) {
            ("VMCOREINFO", 0) if notes.vmcoreinfo.is_none() => notes.vmcoreinfo = Some(bytes(MOST_VMCOREINFO)?),
            ("CORE", NT_PRSTATUS) => notes.cpu(NoteKind::Prstatus, bytes(MOST_OTHER)?),
            ("QEMU", 0) => notes.cpu(NoteKind::Qemu, bytes(MOST_OTHER)?),
            _ => notes.others.push(Note { name, kind, size: desc_size, bytes: bytes(MOST_OTHER)? }),
        }
        kept += desc_size.min(MOST_OTHER);
        at = desc + desc_size.next_multiple_of(4);
    }
    Ok(cut)
}

impl Notes {
    fn cpu(&mut self, kind: NoteKind, bytes: Vec<u8>) {
        // The last one is of the same kind or the first of another: those of a kind follow each other.
        let index = self.cpus.iter().rev().find(|note| note.kind == kind).map_or(0, |note| note.index + 1);
        self.cpus.push(CpuNote { index, kind, bytes });
    }
}
