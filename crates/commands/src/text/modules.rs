//! Modules, in the layout of crash's `mod`. Must never sort them anew.

use super::bare;
use super::table::{Side, table};
use oopscope_report::vmcore::Module;

/// The table.
pub(crate) fn modules(modules: &[&Module]) -> String {
    let head = [
        ("MODULE", Side::Left),
        ("NAME", Side::Left),
        ("BASE", Side::Left),
        ("SIZE", Side::Right),
        ("STATE", Side::Left),
        ("TAINT", Side::Left),
        ("USED", Side::Right),
        ("BY", Side::Left),
    ];
    let rows: Vec<Vec<String>> = modules
        .iter()
        .map(|module| {
            vec![
                bare(module.address.0),
                module.name.clone(),
                bare(module.base.0),
                module.size.to_string(),
                module.state.clone().unwrap_or_else(|| "?".to_owned()),
                if module.taint.is_empty() { "-".to_owned() } else { module.taint.clone() },
                module.users.map_or("?".to_owned(), |users| users.to_string()),
                module.used_by.join(","),
            ]
        })
        .collect();
    table(&head, &rows)
}
