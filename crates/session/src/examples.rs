//! The built-in logs: crashes of real kernels, out of the project's own fixtures.
//!
//! Carried inside the engine so that opening one makes no request. This module must never hold more than a few: every
//! byte here is downloaded by everyone.

use oopscope_protocol::Example;

struct BuiltIn {
    name: &'static str,
    title: &'static str,
    log: &'static [u8],
}

const BUILT_IN: &[BuiltIn] = &[];

/// What there is to look at.
pub(crate) fn list() -> Vec<Example> {
    BUILT_IN.iter().map(|example| Example { name: example.name.into(), title: example.title.into() }).collect()
}

/// The log of the example with that name.
pub(crate) fn log(name: &str) -> Option<&'static [u8]> {
    BUILT_IN.iter().find(|example| example.name == name).map(|example| example.log)
}
