//! The events of the whole window: drag and drop, paste, keys, the address. Must never take what is meant for a field or
//! a dialog.

use crate::app::{App, Msg};
use crate::browser;
use crate::browser::intake::{self, Given};
use crate::browser::listener::Listener;
use crate::engine::Engine;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, DataTransfer, DragEvent, Element, Event, EventTarget, KeyboardEvent};
use yew::html::Scope;

/// Listens to all of it, for as long as what it gives is kept.
pub(crate) fn listen(link: &Scope<App>, engine: &Engine) -> Vec<Listener> {
    let mut listeners = drag_and_drop(link);
    let (window, document) = (browser::window(), browser::document());
    let given = link.callback(Msg::Given);
    listeners.push(Listener::new(&document, "paste", move |event| {
        if in_field(&event) {
            return;
        }
        let data = event.dyn_ref::<ClipboardEvent>().and_then(ClipboardEvent::clipboard_data);
        if let Some(data) = data {
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
    let drag = link.callback(Msg::Drag);
    let enter = {
        let (last, drag) = (Rc::clone(&last), drag.clone());
        Listener::new(&window, "dragenter", move |event| {
            event.prevent_default();
            if last.replace(event.target()).is_none() {
                drag.emit(true);
            }
        })
    };
    let over = Listener::new(&window, "dragover", |event| {
        event.prevent_default();
        if let Some(data) = transfer(&event) {
            data.set_drop_effect("copy");
        }
    });
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
        event.prevent_default();
        last.take();
        drag.emit(false);
        given.emit(transfer(&event).map_or(Given::Nothing, |data| intake::take(&data)));
    });
    vec![enter, over, leave, drop]
}

fn transfer(event: &Event) -> Option<DataTransfer> {
    event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer)
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
