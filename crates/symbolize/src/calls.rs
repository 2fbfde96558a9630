//! Whom a frame called: the instruction before its return address.
//!
//! It tells functions of one name apart: the caller's own code says which of them it called. Must never read a module's
//! calls as they lie in its file: the loader fills in whom they call.

use crate::object::Object;
use oopscope_dwarf::At;

/// What lies before a return address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// A call of the function at that address of the file.
    To(u64),
    /// A call through a register or memory, or to what only the loader knows.
    Somewhere,
    /// No call: this is no return address.
    No,
    /// That can't be told.
    Unknown,
}

/// The machines whose calls are known (`e_machine`).
const X86_64: u16 = 62;
const I386: u16 = 3;
const ARM64: u16 = 183;

/// The call before a return address.
pub(crate) fn before(object: &Object, at: At) -> Call {
    match object.outline.machine {
        X86_64 | I386 => at.address.checked_sub(7).and_then(|address| object.loaded(At { address, ..at }, 7)),
        ARM64 => at.address.checked_sub(4).and_then(|address| object.loaded(At { address, ..at }, 4)),
        _ => None,
    }
    .map_or(Call::Unknown, |bytes| match object.outline.machine {
        ARM64 => arm64(&bytes, at),
        _ => x86(&bytes, at),
    })
}

/// The last of seven bytes before a return address (Intel SDM, CALL: E8 with 32 bits relative, FF /2 with an operand).
fn x86(bytes: &[u8], at: At) -> Call {
    let Ok(bytes) = <[u8; 7]>::try_from(bytes) else { return Call::Unknown };
    if bytes[2] == 0xe8 {
        if at.section.is_some() {
            return Call::Somewhere;
        }
        let relative = i32::from_le_bytes([bytes[3], bytes[4], bytes[5], bytes[6]]);
        return Call::To(at.address.wrapping_add_signed(i64::from(relative)));
    }
    // FF /2: the second byte's middle bits are 2; its length by its operand is 2, 3, 4, 6 or 7 with a SIB byte.
    let indirect = [5_usize, 4, 3, 1, 0]
        .into_iter()
        .any(|from| bytes[from] == 0xff && bytes.get(from + 1).is_some_and(|modrm| modrm >> 3 & 7 == 2));
    if indirect { Call::Somewhere } else { Call::No }
}

/// BL and BLR (Arm ARM, C6.2).
fn arm64(bytes: &[u8], at: At) -> Call {
    let Ok(raw) = <[u8; 4]>::try_from(bytes) else { return Call::Unknown };
    let word = u32::from_le_bytes(raw);
    if word >> 26 == 0b10_0101 {
        if at.section.is_some() {
            return Call::Somewhere;
        }
        // 26 bits with a sign, in words.
        let words = i64::from((word << 6).cast_signed() >> 6);
        return Call::To(at.address.wrapping_sub(4).wrapping_add_signed(words * 4));
    }
    // BLR, and BLRAA and its like, that check a pointer's signature first.
    if word & 0xffff_fc1f == 0xd63f_0000 || word & 0xfeff_f800 == 0xd63f_0800 { Call::Somewhere } else { Call::No }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_their_targets() {
        let at = At { section: None, address: 0xffff_ffff_8100_1000 };
        assert_eq!(x86(&[0, 0, 0xe8, 0xfb, 0xff, 0xff, 0xff], at), Call::To(0xffff_ffff_8100_0ffb));
        assert_eq!(x86(&[0, 0, 0xe8, 1, 0, 0, 0], At { section: Some(1), address: 9 }), Call::Somewhere);
        assert_eq!(x86(&[0, 0, 0, 0, 0, 0xff, 0xd0], at), Call::Somewhere);
        assert_eq!(x86(&[0, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90], at), Call::No);
        let arm = At { section: None, address: 0x1004 };
        assert_eq!(arm64(&0x9400_0002_u32.to_le_bytes(), arm), Call::To(0x1008));
        assert_eq!(arm64(&0x97ff_ffff_u32.to_le_bytes(), arm), Call::To(0xffc));
        assert_eq!(arm64(&0xd63f_0020_u32.to_le_bytes(), arm), Call::Somewhere);
        assert_eq!(arm64(&0xd503_201f_u32.to_le_bytes(), arm), Call::No);
    }
}
