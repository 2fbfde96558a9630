//! sparc: the kernel prints no cause, but the trapping instruction tells a load from a store (The SPARC Architecture
//! Manual, Version 9, appendix A and E: format 3 with op 3).
//!
//! Must never call it known what is only read out of the instruction: `read` marks it as inferred.

use oopscope_report::AccessKind;

/// What a trapping instruction did; unknown where it is no load, store or atomic.
pub(crate) const fn access(instruction: u32) -> AccessKind {
    if instruction >> 30 != 3 {
        return AccessKind::Unknown;
    }
    let op3 = instruction >> 19 & 0x3f;
    match op3 {
        // Prefetches have the bit of stores.
        0x2d | 0x3d => AccessKind::Unknown,
        // Stores, and atomics, which store too.
        _ if op3 & 0x04 != 0 => AccessKind::Write,
        _ => AccessKind::Read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions() {
        assert_eq!(access(0xc258_6000), AccessKind::Read);
        assert_eq!(access(0xc270_6100), AccessKind::Write);
        assert_eq!(access(0x0100_0000), AccessKind::Unknown);
    }
}
