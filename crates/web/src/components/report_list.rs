//! The reports of a log, first first. Must never put a later one above the first: it is the one that deserves the attention.

use super::log_row::severity_class;
use crate::same::Same;
use crate::update::Change;
use oopscope_protocol::{LogSummary, Summary};
use oopscope_report::Severity;
use web_sys::{Element, ScrollIntoViewOptions, ScrollLogicalPosition};
use yew::prelude::*;

/// Which reports.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// The log.
    pub(crate) summary: Same<LogSummary>,
    /// The one that is shown.
    pub(crate) current: u32,
    /// Where to tell what the user did.
    pub(crate) change: Callback<Change>,
}

/// The list.
#[component]
pub(crate) fn ReportList(props: &Props) -> Html {
    let current = use_node_ref();
    {
        let current = current.clone();
        use_effect_with(props.current, move |_| {
            if let Some(row) = current.cast::<Element>() {
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Nearest);
                row.scroll_into_view_with_scroll_into_view_options(&options);
            }
        });
    }
    let boots = props.summary.facts.boots.len();
    let rows = props.summary.reports.iter().map(|report| {
        let is_current = report.index == props.current;
        let node = if is_current { current.clone() } else { NodeRef::default() };
        html! { <li ref={node} key={report.index}>{ entry(report, is_current, boots > 1, &props.change) }</li> }
    });
    html! {
        <nav class="reports" aria-label="Reports in this log">
            <ol id="report-list">{ for rows }</ol>
        </nav>
    }
}

fn entry(report: &Summary, current: bool, boots: bool, change: &Callback<Change>) -> Html {
    let index = report.index;
    html! {
        <button type="button" aria-current={current.then_some("true")}
            onclick={change.reform(move |_: MouseEvent| Change::ShowReport(index))}>
            <span class="nr">{ format!("#{}", index + 1) }</span>
            <span class="time">{ report.time.map(crate::format::uptime) }</span>
            <span class={classes!("sev", severity_class(report.severity))}>{ severity_word(report.severity) }</span>
            <span class="title">{ &report.title }</span>
            { remarks(report, boots) }
        </button>
    }
}

/// What a list says of a report besides its title.
pub(crate) fn remarks(report: &Summary, boots: bool) -> Html {
    html! {
        <span class="remarks">
            if boots { <span>{ format!("boot {}", report.boot + 1) }</span> }
            if report.corrupted { <span>{ "damaged" }</span> }
            if report.repeats > 0 { <span>{ format!("again {}×", report.repeats) }</span> }
            if let Some(tie) = super::ties::short(report) { <span>{ tie }</span> }
        </span>
    }
}

/// A severity in one word.
pub(crate) const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Fatal => "FATAL",
        Severity::Error => "ERROR",
        Severity::Warning => "WARNING",
    }
}
