//! What ties a report to others of the same log: words, and the way to them. Must never call a guess a cause: the words
//! are the engine's.

use super::prose::prose;
use crate::update::Change;
use oopscope_protocol::{Summary, Tie};
use oopscope_report::{Link, LinkKind};
use yew::prelude::*;

/// Ties that are told one by one; a lock's owner can have dozens that wait for it.
const SHOWN: usize = 5;

/// The ties of a report, with a button to each other report.
pub(crate) fn ties(links: &[Link], change: &Callback<Change>) -> Html {
    if links.is_empty() {
        return Html::default();
    }
    let (shown, others) = links.split_at(SHOWN.min(links.len()));
    let item = |link: &Link| {
        html! { <li>{ prose(&link.words, change) }{ " " }{ show_report(link.report, change) }</li> }
    };
    html! {
        <nav class="note plain ties" aria-label="Ties to other reports">
            <ul>{ for shown.iter().map(item) }</ul>
            if !others.is_empty() {
                <details>
                    <summary>{ format!("{} more", others.len()) }</summary>
                    <ul>{ for others.iter().map(item) }</ul>
                </details>
            }
        </nav>
    }
}

/// A button that leads to a report.
pub(crate) fn show_report(index: u32, change: &Callback<Change>) -> Html {
    html! {
        <button type="button" class="inline" onclick={change.reform(move |_: MouseEvent| Change::ShowReport(index))}>
            { format!("Show report #{}", u64::from(index) + 1) }
        </button>
    }
}

/// The ties of a row in a list, in few words. What a report may have caused is said by the rows of its consequences.
pub(crate) fn short(report: &Summary) -> Option<String> {
    let from = report.may_follow_from.map(|report| Tie { kind: LinkKind::CausedBy, report });
    let told = from.iter().filter(|tie| !report.ties.contains(tie)).chain(&report.ties);
    let mut words = told.filter_map(|tie| {
        let verb = match tie.kind {
            LinkKind::CausedBy => "may follow from",
            LinkKind::WaitsFor => "waits for",
            LinkKind::SameTask => "same task as",
            LinkKind::SameObject => "same object as",
            _ => return None,
        };
        Some(format!("{verb} #{}", u64::from(tie.report) + 1))
    });
    let first = words.next()?;
    Some(match words.count() {
        0 => first,
        more => format!("{first}, {more} more"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_its_first_tie_and_how_many_more_there_are() {
        let tie = |kind, report| Tie { kind, report };
        let row = |may_follow_from, ties| short(&Summary { may_follow_from, ties, ..Summary::default() });
        assert_eq!(row(None, vec![]), None);
        assert_eq!(row(None, vec![tie(LinkKind::Causes, 4)]), None);
        assert_eq!(row(Some(0), vec![]).as_deref(), Some("may follow from #1"));
        assert_eq!(row(Some(0), vec![tie(LinkKind::CausedBy, 0)]).as_deref(), Some("may follow from #1"));
        let waits = vec![tie(LinkKind::WaitsFor, 2), tie(LinkKind::SameTask, 5), tie(LinkKind::Causes, 6)];
        assert_eq!(row(None, waits).as_deref(), Some("waits for #3, 1 more"));
    }
}
