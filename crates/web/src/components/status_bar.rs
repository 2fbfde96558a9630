//! The bar at the bottom: what left this machine (nothing), what was read, how long it took, what is ready offline. Must
//! never claim what the browser has not told.

use crate::browser::offline::Offline;
use crate::browser::requests::Requests;
use crate::browser::theme;
use crate::format;
use crate::state::{Dialog, State};
use crate::update::Change;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// The bar.
pub(crate) fn status_bar(
    state: &State,
    requests: &Requests,
    offline: Offline,
    change: &Callback<Change>,
    update: Callback<()>,
) -> Html {
    let kept = requests.foreign == 0 && requests.refused.is_empty();
    let show = change.reform(|_: MouseEvent| Change::Dialog(Some(Dialog::Requests)));
    let dump = state.dump.as_ref().filter(|dump| !dump.status.is_empty());
    let dump = dump.map(|dump| html! { <span id="dump-status">{ &dump.status }</span> });
    let opened = state.open.as_ref().filter(|_| dump.is_none()).map(|open| {
        let summary = &open.summary;
        let read = (summary.reads > 0)
            .then(|| format!("{} read in {}", format::bytes(summary.bytes_read), format::counted(summary.reads, "read")));
        html! {
            <>
                if let Some(read) = read { <span>{ read }</span> }
                <span title="From the drop to the engine's answer">{ format!("parsed in {}", format::duration(open.took)) }</span>
            </>
        }
    });
    let choose = Callback::from(|event: Event| {
        if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
            theme::set(&select.value());
        }
    });
    let chosen = theme::remembered();
    html! {
        <footer id="status">
            <button type="button" class={classes!("inline", kept.then_some("ok"), (!kept).then_some("fatal"))} onclick={show.clone()}
                title="Every request that this page has made">
                { if kept { "● nothing has left this machine" } else { "● a request went elsewhere or was refused: look" } }
            </button>
            if requests.told {
                <button type="button" class="inline" id="requests" onclick={show}>
                    { format!("{} since load", format::counted(requests.late, "request")) }
                </button>
            }
            { dump }{ opened }
            <span class="right">
                if offline.update {
                    <button type="button" id="update" onclick={update.reform(|_: MouseEvent| ())}>{ "Update: reload" }</button>
                }
                if offline.ready { <span>{ "works offline" }</span> }
                <label>{ "Theme " }
                    <select id="theme" onchange={choose}>
                        { for theme::THEMES.iter().map(|theme| html! {
                            <option value={*theme} selected={*theme == chosen}>{ *theme }</option>
                        }) }
                    </select>
                </label>
                <span class="build" title="Build of this page and its engine">{ state.build_id.to_string() }</span>
            </span>
        </footer>
    }
}
