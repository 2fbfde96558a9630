//! The kernel's log: by level, searched, with its reports marked. Must never lay out more rows than are on screen.

use super::table::{self, Table};
use super::{absent, count, unread};
use crate::format;
use crate::log_rows::{self, LEVELS, Log, Mark, Options, Reports};
use crate::same::Same;
use crate::state::State;
use crate::update::{Act, Change};
use oopscope_web_kit::{browser, highlight};
use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// The most reports that are marked beside the scroll bar.
const MAX_MARKS: usize = 1000;

/// The view.
pub(crate) fn log(state: &State, change: &Callback<Change>) -> Html {
    let Some(found) = &state.found.log else {
        return html! {
            <section><h2>{ "Log" }</h2>{ absent(state, "Not read yet.", "The log could not be read: see the overview.") }</section>
        };
    };
    html! {
        <section class="sheet t-view" id="dump-log">
            <h2>{ "Log" }{ count(found.log.len()) }</h2>
            { unread::unread(&found.unread) }
            if state.reports.as_ref().is_some_and(|reports| reports.list.is_empty()) {
                <p class="none">{ "No line of it begins a kernel report." }</p>
            }
            <LogView log={found.log.clone()} options={state.log_options.clone()} reports={state.reports.clone().unwrap_or_default()}
                change={change.clone()} />
        </section>
    }
}

#[derive(PartialEq, Properties)]
struct Props {
    log: Same<Log>,
    options: Options,
    reports: Rc<Reports>,
    change: Callback<Change>,
}

/// The rows, which are looked for anew only when the level or the text has changed.
#[component]
fn LogView(props: &Props) -> Html {
    let Props { log, options, reports, change } = props;
    let shown = use_memo((log.clone(), options.least), |(log, least)| log_rows::shown(log, *least));
    let hits = use_memo((log.clone(), Rc::clone(&shown), options.needle.clone()), |(log, shown, needle)| {
        log_rows::hits(log, shown, needle)
    });
    use_effect_with(options.focus, |focus| {
        if *focus != 0 {
            browser::focus("find");
        }
    });
    let place = |row: usize| shown.partition_point(|&other| other < row) as u64;
    let selected = log_rows::selected(&shown, options);
    let ends = selected.first().zip(selected.last()).map(|(first, last)| (place(*first), place(*last)));
    let is_shown = options.selected.filter(|row| shown.binary_search(row).is_ok());
    let start = options.selected.or_else(|| reports.list.get(reports.current).map(|mark| mark.first));
    let row = {
        let (log, shown, reports, change) = (log.clone(), Rc::clone(&shown), Rc::clone(reports), change.clone());
        let (needle, callers) = (options.needle.clone(), log.has_callers());
        Callback::from(move |at: u64| {
            let before = at.checked_sub(1).and_then(|at| nth(&shown, at)).and_then(|row| reports.at(row));
            let Some(row) = nth(&shown, at) else { return table::Row::default() };
            let report = reports.at(row);
            let first = report.filter(|_| report != before);
            let mark = report.and_then(|report| reports.list.get(report));
            table::Row {
                look: mark.map_or("", |mark| if mark.warning { "warning" } else { "fatal" }),
                cells: cells(&log, row, &needle, callers, first.zip(mark), &change),
            }
        })
    };
    let on_select = {
        let shown = Rc::clone(&shown);
        super::on(change, move |(at, extend)| nth(&shown, at).map(|row| Change::Log(Act::Select { row, extend })))
    };
    let on_open = {
        let (shown, reports) = (Rc::clone(&shown), Rc::clone(reports));
        super::on(change, move |at| reports.at(nth(&shown, at)?).map(|index| Change::Log(Act::Report(index))))
    };
    let callers = log.has_callers();
    let heading = html! {
        <>
            <span class="num" role="columnheader" title="Seconds after boot">{ "TIME" }</span>
            <span role="columnheader">{ "LEVEL" }</span>
            if callers { <span class="by" role="columnheader" title="T: a task's id; C: a CPU in interrupt context">{ "CALLER" }</span> }
            <span role="columnheader">{ "TEXT" }</span>
        </>
    };
    html! {
        <>
            { toolbar(props, &shown, &hits, selected.len()) }
            if shown.is_empty() {
                <p class="none">{ if log.len() == 0 { "The log is empty." } else { "No line has such a level." } }</p>
            } else {
                <div class={classes!("log-frame", "log-lines", callers.then_some("callers"))}>
                    <Table id="log" label="Lines of the log" text=true {heading} rows={shown.len() as u64} selected={is_shown.map(place)} {ends}
                        start={start.map(place)} turn={options.turn} {row} {on_select} {on_open}
                        epoch={options.least.map_or(0, |least| u32::from(least) + 1)} />
                    { marks(reports, &shown) }
                </div>
            }
        </>
    }
}

fn nth(shown: &[usize], at: u64) -> Option<usize> {
    usize::try_from(at).ok().and_then(|at| shown.get(at).copied())
}

fn cells(
    log: &Log,
    row: usize,
    needle: &str,
    callers: bool,
    report: Option<(usize, &Mark)>,
    change: &Callback<Change>,
) -> Html {
    let Some((record, text)) = log.line(row) else { return Html::default() };
    let level = record.level.and_then(|level| LEVELS.get(usize::from(level)));
    let class = match record.level {
        Some(0..=3) => "fatal",
        Some(4) => "irq",
        _ => "dim",
    };
    let link = report.map(|(index, mark)| {
        let onclick = change.reform(move |event: MouseEvent| {
            event.stop_propagation();
            Change::Log(Act::Report(index))
        });
        html! { <button type="button" class="to-report" {onclick} title="Enter">{ format!("Report: {}", mark.title) }</button> }
    });
    let text = highlight::parts(text, needle).into_iter().map(|(part, hit)| {
        if hit {
            html! { <mark>{ part }</mark> }
        } else {
            html! { { part } }
        }
    });
    html! {
        <>
            <span class="num dim" role="gridcell">{ record.time.map(log_rows::time) }</span>
            <span {class} role="gridcell">{ level }</span>
            if callers { <span class="by dim" role="gridcell">{ record.caller.clone() }</span> }
            <span class={classes!("said", (record.level >= Some(7)).then_some("dim"))} role="gridcell">{ link }<span>{ for text }</span></span>
        </>
    }
}

fn toolbar(props: &Props, shown: &[usize], hits: &[usize], selected: usize) -> Html {
    let Props { log, options, change, .. } = props;
    let act = |act: Act| change.reform(move |_: MouseEvent| Change::Log(act.clone()));
    let on_level = super::on(change, |event: Event| {
        let least = event.target_dyn_into::<HtmlSelectElement>()?.value().parse().ok();
        Some(Change::Log(Act::Level(least)))
    });
    let on_needle = super::on(change, |event: InputEvent| {
        Some(Change::Log(Act::Needle(event.target_dyn_into::<HtmlInputElement>()?.value())))
    });
    let on_key = super::on(change, |event: KeyboardEvent| {
        (event.key() == "Enter").then(|| {
            event.prevent_default();
            Change::Log(Act::Find { backwards: event.shift_key() })
        })
    });
    let levels = (0..8_u8).zip(LEVELS).rev().map(|(level, name)| {
        let name = if level == 0 { name.to_owned() } else { format!("{name} and worse") };
        html! { <option value={level.to_string()} selected={options.least == Some(level)}>{ name }</option> }
    });
    let all = log.len();
    let rows = if shown.len() == all {
        format::counted(all as u64, "line")
    } else {
        let silent = log.without_level() as u64;
        let silent = if silent == 0 { String::new() } else { format!("; {} without a level", format::count(silent)) };
        format!("{} of {}{silent}", format::count(shown.len() as u64), format::counted(all as u64, "line"))
    };
    let none = hits.is_empty();
    html! {
        <div class="toolbar" role="search">
            <label>{ "Level " }
                <select id="log-level" onchange={on_level}>
                    <option value="" selected={options.least.is_none()}>{ "all" }</option>
                    { for levels }
                </select>
            </label>
            <span id="log-shown" role="status" class="dim">{ rows }</span>
            <label>{ "Find " }
                <input id="find" type="search" value={options.needle.clone()} oninput={on_needle} onkeydown={on_key} autocomplete="off"
                    spellcheck="false" />
            </label>
            <button type="button" disabled={none} onclick={act(Act::Find { backwards: true })} title="Shift+Enter">{ "Previous" }</button>
            <button type="button" disabled={none} onclick={act(Act::Find { backwards: false })} title="Enter">{ "Next" }</button>
            <span id="find-outcome" role="status" class="dim">{ outcome(options, hits) }</span>
            <span class="right">
                <button type="button" id="copy-selected" disabled={selected == 0} onclick={act(Act::CopySelected)}
                    title="Shift selects more rows">{ "Copy selected" }</button>
                { " " }
                <button type="button" id="copy-shown" disabled={shown.is_empty()} onclick={act(Act::CopyShown)}>{ "Copy all shown" }</button>
            </span>
        </div>
    }
}

/// Which of how many lines that hold what is searched is selected.
fn outcome(options: &Options, hits: &[usize]) -> String {
    let of = format::count(hits.len() as u64);
    match options.selected.and_then(|row| hits.binary_search(&row).ok()) {
        _ if options.needle.is_empty() => String::new(),
        _ if hits.is_empty() => "not in these lines".to_owned(),
        Some(at) => format!("{} of {of}", format::count(at as u64 + 1)),
        None => format!("in {}", format::counted(hits.len() as u64, "line")),
    }
}

/// Where among the shown rows the reports are, beside the scroll bar.
fn marks(reports: &Reports, shown: &[usize]) -> Html {
    // A report of a few lines must be seen in a log of thousands.
    let least = (shown.len() / 200).max(1);
    let rects = reports.list.iter().take(MAX_MARKS).filter_map(|mark| {
        let first = shown.partition_point(|&row| row < mark.first);
        let height =
            shown.partition_point(|&row| row <= mark.last).checked_sub(first).filter(|&rows| rows > 0)?.max(least);
        let class = if mark.warning { "warning" } else { "fatal" };
        Some(html! { <rect {class} x="0" width="1" y={first.to_string()} height={height.to_string()} /> })
    });
    html! {
        <svg class="marks" viewBox={format!("0 0 1 {}", shown.len())} preserveAspectRatio="none" aria-hidden="true">{ for rects }</svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_tells_which_of_how_many() {
        let at = |needle: &str, selected| {
            outcome(&Options { needle: needle.to_owned(), selected, ..Options::default() }, &[3, 8])
        };
        assert_eq!(at("x", Some(8)), "2 of 2");
        assert_eq!(at("x", Some(4)), "in 2 lines");
        assert_eq!(at("", Some(3)), "");
        let none = outcome(&Options { needle: "x".to_owned(), ..Options::default() }, &[]);
        assert_eq!(none, "not in these lines");
    }
}
