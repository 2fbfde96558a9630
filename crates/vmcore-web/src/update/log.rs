//! What the user does in the log's view. Must never change the log.

use super::{Effect, Tell};
use crate::log_rows::{self, Options};
use crate::state::State;

/// Something that the user did in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// The least severe level that is to be shown; none for all lines.
    Level(Option<u8>),
    /// What is searched.
    Needle(String),
    /// A row was selected, or all from the selected one to this.
    Select { row: usize, extend: bool },
    /// To the next occurrence of what is searched, or the one before.
    Find { backwards: bool },
    /// The search field is to have the focus.
    Focus,
    /// Copy the selected rows.
    CopySelected,
    /// Copy all rows that are shown.
    CopyShown,
    /// The page is to show the report of this index.
    Report(usize),
}

impl State {
    /// Does it.
    pub(super) fn act_in_log(&mut self, act: Act) -> Vec<Effect> {
        let serial = self.next_serial();
        let options = &mut self.log_options;
        let Some(found) = &self.found.log else { return Vec::new() };
        let log = &found.log;
        let copy = |rows: &[usize]| {
            if rows.is_empty() { Vec::new() } else { vec![Effect::Tell(Tell::Copy(log_rows::text(log, rows)))] }
        };
        match act {
            // The selected row stays in sight.
            Act::Level(least) => *options = Options { least, turn: serial, ..options.clone() },
            Act::Needle(needle) => options.needle = needle,
            Act::Select { row, extend } => {
                options.anchor = if extend { options.anchor.or(options.selected) } else { None };
                options.selected = Some(row);
            }
            Act::Find { backwards } => {
                let hits = log_rows::hits(log, &log_rows::shown(log, options.least), &options.needle);
                if let Some(row) = log_rows::next_hit(&hits, options.selected, backwards) {
                    *options = Options { selected: Some(row), anchor: None, turn: serial, ..options.clone() };
                }
            }
            Act::Focus => options.focus = serial,
            Act::CopySelected => return copy(log_rows::selected(&log_rows::shown(log, options.least), options)),
            Act::CopyShown => return copy(&log_rows::shown(log, options.least)),
            Act::Report(index) => return vec![Effect::Tell(Tell::Report(index))],
        }
        Vec::new()
    }

    /// Copies the selected rows, or all.
    pub(super) fn copy_log(&mut self) -> Vec<Effect> {
        let selected = self.act_in_log(Act::CopySelected);
        if selected.is_empty() { self.act_in_log(Act::CopyShown) } else { selected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_rows::Log;
    use crate::same::Same;
    use crate::state::{LogFound, Tab};
    use crate::update::Change;
    use oopscope_report::vmcore::LogRecord;

    fn open() -> State {
        let record =
            |level, text: &str| LogRecord { level: Some(level), text: text.to_owned(), ..LogRecord::default() };
        let log = Log::new(vec![record(6, "one"), record(3, "two"), record(6, "three"), record(2, "four, one\nfive")]);
        let mut state = State::new("b1");
        state.found.log = Some(LogFound { log: Same::new(log), unread: Vec::new() });
        state.tab = Some(Tab::Log);
        state
    }

    fn act(state: &mut State, act: Act) -> Vec<Effect> {
        state.apply(Change::Log(act), 1.0)
    }

    fn copied(text: &str) -> Vec<Effect> {
        vec![Effect::Tell(Tell::Copy(text.to_owned()))]
    }

    #[test]
    fn what_is_copied_is_what_is_selected_or_all_that_is_shown() {
        let mut state = open();
        assert_eq!(state.apply(Change::Copy, 1.0), copied("one\ntwo\nthree\nfour, one\nfive\n"));
        act(&mut state, Act::Level(Some(3)));
        assert_eq!(state.apply(Change::Copy, 1.0), copied("two\nfour, one\nfive\n"));
        act(&mut state, Act::Select { row: 1, extend: false });
        act(&mut state, Act::Select { row: 3, extend: true });
        assert_eq!(state.apply(Change::Copy, 1.0), copied("two\nfour, one\n"), "without the row that is not shown");
        assert_eq!(act(&mut state, Act::CopyShown), copied("two\nfour, one\nfive\n"));
        act(&mut state, Act::Select { row: 4, extend: true });
        assert_eq!(state.apply(Change::Copy, 1.0), copied("two\nfour, one\nfive\n"), "from where it began");
        act(&mut state, Act::Select { row: 4, extend: false });
        assert_eq!(state.apply(Change::Copy, 1.0), copied("five\n"));
    }

    #[test]
    fn what_is_found_is_selected_and_brought_into_sight() {
        let mut state = open();
        act(&mut state, Act::Find { backwards: false });
        assert_eq!(state.log_options.selected, None, "nothing is searched");
        act(&mut state, Act::Needle("ONE".to_owned()));
        let mut turn = state.log_options.turn;
        for row in [0, 3, 0] {
            act(&mut state, Act::Find { backwards: false });
            assert_eq!(state.log_options.selected, Some(row));
            assert_ne!(std::mem::replace(&mut turn, state.log_options.turn), state.log_options.turn);
        }
    }

    #[test]
    fn a_report_is_the_pages() {
        let mut state = open();
        assert_eq!(act(&mut state, Act::Report(2)), [Effect::Tell(Tell::Report(2))]);
        act(&mut state, Act::Focus);
        assert_ne!(state.log_options.focus, 0);
        state.apply(Change::Show(Some(Tab::Log)), 1.0);
        assert_eq!(state.log_options.focus, 0, "who comes back by the tab does not search");
        state.found.log = None;
        assert!(state.apply(Change::Copy, 1.0).is_empty());
    }
}
