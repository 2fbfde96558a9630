//! How many places of a picture look like the corner mark of a QR code.
//!
//! The decoder tries every three of them, each time on a copy of the picture: in a picture of noise there are thousands,
//! and it would try for hours. This module must never do more than a few passes over the picture.

/// Runs of a corner mark, dark first: 1, 1, 3, 1, 1 modules (ISO/IEC 18004, 6.3.3).
const RATIO: [usize; 5] = [1, 1, 3, 1, 1];

/// A mark looks the same along its columns and its diagonals.
const LINES: [(isize, isize); 3] = [(0, 1), (1, 1), (1, -1)];

/// Counts places where a row and the other lines through its middle have the mark's runs; stops above `most`.
pub(crate) fn count(dark: &[bool], width: usize, most: usize) -> usize {
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    for (y, row) in dark.chunks_exact(width).enumerate() {
        let mut runs = [0; 5];
        let mut from = 0;
        for x in 1..=width {
            if x < width && row[x] == row[x - 1] {
                continue;
            }
            runs.rotate_left(1);
            runs[4] = x - from;
            from = x;
            let total: usize = runs.iter().sum();
            if !row[x - 1] || !is_mark(runs) {
                continue;
            }
            let middle = x - total / 2;
            let known = found.iter().any(|(cx, cy, size)| cx.abs_diff(middle) < *size && cy.abs_diff(y) < *size);
            if !known && LINES.iter().all(|step| line(dark, width, (middle, y), *step, total)) {
                found.push((middle, y, total / 2));
                if found.len() > most {
                    return found.len();
                }
            }
        }
    }
    found.len()
}

/// Lengths in the ratio of a mark, each to three quarters of a module.
fn is_mark(runs: [usize; 5]) -> bool {
    let total: usize = runs.iter().sum();
    total >= 7 && runs.iter().zip(RATIO).all(|(run, modules)| (run * 28).abs_diff(modules * total * 4) <= total * 3)
}

/// The runs of a line through a dark place, in steps of `dx` and `dy`, are a mark's.
fn line(dark: &[bool], width: usize, (x, y): (usize, usize), (dx, dy): (isize, isize), longest: usize) -> bool {
    let walk = |sign: isize, from: usize| {
        let mut runs = [0; 3];
        let mut at = 0;
        let (mut x, mut y) = (x, y);
        for step in 0..longest * 2 {
            if step > 0 || from > 0 {
                let next = x.checked_add_signed(dx * sign).zip(y.checked_add_signed(dy * sign));
                let Some(next) = next.filter(|next| next.0 < width) else { return runs };
                (x, y) = next;
            }
            let Some(is_dark) = dark.get(y * width + x) else { return runs };
            if *is_dark != (at % 2 == 0) {
                at += 1;
            }
            let Some(run) = runs.get_mut(at) else { return runs };
            *run += 1;
        }
        runs
    };
    let (back, forth) = (walk(-1, 1), walk(1, 0));
    is_mark([back[2], back[1], back[0] + forth[0], forth[1], forth[2]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_counted_once_and_noise_stops_the_count() {
        let (width, module) = (60, 3);
        let mut dark = vec![false; width * width];
        for y in 0..7 * module {
            for x in 0..7 * module {
                let ring = |x: usize| (x / module).min(6 - x / module);
                dark[(y + 10) * width + x + 20] = matches!(ring(x).min(ring(y)), 0 | 2 | 3);
            }
        }
        assert_eq!(count(&dark, width, 5), 1);
        assert_eq!(count(&vec![true; width * width], width, 5), 0);
        let grid: Vec<bool> = dark.chunks(width).flat_map(|row| row.repeat(9)).collect();
        assert_eq!(count(&grid, width * 9, 5), 6);
    }
}
