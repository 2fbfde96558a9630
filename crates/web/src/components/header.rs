//! The bar at the top: what is open, the views, what can be done with it. Must stay usable at 375 px.

use crate::format;
use crate::state::{State, View};
use crate::update::{Change, TABS, is_of_dump};
use oopscope_protocol::Format;
use yew::prelude::*;

/// The bar.
pub(crate) fn header(state: &State, change: &Callback<Change>, open_file: Callback<()>) -> Html {
    let button = |id: &'static str, label: &'static str, title: &'static str, what: Change, off: bool| {
        html! {
            <button type="button" {id} {title} disabled={off} onclick={change.reform(move |_: MouseEvent| what.clone())}>
                { label }
            </button>
        }
    };
    let tab = |view: View, label: Html| {
        html! {
            <button type="button" class="tab" aria-current={(state.view == view).then_some("page")}
                onclick={change.reform(move |_: MouseEvent| Change::Show(view))}>{ label }</button>
        }
    };
    let dump = state.known_dump();
    let open = state.open.as_ref().map(|open| (open.name(), format::bytes(open.summary.facts.bytes)));
    let log = dump.map(|dump| (dump.name.clone(), dump.size.clone())).or(open).map(|(name, size)| {
        html! { <span class="file" title={name.clone()}>{ name }<span class="dim">{ format!(" · {size}") }</span></span> }
    });
    let count = |count: u64| html! { <span class="dim">{ format!(" {}", format::count(count)) }</span> };
    let views = state.open.as_ref().filter(|open| dump.is_none() || is_of_dump(open)).map(|open| {
        let reports = open.summary.reports.len() as u64;
        html! {
            <>
                if reports > 0 {
                    { tab(View::Report, html! { <>{ "Report" }if reports > 1 { { count(reports) } }</> }) }
                }
                if dump.is_none() {
                    { tab(View::Log, html! { <>{ "Log" }{ count(open.summary.facts.lines) }</> }) }
                }
            </>
        }
    });
    let groups = state.many.as_ref().map(|many| {
        let groups = many.triage().map(|triage| count(triage.totals.groups));
        tab(View::Triage, html! { <>{ "Groups" }{ groups }</> })
    });
    let mut all: Vec<Html> = groups.into_iter().collect();
    if let Some(dump) = dump {
        for (name, label) in TABS {
            let count = match name {
                "tasks" => &dump.tasks,
                "modules" => &dump.modules,
                "log" => &dump.lines,
                _ => "",
            };
            all.push(tab(View::Dump(name), html! { <>{ label }<span class="dim">{ format!(" {count}") }</span></> }));
            if name == TABS[0].0 {
                all.extend(views.clone());
            }
        }
    } else {
        all.extend(views);
    }
    let views = (!all.is_empty()).then(|| html! { <nav aria-label="Views">{ for all }</nav> });
    let shown = state.open.as_ref().filter(|_| !matches!(state.view, View::Triage | View::Dump(_)));
    let acts = shown.map(|open| {
        let none = open.summary.reports.is_empty() || open.detached;
        html! {
            <>
                { button("copy-text", "Copy text", "Copy the report as plain text, for a mail (c)", Change::Copy(Format::Text), none) }
                { button("copy-markdown", "Markdown", "Copy the report as Markdown, for an issue tracker", Change::Copy(Format::Markdown), none) }
                { button("download-json", "JSON", "Download all reports as a JSON document", Change::Save, open.detached) }
            </>
        }
    });
    let share = shown.map(|open| {
        let none = open.summary.reports.is_empty() || open.detached;
        html! {
            <button type="button" id="share" class="main" title="Preview and copy a link that holds this report (s)" disabled={none}
                onclick={change.reform(|_: MouseEvent| Change::Share)}>{ "Share" }</button>
        }
    });
    let known = state.symbols.told.as_ref().map_or(0, |told| told.files.len() as u64 + told.more);
    let symbols = (state.open.is_some() || dump.is_some() || known > 0).then(|| {
        let count = (known > 0).then(|| html! { <span class="dim">{ format!(" {}", format::count(known)) }</span> });
        html! {
            <button type="button" id="symbols" title="Files of symbols and source: vmlinux, modules, System.map, a source tree"
                onclick={change.reform(|_: MouseEvent| Change::Dialog(Some(crate::state::Dialog::Symbols)))}>{ "Symbols" }{ count }</button>
        }
    });
    html! {
        <header class="top">
            <button type="button" class="brand" title="To the start page" onclick={change.reform(|_: MouseEvent| Change::Show(View::Start))}>
                { "Oopscope" }
            </button>
            { log }
            { views }
            <div class="act">
                <button type="button" id="open-file" title="Open a log file (o)" onclick={open_file.reform(|_: MouseEvent| ())}>{ "Open…" }</button>
                { symbols }
                { acts }
                { share }
                { button("help", "?", "Keys", Change::Dialog(Some(crate::state::Dialog::Help)), false) }
            </div>
        </header>
    }
}
