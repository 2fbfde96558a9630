//! The kernel's log as `dmesg` prints it. Must never change a record's text but for control characters.

use oopscope_report::vmcore::LogRecord;
use std::fmt::Write as _;

/// How lines are begun.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct LogStyle {
    /// Without time stamps.
    pub(crate) no_time: bool,
    /// With the level: `<6>`.
    pub(crate) level: bool,
    /// With the caller, where the kernel recorded it.
    pub(crate) caller: bool,
    /// Time stamps as dates: seconds since 1970 at boot.
    pub(crate) boot: Option<f64>,
}

/// The records, one or more lines each.
pub(crate) fn log(records: &[LogRecord], style: LogStyle) -> String {
    let mut out = String::new();
    for record in records {
        let begin = begin(record, style);
        for line in record.text.split('\n') {
            out += &begin;
            out.extend(line.chars().map(|c| if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }));
            out.push('\n');
        }
    }
    out
}

fn begin(record: &LogRecord, style: LogStyle) -> String {
    let mut begin = String::new();
    if let (true, Some(level)) = (style.level, record.level) {
        // Writing to a String does not fail.
        let _ = write!(begin, "<{level}>");
    }
    if let (false, Some(time)) = (style.no_time, record.time) {
        match style.boot {
            Some(boot) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "seconds since 1970 fit; what is no number becomes 0"
                )]
                let moment = (boot + time).floor() as i64;
                let _ = write!(begin, "[{}] ", super::when::date(moment));
            }
            None => {
                let _ = write!(begin, "[{time:12.6}] ");
            }
        }
    }
    if let (true, Some(caller)) = (style.caller, &record.caller) {
        let _ = write!(begin, "[{caller:>6}] ");
    }
    begin
}
