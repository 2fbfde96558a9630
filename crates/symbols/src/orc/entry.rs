//! One ORC entry, in the four ways in which its 16 bits of flags have been used.
//!
//! Must never give a register that the version does not have.

use super::LAYOUT;

/// Which numbers the entries use. Kernels don't say; see [`super::version`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 4.14 to 6.2: type in bits 8 and 9, end of the stack in bit 10.
    V1,
    /// 6.3 ("x86/unwind/orc: Add 'signal' field to ORC metadata"): signal in bit 10, end of the stack in bit 11.
    V2,
    /// 6.4 to 7.0 ("x86,objtool: Separate unret validation from unwind hints", "objtool: Add UNWIND_HINT_END_OF_STACK"):
    /// type in bits 8 to 10, with numbers of its own for undefined and for the end; signal in bit 11.
    V3,
    /// 7.1 on (commit 1735858caa4b): as before, with other numbers of registers.
    V4,
}

impl Version {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::V1, Self::V2, Self::V3, Self::V4];
}

/// What an offset is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Of the stack pointer: nothing is known. Of BP: the caller's is still in the register.
    Undefined,
    /// The caller's stack pointer before the call, once it is known.
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
    /// What lies where SP points, and the offset is added to that. Until 5.12 ("x86/unwind/orc: Change
    /// REG_SP_INDIRECT") it was added to SP instead, and the sum pointed to the value.
    SpIndirect,
    /// What lies at BP plus the offset.
    BpIndirect,
}

/// What lies at the end of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// Nothing is known of this code.
    Undefined,
    /// The stack ends here.
    End,
    /// A return address, below the caller's stack pointer.
    Call,
    /// A whole `struct pt_regs`.
    Regs,
    /// The last five words of a `struct pt_regs`: IP, CS, flags, SP, SS.
    RegsPartial,
}

/// How to get from a frame to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the caller's stack pointer is counted from.
    pub sp: Base,
    /// Bytes added to that.
    pub sp_offset: i64,
    /// Where the caller's BP is saved.
    pub bp: Base,
    /// Bytes added to that.
    pub bp_offset: i64,
    /// What lies there.
    pub kind: FrameKind,
    /// Whether this frame's code was interrupted: the address in the frame above is no return address.
    pub signal: bool,
}

impl Entry {
    /// Reads an entry; `None` if the version has no such register or type.
    pub(super) fn decode(raw: [u8; 6], version: Version) -> Option<Self> {
        let signed = |at: usize| i64::from(LAYOUT.u16(&raw[at..]).cast_signed());
        let flags = LAYOUT.u16(&raw[4..]);
        let bit = |number: u32| flags >> number & 1 != 0;
        let (sp, bp) = (base(flags & 15, version)?, base(flags >> 4 & 15, version)?);
        let (kind, signal) = match version {
            Version::V1 | Version::V2 => {
                let (used, end) = if version == Version::V1 { (11, bit(10)) } else { (12, bit(11)) };
                // Only what is undefined can be the end: in the other version the bit means something else.
                if flags >> used != 0 || (end && sp != Base::Undefined) {
                    return None;
                }
                let kind = match flags >> 8 & 3 {
                    _ if sp == Base::Undefined && end => FrameKind::End,
                    _ if sp == Base::Undefined => FrameKind::Undefined,
                    0 => FrameKind::Call,
                    1 => FrameKind::Regs,
                    2 => FrameKind::RegsPartial,
                    _ => return None,
                };
                let regs = matches!(kind, FrameKind::Regs | FrameKind::RegsPartial);
                (kind, if version == Version::V1 { regs } else { bit(10) })
            }
            Version::V3 | Version::V4 => {
                if flags >> 12 != 0 {
                    return None;
                }
                let kind = match flags >> 8 & 7 {
                    0 => FrameKind::Undefined,
                    1 => FrameKind::End,
                    2 => FrameKind::Call,
                    3 => FrameKind::Regs,
                    4 => FrameKind::RegsPartial,
                    _ => return None,
                };
                (kind, bit(11))
            }
        };
        Some(Self { sp, sp_offset: signed(0), bp, bp_offset: signed(2), kind, signal })
    }
}

/// The register of a number (`ORC_REG_*`).
fn base(number: u16, version: Version) -> Option<Base> {
    const OLD: [Base; 11] = [
        Base::Undefined,
        Base::PreviousSp,
        Base::Dx,
        Base::Di,
        Base::Bp,
        Base::Sp,
        Base::R10,
        Base::R13,
        Base::BpIndirect,
        Base::SpIndirect,
        Base::Ax,
    ];
    const NEW: [Base; 11] = [
        Base::Undefined,
        Base::Ax,
        Base::Dx,
        Base::Sp,
        Base::Bp,
        Base::Di,
        Base::R10,
        Base::R13,
        Base::PreviousSp,
        Base::SpIndirect,
        Base::BpIndirect,
    ];
    let table = if version == Version::V4 { &NEW } else { &OLD };
    table.get(usize::from(number)).copied()
}
