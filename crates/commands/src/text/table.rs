//! Columns of text. Must never cut a value: a column is as wide as its widest.

/// On which side of its column a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Lines of aligned columns, two spaces between them, nothing after the last.
pub(crate) fn table(head: &[(&str, Side)], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|(name, _)| name.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    let names: Vec<String> = head.iter().map(|(name, _)| (*name).to_owned()).collect();
    for row in std::iter::once(&names).chain(rows) {
        let mut line = String::new();
        for ((cell, width), (_, side)) in row.iter().zip(&widths).zip(head) {
            if !line.is_empty() {
                line += "  ";
            }
            let pad = " ".repeat(width - cell.chars().count().min(*width));
            match side {
                Side::Left => line = line + cell + &pad,
                Side::Right => line = line + &pad + cell,
            }
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Side, table};

    #[test]
    fn columns_are_as_wide_as_their_widest_value() {
        let rows = vec![vec!["1".to_owned(), "init".to_owned()], vec!["12345".to_owned(), "sh".to_owned()]];
        let text = table(&[("PID", Side::Right), ("COMM", Side::Left)], &rows);
        assert_eq!(text, "  PID  COMM\n    1  init\n12345  sh\n");
    }
}
