//! The session behind wasm-bindgen: what `www/worker.js` drives in a dedicated Web Worker.
//!
//! This crate must never hold logic: it carries requests in, answers out, and bytes from `File` objects.

mod file;
mod message;

use message::Message;
use oopscope_protocol::{Event, Problem, Request};
use oopscope_session::{Answer, Session};
use std::cell::RefCell;
use std::panic::PanicHookInfo;
use wasm_bindgen::prelude::*;

/// The build that this engine belongs to: the page must be of the same.
const BUILD_ID: &str = match option_env!("OOPSCOPE_BUILD_ID") {
    Some(id) => id,
    None => "dev",
};

thread_local! {
    /// Where the newest engine's answers go, for the panic hook: a panic ends all engines of this module.
    static POST: RefCell<Option<js_sys::Function>> = const { RefCell::new(None) };
}

/// The engine: takes messages, reads files, posts answers.
#[wasm_bindgen]
pub struct Engine {
    session: Session,
    post: js_sys::Function,
}

#[wasm_bindgen]
impl Engine {
    /// An engine that gives its answers, `{ id, event }`, to the function `post`.
    #[wasm_bindgen(constructor)]
    pub fn new(post: js_sys::Function) -> Self {
        POST.with_borrow_mut(|place| *place = Some(post.clone()));
        std::panic::set_hook(Box::new(last_words));
        Self { session: Session::new(BUILD_ID), post }
    }

    /// Takes a message of the page, `{ id, request, files }`, and posts the answers that are ready at once.
    /// True when there is work for [`Engine::step`].
    pub fn handle(&mut self, message: JsValue) -> bool {
        match message::read(message) {
            Some(Ok(Message { id, request, inputs })) => {
                let answers = self.session.request(id, request, inputs);
                self.post(&answers);
            }
            Some(Err(answer)) => self.post(&[answer]),
            None => {}
        }
        self.session.is_busy()
    }

    /// Does the next part of the work and posts what came of it. True when there is more to do.
    pub fn step(&mut self) -> bool {
        let answers = self.session.step();
        self.post(&answers);
        self.session.is_busy()
    }

    /// Reads a built-in example for nobody: the first log that a person opens then meets code that the browser has
    /// compiled and optimised already. Without it the first report takes several times as long as the second.
    pub fn warm_up(&self) {
        let mut session = Session::new(BUILD_ID);
        let ready = session.request(0, Request::Hello, Vec::new());
        let Some(Event::Ready { examples, .. }) = ready.first().map(|answer| &answer.event) else { return };
        let Some(example) = examples.first() else { return };
        let mut answers = session.request(0, Request::OpenExample { name: example.name.clone() }, Vec::new());
        while session.is_busy() {
            answers.extend(session.step());
        }
        answers.extend(session.request(0, Request::Report { index: 0 }, Vec::new()));
        for answer in &answers {
            drop(serde_wasm_bindgen::to_value(answer));
        }
    }
}

impl Engine {
    fn post(&self, answers: &[Answer]) {
        for answer in answers {
            post(&self.post, answer);
        }
    }
}

/// Gives an answer to the page. What can't be encoded or posted is a bug of the engine, and ends it.
fn post(to: &js_sys::Function, answer: &Answer) {
    let value = serde_wasm_bindgen::to_value(answer).unwrap_throw();
    to.call1(&JsValue::UNDEFINED, &value).unwrap_throw();
}

/// wasm can't unwind: a panic ends the engine, and the page starts another. This tells it why.
fn last_words(panic: &PanicHookInfo<'_>) {
    let problem = Problem {
        code: "engine".into(),
        message: format!("The engine stopped: {panic}."),
        advice: "This is a bug in Oopscope. Please report it, with the log if you may share it.".into(),
    };
    POST.with_borrow(|to| {
        if let Some(to) = to {
            post(to, &Answer { id: 0, event: Event::Failed(problem) });
        }
    });
}
