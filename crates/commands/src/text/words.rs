//! Memory as words, in the layout of crash's `rd`. Must never show a word that was not read.

use super::bare;
use oopscope_report::vmcore::WordRow;
use std::fmt::Write as _;

/// One line a row: address, words, characters.
pub(crate) fn words(rows: &[WordRow]) -> String {
    let mut out = String::new();
    for row in rows {
        let _ = write!(out, "{}:  ", bare(row.address.0));
        if let Some(why) = &row.why {
            // Writing to a String does not fail.
            let _ = writeln!(out, "(not read: {why})");
            continue;
        }
        let digits = usize::from(row.size) * 2;
        let cells: Vec<String> = row
            .words
            .iter()
            .enumerate()
            .map(|(index, word)| match row.symbols.get(index) {
                Some(Some(symbol)) => format!("{symbol:<digits$}"),
                _ => format!("{:0digits$x}", word.0),
            })
            .collect();
        out += &cells.join(" ");
        if let Some(text) = &row.text {
            let _ = write!(out, "   {text}");
        }
        out.push('\n');
    }
    out
}
