//! This part's one stateful component: what the page, the engine and the user do becomes changes of the [`State`], what these
//! ask for is done here, and the state becomes the views. Must never decide anything: that is [`crate::update`]'s part.

use crate::engine::Engine;
use crate::state::State;
use crate::update::{Change, Effect, Purpose, Tell};
use crate::views;
use js_sys::{Array, Function};
use oopscope_protocol::VmcoreRequest;
use oopscope_web_kit::browser::{self, listener::Listener};
use wasm_bindgen::JsValue;
use yew::prelude::*;

/// How long the engine may take to see that it is to stop, in milliseconds.
const CANCEL_PATIENCE: i32 = 1000;

/// What it is started with.
#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    /// The page's version.
    pub(crate) build_id: AttrValue,
    /// Where its files are.
    pub(crate) base: AttrValue,
    /// Whom to tell.
    pub(crate) tell: Function,
}

/// What happens to it.
pub(crate) enum Msg {
    /// Something for the state.
    Change(Change),
    /// For tests: the engine ends.
    Kill,
}

/// This part of the page.
pub(crate) struct App {
    state: State,
    engine: Engine,
    _kill: Listener,
}

impl Component for App {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        // For tests: the engine ends as it would by a crash, between two answers.
        let kill = ctx.link().callback(|()| Msg::Kill);
        let died = ctx.link().callback(|reason| Msg::Change(Change::EngineDied(reason)));
        let mut app = Self {
            state: State::new(&ctx.props().build_id),
            engine: Engine::new(format!("{}vmcore-worker.js", ctx.props().base), died),
            _kill: Listener::new(&browser::window(), "oopscope-kill-dump-engine", move |_| kill.emit(())),
        };
        // It is made ready while the page waits for a dump.
        let effects = app.state.prepare();
        app.run(ctx, effects);
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Change(change) => {
                let effects = self.state.apply(change, browser::now());
                self.run(ctx, effects);
            }
            Msg::Kill => self.engine.end("it was ended by a test"),
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        views::views(&self.state, &ctx.link().callback(Msg::Change))
    }
}

impl App {
    fn run(&mut self, ctx: &Context<Self>, effects: Vec<Effect>) {
        let link = ctx.link();
        for effect in effects {
            match effect {
                Effect::Send { purpose, request, files } => {
                    let reply = link.callback(move |event| Msg::Change(Change::Answer(purpose.clone(), event)));
                    self.engine.send(&request, &files, Some(reply));
                }
                Effect::StartEngine => {
                    self.engine.start();
                    let reply = link.callback(|event| Msg::Change(Change::Answer(Purpose::Hello, event)));
                    self.engine.send(&VmcoreRequest::Hello, &[], Some(reply));
                }
                Effect::StopEngine => self.engine.stop(),
                Effect::Cancel => self.engine.send(&VmcoreRequest::Cancel, &[], None),
                Effect::WatchCancel(id) => {
                    let link = link.clone();
                    browser::after(CANCEL_PATIENCE, move || link.send_message(Msg::Change(Change::CancelOverdue(id))));
                }
                Effect::Tell(what) => tell(&ctx.props().tell, what),
                Effect::Mark(name) => browser::mark(name),
            }
        }
    }
}

/// Tells the page: four strings, the first of which names what is told (`crates/web/src/dumps.rs` listens).
pub(crate) fn tell(page: &Function, what: Tell) {
    let none = String::new;
    let strings = match what {
        Tell::Opening(name) => ["opening".to_owned(), name, none(), none()],
        Tell::Known(name, size) => ["known".to_owned(), name, size, none()],
        Tell::Opened => ["opened".to_owned(), none(), none(), none()],
        Tell::Failed(problem) => ["failed".to_owned(), problem.code, problem.message, problem.advice],
        Tell::Cancelled => ["cancelled".to_owned(), none(), none(), none()],
        Tell::Problem(problem) => ["problem".to_owned(), problem.code, problem.message, problem.advice],
        Tell::Stopped(words) => ["stopped".to_owned(), words, none(), none()],
        Tell::Log(text, name) => ["log".to_owned(), text, name, none()],
        Tell::Status(words) => ["status".to_owned(), words, none(), none()],
        Tell::Counts(tasks, modules, lines) => ["counts".to_owned(), tasks, modules, lines],
        Tell::Show(tab) => ["show".to_owned(), tab.to_owned(), none(), none()],
        Tell::Report(index) => ["report".to_owned(), index.to_string(), none(), none()],
        Tell::Copy(text) => ["copy".to_owned(), text, none(), none()],
        Tell::Save(text, name) => ["save".to_owned(), text, name, none()],
        Tell::Say(words) => ["say".to_owned(), words, none(), none()],
    };
    let strings: Array = strings.iter().map(|string| JsValue::from_str(string)).collect();
    // What the page does with it is the page's affair; it has its own way to say that it failed.
    let _ = page.apply(&JsValue::UNDEFINED, &strings);
}

/// Yew gives the roots of a page numbers and tells events by them whose they are. Two modules each count from one, and the page
/// would take an event in here for its own: so the first number is taken and thrown away.
pub(crate) fn take_a_number() {
    if let Ok(nowhere) = browser::document().create_element("div") {
        yew::Renderer::<Nobody>::with_root(nowhere).render().destroy();
    }
}

#[component]
fn Nobody() -> Html {
    Html::default()
}
