//! The access that faulted and the trap's own code, field by field. Must never decode: the engine has.

use super::prose::maybe_evidence;
use crate::update::Change;
use oopscope_report::{Access, AccessKind, Report, Trap};
use yew::prelude::*;

/// The fault.
pub(super) fn fault(report: &Report, change: &Callback<Change>) -> Html {
    html! {
        <section>
            <h2>{ "The fault" }</h2>
            <table class="decode">
                <tbody>
                    { for report.access.iter().map(|fault| access(fault, change)) }
                    { for report.trap.iter().map(|code| trap(code, change)) }
                </tbody>
            </table>
        </section>
    }
}

fn access(access: &Access, change: &Callback<Change>) -> Html {
    let kind = match access.kind {
        AccessKind::Read => "read",
        AccessKind::Write => "write",
        AccessKind::Execute => "instruction fetch",
        AccessKind::Unknown => "not told",
    };
    let guess = access.guessed.as_ref().map(|how| {
        html! { <span class="guess">{ how }<small>{ " (inferred)" }</small></span> }
    });
    let address = access.address.as_ref().map(|address| {
        html! {
            <tr>
                <th scope="row">{ "Address" }</th>
                <td class="fatal">{ maybe_evidence(Some(access.line), html! { { address } }, change) }</td>
                <td class="words">{ &access.meaning }</td>
            </tr>
        }
    });
    let meaning = (address.is_none()).then(|| access.meaning.clone());
    html! {
        <>
            <tr>
                <th scope="row">{ "Access" }</th>
                <td>{ maybe_evidence(access.kind_line.or(Some(access.line)), html! { { kind } }, change) }</td>
                <td class="words">{ meaning }{ guess }</td>
            </tr>
            { address }
        </>
    }
}

fn trap(trap: &Trap, change: &Callback<Change>) -> Html {
    let code = trap.code.as_ref().map(|code| {
        let name = trap.code_name.as_deref().unwrap_or("code");
        html! { <>{ name }{ " " }{ code }</> }
    });
    let fields = trap.fields.iter().map(|field| {
        html! {
            <tr class="field">
                <th scope="row"><code>{ &field.name }</code></th>
                <td>{ &field.value }</td>
                <td class="words">{ &field.meaning }</td>
            </tr>
        }
    });
    html! {
        <>
            <tr>
                <th scope="row">{ "Trap" }</th>
                <td colspan="2">
                    { maybe_evidence(Some(trap.line), html! { { &trap.name } }, change) }
                    if let Some(code) = code { <span class="dim">{ " · " }{ code }</span> }
                </td>
            </tr>
            { for fields }
        </>
    }
}
