//! The whole log, whatever its length: only the rows on screen exist, their lines are asked for in chunks and kept in a
//! small cache. Must never hold more than that cache.

use super::log_row::{self, Look, severity_class};
use crate::engine::Engine;
use crate::format;
use crate::same::Same;
use crate::state::{Origin, Selection};
use crate::update::{Change, Purpose};
use oopscope_protocol::{Event, LogLine, LogSummary, Request, Summary};
use oopscope_web_kit::few::Few;
use oopscope_web_kit::scroller::Scroller;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Lines asked for at once.
const CHUNK: u64 = 256;

/// Chunks kept.
const MAX_CHUNKS: usize = 32;

/// Reports that are marked beside the scroll bar.
const MAX_MARKS: usize = 500;

/// Which log, and what of it is selected.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// The log.
    pub(crate) summary: Same<LogSummary>,
    /// Whom to ask.
    pub(crate) engine: Engine,
    /// Changes when the engine must be asked anew.
    pub(crate) epoch: u32,
    /// The line in sight at the beginning, where none is selected.
    pub(crate) start: u64,
    /// The selected line.
    pub(crate) selection: Option<Selection>,
    /// Where to tell what the user did.
    pub(crate) change: Callback<Change>,
}

/// What happens to it.
pub(crate) enum Msg {
    Scrolled,
    Wheel(WheelEvent),
    Resized,
    Chunk { epoch: u32, chunk: u64, event: Event },
    Key(KeyboardEvent),
    Needle(String),
    Find { backwards: bool },
    Found { search: Search, event: Event },
    Jump(String),
}

/// A search that is under way.
#[derive(Clone)]
pub(crate) struct Search {
    serial: u32,
    backwards: bool,
    wrapped: bool,
}

/// The log.
pub(crate) struct LogView {
    scroller: Scroller,
    chunks: Few<u64, Vec<LogLine>>,
    asked: Few<u64, ()>,
    needle: String,
    outcome: String,
    searches: u32,
    scrolled_to: Option<u32>,
}

impl Component for LogView {
    type Message = Msg;
    type Properties = Props;

    fn create(_ctx: &Context<Self>) -> Self {
        Self {
            scroller: Scroller::default(),
            chunks: Few::default(),
            asked: Few::default(),
            needle: String::new(),
            outcome: String::new(),
            searches: 0,
            scrolled_to: None,
        }
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &Props) -> bool {
        if ctx.props().epoch != old.epoch {
            self.chunks.clear();
            self.asked.clear();
            self.outcome.clear();
        }
        true
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Scrolled => self.scroller.scrolled(lines(ctx)),
            Msg::Wheel(event) => {
                self.scroller.wheel(lines(ctx), &event);
                true
            }
            Msg::Resized => {
                self.scroller.measure();
                true
            }
            Msg::Chunk { epoch, chunk, event } => {
                if epoch != ctx.props().epoch {
                    return false;
                }
                match event {
                    // Stays asked for: it would fail again, and for ever.
                    Event::Failed(problem) if problem.code != "superseded" => {
                        ctx.props().change.emit(Change::Answer(Purpose::Lines, Event::Failed(problem)));
                        return false;
                    }
                    Event::Lines { lines, .. } => self.keep(chunk, lines),
                    _ => {}
                }
                self.asked.remove(&chunk);
                true
            }
            Msg::Key(event) => {
                self.key(ctx, &event);
                false
            }
            Msg::Needle(needle) => {
                self.needle = needle;
                self.outcome.clear();
                true
            }
            Msg::Find { backwards } => {
                self.searches += 1;
                let search = Search { serial: self.searches, backwards, wrapped: false };
                let here = self.here(ctx);
                let from = if backwards { here.saturating_sub(1) } else { here + 1 };
                self.find(ctx, search, from)
            }
            Msg::Found { search, event } => self.found(ctx, &search, event),
            Msg::Jump(line) => {
                if let Ok(line) = line.trim().replace(',', "").parse::<u64>() {
                    let line = line.clamp(1, ctx.props().summary.facts.lines.max(1));
                    ctx.props().change.emit(Change::Select(line, Origin::Log));
                }
                false
            }
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let props = ctx.props();
        let selected = props.selection.map(|selection| selection.line);
        let slice = self.scroller.slice(lines(ctx));
        let rows = (slice.first..slice.first + slice.count).map(|index| {
            let number = index + 1;
            let line = self
                .chunks
                .get(&(index / CHUNK))
                .and_then(|lines| usize::try_from(index % CHUNK).ok().and_then(|offset| lines.get(offset)));
            let look = Look {
                id: "log",
                selected: selected == Some(number),
                report: report_at(&props.summary.reports, number).map(|report| report.severity),
                needle: &self.needle,
            };
            let onclick = log_row::choose(number, Origin::Log, &props.change);
            log_row::row(number, line, look, onclick)
        });
        let link = ctx.link();
        let active = selected
            .filter(|line| (slice.first + 1..=slice.first + slice.count).contains(line))
            .map(|line| log_row::row_id("log", line));
        html! {
            <section class="log-view" aria-label="Log">
                <h1 class="unseen">{ "The whole log" }</h1>
                { self.toolbar(ctx) }
                { looked_for(&props.summary) }
                <div class="log-frame">
                    <div class="lines" id="log" ref={self.scroller.list.clone()} role="listbox" aria-label="Lines of the log" tabindex="0"
                        aria-activedescendant={active} onscroll={link.callback(|_| Msg::Scrolled)} onkeydown={link.callback(Msg::Key)}>
                        <div class="space" ref={self.scroller.space.clone()} role="presentation">
                            <div class="rows" ref={self.scroller.rows.clone()} role="presentation">{ for rows }</div>
                        </div>
                    </div>
                    { marks(&props.summary) }
                </div>
            </section>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        let lines = lines(ctx);
        if first {
            let link = ctx.link();
            self.scroller.listen(lines, link.callback(|()| Msg::Resized), link.callback(Msg::Wheel));
            self.scroller.measure();
            link.send_message(Msg::Resized);
            if ctx.props().selection.is_none() {
                self.scroller.reveal(lines, ctx.props().start.saturating_sub(1));
            }
        }
        if let Some(selection) = ctx.props().selection
            && self.scrolled_to != Some(selection.serial)
        {
            self.scrolled_to = Some(selection.serial);
            self.scroller.reveal(lines, selection.line.saturating_sub(1));
        }
        if self.scroller.place(lines) {
            ctx.link().send_message(Msg::Resized);
        }
        self.ask(ctx);
    }
}

impl LogView {
    fn keep(&mut self, chunk: u64, lines: Vec<LogLine>) {
        self.chunks.insert(chunk, lines);
        while self.chunks.len() > MAX_CHUNKS {
            let Some(furthest) = self.chunks.keys().copied().max_by_key(|other| other.abs_diff(chunk)) else { return };
            self.chunks.remove(&furthest);
        }
    }

    /// Asks for the chunks on screen that are not there.
    fn ask(&mut self, ctx: &Context<Self>) {
        let props = ctx.props();
        let slice = self.scroller.slice(lines(ctx));
        if slice.count == 0 {
            return;
        }
        for chunk in slice.first / CHUNK..=(slice.first + slice.count - 1) / CHUNK {
            if self.chunks.has(&chunk) || !self.asked.insert(chunk, ()) {
                continue;
            }
            let epoch = props.epoch;
            let reply = ctx.link().callback(move |event| Msg::Chunk { epoch, chunk, event });
            let count = u32::try_from(CHUNK).unwrap_or(u32::MAX);
            props.engine.send(&Request::Lines { from: chunk * CHUNK + 1, count }, &[], Some(reply));
        }
    }

    /// The line from which searching and moving goes on: the selected one, or the first on screen.
    fn here(&self, ctx: &Context<Self>) -> u64 {
        ctx.props().selection.map_or_else(|| self.scroller.first(), |selection| selection.line)
    }

    fn find(&mut self, ctx: &Context<Self>, search: Search, from: u64) -> bool {
        if self.needle.is_empty() {
            return false;
        }
        self.outcome = String::from("searching…");
        let lines = ctx.props().summary.facts.lines;
        let request =
            Request::Find { text: self.needle.clone(), from: from.clamp(1, lines.max(1)), backwards: search.backwards };
        let reply = ctx.link().callback(move |event| Msg::Found { search: search.clone(), event });
        ctx.props().engine.send(&request, &[], Some(reply));
        true
    }

    fn found(&mut self, ctx: &Context<Self>, search: &Search, event: Event) -> bool {
        if search.serial != self.searches {
            return false;
        }
        match event {
            Event::Found { line: Some(line) } => {
                let wrapped = if search.wrapped { ", from the other end" } else { "" };
                self.outcome = format!("line {}{wrapped}", format::count(line));
                ctx.props().change.emit(Change::Select(line, Origin::Log));
            }
            Event::Found { line: None } if !search.wrapped => {
                let from = if search.backwards { ctx.props().summary.facts.lines } else { 1 };
                return self.find(ctx, Search { wrapped: true, ..search.clone() }, from);
            }
            Event::Failed(problem) => self.outcome = problem.message,
            _ => self.outcome = String::from("not in this log"),
        }
        true
    }

    fn key(&self, ctx: &Context<Self>, event: &KeyboardEvent) {
        let lines = ctx.props().summary.facts.lines;
        let page = self.scroller.page();
        let here = self.here(ctx);
        let line = match event.key().as_str() {
            "ArrowDown" => here + 1,
            "ArrowUp" => here.saturating_sub(1),
            "PageDown" => here + page,
            "PageUp" => here.saturating_sub(page),
            "Home" => 1,
            "End" => lines,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        ctx.props().change.emit(Change::Select(line.clamp(1, lines.max(1)), Origin::Log));
    }

    fn toolbar(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let value = |event: &InputEvent| event.target_dyn_into::<HtmlInputElement>().map(|input| input.value());
        let on_needle = link.batch_callback(move |event: InputEvent| value(&event).map(Msg::Needle));
        let on_key = link.batch_callback(|event: KeyboardEvent| {
            (event.key() == "Enter").then(|| {
                event.prevent_default();
                Msg::Find { backwards: event.shift_key() }
            })
        });
        let on_jump = link.batch_callback(|event: web_sys::Event| {
            event.target_dyn_into::<HtmlInputElement>().map(|input| Msg::Jump(input.value()))
        });
        html! {
            <div class="toolbar" role="search">
                <label>{ "Find " }
                    <input id="find" type="search" value={self.needle.clone()} oninput={on_needle} onkeydown={on_key}
                        autocomplete="off" spellcheck="false" />
                </label>
                <button type="button" onclick={link.callback(|_| Msg::Find { backwards: true })} title="Shift+Enter">{ "Previous" }</button>
                <button type="button" onclick={link.callback(|_| Msg::Find { backwards: false })} title="Enter">{ "Next" }</button>
                <span id="find-outcome" role="status" class="dim">{ &self.outcome }</span>
                <label class="right">{ "Line " }
                    <input id="jump" type="text" inputmode="numeric" size="9" onchange={on_jump} autocomplete="off" />
                </label>
            </div>
        }
    }
}

fn lines(ctx: &Context<LogView>) -> u64 {
    ctx.props().summary.facts.lines
}

/// The report that a line belongs to. The reports stand in the order of their first lines.
fn report_at(reports: &[Summary], line: u64) -> Option<&Summary> {
    let after = reports.partition_point(|report| report.first_line <= line);
    reports[..after].last().filter(|report| line <= report.last_line)
}

/// Where in the log the reports are, beside the scroll bar.
fn marks(summary: &LogSummary) -> Html {
    let lines = summary.facts.lines.max(1);
    // A report of a few lines must be seen in a log of millions.
    let least = (lines / 200).max(1);
    let rects = summary.reports.iter().take(MAX_MARKS).map(|report| {
        let height = (report.last_line + 1).saturating_sub(report.first_line).max(least);
        html! {
            <rect class={severity_class(report.severity)} x="0" width="1" y={report.first_line.saturating_sub(1).to_string()}
                height={height.to_string()} />
        }
    });
    html! {
        <svg class="marks" viewBox={format!("0 0 1 {lines}")} preserveAspectRatio="none" aria-hidden="true">{ for rects }</svg>
    }
}

/// That there is no report, and what was looked for.
fn looked_for(summary: &LogSummary) -> Html {
    if !summary.reports.is_empty() {
        return Html::default();
    }
    let patterns = summary.looked_for.iter().map(|pattern| html! { <li><code>{ pattern }</code></li> });
    html! {
        <div class="note plain" id="no-report">
            <p><strong>{ "No report found." }</strong>
                { format!(" None of {} has the header of a kernel report. Is it the kernel's log (dmesg, journalctl -k), from before \
                   the restart, and complete?", format::counted(summary.facts.lines, "line")) }</p>
            if !summary.looked_for.is_empty() {
                <details><summary>{ "What was looked for" }</summary><ul class="looked-for">{ for patterns }</ul></details>
            }
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_belongs_to_the_report_around_it() {
        let report = |index, first_line, last_line| Summary { index, first_line, last_line, ..Summary::default() };
        let reports = [report(0, 10, 20), report(1, 30, 40)];
        let at = |line| report_at(&reports, line).map(|report| report.index);
        assert_eq!([at(9), at(10), at(20), at(21), at(30), at(41)], [None, Some(0), Some(0), None, Some(1), None]);
    }
}
