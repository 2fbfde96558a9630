//! The events of the whole window: drag and drop, paste, keys, the address. Must never take what is meant for a field or
//! a dialog.

use crate::app::{App, Msg};
use crate::browser;
use crate::browser::intake::{self, Given};
use crate::browser::listener::Listener;
use crate::engine::Engine;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ClipboardEvent, DataTransfer, DragEvent, Element, Event, EventTarget, HtmlElement, KeyboardEvent};
use yew::html::Scope;

/// Listens to all of it, for as long as what it gives is kept.
pub(crate) fn listen(link: &Scope<App>, engine: &Engine) -> Vec<Listener> {
    let mut listeners = drag_and_drop(link);
    let (window, document) = (browser::window(), browser::document());
    let given = link.callback(Msg::Given);
    listeners.push(Listener::new(&document, "paste", move |event| {
        let data = event.dyn_ref::<ClipboardEvent>().and_then(ClipboardEvent::clipboard_data);
        // A field takes text by itself, and can do nothing with a file or a picture.
        if let Some(data) = data.filter(|data| !in_field(&event) || intake::has_only_files(data)) {
            event.prevent_default();
            given.emit(intake::take(&data));
        }
    }));
    let key = link.callback(Msg::Key);
    listeners.push(Listener::new(&document, "keydown", move |event| {
        let Some(press) = event.dyn_ref::<KeyboardEvent>() else { return };
        let modified = press.ctrl_key() || press.alt_key() || press.meta_key() || press.is_composing();
        if modified || in_dialog() || press.default_prevented() {
            return;
        }
        if in_field(&event) {
            let field = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
            if let Some(field) = field.filter(|_| press.key() == "Escape") {
                // A way out of a field, after which the keys are the page's again. Fails only for what can't have the focus.
                let _ = field.blur();
            }
            return;
        }
        // What the page takes, the browser must not take too: "/" is Firefox's own search.
        if matches!(press.key().as_str(), "/" | "j" | "k" | "?") {
            event.prevent_default();
        }
        key.emit(press.key());
    }));
    let address = link.callback(|()| Msg::AddressChanged);
    listeners.push(Listener::new(&window, "hashchange", move |_| address.emit(())));
    // For tests: the engine ends as it would by a crash, between two answers.
    let engine = engine.clone();
    listeners.push(Listener::new(&window, "oopscope-kill-engine", move |_| engine.end("it was ended by a test")));
    listeners
}

/// Drag and drop over the whole window. Entering a child is told before leaving its parent, so only the leaving of the
/// element that was entered last is a leaving of the window.
fn drag_and_drop(link: &Scope<App>) -> Vec<Listener> {
    let window = browser::window();
    let last: Rc<RefCell<Option<EventTarget>>> = Rc::default();
    // Text that is dragged out of the page itself is on its way to somewhere else, and no log to open.
    let own = Rc::new(Cell::new(false));
    let own_start = {
        let own = Rc::clone(&own);
        Listener::new(&window, "dragstart", move |_| own.set(true))
    };
    let own_end = {
        let own = Rc::clone(&own);
        Listener::new(&window, "dragend", move |_| own.set(false))
    };
    let drag = link.callback(Msg::Drag);
    let enter = {
        let (last, own, drag) = (Rc::clone(&last), Rc::clone(&own), drag.clone());
        Listener::new(&window, "dragenter", move |event| {
            if own.get() && !has_files(&event) {
                return;
            }
            event.prevent_default();
            if last.replace(event.target()).is_none() {
                drag.emit(true);
            }
        })
    };
    let over = {
        let own = Rc::clone(&own);
        Listener::new(&window, "dragover", move |event| {
            if let Some(data) = transfer(&event).filter(|_| !own.get() || has_files(&event)) {
                event.prevent_default();
                data.set_drop_effect("copy");
            }
        })
    };
    let leave = {
        let (last, drag) = (Rc::clone(&last), drag.clone());
        Listener::new(&window, "dragleave", move |event| {
            if *last.borrow() == event.target() {
                last.take();
                drag.emit(false);
            }
        })
    };
    let given = link.callback(Msg::Given);
    let drop = Listener::new(&window, "drop", move |event| {
        if own.get() && !has_files(&event) {
            return;
        }
        event.prevent_default();
        last.take();
        drag.emit(false);
        given.emit(transfer(&event).map_or(Given::Nothing, |data| intake::take(&data)));
    });
    vec![own_start, own_end, enter, over, leave, drop]
}

fn transfer(event: &Event) -> Option<DataTransfer> {
    event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer)
}

fn has_files(event: &Event) -> bool {
    transfer(event).is_some_and(|data| data.types().includes(&JsValue::from_str("Files"), 0))
}

fn in_field(event: &Event) -> bool {
    event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

fn in_dialog() -> bool {
    // A selector that is no selector is the only failure.
    browser::document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some())
}
