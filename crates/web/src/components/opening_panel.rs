//! How far an opening is: bytes, lines, speed, time left, the reports so far. Must never cover what is open.

use super::log_row::severity_class;
use super::report_list::{remarks, severity_word};
use crate::state::Opening;
use crate::update::Change;
use crate::{browser, format};
use yew::prelude::*;

/// The panel.
pub(crate) fn opening_panel(opening: &Opening, change: &Callback<Change>) -> Html {
    let progress = &opening.progress;
    let elapsed = browser::now() - opening.started;
    let figures = [
        Some(format!("{} of {}", format::bytes(progress.done), format::bytes(progress.total))),
        Some(format::counted(progress.lines, "line")),
        format::rate(progress.done, elapsed),
        format::remaining(progress.done, progress.total, elapsed).map(|time| format!("{time} left")),
        (opening.found_count > 0).then(|| format!("{} so far", format::counted(opening.found_count, "report"))),
    ];
    let found = opening.found.iter().map(|report| {
        html! {
            <li>
                <span class="nr">{ format!("#{}", report.index + 1) }</span>
                <span class="time">{ report.time.map(format::uptime) }</span>
                <span class={classes!("sev", severity_class(report.severity))}>{ severity_word(report.severity) }</span>
                <span class="title">{ &report.title }</span>
                { remarks(report, false) }
            </li>
        }
    });
    let looking = opening.symbols.as_ref().map(super::symbols::stage);
    let verb = if opening.restoring { "Opening again" } else { "Opening" };
    html! {
        <section class="opening" id="opening" aria-label="Opening">
            <div class="opening-head">
                <p><strong>{ format!("{verb} {}", opening.source.name()) }</strong></p>
                <button type="button" id="cancel" disabled={opening.cancelling} onclick={change.reform(|_: MouseEvent| Change::Cancel)}>
                    { if opening.cancelling { "Cancelling…" } else { "Cancel" } }
                </button>
            </div>
            { looking }
            if progress.total > 0 {
                <progress max="10000" value={format::share(progress.done, progress.total)} aria-label="Share of the log that has been read"></progress>
                <p class="figures">{ for figures.into_iter().flatten().map(|figure| html! { <span>{ figure }</span> }) }</p>
            }
            if !opening.found.is_empty() { <ol class="found">{ for found }</ol> }
        </section>
    }
}
