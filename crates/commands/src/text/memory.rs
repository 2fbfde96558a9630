//! Totals of memory, in the layout of crash's `kmem -i`. Must never compute a total.

use super::banner::size;
use super::table::{Side, table};
use oopscope_report::vmcore::MemoryUsage;

/// The table.
pub(crate) fn memory(usage: &MemoryUsage) -> String {
    let head = [("", Side::Right), ("PAGES", Side::Right), ("TOTAL", Side::Right), ("PERCENTAGE", Side::Left)];
    let rows: Vec<Vec<String>> = usage
        .rows
        .iter()
        .map(|row| {
            let share = match (row.percent, &row.of) {
                (Some(percent), Some(of)) => format!("{percent:.0}% of {of}"),
                _ => "----".to_owned(),
            };
            vec![row.name.clone(), row.pages.to_string(), size(row.pages.saturating_mul(usage.page_size)), share]
        })
        .collect();
    table(&head, &rows) + &super::unread(&usage.unread)
}
