//! The rows of the kernel's log: a row a line, which of them are shown, what is found in them, which belong to a report. Must
//! never leave a line out without the user having asked for it: the number of a row is the number of its line in the log's text.

use oopscope_report::vmcore::LogRecord;
use oopscope_web_kit::highlight;
use oopscope_web_kit::num::to_u64;
use std::fmt::Write as _;

/// The levels' names, as `dmesg` has them.
pub(crate) const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// The log, cut into lines.
#[derive(Debug, Default)]
pub(crate) struct Log {
    records: Vec<LogRecord>,
    lines: Vec<Line>,
}

/// A line: the record that it is of, and where in the record's text it is.
#[derive(Clone, Copy, Debug)]
struct Line {
    record: usize,
    from: usize,
    to: usize,
}

impl Log {
    /// Cuts the records into lines.
    pub(crate) fn new(records: Vec<LogRecord>) -> Self {
        let mut lines = Vec::with_capacity(records.len());
        for (record, LogRecord { text, .. }) in records.iter().enumerate() {
            let mut from = 0;
            for line in text.split('\n') {
                let to = from + line.len();
                lines.push(Line { record, from, to });
                from = to + 1;
            }
        }
        Self { records, lines }
    }

    /// How many lines.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// A line, by its number from 0: its record, its text.
    pub(crate) fn line(&self, row: usize) -> Option<(&LogRecord, &str)> {
        let line = self.lines.get(row)?;
        let record = self.records.get(line.record)?;
        Some((record, record.text.get(line.from..line.to)?))
    }

    /// True where the kernel recorded who wrote.
    pub(crate) fn has_callers(&self) -> bool {
        self.records.iter().any(|record| record.caller.is_some())
    }

    /// How many lines have no level: of a log that is only bytes, those in the middle of a message.
    pub(crate) fn without_level(&self) -> usize {
        self.lines
            .iter()
            .filter(|line| self.records.get(line.record).is_some_and(|record| record.level.is_none()))
            .count()
    }
}

/// How the log is looked at. Rows are numbers of lines, from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// The least severe level that is shown; none for all lines, those without a level among them.
    pub(crate) least: Option<u8>,
    /// What is searched.
    pub(crate) needle: String,
    /// The selected row.
    pub(crate) selected: Option<usize>,
    /// The row at the other end of the selected ones.
    pub(crate) anchor: Option<usize>,
    /// Changes when the selected row is to be brought into sight.
    pub(crate) turn: u32,
    /// Not 0 when the search field is to have the focus; another number every time.
    pub(crate) focus: u32,
}

/// The rows that are shown, in their order.
pub(crate) fn shown(log: &Log, least: Option<u8>) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..log.len()).collect();
    if let Some(least) = least {
        rows.retain(|&row| log.line(row).and_then(|(record, _)| record.level).is_some_and(|level| level <= least));
    }
    rows
}

/// The rows of the shown ones that hold the text, whatever its case.
pub(crate) fn hits(log: &Log, shown: &[usize], needle: &str) -> Vec<usize> {
    if needle.is_empty() {
        return Vec::new();
    }
    let holds = |row: usize| log.line(row).is_some_and(|(_, text)| highlight::find(text, needle).is_some());
    shown.iter().copied().filter(|&row| holds(row)).collect()
}

/// The hit after a row, or before it; behind the last comes the first.
pub(crate) fn next_hit(hits: &[usize], from: Option<usize>, backwards: bool) -> Option<usize> {
    if backwards {
        let before = from.map_or(0, |from| hits.partition_point(|&hit| hit < from));
        hits[..before].last().or(hits.last()).copied()
    } else {
        let after = from.map_or(0, |from| hits.partition_point(|&hit| hit <= from));
        hits.get(after).or(hits.first()).copied()
    }
}

/// The selected ones of the shown rows.
pub(crate) fn selected<'a>(shown: &'a [usize], options: &Options) -> &'a [usize] {
    let Some(one) = options.selected else { return &[] };
    let other = options.anchor.unwrap_or(one);
    let from = shown.partition_point(|&row| row < one.min(other));
    let to = shown.partition_point(|&row| row <= one.max(other));
    shown.get(from..to).unwrap_or_default()
}

/// The reports that the page has found in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reports {
    /// Index of the one to look at first.
    pub(crate) current: usize,
    /// In the order of their first lines.
    pub(crate) list: Vec<Mark>,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Its first row.
    pub(crate) first: usize,
    /// Its last row.
    pub(crate) last: usize,
    /// True where the kernel only warned.
    pub(crate) warning: bool,
    /// What it is called.
    pub(crate) title: String,
}

impl Reports {
    /// Out of what the page tells: a line each of first and last line (from 1), severity (0 for a warning), title.
    pub(crate) fn told(current: u32, list: &str) -> Self {
        let mark = |line: &str| {
            let mut words = line.splitn(4, ' ');
            let mut row = || words.next().and_then(|word| word.parse::<usize>().ok());
            let (first, last, severity) = (row()?.checked_sub(1)?, row()?.checked_sub(1)?, row()?);
            Some(Mark { first, last, warning: severity == 0, title: words.next().unwrap_or_default().to_owned() })
        };
        Self { current: usize::try_from(current).unwrap_or_default(), list: list.lines().filter_map(mark).collect() }
    }

    /// Title of the one to look at first.
    pub(crate) fn title(&self) -> &str {
        self.list.get(self.current).map_or("", |mark| &mark.title)
    }

    /// The report that a row belongs to, by its index: the last that began before it.
    pub(crate) fn at(&self, row: usize) -> Option<usize> {
        let index = self.list.partition_point(|mark| mark.first <= row).checked_sub(1)?;
        self.list.get(index).filter(|mark| row <= mark.last).map(|_| index)
    }
}

/// The rows as the command `log` prints them.
pub(crate) fn text(log: &Log, rows: &[usize]) -> String {
    let mut out = String::new();
    for (record, text) in rows.iter().filter_map(|&row| log.line(row)) {
        if let Some(seconds) = record.time {
            // Writing to a String does not fail.
            let _ = write!(out, "[{:>12}] ", time(seconds));
        }
        out.extend(text.chars().map(|c| if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }));
        out.push('\n');
    }
    out
}

/// Seconds since boot as the kernel prints them: `3.000042`.
pub(crate) fn time(seconds: f64) -> String {
    let microseconds = to_u64((seconds * 1e6).round());
    format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(level: u8, text: &str) -> LogRecord {
        LogRecord { time: Some(1.5), level: Some(level), caller: None, text: text.to_owned() }
    }

    fn some() -> Log {
        Log::new(vec![
            record(5, "Linux version 6.12"),
            record(6, "two\nlines of a Record"),
            record(3, "an error"),
            LogRecord { level: None, time: None, ..record(0, "of no level") },
            record(4, ""),
            record(1, "BUG: the record"),
        ])
    }

    #[test]
    fn a_record_of_several_lines_has_several_rows() {
        let log = some();
        assert_eq!(log.len(), 7);
        let lines: Vec<&str> = (0..8).filter_map(|row| Some(log.line(row)?.1)).collect();
        assert_eq!(
            lines,
            ["Linux version 6.12", "two", "lines of a Record", "an error", "of no level", "", "BUG: the record"]
        );
        assert_eq!(log.line(2).unwrap().0.level, Some(6));
        assert_eq!(log.without_level(), 1);
        assert!(!log.has_callers());
        assert_eq!(Log::new(vec![record(6, "a\n\nb\n")]).len(), 4, "empty lines are lines");
    }

    #[test]
    fn the_level_leaves_what_is_as_bad_or_worse() {
        let log = some();
        assert_eq!(shown(&log, None), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(shown(&log, Some(7)), [0, 1, 2, 3, 5, 6], "no level is not a level");
        assert_eq!(shown(&log, Some(4)), [3, 5, 6]);
        assert_eq!(shown(&log, Some(3)), [3, 6]);
        assert!(shown(&log, Some(0)).is_empty());
    }

    #[test]
    fn the_search_goes_round_in_both_directions() {
        let log = some();
        let all = shown(&log, None);
        assert_eq!(hits(&log, &all, "RECORD"), [2, 6]);
        assert_eq!(hits(&log, &shown(&log, Some(4)), "record"), [6], "in what is shown");
        assert!(hits(&log, &all, "").is_empty() && hits(&log, &all, "nowhere").is_empty());
        let next = |from, backwards| next_hit(&[2, 6], from, backwards);
        assert_eq!([next(None, false), next(Some(2), false), next(Some(6), false)], [Some(2), Some(6), Some(2)]);
        assert_eq!([next(None, true), next(Some(6), true), next(Some(2), true)], [Some(6), Some(2), Some(6)]);
        assert_eq!([next(Some(4), false), next(Some(4), true)], [Some(6), Some(2)]);
        assert_eq!(next_hit(&[], Some(1), true), None);
    }

    #[test]
    fn what_is_selected_are_shown_rows_from_one_end_to_the_other() {
        let options = |selected, anchor| Options { selected, anchor, ..Options::default() };
        let shown = [1, 3, 5, 7];
        assert_eq!(selected(&shown, &options(Some(5), Some(2))), [3, 5]);
        assert_eq!(selected(&shown, &options(Some(1), Some(5))), [1, 3, 5]);
        assert_eq!(selected(&shown, &options(Some(3), None)), [3]);
        assert!(selected(&shown, &options(Some(4), None)).is_empty(), "a row that is not shown");
        assert!(selected(&shown, &options(None, Some(1))).is_empty());
    }

    #[test]
    fn a_row_knows_its_report() {
        let reports = Reports::told(1, "3 4 0 WARNING in a b\n7 7 2 BUG: c\n0 1 1 not from 1\nnonsense\n");
        assert_eq!(reports.title(), "BUG: c");
        assert_eq!(reports.list.len(), 2, "what can't be understood is no report");
        assert_eq!(reports.list[0].title, "WARNING in a b");
        assert!(reports.list[0].warning && !reports.list[1].warning);
        let at = [1, 2, 3, 4, 6, 7].map(|row| reports.at(row));
        assert_eq!(at, [None, Some(0), Some(0), None, Some(1), None]);
        assert_eq!(Reports::told(0, "").at(0), None);
        assert_eq!(Reports::told(9, "").title(), "");
    }

    #[test]
    fn the_text_is_that_of_the_command() {
        let log = Log::new(vec![
            LogRecord { time: Some(0.0), ..record(6, "a\u{1b}[1m\tb") },
            LogRecord { time: Some(123_456.000_042), ..record(6, "c\nd") },
            LogRecord { time: None, ..record(6, "e") },
        ]);
        assert_eq!(
            text(&log, &[0, 1, 2, 3]),
            "[    0.000000] a\u{fffd}[1m\tb\n[123456.000042] c\n[123456.000042] d\ne\n"
        );
    }
}
