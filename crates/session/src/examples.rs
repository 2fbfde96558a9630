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

/// An example from `tests/fixtures/guests`.
macro_rules! guest {
    ($name:literal, $fixture:literal, $title:literal) => {
        BuiltIn {
            name: $name,
            title: $title,
            log: include_bytes!(concat!("../../../tests/fixtures/guests/", $fixture, ".log")),
        }
    };
}

/// From the most telling on.
const BUILT_IN: &[BuiltIn] = &[
    guest!(
        "hard-interrupt",
        "6.12/irq_null_write",
        "A NULL pointer write in a hard interrupt: the task on the report is the victim"
    ),
    guest!("two-oopses", "6.1/two_oopses", "Two Oopses in a row: the first deserves the attention"),
    guest!("warning-first", "6.1/warn_then_null", "A warning, and an Oops after it"),
    guest!("list-poison", "7/list_poison", "A general protection fault on LIST_POISON1: used after list_del()"),
    guest!("freed-slab", "6.1/slab_poison", "A pointer read out of freed slab memory (0x6b…)"),
    guest!("stack-overflow", "6.12/stack_overflow", "A kernel stack overflow by recursion"),
    guest!("arm64", "6.12-arm64/null_write", "A NULL pointer write on arm64, with its ESR decoded"),
];

/// What there is to look at.
pub(crate) fn list() -> Vec<Example> {
    BUILT_IN.iter().map(|example| Example { name: example.name.into(), title: example.title.into() }).collect()
}

/// The log of the example with that name.
pub(crate) fn log(name: &str) -> Option<&'static [u8]> {
    BUILT_IN.iter().find(|example| example.name == name).map(|example| example.log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn examples_are_small_and_each_has_a_report() {
        let total: usize = BUILT_IN.iter().map(|example| example.log.len()).sum();
        assert!(total <= 250_000, "{total} bytes are downloaded by everyone");
        let names: BTreeSet<_> = BUILT_IN.iter().map(|example| example.name).collect();
        assert_eq!(names.len(), BUILT_IN.len());
        for example in BUILT_IN {
            assert!(!oopscope_klog::parse(example.log).0.is_empty(), "{} has no report", example.name);
        }
    }
}
