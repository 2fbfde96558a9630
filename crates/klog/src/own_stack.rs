//! On which stacks of a report it happened. Must never take the stack of somebody else for them: another CPU's, the
//! panic's own.

use oopscope_report::{Report, Stack, StackRole};

/// The stacks that crashed; where none did, the one on which the culprit was found: a hung task's, a leak's
/// allocation, what a watchdog interrupted; without a culprit the report's first.
pub(crate) fn of(report: &Report) -> Vec<&Stack> {
    let culprits = report.culprit.as_ref().and_then(|culprit| {
        report.stacks.iter().find(|stack| stack.frames.iter().any(|frame| frame.line == culprit.line))
    });
    if let Some(stack) = culprits.filter(|stack| !is_crash(stack)) {
        return vec![stack];
    }
    let crash: Vec<_> = report.stacks.iter().filter(|stack| stack.role == StackRole::Crash).collect();
    if crash.is_empty() {
        return report.stacks.iter().find(|stack| stack.role != StackRole::Panic).into_iter().collect();
    }
    crash
}

const fn is_crash(stack: &Stack) -> bool {
    matches!(stack.role, StackRole::Crash | StackRole::Interrupted | StackRole::Panic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oopscope_report::{Culprit, Frame};

    #[test]
    fn the_culprits_stack_where_none_crashed() {
        let stack = |role, line| Stack { role, frames: vec![Frame { line, ..Frame::default() }], ..Stack::default() };
        let lines = |report: &Report| of(report).iter().map(|stack| stack.frames[0].line).collect::<Vec<_>>();
        let culprit = |line| Some(Culprit { line, ..Culprit::default() });
        let others = vec![stack(StackRole::OtherParty, 1), stack(StackRole::OtherParty, 2)];
        let mut report = Report { stacks: others, culprit: culprit(2), ..Report::default() };
        assert_eq!(lines(&report), [2]);
        report.culprit = None;
        assert_eq!(lines(&report), [1]);
        report.stacks.push(stack(StackRole::Crash, 3));
        assert_eq!(lines(&report), [3]);
        report.culprit = culprit(3);
        assert_eq!(lines(&report), [3]);
    }
}
