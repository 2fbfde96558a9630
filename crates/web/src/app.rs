//! The page's one stateful component: browser events become changes of the [`State`], what these ask for is done here,
//! and the state becomes the view. Must never decide anything: that is [`crate::update`]'s part.

use crate::browser::intake::{self, Given};
use crate::browser::listener::Listener;
use crate::browser::offline::{self, Offline};
use crate::browser::{self, address, clipboard, folder, image, recent, requests, save, setting};
use crate::components::log_view::LogView;
use crate::components::opening_panel::opening_panel;
use crate::components::report_list::ReportList;
use crate::components::report_view::ReportView;
use crate::components::share::ShareDialog;
use crate::components::start::{self, Start};
use crate::components::{dialogs, header, messages, stack, status_bar, symbols, triage};
use crate::dumps::{self, Ask, Dumps};
use crate::engine::{self, Engine};
use crate::input;
use crate::keyboard::{Command, Keyboard};
use crate::many;
use crate::source_link;
use crate::state::{Dialog, OpenLog, Source, State, View};
use crate::update::{Change, Effect, Purpose, modified, too_many};
use js_sys::futures::spawn_local;
use oopscope_protocol::{Format, MAX_SYMBOL_FILES, MAX_TRIAGE_FILES, Problem, Request, TriageFile};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{File, FileSystemEntry, FileSystemFileHandle, HtmlElement, HtmlInputElement};
use yew::prelude::*;

/// How long the engine may take to see that it is to stop, in milliseconds.
const CANCEL_PATIENCE: i32 = 1000;

/// The most files whose handles are kept, to open them again later.
const MAX_KEPT: usize = 64;

/// How long a word on what the user has done is shown, in milliseconds.
const SHOWN_FOR: i32 = 4000;

/// What the page is started with.
#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    /// The page's version.
    pub(crate) build_id: AttrValue,
    /// Where its files are.
    pub(crate) base: AttrValue,
    /// Loads the part for dumps.
    pub(crate) dumps: js_sys::Function,
    /// Fetches the example of a dump.
    pub(crate) example: js_sys::Function,
}

/// What the browser tells.
pub(crate) enum Msg {
    /// Something for the state.
    Change(Change),
    /// Dropped or pasted.
    Given(Given),
    /// Chosen by an input field.
    Chosen(Vec<File>),
    /// Files as the engine reads them, with their paths.
    Files(Paths),
    /// What a dropped folder holds.
    Found(String, folder::Found),
    /// Chosen, or handed over, by handles.
    Handles(Vec<FileSystemFileHandle>),
    /// The handles of what is open are kept.
    Kept(Vec<FileSystemFileHandle>),
    /// The handles that were kept before.
    Recent(Vec<FileSystemFileHandle>),
    /// The user wants the file picker.
    OpenFile,
    /// The user wants the picker of folders.
    OpenFolder,
    /// The user wants to give files of symbols, or a folder of them.
    AddSymbols {
        /// Which.
        folder: bool,
    },
    /// The user wants the last files.
    OpenRecent,
    /// Something is being dragged over the page, or no longer.
    Drag(bool),
    /// A key outside of fields.
    Key(String),
    /// The address has another fragment.
    AddressChanged,
    /// Another request was made.
    Requested,
    /// The service worker has news.
    Offline(Offline),
    /// The part for dumps is there.
    Dumps(Dumps),
    /// The user wants the example of a dump.
    ExampleDump,
    /// The user wants the update.
    Update { confirmed: bool },
}

/// Files with their paths.
type Paths = Vec<(String, File)>;

/// The page.
pub(crate) struct App {
    state: State,
    engine: Engine,
    keyboard: Keyboard,
    requests: requests::Watch,
    offline: offline::Watch,
    offline_now: Offline,
    recent: Vec<FileSystemFileHandle>,
    dragging: bool,
    /// The part for dumps: where it is mounted, its handle, what it is to be asked as soon as it is there; nothing of the last
    /// before the first dump.
    dumps_root: NodeRef,
    dumps: Option<Dumps>,
    dumps_asked: Option<Vec<Ask>>,
    /// The view that it shows.
    dumps_tab: &'static str,
    file_input: NodeRef,
    folder_input: NodeRef,
    /// What is chosen next is files of symbols.
    adding: bool,
    focus_next: Option<&'static str>,
    interactive: bool,
    /// The epoch whose first rendering was marked.
    marked: u32,
    _listeners: Vec<Listener>,
}

impl Component for App {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let link = ctx.link();
        let died = link.callback(|reason| Msg::Change(Change::EngineDied(reason)));
        let engine = Engine::new(format!("{}worker.js", ctx.props().base), died);
        intake::on_launch(link.callback(Msg::Handles));
        let recent = link.callback(Msg::Recent);
        spawn_local(async move { recent.emit(recent::kept().await) });
        let mut app = Self {
            state: State::new(&ctx.props().build_id),
            keyboard: Keyboard::default(),
            requests: requests::Watch::new(link.callback(|()| Msg::Requested)),
            offline: offline::Watch::new(link.callback(Msg::Offline)),
            offline_now: Offline::default(),
            recent: Vec::new(),
            dragging: false,
            dumps_root: NodeRef::default(),
            dumps: None,
            dumps_asked: None,
            dumps_tab: "",
            file_input: NodeRef::default(),
            folder_input: NodeRef::default(),
            adding: false,
            focus_next: None,
            interactive: false,
            marked: 0,
            _listeners: input::listen(link, &engine),
            engine,
        };
        app.state.source_link = setting::get(source_link::SETTING).unwrap_or_default().into();
        app.run(ctx, vec![Effect::StartEngine]);
        app.address_changed(ctx);
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Change(change) => self.change(ctx, change),
            Msg::Given(given) => self.given(ctx, given),
            Msg::Chosen(files) => self.take(ctx, files.into_iter().map(|file| (intake::path(&file), file)).collect()),
            Msg::Files(files) => self.open_files(ctx, files, false),
            Msg::Found(name, found) => self.found(ctx, name, found),
            Msg::Handles(handles) => Self::open_handles(ctx, handles),
            Msg::Kept(handles) => {
                self.recent = handles;
                self.change(ctx, Change::Kept(handles_name(&self.recent)));
            }
            Msg::Recent(handles) => self.recent = handles,
            Msg::OpenFile => self.pick(ctx),
            Msg::OpenFolder => self.pick_folder(),
            Msg::AddSymbols { folder } => {
                self.adding = true;
                click(if folder { &self.folder_input } else { &self.file_input });
                return false;
            }
            Msg::OpenRecent => Self::open_handles(ctx, self.recent.clone()),
            Msg::Drag(over) => self.dragging = over,
            Msg::Key(key) => return self.key(ctx, &key),
            Msg::AddressChanged => self.address_changed(ctx),
            Msg::Requested => {}
            Msg::Offline(offline) => self.offline_now = offline,
            Msg::Dumps(dumps) => self.dumps_loaded(ctx, dumps),
            Msg::ExampleDump => self.example_dump(ctx),
            Msg::Update { confirmed } => self.update_page(ctx, confirmed),
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let change = link.callback(Msg::Change);
        let open_file = link.callback(|()| Msg::OpenFile);
        let state = &self.state;
        let on_files = link.batch_callback(|event: Event| {
            let input = event.target_dyn_into::<HtmlInputElement>()?;
            let files = intake::list_files(&input.files()?);
            // Otherwise choosing the same file again would be no change.
            input.set_value("");
            (!files.is_empty()).then_some(Msg::Chosen(files))
        });
        let skip = Callback::from(|event: MouseEvent| {
            // The fragment of the address is a permalink's place.
            event.prevent_default();
            browser::focus("main");
        });
        html! {
            <>
                <a class="skip" href="#main" onclick={skip}>{ "Skip to the content" }</a>
                { header::header(state, &change, open_file.clone()) }
                <main id="main" tabindex="-1">
                    { messages::messages(state, &change) }
                    { for state.opening.iter().filter(|opening| !matches!(opening.source, Source::DumpLog { .. }))
                        .map(|opening| opening_panel(opening, &change)) }
                    { symbols::progress(&self.state.symbols, &change) }
                    <div id="dump" ref={self.dumps_root.clone()}></div>
                    { self.content(ctx, &change, open_file) }
                <input id="file" ref={self.file_input.clone()} type="file" multiple=true tabindex="-1" class="unseen"
                    aria-label="Log files" onchange={on_files.clone()} />
                <input id="folder" ref={self.folder_input.clone()} type="file" webkitdirectory=true tabindex="-1" class="unseen"
                    aria-label="Folder of logs" onchange={on_files} />
                </main>
                { status_bar::status_bar(state, &self.requests.seen(), self.offline_now, &change,
                    link.callback(|()| Msg::Update { confirmed: false })) }
                <div class="unseen" role="status" aria-live="polite" id="said">{ &state.said }</div>
                { self.dialog(ctx, &change) }
                if let Some((_, words)) = &state.flash { <p class="flash" aria-hidden="true">{ words }</p> }
                if self.dragging { <div class="drop-here" aria-hidden="true"><p>{ "Drop to read it" }</p></div> }
            </>
        }
    }

    fn rendered(&mut self, _ctx: &Context<Self>, _first: bool) {
        let body = browser::document().body();
        if let Some(body) = body {
            let data = body.dataset();
            // Names without a hyphen before a lower-case letter can't be refused.
            let _ = data.set("state", self.state.word());
            let _ = data.set("engine", self.state.engine_word());
        }
        if let Some(id) = self.focus_next.take() {
            browser::focus(id);
        }
        if !self.interactive && self.state.engine == crate::state::EngineStatus::Ready {
            self.interactive = true;
            self.requests.page_has_loaded();
            browser::mark("oopscope-interactive");
        }
        let shown = self.state.open.as_ref().filter(|open| open.report().is_some() || open.summary.reports.is_empty());
        if let Some(open) = shown
            && self.marked != open.epoch
        {
            self.marked = open.epoch;
            browser::mark("oopscope-rendered");
        }
        browser::document().set_title(&self.title());
    }
}

impl App {
    fn change(&mut self, ctx: &Context<Self>, change: Change) {
        if matches!(change, Change::Open(_) | Change::Files { .. }) {
            browser::mark("oopscope-drop");
        }
        if matches!(change, Change::NoDumps(_)) {
            // The next dump tries again.
            self.dumps_asked = None;
        }
        let effects = self.state.apply(change, browser::now());
        self.run(ctx, effects);
        let tab = match self.state.view {
            // What is not on the page yet can't take the focus.
            View::Dump("log") if self.focus_next.is_some() => "find",
            View::Dump(tab) => tab,
            _ => "",
        };
        if self.dumps_tab != tab && self.dumps_asked.is_some() {
            self.dumps_tab = tab;
            self.ask_dumps(ctx, Ask::Show(tab));
        }
    }

    /// Asks the part for dumps, which is loaded with the first question.
    fn ask_dumps(&mut self, ctx: &Context<Self>, ask: Ask) {
        if let Some(dumps) = &self.dumps {
            return dumps.ask(&ask);
        }
        if let Some(asked) = &mut self.dumps_asked {
            return asked.push(ask);
        }
        let Some(root) = self.dumps_root.get().and_then(|node| node.dyn_into().ok()) else { return };
        self.dumps_asked = Some(vec![ask]);
        let promise = dumps::load(&ctx.props().dumps, &root, ctx.link().callback(Msg::Change));
        settle(ctx, promise, |part| match part {
            Ok(part) => Msg::Dumps(part.unchecked_into()),
            Err(words) => Msg::Change(Change::NoDumps(words)),
        });
    }

    fn dumps_loaded(&mut self, ctx: &Context<Self>, dumps: Dumps) {
        self.dumps = Some(dumps);
        for ask in self.dumps_asked.replace(Vec::new()).into_iter().flatten() {
            self.ask_dumps(ctx, ask);
        }
    }

    fn example_dump(&mut self, ctx: &Context<Self>) {
        self.change(ctx, Change::Looking(Some("Loading the example…".to_owned())));
        settle(ctx, ctx.props().example.call0(&JsValue::UNDEFINED), |file| match file {
            Ok(file) => Msg::Chosen(vec![file.unchecked_into()]),
            Err(words) => Msg::Change(Change::Refuse(Problem {
                code: "read".to_owned(),
                message: format!("The example can't be loaded: {words}."),
                advice: "It needs the network.".to_owned(),
            })),
        });
    }

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
                    self.engine.send(&Request::Hello, &[], Some(reply));
                }
                Effect::Cancel => self.engine.send(&Request::Cancel, &[], None),
                Effect::WatchCancel(id) => later(ctx, CANCEL_PATIENCE, Change::CancelOverdue(id)),
                Effect::Unsay(serial) => later(ctx, SHOWN_FOR, Change::Unsay(serial)),
                Effect::Dumps(ask) => self.ask_dumps(ctx, ask),
                Effect::ClearAddress => address::clear(),
                Effect::CopyText(text) => {
                    let change = link.callback(Msg::Change);
                    spawn_local(async move {
                        if clipboard::copy(&text).await {
                            change.emit(Change::Say("Copied.".to_owned()));
                        } else {
                            change.emit(Change::Dialog(Some(Dialog::CopyByHand(Rc::from(text)))));
                        }
                    });
                }
                Effect::SaveFile { name, text } => {
                    let words = match save::save(&name, &text) {
                        Ok(()) => format!("{name} is in your downloads."),
                        Err(error) => format!("The browser refused the download ({}).", engine::words(&error)),
                    };
                    link.send_message(Msg::Change(Change::Say(words)));
                }
            }
        }
    }

    fn given(&mut self, ctx: &Context<Self>, given: Given) {
        match given {
            Given::Nothing => {}
            Given::Text(text) => self.change(ctx, Change::Open(Source::Text(Rc::from(text)))),
            Given::Folders(entries) => self.look_through(ctx, entries),
            Given::Files(files, promises) => {
                let count = files.len();
                self.take(ctx, files.into_iter().map(|file| (file.name(), file)).collect());
                if count > MAX_KEPT {
                    return;
                }
                let kept = ctx.link().callback(Msg::Kept);
                spawn_local(async move {
                    let handles = intake::handles(promises).await;
                    if handles.len() == count && recent::keep(&handles).await {
                        kept.emit(handles);
                    }
                });
            }
        }
    }

    /// Takes files that came in: pictures that only the browser can read are made readable first.
    fn take(&mut self, ctx: &Context<Self>, files: Paths) {
        if !files.iter().any(|(_, file)| image::needs_browser(&file.type_())) {
            return self.open_files(ctx, files, false);
        }
        let link = ctx.link().clone();
        spawn_local(async move {
            let (paths, files): (Vec<_>, Vec<_>) = files.into_iter().unzip();
            let files = image::readable(files).await;
            link.send_message(Msg::Files(paths.into_iter().zip(files).collect()));
        });
    }

    fn open_files(&mut self, ctx: &Context<Self>, mut files: Paths, more: bool) {
        if std::mem::take(&mut self.adding) {
            let files = files.into_iter().map(|(_, file)| file).collect();
            return self.change(ctx, Change::Symbols(files));
        }
        let note = too_many(files.len(), more);
        if files.iter().any(|(path, _)| path.contains('/')) {
            // Browsers give the files of a folder in any order.
            files.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        }
        let folder = files.first().and_then(|(path, _)| path.split_once('/')).map(|(folder, _)| folder.to_owned());
        let (paths, files): (Vec<_>, Vec<_>) =
            files.into_iter().map(|(path, file)| (TriageFile { path, modified: modified(&file) }, file)).unzip();
        self.change(ctx, Change::Files { files, paths, folder, note });
    }

    fn look_through(&mut self, ctx: &Context<Self>, entries: Vec<FileSystemEntry>) {
        let name = entries.first().map(FileSystemEntry::name).unwrap_or_default();
        self.change(ctx, Change::Looking(Some(format!("Looking through {name}…"))));
        let link = ctx.link().clone();
        let told = {
            let name = name.clone();
            link.callback(move |count: usize| {
                let count = crate::format::counted(count as u64, "file");
                Msg::Change(Change::Looking(Some(format!("Looking through {name}… {count} so far"))))
            })
        };
        spawn_local(async move {
            let found = folder::files(entries, most_of_folder(), told).await;
            link.send_message(Msg::Found(name, found));
        });
    }

    fn found(&mut self, ctx: &Context<Self>, name: String, found: folder::Found) {
        if found.files.is_empty() {
            let message = if found.refused > 0 {
                format!("The browser was not allowed to read {name}.")
            } else {
                format!("{name} holds no files.")
            };
            let advice = "Drop the folder that holds the logs, or the log files themselves.".to_owned();
            return self.change(ctx, Change::Refuse(Problem { code: "directory".to_owned(), message, advice }));
        }
        self.open_files(ctx, found.files, found.more);
    }

    fn open_handles(ctx: &Context<Self>, handles: Vec<FileSystemFileHandle>) {
        if handles.is_empty() {
            return;
        }
        let link = ctx.link().clone();
        spawn_local(async move {
            match recent::files(&handles).await {
                Ok(files) => {
                    link.send_message(Msg::Chosen(files));
                    if recent::keep(&handles).await {
                        link.send_message(Msg::Kept(handles));
                    }
                }
                Err(error) => link.send_message(Msg::Change(Change::Refuse(Problem {
                    code: "read".to_owned(),
                    message: format!("{} cannot be opened: {}.", handles_name(&handles), engine::words(&error)),
                    advice: "If it was moved or deleted, drop it again from where it is now.".to_owned(),
                }))),
            }
        });
    }

    fn pick(&mut self, ctx: &Context<Self>) {
        self.adding = false;
        match intake::picker() {
            Some(promise) => {
                let picked = ctx.link().callback(Msg::Handles);
                spawn_local(async move { picked.emit(intake::picked(promise).await) });
            }
            None => click(&self.file_input),
        }
    }

    fn pick_folder(&mut self) {
        self.adding = false;
        click(&self.folder_input);
    }

    fn address_changed(&mut self, ctx: &Context<Self>) {
        let change = match address::fragment() {
            Some(fragment) => Change::Open(Source::Link(Rc::from(fragment))),
            None => Change::AddressEmptied,
        };
        self.change(ctx, change);
    }

    fn update_page(&mut self, ctx: &Context<Self>, confirmed: bool) {
        let lost = self.state.open.as_ref().is_some_and(|open| !open.source.survives_reload())
            || self.state.dump.as_ref().is_some_and(|dump| !dump.kept)
            || self.state.many.is_some();
        if lost && !confirmed {
            self.change(ctx, Change::Dialog(Some(Dialog::ConfirmUpdate)));
        } else {
            self.offline.update();
        }
    }

    fn key(&mut self, ctx: &Context<Self>, key: &str) -> bool {
        let arrow = matches!(key, "ArrowDown" | "ArrowUp");
        if arrow && !stack::has_focus() {
            return false;
        }
        let Some(command) = self.keyboard.press(key) else { return false };
        let change = match command {
            Command::NextFrame => Change::StepFrame(1),
            Command::PreviousFrame => Change::StepFrame(-1),
            Command::NextReport => Change::StepReport(1),
            Command::PreviousReport => Change::StepReport(-1),
            Command::ViewReport => Change::Show(View::Report),
            Command::ViewLog => Change::Show(View::Log),
            Command::ViewTriage => Change::Show(View::Triage),
            Command::ViewDump(tab) => Change::Show(View::Dump(tab)),
            Command::ViewStart => Change::Show(View::Start),
            Command::Search => {
                self.focus_next = Some("find");
                Change::Show(View::Log)
            }
            Command::Copy => Change::Copy(Format::Text),
            Command::Share => Change::Share,
            Command::OpenFile => {
                self.pick(ctx);
                return false;
            }
            Command::OpenFolder => {
                self.pick_folder();
                return false;
            }
            Command::Help => Change::Dialog(Some(Dialog::Help)),
            Command::Dismiss => Change::Dismiss,
        };
        self.change(ctx, change);
        true
    }

    fn title(&self) -> String {
        match (&self.state.open, &self.state.many) {
            (_, Some(many)) if self.state.view == View::Triage => format!("{} — Oopscope", many.name),
            _ if matches!(self.state.view, View::Dump(_)) => {
                let name = self.state.dump.as_ref().map(|dump| dump.name.as_str());
                format!("{} — Oopscope", name.unwrap_or_default())
            }
            (Some(open), _) if self.state.view != View::Start => {
                let title = open.summary.reports.get(open.current as usize).map(|report| report.title.clone());
                format!("{} — Oopscope", title.unwrap_or_else(|| open.name()))
            }
            _ => "Oopscope — read a kernel crash".to_owned(),
        }
    }

    fn content(&self, ctx: &Context<Self>, change: &Callback<Change>, open_file: Callback<()>) -> Html {
        let link = ctx.link();
        if let Some(many) = self.state.many.as_ref().filter(|_| self.state.view == View::Triage) {
            return triage::view(many, browser::now(), change);
        }
        let opening =
            self.state.opening.is_some() || self.state.dump.as_ref().is_some_and(|dump| dump.opening && !dump.known);
        match &self.state.open {
            _ if matches!(self.state.view, View::Dump(_)) => Html::default(),
            Some(open) if self.state.view == View::Log => self.log(open, change),
            Some(open) if self.state.view == View::Report => self.report(open, change),
            None if opening => Html::default(),
            _ => {
                let (examples, ready, open) = start::Props::of(&self.state);
                let recent = (!self.recent.is_empty()).then(|| AttrValue::from(handles_name(&self.recent)));
                html! {
                    <Start {examples} {ready} {open} dump={self.state.known_dump().is_some()} open_dump={link.callback(|()| Msg::ExampleDump)} {recent} {open_file} open_folder={link.callback(|()| Msg::OpenFolder)} open_recent={link.callback(|()| Msg::OpenRecent)}
                        show_requests={change.reform(|()| Change::Dialog(Some(Dialog::Requests)))} change={change.clone()} />
                }
            }
        }
    }

    fn log(&self, open: &OpenLog, change: &Callback<Change>) -> Html {
        html! {
            <LogView summary={open.summary.clone()} engine={self.engine.clone()} epoch={open.epoch}
                start={open.summary.reports.get(open.current as usize).map_or(1, |report| report.first_line)}
                selection={open.selection} change={change.clone()} />
        }
    }

    fn report(&self, open: &OpenLog, change: &Callback<Change>) -> Html {
        if open.summary.reports.is_empty() {
            return self.log(open, change);
        }
        let report = open.report().map(|report| {
            html! {
                <ReportView key={open.current} report={report.clone()} index={open.current} summary={open.summary.clone()}
                    engine={self.engine.clone()} epoch={open.epoch} selection={open.selection}
                    folds={Rc::clone(&open.folds)} sources={Rc::clone(&open.sources)} symbols={self.state.symbols.told.clone()} source_link={Rc::clone(&self.state.source_link)}
                    change={change.clone()} />
            }
        });
        html! {
            <>
                if open.summary.reports.len() > 1 {
                    <ReportList summary={open.summary.clone()} current={open.current} change={change.clone()} />
                }
                { report.unwrap_or_else(|| html! { <p class="none">{ "Reading the report…" }</p> }) }
            </>
        }
    }

    fn dialog(&self, ctx: &Context<Self>, change: &Callback<Change>) -> Html {
        match &self.state.dialog {
            None => Html::default(),
            Some(Dialog::Help) => dialogs::help(change),
            Some(Dialog::Symbols) => symbols::dialog(
                &self.state.symbols,
                &self.state.source_link,
                change,
                &ctx.link().callback(|folder| Msg::AddSymbols { folder }),
            ),
            Some(Dialog::Requests) => dialogs::requests(&self.requests.seen(), change),
            Some(Dialog::Share(sharing)) => {
                html! { <ShareDialog sharing={Rc::clone(sharing)} change={change.clone()} /> }
            }
            Some(Dialog::CopyByHand(text)) => {
                html! { <dialogs::CopyByHand text={Rc::clone(text)} change={change.clone()} /> }
            }
            Some(Dialog::ConfirmUpdate) => {
                let open = self.state.open.as_ref().filter(|open| !open.source.survives_reload()).map(OpenLog::name);
                let many = self.state.many.as_ref().map(|many| many.name.to_string());
                let dump = self.state.dump.as_ref().map(|dump| dump.name.clone());
                let name = dump.or(open).or(many).unwrap_or_default();
                dialogs::confirm_update(&name, change, ctx.link().callback(|()| Msg::Update { confirmed: true }))
            }
        }
    }
}

/// Says how many files of a folder are taken: a tree of source has more than there are logs to triage.
fn most_of_folder() -> impl FnMut(&str) -> usize {
    let mut tally = many::Tally::default();
    move |path| {
        tally.add(path);
        if tally.are_symbols() { MAX_SYMBOL_FILES } else { MAX_TRIAGE_FILES }
    }
}

/// Opens an input's picker.
fn click(input: &NodeRef) {
    if let Some(input) = input.cast::<HtmlElement>() {
        input.click();
    }
}

/// Sends what came of a promise.
fn settle(ctx: &Context<App>, promise: Result<JsValue, JsValue>, message: fn(Result<JsValue, String>) -> Msg) {
    let link = ctx.link().clone();
    spawn_local(async move { link.send_message(message(dumps::settled(promise).await)) });
}

/// Makes a change after some milliseconds.
fn later(ctx: &Context<App>, milliseconds: i32, change: Change) {
    let link = ctx.link().clone();
    browser::after(milliseconds, move || link.send_message(Msg::Change(change)));
}

fn handles_name(handles: &[FileSystemFileHandle]) -> String {
    match handles {
        [] => String::new(),
        [handle] => handle.name(),
        [handle, rest @ ..] => format!("{} and {} more", handle.name(), rest.len()),
    }
}
