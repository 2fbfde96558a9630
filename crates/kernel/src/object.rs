//! Typed memory: a place and a type. Must never read before it is asked for a value, and never hide which member of which
//! object could not be read.

use crate::Kernel;
use crate::error::{MemoryError, ObjectError};
use crate::types::Around;
use oopscope_symbols::types::{PathError, member};
use oopscope_symbols::{Type, TypeId, Types};
use std::rc::Rc;

/// An object that is read ahead is at most this long.
const LONGEST_LOADED: u64 = 1 << 20;
/// The longest string that a member may point to.
const LONGEST_STRING: u64 = 4096;

/// An object in the kernel's memory: a place with a type. Making one reads nothing.
#[derive(Clone)]
pub struct Object<'k> {
    kernel: &'k Kernel,
    types: &'k dyn Types,
    /// The innermost type; none for `void`.
    base: Option<TypeId>,
    /// Pointers and arrays around it that the types need not have themselves, from the inside out.
    around: Vec<Around>,
    address: u64,
    /// A bit-field's first bit, counted from `address`, and its width.
    field: Option<(u64, u32)>,
    /// Memory that was read ahead: where it begins, and its bytes.
    loaded: Option<Rc<(u64, Vec<u8>)>>,
}

impl std::fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.what())
    }
}

impl Kernel {
    /// The object of a type at an address: `kernel.at("struct task_struct", address)`.
    pub fn at(&self, type_name: &str, address: u64) -> Result<Object<'_>, ObjectError> {
        let (types, named) = self.find_type(type_name)?;
        Ok(Object { kernel: self, types, base: named.base, around: named.around, address, field: None, loaded: None })
    }

    /// The object of a known type at an address; `types` are this kernel's or one of its modules'.
    pub fn at_id<'k>(&'k self, types: &'k dyn Types, id: TypeId, address: u64) -> Object<'k> {
        Object { kernel: self, types, base: Some(id), around: Vec::new(), address, field: None, loaded: None }
    }

    /// A global variable as its type. BTF has no types of global variables: they come from a table. DWARF has all.
    pub fn global(&self, symbol: &str) -> Result<Object<'_>, ObjectError> {
        let address = self.symbol(symbol).ok_or_else(|| ObjectError::NoSymbol { name: symbol.to_owned() })?;
        if let Some((types, id)) = self.types().zip(self.variable_type(symbol)) {
            return Ok(self.at_id(types, id, address));
        }
        let type_name = oopscope_symbols::globals::type_of(symbol);
        self.at(type_name.ok_or_else(|| ObjectError::UntypedSymbol { name: symbol.to_owned() })?, address)
    }
}

impl<'k> Object<'k> {
    /// Where it lies.
    pub const fn address(&self) -> u64 {
        self.address
    }

    /// The kernel.
    pub const fn kernel(&self) -> &'k Kernel {
        self.kernel
    }

    /// The types that its type is one of.
    pub const fn types(&self) -> &'k dyn Types {
        self.types
    }

    /// Its type, where it is one that the types have themselves.
    pub fn type_id(&self) -> Option<TypeId> {
        self.base.filter(|_| self.around.is_empty())
    }

    /// A bit-field's first bit, counted from [`Self::address`], and its width.
    pub const fn field(&self) -> Option<(u64, u32)> {
        self.field
    }

    /// Its type as C spells it.
    pub fn type_name(&self) -> String {
        let mut declarator = String::new();
        for around in self.around.iter().rev() {
            match around {
                Around::Pointer => declarator.insert(0, '*'),
                Around::Array(0) => declarator.push_str("[]"),
                Around::Array(count) => declarator = format!("{declarator}[{count}]"),
            }
        }
        match self.base {
            Some(id) => self.types.declare(id, &declarator),
            None => format!("void {declarator}").trim_end().to_owned(),
        }
    }

    /// What it is, for messages.
    fn what(&self) -> String {
        format!("{} at {:#x}", self.type_name(), self.address)
    }

    /// Its size in bytes.
    pub fn size(&self) -> Result<u64, ObjectError> {
        let mut size = None;
        for around in &self.around {
            size = match around {
                Around::Pointer => Some(u64::from(self.kernel.layout().pointer)),
                Around::Array(count) => match size.map_or_else(|| self.base_size(), Ok)?.checked_mul(*count) {
                    Some(size) => Some(size),
                    None => return Err(self.damaged("an array is larger than the address space".to_owned())),
                },
            };
        }
        size.map_or_else(|| self.base_size(), Ok)
    }

    fn base_size(&self) -> Result<u64, ObjectError> {
        let id = self.base.ok_or_else(|| self.kind("object with a size"))?;
        self.types.size_of(id).map_err(|error| self.damaged(error.to_string()))
    }

    fn damaged(&self, why: String) -> ObjectError {
        ObjectError::Types { name: self.type_name(), why }
    }

    fn kind(&self, wanted: &'static str) -> ObjectError {
        ObjectError::Kind { what: format!("{:#x}", self.address), type_name: self.type_name(), wanted }
    }

    /// Its type without typedefs and qualifiers.
    fn plain(&self) -> Result<(TypeId, Type<'k>), ObjectError> {
        let id = self.base.filter(|_| self.around.is_empty()).ok_or_else(|| self.kind("plain type"))?;
        let plain = self.types.plain(id).map_err(|error| self.damaged(error.to_string()))?;
        let found = self.types.get(plain).map_err(|error| self.damaged(error.to_string()))?;
        Ok((plain, found))
    }

    /// What it is, without typedefs and qualifiers; none for pointers and arrays that only its name made.
    pub fn shape(&self) -> Option<Type<'k>> {
        self.plain().ok().map(|(_, found)| found)
    }

    /// A member, through nested ones: `member("mm")`, `member("se.vruntime")`, `member("mem[1].base")`.
    pub fn member(&self, path: &str) -> Result<Self, ObjectError> {
        let missing = || ObjectError::NoMember { type_name: self.type_name(), member: path.to_owned() };
        let id = self.base.filter(|_| self.around.is_empty()).ok_or_else(missing)?;
        let place = member(self.types, id, path).map_err(|error| match error {
            PathError::NoMember { .. } | PathError::NoElement { .. } => missing(),
            PathError::Type(error) => self.damaged(error.to_string()),
        })?;
        let (address, field) = match place.bits {
            Some(bits) => (self.address.wrapping_add(place.offset_bits / 8), Some((place.offset_bits % 8, bits))),
            None => (self.address.wrapping_add(place.offset()), None),
        };
        Ok(Self { base: Some(place.type_id), around: Vec::new(), address, field, ..self.clone() })
    }

    /// Whether it has a member.
    pub fn has(&self, path: &str) -> bool {
        self.type_id().is_some_and(|id| member(self.types, id, path).is_ok())
    }

    /// An element of an array.
    pub fn element(&self, number: u64) -> Result<Self, ObjectError> {
        let mut element = self.clone();
        element.field = None;
        match element.around.pop() {
            Some(Around::Array(_)) => {}
            Some(Around::Pointer) => return Err(self.kind("array")),
            None => match self.plain()?.1 {
                Type::Array { element: of, .. } => element.base = Some(of),
                _ => return Err(self.kind("array")),
            },
        }
        let offset = element.size()?.checked_mul(number);
        let address = offset.and_then(|offset| self.address.checked_add(offset));
        element.address =
            address.ok_or_else(|| self.memory(MemoryError::Wraps { address: self.address, length: number }))?;
        Ok(element)
    }

    /// How many elements an array has, as its type says; none for what is no array.
    pub fn count(&self) -> Option<u64> {
        match self.around.last() {
            Some(Around::Array(count)) => Some(*count),
            Some(Around::Pointer) => None,
            None => match self.plain().ok()?.1 {
                Type::Array { count, .. } => Some(count),
                _ => None,
            },
        }
    }

    /// What a pointer points to.
    pub fn deref(&self) -> Result<Self, ObjectError> {
        let mut target = self.clone();
        match target.around.pop() {
            Some(Around::Pointer) => {}
            Some(Around::Array(_)) => return Err(self.kind("pointer")),
            None => match self.plain()?.1 {
                Type::Pointer(to) => target.base = Some(to).filter(|&to| to != TypeId::VOID),
                _ => return Err(self.kind("pointer")),
            },
        }
        target.address = self.u64()?;
        target.field = None;
        target.loaded = None;
        if target.address == 0 {
            return Err(ObjectError::Null { what: self.what() });
        }
        Ok(target)
    }

    /// The same with all its memory read at once: its members' values then cost no more reads. What is longer than a
    /// megabyte is not read ahead.
    pub fn load(&self) -> Result<Self, ObjectError> {
        let size = self.size()?;
        if size > LONGEST_LOADED {
            return Ok(self.clone());
        }
        let bytes = self.bytes(size)?;
        Ok(Self { loaded: Some(Rc::new((self.address, bytes))), ..self.clone() })
    }

    /// The same place as another type of this kernel.
    pub fn cast(&self, type_name: &str) -> Result<Self, ObjectError> {
        let mut object = self.kernel.at(type_name, self.address)?;
        object.loaded.clone_from(&self.loaded);
        Ok(object)
    }

    /// Bytes from its beginning on, however long it is.
    pub fn bytes(&self, length: u64) -> Result<Vec<u8>, ObjectError> {
        let length = usize::try_from(length.min(LONGEST_LOADED)).unwrap_or(0);
        let mut bytes = vec![0; length];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&self, buf: &mut [u8]) -> Result<(), ObjectError> {
        let ahead = self.loaded.as_deref().and_then(|(start, bytes)| {
            let begin = usize::try_from(self.address.checked_sub(*start)?).ok()?;
            bytes.get(begin..begin.checked_add(buf.len())?)
        });
        match ahead {
            Some(bytes) => buf.copy_from_slice(bytes),
            None => self.kernel.read(self.address, buf).map_err(|error| self.memory(error))?,
        }
        Ok(())
    }

    fn memory(&self, error: MemoryError) -> ObjectError {
        ObjectError::Memory { what: self.what(), error }
    }

    /// Its bits as they are: of whatever is at most eight bytes long (numbers, pointers, small structures such as
    /// `atomic_t`). A bit-field's bits alone.
    pub fn u64(&self) -> Result<u64, ObjectError> {
        Ok(self.raw()?.0)
    }

    /// The bits, and how many they are.
    fn raw(&self) -> Result<(u64, u32), ObjectError> {
        if let Some((first, width)) = self.field {
            return Ok((self.bit_field(first, width)?, width));
        }
        let size = self.size()?;
        if !(1..=8).contains(&size) {
            return Err(self.kind("number"));
        }
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..usize::try_from(size).unwrap_or(8)];
        self.fill(bytes)?;
        let value = if self.kernel.layout().little_endian {
            bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
        } else {
            bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
        };
        Ok((value, u32::try_from(size * 8).unwrap_or(64)))
    }

    fn bit_field(&self, first: u64, width: u32) -> Result<u64, ObjectError> {
        let end = first + u64::from(width);
        if width == 0 || width > 64 || end > 72 {
            return Err(self.kind("number"));
        }
        let mut bytes = [0; 9];
        let bytes = &mut bytes[..usize::try_from(end.div_ceil(8)).unwrap_or(9)];
        self.fill(bytes)?;
        let mask = u128::from(u64::MAX >> (64 - width));
        // On big-endian machines bits are counted from the most significant one.
        let value = if self.kernel.layout().little_endian {
            bytes.iter().rev().fold(0_u128, |value, &byte| value << 8 | u128::from(byte)) >> first
        } else {
            let value = bytes.iter().fold(0_u128, |value, &byte| value << 8 | u128::from(byte));
            value >> (bytes.len() as u64 * 8 - end)
        };
        Ok(u64::try_from(value & mask).unwrap_or(0))
    }

    /// Its value with its sign, where its type has one; else as [`Self::u64`].
    pub fn i64(&self) -> Result<i64, ObjectError> {
        let (value, bits) = self.raw()?;
        let signed = self.plain().is_ok_and(|(_, found)| {
            matches!(found, Type::Int { signed: true, .. } | Type::Enum { signed: true, .. } | Type::Struct { .. })
        });
        let unused = 64 - bits.min(64);
        Ok(if signed { (value << unused).cast_signed() >> unused } else { value.cast_signed() })
    }

    /// Whether it is other than zero.
    pub fn bool(&self) -> Result<bool, ObjectError> {
        self.u64().map(|value| value != 0)
    }

    /// A pointer's value.
    pub fn pointer(&self) -> Result<u64, ObjectError> {
        let is_pointer = match self.around.last() {
            Some(around) => *around == Around::Pointer,
            None => matches!(self.plain()?.1, Type::Pointer(_)),
        };
        if is_pointer { self.u64() } else { Err(self.kind("pointer")) }
    }

    /// The text of an array of characters, up to its NUL or its end, or that a pointer to characters points to (of at
    /// most a page). What is no UTF-8 is replaced.
    pub fn string(&self) -> Result<String, ObjectError> {
        if let Some(count) = self.count() {
            let bytes = self.bytes(count)?;
            let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
            return Ok(String::from_utf8_lossy(&bytes[..end]).into_owned());
        }
        let address = self.pointer()?;
        if address == 0 {
            return Err(ObjectError::Null { what: self.what() });
        }
        self.kernel.string(address, LONGEST_STRING).map_err(|error| self.memory(error))
    }

    /// The name that an enumeration has for its value, where there is one.
    pub fn enum_name(&self) -> Result<Option<String>, ObjectError> {
        let (id, found) = self.plain()?;
        if !matches!(found, Type::Enum { .. }) {
            return Err(self.kind("enumeration"));
        }
        let value = i128::from(self.i64()?);
        let constants = self.types.constants(id).map_err(|error| self.damaged(error.to_string()))?;
        Ok(constants.iter().find(|constant| constant.value == value).map(|constant| constant.name.to_owned()))
    }
}
