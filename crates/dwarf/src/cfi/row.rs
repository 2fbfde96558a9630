//! What call frame information says of one instruction, and what follows from it for the caller's registers. Must never
//! give a caller a register that its callee may have changed.

use crate::expression::{self, Inputs};
use crate::machine::{Convention, Machine};
use gimli::{CfaRule, EndianSlice, RegisterRule, RunTimeEndian, UnwindSection};
use oopscope_symbols::Layout;

/// The most registers of one row.
const MOST: usize = 256;

/// From what the CFA is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// A register and an offset.
    Register(u16, i64),
    /// An expression.
    Expression(Vec<u8>),
}

/// Where the caller's value of a register is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Nowhere.
    Undefined,
    /// In the register still.
    Same,
    /// In memory, so far from the CFA.
    At(i64),
    /// It is the CFA with an offset.
    Is(i64),
    /// In another register.
    Register(u16),
    /// In memory where the expression says.
    Expression(Vec<u8>),
    /// It is what the expression gives.
    Value(Vec<u8>),
    /// It is this.
    Constant(u64),
}

/// What is said of an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    cfa: Base,
    rules: Vec<(u16, Rule)>,
    /// The register in which the return address would be.
    back: u16,
    signal: bool,
}

/// A frame's caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The canonical frame address of the frame: the caller's stack pointer before the call.
    pub cfa: u64,
    /// The return address, as it was saved; none where there is none: the first function of a stack.
    pub address: Option<u64>,
    /// The caller's registers that are known, by DWARF's numbers, ascending.
    pub registers: Vec<(u16, u64)>,
    /// True where the "caller" was interrupted: its address is no return address.
    pub signal: bool,
}

impl Caller {
    /// A register's value.
    pub fn register(&self, number: u16) -> Option<u64> {
        let found = self.registers.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(self.registers[found].1)
    }
}

impl Row {
    /// Takes over what gimli has found.
    pub(super) fn of<'b, S>(
        section: &S,
        entry: &gimli::FrameDescriptionEntry<EndianSlice<'b, RunTimeEndian>>,
        row: &gimli::UnwindTableRow<usize>,
        convention: &Convention,
    ) -> Option<Self>
    where
        S: UnwindSection<EndianSlice<'b, RunTimeEndian>>,
    {
        let bytes = |expression: &gimli::UnwindExpression<usize>| {
            expression.get(section).ok().map(|expression| expression.0.slice().to_vec())
        };
        let cfa = match row.cfa() {
            CfaRule::RegisterAndOffset { register, offset } => Base::Register(register.0, *offset),
            CfaRule::Expression(expression) => Base::Expression(bytes(expression)?),
        };
        let mut rules = Vec::new();
        for (register, rule) in row.registers().take(MOST) {
            let rule = match rule {
                RegisterRule::SameValue => Rule::Same,
                RegisterRule::Offset(offset) => Rule::At(*offset),
                RegisterRule::ValOffset(offset) => Rule::Is(*offset),
                RegisterRule::Register(other) => Rule::Register(other.0),
                RegisterRule::Expression(expression) => Rule::Expression(bytes(expression)?),
                RegisterRule::ValExpression(expression) => Rule::Value(bytes(expression)?),
                RegisterRule::Constant(value) => Rule::Constant(*value),
                // The latter is what only an extension could explain.
                RegisterRule::Undefined | RegisterRule::Architectural => Rule::Undefined,
            };
            rules.push((register.0, rule));
        }
        let named = |number: u16| rules.iter().any(|(register, _)| *register == number);
        // What the ABI says is left as it is need not be said (DWARF 5, section 6.4.4).
        let saved: Vec<u16> = convention.saved.iter().copied().filter(|&number| !named(number)).collect();
        if !named(convention.sp) {
            rules.push((convention.sp, Rule::Is(0)));
        }
        rules.extend(saved.into_iter().map(|number| (number, Rule::Same)));
        rules.sort_by_key(|(register, _)| *register);
        let back = entry.cie().return_address_register().0;
        Some(Self { cfa, rules, back, signal: entry.is_signal_trampoline() })
    }

    /// The canonical frame address of a frame.
    pub fn cfa(&self, machine: &dyn Machine, layout: Layout) -> Result<u64, expression::Gone> {
        match &self.cfa {
            Base::Register(number, offset) => {
                let register = machine.register(*number);
                let register = register.ok_or(expression::Gone::Register { number: *number })?;
                Ok(layout.wrap(register.wrapping_add_signed(*offset)))
            }
            Base::Expression(bytes) => expression::address(bytes, &Inputs::of_frame(machine, layout), None),
        }
    }

    /// The stack pointer and the CFA of a frame in which the caller's value of a register is known to lie at an address: the
    /// frame pointer's, where it points to its own record. None where the row puts that register or the CFA elsewhere.
    pub fn by_saved(&self, saved: u16, at: u64, sp: u16, layout: Layout) -> Option<(u64, u64)> {
        let (_, rule) = self.rules.iter().find(|(register, _)| *register == saved)?;
        let (Rule::At(offset), Base::Register(base, above)) = (rule, &self.cfa) else { return None };
        let cfa = layout.wrap(at.wrapping_sub(offset.cast_unsigned()));
        (*base == sp).then(|| (layout.wrap(cfa.wrapping_sub(above.cast_unsigned())), cfa))
    }

    /// The caller of a frame. What can't be read is a register less; only the CFA must be known.
    pub fn caller(&self, machine: &dyn Machine, layout: Layout) -> Result<Caller, expression::Gone> {
        let cfa = self.cfa(machine, layout)?;
        let word = |address: u64| {
            let mut bytes = [0; 8];
            let bytes = &mut bytes[..usize::from(layout.pointer.clamp(4, 8))];
            machine.read(layout.wrap(address), bytes).ok().map(|()| layout.long(bytes))
        };
        let evaluate = |bytes: &[u8]| expression::address(bytes, &Inputs::of_frame(machine, layout), Some(cfa)).ok();
        let value = |number: u16, rule: &Rule| match rule {
            Rule::Undefined => None,
            Rule::Same => machine.register(number),
            Rule::At(offset) => word(cfa.wrapping_add_signed(*offset)),
            Rule::Is(offset) => Some(layout.wrap(cfa.wrapping_add_signed(*offset))),
            Rule::Register(other) => machine.register(*other),
            Rule::Expression(bytes) => word(evaluate(bytes)?),
            Rule::Value(bytes) => evaluate(bytes),
            Rule::Constant(value) => Some(*value),
        };
        let registers: Vec<(u16, u64)> =
            self.rules.iter().filter_map(|(number, rule)| Some((*number, value(*number, rule)?))).collect();
        let mut caller = Caller { cfa, address: None, registers, signal: self.signal };
        caller.address = caller.register(self.back);
        Ok(caller)
    }
}
