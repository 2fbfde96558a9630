//! Many logs at once: what they hold in groups of the same bug, each with the reports to look at. Must never call two
//! groups the same bug: the engine's signatures do, or nobody.

use super::explanation::copy_button;
use super::log_row::severity_class;
use super::report_list::severity_word;
use crate::format;
use crate::many::MOST_AS_ONE;
use crate::same::Same;
use crate::state::{ManyLogs, Stage};
use crate::update::Change;
use oopscope_protocol::{TriageFormat, TriageProgress};
use oopscope_report::triage::{Example, Group, Seen, SeenBy, Totals, Triage, Unreadable};
use oopscope_web_kit::few::Few;
use yew::prelude::*;

/// Groups that are laid out at first, and more each time that more are asked for.
const SHOWN: usize = 200;

/// Unreadable files that are listed.
const UNREADABLE: usize = 100;

/// The view.
pub(crate) fn view(many: &ManyLogs, elapsed: f64, change: &Callback<Change>) -> Html {
    let (head, body) = match &many.stage {
        Stage::Reading { progress, started, cancelling } => {
            (Html::default(), reading(progress, elapsed - started, *cancelling, change))
        }
        Stage::Done { triage, took, detached } => (
            done_head(many, &triage.totals, *took, *detached, change),
            html! { <Groups key={many.id} triage={triage.clone()} change={change.clone()} /> },
        ),
    };
    html! {
        <section id="triage" class="triage" aria-labelledby="triage-title">
            <h1 id="triage-title">{ &*many.name }</h1>
            if let Some(note) = &many.note { <p class="pad">{ note }</p> }
            { head }
            { body }
        </section>
    }
}

fn reading(progress: &TriageProgress, elapsed: f64, cancelling: bool, change: &Callback<Change>) -> Html {
    let figures = [
        Some(format!("{} of {}", format::count(progress.files), format::counted(progress.total_files, "file"))),
        Some(format!("{} of {}", format::bytes(progress.done), format::bytes(progress.total))),
        format::rate(progress.done, elapsed),
        format::remaining(progress.done, progress.total, elapsed).map(|time| format!("{time} left")),
        Some(format!(
            "{} in {}",
            format::counted(progress.reports, "report"),
            format::counted(progress.groups, "group")
        )),
    ];
    html! {
        <div class="pad">
            <progress max="10000" value={format::share(progress.done, progress.total)} aria-label="Share of the logs that has been read"></progress>
            <p class="figures">{ for figures.into_iter().flatten().map(|figure| html! { <span>{ figure }</span> }) }</p>
            <button type="button" id="cancel" disabled={cancelling} onclick={change.reform(|_: MouseEvent| Change::Cancel)}>
                { if cancelling { "Cancelling…" } else { "Cancel" } }
            </button>
        </div>
    }
}

fn done_head(many: &ManyLogs, totals: &Totals, took: f64, detached: bool, change: &Callback<Change>) -> Html {
    let figures = [
        Some(format::counted(totals.files, "file")),
        Some(format!("{} with a report", format::count(totals.with_reports))),
        (totals.silent > 0).then(|| format!("{} without", format::count(totals.silent))),
        (totals.unreadable > 0).then(|| format!("{} unreadable", format::count(totals.unreadable))),
        Some(format!("{} in {}", format::counted(totals.reports, "report"), format::counted(totals.groups, "group"))),
        (totals.reports_not_kept > 0).then(|| format!("{} more in no group", format::count(totals.reports_not_kept))),
        Some(format!("{} read in {}", format::bytes(totals.bytes), format::duration(took))),
    ];
    let button = |id: &'static str, label: &'static str, title: &'static str, format: TriageFormat| {
        html! {
            <button type="button" {id} {title} disabled={detached}
                onclick={change.reform(move |_: MouseEvent| Change::RenderTriage(format))}>{ label }</button>
        }
    };
    html! {
        <>
            <p class="figures pad" id="triage-totals">{ for figures.into_iter().flatten().map(|figure| html! { <span>{ figure }</span> }) }</p>
            if totals.incomplete {
                <p class="pad"><strong>{ "Cancelled: " }</strong>{ "files that were not reached are not counted." }</p>
            }
            <p class="buttons pad">
                { button("triage-text", "Copy text", "Copy the groups as plain text (c)", TriageFormat::Text) }
                { button("triage-json", "JSON lines", "Download the groups as JSON lines", TriageFormat::JsonLines) }
                { button("triage-html", "HTML", "Download the groups as one page of HTML", TriageFormat::Html) }
                if many.files.len() <= MOST_AS_ONE {
                    <button type="button" id="read-together" title="Read all of these files as the parts of one log, in this order"
                        onclick={change.reform(|_: MouseEvent| Change::ReadTogether)}>{ "Read them as one log" }</button>
                }
            </p>
        </>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct GroupsProps {
    triage: Same<Triage>,
    change: Callback<Change>,
}

#[component]
fn Groups(props: &GroupsProps) -> Html {
    let triage = &props.triage;
    let shown = use_state(|| SHOWN);
    let open = use_state(Few::<usize, ()>::default);
    let rows = triage.groups.iter().take(*shown).enumerate().map(|(index, group)| {
        let is_open = open.has(&index);
        let toggle = {
            let open = open.clone();
            Callback::from(move |_: MouseEvent| {
                let mut next = (*open).clone();
                if next.remove(&index).is_none() {
                    next.insert(index, ());
                }
                open.set(next);
            })
        };
        html! {
            <tbody key={index}>
                { group_row(group, is_open, toggle) }
                if is_open { <tr class="inside"><td colspan="8">{ inside(group, &props.change) }</td></tr> }
            </tbody>
        }
    });
    let left = triage.groups.len().saturating_sub(*shown);
    let more = (left > 0).then(|| {
        let shown = shown.clone();
        let onclick = move |_: MouseEvent| shown.set(*shown + SHOWN);
        html! { <button type="button" class="more" {onclick}>{ format!("▾ {} more groups", format::count(left as u64)) }</button> }
    });
    let not_listed = triage.totals.groups.saturating_sub(triage.groups.len() as u64);
    html! {
        <>
            if triage.groups.is_empty() {
                <p class="none">{ "None of these files holds a report." }</p>
            } else {
                <table class="groups" id="groups">
                    <thead><tr>
                        <th scope="col">{ "Reports" }</th><th scope="col">{ "Files" }</th><th scope="col">{ "Severity" }</th>
                        <th scope="col">{ "Title" }</th><th scope="col">{ "Subsystem" }</th><th scope="col">{ "Kernels" }</th>
                        <th scope="col">{ "First seen" }</th><th scope="col">{ "Last seen" }</th>
                    </tr></thead>
                    { for rows }
                </table>
            }
            { more }
            if not_listed > 0 { <p class="pad dim">{ format!("{} more groups are not listed; JSON lines has them all.", format::count(not_listed)) }</p> }
            { unreadable(&triage.unreadable, triage.totals.unreadable) }
        </>
    }
}

fn group_row(group: &Group, open: bool, toggle: Callback<MouseEvent>) -> Html {
    let kernels = group.kernels.first().map(|newest| {
        let others = group.kernels.len() as u64 - 1 + group.older_kernels;
        let more = (others > 0).then(|| html! { <span class="dim">{ format!(" +{others}") }</span> });
        html! { <>{ newest }{ more }</> }
    });
    let subsystem = group.subsystem.as_ref().map(|subsystem| {
        html! { <span class="guess" title={format!("Inferred: {}", subsystem.reason)}>{ &subsystem.name }</span> }
    });
    html! {
        <tr class="group">
            <td class="num">{ format::count(group.reports) }</td>
            <td class="num">{ format::count(group.files) }</td>
            <td class={classes!("sev", severity_class(group.severity))}>{ severity_word(group.severity) }</td>
            <td class="title">
                <button type="button" class="fold" aria-expanded={open.to_string()} onclick={toggle}>
                    { if open { "▾ " } else { "▸ " } }{ &group.title }
                </button>
            </td>
            <td>{ subsystem }</td>
            <td class="kernel">{ kernels }</td>
            <td class="seen">{ seen(group.first) }</td>
            <td class="seen">{ seen(group.last) }</td>
        </tr>
    }
}

fn inside(group: &Group, change: &Callback<Change>) -> Html {
    let culprit = group.culprit.as_ref().map(|culprit| {
        let module = group.module.as_ref().map(|module| format!(" [{module}]"));
        html! { <><dt>{ "Culprit" }</dt><dd>{ culprit }<span class="dim">{ module }</span></dd></> }
    });
    let kernels = (group.kernels.len() > 1).then(|| {
        let older = (group.older_kernels > 0).then(|| format!(" and {} older", group.older_kernels));
        html! { <><dt>{ "Kernels, newest first" }</dt><dd>{ group.kernels.join(", ") }<span class="dim">{ older }</span></dd></> }
    });
    let signature = match &group.coarse {
        Some(coarse) => {
            html! { <><dt>{ "Signature" }</dt><dd>{ coarse }{ " " }{ copy_button(coarse, "Copy", change) }</dd></> }
        }
        None => html! {
            <><dt>{ "Signature" }</dt><dd class="words">{ "none: together for their title alone, which does not make them the same bug" }</dd></>
        },
    };
    let damaged = (group.corrupted > 0).then(|| {
        html! { <><dt>{ "Damaged" }</dt><dd>{ format::counted(group.corrupted, "report") }</dd></> }
    });
    let ways = group.variants.iter().map(|variant| {
        let title = variant.parts.join(" ← ");
        html! {
            <li>
                { open_button(&variant.example, change) }
                <span class="dim">
                    { format!(" {} in {}", format::counted(variant.reports, "report"), format::counted(variant.files, "file")) }
                    { " · " }<code {title}>{ &variant.strict }</code>
                </span>
            </li>
        }
    });
    let ways = if group.variants.is_empty() {
        html! { <li>{ open_button(&group.example, change) }</li> }
    } else {
        html! { { for ways } }
    };
    html! {
        <>
            <ul class="ways" aria-label="Reports to look at, one for each way to the same place">{ ways }</ul>
            if group.more_variants > 0 { <p class="dim">{ format!("{} more ways to the same place", format::count(group.more_variants)) }</p> }
            <dl class="env">{ culprit }{ kernels }{ signature }{ damaged }</dl>
        </>
    }
}

fn open_button(example: &Example, change: &Callback<Change>) -> Html {
    let (file, report) = (example.file, example.report);
    html! {
        <button type="button" class="inline open-one" onclick={change.reform(move |_: MouseEvent| Change::OpenOne(file, report))}>
            { format!("{}:{}", example.path, example.line) }
        </button>
    }
}

fn seen(seen: Option<Seen>) -> Html {
    let Some(seen) = seen else { return Html::default() };
    let (mark, title) = match seen.by {
        SeenBy::Log => ("", "By the log's own clock, in UTC"),
        SeenBy::LogWithoutZone => ("", "By the log's own clock, which tells no time zone: taken as UTC"),
        _ => ("≤ ", "By when the file was last written: the report is older than that"),
    };
    html! { <span {title} class={(!mark.is_empty()).then_some("dim")}>{ mark }{ format::date(seen.unix) }</span> }
}

fn unreadable(files: &[Unreadable], total: u64) -> Html {
    if files.is_empty() {
        return Html::default();
    }
    let left = total.saturating_sub(files.len().min(UNREADABLE) as u64);
    html! {
        <details class="inner" id="unreadable">
            <summary>{ format!("{} could not be read", format::counted(total, "file")) }</summary>
            <ul class="plain">
                { for files.iter().take(UNREADABLE).map(|file| html! { <li><code>{ &file.path }</code>{ " " }{ &file.reason }</li> }) }
            </ul>
            if left > 0 { <p class="pad dim">{ format!("{} more are not listed.", format::count(left)) }</p> }
        </details>
    }
}
