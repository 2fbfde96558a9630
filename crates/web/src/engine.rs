//! The bridge to the engine's worker: requests go out with a number, events come back by it. Must never look into
//! what it carries, and never open or keep anything: what to do when the worker ends is decided in [`crate::update`].

mod read;
mod wire;

use crate::browser::listener::Listener;
use oopscope_protocol::{Event, Request};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, File, MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::Callback;

/// A handle on the engine; clones are of the same one.
#[derive(Clone)]
pub(crate) struct Engine(Rc<Inner>);

struct Inner {
    url: String,
    died: Callback<String>,
    running: RefCell<Option<Running>>,
    waiting: RefCell<HashMap<u64, Callback<Event>>>,
    last_id: Cell<u64>,
}

struct Running {
    worker: Worker,
    _listeners: [Listener; 3],
}

impl PartialEq for Engine {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Engine {
    /// An engine that is not started yet. `died` is called whenever a worker ends by itself, with the reason.
    pub(crate) fn new(url: String, died: Callback<String>) -> Self {
        Self(Rc::new(Inner {
            url,
            died,
            running: RefCell::default(),
            waiting: RefCell::default(),
            last_id: Cell::new(0),
        }))
    }

    /// Starts a fresh worker in the place of the one there is, whose answers no longer count.
    pub(crate) fn start(&self) {
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
    pub(crate) fn end(&self, reason: &str) {
        self.stop();
        self.0.died.emit(reason.trim_end_matches('.').to_owned());
    }

    /// Asks. `reply` gets every event of the answer; without it the answer is dropped.
    pub(crate) fn send(&self, request: &Request, files: &[File], reply: Option<Callback<Event>>) {
        let id = self.0.last_id.get() + 1;
        self.0.last_id.set(id);
        let message = match wire::request(id, request, files) {
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

    fn stop(&self) {
        self.0.waiting.borrow_mut().clear();
        if let Some(running) = self.0.running.borrow_mut().take() {
            running.worker.terminate();
        }
    }

    fn received(&self, data: &JsValue) {
        let (id, event) = match wire::answer(data) {
            Ok(answer) => answer,
            Err(error) => return self.end(&format!("it gave an answer that this page does not understand ({error})")),
        };
        match event {
            // No request has the number 0: the worker says of itself that it can't go on.
            Event::Failed(problem) if id == 0 => {
                self.end(problem.message.strip_prefix("The engine stopped: ").unwrap_or(&problem.message));
            }
            Event::Progress(_) | Event::TriageProgress(_) => {
                let reply = self.0.waiting.borrow().get(&id).cloned();
                if let Some(reply) = reply {
                    reply.emit(event);
                }
            }
            last => {
                let reply = self.0.waiting.borrow_mut().remove(&id);
                if let Some(reply) = reply {
                    reply.emit(last);
                }
            }
        }
    }
}

/// What a JavaScript exception says.
pub(crate) fn words(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(
        || error.as_string().unwrap_or_else(|| "no reason given".to_owned()),
        |error| String::from(error.message()),
    )
}
