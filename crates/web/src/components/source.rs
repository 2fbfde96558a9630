//! The source around a frame: its lines where a file of it was given, a link where the user has named a source browser, and
//! otherwise how to get either. Must never fetch anything, nor show a line without saying out of which file it is.

use super::symbols::sentence;
use crate::source_link;
use crate::state::OpenSource;
use oopscope_protocol::SourcePlace;
use yew::prelude::*;

/// The row below a frame that is opened.
pub(super) fn row(source: &OpenSource, template: &str) -> Html {
    let inside = match &source.place {
        None => html! { <p class="why">{ "Looking for it…" }</p> },
        Some(place) => html! { <>{ lines(place) }{ about(place, template) }</> },
    };
    // With a key, as the frame has one: otherwise the frame would be made anew, and lose the focus.
    html! { <tr key="source" class="source-row"><td class="nr"></td><td colspan="2">{ inside }</td></tr> }
}

fn lines(place: &SourcePlace) -> Html {
    if place.lines.is_empty() {
        return Html::default();
    }
    let rows = place.lines.iter().zip(place.first..).map(|(text, number)| {
        let marked = number == place.line;
        html! {
            <div class={marked.then_some("here")} aria-current={marked.then_some("true")}><i>{ number }</i>{ text }</div>
        }
    });
    html! {
        <div class="source" role="region" tabindex="0" aria-label={format!("{} around line {}", place.path, place.line)}>
            <code>{ for rows }</code>
        </div>
    }
}

fn about(place: &SourcePlace, template: &str) -> Html {
    let file = place.file.as_ref().map(|file| html! { <>{ "Out of " }<code>{ file }</code>{ ". " }</> });
    let link = match source_link::link(template, place) {
        Ok(href) => html! {
            <a {href} target="_blank" rel="noopener noreferrer">{ format!("{}:{} in your source browser", place.path, place.line) }</a>
        },
        Err(_) if template.is_empty() && place.lines.is_empty() => {
            html! { { "Or name a source browser under Symbols, and this place becomes a link." } }
        }
        Err(_) if template.is_empty() => Html::default(),
        Err(why) => html! { { format!("No link: {why}") } },
    };
    html! { <p class="why">{ file }{ place.note.as_ref().map(|note| format!("{} ", sentence(note))) }{ link }</p> }
}
