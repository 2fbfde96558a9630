//! The small dialogs: keys, requests, copying by hand, and the question before an update. Must never say more of the
//! page's privacy than the browser has told.

use super::modal::Modal;
use crate::browser::requests::Requests;
use crate::format;
use crate::keyboard::KEYS;
use crate::update::Change;
use std::rc::Rc;
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

/// The list of keys.
pub(crate) fn help(change: &Callback<Change>) -> Html {
    let keys = KEYS.iter().map(|(keys, meaning)| {
        html! { <tr><th scope="row"><kbd>{ *keys }</kbd></th><td>{ *meaning }</td></tr> }
    });
    html! {
        <Modal title="Keys" id="help-dialog" change={change.clone()}>
            <table class="keys"><tbody>{ for keys }</tbody></table>
            <p class="dim">{ "Keys do nothing while you type in a field. Drop or paste a log anywhere, at any time." }</p>
        </Modal>
    }
}

/// What the page has requested.
pub(crate) fn requests(requests: &Requests, change: &Callback<Change>) -> Html {
    let rows = requests.entries.iter().map(|entry| {
        let size = if entry.transferred > 0.0 {
            format::bytes(crate::num::to_u64(entry.transferred))
        } else {
            "from a cache".to_owned()
        };
        html! {
            <tr class={entry.late.then_some("late")}>
                <td class="num">{ format::duration(entry.at) }</td>
                <td>{ &entry.initiator }</td>
                <td class="num">{ size }</td>
                <td class="url">{ &entry.url }</td>
            </tr>
        }
    });
    let refused = requests.refused.iter().map(|(directive, url)| {
        html! { <li><code>{ directive }</code>{ " refused " }<code>{ url }</code></li> }
    });
    let left_out = requests.total.saturating_sub(requests.entries.len() as u64);
    html! {
        <Modal title="Requests of this page" id="requests-dialog" change={change.clone()}>
            if requests.told {
                <p>{ format!(
                    "{} in all, {} since the page had loaded, {} to another origin. The browser counts them, not Oopscope.",
                    format::counted(requests.total, "request"), format::count(requests.late), format::count(requests.foreign),
                ) }</p>
            } else {
                <p>{ "This browser does not tell a page its requests. Look at its developer tools: Network." }</p>
            }
            <div class="scroll-x" role="region" aria-label="Requests" tabindex="0">
                <table class="requests">
                    <thead><tr><th>{ "After" }</th><th>{ "By" }</th><th>{ "Size" }</th><th>{ "Address" }</th></tr></thead>
                    <tbody>{ for rows }</tbody>
                </table>
            </div>
            if left_out > 0 { <p>{ format!("{} more are not listed.", format::count(left_out)) }</p> }
            <h3>{ "Refused by the content security policy" }</h3>
            if requests.refused.is_empty() { <p>{ "None." }</p> } else { <ul>{ for refused }</ul> }
            <h3>{ "Check it yourself" }</h3>
            <ul class="plain">
                <li>{ "The page's policy allows connections to its own origin only (connect-src 'self'), and forbids \
                       every form target and frame. The browser enforces it, for the page and for its worker." }</li>
                <li>{ "Two things this list cannot show: the worker's request for its own code, and the service worker \
                       that stores the page for offline use. Your browser's developer tools show both, under Network." }</li>
                <li>{ "Or disconnect, and then drop the log: everything works offline." }</li>
            </ul>
        </Modal>
    }
}

/// What of a text must be known to copy it by hand.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct CopyProps {
    /// The text.
    pub(crate) text: Rc<str>,
    /// Where to tell what the user did.
    pub(crate) change: Callback<Change>,
}

/// A text that the clipboard would not take: selected, so that the user's own Ctrl+C does.
#[component]
pub(crate) fn CopyByHand(props: &CopyProps) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with(Rc::clone(&props.text), move |text| {
            if let Some(area) = node.cast::<HtmlTextAreaElement>() {
                area.set_value(text);
                area.select();
            }
        });
    }
    html! {
        <Modal title="Copy by hand" id="copy-dialog" change={props.change.clone()}>
            <p>{ "The browser refused the clipboard (it does on pages without https). The text is selected: press Ctrl+C." }</p>
            <textarea ref={node} readonly=true rows="16" aria-label="Text to copy" />
        </Modal>
    }
}

/// The question before an update that would lose something.
pub(crate) fn confirm_update(name: &str, change: &Callback<Change>, update: Callback<()>) -> Html {
    html! {
        <Modal title="Reload for the update?" id="update-dialog" change={change.clone()}>
            <p>{ format!("{name} is open, and this browser cannot open it again by itself after the reload. \
                 You would have to drop or paste it again.") }</p>
            <p class="buttons">
                <button type="button" class="main" onclick={update.reform(|_: MouseEvent| ())}>{ "Reload now" }</button>
                <button type="button" onclick={change.reform(|_: MouseEvent| Change::Dialog(None))}>{ "Not now" }</button>
            </p>
        </Modal>
    }
}
