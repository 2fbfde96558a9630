//! The rows of a stack: its frames, and between them where another stack begins and where registers were saved. Must never
//! hide a frame.

use oopscope_report::vmcore::{Frame, StackKind, Trust};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// From here on the frames lie on another stack.
    Stack(StackKind),
    /// A frame, by its index.
    Frame(usize),
    /// Registers that were saved at this frame: what follows was interrupted.
    Exception(usize),
}

/// The rows. The first stack is named unless it is the task's own, where it is no news.
pub(crate) fn rows(frames: &[Frame]) -> Vec<Row> {
    let mut rows = Vec::with_capacity(frames.len() + 4);
    let mut on = &StackKind::Task;
    for (index, frame) in frames.iter().enumerate() {
        if frame.stack != *on {
            on = &frame.stack;
            rows.push(Row::Stack(on.clone()));
        }
        rows.push(Row::Frame(index));
        if frame.exception.is_some() {
            rows.push(Row::Exception(index));
        }
    }
    rows
}

/// A stack's name for people.
pub(crate) fn stack_name(stack: &StackKind) -> String {
    match stack {
        StackKind::Task => "the task's stack".to_owned(),
        StackKind::Irq => "the CPU's interrupt stack".to_owned(),
        StackKind::Softirq => "the CPU's soft-interrupt stack".to_owned(),
        StackKind::Exception(name) => format!("the CPU's {name} exception stack"),
        StackKind::Unknown => "a stack that is none of those known".to_owned(),
    }
}

/// The class that colours a stack: blue for a task's, amber for those of interrupts and exceptions.
pub(crate) const fn stack_class(stack: &StackKind) -> Option<&'static str> {
    match stack {
        StackKind::Task => Some("task"),
        StackKind::Irq | StackKind::Softirq | StackKind::Exception(_) => Some("irq"),
        StackKind::Unknown => None,
    }
}

/// How a frame was found: in a word or two, and in a sentence.
pub(crate) const fn trust_words(trust: Trust) -> (&'static str, &'static str) {
    match trust {
        Trust::Registers => ("registers", "The instruction pointer in registers that were saved: exact."),
        Trust::Switched => ("switched out", "What the task left on its stack when it was switched away from: exact."),
        Trust::Orc => ("ORC", "Unwound by the kernel's ORC tables."),
        Trust::Cfi => ("CFI", "Unwound by DWARF call frame information."),
        Trust::FramePointer => ("frame pointer", "Unwound by the chain of frame pointers."),
        Trust::Scan => (
            "scan, unsure",
            "An address that lies on the stack, not unwound: it may be left over from an earlier call.",
        ),
    }
}

/// A frame's function with its offset and size.
pub(crate) fn place(frame: &Frame) -> String {
    let size = frame.size.map(|size| format!("/{size:#x}")).unwrap_or_default();
    format!("+{:#x}{size}", frame.offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oopscope_report::vmcore::ExceptionFrame;

    #[test]
    fn stacks_are_named_where_they_change_and_registers_follow_their_frame() {
        let on = |stack: StackKind| Frame { stack, ..Frame::default() };
        let frames = [
            on(StackKind::Irq),
            Frame { exception: Some(ExceptionFrame::default()), ..on(StackKind::Irq) },
            on(StackKind::Task),
            on(StackKind::Task),
        ];
        assert_eq!(
            rows(&frames),
            [
                Row::Stack(StackKind::Irq),
                Row::Frame(0),
                Row::Frame(1),
                Row::Exception(1),
                Row::Stack(StackKind::Task),
                Row::Frame(2),
                Row::Frame(3),
            ]
        );
        assert_eq!(rows(&frames[2..]).len(), 2);
        assert!(rows(&[]).is_empty());
    }

    #[test]
    fn places_have_the_size_where_it_is_known() {
        let frame = Frame { offset: 0x1f, size: Some(0x40), ..Frame::default() };
        assert_eq!(place(&frame), "+0x1f/0x40");
        assert_eq!(place(&Frame { size: None, ..frame }), "+0x1f");
    }
}
