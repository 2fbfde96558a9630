//! From an expression to a value. Must never take a variable for another type than it is known to be.

use super::parse::parse_type;
use super::{Ctype, Expression};
use crate::{Refusal, values};
use oopscope_kernel::Kernel;
use oopscope_report::vmcore::{Value, ValueKind};
use oopscope_symbols::globals;
use oopscope_symbols::types::{self, Type, TypeId, Types};

/// What a part of an expression is.
#[derive(Clone, Copy, Debug)]
enum Operand {
    /// Something in memory.
    Place { ctype: Ctype, address: u64 },
    /// A bit-field, or another member that is known by its place in a structure.
    Field { place: types::Place, address: u64 },
    /// A pointer or a number that was worked out.
    Number { ctype: Option<Ctype>, value: i128 },
    /// A variable or function of which the type is not known: its address can be taken.
    Untyped { address: u64 },
}

struct Evaluator<'a> {
    kernel: &'a Kernel,
    types: &'a dyn Types,
    cpu: Option<u32>,
}

/// The value of an expression; `cpu` says whose where a variable is per CPU.
pub(crate) fn evaluate(
    kernel: &Kernel,
    types: &dyn Types,
    expression: &Expression,
    cpu: Option<u32>,
) -> Result<Value, Refusal> {
    let evaluator = Evaluator { kernel, types, cpu };
    match evaluator.operand(expression)? {
        Operand::Place { ctype: Ctype { base, pointers: 0 }, address } => Ok(values::of(kernel, types, base, address)),
        Operand::Place { ctype, address } => {
            let name = evaluator.spelled(ctype);
            let character = ctype.pointers == 1 && values::is_character(types, ctype.base);
            Ok(values::pointer_to(kernel, types, &name, character, address))
        }
        Operand::Field { place, address } => Ok(values::at(kernel, types, place, address)),
        Operand::Number { ctype: Some(ctype), value } if ctype.pointers > 0 => {
            let character = ctype.pointers == 1 && values::is_character(types, ctype.base);
            let kind = values::pointer(kernel, types, low(value), character);
            Ok(Value { type_name: evaluator.spelled(ctype), address: None, kind })
        }
        Operand::Number { ctype, value } => {
            let type_name = ctype.map_or("long int".to_owned(), |ctype| evaluator.spelled(ctype));
            Ok(Value { type_name, address: None, kind: evaluator.whole(ctype, value)? })
        }
        Operand::Untyped { address } => Err(untyped(address)),
    }
}

fn untyped(address: u64) -> Refusal {
    Refusal(format!(
        "the type of what lies at {address:#x} is not known (BTF has none for variables): write it, as in \
         p *(struct foo *){address:#x}, or read it with rd {address:#x}"
    ))
}

impl Evaluator<'_> {
    fn operand(&self, expression: &Expression) -> Result<Operand, Refusal> {
        Ok(match expression {
            Expression::Number(value) => Operand::Number { ctype: None, value: *value },
            Expression::Name(name) => self.name(name)?,
            Expression::Member(inner, name, through) => self.member(self.operand(inner)?, name, *through)?,
            Expression::Element(inner, index) => {
                let index = self.number(self.operand(index)?)?;
                self.element(self.operand(inner)?, index)?
            }
            Expression::AddressOf(inner) => address_of(self.operand(inner)?)?,
            Expression::Behind(inner) => self.element(self.operand(inner)?, 0)?,
            Expression::Negative(inner) => Operand::Number { ctype: None, value: -self.number(self.operand(inner)?)? },
            Expression::Cast(ctype, inner) => self.cast(*ctype, self.operand(inner)?)?,
            Expression::SizeOf(ctype) => Operand::Number { ctype: None, value: self.size(*ctype)?.into() },
            Expression::Sum(left, right, minus) => {
                let (left, right) = (self.operand(left)?, self.operand(right)?);
                self.sum(left, right, *minus)?
            }
        })
    }

    fn name(&self, name: &str) -> Result<Operand, Refusal> {
        if self.kernel.is_per_cpu(name) {
            let cpu = self.cpu.ok_or_else(|| {
                Refusal(format!("{name} is a variable of each CPU: write {name}:0 for CPU 0, {name}:a for all"))
            })?;
            let address = self.kernel.per_cpu(name, cpu)?;
            return Ok(self.variable(name, address));
        }
        let Some(address) = self.kernel.symbol(name) else {
            let constant = self.types.find_constant(name);
            let value = constant.ok_or_else(|| Refusal(format!("no symbol and no constant is called {name}")))?;
            return Ok(Operand::Number { ctype: None, value });
        };
        if self.cpu.is_some() {
            return Err(Refusal(format!("{name} is no variable of each CPU: leave out what is behind the colon")));
        }
        Ok(self.variable(name, address))
    }

    /// A variable at its address, with its type where that is known.
    fn variable(&self, name: &str, address: u64) -> Operand {
        match (self.kernel.variable_type(name), globals::type_of(name)) {
            (Some(base), _) => Operand::Place { ctype: Ctype { base, pointers: 0 }, address },
            (None, Some(spelled)) => self.global(spelled, address),
            (None, None) => match self.kernel.spelled_type(name) {
                Some(spelled) => self.global(&spelled, address),
                None => Operand::Untyped { address },
            },
        }
    }

    /// A well-known variable by its type's spelling, which may be an array of known length: `struct foo [4]`.
    fn global(&self, spelled: &str, address: u64) -> Operand {
        match parse_type(self.types, spelled) {
            Ok(ctype) => Operand::Place { ctype, address },
            // This kernel does not have the type, or it is one that can't be written.
            Err(_) => Operand::Untyped { address },
        }
    }

    fn member(&self, inner: Operand, name: &str, through: bool) -> Result<Operand, Refusal> {
        let inner = if through { self.element(inner, 0)? } else { inner };
        let (base, address) = match inner {
            Operand::Place { ctype: Ctype { base, pointers: 0 }, address } => (base, address),
            Operand::Field { place: types::Place { type_id, offset_bits, bits: None }, address } => {
                (type_id, address.wrapping_add(offset_bits / 8))
            }
            Operand::Untyped { address } => return Err(untyped(address)),
            // As crash and drgn have it: a pointer's members can be asked for with a dot too.
            pointer @ (Operand::Place { .. } | Operand::Number { ctype: Some(_), .. }) if !through => {
                return self.member(pointer, name, true);
            }
            _ => return Err(Refusal(format!("what stands before {name} is no structure"))),
        };
        let pointer = self.pointer_target(base)?;
        if let (Some(target), false) = (pointer, through) {
            let behind = self.read_pointer(address)?;
            return self.field(target, name, behind);
        }
        self.field(base, name, address)
    }

    fn field(&self, base: TypeId, name: &str, address: u64) -> Result<Operand, Refusal> {
        let place = values::place(self.types, base, name)?;
        Ok(Operand::Field { place, address })
    }

    /// What a pointer type of the dump points to.
    fn pointer_target(&self, id: TypeId) -> Result<Option<TypeId>, Refusal> {
        Ok(match self.types.get(self.types.plain(id)?)? {
            Type::Pointer(target) => Some(target),
            _ => None,
        })
    }

    fn element(&self, inner: Operand, index: i128) -> Result<Operand, Refusal> {
        let (ctype, start) = match inner {
            Operand::Number { ctype: Some(ctype), value } if ctype.pointers > 0 => {
                (Ctype { pointers: ctype.pointers - 1, ..ctype }, low(value))
            }
            Operand::Place { ctype, address } if ctype.pointers > 0 => {
                (Ctype { pointers: ctype.pointers - 1, ..ctype }, self.read_pointer(address)?)
            }
            Operand::Place { ctype: Ctype { base, .. }, address } => self.elements(base, address)?,
            Operand::Field { place, address } if place.bits.is_none() => {
                self.elements(place.type_id, address.wrapping_add(place.offset()))?
            }
            Operand::Untyped { address } => return Err(untyped(address)),
            _ => return Err(Refusal("only pointers and arrays have something behind them".to_owned())),
        };
        let size = i128::from(self.size(ctype)?);
        let address = low(i128::from(start).wrapping_add(index.wrapping_mul(size)));
        Ok(Operand::Place { ctype, address })
    }

    /// Where the elements of a value in memory begin: in itself for an array, behind it for a pointer.
    fn elements(&self, id: TypeId, address: u64) -> Result<(Ctype, u64), Refusal> {
        match self.types.get(self.types.plain(id)?)? {
            Type::Array { element, .. } => Ok((Ctype { base: element, pointers: 0 }, address)),
            Type::Pointer(target) => Ok((Ctype { base: target, pointers: 0 }, self.read_pointer(address)?)),
            _ => Err(Refusal(format!("{} is neither a pointer nor an array", self.types.name_of(id)))),
        }
    }

    fn cast(&self, ctype: Ctype, inner: Operand) -> Result<Operand, Refusal> {
        if let (0, Type::Struct { .. }) = (ctype.pointers, self.types.get(self.types.plain(ctype.base)?)?) {
            return Err(Refusal(
                "C has no cast to a structure: cast a pointer, as in *(struct foo *)address".to_owned(),
            ));
        }
        let value = match inner {
            // An array stands for its address, as in C; so does a function.
            Operand::Place { ctype: Ctype { base, pointers: 0 }, address }
                if matches!(self.types.get(self.types.plain(base)?)?, Type::Array { .. }) =>
            {
                address.into()
            }
            Operand::Untyped { address } => address.into(),
            other => self.number(other)?,
        };
        Ok(Operand::Number { ctype: Some(ctype), value })
    }

    fn sum(&self, left: Operand, right: Operand, minus: bool) -> Result<Operand, Refusal> {
        let right = self.number(right)?;
        let right = if minus { -right } else { right };
        let (ctype, scale) = match left {
            Operand::Number { ctype: Some(ctype), .. } | Operand::Place { ctype, .. } if ctype.pointers > 0 => {
                let target = Ctype { pointers: ctype.pointers - 1, ..ctype };
                // gcc counts bytes behind a pointer to void.
                let void = target.pointers == 0 && target.base == TypeId::VOID;
                (Some(ctype), if void { 1 } else { i128::from(self.size(target)?) })
            }
            Operand::Number { ctype, .. } => (ctype, 1),
            _ => (None, 1),
        };
        let left = self.number(left)?;
        Ok(Operand::Number { ctype, value: left.wrapping_add(right.wrapping_mul(scale)) })
    }

    /// An operand as a number: a pointer's value, a whole number, a constant.
    fn number(&self, operand: Operand) -> Result<i128, Refusal> {
        let value = match operand {
            Operand::Number { value, .. } => return Ok(value),
            Operand::Untyped { address } => return Err(untyped(address)),
            Operand::Place { ctype, address } if ctype.pointers > 0 => return Ok(self.read_pointer(address)?.into()),
            Operand::Place { ctype, address } => values::of(self.kernel, self.types, ctype.base, address),
            Operand::Field { place, address } => values::at(self.kernel, self.types, place, address),
        };
        match value.kind {
            ValueKind::Integer { value, .. } | ValueKind::Enum { value, .. } => {
                value.parse().map_err(|_| Refusal(format!("{value} is no number")))
            }
            ValueKind::Pointer { value, .. } => Ok(value.0.into()),
            ValueKind::Bool { value } => Ok(value.into()),
            ValueKind::Unread { why } => Err(Refusal(why)),
            _ => Err(Refusal(format!("{} is no number", value.type_name))),
        }
    }

    /// A number as a value of a type.
    fn whole(&self, ctype: Option<Ctype>, value: i128) -> Result<ValueKind, Refusal> {
        let Some(Ctype { base, .. }) = ctype else {
            return Ok(ValueKind::Integer { value: value.to_string(), bits: 64, character: None });
        };
        Ok(match self.types.get(self.types.plain(base)?)? {
            Type::Int { size, signed, boolean: false, name, .. } => {
                let bits = u32::try_from(size.saturating_mul(8)).unwrap_or(64).min(64);
                let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
                values::integer(low(value) & mask, bits, signed, size == 1 && name.contains("char"))
            }
            Type::Int { .. } => ValueKind::Bool { value: value != 0 },
            Type::Enum { .. } => {
                let constants = self.types.constants(self.types.plain(base)?)?;
                let name = constants.iter().find(|constant| constant.value == value);
                ValueKind::Enum { value: value.to_string(), name: name.map(|constant| constant.name.to_owned()) }
            }
            Type::Pointer(target) => {
                let character = values::is_character(self.types, target);
                values::pointer(self.kernel, self.types, low(value), character)
            }
            _ => ValueKind::Integer { value: value.to_string(), bits: 64, character: None },
        })
    }

    fn read_pointer(&self, address: u64) -> Result<u64, Refusal> {
        Ok(self.kernel.pointer(address)?)
    }

    fn size(&self, ctype: Ctype) -> Result<u64, Refusal> {
        if ctype.pointers > 0 {
            return Ok(self.types.pointer_size());
        }
        Ok(self.types.size_of(ctype.base)?)
    }

    fn spelled(&self, ctype: Ctype) -> String {
        let stars = "*".repeat(ctype.pointers.into());
        self.types.declare(ctype.base, &stars).trim_end().to_owned()
    }
}

/// `&`.
fn address_of(inner: Operand) -> Result<Operand, Refusal> {
    match inner {
        Operand::Place { ctype, address } => {
            let pointers = ctype.pointers.saturating_add(1);
            Ok(Operand::Number { ctype: Some(Ctype { pointers, ..ctype }), value: address.into() })
        }
        Operand::Field { place, address } if place.bits.is_none() => {
            let ctype = Ctype { base: place.type_id, pointers: 1 };
            Ok(Operand::Number { ctype: Some(ctype), value: address.wrapping_add(place.offset()).into() })
        }
        Operand::Field { .. } => Err(Refusal("a bit-field has no address".to_owned())),
        Operand::Untyped { address } => {
            Ok(Operand::Number { ctype: Some(Ctype { base: TypeId::VOID, pointers: 1 }), value: address.into() })
        }
        Operand::Number { .. } => Err(Refusal("a number has no address".to_owned())),
    }
}

/// The low 64 bits.
fn low(value: i128) -> u64 {
    u64::try_from(value & i128::from(u64::MAX)).unwrap_or(0)
}
