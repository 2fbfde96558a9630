//! The disassemblers, which are a WebAssembly module of their own: asked through a function of JS.
//!
//! This module must never let their end be the engine's: what they don't answer becomes the reason why there is no
//! listing.

use js_sys::{Function, Uint8Array};
use oopscope_listing::{question, read_answer};
use oopscope_report::{Listing, Report};
use oopscope_session::Disassembler;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};

/// Where the other module's function is, once it has been loaded.
#[derive(Clone, Default)]
pub(crate) struct Remote(Rc<RefCell<State>>);

#[derive(Default)]
enum State {
    /// Not loaded, or ended: it is loaded when the next report needs it.
    #[default]
    Absent,
    Loaded(Function),
    /// Could not be loaded, for this reason.
    Failed(String),
}

impl Remote {
    /// It is there.
    pub(crate) fn loaded(&self, list: Function) {
        self.0.replace(State::Loaded(list));
    }

    /// Runs `work` with the reason why there are no listings; what comes later may ask for the module again.
    pub(crate) fn without<T>(&self, why: &str, work: impl FnOnce() -> T) -> T {
        let problem = format!("the disassembler could not be loaded ({why}); opening the log again tries that again");
        self.0.replace(State::Failed(problem));
        let result = work();
        self.0.replace(State::Absent);
        result
    }

    fn ask(list: &Function, report: &Report) -> Result<Vec<u8>, JsValue> {
        let asked = Uint8Array::from(&question(report)[..]);
        let answer = list.call1(&JsValue::UNDEFINED, &asked)?.dyn_into::<Uint8Array>()?;
        Ok(answer.to_vec())
    }
}

impl Disassembler for Remote {
    fn list(&self, report: &Report) -> Option<Result<Listing, String>> {
        let asked = match &*self.0.borrow() {
            State::Absent => return None,
            State::Failed(problem) => return Some(Err(problem.clone())),
            State::Loaded(list) => Self::ask(list, report),
        };
        let ended = match asked {
            Ok(answer) => match read_answer(&answer) {
                Some(found) => return Some(found),
                None => "its answer is damaged".to_owned(),
            },
            Err(error) => words(error),
        };
        // An instance that has failed once can't be trusted.
        self.0.replace(State::Absent);
        Some(Err(format!("the disassembler stopped ({ended}); please report this as a bug, with the log")))
    }
}

fn words(error: JsValue) -> String {
    error
        .dyn_into::<js_sys::Error>()
        .map_or_else(|_| "without a word".to_owned(), |error| String::from(error.message()))
}
