//! What a report means, in words: what its evidence says, who is innocent, what to do next, and what its kind means.
//! Must never say anything of its own: the words are the engine's, and a guess is marked as one.

use super::prose::prose;
use crate::browser;
use crate::update::Change;
use oopscope_report::{Advice, Prose, Report};
use std::rc::Rc;
use yew::prelude::*;

/// What this report's own evidence says, and what follows from it.
pub(super) fn explanation(report: &Report, change: &Callback<Change>) -> Html {
    let explanation = &report.explanation;
    if explanation.evidence.is_empty() && explanation.innocent.is_empty() && explanation.next.is_empty() {
        return Html::default();
    }
    html! {
        <section id="explanation" class="words">
            { sentences("What the evidence says", &explanation.evidence, change) }
            { sentences("Innocent", &explanation.innocent, change) }
            if !explanation.next.is_empty() {
                <h2>{ "What to do next" }</h2>
                <ol>{ for explanation.next.iter().map(|advice| html! { <li>{ self::advice(advice, change) }</li> }) }</ol>
            }
        </section>
    }
}

fn sentences(heading: &'static str, sentences: &[Prose], change: &Callback<Change>) -> Html {
    if sentences.is_empty() {
        return Html::default();
    }
    html! {
        <>
            <h2>{ heading }</h2>
            <ul>{ for sentences.iter().map(|sentence| html! { <li>{ prose(sentence, change) }</li> }) }</ul>
        </>
    }
}

fn advice(advice: &Advice, change: &Callback<Change>) -> Html {
    let command = advice.command.as_ref().map(|command| {
        html! {
            <p class="command"><code>{ command }</code>{ copy_button(command, "Copy", change) }</p>
        }
    });
    html! { <>{ prose(&advice.words, change) }{ command }</> }
}

/// A button that copies a short text, which is also what a screen reader says that it copies.
pub(super) fn copy_button(text: &str, label: &'static str, change: &Callback<Change>) -> Html {
    let copied: Rc<str> = Rc::from(text);
    html! {
        <button type="button" class="copy" aria-label={format!("{label} {text}")}
            onclick={change.reform(move |_: MouseEvent| Change::CopyText(Rc::clone(&copied)))}>{ label }</button>
    }
}

/// What this kind of report means, for whoever meets it for the first time: folded where there is little room.
pub(super) fn about_kind(report: &Report) -> Html {
    let open = browser::wide();
    let about = &report.explanation.about;
    if about.is_empty() {
        return Html::default();
    }
    html! {
        <section id="about" class="words">
            <details {open}>
                <summary><h2>{ "About reports of this kind" }</h2></summary>
                { for about.iter().map(|text| paragraph(text)) }
            </details>
        </section>
    }
}

/// A paragraph of a kind's documentation, where what the kernel says stands in backquotes.
fn paragraph(text: &str) -> Html {
    let pieces = text.split('`').enumerate().map(|(index, piece)| {
        if index % 2 == 1 {
            html! { <code>{ piece }</code> }
        } else {
            html! { { piece } }
        }
    });
    html! { <p>{ for pieces }</p> }
}
