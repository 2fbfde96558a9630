//! BTF.
use crate::Layout;
use crate::types::{Constant, Kind, Member, Parameter, Type, TypeError, TypeId, Types};
use std::rc::Rc;

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BtfError {
    /// No magic.
    #[error("it does not begin with BTF's magic")]
    Magic,
}

/// Types.
#[derive(Debug)]
pub struct Btf {}

impl Btf {
    /// Reads.
    pub fn parse(_bytes: Vec<u8>, _layout: Layout, _base: Option<Rc<Btf>>) -> Result<Self, BtfError> {
        Err(BtfError::Magic)
    }
    /// The type of a per-CPU variable.
    pub fn variable(&self, _name: &str) -> Option<TypeId> {
        None
    }
}

impl Types for Btf {
    fn find_all(&self, _: Kind, _: &str) -> Vec<TypeId> {
        Vec::new()
    }
    fn get(&self, id: TypeId) -> Result<Type<'_>, TypeError> {
        Err(TypeError::Missing(id.0))
    }
    fn members(&self, id: TypeId) -> Result<Vec<Member<'_>>, TypeError> {
        Err(TypeError::Missing(id.0))
    }
    fn constants(&self, id: TypeId) -> Result<Vec<Constant<'_>>, TypeError> {
        Err(TypeError::Missing(id.0))
    }
    fn parameters(&self, id: TypeId) -> Result<Vec<Parameter<'_>>, TypeError> {
        Err(TypeError::Missing(id.0))
    }
    fn find_constant(&self, _: &str) -> Option<i128> {
        None
    }
    fn prefix(&self, _: Kind, _: &str, _: usize) -> Vec<String> {
        Vec::new()
    }
    fn pointer_size(&self) -> u64 {
        8
    }
    fn name_of(&self, id: TypeId) -> String {
        crate::types::declaration(self, id, "")
    }
    fn declare(&self, id: TypeId, name: &str) -> String {
        crate::types::declaration(self, id, name)
    }
}
