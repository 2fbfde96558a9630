//! A stack: its frames, where another stack begins, and the registers that were saved on the way. Must never hide a frame,
//! nor show one as surer than it is.

use crate::frame_rows::{self, Row, stack_class, stack_name, trust_words};
use oopscope_report::vmcore::{ExceptionFrame, Frame, RegisterValue, Trust};
use yew::prelude::*;

/// The table of frames, innermost first, and why it ends; `complete` where it is known whether that is where it should.
pub(crate) fn frames(frames: &[Frame], ends: &str, complete: Option<bool>) -> Html {
    if frames.is_empty() {
        return html! { <p class="none">{ if ends.is_empty() { "There are no frames." } else { ends } }</p> };
    }
    let mut number = 0_usize;
    let rows = frame_rows::rows(frames);
    let body = rows.iter().filter_map(|row| match row {
        Row::Stack(stack) => Some(html! {
            <tr class={classes!("ctx", stack_class(stack))}><th colspan="4" scope="colgroup">{ format!("On {}", stack_name(stack)) }</th></tr>
        }),
        Row::Frame(index) => {
            let frame = frames.get(*index)?;
            number += 1;
            Some(self::frame(frame, number - 1))
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

fn frame(frame: &Frame, number: usize) -> Html {
    let (trust, sentence) = trust_words(frame.trust);
    let name = match &frame.function {
        Some(function) => html! { <>{ function }<span class="dim">{ frame_rows::place(frame) }</span></> },
        None => html! { <>{ frame.address.to_string() }<span class="dim">{ " no symbol covers it" }</span></> },
    };
    let source = frame.file.as_ref().map(|file| {
        let line = frame.line.map(|line| format!(":{line}")).unwrap_or_default();
        html! { <span class="src">{ format!(" {file}{line}") }</span> }
    });
    let sp = frame.sp.map(|sp| format!(", stack pointer {sp}")).unwrap_or_default();
    html! {
        <tr class={classes!("line", (frame.trust == Trust::Scan).then_some("unsure"))} title={format!("address {}{sp}. {sentence}", frame.address)}>
            <td class="nr">{ number }</td>
            <td class="fn">{ name }if frame.inlined { <small class="dim">{ " inlined" }</small> }{ source }</td>
            <td class="mod">{ frame.module.clone() }</td>
            <td class="trust">{ trust }</td>
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
