//! The start page: every way in. Must never offer a way that this browser does not have.

use crate::state::{EngineStatus, Source, State, View};
use crate::update::Change;
use std::rc::Rc;
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

/// What the start page shows.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// The built-in examples.
    pub(crate) examples: Rc<Vec<oopscope_protocol::Example>>,
    /// True once the engine answers.
    pub(crate) ready: bool,
    /// What is open, by name.
    pub(crate) open: Option<AttrValue>,
    /// True when that is a dump.
    pub(crate) dump: bool,
    /// Opens the example of a dump.
    pub(crate) open_dump: Callback<()>,
    /// The last files, by name, where the browser keeps their handles.
    pub(crate) recent: Option<AttrValue>,
    /// Opens the file picker.
    pub(crate) open_file: Callback<()>,
    /// Opens the picker of folders.
    pub(crate) open_folder: Callback<()>,
    /// Opens the last files again.
    pub(crate) open_recent: Callback<()>,
    /// Shows the requests.
    pub(crate) show_requests: Callback<()>,
    /// Where to tell what the user did.
    pub(crate) change: Callback<Change>,
}

impl Props {
    /// The part of the page's state that the start page shows.
    pub(crate) fn of(state: &State) -> (Rc<Vec<oopscope_protocol::Example>>, bool, Option<AttrValue>) {
        let open = state.open.as_ref().map(|open| AttrValue::from(open.name()));
        let dump = state.known_dump().map(|dump| AttrValue::from(dump.name.clone()));
        (Rc::clone(&state.examples), state.engine == EngineStatus::Ready, dump.or(open))
    }
}

/// The start page.
#[component]
pub(crate) fn Start(props: &Props) -> Html {
    let back = if props.dump { View::Dump("overview") } else { View::Report };
    let paste = use_node_ref();
    let open_paste = {
        let (paste, change) = (paste.clone(), props.change.clone());
        Callback::from(move |_: MouseEvent| {
            let text = paste.cast::<HtmlTextAreaElement>().map(|area| area.value()).unwrap_or_default();
            change.emit(Change::Open(Source::Text(Rc::from(text))));
        })
    };
    let examples = props.examples.iter().map(|example| {
        let source = Source::Example(example.clone());
        let onclick = props.change.reform(move |_: MouseEvent| Change::Open(source.clone()));
        html! {
            <li><button type="button" class="example" data-example={example.name.clone()} {onclick}>
                <code>{ &example.name }</code><span>{ &example.title }</span>
            </button></li>
        }
    });
    html! {
        <div class="start">
            if let Some(name) = &props.open {
                <p class="note plain">
                    { format!("{name} is still open. ") }
                    <button type="button" class="inline" onclick={props.change.reform(move |_: MouseEvent| Change::Show(back))}>{ "Back to it" }</button>
                </p>
            }
            <h1>{ "Drop a kernel log or a vmcore anywhere on this page" }</h1>
            <p class="lead">{ "Oopscope finds every Oops, BUG, WARNING and panic in it and says what happened, in which context, and which line proves it." }</p>
            <p class="buttons">
                <button type="button" class="main" onclick={props.open_file.reform(|_: MouseEvent| ())}>{ "Choose files…" }</button>
                <button type="button" id="open-folder" onclick={props.open_folder.reform(|_: MouseEvent| ())}>{ "Choose a folder…" }</button>
                if let Some(name) = &props.recent {
                    <button type="button" id="open-recent" onclick={props.open_recent.reform(|_: MouseEvent| ())}>{ format!("Open {name} again") }</button>
                }
            </p>
            <div class="two">
                <section>
                    <h2><label for="paste">{ "Or paste it" }</label></h2>
                    <div class="pad">
                        <textarea id="paste" ref={paste} rows="9" spellcheck="false" autocomplete="off"
                            placeholder="dmesg, journalctl -k, a serial console's capture, or a mail that quotes one" />
                        <p class="buttons">
                            <button type="button" id="paste-open" onclick={open_paste}>{ "Read this text" }</button>
                            <span class="dim">{ "Ctrl+V outside the box works too." }</span>
                        </p>
                    </div>
                </section>
                <section>
                    <h2>{ "Or look at a real crash" }</h2>
                    if props.examples.is_empty() {
                        <p class="none">{ if props.ready { "This build carries no examples." } else { "The engine is being loaded…" } }</p>
                    } else {
                        <ul class="examples">{ for examples }</ul>
                    }
                    if let Some(size) = example_dump() {
                        <p class="pad"><button type="button" id="example-dump" onclick={props.open_dump.reform(|_: MouseEvent| ())}>
                            { format!("Load an example vmcore ({size}) from this site") }
                        </button></p>
                    }
                </section>
            </div>
            <section class="what">
                <h2>{ "What can be opened" }</h2>
                <ul class="plain pad">
                    <li>{ "Kernel logs as text: dmesg, journalctl -k, netconsole, syslog, a serial console's capture with its escape codes; any size, read in pieces. Packed ones (gzip, xz, zstd) as they are." }</li>
                    <li>{ "The records of a pstore (EFI, ramoops, ERST): drop all of them together, in any order. A few other files dropped together are read as one log, too." }</li>
                    <li>{ "A folder, or many logs: each is read by itself, and the reports are grouped by signature." }</li>
                    <li>{ "A photo or a screenshot of the QR code of a panic, dropped or pasted; or its link, pasted here or into the address bar." }</li>
                    <li>{ "A link made with Share, pasted into the address bar." }</li>
                    <li>{ "Memory dumps of any size: ELF, kdump (flattened or split, too), LiME, AVML, raw." }</li>
                    <li>{ "With either, or afterwards, for source lines: vmlinux, modules, System.map, /proc/kallsyms, a debug package's folder, the kernel's source." }</li>
                </ul>
            </section>
            <p class="privacy">
                { "Nothing you drop leaves this machine. Check it: " }
                <button type="button" class="inline" onclick={props.show_requests.reform(|_: MouseEvent| ())}>{ "every request this page has made" }</button>
                { ", or disconnect first. It works offline." }
            </p>
        </div>
    }
}

/// Size of the example of a dump, for people, where the build has one.
fn example_dump() -> Option<String> {
    let bytes = option_env!("OOPSCOPE_EXAMPLE_BYTES")?.parse().ok()?;
    Some(crate::format::bytes(bytes))
}
