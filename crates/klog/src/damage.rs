//! Whether a report is whole: truncated by the end of the log or the loss of lines, or mixed with other output.
//!
//! Only says what the lines show, in words; must never repair anything.

use crate::facts::Facts;
use crate::grammar::{frame, marks};
use crate::segment::End;
use crate::title::Titles;

/// Why a report can't be trusted, in words; None when it is whole.
pub(crate) fn find(facts: &Facts, titles: &Titles) -> Option<String> {
    if let Some(why) = &titles.damage {
        return Some(match facts.end {
            End::Interrupted => format!("{why}: another report begins in the middle of it"),
            End::LogEnded => format!("{why}: the log ends"),
            _ => why.clone(),
        });
    }
    if let Some(line) = facts.fault_injected {
        return Some(format!("the trace of a failure that was forced (fault injection) runs into it at line {line}"));
    }
    if has_time_stamp(&titles.title) {
        return Some("another message, with its own time stamp, runs into the headline".to_owned());
    }
    if facts.rule.needs_trace && !titles.traceless { trace(facts) } else { None }
}

/// `[   12.345678]` in the middle of a title.
fn has_time_stamp(title: &str) -> bool {
    title.match_indices('[').any(|(at, _)| {
        title[at + 1..].split_once(']').is_some_and(|(inside, _)| {
            inside.trim_start().split_once('.').is_some_and(|(seconds, fraction)| {
                let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                digits(seconds) && digits(fraction)
            })
        })
    })
}

/// Lines after the beginning of a trace within which its first frame must come.
const NEAR: u32 = 15;

/// Where a trace of a kind begins for the first time, frames must follow, and some trace must have them.
fn trace(facts: &Facts) -> Option<String> {
    let lines = facts.text_of_report();
    let mut any = false;
    let mut seen: Vec<&str> = Vec::new();
    for (at, (_, start)) in lines.iter().enumerate() {
        if !marks::is_any_trace_start(&start.text) {
            continue;
        }
        let sort = sort(&start.text);
        if seen.contains(&sort) {
            continue;
        }
        seen.push(sort);
        let near = lines[at + 1..].iter().take_while(|(_, line)| line.nth <= start.nth + NEAR);
        let mut found = false;
        for (_, line) in near {
            if marks::is_any_trace_start(&line.text) {
                break;
            }
            if line.text.contains("(stack is not available)") || frame::parse(&line.text).is_some_and(|f| f.reliable) {
                found = true;
                break;
            }
        }
        if found {
            any = true;
        } else if sort != "status" {
            return Some(format!("a trace begins at line {} and has no frames", start.number));
        }
    }
    // arm's unwinder prints its frames, callee and caller in pairs, without a heading (until 6.4).
    any |= lines.iter().any(|(_, line)| frame::parse(&line.text).is_some_and(|frame| frame.callee.is_some()));
    (!any).then(|| match facts.end {
        End::Interrupted => "another report begins in the middle of it, before any trace".to_owned(),
        End::LogEnded => "the log ends before any trace".to_owned(),
        _ => "it has no trace".to_owned(),
    })
}

/// The sort of a trace's beginning: only the first of each is looked at, as the later ones may be others' output.
fn sort(text: &str) -> &str {
    let text = text.trim();
    for word in ["Call Trace", "Call trace", "Backtrace", "Allocated", "Freed", "backtrace", "Uninit", "status"] {
        if text.contains(word) {
            return word;
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_stamp_in_a_title() {
        assert!(has_time_stamp("WARNING: a [  12.345] b"));
        assert!(!has_time_stamp("WARNING: [a.b] [1] b"));
    }
}
