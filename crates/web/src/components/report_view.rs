//! One report, from the top: badges, title, verdict, notices, ties, facts; then, beside the log, what the evidence says,
//! the stacks, the fault and the code; then registers, the lines before, modules and environment. Must never show a part
//! that the report does not have.

use super::code::CodeAtTrap;
use super::details::Details;
use super::excerpt::{Excerpt, Part as Piece};
use super::facts::context_words;
use super::log_row::severity_class;
use super::part::{Part, Which};
use super::prose::prose;
use super::report_list::severity_word;
use super::stack::{StackTable, context_class};
use super::symbols;
use super::ties::{show_report, ties};
use crate::engine::Engine;
use crate::same::Same;
use crate::stack_rows::Folds;
use crate::state::{OpenSource, Selection};
use crate::update::Change;
use oopscope_protocol::{LogSummary, Symbols};
use oopscope_report::{Notice, NoticeKind, Report};
use std::rc::Rc;
use yew::prelude::*;

/// Lines of the log before and after the report that stand beside the stack.
const BEFORE: u64 = 20;
const AFTER: u64 = 10;

/// Lines shown under "Before the crash" at first.
const LEAD: u64 = 40;

/// Which report.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// The report.
    pub(crate) report: Same<Report>,
    /// Its index.
    pub(crate) index: u32,
    /// The log.
    pub(crate) summary: Same<LogSummary>,
    /// Whom to ask for lines.
    pub(crate) engine: Engine,
    /// Changes when the engine must be asked anew.
    pub(crate) epoch: u32,
    /// The selected line.
    pub(crate) selection: Option<Selection>,
    /// What was folded and unfolded.
    pub(crate) folds: Rc<Folds>,
    /// The frames that are opened to their source.
    pub(crate) sources: Rc<Vec<OpenSource>>,
    /// The template of links to the user's source browser.
    pub(crate) source_link: Rc<str>,
    /// What became of the files of symbols.
    pub(crate) symbols: Option<Same<Symbols>>,
    /// Where to tell what the user did.
    pub(crate) change: Callback<Change>,
}

/// The report.
#[component]
pub(crate) fn ReportView(props: &Props) -> Html {
    let report = &props.report;
    let change = &props.change;
    let excerpt = |from: u64, to: u64, total: u64, part: Piece| {
        html! {
            <Excerpt key={format!("{part:?}-{}", props.index)} engine={props.engine.clone()} epoch={props.epoch} {from} {to}
                {total} report={(report.first_line, report.last_line, report.severity)} selection={props.selection}
                {part} change={change.clone()} />
        }
    };
    let part = |which: Which| {
        html! {
            <Part {which} report={report.clone()} summary={props.summary.clone()} change={change.clone()} />
        }
    };
    let lines = props.summary.facts.lines;
    let log =
        excerpt(report.first_line.saturating_sub(BEFORE), report.last_line.saturating_add(AFTER), lines, Piece::Report);
    let before = (report.first_line > 1).then(|| {
        let last = report.first_line - 1;
        html! {
            <section class="before">
                <h2>{ "Before the crash" }</h2>
                { excerpt(report.first_line.saturating_sub(LEAD), last, last, Piece::Before) }
            </section>
        }
    });
    let fault = (report.access.is_some() || report.trap.is_some()).then(|| part(Which::Fault));
    let has_registers = !report.registers.is_empty() || report.stacks.iter().any(|stack| !stack.registers.is_empty());
    let registers = has_registers.then(|| part(Which::Registers));
    let code = report.code.as_ref().map(|code| html! { <CodeAtTrap code={code.clone()} change={change.clone()} /> });
    html! {
        <article class="report" aria-labelledby="title">
            <header class="report-head">
                <p class="badges">{ badges(props) }</p>
                <h1 id="title">{ &report.title }</h1>
                { also_known_as(report) }
                <p id="verdict" class="verdict">{ prose(&report.verdict, change) }</p>
            </header>
            { damage(report) }
            { for report.notices.iter().map(|entry| notice(entry, report, change)) }
            { ties(&report.links, change) }
            { part(Which::Facts) }
            <div class="two main-pair">
                <div class="column">
                    { part(Which::Explanation) }
                    if !report.details.is_empty() { <Details report={report.clone()} change={change.clone()} /> }
                    <section class="stacks">
                        <h2>{ if report.stacks.len() > 1 { "Stacks" } else { "Stack" } }</h2>
                        { symbols::beside_stack(report, props.symbols.as_ref(), change) }
                        <StackTable report={report.clone()} selection={props.selection} folds={Rc::clone(&props.folds)}
                            sources={Rc::clone(&props.sources)} source_link={Rc::clone(&props.source_link)} change={change.clone()} />
                    </section>
                    { fault }
                    { code }
                    { part(Which::Identity) }
                    { part(Which::About) }
                </div>
                <section class="beside">
                    <h2>{ "Log " }<span>{ format!("lines {}–{}", report.first_line, report.last_line) }</span></h2>
                    { log }
                </section>
            </div>
            { registers }
            { before }
            { part(Which::Environment) }
        </article>
    }
}

fn badges(props: &Props) -> Html {
    let report = &props.report;
    let total = props.summary.reports.len();
    html! {
        <>
            <span class={classes!("badge", severity_class(report.severity))}>{ severity_word(report.severity) }</span>
            if let Some(words) = context_words(report.context) {
                <span class={classes!("badge", context_class(report.context))}>{ words.to_ascii_uppercase() }</span>
            }
            if report.corrupted { <span class="badge damaged">{ "DAMAGED" }</span> }
            if report.interleaved { <span class="badge dim">{ "MIXED LINES" }</span> }
            <span class="badge dim">{ format!("{} of {total}", props.index + 1) }</span>
            if report.repeats > 0 { <span class="badge dim">{ format!("again {}×", report.repeats) }</span> }
        </>
    }
}

fn notice(notice: &Notice, report: &Report, change: &Callback<Change>) -> Html {
    let class = match notice.kind {
        NoticeKind::Victim => "irq",
        NoticeKind::Fatal => "fatal",
        _ => "plain",
    };
    // A tie to the same report has its own way there.
    let first = report.may_follow_from.unwrap_or(0);
    let tied = report.links.iter().any(|link| link.report == first);
    let jump =
        (notice.kind == NoticeKind::NotFirst && !tied).then(|| html! { <>{ " " }{ show_report(first, change) }</> });
    html! { <p class={classes!("note", class)}>{ prose(&notice.prose, change) }{ jump }</p> }
}

/// Other titles of the same bug: what to search for in the trackers.
fn also_known_as(report: &Report) -> Html {
    if report.alt_titles.is_empty() {
        return Html::default();
    }
    let titles = report.alt_titles.iter().map(|title| html! { <li>{ "also: " }<code>{ title }</code></li> });
    html! { <ul class="also" aria-label="Other titles of the same bug">{ for titles }</ul> }
}

/// How far the report can't be trusted, where no notice says it already.
fn damage(report: &Report) -> Html {
    let told = report.notices.iter().any(|notice| notice.kind == NoticeKind::Damaged);
    let reason = report.corrupted_reason.as_ref().filter(|_| !told);
    html! {
        <>
            if let Some(reason) = reason { <p class="note plain" id="damaged">{ format!("The report is damaged: {}.", reason.trim_end_matches('.')) }</p> }
            if report.interleaved {
                <p class="note plain" id="interleaved">
                    { "Lines of several CPUs or tasks are mixed here. They were told apart without caller ids, by what each line can belong to: a guess, which may be wrong." }
                </p>
            }
        </>
    }
}
