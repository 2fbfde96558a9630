//! A stack: its frames, where another stack begins, and the registers that were saved on the way. Must never hide a frame,
//! nor show one as surer than it is.

use crate::frame_rows::{self, Row, stack_class, stack_name, trust_words};
use crate::locals;
use crate::state::{OpenFrame, State};
use crate::update::Change;
use oopscope_report::vmcore::{ExceptionFrame, Frame, Local, RegisterValue, Trust};
use yew::prelude::*;

/// The table of frames, innermost first, and why it ends; `complete` where it is known whether that is where it should.
/// A frame opens to its variables where it is told whose stack it is (address of the task) and there is debug information.
pub(crate) fn frames(frames: &[Frame], ends: &str, complete: Option<bool>, whose: Option<Whose<'_>>) -> Html {
    if frames.is_empty() {
        return html! { <p class="none">{ if ends.is_empty() { "There are no frames." } else { ends } }</p> };
    }
    let whose = whose.filter(|_| frames.iter().any(|frame| frame.file.is_some()));
    let mut number = 0;
    let rows = frame_rows::rows(frames);
    let body = rows.iter().filter_map(|row| match row {
        Row::Stack(stack) => Some(html! {
            <tr class={classes!("ctx", stack_class(stack))}><th colspan="4" scope="colgroup">{ format!("On {}", stack_name(stack)) }</th></tr>
        }),
        Row::Frame(index) => {
            let frame = frames.get(*index)?;
            number += 1;
            Some(self::frame(frame, number - 1, whose))
        }
        Row::Exception(index) => frames.get(*index)?.exception.as_ref().map(exception),
    });
    html! {
        <div class="scroll-x">
            <table class="stack dump-stack" aria-label="Stack, innermost frame first">
                <tbody>{ for body }</tbody>
            </table>
            if !ends.is_empty() {
                <p class={classes!("ends", (complete == Some(false)).then_some("fatal"))}>
                    { format!("{} {}.", if complete == Some(false) { "It breaks off here:" } else { "It ends here:" }, ends.trim_end_matches('.')) }
                </p>
            }
        </div>
    }
}

/// Address of the task, what is known, and where to tell what the user did.
type Whose<'a> = (u64, &'a State, &'a Callback<Change>);

fn frame(frame: &Frame, number: u32, whose: Option<Whose<'_>>) -> Html {
    let (trust, sentence) = trust_words(frame.trust);
    let name = match &frame.function {
        Some(function) => html! { <>{ function }<span class="dim">{ frame_rows::place(frame) }</span></> },
        None => html! { <>{ frame.address.to_string() }<span class="dim">{ " no symbol covers it" }</span></> },
    };
    let opened = whose.and_then(|(task, state, _)| state.frames.get(&(task, number)));
    let name = match whose {
        Some((task, _, change)) => html! {
            <button type="button" class="fold" aria-expanded={opened.is_some().to_string()} title="Parameters and variables"
                onclick={change.reform(move |_: MouseEvent| Change::OpenFrame(task, number))}>
                { if opened.is_some() { "▾ " } else { "▸ " } }{ name }
            </button>
        },
        None => name,
    };
    let below = opened.map(variables);
    let source = frame.file.as_ref().map(|file| {
        let line = frame.line.map(|line| format!(":{line}")).unwrap_or_default();
        html! { <span class="src">{ format!(" {file}{line}") }</span> }
    });
    let sp = frame.sp.map(|sp| format!(", stack pointer {sp}")).unwrap_or_default();
    html! {
        <>
        <tr key="frame" class={classes!("line", (frame.trust == Trust::Scan).then_some("unsure"))} title={format!("address {}{sp}. {sentence}", frame.address)}>
            <td class="nr">{ number }</td>
            <td class="fn">{ name }if frame.inlined { <small class="dim">{ " inlined" }</small> }{ source }</td>
            <td class="mod">{ frame.module.clone() }</td>
            <td class="trust">{ trust }</td>
        </tr>
        { below }
        </>
    }
}

/// What an opened frame has below it.
fn variables(opened: &OpenFrame) -> Html {
    let inside = match opened {
        OpenFrame::Waiting => html! { <p class="why">{ "Asked of the engine…" }</p> },
        OpenFrame::Failed(why) => html! { <p class="why fatal">{ why }</p> },
        OpenFrame::There(locals) => {
            let rows = locals.variables.iter().map(variable);
            html! {
                <>
                    if let Some(note) = &locals.note { <p class="why">{ note }</p> }
                    if locals.variables.is_empty() && locals.note.is_none() { <p class="why">{ "Neither parameters nor variables." }</p> }
                    if !locals.variables.is_empty() {
                        <table class="locals"><tbody>{ for rows }</tbody></table>
                    }
                    if !locals.registers.is_empty() {
                        <details class="inner"><summary>{ "Registers in this frame" }</summary>{ registers(&locals.registers) }</details>
                    }
                </>
            }
        }
    };
    html! { <tr key="variables" class="locals-row"><td class="nr"></td><td colspan="3">{ inside }</td></tr> }
}

fn variable(local: &Local) -> Html {
    let value = match (&local.value, &local.why) {
        (Some(value), _) => html! { { locals::words(value) } },
        (None, why) => html! { <span class="dim">{ why.as_deref().unwrap_or("not known") }</span> },
    };
    let remarks = [
        local.parameter.then_some("parameter"),
        local.uninitialized.then_some("perhaps nothing was written to it yet"),
        local.from.as_deref(),
    ];
    let remarks: Vec<&str> = remarks.into_iter().flatten().collect();
    html! {
        <tr>
            <th scope="row">{ &local.name }</th>
            <td class="dim">{ &local.type_name }</td>
            <td class="value">{ value }<small class="dim">{ remarks.join(", ") }</small></td>
        </tr>
    }
}

fn exception(exception: &ExceptionFrame) -> Html {
    let what = exception.what.as_deref().unwrap_or("exception or interrupt");
    let words = if exception.user {
        format!("User space was here ({what}); its registers at {}", exception.at)
    } else {
        format!("Interrupted here by: {what}; registers at {}", exception.at)
    };
    html! {
        <tr class={classes!("ctx", if exception.user { "task" } else { "irq" })}>
            <th colspan="4" scope="colgroup">
                <details class="inner"><summary>{ words }</summary>{ registers(&exception.registers) }</details>
            </th>
        </tr>
    }
}

/// Registers with their values.
pub(crate) fn registers(registers: &[RegisterValue]) -> Html {
    let cells = registers.iter().map(|register| {
        html! { <div class="reg"><dt>{ &register.name }</dt><dd>{ format!("{:016x}", register.value.0) }</dd></div> }
    });
    html! { <dl class="regs">{ for cells }</dl> }
}
