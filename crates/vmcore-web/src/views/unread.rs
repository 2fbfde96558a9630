//! What could not be read, with the reason. Must never leave anything out.

use oopscope_report::vmcore::Unread;
use yew::prelude::*;

/// Rows of what could not be read; nothing where all could.
pub(crate) fn unread(what: &[Unread]) -> Html {
    if what.is_empty() {
        return Html::default();
    }
    let rows = what.iter().map(|unread| {
        html! { <li><strong>{ &unread.what }</strong>{ " — " }{ &unread.why }</li> }
    });
    html! {
        <div class="unread">
            <p>{ "Could not be read:" }</p>
            <ul>{ for rows }</ul>
        </div>
    }
}

/// What of one row could not be read, in words.
pub(crate) fn of_row(what: &[String]) -> Html {
    if what.is_empty() {
        Html::default()
    } else {
        html! { <small class="why">{ what.join("; ") }</small> }
    }
}
