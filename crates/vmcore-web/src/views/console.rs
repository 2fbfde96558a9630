//! The console: commands run in the engine, their answers as text. Must never run anything by itself.

use crate::console::{Answered, Entry};
use crate::format;
use crate::state::{EngineStatus, State};
use crate::update::Change;
use std::rc::Rc;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

/// The view.
pub(crate) fn console(state: &State, change: &Callback<Change>) -> Html {
    let held = !state.detached && state.engine == EngineStatus::Ready;
    html! {
        <Console entries={state.console.entries.clone()} dropped={state.console.dropped} draft={state.console.draft.clone()}
            words={state.console.words.clone()} {held} commands={Rc::clone(&state.commands)} change={change.clone()} />
    }
}

#[derive(PartialEq, Properties)]
struct Props {
    entries: Vec<Rc<Entry>>,
    dropped: u64,
    draft: String,
    words: Vec<String>,
    held: bool,
    commands: Rc<Vec<(String, String)>>,
    change: Callback<Change>,
}

#[component]
fn Console(props: &Props) -> Html {
    let (screen, input) = (use_node_ref(), use_node_ref());
    {
        // The newest answer is what is looked at.
        let screen = screen.clone();
        let last = props.entries.last().map(|entry| (entry.id, entry.answer.is_some()));
        use_effect_with((last, props.words.len()), move |_| {
            if let Some(screen) = screen.cast::<HtmlElement>() {
                screen.set_scroll_top(screen.scroll_height());
            }
        });
    }
    {
        let input = input.clone();
        use_effect_with((), move |()| {
            if let Some(input) = input.cast::<HtmlElement>() {
                // A field that can't take the focus leaves it where it is.
                let _ = input.focus();
            }
        });
    }
    let Props { change, .. } = props;
    let on_input = super::on(change, |event: InputEvent| {
        event.target_dyn_into::<HtmlInputElement>().map(|input| Change::Type(input.value()))
    });
    let empty = props.draft.is_empty() && props.words.is_empty();
    let on_key = super::on(change, move |event: KeyboardEvent| {
        let control = event.ctrl_key() && !event.alt_key() && !event.meta_key();
        let plain = !event.ctrl_key() && !event.alt_key() && !event.meta_key() && !event.is_composing();
        let what = match event.key().as_str() {
            "Enter" if plain => Change::Submit,
            // An empty line completes nothing: there Tab goes on, as everywhere.
            "Tab" if plain && !event.shift_key() && !empty => Change::Complete,
            "ArrowUp" if plain => Change::History { older: true },
            "ArrowDown" if plain => Change::History { older: false },
            "Escape" if plain && !empty => Change::Escape,
            "l" if control => Change::Clear,
            _ => return None,
        };
        event.prevent_default();
        event.stop_propagation();
        Some(what)
    });
    let waiting = props.entries.iter().any(|entry| entry.answer.is_none());
    let help = props
        .commands
        .iter()
        .map(|(name, summary)| html! { <tr><th scope="row">{ name }</th><td>{ summary }</td></tr> });
    let words = (!props.words.is_empty())
        .then(|| html! { <p class="completions" role="status">{ props.words.join("  ") }</p> });
    html! {
        <section class="console" id="console" aria-label="Console">
            <h1 class="unseen">{ "Console" }</h1>
            <div class="screen" id="console-screen" ref={screen} tabindex="0" role="log" aria-label="Answers">
                <details class="inner" open={props.entries.is_empty()}>
                    <summary>{ "Commands. Tab completes, ↑ ↓ go through what was typed, Esc clears the line, Ctrl+L the screen" }</summary>
                    <table class="keys"><tbody>{ for help }</tbody></table>
                </details>
                if props.dropped > 0 { <p class="dim">{ format!("{} further up, no longer kept", format::counted(props.dropped, "answer")) }</p> }
                { for props.entries.iter().map(|entry| self::entry(entry, change)) }
                { words }
            </div>
            <div class="prompt">
                <label for="command">{ "oopscope>" }</label>
                <input id="command" ref={input} type="text" value={props.draft.clone()} oninput={on_input} onkeydown={on_key} autocomplete="off"
                    autocapitalize="off" spellcheck="false" aria-describedby="command-state" />
                <button type="button" id="run" disabled={!props.held} onclick={change.reform(|_: MouseEvent| Change::Submit)}>{ "Run" }</button>
                if waiting {
                    <button type="button" id="stop-command" title="Ends the engine and opens the dump again" onclick={change.reform(|_: MouseEvent| Change::StopCommand)}>{ "Stop" }</button>
                }
            </div>
            <p class="unseen" id="command-state" role="status">{ if waiting { "The engine is at it." } else { "" } }</p>
        </section>
    }
}

fn entry(entry: &Rc<Entry>, change: &Callback<Change>) -> Html {
    let id = entry.id;
    let answer = match &entry.answer {
        None => html! { <p class="dim">{ "…" }</p> },
        Some(answer) => self::answer(answer, id, change),
    };
    html! { <div class="entry" key={id}><p class="asked"><span class="dim">{ "oopscope> " }</span>{ &entry.line }</p>{ answer }</div> }
}

fn answer(answer: &Answered, id: u32, change: &Callback<Change>) -> Html {
    let shown = answer.text.get(..answer.shown).unwrap_or(&answer.text);
    html! {
        <>
            if !shown.is_empty() { <pre>{ shown.trim_end_matches('\n') }</pre> }
            if let Some(problem) = &answer.problem { <p class="fatal problem">{ problem }</p> }
            <p class="took dim">
                if answer.hidden > 0 { { format!("{} not shown. ", format::counted(answer.hidden as u64, "further line")) } }
                { format::duration(answer.took) }
                if !answer.text.is_empty() {
                    { " · " }<button type="button" class="inline" onclick={change.reform(move |_: MouseEvent| Change::CopyAnswer(id))}>{ "copy" }</button>
                    { " · " }<button type="button" class="inline" onclick={change.reform(move |_: MouseEvent| Change::SaveAnswer(id))}>{ "save" }</button>
                }
            </p>
        </>
    }
}
