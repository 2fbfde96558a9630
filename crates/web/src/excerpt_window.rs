//! Which lines of the log stand beside the stack: a window that grows on demand and moves to a selected line outside
//! of it. Must never hold more than [`MOST`] lines: the whole log has its own view.

/// Lines shown at first, at most.
const FIRST_SHOWN: u64 = 300;

/// Lines by which the window grows.
pub(crate) const GROWTH: u64 = 200;

/// Lines shown at most.
const MOST: u64 = 2000;

/// Lines shown around a selected line that lay outside.
const AROUND: u64 = 60;

/// A range of lines, both ends included, counting from 1. Empty when `to` is below `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// First line shown.
    pub(crate) from: u64,
    /// Last line shown.
    pub(crate) to: u64,
}

impl Window {
    /// The lines `from` to `to` inside a log of `total` lines, cut to what is shown at first.
    pub(crate) fn new(from: u64, to: u64, total: u64) -> Self {
        let from = from.max(1);
        Self { from, to: to.min(total).min(from + FIRST_SHOWN - 1) }
    }

    /// How many lines.
    pub(crate) fn count(self) -> u64 {
        (self.to + 1).saturating_sub(self.from)
    }

    /// True when it may still grow.
    pub(crate) fn has_room(self) -> bool {
        self.count() < MOST
    }

    /// With more lines before it.
    pub(crate) fn earlier(self) -> Self {
        let growth = GROWTH.min(MOST.saturating_sub(self.count()));
        Self { from: self.from.saturating_sub(growth).max(1), to: self.to }
    }

    /// With more lines after it, in a log of `total` lines.
    pub(crate) fn later(self, total: u64) -> Self {
        let growth = GROWTH.min(MOST.saturating_sub(self.count()));
        Self { from: self.from, to: (self.to + growth).min(total) }
    }

    /// The window that shows `line`: itself, grown when the line is near, else moved.
    pub(crate) fn showing(self, line: u64, total: u64) -> Self {
        if (self.from..=self.to).contains(&line) || line == 0 || line > total {
            return self;
        }
        let grown = Self { from: self.from.min(line), to: self.to.max(line) };
        if grown.count() <= self.count() + GROWTH && grown.count() <= MOST {
            return grown;
        }
        Self { from: line.saturating_sub(AROUND).max(1), to: (line + AROUND).min(total) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_inside_the_log() {
        assert_eq!(Window::new(0, 30, 20), Window { from: 1, to: 20 });
        assert_eq!(Window::new(5, 10_000, 20_000), Window { from: 5, to: 304 });
        assert_eq!(Window::new(1, 0, 0).count(), 0);
        assert_eq!(Window { from: 50, to: 60 }.earlier(), Window { from: 1, to: 60 });
        assert_eq!(Window { from: 50, to: 60 }.later(100), Window { from: 50, to: 100 });
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut window = Window { from: 1_000_000, to: 1_000_100 };
        for _ in 0..100 {
            window = window.earlier().later(u64::MAX);
        }
        assert_eq!(window.count(), MOST);
        assert!(!window.has_room());
    }

    #[test]
    fn a_selected_line_is_always_shown() {
        let window = Window { from: 100, to: 200 };
        assert_eq!(window.showing(150, 10_000), window);
        assert_eq!(window.showing(210, 10_000), Window { from: 100, to: 210 });
        assert_eq!(window.showing(9_990, 10_000), Window { from: 9_930, to: 10_000 });
        assert_eq!(window.showing(10_001, 10_000), window, "no such line");
    }
}
