//! The session behind wasm-bindgen: what `www/worker.js` drives in a dedicated Web Worker.
//!
//! This crate must never hold logic: it carries requests in, answers out, bytes from `File` objects, and questions to the
//! disassemblers, which are another module.

mod disassembler;
mod kept;

use disassembler::Remote;
use kept::Indexes;
use oopscope_protocol::{Event, Problem, Request};
use oopscope_session::{Answer, Input, Session};
use oopscope_shell::{BUILD_ID, Message, NamedFile, Post, Posted};
use serde::Serialize;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// The engine: takes messages, reads files, posts answers.
#[wasm_bindgen]
pub struct Engine {
    session: Session,
    disassembler: Remote,
    kept: Indexes,
    post: Post,
}

#[wasm_bindgen]
impl Engine {
    /// An engine that gives its answers, `{ id, event }`, to the function `post`.
    #[wasm_bindgen(constructor)]
    pub fn new(post: js_sys::Function) -> Self {
        let disassembler = Remote::default();
        let kept = Indexes::default();
        let session = Session::new(BUILD_ID, disassembler.clone()).keeping(Rc::new(kept.clone()));
        Self { session, disassembler, kept, post: Post::new::<Told>(post) }
    }

    /// From now on somebody asks [`Engine::kept_asks`] after each turn. Without it nothing is kept.
    pub fn keep(&self) {
        self.kept.private().serve();
    }

    /// What is to be done with the browser's private files: `{ forget, fetch, write }` (`www/keep.js`), or `undefined`.
    pub fn kept_asks(&self) -> JsValue {
        self.kept.private().asks()
    }

    /// What came of it: `{ entries, bytes, problem }`. Answers what waited for it.
    /// True when there is work for [`Engine::step`].
    pub fn kept_answers(&mut self, answer: JsValue) -> bool {
        self.kept.private().answers(&answer);
        if self.session.needs_kept() {
            let answers = self.session.resume();
            self.post(answers);
        }
        self.session.is_busy()
    }

    /// Takes a message of the page, `{ id, request, files, paths }`, and posts the answers that are ready at once.
    /// True when there is work for [`Engine::step`].
    pub fn handle(&mut self, message: JsValue) -> bool {
        match oopscope_shell::read(&message) {
            Some(Ok(Message { id, request, files })) => {
                let answers = self.session.request(id, request, files.into_iter().map(input).collect());
                self.post(answers);
            }
            Some(Err(refused)) => self.post.send(&Told::failed(refused.id, refused.problem)),
            None => {}
        }
        self.session.is_busy()
    }

    /// Does the next part of the work and posts what came of it. True when there is more to do.
    pub fn step(&mut self) -> bool {
        let answers = self.session.step();
        self.post(answers);
        self.session.is_busy()
    }

    /// True while a request waits for [`Engine::list_with`] or [`Engine::list_without`]; others are answered meanwhile.
    pub fn needs_disassembler(&self) -> bool {
        self.session.needs_disassembler()
    }

    /// The disassemblers are loaded: `list` is their function. Answers what waited for them.
    /// True when there is work for [`Engine::step`].
    pub fn list_with(&mut self, list: js_sys::Function) -> bool {
        self.disassembler.loaded(list);
        let answers = self.session.resume();
        self.post(answers);
        self.session.is_busy()
    }

    /// The disassemblers could not be loaded: what waited for them is answered with the reason in place of listings.
    /// True when there is work for [`Engine::step`].
    pub fn list_without(&mut self, why: &str) -> bool {
        let answers = self.disassembler.without(why, || self.session.resume());
        self.post(answers);
        self.session.is_busy()
    }

    /// Reads a built-in example for nobody: the first log that a person opens then meets code that the browser has
    /// compiled and optimised already. Without it the first report takes several times as long as the second.
    pub fn warm_up(&self) {
        let mut session = Session::new(BUILD_ID, self.disassembler.clone());
        let ready = session.request(0, Request::Hello, Vec::new());
        let Some(Event::Ready { examples, .. }) = ready.first().map(|answer| &answer.event) else { return };
        let Some(example) = examples.first() else { return };
        let mut answers = session.request(0, Request::OpenExample { name: example.name.clone() }, Vec::new());
        while session.is_busy() {
            answers.extend(session.step());
        }
        answers.extend(session.request(0, Request::Report { index: 0 }, Vec::new()));
        for answer in answers {
            drop(serde_wasm_bindgen::to_value(&Told(answer)));
        }
    }
}

impl Engine {
    fn post(&self, answers: Vec<Answer>) {
        for answer in answers {
            self.post.send(&Told(answer));
        }
    }
}

fn input(file: NamedFile) -> Input {
    Input { name: file.name, source: Box::new(file.source) }
}

/// An answer of the session as it is posted.
#[derive(Serialize)]
#[serde(transparent)]
struct Told(Answer);

impl Posted for Told {
    fn id(&self) -> u64 {
        self.0.id
    }

    fn failed(id: u64, problem: Problem) -> Self {
        Self(Answer { id, event: Event::Failed(problem) })
    }

    fn advice() -> &'static str {
        "This is a bug in Oopscope. Please report it, with the log if you may share it."
    }
}
