//! A CPU's registers, as far as they are known, whatever wrote them down. Must never make a value up: a register that
//! was not saved is absent, not zero.

use oopscope_dwarf::Convention;
use oopscope_report::vmcore::{Address, RegisterValue};

/// Most registers that any file of registers has.
const MOST: usize = 40;

/// An architecture's registers: their names in the order of printing, and which of them unwinding asks for.
#[derive(Debug)]
pub struct File {
    /// Names in the kernel's order of printing.
    pub names: &'static [&'static str],
    /// Index of the instruction pointer.
    pub pc: usize,
    /// Index of the stack pointer.
    pub sp: usize,
    /// Index of the frame pointer.
    pub fp: usize,
    /// Index of the register that holds a call's return address, where there is one.
    pub link: Option<usize>,
    /// Whether these registers are user space's.
    pub is_user: fn(&Registers) -> bool,
    /// Which register each number of DWARF's is.
    pub dwarf: &'static [usize],
    /// What calls do to the registers.
    pub convention: &'static Convention,
}

/// Values of registers.
#[derive(Clone, Copy, Debug)]
pub struct Registers {
    file: &'static File,
    values: [u64; MOST],
    known: u64,
}

impl Registers {
    /// No register is known yet.
    pub fn new(file: &'static File) -> Self {
        Self { file, values: [0; MOST], known: 0 }
    }

    /// Writes a register down.
    pub fn set(&mut self, index: usize, value: u64) {
        if let Some(place) = self.values.get_mut(index) {
            *place = value;
            self.known |= 1 << index;
        }
    }

    /// The architecture's registers.
    pub const fn file(&self) -> &'static File {
        self.file
    }

    /// A register by DWARF's number.
    pub fn by_dwarf(&self, number: u16) -> Option<u64> {
        self.file.dwarf.get(usize::from(number)).and_then(|&index| self.get(index))
    }

    /// Writes a register down that DWARF has by a number.
    pub fn set_dwarf(&mut self, number: u16, value: u64) {
        if let Some(&index) = self.file.dwarf.get(usize::from(number)) {
            self.set(index, value);
        }
    }

    /// A register by its index in [`File::names`].
    pub fn get(&self, index: usize) -> Option<u64> {
        (self.known >> index & 1 == 1).then(|| self.values.get(index).copied()).flatten()
    }

    /// The instruction pointer.
    pub fn pc(&self) -> Option<u64> {
        self.get(self.file.pc)
    }

    /// The stack pointer.
    pub fn sp(&self) -> Option<u64> {
        self.get(self.file.sp)
    }

    /// The frame pointer.
    pub fn fp(&self) -> Option<u64> {
        self.get(self.file.fp)
    }

    /// The link register.
    pub fn link(&self) -> Option<u64> {
        self.file.link.and_then(|index| self.get(index))
    }

    /// True when they are user space's.
    pub fn is_user(&self) -> bool {
        (self.file.is_user)(self)
    }

    /// The registers that are known, in the kernel's order of printing.
    pub fn listed(&self) -> Vec<RegisterValue> {
        self.file
            .names
            .iter()
            .enumerate()
            .filter_map(|(index, &name)| {
                Some(RegisterValue { name: name.to_owned(), value: Address(self.get(index)?) })
            })
            .collect()
    }
}

/// Writes consecutive 64-bit values of `bytes` into the registers that `order` names; stops where the bytes end.
pub(crate) fn fill(registers: &mut Registers, bytes: &[u8], order: &[usize], little_endian: bool) {
    for (word, &index) in bytes.as_chunks::<8>().0.iter().zip(order) {
        registers.set(index, if little_endian { u64::from_le_bytes(*word) } else { u64::from_be_bytes(*word) });
    }
}
