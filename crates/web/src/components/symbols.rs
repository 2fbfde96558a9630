//! Files of symbols and source: what became of each, how far the work on them is, and what of it must be seen beside the
//! stack. Must never hide that a file is of another build.

use super::modal::Modal;
use crate::browser::setting;
use crate::format;
use crate::same::Same;
use crate::source_link;
use crate::state::AtHand;
use crate::update::Change;
use oopscope_protocol::{SymbolProgress, Symbols};
use oopscope_report::{Report, SymbolFile, SymbolStatus};
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Files that are of no use of which so many are told beside the stack.
const TOLD: usize = 3;

/// Files of source that are listed one by one.
const SOURCES: usize = 4;

/// What takes long.
pub(crate) fn progress(symbols: &AtHand, change: &Callback<Change>) -> Html {
    let Some(work) = &symbols.work else { return Html::default() };
    html! {
        <section class="opening" id="symbols-progress" aria-label="Symbols">
            <div class="opening-head">
                <p><strong>{ "Symbols" }</strong></p>
                <button type="button" id="cancel-symbols" disabled={work.cancelling} onclick={change.reform(|_: MouseEvent| Change::Cancel)}>
                    { if work.cancelling { "Cancelling…" } else { "Cancel" } }
                </button>
            </div>
            { stage(&work.progress) }
        </section>
    }
}

/// A stage with its bar.
pub(crate) fn stage(progress: &SymbolProgress) -> Html {
    html! {
        <>
            if progress.total > 0 {
                <progress max="10000" value={format::share(progress.done, progress.total)} aria-label={progress.stage.clone()}></progress>
            }
            <p class="figures">{ &progress.stage }</p>
        </>
    }
}

/// What a reader of the stack must know of the files.
pub(crate) fn beside_stack(report: &Report, told: Option<&Same<Symbols>>, change: &Callback<Change>) -> Html {
    let of_no_use = |file: &&SymbolFile| matches!(file.status, SymbolStatus::Mismatch | SymbolStatus::Unreadable);
    let files = || told.into_iter().flat_map(|told| &told.files).filter(of_no_use);
    let more = files().count().saturating_sub(TOLD) as u64;
    let notes = files().take(TOLD).map(|file| {
        let why = file.note.as_deref().unwrap_or(status(file.status));
        html! { <p class="note irq" data-file={file.name.clone()}><code>{ &file.name }</code>{ format!(": {}.", why.trim_end_matches('.')) }</p> }
    });
    let told_above =
        |problem: &str| files().take(TOLD).any(|file| file.note.as_deref().is_some_and(|note| problem.contains(note)));
    let found = report.symbols.as_ref().map(|found| {
        let all = found.with_lines.saturating_add(found.without_lines);
        let from = found.files.iter().enumerate().map(|(index, file)| {
            let by = file.matched_by.as_deref().map(|by| format!(" (matched by {by})"));
            let before = if index == 0 { " from " } else { ", " };
            html! { <>{ before }<code>{ &file.name }</code>{ by }</> }
        });
        let code = found.code.as_deref().map(|code| match code {
            "equal" => " The bytes of Code: are the file's own.".to_owned(),
            words => format!(" Code: {}.", words.trim_end_matches('.')),
        });
        html! {
            <>
                <p class="pad why" id="symbolized">
                    { format!("Source lines for {} of {}", format::count(found.with_lines.into()), format::counted(all.into(), "frame")) }
                    { for from }{ "." }{ code }
                </p>
                { for found.problems.iter().filter(|problem| !told_above(problem)).map(|problem| html! { <p class="pad why">{ sentence(problem) }</p> }) }
            </>
        }
    });
    html! {
        <>
            { for notes }
            if more > 0 {
                <p class="note irq">
                    { format!("{} of no use. ", format::counted(more, "more file")) }
                    <button type="button" class="inline" onclick={change.reform(|_: MouseEvent| Change::Dialog(Some(crate::state::Dialog::Symbols)))}>{ "All files" }</button>
                </p>
            }
            { found }
        </>
    }
}

/// Words of the engine as a sentence.
pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.trim_end_matches('.').chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// The panel.
pub(crate) fn dialog(symbols: &AtHand, template: &str, change: &Callback<Change>, add: &Callback<bool>) -> Html {
    let told = symbols.told.as_deref().cloned().unwrap_or_default();
    let is_source = |file: &&SymbolFile| file.kind == "source";
    let sources = told.files.iter().filter(is_source).count();
    let fold = sources > SOURCES;
    let rows = told.files.iter().filter(|file| !fold || !is_source(file)).map(row);
    let kept = told.kept.bytes.filter(|bytes| *bytes > 0);
    let none = told.files.is_empty();
    let button = |id: &'static str, words: String, off: bool, onclick: Callback<MouseEvent>| {
        html! { <button type="button" {id} disabled={off} {onclick}>{ words }</button> }
    };
    html! {
        <Modal title="Symbols and source" id="symbols-dialog" change={change.clone()}>
            if none {
                <p>{ "No files yet. Drop a vmlinux, modules (.ko, .ko.debug, packed ones too), System.map, /proc/kallsyms, an unpacked debug \
                      package or the kernel's source anywhere on the page, together with a log or a dump or afterwards." }</p>
            } else {
                <div class="scroll-x" role="region" aria-label="Files" tabindex="0">
                    <table class="list symbol-files">
                        <thead><tr><th>{ "File" }</th><th>{ "What it is" }</th><th>{ "Used" }</th></tr></thead>
                        <tbody>{ for rows }</tbody>
                    </table>
                </div>
            }
            if fold { <p>{ format!("{} of source.", format::counted(sources as u64, "file")) }</p> }
            if told.more > 0 { <p>{ format!("{} more are not listed.", format::counted(told.more, "file")) }</p> }
            { for told.notes.iter().map(|note| html! { <p class="note plain">{ note }</p> }) }
            if !none {
                <p class="dim">{ format!("{} of them read in {}; nothing of them leaves this machine.", format::bytes(told.bytes_read), format::counted(told.reads, "read")) }</p>
            }
            <p class="buttons">
                { button("add-symbols", "Add files…".to_owned(), false, add.reform(|_| false)) }
                { button("add-symbols-folder", "Add a folder…".to_owned(), false, add.reform(|_| true)) }
                { button("forget-symbols", "Forget them".to_owned(), none, change.reform(|_| Change::ForgetSymbols(false))) }
                { for kept.map(|bytes| button(
                    "forget-kept",
                    format!("Forget kept indexes too ({})", format::bytes(bytes)),
                    false,
                    change.reform(|_| Change::ForgetSymbols(true)),
                )) }
            </p>
            if let Some(problem) = &told.kept.problem { <p class="dim">{ problem }</p> }
            <h3><label for="source-link">{ "Your source browser" }</label></h3>
            { source_browser(template, change) }
        </Modal>
    }
}

fn row(file: &SymbolFile) -> Html {
    let kind = match (file.kind.as_str(), &file.module) {
        ("module", Some(module)) => format!("module {module}"),
        (kind, _) => kind.replace('-', " "),
    };
    let lines = if file.has_lines { ", with source lines" } else { "" };
    let class = match file.status {
        SymbolStatus::Used => None,
        SymbolStatus::Mismatch | SymbolStatus::Unreadable => Some("irq"),
        _ => Some("dim"),
    };
    let by = file.matched_by.as_ref().map(|by| format!(", matched by {by}"));
    let known = [file.release.clone(), file.build_id.as_ref().map(|id| format!("build-id {id}"))];
    html! {
        <tr>
            <td class="names">{ &file.name }{ for known.into_iter().flatten().map(|words| html! { <small class="dim">{ words }</small> }) }</td>
            <td>{ kind }{ lines }</td>
            <td class="names"><span {class}>{ status(file.status) }</span>{ by }
                { for file.note.iter().map(|note| html! { <small>{ note }</small> }) }
            </td>
        </tr>
    }
}

const fn status(status: SymbolStatus) -> &'static str {
    match status {
        SymbolStatus::Used => "used",
        SymbolStatus::Mismatch => "of another build",
        SymbolStatus::Unreadable => "unreadable",
        SymbolStatus::Ignored => "no symbols",
        _ => "not needed",
    }
}

/// Where links to the source go: nowhere, until the user names a place.
fn source_browser(template: &str, change: &Callback<Change>) -> Html {
    let onchange = change.reform(|event: Event| {
        let template = event.target_dyn_into::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
        let template = template.trim();
        setting::set(source_link::SETTING, template);
        Change::SourceLink(template.into())
    });
    let places = source_link::PLACES.iter().map(|(name, words)| {
        html! { <li><code>{ *name }</code>{ format!(": {words}") }</li> }
    });
    html! {
        <>
            <input id="source-link" type="url" spellcheck="false" autocomplete="off" value={template.to_owned()} {onchange}
                placeholder="https://source.example.org/linux/v{version}/{path}#L{line}" />
            if let Some(why) = source_link::wrong(template) { <p class="fatal" role="alert">{ why }</p> }
            <ul class="plain dim">{ for places }</ul>
            <p class="dim">{ "Remembered in this browser. Nothing is requested until you follow a link." }</p>
        </>
    }
}
