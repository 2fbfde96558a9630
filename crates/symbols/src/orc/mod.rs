//! ORC.
use crate::{Layout, Memory, Unreadable};

/// Where the tables lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Address of `__start_orc_unwind_ip`, or a module's `arch.orc_unwind_ip`.
    pub ip: u64,
    /// Address of `__start_orc_unwind`, or a module's `arch.orc_unwind`.
    pub entries: u64,
    /// How many there are of either.
    pub count: u64,
    /// What lies at `__start_orc_header`, where the kernel has it.
    pub header: Option<[u8; 20]>,
}

/// What an offset is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Nothing is known.
    Undefined,
    /// The caller's stack pointer, once it is known.
    PreviousSp,
    /// The register.
    Sp,
    /// The register.
    Bp,
    /// The register.
    Ax,
    /// The register.
    Dx,
    /// The register.
    Di,
    /// The register.
    R10,
    /// The register.
    R13,
    /// What lies where SP points, plus the offset.
    SpIndirect,
    /// What lies at BP plus the offset.
    BpIndirect,
}

/// What lies at the frame's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// Nothing is known here.
    Undefined,
    /// The stack ends here.
    End,
    /// A return address.
    Call,
    /// A `struct pt_regs`.
    Regs,
    /// The end of a `struct pt_regs`: IP, CS, flags, SP, SS.
    RegsPartial,
}

/// How to unwind from an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the caller's stack pointer is counted from.
    pub sp: Base,
    /// Bytes added to that.
    pub sp_offset: i64,
    /// Where the caller's BP was saved; `Undefined`: it is unchanged.
    pub bp: Base,
    /// Bytes added to that.
    pub bp_offset: i64,
    /// What lies there.
    pub kind: FrameKind,
    /// Whether the frame was interrupted: its IP is no return address.
    pub signal: bool,
}

/// Which numbers the entries use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 4.14 to 6.2.
    V1,
    /// 6.3.
    V2,
    /// 6.4 to 7.0.
    V3,
    /// 7.1 on.
    V4,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrcError {
    /// Memory.
    #[error(transparent)]
    Memory(#[from] Unreadable),
}

/// The unwind table of the kernel or of a module.
#[derive(Clone, Copy, Debug)]
pub struct Orc {
    tables: Tables,
    version: Version,
}

impl Orc {
    /// From its tables.
    pub fn new(tables: Tables, version: Version) -> Self {
        Self { tables, version }
    }
    /// Which.
    pub fn version(&self) -> Version {
        self.version
    }
    /// The entry for an instruction.
    pub fn find(&self, _memory: &dyn Memory, _layout: Layout, _ip: u64) -> Result<Option<Entry>, OrcError> {
        let _ = self.tables;
        Ok(None)
    }
}

/// Which version the tables are of.
pub fn version(
    _memory: &dyn Memory,
    _layout: Layout,
    _tables: &Tables,
    _addresses: &[u64],
) -> Result<Version, OrcError> {
    Ok(Version::V3)
}
