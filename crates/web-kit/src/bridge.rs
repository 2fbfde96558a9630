//! The bridge to an engine's worker: requests go out with a number, events come back by it. Must never look into
//! what it carries, and never open or keep anything: what to do when the worker ends is decided by who uses it.

use crate::browser::{self, listener::Listener};
use crate::few::Few;
use crate::num;
use crate::read::Unreadable;
use js_sys::{Array, Object, Reflect};
use oopscope_protocol::Problem;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, File, MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::Callback;

/// What is spoken over a bridge.
pub trait Protocol: 'static {
    /// What is asked.
    type Request: Serialize;
    /// What is answered.
    type Event: 'static;

    /// Reads an event by its tag, the `type` on the wire, one type at a time. The derived reading of a whole enumeration
    /// gives the same, but first copies every message into serde's own intermediate tree, which costs time on each event
    /// and a sixth of the page's size. Tests hold the tags to those of `oopscope_protocol`.
    fn read(tag: &str, event: JsValue) -> Result<Self::Event, Unreadable>;

    /// True when more events of the same answer follow.
    fn has_more(event: &Self::Event) -> bool;

    /// Why the engine can't go on, where the event says that it failed.
    fn problem(event: &Self::Event) -> Option<&Problem>;
}

/// A handle on an engine; clones are of the same one.
pub struct Engine<P: Protocol>(Rc<Inner<P>>);

struct Inner<P: Protocol> {
    url: String,
    died: Callback<String>,
    running: RefCell<Option<Running>>,
    waiting: RefCell<Few<u64, Callback<P::Event>>>,
    last_id: Cell<u64>,
}

struct Running {
    worker: Worker,
    _listeners: [Listener; 3],
}

impl<P: Protocol> Clone for Engine<P> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<P: Protocol> PartialEq for Engine<P> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<P: Protocol> Engine<P> {
    /// An engine that is not started yet. `died` is called whenever a worker ends by itself, with the reason.
    pub fn new(url: String, died: Callback<String>) -> Self {
        Self(Rc::new(Inner {
            url,
            died,
            running: RefCell::default(),
            waiting: RefCell::default(),
            last_id: Cell::new(0),
        }))
    }

    /// Starts a fresh worker in the place of the one there is, whose answers no longer count.
    pub fn start(&self) {
        self.stop();
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = match Worker::new_with_options(&self.0.url, &options) {
            Ok(worker) => worker,
            Err(error) => return self.0.died.emit(format!("the worker can't be started ({})", words(&error))),
        };
        let on_message = {
            let engine = self.clone();
            Listener::new(&worker, "message", move |event| {
                if let Some(event) = event.dyn_ref::<MessageEvent>() {
                    engine.received(&event.data());
                }
            })
        };
        let on_error = {
            let engine = self.clone();
            Listener::new(&worker, "error", move |event| {
                event.prevent_default();
                let said = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message).unwrap_or_default();
                engine.end(if said.is_empty() { "its files can't be loaded" } else { &said });
            })
        };
        let on_unreadable = {
            let engine = self.clone();
            Listener::new(&worker, "messageerror", move |_| engine.end("a message could not be read"))
        };
        let listeners = [on_message, on_error, on_unreadable];
        *self.0.running.borrow_mut() = Some(Running { worker, _listeners: listeners });
    }

    /// Ends the worker as if it had crashed: nothing that was asked is answered.
    pub fn end(&self, reason: &str) {
        self.stop();
        self.0.died.emit(reason.trim_end_matches('.').to_owned());
    }

    /// Ends the worker because it is no longer wanted.
    pub fn stop(&self) {
        self.0.waiting.borrow_mut().clear();
        if let Some(running) = self.0.running.borrow_mut().take() {
            running.worker.terminate();
        }
    }

    /// Asks. `reply` gets every event of the answer; without it the answer is dropped.
    pub fn send(&self, request: &P::Request, files: &[File], reply: Option<Callback<P::Event>>) {
        let id = self.0.last_id.get() + 1;
        self.0.last_id.set(id);
        let message = match message(id, request, files) {
            Ok(message) => message,
            Err(error) => return self.end(&format!("a request could not be encoded ({})", words(&error))),
        };
        if let Some(reply) = reply {
            self.0.waiting.borrow_mut().insert(id, reply);
        }
        let posted = match &*self.0.running.borrow() {
            Some(running) => running.worker.post_message(&message),
            None => return,
        };
        if let Err(error) = posted {
            self.end(&format!("a request could not be posted ({})", words(&error)));
        }
    }

    fn received(&self, data: &JsValue) {
        let (id, event) = match answer::<P>(data) {
            Ok(answer) => answer,
            Err(error) => return self.end(&format!("it gave an answer that this page does not understand ({error})")),
        };
        if let Some(problem) = P::problem(&event).filter(|_| id == 0) {
            // No request has the number 0: the worker says of itself that it can't go on.
            return self.end(problem.message.strip_prefix("The engine stopped: ").unwrap_or(&problem.message));
        }
        let reply = if P::has_more(&event) {
            self.0.waiting.borrow().get(&id).cloned()
        } else {
            self.0.waiting.borrow_mut().remove(&id)
        };
        if let Some(reply) = reply {
            reply.emit(event);
        }
    }
}

/// A request with its number and files, as a worker takes it.
fn message<T: Serialize>(id: u64, request: &T, files: &[File]) -> Result<JsValue, JsValue> {
    let message = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&message, &JsValue::from_str(name), value);
    set("id", &JsValue::from_f64(num::to_f64(id)))?;
    set("request", &request.serialize(&serde_wasm_bindgen::Serializer::new())?)?;
    set("files", &files.iter().collect::<Array>())?;
    if files.iter().any(|file| browser::folder_path(file).is_some()) {
        let path = |file| JsValue::from(browser::folder_path(file).unwrap_or_default());
        set("paths", &files.iter().map(path).collect::<Array>())?;
    }
    Ok(message.into())
}

/// An event with the number of its request, as a worker posts it.
fn answer<P: Protocol>(message: &JsValue) -> Result<(u64, P::Event), Unreadable> {
    let field = |of: &JsValue, name: &str| Reflect::get(of, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED);
    let id = num::to_u64(field(message, "id").as_f64().unwrap_or(0.0));
    let event = field(message, "event");
    let tag = field(&event, "type").as_string().unwrap_or_default();
    Ok((id, P::read(&tag, event)?))
}

/// What a JavaScript exception says.
pub fn words(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(
        || error.as_string().unwrap_or_else(|| "no reason given".to_owned()),
        |error| String::from(error.message()),
    )
}
