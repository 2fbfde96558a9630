//! Call frame information made by hand: `push %rbp; mov %rsp,%rbp; push %rbx; …` as GCC tells it.

use super::*;
use crate::machine::{AARCH64, Machine, X86_64};
use oopscope_symbols::Unreadable;
use std::collections::BTreeMap;

const LAYOUT: Layout = Layout { little_endian: true, pointer: 8 };

/// Bytes behind their length.
fn entry(body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    while !(body.len() + 4).is_multiple_of(8) {
        // DW_CFA_nop
        body.push(0);
    }
    let mut out = u32::try_from(body.len()).unwrap().to_le_bytes().to_vec();
    out.extend(body);
    out
}

/// A common entry: CFA = rsp + 8, the return address below it.
fn common(id: u32, augmentation: &[u8], data: &[u8]) -> Vec<u8> {
    let mut body = id.to_le_bytes().to_vec();
    body.push(1);
    body.extend(augmentation);
    // NUL, code alignment 1, data alignment -8, return address in 16.
    body.extend([0, 1, 0x78, 16]);
    body.extend(data);
    // DW_CFA_def_cfa rsp+8, DW_CFA_offset 16 at cfa-8
    body.extend([0x0c, 7, 8, 0x90, 1]);
    entry(&body)
}

/// At +1 rbp is pushed, at +4 it is the frame's base, at +5 rbx is pushed.
const PROLOGUE: [u8; 13] = [0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x41, 0x83, 3, 0, 0];

fn debug_frame() -> Vec<u8> {
    let mut section = common(u32::MAX, b"", b"");
    for start in [0x2000_u64, 0x1000] {
        let mut body = 0_u32.to_le_bytes().to_vec();
        body.extend(start.to_le_bytes());
        body.extend(0x100_u64.to_le_bytes());
        body.extend(PROLOGUE);
        section.extend(entry(&body));
    }
    section
}

/// The same of `.eh_frame` at an address, with pointers that count from where they lie.
fn eh_frame(at: u64) -> Vec<u8> {
    // zR: the length of the data, DW_EH_PE_pcrel | DW_EH_PE_sdata4
    let mut section = common(0, b"zR", &[1, 0x1b]);
    let field = section.len() + 4;
    let mut body = u32::try_from(field).unwrap().to_le_bytes().to_vec();
    let from = at.wrapping_add(u64::try_from(field).unwrap() + 4);
    let distance = i64::try_from(0x1000_u64).unwrap() - from.cast_signed();
    body.extend(i32::try_from(distance).unwrap().to_le_bytes());
    body.extend(0x100_u32.to_le_bytes());
    body.push(0);
    body.extend(PROLOGUE);
    section.extend(entry(&body));
    section.extend([0; 4]);
    section
}

struct Frame {
    registers: BTreeMap<u16, u64>,
    words: BTreeMap<u64, u64>,
}

impl Machine for Frame {
    fn register(&self, number: u16) -> Option<u64> {
        self.registers.get(&number).copied()
    }

    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        let word = self.words.get(&address).ok_or(Unreadable { address })?;
        buf.copy_from_slice(&word.to_le_bytes()[..buf.len()]);
        Ok(())
    }
}

fn frame() -> Frame {
    Frame {
        registers: BTreeMap::from([(3, 0x33), (6, 0x8000), (7, 0x7ff8), (12, 0x1212), (0, 0xaa)]),
        words: BTreeMap::from([(0x7ff8, 0xb0b0), (0x8000, 0xbbbb), (0x8008, 0x4242)]),
    }
}

fn frames(section: Vec<u8>, form: Form) -> CallFrames {
    CallFrames::new(Rc::new(section), form, LAYOUT)
}

#[test]
fn callers_registers_are_found_in_both_forms() {
    for frames in [frames(debug_frame(), Form::Debug), frames(eh_frame(0x40_0000), Form::Eh { address: 0x40_0000 })] {
        let row = frames.row(0x1050, &X86_64).unwrap().unwrap();
        let caller = row.caller(&frame(), LAYOUT).unwrap();
        assert_eq!((caller.cfa, caller.address), (0x8010, Some(0x4242)));
        assert_eq!(caller.register(3), Some(0xb0b0), "rbx was pushed at cfa-24");
        assert_eq!(caller.register(6), Some(0xbbbb));
        assert_eq!(caller.register(7), Some(0x8010));
        assert_eq!(caller.register(12), Some(0x1212), "a function leaves it as it was");
        assert_eq!(caller.register(0), None, "a function may have used it");
        // Before the first instruction nothing has been pushed.
        let caller = frames.row(0x1000, &X86_64).unwrap().unwrap().caller(&frame(), LAYOUT).unwrap();
        assert_eq!((caller.cfa, caller.address, caller.register(3)), (0x8000, Some(0xb0b0), Some(0x33)));
    }
}

#[test]
fn what_no_entry_covers_has_no_row() {
    let frames = frames(debug_frame(), Form::Debug);
    for address in [0, 0xfff, 0x1100, 0x1fff, 0x2100, u64::MAX] {
        assert_eq!(frames.row(address, &X86_64), Ok(None), "{address:#x}");
    }
    assert!(frames.row(0x20ff, &X86_64).unwrap().is_some());
}

#[test]
fn a_register_or_memory_that_is_missing_is_missing_in_the_caller() {
    let row = frames(debug_frame(), Form::Debug).row(0x1050, &X86_64).unwrap().unwrap();
    let mut without = frame();
    without.words.remove(&0x7ff8);
    assert_eq!(row.caller(&without, LAYOUT).unwrap().register(3), None);
    without.registers.remove(&6);
    let gone = row.caller(&without, LAYOUT).unwrap_err();
    assert_eq!(gone, crate::Gone::Register { number: 6 }, "the CFA counts from it");
}

#[test]
fn what_is_cut_off_or_damaged_anywhere_ends() {
    for (whole, form) in [(debug_frame(), Form::Debug), (eh_frame(0x40_0000), Form::Eh { address: 0x40_0000 })] {
        for end in 0..whole.len() {
            let _ = frames(whole[..end].to_vec(), form).row(0x1050, &X86_64);
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                for address in [0x1000, 0x1050, 0x2050] {
                    if let Ok(Some(row)) = frames(bytes.clone(), form).row(address, &AARCH64) {
                        let _ = row.caller(&frame(), LAYOUT);
                    }
                }
            }
        }
    }
}

#[test]
fn entries_before_damage_count_still() {
    let mut section = debug_frame();
    section.extend(0xffff_fff8_u32.to_le_bytes());
    assert!(frames(section, Form::Debug).row(0x1050, &X86_64).unwrap().is_some());
}

#[test]
fn an_expression_without_an_end_is_no_address() {
    // DW_CFA_def_cfa_expression: DW_OP_skip -3
    let mut body = 0_u32.to_le_bytes().to_vec();
    body.extend(0x3000_u64.to_le_bytes());
    body.extend(0x100_u64.to_le_bytes());
    body.extend([0x0f, 3, 0x2f, 0xfd, 0xff]);
    let mut section = debug_frame();
    section.extend(entry(&body));
    let row = frames(section, Form::Debug).row(0x3000, &X86_64).unwrap().unwrap();
    assert_eq!(row.caller(&frame(), LAYOUT), Err(crate::Gone::Endless));
}

#[test]
fn a_frames_place_follows_from_where_it_has_saved_a_register() {
    let frames = frames(debug_frame(), Form::Debug);
    // At +1: CFA = rsp+16, rbp at cfa-16.
    let row = frames.row(0x1001, &X86_64).unwrap().unwrap();
    assert_eq!(row.by_saved(6, 0x7ff0, 7, LAYOUT), Some((0x7ff0, 0x8000)));
    assert_eq!(row.by_saved(3, 0x7ff0, 7, LAYOUT), None, "it is not saved there");
    let later = frames.row(0x1050, &X86_64).unwrap().unwrap();
    assert_eq!(later.by_saved(6, 0x7ff0, 7, LAYOUT), None, "it counts from the frame pointer itself");
}
