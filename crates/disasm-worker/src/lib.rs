//! The disassemblers behind wasm-bindgen: a module of its own, which `www/worker.js` loads with the first listing.
//!
//! This crate must never hold logic: it reads a question, asks, and writes the answer.

use oopscope_listing::{answer, read_question};
use wasm_bindgen::prelude::*;

/// The listing that a report's code gives. Question and answer are bytes of the crate `oopscope-listing`.
#[wasm_bindgen]
pub fn list(question: &[u8]) -> Vec<u8> {
    let found = match read_question(question) {
        Some(report) => oopscope_disasm::list(&report),
        None => Err("the engine's question could not be read".to_owned()),
    };
    answer(&found)
}
