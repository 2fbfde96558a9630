//! The elements of a list that is too long to lay out, kept where the arithmetic of [`crate::virtual_scroll`] wants them.
//! Must never know what the rows are.
//!
//! Three elements inside each other: `list` scrolls, `space` has the height of all rows, `rows` holds those on screen.

use crate::browser::{self, listener::Listener};
use crate::num::{to_i64, to_px, to_u64};
use crate::virtual_scroll::{ROW, Slice, VirtualScroll};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, WheelEvent};
use yew::{Callback, NodeRef};

/// Where such a list is scrolled to.
#[derive(Default)]
pub struct Scroller {
    /// The element that scrolls.
    pub list: NodeRef,
    /// The element that is as high as all rows.
    pub space: NodeRef,
    /// The element that holds the rows on screen.
    pub rows: NodeRef,
    position: f64,
    window: Option<f64>,
    /// Pixels of a heading that stays at the list's upper edge.
    heading: f64,
    /// The browser's scroll bar is to be put in its place after the next rendering.
    wanted: bool,
    listeners: Vec<Listener>,
}

/// Height of a window that was not measured yet, in pixels.
const SOME_WINDOW: f64 = 600.0;

impl Scroller {
    /// A list with a heading of so many pixels that stays at its upper edge.
    pub fn with_heading(heading: f64) -> Self {
        Self { heading, ..Self::default() }
    }

    fn scroll(&self, rows: u64) -> VirtualScroll {
        VirtualScroll { rows, window: self.window.unwrap_or(SOME_WINDOW) }
    }

    /// The rows to lay out.
    pub fn slice(&self, rows: u64) -> Slice {
        self.scroll(rows).slice(self.position)
    }

    /// The first row on screen.
    pub fn first(&self) -> u64 {
        to_u64(self.position / ROW)
    }

    /// How many rows the keys for a page move by.
    pub fn page(&self) -> u64 {
        to_u64(self.window.unwrap_or(SOME_WINDOW) / ROW).saturating_sub(2).max(1)
    }

    /// Listens for what moves it: to be called once it is on the page. `resized` and `wheel` are to come back as
    /// [`Self::measure`] and [`Self::wheel`].
    pub fn listen(&mut self, rows: u64, resized: Callback<()>, wheel: Callback<WheelEvent>) {
        self.listeners.push(Listener::new(&browser::window(), "resize", move |_| resized.emit(())));
        let Some(list) = self.list.cast::<HtmlElement>() else { return };
        if self.scroll(rows).scaled() {
            // Where the scroll bar moves by share, one notch of the wheel would jump over thousands of rows.
            self.listeners.push(Listener::new(&list, "wheel", move |event| {
                if let Ok(event) = event.dyn_into::<WheelEvent>()
                    && !event.ctrl_key()
                    && event.delta_y() != 0.0
                {
                    event.prevent_default();
                    wheel.emit(event);
                }
            }));
        }
    }

    /// Takes the window's height as it is now. The rows are to be rendered anew: the position may have changed, too.
    pub fn measure(&mut self) {
        if let Some(list) = self.list.cast::<HtmlElement>() {
            self.window = Some((f64::from(list.client_height()) - self.heading).max(ROW));
        }
    }

    /// Puts a row (from 0) on screen with the next rendering.
    pub fn reveal(&mut self, rows: u64, row: u64) {
        self.position = self.scroll(rows).reveal(self.position, row);
        self.wanted = true;
    }

    /// To the first row, with the next rendering.
    pub fn to_top(&mut self) {
        self.position = 0.0;
        self.wanted = true;
    }

    /// The browser has scrolled. False when nothing is to be rendered anew.
    pub fn scrolled(&mut self, rows: u64) -> bool {
        let Some(list) = self.list.cast::<HtmlElement>() else { return false };
        let scroll = self.scroll(rows);
        let top = list.scroll_top();
        // Where the bar moves by share, its place does not tell the position to the pixel: one's own move is known better.
        if scroll.scaled() && (top - to_px(scroll.scroll_top(self.position))).abs() <= 1 {
            return false;
        }
        self.position = scroll.position(f64::from(top));
        true
    }

    /// The wheel was turned over a list whose bar moves by share.
    pub fn wheel(&mut self, rows: u64, event: &WheelEvent) {
        let unit = match event.delta_mode() {
            WheelEvent::DOM_DELTA_LINE => ROW,
            WheelEvent::DOM_DELTA_PAGE => self.window.unwrap_or(SOME_WINDOW),
            _ => 1.0,
        };
        self.position = (self.position + event.delta_y() * unit).clamp(0.0, self.scroll(rows).end());
        self.wanted = true;
    }

    /// Sizes and places the elements after a rendering, by CSSOM: the policy forbids style attributes. True when the bar
    /// was moved, so that the rows on screen, which were rendered for the position before, are to be rendered anew.
    pub fn place(&mut self, rows: u64) -> bool {
        let (Some(list), Some(space), Some(inner)) =
            (self.list.cast::<HtmlElement>(), self.space.cast::<HtmlElement>(), self.rows.cast::<HtmlElement>())
        else {
            return false;
        };
        let scroll = self.scroll(rows);
        let top = if self.wanted { scroll.scroll_top(self.position) } else { f64::from(list.scroll_top()) };
        let offset = top + scroll.slice(self.position).offset;
        // Setting a known property of one's own element does not fail.
        let _ = space.style().set_property("height", &format!("{}px", to_i64(scroll.space().round())));
        let _ = inner.style().set_property("transform", &format!("translateY({}px)", to_i64(offset.round())));
        let moved = std::mem::take(&mut self.wanted);
        if moved {
            list.set_scroll_top(to_px(scroll.scroll_top(self.position)));
        }
        moved
    }
}
