//! What the page has to say about the opening itself: failures, recoveries, damaged links, notes on the log. Must never
//! replace what is open.

use crate::state::{Source, State, View};
use crate::update::Change;
use oopscope_protocol::LogSummary;
use yew::prelude::*;

/// The messages above the view.
pub(crate) fn messages(state: &State, change: &Callback<Change>) -> Html {
    let dismiss = change.reform(|_: MouseEvent| Change::Dismiss);
    let dead = match &state.engine {
        crate::state::EngineStatus::Dead(reason) => Some(html! {
            <div class="note fatal" role="alert">
                <strong>{ format!("The engine does not start: {}.", reason.trim_end_matches('.')) }</strong>
                { " What is on the screen stays; nothing new can be opened. " }
                <button type="button" class="inline" onclick={change.reform(|_: MouseEvent| Change::RetryEngine)}>{ "Try again" }</button>
            </div>
        }),
        _ => None,
    };
    let open = state.open.as_ref().map(crate::state::OpenLog::name);
    let dump = state.known_dump().map(|dump| dump.name.clone());
    let open = dump.or(open);
    let problem = state.problem.as_ref().map(|problem| {
        html! {
            <div class="note fatal" role="alert" id="problem" data-code={problem.code.clone()}>
                <strong>{ &problem.message }</strong>{ " " }{ &problem.advice }
                if let Some(open) = &open { { format!(" \u{2014} {open} is still open.") } }
                { " " }<button type="button" class="inline" onclick={dismiss.clone()}>{ "Dismiss" }</button>
            </div>
        }
    });
    let stopped = state.stopped.as_ref().map(|words| {
        html! {
            <div class="note irq" role="alert" id="stopped">
                { words }{ " " }<button type="button" class="inline" onclick={dismiss}>{ "Dismiss" }</button>
            </div>
        }
    });
    let looking = state.looking.as_ref().map(|words| html! { <p class="note plain" id="looking">{ words }</p> });
    let about_log = (!matches!(state.view, View::Triage | View::Dump(_))).then(|| about_log(state, change));
    html! { <>{ dead }{ problem }{ stopped }{ looking }{ about_log }</> }
}

fn about_log(state: &State, change: &Callback<Change>) -> Html {
    let Some(open) = &state.open else { return Html::default() };
    let from_link = match &open.source {
        Source::Link(fragment) if fragment.starts_with('?') => {
            "This log came with the address in a panic screen's QR code."
        }
        _ => "This report came with the link. It may have been redacted by whoever shared it.",
    };
    let link = open.summary.link.as_ref().map(|link| {
        let back = state.previous.as_ref().map(|source| {
            html! {
                <button type="button" class="inline" onclick={change.reform(|_: MouseEvent| Change::Back)}>
                    { format!("Back to {}", source.name()) }
                </button>
            }
        });
        let class = if link.problem.is_some() { "note fatal" } else { "note plain" };
        html! {
            <div {class} id="link-note" role="status">
                if let Some(problem) = &link.problem {
                    <strong>{ "Not all of the link could be read." }</strong>{ format!(" In detail: {problem}.") }
                } else {
                    { from_link }
                }
                { " " }{ back }
            </div>
        }
    });
    // The engine's own notes say it with figures, where it has them.
    let incomplete = (open.summary.facts.incomplete && open.summary.notes.is_empty()).then(|| {
        html! { <p class="note plain">{ "The reading was stopped before the end of the log: the reports are those found until then." }</p> }
    });
    let notes = open.summary.notes.iter().map(|note| html! { <p class="note plain">{ note }</p> });
    let several = match &open.source {
        Source::Files { files, .. } if logs_among(files.len(), &open.summary) > 1 => Some(html! {
            <p class="note plain" id="read-as-one">
                { format!("{} files, read as one log. ", crate::format::count(logs_among(files.len(), &open.summary))) }
                <button type="button" class="inline" onclick={change.reform(|_: MouseEvent| Change::ReadApart)}>{ "Read each by itself" }</button>
            </p>
        }),
        _ => None,
    };
    html! { <>{ link }{ several }{ incomplete }{ for notes }</> }
}

/// How many of the files that were opened together are no symbols.
fn logs_among(files: usize, summary: &LogSummary) -> u64 {
    let symbols = summary.symbols.as_ref().map_or(0, |symbols| symbols.files.len() as u64 + symbols.more);
    (files as u64).saturating_sub(symbols)
}
