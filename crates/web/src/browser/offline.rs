//! The service worker as the page sees it: whether everything works offline, whether an update waits, and the
//! change to it. Must never activate an update by itself: that ends what is open in this and in other tabs.
//!
//! The contract is told at the top of `www/sw.js`; `www/boot.js` registers the worker.

use super::listener::Listener;
use super::window;
use js_sys::futures::{JsFuture, spawn_local};
use js_sys::{Object, Reflect};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{ServiceWorkerContainer, ServiceWorkerRegistration};
use yew::Callback;

/// What the service worker has ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offline {
    /// Everything is in the cache of this build.
    pub(crate) ready: bool,
    /// A newer build is in the cache and waits.
    pub(crate) update: bool,
}

/// Watches the service worker.
pub(crate) struct Watch {
    registration: Rc<RefCell<Option<ServiceWorkerRegistration>>>,
    listeners: Rc<RefCell<Vec<Listener>>>,
}

impl Watch {
    /// Begins to watch; `changed` gets every new state. Quiet where there are no service workers (plain http).
    pub(crate) fn new(changed: Callback<Offline>) -> Self {
        let watch = Self { registration: Rc::default(), listeners: Rc::default() };
        let Some(container) = container() else { return watch };
        let tell = {
            let (registration, container) = (Rc::clone(&watch.registration), container.clone());
            Callback::from(move |()| {
                let registration = registration.borrow();
                changed.emit(Offline {
                    ready: container.controller().is_some(),
                    // Without a controller the waiting worker is the page's own build, about to be the first one.
                    update: container.controller().is_some()
                        && registration.as_ref().is_some_and(|registration| registration.waiting().is_some()),
                });
            })
        };
        let on_change = tell.clone();
        watch.listeners.borrow_mut().push(Listener::new(&container, "controllerchange", move |_| on_change.emit(())));
        let (slot, listeners) = (Rc::clone(&watch.registration), Rc::clone(&watch.listeners));
        spawn_local(async move {
            let Ok(ready) = container.ready() else { return };
            let Ok(registration) = JsFuture::from(ready).await else { return };
            let registration: ServiceWorkerRegistration = registration.unchecked_into();
            let follow = {
                let (tell, listeners) = (tell.clone(), Rc::clone(&listeners));
                let registration = registration.clone();
                move || {
                    if let Some(installing) = registration.installing() {
                        let tell = tell.clone();
                        let on_state = Listener::new(&installing, "statechange", move |_| tell.emit(()));
                        listeners.borrow_mut().push(on_state);
                    }
                }
            };
            // An update may have been found before the page began to watch.
            follow();
            listeners.borrow_mut().push(Listener::new(&registration, "updatefound", move |_| follow()));
            *slot.borrow_mut() = Some(registration);
            tell.emit(());
        });
        watch
    }

    /// Goes over to the build that waits: the page is loaded anew as soon as it has taken over.
    pub(crate) fn update(&self) {
        let Some(container) = container() else { return };
        let Some(waiting) = self.registration.borrow().as_ref().and_then(ServiceWorkerRegistration::waiting) else {
            return;
        };
        self.listeners.borrow_mut().push(Listener::new(&container, "controllerchange", |_| {
            // The only failure is a page that is being left already.
            let _ = window().location().reload();
        }));
        let message = Object::new();
        if Reflect::set(&message, &"type".into(), &"activate".into()).is_ok() {
            // A worker that has gone away in the meantime means that the update has been taken elsewhere.
            let _ = waiting.post_message(&message);
        }
    }
}

fn container() -> Option<ServiceWorkerContainer> {
    let navigator = window().navigator();
    Reflect::get(&navigator, &"serviceWorker".into()).ok().filter(|value| !value.is_undefined())?.dyn_into().ok()
}
