//! A table of any length: only the rows on screen exist. One row is selected, by the mouse or the keys. Must never know what
//! the rows are.

use oopscope_web_kit::scroller::Scroller;
use yew::prelude::*;

/// Pixels of the heading: one row, as `www/style.css` has it.
const HEADING: f64 = 20.0;

/// What is shown.
#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    /// The element's id, and the beginning of its rows' ids.
    pub(crate) id: &'static str,
    /// What it is, for those who can't see it.
    pub(crate) label: AttrValue,
    /// The cells of the heading.
    pub(crate) heading: Html,
    /// How many rows.
    pub(crate) rows: u64,
    /// The selected row, from which the keys move on.
    pub(crate) selected: Option<u64>,
    /// The first and the last row that are shown as selected.
    pub(crate) ends: Option<(u64, u64)>,
    /// The row that is in sight at first.
    pub(crate) start: Option<u64>,
    /// Changes when [`Self::start`] is to be brought into sight again.
    #[prop_or_default]
    pub(crate) turn: u32,
    /// A row, by its number from 0.
    pub(crate) row: Callback<u64, Row>,
    /// A row was selected; true where Shift was held.
    pub(crate) on_select: Callback<(u64, bool)>,
    /// True where rows are text: Shift selects several of them, and two clicks select a word, as in any text.
    #[prop_or_default]
    pub(crate) text: bool,
    /// A row was opened, by Enter or two clicks.
    pub(crate) on_open: Callback<u64>,
    /// Changes when the rows are others: then it begins at the first.
    pub(crate) epoch: u32,
}

/// A row.
#[derive(Default)]
pub(crate) struct Row {
    /// Its class, beside that of all rows.
    pub(crate) look: &'static str,
    /// Its cells.
    pub(crate) cells: Html,
}

/// What happens to it.
pub(crate) enum Msg {
    Scrolled,
    Wheel(WheelEvent),
    Resized,
    Key(KeyboardEvent),
    Click(u64, bool),
}

/// The table.
pub(crate) struct Table {
    scroller: Scroller,
}

impl Component for Table {
    type Message = Msg;
    type Properties = Props;

    fn create(_ctx: &Context<Self>) -> Self {
        Self { scroller: Scroller::with_heading(HEADING) }
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &Props) -> bool {
        if ctx.props().epoch != old.epoch {
            // Who sorts wants to see what comes first.
            self.scroller.to_top();
        }
        if let Some(start) = ctx.props().start.filter(|_| ctx.props().turn != old.turn) {
            self.scroller.reveal(ctx.props().rows, start);
        }
        true
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        let props = ctx.props();
        match msg {
            Msg::Scrolled => return self.scroller.scrolled(props.rows),
            Msg::Wheel(event) => self.scroller.wheel(props.rows, &event),
            Msg::Resized => self.scroller.measure(),
            Msg::Key(event) => return self.key(ctx, &event),
            Msg::Click(row, extend) => props.on_select.emit((row, extend)),
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let (props, link) = (ctx.props(), ctx.link());
        let slice = self.scroller.slice(props.rows);
        let rows = (slice.first..slice.first + slice.count).map(|row| {
            let selected = props.ends.is_some_and(|(first, last)| (first..=last).contains(&row));
            let Row { look, cells } = props.row.emit(row);
            html! {
                <div key={row} id={format!("{}-{row}", props.id)} class={classes!("t-row", look, selected.then_some("sel"))} role="row"
                    aria-rowindex={(row + 2).to_string()} aria-selected={selected.to_string()}
                    onclick={link.callback(move |event: MouseEvent| Msg::Click(row, event.shift_key()))} ondblclick={(!props.text).then(|| props.on_open.reform(move |_: MouseEvent| row))}>
                    { cells }
                </div>
            }
        });
        let active = props.selected.filter(|row| (slice.first..slice.first + slice.count).contains(row));
        html! {
            <div class="lines t-list" id={props.id} ref={self.scroller.list.clone()} role="grid" aria-label={props.label.clone()} tabindex="0"
                aria-multiselectable={props.text.then_some("true")}
                aria-rowcount={(props.rows + 1).to_string()} aria-activedescendant={active.map(|row| format!("{}-{row}", props.id))}
                onscroll={link.callback(|_| Msg::Scrolled)} onkeydown={link.callback(Msg::Key)}>
                <div class="t-row t-head" role="row" aria-rowindex="1">{ props.heading.clone() }</div>
                <div class="space" ref={self.scroller.space.clone()} role="presentation">
                    <div class="rows" ref={self.scroller.rows.clone()} role="presentation">{ for rows }</div>
                </div>
            </div>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        let (props, link) = (ctx.props(), ctx.link());
        if first {
            self.scroller.listen(props.rows, link.callback(|()| Msg::Resized), link.callback(Msg::Wheel));
            self.scroller.measure();
            if let Some(row) = props.start {
                self.scroller.reveal(props.rows, row);
            }
            link.send_message(Msg::Resized);
        }
        if self.scroller.place(props.rows) {
            link.send_message(Msg::Resized);
        }
    }
}

impl Table {
    fn key(&mut self, ctx: &Context<Self>, event: &KeyboardEvent) -> bool {
        let props = ctx.props();
        // A control in the heading has keys of its own.
        let Some(last) = props.rows.checked_sub(1).filter(|_| !in_control(event)) else { return false };
        let page = self.scroller.page();
        let here = props.selected;
        let next = |step: u64| here.map_or(self.scroller.first(), |row| row.saturating_add(step));
        let before = |step: u64| here.map_or(self.scroller.first(), |row| row.saturating_sub(step));
        let row = match event.key().as_str() {
            "ArrowDown" | "j" => next(1),
            "ArrowUp" | "k" => before(1),
            "PageDown" => next(page),
            "PageUp" => before(page),
            "Home" => 0,
            "End" => last,
            "Enter" => {
                event.prevent_default();
                if let Some(row) = here {
                    props.on_open.emit(row);
                }
                return false;
            }
            _ => return false,
        };
        event.prevent_default();
        let row = row.min(last);
        self.scroller.reveal(props.rows, row);
        props.on_select.emit((row, event.shift_key()));
        true
    }
}

fn in_control(event: &KeyboardEvent) -> bool {
    event.target_dyn_into::<web_sys::Element>().is_some_and(|element| element.tag_name() == "BUTTON")
}
