//! The overview: what ended the machine, what the machine was, what the dump is, what could not be read. Must never show a
//! fact without where it was read.

use super::{absent, stack, unread};
use crate::format;
use crate::state::{State, Whose};
use crate::update::Change;
use oopscope_report::vmcore::{DumpFacts, Panic, System};
use yew::prelude::*;

/// The view.
pub(crate) fn overview(state: &State, change: &Callback<Change>) -> Html {
    let found = &state.found;
    let press = |what: Change| change.reform(move |_: MouseEvent| what.clone());
    let held = !state.detached && state.files.is_some();
    let unread_all = found.done.as_ref().map(|done| &done.unread).filter(|unread| !unread.is_empty());
    html! {
        <>
            <h1 class="unseen">{ "Overview of the dump" }</h1>
            <div class="two main-pair">
                <div class="column">
                    <section id="panic" aria-labelledby="panic-heading">
                        <h2 id="panic-heading">{ "What ended it" }</h2>
                        { match &found.panic {
                            Some(ended) => panic(state, ended, change),
                            None => absent(state, "Not read yet.",
                                "The dump does not tell: no panic message was found. It may be of a machine that was still running."),
                        } }
                    </section>
                </div>
                <div class="column">
                    <section id="system">
                        <h2>{ "Machine and kernel" }</h2>
                        { match &found.system {
                            Some(system) => machine(system),
                            None => absent(state, "Not read yet.", "Nothing is known of the machine: see what could not be read."),
                        } }
                    </section>
                    if let Some(facts) = &found.dump {
                        <section id="dump-facts"><h2>{ "Dump" }</h2>{ container(facts) }</section>
                    }
                    if let Some(all) = unread_all {
                        <section id="unread"><h2>{ "What could not be read" }{ super::count(all.len()) }</h2>{ unread::unread(all) }</section>
                    }
                    <section>
                        <h2>{ "All of it" }</h2>
                        <p class="buttons pad">
                            <button type="button" id="dump-json" disabled={!held} onclick={press(Change::Save)}
                                title="The document oopscope-vmcore/1: what the command prints with --format json">{ "Download JSON" }</button>
                            <button type="button" id="dump-summary" disabled={!held} onclick={press(Change::CopySummary)}
                                title="What the command prints">{ "Copy summary" }</button>
                        </p>
                    </section>
                </div>
            </div>
        </>
    }
}

fn panic(state: &State, panic: &Panic, change: &Callback<Change>) -> Html {
    let who = match (&panic.comm, panic.pid) {
        (Some(comm), Some(pid)) => Some(format!("{comm}, PID {pid}")),
        (Some(comm), None) => Some(comm.clone()),
        (None, Some(pid)) => Some(format!("PID {pid}")),
        (None, None) => None,
    };
    let facts = [
        ("Task", who, panic.task.map(|task| format!("task_struct {task}"))),
        ("CPU", panic.cpu.map(|cpu| cpu.to_string()), panic.found.clone()),
    ];
    let reports = state.reports.as_ref().filter(|reports| !reports.list.is_empty());
    let report = reports.map(|reports| {
        let (count, title) = (reports.list.len(), reports.title());
        let more = if count > 1 { format!(" (the first of {count} reports in the log)") } else { String::new() };
        html! {
            <p class="pad">
                <button type="button" class="inline" id="to-report" onclick={change.reform(|_: MouseEvent| Change::Goto("report"))}>
                    { format!("The log's report: {title}") }
                </button>
                <span class="dim">{ more }</span>
            </p>
        }
    });
    html! {
        <>
            <p class="pad panic-message" id="panic-message">
                { panic.message.as_deref().unwrap_or("No message was found.") }
                if let Some(from) = &panic.message_from { <small class="why">{ format!(" from {from}") }</small> }
            </p>
            { report }
            { table(facts.into_iter().filter_map(|(name, value, from)| Some((name, value?, from))), None) }
            if panic.backtrace.is_empty() && panic.backtrace_ends.is_empty() {
                { absent(state, "Its stack comes with the symbols.", "Its stack could not be read.") }
            } else {
                { stack::frames(&panic.backtrace, &panic.backtrace_ends, None, None) }
            }
            <p class="buttons pad">
                <button type="button" id="to-stacks" onclick={change.reform(|_: MouseEvent| Change::ShowStack(Whose::Panic))}>{ "All stacks" }</button>
            </p>
        </>
    }
}

fn machine(system: &System) -> Html {
    let from = |name: &str| system.from.get(name).cloned();
    let offline = (!system.cpus_offline.is_empty()).then(|| {
        let numbers: Vec<String> = system.cpus_offline.iter().map(ToString::to_string).collect();
        format!("; CPU {} offline", numbers.join(", "))
    });
    let rows = [
        ("Release", "release", system.release.clone()),
        ("Version", "version", system.version.clone()),
        ("Architecture", "machine", system.machine.clone()),
        ("Host", "hostname", system.hostname.clone()),
        ("Ended", "time", system.time.map(date)),
        ("Uptime", "uptime", system.uptime.map(format::uptime)),
        ("CPUs online", "cpus_online", system.cpus_online.map(|cpus| format!("{cpus}{}", offline.unwrap_or_default()))),
        (
            "Memory",
            "memory",
            system.memory.map(|bytes| format!("{} ({} KiB)", format::bytes(bytes), format::count(bytes / 1024))),
        ),
        ("Load average", "load", system.load.map(|load| load.map(|load| format::fixed(load, 2)).join(", "))),
        ("Tasks", "tasks", system.tasks.map(|tasks| format::count(u64::from(tasks)))),
        ("Taint", "taint", system.taint.clone().map(|taint| if taint.is_empty() { "none".to_owned() } else { taint })),
        ("Command line", "command_line", system.command_line.clone()),
        ("Build-id", "build_id", system.build_id.clone()),
        ("KASLR offset", "kaslr_offset", system.kaslr_offset.map(|offset| offset.to_string())),
    ];
    let taint = system.taint.as_deref().unwrap_or_default().chars().zip(&system.taint_meaning);
    let taint = taint.map(|(letter, meaning)| html! { <li><code>{ letter }</code>{ format!(" {meaning}") }</li> });
    let meanings = (!system.taint_meaning.is_empty()).then(|| html! { <ul class="plain meanings">{ for taint }</ul> });
    table(
        rows.into_iter().filter_map(|(name, key, value)| Some((name, value?, from(key)))),
        meanings.map(|list| ("Taint", list)),
    )
}

/// Names, values and where they were read; with something below the value of one name.
fn table(
    rows: impl Iterator<Item = (&'static str, String, Option<String>)>,
    below: Option<(&'static str, Html)>,
) -> Html {
    let rows = rows.map(|(name, value, from)| {
        let more = below.as_ref().filter(|(of, _)| *of == name).map(|(_, more)| more.clone());
        html! {
            <tr>
                <th scope="row">{ name }</th>
                <td class="value" colspan={from.is_none().then_some("2")}>{ value }{ more }</td>
                if let Some(from) = from { <td class="from">{ from }</td> }
            </tr>
        }
    });
    html! { <table class="known"><tbody>{ for rows }</tbody></table> }
}

fn container(facts: &DumpFacts) -> Html {
    let parts = facts.parts.iter().map(|part| {
        let range = part.from.zip(part.to).map(|(from, to)| format!(", physical {from} to {to}")).unwrap_or_default();
        format!("{}, {}{range}", part.name, format::bytes(part.bytes))
    });
    let parts: Vec<String> = parts.collect();
    let pages = match (facts.pages_present, facts.pages_of_ram) {
        (Some(present), Some(of)) => Some(format!("{} of {} of RAM", format::count(present), format::count(of))),
        (Some(present), None) => Some(format::count(present)),
        _ => None,
    };
    let level = facts.dump_level.map(|level| match &facts.left_out {
        Some(words) => format!("{level}: without {words}"),
        None => level.to_string(),
    });
    let some = |value: String| (!value.is_empty()).then_some(value);
    let rows = [
        ("Format", some(facts.described.clone())),
        ("Files", some(parts.join("; "))),
        ("Architecture", facts.machine.clone()),
        ("Page size", (facts.page_size > 0).then(|| format!("{} bytes", format::count(facts.page_size)))),
        ("Packed by", some(facts.compression.join(", "))),
        ("Dump level", level),
        ("Pages", pages),
        ("VMCOREINFO", Some(facts.vmcoreinfo.clone().unwrap_or_else(|| "none".to_owned()))),
        ("Registers", Some(facts.registers.clone().unwrap_or_else(|| "none".to_owned()))),
    ];
    let notes = facts.notes.iter().map(|note| html! { <p class="note plain">{ note }</p> });
    html! {
        <>
            if facts.incomplete {
                <p class="note fatal" id="dump-cut">{ "The end of the dump is missing: the crash kernel did not write it to its end, or it was copied in part. Pages of the missing part can't be read." }</p>
            }
            { for notes }
            { table(rows.into_iter().filter_map(|(name, value)| Some((name, value?, None))), None) }
        </>
    }
}

/// A time in seconds since 1970 as a date with seconds.
fn date(unix: i64) -> String {
    format!("{}:{:02} UTC", format::date(unix), unix.rem_euclid(60))
}
