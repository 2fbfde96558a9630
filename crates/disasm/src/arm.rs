//! scratch
use crate::instruction::*;
use yaxpeax_arch::{Decoder as _, LengthedInstruction, U8Reader};
pub(crate) struct Arm {
    pub(crate) thumb: bool,
}
impl Decoder for Arm {
    fn step(&self) -> usize {
        4
    }
    fn length(&self, b: &[u8]) -> Option<usize> {
        self.decode(b, 0).map(|d| d.length)
    }
    fn decode(&self, bytes: &[u8], _at: u64) -> Option<Decoded> {
        let d = if self.thumb {
            yaxpeax_arm::armv7::InstDecoder::default_thumb()
        } else {
            yaxpeax_arm::armv7::InstDecoder::default()
        };
        let mut r = U8Reader::new(bytes);
        let i = d.decode(&mut r).ok()?;
        use yaxpeax_arch::AddressBase;
        let len = 0u32.wrapping_offset(i.len());
        Some(Decoded { length: len.to_linear(), text: i.to_string(), ..Decoded::default() })
    }
    fn unknown(&self, _: &[u8]) -> (usize, String) {
        (4, String::new())
    }
}
