//! Lines of the log beside the stack, and before the crash: in the page itself, so that the browser's own search finds
//! them, with more on demand. Must never hold the whole log; that is the log view's part.

use super::log_row::{self, Look};
use crate::browser;
use crate::engine::Engine;
use crate::excerpt_window::{GROWTH, Window};
use crate::num::{to_f64, to_px};
use crate::state::{Origin, Selection};
use crate::update::{Change, Purpose};
use oopscope_protocol::{Event, LogLine, Request};
use oopscope_report::Severity;
use oopscope_web_kit::virtual_scroll::ROW;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};
use yew::prelude::*;

/// Lines above the report's first one that are in sight at the beginning.
const LEAD_IN: u64 = 3;

/// Which part of the page an excerpt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The report's own lines, beside the stack: it follows the selection.
    Report,
    /// What came before.
    Before,
}

impl Part {
    /// The element's id; lines are `ID-NUMBER`.
    const fn id(self) -> &'static str {
        match self {
            Self::Report => "log",
            Self::Before => "before",
        }
    }

    /// What it is, for screen readers.
    const fn label(self) -> &'static str {
        match self {
            Self::Report => "Log lines of this report",
            Self::Before => "Log lines before the report",
        }
    }
}

/// Which lines, and what of them is selected.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// Whom to ask.
    pub(crate) engine: Engine,
    /// Changes when the engine must be asked anew.
    pub(crate) epoch: u32,
    /// First line shown at the beginning.
    pub(crate) from: u64,
    /// Last line shown at the beginning.
    pub(crate) to: u64,
    /// Last line that may be shown.
    pub(crate) total: u64,
    /// First and last line of the report, and how bad it is.
    pub(crate) report: (u64, u64, Severity),
    /// The selected line.
    pub(crate) selection: Option<Selection>,
    /// Which part of the page it is.
    pub(crate) part: Part,
    /// Where to tell what the user did.
    pub(crate) change: Callback<Change>,
}

/// What happens to it.
pub(crate) enum Msg {
    Answer(Event),
    Earlier,
    Later,
    Key(KeyboardEvent),
}

/// The lines.
pub(crate) struct Excerpt {
    window: Window,
    /// Number of the first line held.
    first: u64,
    lines: Vec<LogLine>,
    list: NodeRef,
    scrolled_to: Option<u32>,
    /// True once the list stands where it is to be read first.
    placed: bool,
}

impl Component for Excerpt {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let props = ctx.props();
        let mut excerpt = Self {
            window: Window::new(props.from, props.to, props.total),
            first: props.from,
            lines: Vec::new(),
            list: NodeRef::default(),
            scrolled_to: None,
            placed: false,
        };
        excerpt.follow(props);
        excerpt.ask(ctx);
        excerpt
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &Props) -> bool {
        let props = ctx.props();
        let before = self.window;
        if (props.from, props.to, props.total) != (old.from, old.to, old.total) {
            self.window = Window::new(props.from, props.to, props.total);
            self.lines.clear();
        }
        self.follow(props);
        if self.window != before || props.epoch != old.epoch {
            self.ask(ctx);
        }
        true
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Answer(Event::Lines { from, lines }) => {
                (self.first, self.lines) = (from, lines);
                true
            }
            Msg::Answer(Event::Failed(problem)) if problem.code != "superseded" => {
                ctx.props().change.emit(Change::Answer(Purpose::Lines, Event::Failed(problem)));
                false
            }
            Msg::Answer(_) => false,
            Msg::Earlier => {
                self.window = self.window.earlier();
                self.ask(ctx);
                false
            }
            Msg::Later => {
                self.window = self.window.later(ctx.props().total);
                self.ask(ctx);
                false
            }
            Msg::Key(event) => {
                self.key(ctx.props(), &event);
                false
            }
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let props = ctx.props();
        let link = ctx.link();
        let selected = props.selection.map(|selection| selection.line);
        let rows = (self.first..).zip(&self.lines).map(|(number, line)| {
            let (first, last, severity) = props.report;
            let look = Look {
                id: props.part.id(),
                selected: selected == Some(number),
                report: (first..=last).contains(&number).then_some(severity),
                needle: "",
            };
            let onclick = log_row::choose(number, Origin::Log, &props.change);
            log_row::row(number, Some(line), look, onclick)
        });
        let room = self.window.has_room();
        let more = |label: String, message: fn() -> Msg| {
            html! { <button class="more" type="button" onclick={link.callback(move |_| message())}>{ label }</button> }
        };
        let earlier = (room && self.window.from > 1)
            .then(|| more(format!("▴ {} earlier lines", GROWTH.min(self.window.from - 1)), || Msg::Earlier));
        let later = (room && self.window.to < props.total)
            .then(|| more(format!("▾ {} later lines", GROWTH.min(props.total - self.window.to)), || Msg::Later));
        let shown = self.first..self.first + self.lines.len() as u64;
        let active = selected.filter(|line| shown.contains(line)).map(|line| log_row::row_id(props.part.id(), line));
        html! {
            <>
                { earlier }
                <div class="lines" id={props.part.id()} ref={self.list.clone()} role="listbox" aria-label={props.part.label()}
                    tabindex="0" aria-activedescendant={active} onkeydown={link.callback(Msg::Key)}>
                    <div class="rows" role="presentation">{ for rows }</div>
                </div>
                { later }
            </>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, _first: bool) {
        let props = ctx.props();
        self.place(props);
        let Some(selection) = props.selection.filter(|_| props.part == Part::Report) else { return };
        if self.scrolled_to == Some(selection.serial) {
            return;
        }
        let row = browser::document().get_element_by_id(&log_row::row_id(props.part.id(), selection.line));
        if let (Some(row), Some(list)) = (row, self.list.cast::<Element>()) {
            self.scrolled_to = Some(selection.serial);
            reveal(&list, &row);
            if selection.origin == Origin::Evidence {
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Nearest);
                options.set_inline(ScrollLogicalPosition::Nearest);
                list.scroll_into_view_with_scroll_into_view_options(&options);
            }
        }
    }
}

impl Excerpt {
    fn follow(&mut self, props: &Props) {
        if let Some(selection) = props.selection.filter(|_| props.part == Part::Report) {
            self.window = self.window.showing(selection.line, props.total);
        }
    }

    /// Puts the lines that are to be read first into sight: the report's beginning, and the last before it.
    fn place(&mut self, props: &Props) {
        let Some(list) = self.list.cast::<Element>().filter(|_| !self.placed && !self.lines.is_empty()) else { return };
        self.placed = true;
        let top = match props.part {
            Part::Report => ROW * to_f64(props.report.0.saturating_sub(self.first + LEAD_IN)),
            Part::Before => f64::from(list.scroll_height()),
        };
        list.set_scroll_top(to_px(top));
    }

    fn ask(&self, ctx: &Context<Self>) {
        let count = u32::try_from(self.window.count()).unwrap_or(u32::MAX);
        if count > 0 {
            let request = Request::Lines { from: self.window.from, count };
            ctx.props().engine.send(&request, &[], Some(ctx.link().callback(Msg::Answer)));
        }
    }

    fn key(&self, props: &Props, event: &KeyboardEvent) {
        let selected = props.selection.map_or(props.report.0, |selection| selection.line);
        let last = self.first + self.lines.len() as u64;
        let line = match event.key().as_str() {
            "ArrowDown" => selected + 1,
            "ArrowUp" => selected.saturating_sub(1),
            "PageDown" => selected + 20,
            "PageUp" => selected.saturating_sub(20),
            "Home" => self.first,
            "End" => last.saturating_sub(1),
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        let line = line.clamp(self.first, last.max(self.first + 1) - 1);
        props.change.emit(Change::Select(line, Origin::Log));
    }
}

/// Scrolls the list, and nothing else, until the row is in it.
fn reveal(list: &Element, row: &Element) {
    let (list_box, row_box) = (list.get_bounding_client_rect(), row.get_bounding_client_rect());
    let above = row_box.top() < list_box.top();
    if above || row_box.bottom() > list_box.bottom() {
        let wanted = row_box.top() - list_box.top() - list_box.height() / 3.0;
        list.set_scroll_top(list.scroll_top() + to_px(wanted));
    }
    if let Some(list) = list.dyn_ref::<HtmlElement>() {
        list.set_scroll_left(0);
    }
}
