//! What the page has requested, as the browser itself recorded it, and what the content security policy refused.
//! Must never leave an entry out: beyond the limit they are counted.

use super::listener::Listener;
use super::{document, now, window};
use js_sys::Array;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    PerformanceObserver, PerformanceObserverEntryList, PerformanceObserverInit, PerformanceResourceTiming,
    SecurityPolicyViolationEvent,
};
use yew::Callback;

/// Requests that are listed one by one.
const MAX_LISTED: usize = 500;

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Its address.
    pub(crate) url: String,
    /// What asked for it: `script`, `fetch`, `link` …
    pub(crate) initiator: String,
    /// When, in milliseconds since the page began.
    pub(crate) at: f64,
    /// Bytes that came over the network; 0 when it came out of a cache.
    pub(crate) transferred: f64,
    /// True when it was made after the page had loaded.
    pub(crate) late: bool,
}

/// All of it so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Requests {
    /// The requests in order.
    pub(crate) entries: Vec<Entry>,
    /// How many were made in all.
    pub(crate) total: u64,
    /// How many of them after the page had loaded.
    pub(crate) late: u64,
    /// How many of them went to another origin.
    pub(crate) foreign: u64,
    /// What the policy refused: directive and address.
    pub(crate) refused: Vec<(String, String)>,
    /// False where the browser does not tell its requests.
    pub(crate) told: bool,
}

/// The browser's observer, and what it calls.
type Observer = (PerformanceObserver, Closure<dyn FnMut(PerformanceObserverEntryList)>);

/// Watches from the moment it is made, and sees what was requested before.
pub(crate) struct Watch {
    seen: Rc<RefCell<Requests>>,
    loaded: Rc<Cell<Option<f64>>>,
    _violations: Listener,
    _observer: Option<Observer>,
}

impl Watch {
    /// Begins to watch. `changed` is called after every change.
    pub(crate) fn new(changed: Callback<()>) -> Self {
        let seen = Rc::new(RefCell::new(Requests::default()));
        let loaded = Rc::new(Cell::new(None::<f64>));
        let violations = {
            let (seen, changed) = (Rc::clone(&seen), changed.clone());
            Listener::new(&document(), "securitypolicyviolation", move |event| {
                if let Some(event) = event.dyn_ref::<SecurityPolicyViolationEvent>() {
                    let mut seen = seen.borrow_mut();
                    if seen.refused.len() < MAX_LISTED {
                        seen.refused.push((event.effective_directive(), event.blocked_uri()));
                    }
                }
                changed.emit(());
            })
        };
        let observer = observe(&seen, &loaded, changed);
        seen.borrow_mut().told = observer.is_some();
        Self { seen, loaded, _violations: violations, _observer: observer }
    }

    /// From now on the page has loaded: what is requested later is counted as such.
    pub(crate) fn page_has_loaded(&self) {
        if self.loaded.get().is_none() {
            self.loaded.set(Some(now()));
        }
    }

    /// What was seen so far.
    pub(crate) fn seen(&self) -> Requests {
        self.seen.borrow().clone()
    }
}

fn observe(seen: &Rc<RefCell<Requests>>, loaded: &Rc<Cell<Option<f64>>>, changed: Callback<()>) -> Option<Observer> {
    let origin = window().location().origin().unwrap_or_default();
    let (seen, loaded) = (Rc::clone(seen), Rc::clone(loaded));
    let closure = Closure::<dyn FnMut(PerformanceObserverEntryList)>::new(move |list: PerformanceObserverEntryList| {
        {
            let mut seen = seen.borrow_mut();
            for entry in list.get_entries().iter() {
                let Ok(entry) = entry.dyn_into::<PerformanceResourceTiming>() else { continue };
                let late = loaded.get().is_some_and(|loaded| entry.start_time() > loaded);
                // A blob: or data: address is part of the page and touches no network.
                if entry.name().starts_with("blob:") || entry.name().starts_with("data:") {
                    continue;
                }
                seen.total += 1;
                seen.late += u64::from(late);
                seen.foreign += u64::from(!entry.name().starts_with(&origin));
                if seen.entries.len() < MAX_LISTED {
                    seen.entries.push(Entry {
                        url: entry.name(),
                        initiator: entry.initiator_type(),
                        at: entry.start_time(),
                        transferred: entry.transfer_size(),
                        late,
                    });
                }
            }
        }
        changed.emit(());
    });
    let observer = PerformanceObserver::new(closure.as_ref().unchecked_ref()).ok()?;
    let options = PerformanceObserverInit::new(&Array::new());
    // `type` with `buffered` gives what was requested before, too; it excludes `entryTypes`, which the constructor sets.
    js_sys::Reflect::delete_property(&options, &JsValue::from_str("entryTypes")).ok()?;
    js_sys::Reflect::set(&options, &JsValue::from_str("type"), &JsValue::from_str("resource")).ok()?;
    options.set_buffered(true);
    observer.observe(&options);
    Some((observer, closure))
}
