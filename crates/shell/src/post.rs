//! The way of an engine's answers to the page, and its last words.
//!
//! This module must never give the page an answer without a number: 0 is the engine's own.

use oopscope_protocol::Problem;
use serde::Serialize;
use std::cell::RefCell;
use std::panic::PanicHookInfo;
use wasm_bindgen::{JsValue, UnwrapThrowExt};

thread_local! {
    /// Where the newest engine's answers go, for the panic hook: a panic ends all engines of this module.
    static POST: RefCell<Option<js_sys::Function>> = const { RefCell::new(None) };
}

/// An answer: `{ id, event }`.
pub trait Posted: Serialize {
    /// Number of the request that is answered.
    fn id(&self) -> u64;

    /// The answer that says that something failed.
    fn failed(id: u64, problem: Problem) -> Self;

    /// What to do when the engine has died of a bug.
    fn advice() -> &'static str;
}

/// Where an engine's answers go.
pub struct Post(js_sys::Function);

impl Post {
    /// Answers go to the function `to`; so does, should the engine panic, the reason.
    pub fn new<A: Posted + 'static>(to: js_sys::Function) -> Self {
        POST.with_borrow_mut(|place| *place = Some(to.clone()));
        std::panic::set_hook(Box::new(last_words::<A>));
        Self(to)
    }

    /// Gives an answer to the page. What can't be encoded is a bug of the engine: it costs that answer.
    pub fn send<A: Posted>(&self, answer: &A) {
        post(&self.0, answer);
    }
}

fn post<A: Posted>(to: &js_sys::Function, answer: &A) {
    // A number out of a damaged dump, or a hundred days in nanoseconds, is more than JS's numbers hold: then all are `BigInt`s.
    let large = serde_wasm_bindgen::Serializer::new().serialize_large_number_types_as_bigints(true);
    let value = serde_wasm_bindgen::to_value(answer).or_else(|_| answer.serialize(&large)).or_else(|error| {
        let problem = Problem {
            code: "engine".into(),
            message: format!("The answer can't be given to the page: {error}."),
            advice: A::advice().into(),
        };
        serde_wasm_bindgen::to_value(&A::failed(answer.id(), problem))
    });
    to.call1(&JsValue::UNDEFINED, &value.unwrap_throw()).unwrap_throw();
}

/// wasm can't unwind: a panic ends the engine, and the page starts another. This tells it why.
fn last_words<A: Posted>(panic: &PanicHookInfo<'_>) {
    let problem =
        Problem { code: "engine".into(), message: format!("The engine stopped: {panic}."), advice: A::advice().into() };
    POST.with_borrow(|to| {
        if let Some(to) = to {
            post(to, &A::failed(0, problem));
        }
    });
}
