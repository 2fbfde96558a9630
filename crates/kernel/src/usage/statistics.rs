//! The kernel's counters of pages (`/proc/vmstat`). Must never take a counter out of the array of another enumeration: the
//! same name has been in both.

use crate::fields::{number, words};
use crate::{Kernel, ObjectError};
use oopscope_symbols::types::Kind;

/// Arrays with the enumerations of their indices. 4.8 divided `vm_stat` into zones' and nodes' (commit "mm, vmstat: add
/// infrastructure for per-node vmstats"); 4.13 moved the counters of slabs from the one to the other.
const ARRAYS: [(&str, &str); 3] =
    [("vm_node_stat", "node_stat_item"), ("vm_zone_stat", "zone_stat_item"), ("vm_stat", "zone_stat_item")];

/// Where each counter is.
pub(super) struct Statistics {
    arrays: Vec<Array>,
}

struct Array {
    symbol: &'static str,
    address: u64,
    /// Names and indices.
    counters: Vec<(String, u64)>,
}

impl Statistics {
    pub(super) fn of(kernel: &Kernel) -> Self {
        let array = |(symbol, enumeration): (&'static str, &str)| {
            let address = kernel.symbol(symbol)?;
            let types = kernel.types()?;
            let constants = types.constants(types.find(Kind::Enum, enumeration)?).ok()?;
            let index = |value: i128| u64::try_from(value).ok().filter(|index| *index < 1024);
            let names =
                constants.iter().filter_map(|constant| Some((constant.name.to_owned(), index(constant.value)?)));
            Some(Array { symbol, address, counters: names.collect() })
        };
        Self { arrays: ARRAYS.into_iter().filter_map(array).collect() }
    }

    /// The sum of counters, and where they were read.
    pub(super) fn sum(&self, kernel: &Kernel, names: &[&str]) -> Result<(u64, String), ObjectError> {
        let mut sum = 0_u64;
        let mut from = Vec::new();
        for name in names {
            let found = self.arrays.iter().find_map(|array| {
                let (_, index) = array.counters.iter().find(|(counter, _)| counter == name)?;
                Some((array.symbol, array.address, *index))
            });
            let Some((symbol, address, index)) = found else {
                return Err(if kernel.types().is_none() {
                    ObjectError::NoTypes { wanted: (*name).to_owned() }
                } else {
                    ObjectError::NoSymbol { name: (*name).to_owned() }
                });
            };
            let long = words(kernel).long;
            let what = format!("{symbol}[{name}]");
            let value = number(kernel, address.wrapping_add(index * long), long)
                .map_err(|error| ObjectError::Memory { what: what.clone(), error })?;
            // CPUs add what they have counted now and then: a counter may be below zero for a moment.
            let negative = if long == 4 { value >> 31 == 1 } else { value >> 63 == 1 };
            sum = sum.saturating_add(if negative { 0 } else { value });
            from.push(what);
        }
        Ok((sum, from.join(" + ")))
    }
}
