//! Who is blamed and why, who else could be it, to which part of the kernel that belongs, and by what the bug is known
//! again. Must never show an inference without its reason.

use super::explanation::copy_button;
use super::prose::maybe_evidence;
use crate::update::Change;
use oopscope_report::{Candidate, Culprit, Report, Signature, Subsystem};
use yew::prelude::*;

/// Culprit, runners-up, subsystem, signature.
pub(super) fn identity(report: &Report, change: &Callback<Change>) -> Html {
    if report.culprit.is_none() && report.subsystem.is_none() && report.signature.is_none() {
        return Html::default();
    }
    html! {
        <section id="identity">
            <h2>{ if report.culprit.is_some() { "Culprit and signature" } else { "Signature" } }</h2>
            <table class="decode">
                <tbody>
                    { for report.culprit.iter().map(|culprit| self::culprit(culprit, change)) }
                    { for report.subsystem.iter().map(|subsystem| self::subsystem(subsystem, change)) }
                    { for report.signature.iter().map(|signature| self::signature(signature, change)) }
                </tbody>
            </table>
            { for report.signature.iter().map(parts) }
        </section>
    }
}

fn culprit(culprit: &Culprit, change: &Callback<Change>) -> Html {
    let offset = culprit.offset.map(|offset| html! { <span class="dim">{ format!("+{offset:#x}") }</span> });
    let name = html! { <>{ function(&culprit.function, culprit.module.as_deref()) }{ offset }</> };
    let source = culprit.file.as_ref().map(|file| {
        let at = culprit.file_line.map(|line| format!(":{line}"));
        html! { <>{ " " }<span class="src">{ file }{ at }</span></> }
    });
    let value = html! { <>{ maybe_evidence(Some(culprit.line), name, change) }{ source }</> };
    html! {
        <>
            { row("Culprit", None, value, &culprit.reason) }
            { for culprit.runners_up.iter().zip(2_u32..).map(|(candidate, place)| runner_up(candidate, place, change)) }
        </>
    }
}

fn runner_up(candidate: &Candidate, place: u32, change: &Callback<Change>) -> Html {
    let name = function(&candidate.function, candidate.module.as_deref());
    let value = maybe_evidence(Some(candidate.line), name, change);
    let label = if place == 2 { "Else" } else { "" };
    row(label, Some(format!("candidate {place}")), value, &candidate.reason)
}

fn function(function: &str, module: Option<&str>) -> Html {
    let module = module.map(|module| html! { <span class="dim">{ format!(" [{module}]") }</span> });
    html! { <>{ function }{ module }</> }
}

fn subsystem(subsystem: &Subsystem, change: &Callback<Change>) -> Html {
    let value = html! {
        <span class="guess">
            { maybe_evidence(Some(subsystem.line), html! { { &subsystem.name } }, change) }<small>{ " (inferred)" }</small>
        </span>
    };
    row("Subsystem", None, value, &subsystem.reason)
}

fn signature(signature: &Signature, change: &Callback<Change>) -> Html {
    let value = |hex: &str| html! { <>{ hex }{ " " }{ copy_button(hex, "Copy", change) }</> };
    html! {
        <>
            { row("Same bug", None, value(&signature.strict),
                "The strict signature: reports that share it are the same bug, as far as their text tells.") }
            { row("Related", None, value(&signature.coarse),
                "The coarse signature: the same kind at the same place, by whatever way.") }
        </>
    }
}

fn parts(signature: &Signature) -> Html {
    html! {
        <details class="inner" id="signature-parts">
            <summary>{ format!("What went into it ({})", signature.version) }</summary>
            <ol class="parts">{ for signature.parts.iter().map(|part| html! { <li>{ part }</li> }) }</ol>
        </details>
    }
}

fn row(label: &'static str, title: Option<String>, value: Html, reason: &str) -> Html {
    html! {
        <tr>
            <th scope="row" {title}>{ label }</th>
            <td>{ value }<p class="why">{ reason }</p></td>
        </tr>
    }
}
