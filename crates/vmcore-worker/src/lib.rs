//! The session over a dump behind wasm-bindgen: what `www/vmcore-worker.js` drives in a dedicated Web Worker of its own,
//! loaded ahead of the first dump.
//!
//! This crate must never hold logic: it carries requests in, answers out, and bytes from `File` objects.

use oopscope_dump::Part;
use oopscope_protocol::{Problem, VmcoreEvent, VmcoreRequest};
use oopscope_shell::{BUILD_ID, Message, NamedFile, Post, Posted};
use oopscope_vmcore::{Answer, Session};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// The engine: takes messages, reads files, posts answers.
#[wasm_bindgen]
pub struct Engine {
    session: Session,
    post: Post,
}

#[wasm_bindgen]
impl Engine {
    /// An engine that gives its answers, `{ id, event }`, to the function `post`.
    #[wasm_bindgen(constructor)]
    pub fn new(post: js_sys::Function) -> Self {
        Self { session: Session::new(BUILD_ID), post: Post::new::<Told>(post) }
    }

    /// Takes a message of the page, `{ id, request, files }`, and posts the answers that are ready at once.
    /// True when there is work for [`Engine::step`].
    pub fn handle(&mut self, message: JsValue) -> bool {
        match oopscope_shell::read(&message) {
            Some(Ok(Message { id, request, files })) => self.ask(id, request, files),
            Some(Err(refused)) => self.post.send(&Told::failed(refused.id, refused.problem)),
            None => {}
        }
        self.session.is_busy()
    }

    /// Does the next part of the work; what comes of it is posted as soon as it is there. True when there is more to do.
    pub fn step(&mut self) -> bool {
        self.session.step(&mut |answer| self.post.send(&Told(answer)));
        self.session.is_busy()
    }
}

impl Engine {
    fn ask(&mut self, id: u64, request: VmcoreRequest, files: Vec<NamedFile>) {
        // The request has the names with their paths, where there are such.
        let names = match &request {
            VmcoreRequest::Open { names } => names.clone(),
            _ => Vec::new(),
        };
        let mut names = names.into_iter();
        let part = |file: NamedFile| Part { name: names.next().unwrap_or(file.name), bytes: Box::new(file.source) };
        let parts = files.into_iter().map(part).collect();
        self.session.request(id, request, parts, &mut |answer| self.post.send(&Told(answer)));
    }
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
        Self(Answer { id, event: VmcoreEvent::Failed(problem) })
    }

    fn advice() -> &'static str {
        "This is a bug in Oopscope. Please report it, with the kernel's release and the dump's format."
    }
}
