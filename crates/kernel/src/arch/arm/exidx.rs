//! Arm's own unwind tables, which its kernels carry with them (CONFIG_ARM_UNWIND): an index entry a function, and a few
//! bytes that say how its registers were saved. The format is that of "Exception Handling ABI for the Arm Architecture".
//!
//! Must never read more than a function's instructions may be long, nor give a register that was not read.

use crate::MemoryError;
use crate::stack::walk::View;
use std::ops::Range;

/// Bytes of an index entry.
const ENTRY: u64 = 8;
/// More entries no table has.
const MOST_ENTRIES: u64 = 1 << 22;
/// `EXIDX_CANTUNWIND`: nothing called this function.
const NO_CALLER: u32 = 1;

/// The tables of a kernel and its modules: the code that each covers, and where its index lies.
#[derive(Clone, Debug, Default)]
pub struct Exidx {
    tables: Vec<(Range<u64>, Range<u64>)>,
}

/// Registers r0 to r15, as far as they are known.
pub(crate) type Numbered = [Option<u32>; 16];

/// What a table says of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// These are the caller's registers. True if all registers were restored, the program counter among them: it was no call
    /// but an exception.
    Caller(Numbered, bool),
    /// Nothing called it.
    First,
    /// No table covers it, or what it says is not known or damaged.
    Unknown,
}

impl Exidx {
    /// Tables: code and index of each.
    pub fn new(tables: Vec<(Range<u64>, Range<u64>)>) -> Self {
        Self { tables }
    }

    /// Whether there are no tables.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The caller of an instruction, whose registers are `numbered`.
    pub(crate) fn step(&self, view: &dyn View, at: u64, numbered: &Numbered) -> Result<Step, MemoryError> {
        let Some((_, index)) = self.tables.iter().find(|(code, _)| code.contains(&at)) else {
            return Ok(Step::Unknown);
        };
        let Some(entry) = find(view, index, at)? else { return Ok(Step::Unknown) };
        let word = read(view, entry + 4)?;
        if word == NO_CALLER {
            return Ok(Step::First);
        }
        // The bytes are in the entry itself, or in the table that it leads to.
        let (mut place, inline) = if word >> 31 == 1 { (entry + 4, true) } else { (prel31(entry + 4, word), false) };
        let first = read(view, place)?;
        let (skip, words) = match (first >> 24, inline) {
            (0x80, _) => (1, 1),
            (0x81, false) => (2, 1 + (first >> 16 & 0xff)),
            _ => return Ok(Step::Unknown),
        };
        let mut bytes = Vec::new();
        for _ in 0..words {
            bytes.extend(read(view, place)?.to_be_bytes());
            place += 4;
        }
        execute(view, bytes.get(skip..).unwrap_or(&[]), numbered)
    }
}

/// The index entry that covers an instruction: the last one that begins at or before it.
fn find(view: &dyn View, index: &Range<u64>, at: u64) -> Result<Option<u64>, MemoryError> {
    let count = (index.end.saturating_sub(index.start) / ENTRY).min(MOST_ENTRIES);
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        let entry = index.start + middle * ENTRY;
        if prel31(entry, read(view, entry)?) <= at { low = middle + 1 } else { high = middle }
    }
    Ok(low.checked_sub(1).map(|number| index.start + number * ENTRY))
}

/// An address that counts from where it stands, in 31 bits.
fn prel31(at: u64, word: u32) -> u64 {
    let distance = i64::from((word << 1).cast_signed() >> 1);
    at.wrapping_add_signed(distance) & 0xffff_ffff
}

fn read(view: &dyn View, address: u64) -> Result<u32, MemoryError> {
    let mut bytes = [0; 4];
    view.fill(address & 0xffff_ffff, &mut bytes)?;
    Ok(if view.little_endian() { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
}

/// A frame while its instructions are carried out.
struct Frame<'v> {
    view: &'v dyn View,
    numbered: Numbered,
    sp: u32,
}

impl Frame<'_> {
    /// Takes registers off the stack, those of lower numbers first.
    fn pop(&mut self, first: usize, mask: u32) -> Result<(), MemoryError> {
        for (number, bit) in (first..16).zip(0..16) {
            if mask >> bit & 1 == 1 {
                let value = read(self.view, self.sp.into())?;
                self.numbered[number] = Some(value);
                self.sp = self.sp.wrapping_add(4);
            }
        }
        Ok(())
    }
}

/// Carries out a function's instructions ("Frame unwinding instructions").
fn execute(view: &dyn View, bytes: &[u8], numbered: &Numbered) -> Result<Step, MemoryError> {
    let Some(sp) = numbered[13] else { return Ok(Step::Unknown) };
    // The program counter is what the function returns to, unless it is restored itself.
    let mut frame = Frame { view, numbered: *numbered, sp };
    frame.numbered[15] = None;
    let mut rest = bytes.iter().copied();
    while let Some(byte) = rest.next() {
        let low = u32::from(byte & 0xf);
        match byte {
            0x00..=0x3f => frame.sp = frame.sp.wrapping_add((u32::from(byte & 0x3f) << 2) + 4),
            0x40..=0x7f => frame.sp = frame.sp.wrapping_sub((u32::from(byte & 0x3f) << 2) + 4),
            0x80..=0x8f => {
                let mask = low << 8 | u32::from(rest.next().unwrap_or(0));
                if mask == 0 {
                    return Ok(Step::Unknown);
                }
                frame.pop(4, mask)?;
                // The stack pointer itself was among them.
                if let Some(sp) = frame.numbered[13].filter(|_| mask >> 9 & 1 == 1) {
                    frame.sp = sp;
                }
            }
            0x90..=0x9c | 0x9e => match frame.numbered[usize::from(byte & 0xf)] {
                Some(value) => frame.sp = value,
                None => return Ok(Step::Unknown),
            },
            0xa0..=0xa7 => frame.pop(4, (2 << (byte & 7)) - 1)?,
            0xa8..=0xaf => frame.pop(4, ((2 << (byte & 7)) - 1) | (1 << 10))?,
            0xb0 => break,
            0xb1 => match rest.next() {
                Some(mask @ 1..=0xf) => frame.pop(0, mask.into())?,
                _ => return Ok(Step::Unknown),
            },
            0xb2 => {
                let (mut more, mut shift) = (0_u32, 0);
                for byte in rest.by_ref() {
                    more |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
                    shift += 7;
                    if byte < 0x80 {
                        break;
                    }
                }
                frame.sp = frame.sp.wrapping_add(0x204).wrapping_add(more << 2);
            }
            // Floating-point registers, which the kernel has no frames with: only their room counts.
            0xb3 => frame.sp = frame.sp.wrapping_add((u32::from(rest.next().unwrap_or(0) & 0xf) + 1) * 8 + 4),
            0xb8..=0xbf => frame.sp = frame.sp.wrapping_add((u32::from(byte & 7) + 1) * 8 + 4),
            0xc8 | 0xc9 => frame.sp = frame.sp.wrapping_add((u32::from(rest.next().unwrap_or(0) & 0xf) + 1) * 8),
            0xd0..=0xd7 => frame.sp = frame.sp.wrapping_add((u32::from(byte & 7) + 1) * 8),
            _ => return Ok(Step::Unknown),
        }
    }
    let exception = frame.numbered[15].is_some();
    frame.numbered[15] = frame.numbered[15].or(frame.numbered[14]);
    frame.numbered[13] = Some(frame.sp);
    if !exception {
        // What calls may change is not known in the caller; the link register has been used up.
        for number in [0, 1, 2, 3, 12, 14] {
            frame.numbered[number] = None;
        }
    }
    Ok(if frame.numbered[15].is_some() { Step::Caller(frame.numbered, exception) } else { Step::Unknown })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Memory of single words.
    struct Words(BTreeMap<u64, u32>);

    impl View for Words {
        fn fill(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError> {
            let word = self.0.get(&address).ok_or(MemoryError::NotCanonical { address })?;
            buf.copy_from_slice(&word.to_le_bytes());
            Ok(())
        }

        fn orc(&self, _ip: u64) -> Result<Option<oopscope_symbols::orc::Entry>, MemoryError> {
            Ok(None)
        }

        fn is_text(&self, _address: u64) -> bool {
            true
        }

        fn function(&self, _address: u64) -> Option<(String, u64)> {
            None
        }

        fn little_endian(&self) -> bool {
            true
        }
    }

    const INDEX: u64 = 0xc100_0000;
    const STACK: u32 = 0xc200_0000;

    /// Functions at 0xc0300000, 0xc0301000 and so on, each with its word; then what else lies in memory.
    fn view(functions: &[u32], more: &[(u64, u32)]) -> (Words, Exidx) {
        let mut words: BTreeMap<u64, u32> = more.iter().copied().collect();
        for (number, &word) in (0..).zip(functions) {
            let (at, start) = (INDEX + number * 8, 0xc030_0000 + number * 0x1000);
            let distance = start.wrapping_sub(at).to_le_bytes();
            words.insert(at, u32::from_le_bytes([distance[0], distance[1], distance[2], distance[3] & 0x7f]));
            words.insert(at + 4, word);
        }
        for (number, at) in (0..16).zip((STACK..).step_by(4)) {
            words.insert(at.into(), 0x1000 + number);
        }
        let code = 0xc030_0000..0xc031_0000;
        (Words(words), Exidx::new(vec![(code, INDEX..INDEX + functions.len() as u64 * 8)]))
    }

    fn known() -> Numbered {
        let mut numbered = Numbered::default();
        numbered[13] = Some(STACK);
        numbered[14] = Some(0xc030_7777);
        numbered
    }

    #[test]
    fn a_functions_bytes_lead_to_its_caller() {
        // pop {r4, lr}; finish
        let (words, tables) = view(&[1, 0x80a8_b0b0], &[]);
        let Ok(Step::Caller(caller, false)) = tables.step(&words, 0xc030_1234, &known()) else { panic!() };
        assert_eq!((caller[4], caller[13], caller[15]), (Some(0x1000), Some(STACK + 8), Some(0x1001)));
        assert_eq!((caller[0], caller[14]), (None, None), "calls may change them");
        assert_eq!(tables.step(&words, 0xc030_0fff, &known()), Ok(Step::First));
        assert_eq!(tables.step(&words, 0xc02f_ffff, &known()), Ok(Step::Unknown), "no table covers it");
    }

    #[test]
    fn long_descriptions_lie_in_a_table_of_their_own() {
        // sp += 8; sp += 0x204 + (1 << 2); pop {r4-r11, lr}; in a table with one word more
        let table = INDEX + 0x100;
        let more = [(table, 0x8101_01b2), (table + 4, 0x01af_b0b0)];
        let (mut words, tables) = view(&[0x0000_00fc], &more);
        for number in 0..9 {
            words.0.insert(u64::from(STACK) + 8 + 0x208 + number * 4, 0x2000);
        }
        let Ok(Step::Caller(caller, false)) = tables.step(&words, 0xc030_0010, &known()) else { panic!() };
        assert_eq!((caller[11], caller[15], caller[13]), (Some(0x2000), Some(0x2000), Some(STACK + 8 + 0x208 + 36)));
    }

    #[test]
    fn an_exception_restores_all_registers() {
        // pop {r0-r3} and {r4-r15}, among them the stack pointer
        let more = [(INDEX + 0x100, 0x8101_b10f), (INDEX + 0x104, 0x8fff_b0b0)];
        let (words, tables) = view(&[0x0000_00fc], &more);
        let Ok(Step::Caller(caller, true)) = tables.step(&words, 0xc030_0010, &known()) else { panic!() };
        assert_eq!((caller[0], caller[13], caller[15]), (Some(0x1000), Some(0x100d), Some(0x100f)));
    }

    #[test]
    fn what_makes_no_sense_is_not_known() {
        for word in [0x8080_00b0, 0x809d_b0b0, 0x80b4_b0b0, 0x82b0_b0b0, 0x80b1_10b0] {
            let (words, tables) = view(&[word], &[]);
            assert_eq!(tables.step(&words, 0xc030_0010, &known()), Ok(Step::Unknown), "{word:#x}");
        }
        let (words, tables) = view(&[0x7000_0000], &[]);
        assert!(tables.step(&words, 0xc030_0010, &known()).is_err(), "its table is not there");
        let (words, tables) = view(&[0x8097_b0b0], &[]);
        assert_eq!(tables.step(&words, 0xc030_0010, &known()), Ok(Step::Unknown), "r7 is not known");
    }
}
