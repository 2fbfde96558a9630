//! ELF notes: VMCOREINFO, the CPUs' registers and what else a producer leaves. Must never interpret what a note holds.

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
    /// The how-manieth of its kind. kdump writes PRSTATUS for CPUs that are online only, so it is no CPU number.
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
    /// Its description, as far as it was read: large ones are not.
    pub bytes: Vec<u8>,
}
