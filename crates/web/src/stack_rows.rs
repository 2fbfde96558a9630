//! Which rows the stack table shows: headings, frames, and folds in the place of runs of unreliable frames.
//! Must never reorder or drop a frame: a fold says how many it stands for and opens.

use oopscope_report::{Frame, FrameRole, Stack, StackRole};
use std::collections::BTreeSet;

/// The shortest run of unreliable frames that is folded.
const SHORTEST_RUN: usize = 4;

/// Something that can be folded away and opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fold {
    /// A whole stack, by its index.
    Stack(usize),
    /// A run of unreliable frames: the stack, and the index of its first frame.
    Run(usize, usize),
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// Heading of a stack. `open` is absent for stacks that are always open.
    Heading { stack: usize, open: Option<bool> },
    /// A frame. `number` counts the reliable frames of the report; absent for the others.
    Frame { stack: usize, frame: usize, number: Option<u32> },
    /// A run of unreliable frames, folded or opened.
    Run { stack: usize, first: usize, count: usize, open: bool },
}

/// The rows to show. What holds the selected line is open whatever `opened` says.
pub(crate) fn rows(stacks: &[Stack], opened: &BTreeSet<Fold>, selected: Option<u64>) -> Vec<Row> {
    let mut out = Vec::new();
    let mut number = 0;
    for (index, stack) in stacks.iter().enumerate() {
        let holds = |frames: &[Frame]| selected.is_some_and(|line| frames.iter().any(|frame| frame.line == line));
        let foldable = stack.role == StackRole::Panic;
        let open = !foldable || opened.contains(&Fold::Stack(index)) || holds(&stack.frames);
        out.push(Row::Heading { stack: index, open: foldable.then_some(open) });
        if !open {
            continue;
        }
        let mut at = 0;
        while at < stack.frames.len() {
            let run = stack.frames[at..].iter().take_while(|frame| !frame.reliable).count();
            if run >= SHORTEST_RUN {
                let open = opened.contains(&Fold::Run(index, at)) || holds(&stack.frames[at..at + run]);
                out.push(Row::Run { stack: index, first: at, count: run, open });
                if open {
                    out.extend((at..at + run).map(|frame| Row::Frame { stack: index, frame, number: None }));
                }
                at += run;
                continue;
            }
            let frame = &stack.frames[at];
            let counted = frame.reliable && frame.role == FrameRole::Return;
            number += u32::from(counted);
            out.push(Row::Frame { stack: index, frame: at, number: counted.then_some(number) });
            at += 1;
        }
    }
    out
}

/// The log line of the frame that is `step` frames from the selected one among those shown. Without a selected frame the
/// first is taken, or the last when stepping back.
pub(crate) fn step(stacks: &[Stack], rows: &[Row], selected: Option<u64>, step: isize) -> Option<u64> {
    let lines: Vec<u64> = rows
        .iter()
        .filter_map(|row| match *row {
            Row::Frame { stack, frame, .. } => Some(stacks.get(stack)?.frames.get(frame)?.line),
            _ => None,
        })
        .collect();
    let at = selected.and_then(|line| lines.iter().position(|&other| other == line));
    let next = match at {
        Some(at) => at.saturating_add_signed(step).min(lines.len().saturating_sub(1)),
        None if step < 0 => lines.len().saturating_sub(1),
        None => 0,
    };
    lines.get(next).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(role: StackRole, first_line: u64, marks: &str) -> Stack {
        let frames = marks
            .chars()
            .zip(first_line..)
            .map(|(mark, line)| Frame {
                reliable: mark != '?',
                role: if mark == 'p' { FrameRole::Pc } else { FrameRole::Return },
                line,
                ..Frame::default()
            })
            .collect();
        Stack { role, frames, ..Stack::default() }
    }

    fn shown(rows: &[Row]) -> String {
        rows.iter()
            .map(|row| match row {
                Row::Heading { open: Some(false), .. } => '+',
                Row::Heading { .. } => '#',
                Row::Frame { number: Some(_), .. } => 'f',
                Row::Frame { .. } => '.',
                Row::Run { open: true, .. } => 'v',
                Row::Run { .. } => '>',
            })
            .collect()
    }

    #[test]
    fn long_runs_of_unreliable_frames_are_folded_and_short_ones_are_not() {
        let stacks = [stack(StackRole::Crash, 10, "pff???f????f")];
        assert_eq!(shown(&rows(&stacks, &BTreeSet::new(), None)), "#.ff...f>f");
        let opened = BTreeSet::from([Fold::Run(0, 7)]);
        assert_eq!(shown(&rows(&stacks, &opened, None)), "#.ff...fv....f");
    }

    #[test]
    fn the_panics_own_stack_is_closed_until_asked_for() {
        let stacks = [stack(StackRole::Crash, 10, "pf"), stack(StackRole::Panic, 20, "ff")];
        assert_eq!(shown(&rows(&stacks, &BTreeSet::new(), None)), "#.f+");
        assert_eq!(shown(&rows(&stacks, &BTreeSet::from([Fold::Stack(1)]), None)), "#.f#ff");
    }

    #[test]
    fn a_selected_line_opens_what_hides_it() {
        let stacks = [stack(StackRole::Crash, 10, "p?????"), stack(StackRole::Panic, 20, "ff")];
        assert_eq!(shown(&rows(&stacks, &BTreeSet::new(), Some(13))), "#.v.....+");
        assert_eq!(shown(&rows(&stacks, &BTreeSet::new(), Some(21))), "#.>#ff");
    }

    #[test]
    fn stepping_stays_inside_and_starts_at_an_end() {
        let stacks = [stack(StackRole::Crash, 10, "pf????f")];
        let rows = rows(&stacks, &BTreeSet::new(), None);
        assert_eq!(step(&stacks, &rows, None, 1), Some(10));
        assert_eq!(step(&stacks, &rows, None, -1), Some(16));
        assert_eq!(step(&stacks, &rows, Some(11), 1), Some(16));
        assert_eq!(step(&stacks, &rows, Some(16), 1), Some(16));
        assert_eq!(step(&stacks, &rows, Some(10), -1), Some(10));
        assert_eq!(step(&[], &[], None, 1), None);
    }
}
