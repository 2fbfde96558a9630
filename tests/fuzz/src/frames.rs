//! Targets for what debug information says of frames: call frame information and location expressions of any content.
//!
//! Like the others they must never depend on chance.

use oopscope_dwarf::{AARCH64, CallFrames, Form, Gone, Machine, Place, X86_64, locate};
use oopscope_symbols::{Layout, Unreadable};
use std::rc::Rc;

/// Registers whose numbers are their values, and memory that has what its addresses are, but for a hole.
struct Frame;

impl Machine for Frame {
    fn register(&self, number: u16) -> Option<u64> {
        (number % 5 != 4).then(|| 0x1000 + u64::from(number) * 8)
    }

    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        for (byte, at) in buf.iter_mut().zip(0..) {
            let address =
                address.checked_add(at).filter(|address| address & 0x800 == 0).ok_or(Unreadable { address })?;
            *byte = (address >> 3).to_le_bytes()[0];
        }
        Ok(())
    }
}

/// The first byte chooses form and width, the rest is the section. Whatever it says, what is asked comes to an end, twice the
/// same, and a row that was found has a CFA or a reason.
pub fn call_frames(bytes: &[u8]) {
    let Some((&first, section)) = bytes.split_first() else { return };
    let layout = Layout { little_endian: first & 1 == 0, pointer: if first & 2 == 0 { 8 } else { 4 } };
    let form = if first & 4 == 0 { Form::Debug } else { Form::Eh { address: 0x40_0000 } };
    let convention = if first & 8 == 0 { &X86_64 } else { &AARCH64 };
    let frames = CallFrames::new(Rc::new(section.to_vec()), form, layout);
    for address in [0, 0x1000, 0x1001, 0x1005, 0x1050, 0x2050, 0x40_0000, u64::MAX] {
        let row = frames.row(address, convention);
        assert_eq!(row, frames.row(address, convention), "two answers to one question");
        if let Ok(Some(row)) = row {
            let caller = row.caller(&Frame, layout);
            assert_eq!(caller, row.caller(&Frame, layout));
            if let Ok(caller) = caller {
                assert!(caller.registers.is_sorted_by_key(|(number, _)| *number), "registers in no order");
            }
        }
    }
}

/// An expression comes to an end, and says where the value is or why it is not known.
pub fn expression(bytes: &[u8]) {
    let Some((&first, expression)) = bytes.split_first() else { return };
    let layout = Layout { little_endian: first & 1 == 0, pointer: if first & 2 == 0 { 8 } else { 4 } };
    let cfa = (first & 4 == 0).then_some(0x1100);
    let told = locate(expression, &Frame, cfa, layout);
    assert_eq!(told, locate(expression, &Frame, cfa, layout), "two answers to one question");
    match told {
        Ok(told) => {
            for part in told.parts {
                if let Place::Memory(address) = part.place {
                    assert!(layout.pointer == 8 || u32::try_from(address).is_ok(), "an address that is none");
                }
            }
        }
        Err(Gone::OptimizedOut) => panic!("an expression that is there is not nothing"),
        Err(_) => {}
    }
}
