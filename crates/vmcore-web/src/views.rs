//! What this part of the page shows, one view a file. None holds what another needs: that is in [`crate::state`]; they tell
//! what the user did as a [`Change`]. None may set markup: text out of a dump becomes text nodes only.

mod backtraces;
mod console;
mod log;
mod memory;
mod modules;
mod overview;
mod progress;
mod stack;
mod table;
mod tasks;
mod unread;

use crate::state::{EngineStatus, State, Tab};
use crate::update::Change;
use yew::prelude::*;

/// The opening that is under way, and the view that is on.
pub(crate) fn views(state: &State, change: &Callback<Change>) -> Html {
    let view = state.tab.filter(|_| state.files.is_some()).map(|tab| {
        let view = match tab {
            Tab::Overview => overview::overview(state, change),
            Tab::Log => log::log(state, change),
            Tab::Backtraces => backtraces::backtraces(state, change),
            Tab::Tasks => tasks::tasks(state, change),
            Tab::Modules => modules::modules(state),
            Tab::Memory => memory::memory(state),
            Tab::Console => console::console(state, change),
        };
        html! { <>{ condition(state, change) }{ view }</> }
    });
    html! {
        <>
            { for state.opening.iter().map(|opening| progress::progress(opening, change)) }
            { view }
        </>
    }
}

/// What must be known of what is shown: that it is not all, that no engine holds it.
fn condition(state: &State, change: &Callback<Change>) -> Html {
    if state.opening.is_some() {
        return Html::default();
    }
    let again = change.reform(|_: MouseEvent| Change::Reopen);
    if let EngineStatus::Dead(reason) = &state.engine {
        return html! {
            <div class="note fatal" role="alert">
                <strong>{ format!("The engine for dumps does not start: {}.", reason.trim_end_matches('.')) }</strong>
                { " What is on the screen stays; nothing more can be asked. " }
                <button type="button" class="inline" onclick={change.reform(|_: MouseEvent| Change::RetryEngine)}>{ "Try again" }</button>
            </div>
        };
    }
    let incomplete = state.found.done.as_ref().is_some_and(|done| done.incomplete);
    if !incomplete && !state.detached {
        return Html::default();
    }
    html! {
        <div class="note irq" id="dump-incomplete" role="status">
            if incomplete { { "The reading was stopped before its end: what is shown is what had been found until then. " } }
            if state.detached {
                { "Nothing more can be asked of the dump until it is opened again. " }
                <button type="button" class="inline" id="reopen" onclick={again}>{ "Open it again" }</button>
            }
        </div>
    }
}

/// A count behind a heading.
fn count(count: usize) -> Html {
    html! { <span>{ format!(" · {}", crate::format::count(count as u64)) }</span> }
}

/// What stands where nothing has been found: that it is still to come, or that there is none.
fn absent(state: &State, coming: &'static str, none: &'static str) -> Html {
    html! { <p class="none">{ if state.reading() { coming } else { none } }</p> }
}

/// Changes something where the event asks for it.
fn on<E: 'static>(change: &Callback<Change>, what: impl Fn(E) -> Option<Change> + 'static) -> Callback<E> {
    let change = change.clone();
    Callback::from(move |event| {
        if let Some(what) = what(event) {
            change.emit(what);
        }
    })
}
