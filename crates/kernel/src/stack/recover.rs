//! The registers of each frame: those that were saved, and what call frame information makes of them on the way up. Must
//! never keep a register behind a step on which call frame information and the walk do not agree.

use crate::Kernel;
use crate::stack::registers::Registers;
use crate::stack::walk::{Start, Step};
use oopscope_dump::Machine;
use oopscope_dwarf::{Caller, Machine as Stopped};
use oopscope_report::vmcore::{RegisterValue, Trust};
use oopscope_symbols::{Memory, Unreadable};

/// arm64's x29, as DWARF numbers it.
const FRAME_POINTER: u16 = 29;

/// What is said of a frame whose registers were not found by way of the frame below it.
const NOTHING_LEADS_HERE: &str = "no call frame information leads here from the frame below: only the registers that the \
                                  walk itself needs are known";

/// What is known in a frame.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Its registers.
    pub(crate) registers: Registers,
    /// Its canonical frame address: the caller's stack pointer before the call.
    pub(crate) cfa: Option<u64>,
    /// Why there are fewer than there might be, or none.
    pub(crate) note: Option<String>,
}

/// A frame as expressions see it.
pub(crate) struct Frame<'k> {
    pub(crate) kernel: &'k Kernel,
    pub(crate) registers: &'k Registers,
}

impl Stopped for Frame<'_> {
    fn register(&self, number: u16) -> Option<u64> {
        self.registers.by_dwarf(number)
    }

    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        Memory::read(self.kernel, address, buf)
    }
}

/// What is known in each frame of a walk, in its order; as far as `upto`.
pub(crate) fn known(kernel: &Kernel, start: &Start, steps: &[Step], upto: usize) -> Vec<Known> {
    let mut all = Vec::new();
    let Some(file) = crate::arch::registers(kernel.machine()) else { return all };
    let mut registers = start.registers.or(start.kept).unwrap_or_else(|| Registers::new(file));
    let mut note = None;
    for (index, step) in steps.iter().enumerate().take(upto.saturating_add(1)) {
        if step.trust == Trust::Scan {
            let why = "the frame was found by scanning the stack: it may be left over, and so may its values be";
            note = Some(why.to_owned());
            registers = Registers::new(file);
        }
        // Where the walk is, it knows best; what it has found by scanning is no frame pointer, nor is where a record lies the
        // stack pointer on arm64.
        let by_record = kernel.machine() == Machine::Aarch64 && step.trust == Trust::FramePointer;
        let places = [
            (file.pc, Some(step.address)),
            (file.sp, step.sp.filter(|_| !by_record)),
            (file.fp, step.fp.filter(|_| step.trust != Trust::Scan)),
        ];
        for (register, value) in places {
            if let Some(value) = value.filter(|_| registers.get(register).is_none()) {
                registers.set(register, value);
            }
        }
        let (cfa, next) = follow(kernel, step, steps.get(index + 1), &mut registers);
        let cfa = match cfa {
            Ok(cfa) => cfa,
            Err(why) => {
                note = Some(why);
                None
            }
        };
        all.push(Known { registers, cfa, note: note.take() });
        registers = next.unwrap_or_else(|| {
            note = Some(NOTHING_LEADS_HERE.to_owned());
            Registers::new(file)
        });
    }
    all
}

/// A frame's canonical frame address, and the registers of its caller.
fn follow(
    kernel: &Kernel,
    step: &Step,
    next: Option<&Step>,
    registers: &mut Registers,
) -> (Result<Option<u64>, String>, Option<Registers>) {
    let file = registers.file();
    let row = kernel.row_of(step.address.wrapping_sub(step.call.into()), file.convention);
    if let (None, Some(fp), Some(row), Machine::Aarch64) = (registers.sp(), registers.fp(), &row, kernel.machine())
        && let Some((sp, _)) = row.by_saved(FRAME_POINTER, fp, file.convention.sp, kernel.layout())
    {
        // x29 points to the record of the function's own frame (AAPCS64, "The Frame Pointer").
        registers.set(file.sp, sp);
    }
    let registers = &*registers;
    let frame = Frame { kernel, registers };
    let caller = row.map(|row| row.caller(&frame, kernel.layout()));
    if let Some(exception) = &step.exception {
        // What was interrupted had the registers that were saved here.
        return (Ok(caller.and_then(|caller| Some(caller.ok()?.cfa))), Some(saved(registers, &exception.registers)));
    }
    let caller = match caller {
        Some(Ok(caller)) => caller,
        // Code without call frame information: assembly, trampolines.
        None => return (Ok(None), None),
        Some(Err(gone)) => return (Err(format!("its frame is not known: {gone}")), None),
    };
    let Some(next) = next else { return (Ok(Some(caller.cfa)), None) };
    if !agrees(kernel, &caller, next) {
        let why = format!(
            "call frame information has its caller at {}, and the stack leads to {:#x}: what counts from the frame is not shown",
            caller.address.map_or("an unknown address".to_owned(), |address| format!("{address:#x}")),
            next.address
        );
        return (Err(why), None);
    }
    (Ok(Some(caller.cfa)), Some(of_caller(kernel, &caller, registers)))
}

/// Whether call frame information finds the caller that the walk has found.
fn agrees(kernel: &Kernel, caller: &Caller, next: &Step) -> bool {
    let address = caller.address.map(|address| kernel.arch().strip(address));
    // Only the kernel's own tables tell the stack pointer for sure.
    let same_stack = next.trust != Trust::Orc || next.sp.is_none_or(|sp| sp == caller.cfa);
    address == Some(next.address) && same_stack
}

/// The registers of an instruction's caller by call frame information alone.
pub(crate) fn caller(kernel: &Kernel, at: u64, registers: &Registers) -> Option<Registers> {
    let row = kernel.row_of(at, registers.file().convention)?;
    let caller = row.caller(&Frame { kernel, registers }, kernel.layout()).ok()?;
    Some(of_caller(kernel, &caller, registers))
}

/// The registers that a caller has.
pub(crate) fn of_caller(kernel: &Kernel, caller: &Caller, callee: &Registers) -> Registers {
    let file = callee.file();
    let mut registers = Registers::new(file);
    for &(number, value) in &caller.registers {
        registers.set_dwarf(number, value);
    }
    if let Some(address) = caller.address {
        registers.set(file.pc, kernel.arch().strip(address));
    }
    registers
}

/// The registers that an exception has saved, as they are listed.
fn saved(like: &Registers, listed: &[RegisterValue]) -> Registers {
    let file = like.file();
    let mut registers = Registers::new(file);
    for RegisterValue { name, value } in listed {
        if let Some(index) = file.names.iter().position(|its| its == name) {
            registers.set(index, value.0);
        }
    }
    registers
}
