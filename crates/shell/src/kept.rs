//! What engines keep in the browser's private files (OPFS) between two visits: indexes of files of symbols.
//!
//! Those files can be reached only by waiting, and an engine can't wait: `www/keep.js` fetches what may be wanted before it is
//! asked for, and writes what was made after it has been. Must never be needed: where there are no private files everything
//! is made anew.

use js_sys::{Array, Object, Reflect, Uint8Array};
use oopscope_dwarf::Store;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};

/// Bytes that are held for the engine or for being written. An index of a vmlinux has some 10 MB.
const HELD: usize = 96 << 20;

/// Before the bytes of each entry, with their sum: a tab that was closed while it wrote leaves half of one.
const MARK: &[u8; 8] = b"oopskept";
const HEAD: usize = 16;

/// Entries by name, some of them fetched, some of them to be written. Clones are the same.
#[derive(Clone, Default)]
pub struct Private(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    /// Whether there is somebody who fetches and writes.
    is_served: bool,
    /// Fetched, or made and not written yet.
    entries: BTreeMap<String, Vec<u8>>,
    /// What was fetched: all entries with these build-ids.
    fetched: BTreeSet<String>,
    /// What is to be fetched.
    wanted: BTreeSet<String>,
    /// Names of entries that are to be written.
    fresh: BTreeSet<String>,
    /// All that is kept is to be thrown away.
    forget: bool,
    /// How much is kept, and why nothing can be.
    bytes: Option<u64>,
    problem: Option<String>,
}

impl Private {
    /// From now on there is somebody who asks [`Self::asks`] after each turn.
    pub fn serve(&self) {
        self.0.borrow_mut().is_served = true;
    }

    /// Whether what is kept for files with these build-ids is here; it is asked for otherwise.
    pub fn is_ready(&self, build_ids: &[String]) -> bool {
        let mut state = self.0.borrow_mut();
        if !state.is_served || state.problem.is_some() {
            return true;
        }
        let missing: Vec<_> = build_ids.iter().filter(|id| !state.fetched.contains(*id)).cloned().collect();
        state.wanted.extend(missing);
        state.wanted.is_empty()
    }

    /// What was fetched is not needed any more; it is fetched again when it is.
    pub fn release(&self) {
        let mut state = self.0.borrow_mut();
        let state = &mut *state;
        state.entries.retain(|name, _| state.fresh.contains(name));
        state.fetched.clear();
    }

    /// All that is kept is to be thrown away.
    pub fn forget(&self) {
        let mut state = self.0.borrow_mut();
        state.entries.clear();
        state.fresh.clear();
        state.fetched.clear();
        state.forget = state.is_served;
        if state.bytes.is_some() {
            state.bytes = Some(0);
        }
    }

    /// How much is kept, and why nothing can be.
    pub fn kept(&self) -> (Option<u64>, Option<String>) {
        let state = self.0.borrow();
        (state.bytes, state.problem.clone())
    }

    /// What is to be done with the private files: `{ forget, fetch: [build-id], write: [[name, bytes]] }`, or `undefined`.
    /// It is done in this order.
    pub fn asks(&self) -> JsValue {
        let mut state = self.0.borrow_mut();
        let state = &mut *state;
        if !state.is_served || (!state.forget && state.wanted.is_empty() && state.fresh.is_empty()) {
            return JsValue::UNDEFINED;
        }
        let fetch: Array = state.wanted.iter().map(|id| JsValue::from_str(id)).collect();
        let write = Array::new();
        for name in std::mem::take(&mut state.fresh) {
            if let Some(bytes) = state.entries.remove(&name) {
                write.push(&Array::of2(&JsValue::from_str(&name), &Uint8Array::from(&sealed(&bytes)[..])));
            }
        }
        let asks = Object::new();
        let set = |name: &str, value: &JsValue| Reflect::set(&asks, &JsValue::from_str(name), value).is_ok();
        let forget = JsValue::from_bool(std::mem::take(&mut state.forget));
        let all = [set("forget", &forget), set("fetch", &fetch), set("write", &write)];
        debug_assert!(all.iter().all(|set| *set));
        asks.into()
    }

    /// It was done: `{ entries: [[name, bytes]], bytes, problem }`, of which all may be absent. What was wanted has come, or
    /// won't come.
    pub fn answers(&self, answer: &JsValue) {
        let field = |name: &str| Reflect::get(answer, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED);
        let mut state = self.0.borrow_mut();
        let wanted = std::mem::take(&mut state.wanted);
        state.fetched.extend(wanted);
        let mut held = state.entries.values().map(Vec::len).sum::<usize>();
        for entry in field("entries").dyn_into::<Array>().unwrap_or_default().iter() {
            let Ok(entry) = entry.dyn_into::<Array>() else { continue };
            let (name, bytes) = (entry.get(0).as_string(), entry.get(1).dyn_into::<Uint8Array>());
            let (Some(name), Ok(bytes)) = (name, bytes) else { continue };
            held = held.saturating_add(bytes.length() as usize);
            if held > HELD {
                break;
            }
            if let Some(bytes) = opened(bytes.to_vec()) {
                state.entries.insert(name, bytes);
            }
        }
        if let Ok(bytes) = serde_wasm_bindgen::from_value::<u64>(field("bytes")) {
            state.bytes = Some(bytes);
        }
        if let Some(problem) = field("problem").as_string() {
            state.problem = Some(problem);
        }
    }
}

impl Store for Private {
    fn get(&self, name: &str) -> Option<Vec<u8>> {
        let mut state = self.0.borrow_mut();
        if state.fresh.contains(name) { state.entries.get(name).cloned() } else { state.entries.remove(name) }
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let mut state = self.0.borrow_mut();
        let held = state.entries.values().map(Vec::len).sum::<usize>();
        if state.is_served && state.problem.is_none() && held.saturating_add(bytes.len()) <= HELD {
            state.entries.insert(name.to_owned(), bytes.to_vec());
            state.fresh.insert(name.to_owned());
        }
    }
}

/// Bytes as they are written: behind their mark and sum.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + bytes.len());
    out.extend_from_slice(MARK);
    out.extend_from_slice(&sum(bytes).to_le_bytes());
    out.extend_from_slice(bytes);
    out
}

/// What was written so, if it is whole.
fn opened(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let wanted = bytes.get(..HEAD).filter(|head| head.starts_with(MARK))?.last_chunk::<8>().copied()?;
    let body = bytes.split_off(HEAD);
    (sum(&body).to_le_bytes() == wanted).then_some(body)
}

/// FNV-1a over words of eight bytes, with the length (draft-eastlake-fnv, section 2): finds what was cut, not what was forged.
fn sum(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    let start = 0xcbf2_9ce4_8422_2325 ^ bytes.len() as u64;
    bytes.chunks(8).fold(start, |sum, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (sum ^ u64::from_le_bytes(word)).wrapping_mul(PRIME)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_is_not_believed() {
        let whole = sealed(b"an index of debug information");
        assert_eq!(opened(whole.clone()).as_deref(), Some(&b"an index of debug information"[..]));
        for cut in 0..whole.len() {
            assert_eq!(opened(whole[..cut].to_vec()), None, "{cut}");
        }
        let mut zeros = whole.clone();
        let end = zeros.len();
        zeros[end - 9..].fill(0);
        assert_eq!(opened(zeros), None);
    }

    #[test]
    fn where_nobody_fetches_nothing_is_waited_for() {
        let kept = Private::default();
        kept.put("index-00ff", b"x");
        assert!(kept.is_ready(&["00ff".to_owned()]));
        assert_eq!(kept.get("index-00ff"), None);
        kept.serve();
        assert!(!kept.is_ready(&["00ff".to_owned()]), "it is fetched first");
        kept.put("index-00ff", b"x");
        assert_eq!(kept.get("index-00ff").as_deref(), Some(&b"x"[..]));
        kept.forget();
        assert_eq!(kept.get("index-00ff"), None);
    }
}
