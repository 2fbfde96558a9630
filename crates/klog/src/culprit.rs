//! Which function is to blame, and why that one.
//!
//! The instruction that trapped, unless its function only did what a caller asked of it (`memcpy`, a lock, a list
//! operation) or only reports (`panic`): then the nearest caller that is not such. Unreliable frames are never
//! blamed: the kernel's unwinder did not vouch for them.

use crate::grammar::frame::base_name;
use crate::kinds::panic;
use crate::read::Facts;
use crate::skip;
use oopscope_report::{Culprit, Frame, FrameRole, StackRole};

/// Picks the culprit; None when the report names no function.
pub(crate) fn pick(facts: &Facts) -> Option<Culprit> {
    if facts.rule.is_panic && facts.report.panic.as_ref().is_some_and(|reason| panic::is_nobodys_fault(&reason.reason))
    {
        return None;
    }
    let pc = facts.pc.as_ref().filter(|pc| pc.function.is_some());
    let trusted = |frame: &&Frame| frame.reliable && frame.function.is_some() && frame.role != FrameRole::User;
    let mut stacks: Vec<_> = facts.report.stacks.iter().filter(|stack| stack.role != StackRole::Other).collect();
    // The report's own trace before the panic's.
    stacks.sort_by_key(|stack| stack.role == StackRole::Panic);
    // A return address at the very beginning of a function is not in it: the call before it never returns
    // (`panic()`), and the compiler put nothing after it. The caller is the function that happens to lie before.
    let is_caller = |frame: &&Frame| frame.role != FrameRole::Return || frame.offset != Some(0);
    let frames = || stacks.iter().flat_map(|stack| &stack.frames).filter(trusted).filter(is_caller);
    let innocent = |frame: &Frame| frame.function.as_deref().is_none_or(|name| skip::is_innocent(base_name(name)));
    let (frame, reason) = if let Some(pc) = pc
        && !innocent(pc)
    {
        (pc, "the instruction that trapped is in it".to_owned())
    } else if let Some(lr) = facts.lr.as_ref().filter(|lr| lr.function.is_some() && !innocent(lr))
        && pc.is_none_or(|pc| pc.function != lr.function)
        && facts.pc.is_some()
    {
        let reason = match pc {
            Some(pc) => {
                format!("the link register points into it: it called {}", pc.function.as_deref().unwrap_or("?"))
            }
            None => "the instruction pointer is in no function, and the link register points into this one".to_owned(),
        };
        (lr, reason)
    } else if let Some(caller) = frames().find(|frame| !innocent(frame)) {
        let reason = match (pc, &facts.pc) {
            (Some(pc), _) => format!(
                "it is the nearest caller of {} that does not merely do what it was asked for",
                pc.function.as_deref().unwrap_or("?")
            ),
            (None, Some(_)) => "the instruction pointer is in no function: this is the nearest caller".to_owned(),
            (None, None) => "it is the innermost function of the trace that does not merely report".to_owned(),
        };
        (caller, reason)
    } else {
        // Functions that only report are nobody's bug: better none than a wrong one.
        (pc?, "nothing but helper functions is in the trace".to_owned())
    };
    let source = facts
        .source
        .as_ref()
        .filter(|_| facts.pc.as_ref().is_none_or(|pc| pc.line == frame.line || pc.function == frame.function));
    Some(Culprit {
        runners_up: Vec::new(),
        function: base_name(frame.function.as_deref()?).to_owned(),
        module: frame.module.clone(),
        offset: frame.offset,
        file: source.map(|(file, ..)| file.clone()),
        file_line: source.map(|(_, line, _)| *line),
        reason,
        line: frame.line,
    })
}
