//! The stacks, each with what it is to the report, innermost frame first. Must never hide a frame without saying how many.

use crate::browser;
use crate::same::Same;
use crate::stack_rows::{self, Fold, Folds, Row, Why};
use crate::state::{OpenSource, Origin, Selection};
use crate::update::Change;
use oopscope_report::{Arch, Context, Frame, FrameRole, Report, Stack, StackRole, SymbolFile};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};
use yew::prelude::*;

/// What is shown.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// The report.
    pub(crate) report: Same<Report>,
    /// The selected line.
    pub(crate) selection: Option<Selection>,
    /// What the user has folded and unfolded.
    pub(crate) folds: Rc<Folds>,
    /// The frames that are opened to their source.
    pub(crate) sources: Rc<Vec<OpenSource>>,
    /// The template of links to the user's source browser.
    pub(crate) source_link: Rc<str>,
    /// Where to tell what the user did.
    pub(crate) change: Callback<Change>,
}

/// The table of frames.
#[component]
pub(crate) fn StackTable(props: &Props) -> Html {
    let selected = props.selection.map(|selection| selection.line);
    let selected_row = use_node_ref();
    {
        let selected_row = selected_row.clone();
        use_effect_with(props.selection, move |selection| {
            let row = selected_row.cast::<HtmlElement>();
            let Some((selection, row)) = selection.zip(row) else { return };
            if selection.origin == Origin::Stack {
                let _ = row.focus();
            }
            // In one column the log lies below the stack, and following it would take the reader away from it.
            if selection.origin == Origin::Stack || (selection.origin == Origin::Log && browser::wide()) {
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Nearest);
                options.set_inline(ScrollLogicalPosition::Nearest);
                row.scroll_into_view_with_scroll_into_view_options(&options);
            }
        });
    }
    let stacks = &props.report.stacks;
    let rows = stack_rows::rows(stacks, &props.folds, selected);
    let first_frame = rows.iter().find_map(|row| match *row {
        Row::Frame { stack, frame, .. } => stacks.get(stack)?.frames.get(frame).map(|frame| frame.line),
        _ => None,
    });
    let has_selected = stacks.iter().flat_map(|stack| &stack.frames).any(|frame| Some(frame.line) == selected);
    // One frame can be reached with Tab, the others from there: a stack of forty frames is one stop, not forty.
    let tab_stop = if has_selected { selected } else { first_frame };
    let mut taken = false;
    let body = rows.iter().filter_map(|row| match *row {
        Row::Heading { stack, open } => {
            stacks.get(stack).map(|frames| heading(frames, open.map(|open| (open, stack)), &props.change))
        }
        Row::Run { stack, first, count, open, why } => {
            Some(run(Fold::Run(stack, first), count, why, open, &props.change))
        }
        Row::Rest { count, open } => Some(rest(count, open, &props.change)),
        Row::Frame { stack, frame, number } => {
            let at = (stack, frame);
            let frame = stacks.get(stack)?.frames.get(frame)?;
            // A line can be two frames (x86 prints an instruction pointer both ways); the first carries the focus.
            let is_selected = Some(frame.line) == selected;
            let node = if is_selected && !taken {
                taken = true;
                selected_row.clone()
            } else {
                NodeRef::default()
            };
            let look = Look {
                label: label(frame, number, props.report.arch),
                selected: is_selected,
                tab_stop: Some(frame.line) == tab_stop,
            };
            let opened = props.sources.iter().find(|source| source.at == at);
            let below = opened.map(|source| super::source::row(source, &props.source_link));
            let source = source(&props.report, frame, at, opened.is_some(), look.tab_stop, &props.change);
            Some(html! { <>{ frame_row(frame, look, source, node, &props.change) }{ below }</> })
        }
    });
    if stacks.is_empty() {
        return html! { <p class="none">{ "The report has no call trace." }</p> };
    }
    html! {
        <div class="scroll-x">
            <table id="stack" class="stack" role="grid" aria-label="Stack, innermost frame first">
                <tbody>{ for body }</tbody>
            </table>
        </div>
    }
}

struct Look {
    label: String,
    selected: bool,
    tab_stop: bool,
}

fn frame_row(frame: &Frame, look: Look, source: Html, node: NodeRef, change: &Callback<Change>) -> Html {
    let line = frame.line;
    let onclick = super::log_row::choose(line, Origin::Stack, change);
    let name = match (&frame.function, &frame.address) {
        (Some(function), _) => html! { <>{ function }<span class="dim">{ place(frame) }</span></> },
        (None, Some(address)) => html! { { address } },
        (None, None) => html! { "(no name)" },
    };
    let module = frame.module.as_ref().map(|module| {
        let title = frame.build_id.as_ref().map(|id| format!("build-id {id}"));
        html! { <span {title}>{ module }</span> }
    });
    let title = if frame.inlined {
        format!("log line {line}; inlined into the function below it: it has no address of its own")
    } else if frame.reliable {
        format!("log line {line}")
    } else {
        format!("log line {line}; found on the stack, not unwound: it may be left over from an earlier call")
    };
    html! {
        <tr ref={node} key={format!("f{line}-{}", look.label)} {title} {onclick} data-line={line.to_string()}
            class={classes!("frame", look.selected.then_some("sel"), (!frame.reliable).then_some("unsure"))}
            aria-selected={look.selected.to_string()} tabindex={if look.tab_stop { "0" } else { "-1" }}>
            <td class="nr">{ look.label }</td>
            <td class="fn">
                { name }
                if frame.inlined { <small class="dim">{ " inlined" }</small> }
                { source }
            </td>
            <td class="mod">{ module }</td>
        </tr>
    }
}

/// The frame's place in the source, which opens it, and the other places that it may be.
fn source(
    report: &Report,
    frame: &Frame,
    at: (usize, usize),
    open: bool,
    tab_stop: bool,
    change: &Callback<Change>,
) -> Html {
    let Some(file) = &frame.file else { return Html::default() };
    let from = frame.symbols.and_then(|index| report.symbols.as_ref()?.files.get(usize::try_from(index).ok()?));
    let title = match from {
        Some(SymbolFile { name, matched_by: Some(by), .. }) => {
            format!("from {name}, matched by {by}; opens the source")
        }
        Some(SymbolFile { name, .. }) => format!("from {name}; opens the source"),
        None => "as the log itself has it; opens the source".to_owned(),
    };
    let onclick = change.reform(move |event: MouseEvent| {
        // The row is not chosen: that would take the focus away.
        event.stop_propagation();
        Change::Source(at.0, at.1)
    });
    let others = frame.alternatives.iter().map(|other| match &other.file {
        Some(file) => format!("{file}{}", line(other.file_line)),
        None => other.address.clone(),
    });
    let others: Vec<String> = others.collect();
    html! {
        <>
            { " " }
            <button type="button" class="inline src" aria-expanded={open.to_string()} tabindex={if tab_stop { "0" } else { "-1" }}
                {title} {onclick}>{ file }{ line(frame.file_line) }</button>
            if !others.is_empty() {
                <small class="or guess">{ format!("may also be {}: of the same name and size", others.join(", ")) }</small>
            }
        </>
    }
}

fn line(number: Option<u32>) -> String {
    number.map(|line| format!(":{line}")).unwrap_or_default()
}

fn place(frame: &Frame) -> String {
    match (frame.offset, frame.size) {
        (Some(offset), Some(size)) => format!("+{offset:#x}/{size:#x}"),
        (Some(offset), None) => format!("+{offset:#x}"),
        _ => String::new(),
    }
}

fn label(frame: &Frame, number: Option<u32>, arch: Option<Arch>) -> String {
    if let Some(number) = number {
        return number.to_string();
    }
    if frame.inlined {
        // Its address is the one of the frame that it is a part of.
        return String::new();
    }
    if !frame.reliable {
        return "?".to_owned();
    }
    match (frame.role, arch) {
        (FrameRole::Pc, Some(Arch::X86_64)) => "RIP",
        (FrameRole::Pc, Some(Arch::I386)) => "EIP",
        (FrameRole::Pc, _) => "pc",
        (FrameRole::Lr, _) => "lr",
        (FrameRole::User, _) => "user",
        _ => "",
    }
    .to_owned()
}

fn heading(stack: &Stack, fold: Option<(bool, usize)>, change: &Callback<Change>) -> Html {
    let title = if stack.title.is_empty() { role_words(stack.role) } else { &stack.title };
    let words = html! {
        <>
            { title }
            if let Some(tag) = &stack.tag { <code>{ format!(" <{tag}>") }</code> }
            if let Some(how) = &stack.guessed {
                <span class="guess" title={how.clone()}><small>{ " (inferred)" }</small></span>
            }
        </>
    };
    let words = match fold {
        None => words,
        Some((open, index)) => {
            let onclick = change.reform(move |_: MouseEvent| Change::Fold(Fold::Stack(index), !open));
            let count = crate::format::counted(stack.frames.len() as u64, "frame");
            // What tells the closed stacks of many CPUs apart.
            let innermost = stack.frames.iter().find(|frame| frame.reliable).and_then(|frame| frame.function.as_ref());
            let innermost = innermost.map(|function| html! { <code>{ format!(", {function}") }</code> });
            html! {
                <button type="button" class="fold" aria-expanded={open.to_string()} {onclick}>
                    { if open { "▾ " } else { "▸ " } }{ words }
                    if !open { <span class="dim">{ format!(" — {count}") }{ innermost }</span> }
                </button>
            }
        }
    };
    html! { <tr class={classes!("ctx", context_class(stack.context))}><th colspan="3" scope="colgroup">{ words }</th></tr> }
}

/// What a stack is to the report, for one that has no heading of its own.
const fn role_words(role: StackRole) -> &'static str {
    match role {
        StackRole::Crash => "Where it crashed",
        StackRole::Interrupted => "What was interrupted",
        StackRole::Panic => "The panic's own way",
        StackRole::Allocated => "Where the object was allocated",
        StackRole::Freed => "Where the object was freed",
        StackRole::Origin => "Where the value came from",
        StackRole::OtherParty => "The other side",
        StackRole::Lock => "How the lock was taken before",
        _ => "Another trace of the report",
    }
}

fn rest(count: usize, open: bool, change: &Callback<Change>) -> Html {
    let onclick = change.reform(move |_: MouseEvent| Change::Fold(Fold::Rest, !open));
    let words = crate::format::counted(count as u64, "more stack");
    html! {
        <tr class="ctx"><th colspan="3" scope="colgroup">
            <button type="button" class="fold" id="more-stacks" aria-expanded={open.to_string()} {onclick}>
                { if open { "▾ " } else { "▸ " } }{ words }
            </button>
        </th></tr>
    }
}

fn run(fold: Fold, count: usize, why: Why, open: bool, change: &Callback<Change>) -> Html {
    let onclick = change.reform(move |_: MouseEvent| Change::Fold(fold, !open));
    let (mark, words) = match why {
        Why::Unreliable => ("?", format!("{count} unreliable frames")),
        Why::Repeats(1) => ("↻", format!("the same again, {count} times")),
        Why::Repeats(circle) => ("↻", format!("the same {circle} again, {} times", count / circle)),
    };
    html! {
        <tr class="unsure run">
            <td class="nr">{ mark }</td>
            <td colspan="2">
                <button type="button" class="fold" aria-expanded={open.to_string()} {onclick}>
                    { if open { "▾ " } else { "▸ " } }{ words }
                </button>
            </td>
        </tr>
    }
}

/// The class that colours a context: amber for interrupts, blue for tasks.
pub(crate) const fn context_class(context: Context) -> Option<&'static str> {
    match context {
        Context::Hardirq | Context::Softirq | Context::Nmi | Context::Exception => Some("irq"),
        Context::Process => Some("task"),
        Context::Unknown => None,
    }
}

/// True when the keyboard's focus is in the stack.
pub(crate) fn has_focus() -> bool {
    browser::document()
        .active_element()
        .and_then(|element| element.dyn_into::<HtmlElement>().ok())
        .is_some_and(|element| element.closest("#stack").is_ok_and(|table| table.is_some()))
}
