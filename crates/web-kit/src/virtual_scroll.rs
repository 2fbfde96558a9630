//! The arithmetic of a list that is too long to lay out: which rows are on screen at a scroll position, and where.
//! Must never touch the DOM; the log view does that with the figures from here.
//!
//! Browsers limit an element's height (some 33 million px in Chromium, 17 million in Firefox), which a log of a
//! million lines exceeds. Beyond [`MAX_SPACE`] the scroll bar therefore moves by share of the whole, and the wheel
//! and the keys, which the view handles by itself there, still move by pixels.

use crate::num::{to_f64, to_u64};

/// Height of one row in pixels. `--row` in `www/style.css` must be the same.
pub const ROW: f64 = 20.0;

/// Height beyond which the scrolled space no longer grows with the rows.
pub const MAX_SPACE: f64 = 8_000_000.0;

/// Rows that are laid out above and below those on screen, so that a fast scroll does not show a gap.
const OVERSCAN: u64 = 24;

/// A list of rows of one height, seen through a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VirtualScroll {
    /// Rows in all.
    pub rows: u64,
    /// Height of the window in pixels.
    pub window: f64,
}

/// The rows to lay out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slice {
    /// Index of the first row, from 0.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// Pixels from the window's upper edge to the upper edge of the first row; negative above it.
    pub offset: f64,
}

impl VirtualScroll {
    /// Height of all rows.
    pub fn height(self) -> f64 {
        to_f64(self.rows) * ROW
    }

    /// Height of the space that the browser scrolls.
    pub fn space(self) -> f64 {
        self.height().min(MAX_SPACE)
    }

    /// True when the scroll bar moves by share of the whole.
    pub fn scaled(self) -> bool {
        self.height() > MAX_SPACE
    }

    /// The furthest position, in pixels of the rows.
    pub fn end(self) -> f64 {
        (self.height() - self.window).max(0.0)
    }

    /// Position in pixels of the rows for the browser's scroll position.
    pub fn position(self, scroll_top: f64) -> f64 {
        if !self.scaled() {
            return scroll_top.clamp(0.0, self.end());
        }
        let reach = (self.space() - self.window).max(1.0);
        (scroll_top / reach).clamp(0.0, 1.0) * self.end()
    }

    /// The browser's scroll position for a position in pixels of the rows.
    pub fn scroll_top(self, position: f64) -> f64 {
        if !self.scaled() {
            return position;
        }
        let reach = (self.space() - self.window).max(1.0);
        (position / self.end().max(1.0)) * reach
    }

    /// The rows to lay out at a position.
    pub fn slice(self, position: f64) -> Slice {
        let position = position.clamp(0.0, self.end());
        let first = to_u64(position / ROW).saturating_sub(OVERSCAN).min(self.rows);
        let wanted = to_u64(self.window / ROW) + 2 + 2 * OVERSCAN;
        Slice { first, count: wanted.min(self.rows - first), offset: to_f64(first) * ROW - position }
    }

    /// The position that shows a row (from 0): unchanged when it is on screen with a margin of two rows, else with the row
    /// at a third of the window.
    pub fn reveal(self, position: f64, row: u64) -> f64 {
        let top = to_f64(row) * ROW;
        let margin = 2.0 * ROW;
        if top >= position + margin.min(top) && top + ROW <= position + self.window - margin {
            return position;
        }
        (top - self.window / 3.0).clamp(0.0, self.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: VirtualScroll = VirtualScroll { rows: 1000, window: 400.0 };
    const HUGE: VirtualScroll = VirtualScroll { rows: 15_000_000, window: 400.0 };

    #[test]
    fn small_lists_scroll_by_pixels() {
        assert!(!SMALL.scaled());
        assert!((SMALL.space() - 20_000.0).abs() < 1e-9);
        let slice = SMALL.slice(SMALL.position(1010.0));
        assert_eq!((slice.first, slice.count), (50 - OVERSCAN, 22 + 2 * OVERSCAN));
        assert!((slice.offset - (to_f64(slice.first) * ROW - 1010.0)).abs() < 1e-9);
    }

    #[test]
    fn ends_are_reached_in_both_modes() {
        for list in [SMALL, HUGE] {
            let last = list.slice(list.position(list.space() - list.window));
            assert_eq!(last.first + last.count, list.rows);
            assert_eq!(list.slice(list.position(0.0)).first, 0);
            assert_eq!(list.slice(list.position(-5.0)).first, 0);
            assert!(list.slice(1e18).first < list.rows);
        }
    }

    #[test]
    fn huge_lists_stay_below_the_browsers_limit_and_reach_every_row() {
        assert!(HUGE.scaled());
        assert!(HUGE.space() <= MAX_SPACE);
        for row in [0, 1, 7_654_321, 14_999_999] {
            let position = HUGE.reveal(0.0, row);
            let slice = HUGE.slice(position);
            assert!(slice.first <= row && row < slice.first + slice.count, "row {row}");
            let back = HUGE.position(HUGE.scroll_top(position));
            assert!((back - position).abs() < 1.0, "row {row}: {back} {position}");
        }
    }

    #[test]
    fn revealing_a_row_on_screen_does_not_move() {
        assert!((SMALL.reveal(1000.0, 55) - 1000.0).abs() < 1e-9);
        assert!((SMALL.reveal(0.0, 0)).abs() < 1e-9);
        assert!((SMALL.reveal(1000.0, 10) - 1000.0).abs() > 1.0);
    }

    #[test]
    fn an_empty_or_short_list_is_harmless() {
        let empty = VirtualScroll { rows: 0, window: 400.0 };
        assert_eq!(empty.slice(10.0), Slice { first: 0, count: 0, offset: 0.0 });
        let short = VirtualScroll { rows: 3, window: 400.0 };
        assert_eq!(short.slice(10.0).count, 3);
        assert!(short.reveal(0.0, 2).abs() < 1e-9);
    }
}
