//! A dialog: the browser's own, which keeps the focus inside, closes on Esc and gives the focus back. Must always be
//! closed before it is taken away, or the focus is lost.

use crate::browser::listener::Listener;
use crate::update::Change;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

/// What is in it.
#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    /// Its heading.
    pub(crate) title: AttrValue,
    /// The element's id.
    pub(crate) id: &'static str,
    /// Where to tell that it was closed.
    pub(crate) change: Callback<Change>,
    /// What is shown.
    pub(crate) children: Html,
}

/// The dialog.
#[component]
pub(crate) fn Modal(props: &Props) -> Html {
    let node = use_node_ref();
    {
        let (node, change) = (node.clone(), props.change.clone());
        use_effect_with((), move |()| {
            let dialog = node.cast::<HtmlDialogElement>();
            let on_close = dialog.as_ref().map(|dialog| {
                // A dialog that is open already can't be opened again, and needs not be.
                let _ = dialog.show_modal();
                Listener::new(dialog, "close", move |_| change.emit(Change::Dialog(None)))
            });
            move || {
                drop(on_close);
                if let Some(dialog) = dialog.filter(HtmlDialogElement::open) {
                    dialog.close();
                }
            }
        });
    }
    let close = {
        let node = node.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(dialog) = node.cast::<HtmlDialogElement>() {
                dialog.close();
            }
        })
    };
    let heading = format!("{}-heading", props.id);
    html! {
        <dialog ref={node} id={props.id} aria-labelledby={heading.clone()}>
            <div class="dialog-head">
                <h2 id={heading}>{ &props.title }</h2>
                <button type="button" class="close" onclick={close}>{ "Close" }</button>
            </div>
            <div class="dialog-body" tabindex="0">{ props.children.clone() }</div>
        </dialog>
    }
}
