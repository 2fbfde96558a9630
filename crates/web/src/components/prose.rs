//! Sentences whose claims lead to their evidence: a click on one selects the log line that proves it. Must never show a
//! guess as if the log had said it.

use crate::state::Origin;
use crate::update::Change;
use oopscope_report::{Prose, Span};
use yew::prelude::*;

/// A sentence or two.
pub(crate) fn prose(prose: &Prose, change: &Callback<Change>) -> Html {
    prose.0.iter().map(|span| piece(span, change)).collect()
}

fn piece(span: &Span, change: &Callback<Change>) -> Html {
    let text = match (span.code, span.strong) {
        (true, true) => html! { <strong><code>{ &span.text }</code></strong> },
        (true, false) => html! { <code>{ &span.text }</code> },
        (false, true) => html! { <strong>{ &span.text }</strong> },
        (false, false) => html! { { &span.text } },
    };
    let text = match span.line {
        Some(line) => evidence(line, text, change),
        None => text,
    };
    if span.guess {
        html! {
            <span class="guess" title="Inferred by Oopscope: the log does not say it in so many words">
                { text }<small>{ " (inferred)" }</small>
            </span>
        }
    } else {
        text
    }
}

/// Words that lead to a log line. A span with a role instead of a button, because a button does not break across lines.
pub(crate) fn evidence(line: u64, text: Html, change: &Callback<Change>) -> Html {
    let select = change.reform(move |()| Change::Select(line, Origin::Evidence));
    let onclick = {
        let select = select.clone();
        Callback::from(move |_: MouseEvent| select.emit(()))
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            select.emit(());
        }
    });
    html! {
        <span class="claim" role="link" tabindex="0" title={format!("log line {line}")} {onclick} {onkeydown}>
            { text }
        </span>
    }
}

/// Words that lead to a log line where there is one.
pub(crate) fn maybe_evidence(line: Option<u64>, text: Html, change: &Callback<Change>) -> Html {
    match line.filter(|&line| line > 0) {
        Some(line) => evidence(line, text, change),
        None => text,
    }
}
