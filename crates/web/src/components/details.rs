//! The facts that only this kind of report has, as rows with their lines. Must never decode: the engine has.

use super::prose::maybe_evidence;
use crate::same::Same;
use crate::update::Change;
use oopscope_report::{Detail, Report};
use yew::prelude::*;

/// Rows that are shown before the others are folded: lockdep lists every lock of a chain.
const SHOWN: usize = 12;

/// Whose facts.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// The report.
    pub(crate) report: Same<Report>,
    /// Where to tell what the user did.
    pub(crate) change: Callback<Change>,
}

/// The rows.
#[component]
pub(crate) fn Details(props: &Props) -> Html {
    let details = &props.report.details;
    let all = use_state(|| false);
    // One row alone is not worth a fold.
    let shown = if *all || details.len() <= SHOWN + 1 { details.len() } else { SHOWN };
    let more = (shown < details.len()).then(|| {
        let all = all.clone();
        let words = format!("▾ {} more", details.len() - shown);
        html! { <button type="button" class="more" onclick={move |_: MouseEvent| all.set(true)}>{ words }</button> }
    });
    html! {
        <section id="details">
            <h2>{ "Details" }</h2>
            <table class="decode">
                <tbody>{ for details[..shown].iter().map(|detail| row(detail, &props.change)) }</tbody>
            </table>
            { more }
        </section>
    }
}

fn row(detail: &Detail, change: &Callback<Change>) -> Html {
    html! {
        <tr>
            <th scope="row">{ &detail.name }</th>
            <td>
                { maybe_evidence(Some(detail.line), html! { { &detail.value } }, change) }
                if let Some(meaning) = &detail.meaning { <p class="why">{ meaning }</p> }
            </td>
        </tr>
    }
}
