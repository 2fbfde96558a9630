//! The modules. Must never leave one out because a part of it could not be read.

use super::{absent, count, unread};
use crate::format;
use crate::state::State;
use oopscope_report::vmcore::Module;
use yew::prelude::*;

/// The view.
pub(crate) fn modules(state: &State) -> Html {
    let found = &state.found;
    let Some(modules) = &found.modules else {
        return html! {
            <section><h2>{ "Modules" }</h2>{ absent(state, "Not read yet.", "The modules could not be read: see the overview.") }</section>
        };
    };
    html! {
        <section class="sheet" id="modules">
            <h2>{ "Modules" }{ count(modules.len()) }</h2>
            { unread::unread(&found.modules_unread) }
            if modules.is_empty() { <p class="none">{ "None was loaded." }</p> } else {
                <div class="scroll">
                    <table class="list">
                        <thead><tr>
                            <th scope="col">{ "Name" }</th><th scope="col" class="num">{ "Size" }</th><th scope="col" class="num">{ "Code" }</th>
                            <th scope="col">{ "State" }</th><th scope="col" class="num">{ "Uses" }</th><th scope="col">{ "Used by" }</th>
                            <th scope="col">{ "Taint" }</th><th scope="col">{ "Base" }</th><th scope="col">{ "Version, build-id" }</th>
                        </tr></thead>
                        <tbody>{ for modules.iter().map(row) }</tbody>
                    </table>
                </div>
            }
        </section>
    }
}

fn row(module: &Module) -> Html {
    let version = [module.version.as_deref(), module.build_id.as_deref()];
    let version: Vec<&str> = version.into_iter().flatten().collect();
    html! {
        <tr title={format!("struct module at {}", module.address)}>
            <th scope="row">{ &module.name }{ unread::of_row(&module.unread) }</th>
            <td class="num">{ format::count(module.size) }</td>
            <td class="num">{ module.text_size.map(format::count) }</td>
            <td>{ module.state.clone() }</td>
            <td class="num">{ module.users }</td>
            <td class="names">{ module.used_by.join(", ") }</td>
            <td>{ &module.taint }</td>
            <td>{ module.base.to_string() }</td>
            <td class="names">{ version.join(", ") }</td>
        </tr>
    }
}
