//! How memory was used. Must never show a share without what it is of.

use super::{absent, unread};
use crate::format;
use crate::state::State;
use oopscope_report::vmcore::MemoryRow;
use yew::prelude::*;

/// The view.
pub(crate) fn memory(state: &State) -> Html {
    let Some(memory) = &state.found.memory else {
        return html! {
            <section><h2>{ "Memory" }</h2>{ absent(state, "Not read yet.", "The counters of memory could not be read: see the overview.") }</section>
        };
    };
    let size = memory.page_size;
    html! {
        <section class="sheet" id="memory">
            <h2>{ "Memory" }<span>{ format!(" · pages of {} bytes", format::count(size)) }</span></h2>
            { unread::unread(&memory.unread) }
            <div class="scroll">
                <table class="list">
                    <thead><tr>
                        <th scope="col">{ "" }</th><th scope="col" class="num">{ "Pages" }</th><th scope="col" class="num">{ "Total" }</th>
                        <th scope="col" class="num">{ "Share" }</th><th scope="col">{ "of" }</th><th scope="col">{ "Read from" }</th>
                    </tr></thead>
                    <tbody>{ for memory.rows.iter().map(|counter| row(counter, size)) }</tbody>
                </table>
            </div>
        </section>
    }
}

fn row(row: &MemoryRow, page_size: u64) -> Html {
    html! {
        <tr>
            <th scope="row">{ &row.name }</th>
            <td class="num">{ format::count(row.pages) }</td>
            <td class="num">{ format::bytes(row.pages.saturating_mul(page_size)) }</td>
            <td class="num">{ row.percent.map(|percent| format!("{} %", format::fixed(percent, 1))) }</td>
            <td>{ row.of.clone() }</td>
            <td class="from">{ &row.from }</td>
        </tr>
    }
}
