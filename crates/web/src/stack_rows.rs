//! Which rows the stack table shows: headings, frames, and folds in the place of what is not read first: stacks of
//! others, runs of unreliable frames, recursion.
//! Must never drop a frame or put one before another of its stack: a fold says how many it stands for and opens.

use oopscope_report::{Frame, FrameRole, Stack, StackRole};
use oopscope_web_kit::few::Few;

/// The shortest run of frames that is folded.
const SHORTEST_RUN: usize = 4;
/// The longest circle of calls that is looked for.
const LONGEST_CIRCLE: usize = 6;
/// Frames that are shown before the stacks that follow are folded: a screen or two.
const OPEN_FRAMES: usize = 100;
/// More stacks than these that are another's are a crowd, most of it idle: they are folded from the beginning.
const CROWD: usize = 3;
/// Headings of folded stacks that are shown before all further stacks are one fold: a backtrace of all CPUs has hundreds.
const HEADINGS: usize = 24;

/// Something that can be folded away and opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fold {
    /// A whole stack, by its index.
    Stack(usize),
    /// A run of frames: the stack, and the index of its first frame.
    Run(usize, usize),
    /// All the stacks beyond [`HEADINGS`].
    Rest,
}

/// The folds that the user has opened (true) or closed (false); the others are as [`rows`] finds right.
pub(crate) type Folds = Few<Fold, bool>;

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// Heading of a stack. `open` is absent for stacks that are always open.
    Heading { stack: usize, open: Option<bool> },
    /// A frame. `number` counts the reliable frames of where it crashed, and of every other stack by itself; absent for
    /// frames that are not counted.
    Frame { stack: usize, frame: usize, number: Option<u32> },
    /// A run of frames, folded or opened.
    Run { stack: usize, first: usize, count: usize, open: bool, why: Why },
    /// So many further stacks, folded or opened.
    Rest { count: usize, open: bool },
}

/// Why frames are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The kernel's unwinder did not vouch for them.
    Unreliable,
    /// They are the same again as the so many frames before them.
    Repeats(usize),
}

/// The rows to show. What holds the selected line is open whatever `folds` says.
pub(crate) fn rows(stacks: &[Stack], folds: &Folds, selected: Option<u64>) -> Vec<Row> {
    let holds = |frames: &[Frame]| selected.is_some_and(|line| frames.iter().any(|frame| frame.line == line));
    let is_open =
        |fold: Fold, frames: &[Frame], otherwise: bool| holds(frames) || folds.get(&fold).copied().unwrap_or(otherwise);
    let order = order(stacks);
    let always_open = order.iter().take_while(|&&index| is_crash(&stacks[index])).count();
    let shown = HEADINGS.max(always_open);
    let mut out = Vec::new();
    let crowd = stacks.iter().filter(|stack| stack.role == StackRole::OtherParty).count() > CROWD;
    let (mut number, mut room) = (0, OPEN_FRAMES);
    for (place, &index) in order.iter().enumerate() {
        let stack = &stacks[index];
        if place == shown {
            let open = folds.get(&Fold::Rest).copied().unwrap_or(false)
                || order[place..].iter().any(|&index| holds(&stacks[index].frames));
            out.push(Row::Rest { count: order.len() - place, open });
            if !open {
                break;
            }
        }
        let foldable = place >= always_open;
        let wanted = match stack.role {
            StackRole::Panic => false,
            StackRole::OtherParty => !crowd,
            _ => true,
        };
        let fits = wanted && stack.frames.len() <= room;
        let open = !foldable || is_open(Fold::Stack(index), &stack.frames, fits);
        out.push(Row::Heading { stack: index, open: foldable.then_some(open) });
        if !open {
            continue;
        }
        room = room.saturating_sub(stack.frames.len());
        if foldable {
            number = 0;
        }
        let mut at = 0;
        while at < stack.frames.len() {
            let run = stack.frames[at..].iter().take_while(|frame| !frame.reliable).count();
            if run >= SHORTEST_RUN {
                let open = is_open(Fold::Run(index, at), &stack.frames[at..at + run], false);
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
                let open = is_open(Fold::Run(index, at), &stack.frames[at..at + repeats], false);
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

/// The stacks' indices in the order of reading: where it crashed and what that interrupted, then the others as the log
/// has them, the panic's own way last.
fn order(stacks: &[Stack]) -> Vec<usize> {
    let class = |stack: &Stack| match stack.role {
        _ if is_crash(stack) => 0,
        StackRole::Panic => 2,
        _ => 1,
    };
    (0..3).flat_map(|wanted| (0..stacks.len()).filter(move |&index| class(&stacks[index]) == wanted)).collect()
}

fn is_crash(stack: &Stack) -> bool {
    matches!(stack.role, StackRole::Crash | StackRole::Interrupted)
}

fn frame_row(stack: &Stack, index: usize, frame: usize, number: &mut u32) -> Row {
    let Frame { reliable, role, inlined, .. } = stack.frames[frame];
    let counted = reliable && role == FrameRole::Return && !inlined;
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

    fn folds(wanted: &[(Fold, bool)]) -> Folds {
        let mut folds = Folds::default();
        for &(fold, open) in wanted {
            folds.insert(fold, open);
        }
        folds
    }

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
                Row::Run { open: true, .. } | Row::Rest { open: true, .. } => 'v',
                Row::Run { .. } | Row::Rest { .. } => '>',
            })
            .collect()
    }

    #[test]
    fn long_runs_of_unreliable_frames_are_folded_and_short_ones_are_not() {
        let stacks = [stack(StackRole::Crash, 10, "pff???f????f")];
        assert_eq!(shown(&rows(&stacks, &Folds::default(), None)), "#.ff...f>f");
        let opened = folds(&[(Fold::Run(0, 7), true)]);
        assert_eq!(shown(&rows(&stacks, &opened, None)), "#.ff...fv....f");
    }

    #[test]
    fn recursion_is_folded_after_its_first_round() {
        let stacks = [stack(StackRole::Crash, 10, "pggggggf")];
        assert_eq!(shown(&rows(&stacks, &Folds::default(), None)), "#.f>f");
        assert_eq!(shown(&rows(&stacks, &folds(&[(Fold::Run(0, 2), true)]), None)), "#.fvffffff");
        let mutual = [stack(StackRole::Crash, 10, "pghighighigf")];
        assert_eq!(shown(&rows(&mutual, &Folds::default(), None)), "#.fff>ff");
        let numbers: Vec<_> = rows(&stacks, &Folds::default(), None)
            .iter()
            .filter_map(|row| match row {
                Row::Frame { number, .. } => *number,
                _ => None,
            })
            .collect();
        assert_eq!(numbers, [1, 7], "the folded frames count");
        assert_eq!(shown(&rows(&[stack(StackRole::Crash, 10, "pggghf")], &Folds::default(), None)), "#.fffff");
    }

    #[test]
    fn the_panics_own_stack_is_closed_until_asked_for() {
        let stacks = [stack(StackRole::Crash, 10, "pf"), stack(StackRole::Panic, 20, "ff")];
        assert_eq!(shown(&rows(&stacks, &Folds::default(), None)), "#.f+");
        assert_eq!(shown(&rows(&stacks, &folds(&[(Fold::Stack(1), true)]), None)), "#.f#ff");
    }

    #[test]
    fn where_it_crashed_comes_first_and_what_closes_stays_closed() {
        let freed = stack(StackRole::Freed, 10, "ff");
        let stacks = [freed, stack(StackRole::Crash, 20, "pf"), stack(StackRole::Interrupted, 30, "f")];
        let shown_rows = rows(&stacks, &Folds::default(), None);
        assert_eq!(shown(&shown_rows), "#.f#f#ff");
        let order: Vec<_> = shown_rows
            .iter()
            .filter_map(|row| match row {
                Row::Heading { stack, .. } => Some(*stack),
                _ => None,
            })
            .collect();
        assert_eq!(order, [1, 2, 0]);
        assert!(shown_rows.ends_with(&[
            Row::Frame { stack: 0, frame: 0, number: Some(1) },
            Row::Frame { stack: 0, frame: 1, number: Some(2) },
        ]));
        let closed = folds(&[(Fold::Stack(0), false), (Fold::Stack(1), false)]);
        assert_eq!(shown(&rows(&stacks, &closed, None)), "#.f#f+", "where it crashed can't be closed");
    }

    #[test]
    fn the_stacks_of_all_cpus_are_closed_and_most_are_one_row() {
        let mut stacks = vec![stack(StackRole::Crash, 10, "pff")];
        stacks.extend((1..=512).map(|cpu| stack(StackRole::OtherParty, 1000 * cpu, &"f".repeat(30))));
        let closed = rows(&stacks, &Folds::default(), None);
        assert_eq!(closed.iter().filter(|row| matches!(row, Row::Frame { .. })).count(), 3);
        assert_eq!(closed.last(), Some(&Row::Rest { count: 513 - HEADINGS, open: false }));
        assert_eq!(closed.len(), 3 + HEADINGS + 1);
        let opened = rows(&stacks, &folds(&[(Fold::Rest, true)]), None);
        assert_eq!(opened.iter().filter(|row| matches!(row, Row::Heading { .. })).count(), 513);
        let selected = rows(&stacks, &Folds::default(), Some(400_007));
        assert!(selected.contains(&Row::Frame { stack: 400, frame: 7, number: Some(8) }), "a selected frame is shown");
    }

    #[test]
    fn long_stacks_beside_the_crash_are_closed_once_there_is_enough_to_read() {
        let mut stacks = vec![stack(StackRole::Crash, 10, &"f".repeat(80))];
        stacks
            .extend([stack(StackRole::Allocated, 100, &"f".repeat(15)), stack(StackRole::Freed, 200, &"f".repeat(15))]);
        let open: Vec<_> = rows(&stacks, &Folds::default(), None)
            .iter()
            .filter_map(|row| match row {
                Row::Heading { open, .. } => Some(*open),
                _ => None,
            })
            .collect();
        assert_eq!(open, [None, Some(true), Some(false)]);
    }

    #[test]
    fn inlined_frames_have_no_number() {
        let mut inlined = stack(StackRole::Crash, 10, "pff");
        inlined.frames[1].inlined = true;
        let rows = rows(&[inlined], &Folds::default(), None);
        assert_eq!(rows[2], Row::Frame { stack: 0, frame: 1, number: None });
        assert_eq!(rows[3], Row::Frame { stack: 0, frame: 2, number: Some(1) });
    }

    #[test]
    fn a_selected_line_opens_what_hides_it() {
        let stacks = [stack(StackRole::Crash, 10, "p?????"), stack(StackRole::Panic, 20, "ff")];
        assert_eq!(shown(&rows(&stacks, &Folds::default(), Some(13))), "#.v.....+");
        assert_eq!(shown(&rows(&stacks, &Folds::default(), Some(21))), "#.>#ff");
    }

    #[test]
    fn stepping_stays_inside_and_starts_at_an_end() {
        let stacks = [stack(StackRole::Crash, 10, "pf????f")];
        let rows = rows(&stacks, &Folds::default(), None);
        assert_eq!(step(&stacks, &rows, None, 1), Some(10));
        assert_eq!(step(&stacks, &rows, None, -1), Some(16));
        assert_eq!(step(&stacks, &rows, Some(11), 1), Some(16));
        assert_eq!(step(&stacks, &rows, Some(16), 1), Some(16));
        assert_eq!(step(&stacks, &rows, Some(10), -1), Some(10));
        assert_eq!(step(&[], &[], None, 1), None);
    }
}
