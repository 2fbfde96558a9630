//! Types out of debug information: all of them where the kernel carries none with it, and those of its variables, of which
//! BTF tells few.
//!
//! Must never put them before the types that the kernel itself has.

use crate::Kernel;
use crate::error::KernelError;
use oopscope_dump::{Machine, Progress};
use oopscope_dwarf::{DwarfError, DwarfTypes, Store};
use oopscope_symbols::Types;
use std::rc::Rc;

/// What stands for the kernel's types among what could not be read.
pub(crate) const TYPES: &str = "the kernel's types (BTF)";

impl Kernel {
    /// Takes a place in which is kept what takes long to find in debug information.
    pub fn use_store(&mut self, store: Rc<dyn Store>) {
        self.store = store;
    }

    /// Reads the types of the debug information, where the kernel has no BTF. What was found without types is forgotten. The
    /// only error is that it was cancelled.
    pub fn load_types(&mut self, tick: &mut dyn FnMut(Progress) -> bool) -> Result<(), KernelError> {
        if self.btf.is_some() || self.debug.is_none() || self.debug_types.get().is_some() {
            return Ok(());
        }
        let stage = "types out of debug information";
        let found = self.read_debug_types(&mut |done, total| tick(Progress { stage, done, total }));
        if matches!(found, Err(DwarfError::Cancelled)) {
            return Err(KernelError::Cancelled);
        }
        self.keep_debug_types(found);
        self.forget();
        Ok(())
    }

    fn read_debug_types(&self, tick: &mut dyn FnMut(u64, u64) -> bool) -> Result<DwarfTypes, DwarfError> {
        let debug = self.debug.as_ref().ok_or(DwarfError::None)?;
        DwarfTypes::of(debug.file(), &*self.store, tick)
    }

    fn keep_debug_types(&self, found: Result<DwarfTypes, DwarfError>) -> Option<&DwarfTypes> {
        let what = "types out of the vmlinux's debug information";
        match &found {
            Ok(types) => {
                self.unread.borrow_mut().retain(|unread| unread.what != TYPES);
                if let Some(at) = types.damaged() {
                    self.note(
                        what,
                        &format!("the unit at {at:#x} in .debug_info is damaged, and its types are not known"),
                    );
                }
            }
            Err(why) => self.note(what, why),
        }
        self.debug_types.get_or_init(|| found.ok()).as_ref()
    }

    /// The types of the debug information. They are read now, if they have not been: that takes a second.
    pub fn debug_types(&self) -> Option<&DwarfTypes> {
        self.debug.as_ref()?;
        if let Some(known) = self.debug_types.get() {
            return known.as_ref();
        }
        self.keep_debug_types(self.read_debug_types(&mut |_, _| true))
    }

    /// The types that [`Self::load_types`] has read, where the kernel itself has none.
    pub(crate) fn loaded_debug_types(&self) -> Option<&DwarfTypes> {
        self.debug_types.get()?.as_ref().filter(|_| self.btf.is_none())
    }

    /// The type of a variable as C spells it, by the debug information: also where the kernel's own types are BTF's, which
    /// know few variables. None where several variables of the name have different types.
    pub fn spelled_type(&self, name: &str) -> Option<String> {
        let types = self.debug_types()?;
        let mut spelled = types.variables(name).into_iter().map(|variable| types.name_of(variable.type_id));
        let first = spelled.next()?;
        spelled.all(|other| other == first).then_some(first)
    }
}

/// The machine as ELF numbers them (`e_machine`), where that is known.
pub(crate) const fn elf_machine(machine: Machine) -> Option<u16> {
    Some(match machine {
        Machine::I386 => 3,
        Machine::Arm => 40,
        Machine::X86_64 => 62,
        Machine::Aarch64 => 183,
        Machine::Other(number) => number,
        _ => return None,
    })
}
