//! crash's commands, one file each: a line that was typed becomes typed rows and their text.
//!
//! This crate must never hold state of its own: what a command needs to know besides the kernel is its [`Context`], and two
//! runs of a line give the same answer.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod expression;
mod locals;
mod number;
mod pick;
pub mod text;
mod values;

pub use locals::locals;

use args::Line;
use oopscope_kernel::Kernel;
use oopscope_report::vmcore::{Answer, LogRecord};

/// What commands know besides the kernel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The kernel's log.
    pub records: &'a [LogRecord],
}

/// What came of a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// As text; empty where the command failed.
    pub text: String,
    /// As rows; absent where the command failed.
    pub answer: Option<Answer>,
    /// Why it failed, or what of it could not be done, in a sentence.
    pub problem: Option<String>,
}

impl Output {
    fn rows(text: String, answer: Answer) -> Self {
        Self { text, answer: Some(answer), problem: None }
    }
}

/// Why a command can't do what was typed, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) String);

impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// What runs when a command's name is typed.
type Run = fn(&Kernel, &Context<'_>, &Line) -> Result<Output, Refusal>;

/// A command.
pub(crate) struct Command {
    /// What is typed.
    pub(crate) name: &'static str,
    /// A line on it.
    pub(crate) about: &'static str,
    /// Its help: how it is called, and what each option does.
    pub(crate) help: &'static str,
    /// What does it.
    pub(crate) run: Run,
}

/// All commands with a line on each, in the order of their names.
pub fn list() -> impl Iterator<Item = (&'static str, &'static str)> {
    commands::ALL.iter().map(|command| (command.name, command.about))
}

/// Does what was typed. A failure is a sentence in [`Output::problem`], never a panic.
pub fn run(kernel: &Kernel, context: &Context<'_>, line: &str) -> Output {
    let done = Line::parse(&commands::meant(kernel, line)).and_then(|line| {
        let command = commands::find(&line.name)?;
        (command.run)(kernel, context, &line)
    });
    done.unwrap_or_else(|Refusal(why)| Output { problem: Some(why), ..Output::default() })
}

/// What may stand at the end of a line: where its last word begins, in bytes, and the words, at most `limit`.
pub fn complete(kernel: &Kernel, line: &str, limit: usize) -> (u32, Vec<String>) {
    let from = line.rfind(|c: char| c.is_whitespace() || "&*()[]>.-+".contains(c)).map_or(0, |at| at + 1);
    let (before, word) = line.split_at(from);
    let words = match before.split_whitespace().next() {
        None => list().map(|(name, _)| name.to_owned()).filter(|name| name.starts_with(word)).collect(),
        Some(command) => pick::completions(kernel, command, before, word, limit),
    };
    (u32::try_from(from).unwrap_or(0), words)
}
