//! One line of the log with its number. Must never make anything but text nodes of the line's text.

use crate::state::Origin;
use crate::update::Change;
use crate::{browser, format, highlight};
use oopscope_protocol::LogLine;
use oopscope_report::Severity;
use yew::prelude::*;

/// How a row is shown.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    /// Prefix of the element's id, which sets it apart from the same line elsewhere on the page.
    pub(crate) id: &'a str,
    /// True for the selected line.
    pub(crate) selected: bool,
    /// Severity of the report that the line belongs to.
    pub(crate) report: Option<Severity>,
    /// What is being searched for.
    pub(crate) needle: &'a str,
}

/// One row. A click on it is told by the list that holds it.
pub(crate) fn row(number: u64, line: Option<&LogLine>, look: Look, onclick: Callback<MouseEvent>) -> Html {
    let level = line.and_then(|line| line.level);
    let class = classes!(
        "row",
        look.selected.then_some("sel"),
        look.report.map(severity_class),
        level.filter(|&level| level <= 2).map(|_| "loud"),
        level.filter(|&level| level >= 7).map(|_| "quiet"),
    );
    let text = line.map(|line| {
        let parts = highlight::parts(&line.text, look.needle);
        let text = parts.into_iter().map(|(part, hit)| {
            if hit {
                html! { <mark>{ part }</mark> }
            } else {
                html! { { part } }
            }
        });
        let cut = (line.cut > 0).then(|| {
            html! { <span class="cut">{ format!(" … {} more of this line not shown", format::bytes(line.cut)) }</span> }
        });
        html! { <>{ for text }{ cut }</> }
    });
    html! {
        <div {class} key={number} id={row_id(look.id, number)} role="option" aria-selected={look.selected.to_string()}
            data-line={number.to_string()} {onclick}>
            <i>{ number }</i><span>{ text }</span>
        </div>
    }
}

/// The id of a line's element.
pub(crate) fn row_id(prefix: &str, number: u64) -> String {
    format!("{prefix}-{number}")
}

/// The class that colours something by how bad it is.
pub(crate) const fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Fatal => "fatal",
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Selects a line on a click, but not on one that ended a selection of text to copy.
pub(crate) fn choose(line: u64, origin: Origin, change: &Callback<Change>) -> Callback<MouseEvent> {
    let change = change.clone();
    Callback::from(move |_| {
        let text = browser::window().get_selection().ok().flatten();
        if text.is_none_or(|text| text.is_collapsed()) {
            change.emit(Change::Select(line, origin));
        }
    })
}
