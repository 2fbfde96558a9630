//! The `Code:` bytes with the trapping instruction marked. Must never disassemble: that takes an engine that does.

use super::prose::maybe_evidence;
use crate::update::Change;
use oopscope_report::Code;
use yew::prelude::*;

/// Which bytes.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// The bytes.
    pub(crate) code: Code,
    /// Where to tell what the user did.
    pub(crate) change: Callback<Change>,
}

/// The bytes.
#[component]
pub(crate) fn CodeBytes(props: &Props) -> Html {
    let code = &props.code;
    let units = code.units.iter().zip(0_u32..).map(|(unit, index)| {
        let gap = if index == 0 { "" } else { " " };
        if code.trap == Some(index) {
            html! { <>{ gap }<mark title="the instruction that trapped begins here">{ unit }</mark></> }
        } else {
            html! { <>{ gap }{ unit }</> }
        }
    });
    let legend = match (code.trap, code.units.is_empty()) {
        (Some(_), _) => Some("Marked: where the trapping instruction begins."),
        (None, false) => Some("The kernel did not mark the trapping instruction."),
        (None, true) => None,
    };
    html! {
        <section>
            <h2>{ "Code bytes" }</h2>
            if !code.units.is_empty() { <p class="bytes">{ for units }</p> }
            if let Some(problem) = &code.problem { <p class="pad">{ problem }</p> }
            <p class="pad dim">
                { legend }{ " " }{ maybe_evidence(Some(code.line), html! { { format!("Line {}", code.line) } }, &props.change) }
            </p>
        </section>
    }
}
