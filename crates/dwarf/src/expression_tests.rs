//! Expressions made by hand.

use super::*;
use std::collections::BTreeMap;

const LAYOUT: Layout = Layout { little_endian: true, pointer: 8 };
const ENCODING: Encoding = Encoding { format: Format::Dwarf32, version: 5, address_size: 8 };

struct Frame(BTreeMap<u16, u64>);

impl Machine for Frame {
    fn register(&self, number: u16) -> Option<u64> {
        self.0.get(&number).copied()
    }

    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), oopscope_symbols::Unreadable> {
        if address >= 0x10_0000 {
            return Err(oopscope_symbols::Unreadable { address });
        }
        buf.copy_from_slice(&0x1122_3344_5566_7788_u64.to_le_bytes()[..buf.len()]);
        Ok(())
    }
}

struct Unit {
    frame_base: Vec<u8>,
    cfa: Option<u64>,
}

impl Scope for Unit {
    fn base_type(&self, offset: u64) -> Option<ValueType> {
        (offset == 0x2d).then_some(ValueType::I8)
    }

    fn indexed(&self, index: u64) -> Option<u64> {
        (index == 3).then_some(0x5000)
    }

    fn run_time(&self, address: u64) -> Option<u64> {
        Some(address + 0x10)
    }

    fn frame_base(&self) -> Option<Vec<u8>> {
        Some(self.frame_base.clone())
    }

    fn cfa(&self) -> Option<u64> {
        self.cfa
    }

    fn at_entry(&self, _: &[u8]) -> Option<u64> {
        None
    }
}

fn told(expression: &[u8]) -> Result<Whereabouts, Gone> {
    // DW_OP_call_frame_cfa
    let unit = Unit { frame_base: vec![0x9c], cfa: Some(0x9000) };
    of(expression, &unit)
}

fn of(expression: &[u8], unit: &Unit) -> Result<Whereabouts, Gone> {
    let frame = Frame(BTreeMap::from([(3, 0x33), (7, 0x7000)]));
    whereabouts(expression, &Inputs::of_unit(&frame, unit, LAYOUT, ENCODING))
}

fn place(expression: &[u8]) -> Result<Place, Gone> {
    let told = told(expression)?;
    assert_eq!(told.parts.len(), 1, "{told:?}");
    Ok(told.parts[0].place.clone())
}

#[test]
fn places_are_told_apart() {
    // DW_OP_reg3; DW_OP_breg7 +8; DW_OP_fbreg -16; DW_OP_breg3 +1, DW_OP_stack_value; DW_OP_implicit_value "ab"
    assert_eq!(place(&[0x53]), Ok(Place::Register(3)));
    assert_eq!(place(&[0x77, 8]), Ok(Place::Memory(0x7008)));
    assert_eq!(place(&[0x91, 0x70]), Ok(Place::Memory(0x8ff0)));
    assert_eq!(place(&[0x73, 1, 0x9f]), Ok(Place::Number(0x34)));
    assert_eq!(place(&[0x9e, 2, b'a', b'b']), Ok(Place::Bytes(b"ab".to_vec())));
    // DW_OP_addr 0x1000; DW_OP_addrx 3: of the file, so moved.
    assert_eq!(place(&[3, 0, 0x10, 0, 0, 0, 0, 0, 0]), Ok(Place::Memory(0x1010)));
    assert_eq!(place(&[0xa1, 3]), Ok(Place::Memory(0x5010)));
    // DW_OP_breg7 0, DW_OP_deref
    assert_eq!(place(&[0x77, 0, 0x06]), Ok(Place::Memory(0x1122_3344_5566_7788)));
    // DW_OP_regval_type r3 as a signed byte, DW_OP_neg, DW_OP_stack_value
    assert_eq!(place(&[0xa5, 3, 0x2d, 0x1f, 0x9f]), Ok(Place::Number((-0x33_i64).cast_unsigned())));
}

#[test]
fn parts_come_in_the_order_of_memory() {
    // DW_OP_reg3, DW_OP_piece 4, (nothing) DW_OP_piece 4
    let told = told(&[0x53, 0x93, 4, 0x93, 4]).unwrap();
    assert_eq!(told.parts[0], Part { bits: Some(32), skip: 0, place: Place::Register(3) });
    assert_eq!(told.parts[1].place, Place::Nowhere(Gone::OptimizedOut));
}

#[test]
fn what_is_not_known_says_why() {
    assert_eq!(told(&[]), Ok(Whereabouts::default()));
    assert_eq!(told(&[0x70, 0]), Err(Gone::Register { number: 0 }));
    // DW_OP_entry_value(DW_OP_reg5), DW_OP_stack_value
    assert_eq!(told(&[0xa3, 1, 0x55, 0x9f]), Err(Gone::EntryValue));
    // DW_OP_lit1, DW_OP_lit0, DW_OP_div
    assert_eq!(told(&[0x31, 0x30, 0x1b, 0x9f]), Err(Gone::Damaged), "a division by nothing");
    // DW_OP_const4u 0x200000, DW_OP_deref
    assert_eq!(told(&[0x0c, 0, 0, 0x20, 0, 0x06]), Err(Gone::Memory { address: 0x20_0000 }));
    let unit = Unit { frame_base: vec![0x9c], cfa: None };
    assert_eq!(of(&[0x91, 0], &unit), Err(Gone::Frame));
    // DW_OP_implicit_pointer
    assert_eq!(place(&[0xa0, 1, 0, 0, 0, 0]), Ok(Place::Nowhere(Gone::Pointer)));
}

#[test]
fn what_was_not_written_yet_is_said() {
    let told = told(&[0x53, 0xf0]).unwrap();
    assert!(told.uninitialized);
    assert_eq!(told.parts[0].place, Place::Register(3));
}

#[test]
fn every_expression_ends() {
    // DW_OP_skip to itself; a frame base that counts from itself.
    assert_eq!(told(&[0x2f, 0xfd, 0xff]), Err(Gone::Endless));
    let unit = Unit { frame_base: vec![0x91, 0], cfa: Some(0) };
    assert_eq!(of(&[0x91, 0], &unit), Err(Gone::Endless));
    for first in 0..=u8::MAX {
        for second in [0, 1, 0x7f, 0x80, 0xff] {
            let _ = told(&[first, second, second, 0x06, first]);
            let _ = told(&[first]);
        }
    }
}
