//! How far an opening is: the stage, what was read, Cancel. Must never cover what is open.

use crate::format;
use crate::state::Opening;
use crate::update::Change;
use oopscope_web_kit::browser::{files_name, now};
use yew::prelude::*;

/// The panel.
pub(crate) fn progress(opening: &Opening, change: &Callback<Change>) -> Html {
    let progress = &opening.progress;
    let cost = &progress.cost;
    let elapsed = now() - opening.started;
    let figures = [
        // Where bytes are what is counted, the next figure has them.
        (progress.total > 0 && progress.done != cost.bytes_read)
            .then(|| format!("{} of {}", format::count(progress.done), format::count(progress.total))),
        (cost.bytes > 0).then(|| format!("{} of {} read", format::bytes(cost.bytes_read), format::bytes(cost.bytes))),
        (cost.reads > 0).then(|| format::counted(cost.reads, "read")),
        (elapsed > 500.0).then(|| format::duration(elapsed)),
    ];
    let verb = if opening.restoring { "Opening again" } else { "Opening" };
    let stage = if progress.stage.is_empty() { "loading the engine for dumps" } else { &progress.stage };
    html! {
        <section class="opening" id="dump-opening" aria-label="Opening the dump">
            <div class="opening-head">
                <p><strong>{ format!("{verb} {}", files_name(&opening.files)) }</strong><span class="dim" id="dump-stage">{ format!(" · {stage}") }</span></p>
                <button type="button" id="dump-cancel" disabled={opening.cancelling} onclick={change.reform(|_: MouseEvent| Change::Cancel)}>
                    { if opening.cancelling { "Cancelling…" } else { "Cancel" } }
                </button>
            </div>
            if progress.total > 0 {
                <progress max="10000" value={format::share(progress.done, progress.total)} aria-label="Share of this stage that is done"></progress>
            } else {
                <progress aria-label="How long this stage takes is not known"></progress>
            }
            <p class="figures">{ for figures.into_iter().flatten().map(|figure| html! { <span>{ figure }</span> }) }</p>
        </section>
    }
}
