//! Modules as `mod` shows them. Must never hold their symbols.

use crate::Kernel;
use oopscope_report::vmcore::{Module, Unread};

/// The modules, that loaded last first, and what could not be read.
pub fn modules(_kernel: &Kernel) -> (Vec<Module>, Vec<Unread>) {
    (Vec::new(), vec![Unread { what: "modules".to_owned(), why: "they are not read yet".to_owned() }])
}
