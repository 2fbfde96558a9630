//! scratch
use crate::instruction::*;
pub(crate) struct Ppc {
    pub(crate) wide: bool,
}
impl Decoder for Ppc {
    fn step(&self) -> usize {
        4
    }
    fn length(&self, b: &[u8]) -> Option<usize> {
        self.decode(b, 0).map(|d| d.length)
    }
    fn decode(&self, bytes: &[u8], _at: u64) -> Option<Decoded> {
        let w = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
        let i = powerpc::Ins::new(w, powerpc::Extensions::from_bitmask(u32::MAX));
        if i.op == powerpc::Opcode::Illegal {
            return None;
        }
        Some(Decoded { length: 4, text: i.simplified().to_string(), ..Decoded::default() })
    }
    fn unknown(&self, _: &[u8]) -> (usize, String) {
        (4, String::new())
    }
}
