//! The share dialog: exactly what a link would hold, with each redaction shown and switchable, before anything is
//! copied. Must never put an original that is redacted into the text that is copied or saved.

use super::modal::Modal;
use crate::browser::{self, address, clipboard};
use crate::format;
use crate::state::{Dialog, Sharing};
use crate::update::Change;
use js_sys::futures::spawn_local;
use oopscope_protocol::{Piece, Shared};
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// What is shared.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// The dialog's state.
    pub(crate) sharing: Rc<Sharing>,
    /// Where to tell what the user did.
    pub(crate) change: Callback<Change>,
}

/// Characters beyond which mail programs and chats are known to cut a link.
const LONG: u64 = 8000;

type Copied = UseStateHandle<Option<String>>;

/// The dialog.
#[component]
pub(crate) fn ShareDialog(props: &Props) -> Html {
    // The fragment that was copied: the button says so until the text changes.
    let copied = use_state(|| None::<String>);
    let body = match (&props.sharing.shared, &props.sharing.problem) {
        (_, Some(problem)) => html! { <p role="alert">{ &problem.message }{ " " }{ &problem.advice }</p> },
        (Some(shared), None) => shared_view(shared, props.sharing.pending, &copied, &props.change),
        (None, None) => html! { <p>{ "Preparing the text…" }</p> },
    };
    html! { <Modal title="Share this report as a link" id="share-dialog" change={props.change.clone()}>{ body }</Modal> }
}

fn shared_view(shared: &Rc<Shared>, pending: bool, copied: &Copied, change: &Callback<Change>) -> Html {
    html! {
        <>
            <p>{ "The link holds the text below, compressed, after its #. A browser never sends that part to a server; \
                  whoever has the link can read it." }</p>
            { switches(shared, change) }
            { verdict(shared, pending, copied, change) }
            <pre id="share-preview" class="preview" tabindex="0" aria-label="What the link holds">
                { for shared.pieces.iter().map(piece) }
            </pre>
        </>
    }
}

fn switches(shared: &Rc<Shared>, change: &Callback<Change>) -> Html {
    let boxes = shared.redactions.iter().map(|redaction| {
        let toggle = {
            let (shared, name, change) = (Rc::clone(shared), redaction.name.clone(), change.clone());
            Callback::from(move |event: Event| {
                let on = event.target_dyn_into::<HtmlInputElement>().is_some_and(|input| input.checked());
                let kept = shared.redactions.iter().filter(|other| other.on && other.name != name);
                let mut names: Vec<String> = kept.map(|other| other.name.clone()).collect();
                if on {
                    names.push(name.clone());
                }
                change.emit(Change::ShareWith(names));
            })
        };
        html! {
            <label class={(redaction.found == 0).then_some("dim")}>
                <input type="checkbox" name={redaction.name.clone()} checked={redaction.on} onchange={toggle} />
                { &redaction.label }{ " " }<b>{ redaction.found }</b>
            </label>
        }
    });
    html! { <fieldset class="switches"><legend>{ "Taken out" }</legend>{ for boxes }</fieldset> }
}

fn verdict(shared: &Rc<Shared>, pending: bool, copied: &Copied, change: &Callback<Change>) -> Html {
    let save = {
        let (shared, change) = (Rc::clone(shared), change.clone());
        Callback::from(move |_: MouseEvent| {
            let text: String = shared.pieces.iter().map(|piece| piece.text.as_str()).collect();
            if browser::save::save(&shared.file_name, &text).is_err() {
                change.emit(Change::Say("The browser refused the download.".to_owned()));
            }
        })
    };
    let save = html! {
        <button type="button" id="share-save" disabled={pending} onclick={save}>{ format!("Save as {}", shared.file_name) }</button>
    };
    let Some(fragment) = &shared.fragment else {
        return html! {
            <div class="verdict-row" role="status">
                <p><strong>{ "Too long for a link" }</strong>
                    { format!(" ({} characters). Save the text instead and send the file: dropped on this page it opens \
                       the same report.", format::count(shared.length)) }</p>
                <p class="buttons">{ save }</p>
            </div>
        };
    };
    let copy = {
        let (fragment, change, copied) = (fragment.clone(), change.clone(), copied.clone());
        Callback::from(move |_: MouseEvent| {
            let (fragment, change, copied) = (fragment.clone(), change.clone(), copied.clone());
            spawn_local(async move {
                let link = address::with_fragment(&fragment);
                if clipboard::copy(&link).await {
                    address::show(&fragment);
                    copied.set(Some(fragment));
                    change.emit(Change::Say("Link copied.".to_owned()));
                } else {
                    change.emit(Change::Dialog(Some(Dialog::CopyByHand(Rc::from(link)))));
                }
            });
        })
    };
    let length = address::with_fragment(fragment).len() as u64;
    let long =
        (length > LONG).then_some(" Some mail programs and chats cut links this long: send the file to be sure.");
    html! {
        <div class="verdict-row" role="status">
            <p>{ format!("The link has {} characters.", format::count(length)) }{ long }</p>
            <p class="buttons">
                <button type="button" id="share-copy" class="main" disabled={pending} onclick={copy}>
                    { if copied.as_ref() == Some(fragment) { "Link copied" } else { "Copy link" } }
                </button>
                { save }
            </p>
        </div>
    }
}

fn piece(piece: &Piece) -> Html {
    match &piece.original {
        Some(original) => {
            html! { <mark class="redacted" title={format!("taken out: {original}")}>{ &piece.text }</mark> }
        }
        None => html! { { &piece.text } },
    }
}
