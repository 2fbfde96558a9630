//! Which rows the stack table shows: headings, frames, and folds in the place of runs of unreliable frames and of
//! recursion.
//! Must never reorder or drop a frame: a fold says how many it stands for and opens.

use oopscope_report::{Frame, FrameRole, Stack, StackRole};
use std::collections::BTreeSet;

/// The shortest run of frames that is folded.
const SHORTEST_RUN: usize = 4;
/// The longest circle of calls that is looked for.
const LONGEST_CIRCLE: usize = 6;

/// Something that can be folded away and opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fold {
    /// A whole stack, by its index.
    Stack(usize),
    /// A run of frames: the stack, and the index of its first frame.
    Run(usize, usize),
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// Heading of a stack. `open` is absent for stacks that are always open.
    Heading { stack: usize, open: Option<bool> },
    /// A frame. `number` counts the reliable frames of the report; absent for the others.
    Frame { stack: usize, frame: usize, number: Option<u32> },
    /// A run of frames, folded or opened.
    Run { stack: usize, first: usize, count: usize, open: bool, why: Why },
}

/// Why frames are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The kernel's unwinder did not vouch for them.
    Unreliable,
    /// They are the same again as the so many frames before them.
    Repeats(usize),
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
                out.push(Row::Run { stack: index, first: at, count: run, open, why: Why::Unreliable });
                if open {
                    out.extend((at..at + run).map(|frame| Row::Frame { stack: index, frame, number: None }));
                }
                at += run;
                continue;
            }
            let (circle, repeats) = recursion(&stack.frames[at..]).unwrap_or((1, 0));
            for frame in at..at + circle {
                out.push(frame_row(stack, index, frame, &mut number));
            }
            at += circle;
            if repeats > 0 {
                let open = opened.contains(&Fold::Run(index, at)) || holds(&stack.frames[at..at + repeats]);
                out.push(Row::Run { stack: index, first: at, count: repeats, open, why: Why::Repeats(circle) });
                for frame in at..at + repeats {
                    let row = frame_row(stack, index, frame, &mut number);
                    if open {
                        out.push(row);
                    }
                }
                at += repeats;
            }
        }
    }
    out
}

fn frame_row(stack: &Stack, index: usize, frame: usize, number: &mut u32) -> Row {
    let counted = stack.frames[frame].reliable && stack.frames[frame].role == FrameRole::Return;
    *number += u32::from(counted);
    Row::Frame { stack: index, frame, number: counted.then_some(*number) }
}

/// A circle of calls at the beginning of `frames`: its length, and how many frames after it are only more rounds.
fn recursion(frames: &[Frame]) -> Option<(usize, usize)> {
    let same = |a: &Frame, b: &Frame| {
        a.reliable
            && b.reliable
            && a.function.is_some()
            && (&a.function, a.offset, &a.module) == (&b.function, b.offset, &b.module)
    };
    (1..=LONGEST_CIRCLE.min(frames.len() / 2)).find_map(|circle| {
        let again = frames.iter().zip(&frames[circle..]).take_while(|(a, b)| same(a, b)).count();
        let whole = again - again % circle;
        (whole >= SHORTEST_RUN && whole >= 2 * circle).then_some((circle, whole))
    })
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
                // Letters from `g` on are functions of that name; all others are each another.
                function: Some(if ('g'..='o').contains(&mark) { mark.to_string() } else { format!("f{line}") }),
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
    fn recursion_is_folded_after_its_first_round() {
        let stacks = [stack(StackRole::Crash, 10, "pggggggf")];
        assert_eq!(shown(&rows(&stacks, &BTreeSet::new(), None)), "#.f>f");
        assert_eq!(shown(&rows(&stacks, &BTreeSet::from([Fold::Run(0, 2)]), None)), "#.fvffffff");
        let mutual = [stack(StackRole::Crash, 10, "pghighighigf")];
        assert_eq!(shown(&rows(&mutual, &BTreeSet::new(), None)), "#.fff>ff");
        let numbers: Vec<_> = rows(&stacks, &BTreeSet::new(), None)
            .iter()
            .filter_map(|row| match row {
                Row::Frame { number, .. } => *number,
                _ => None,
            })
            .collect();
        assert_eq!(numbers, [1, 7], "the folded frames count");
        assert_eq!(shown(&rows(&[stack(StackRole::Crash, 10, "pggghf")], &BTreeSet::new(), None)), "#.fffff");
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
