//! The messages between the page and the engine that reads vmcores: a module and a worker of their own, loaded with the
//! first dump. Same wire as for logs: `{ id, request, files }` and `{ id, event }`.
//!
//! The engine works through the stages of an opening by itself and posts what it finds as soon as it is there: the log and
//! the panic before anything slower. A long question is ended by ending the worker; the page opens the files again.

use crate::Problem;
use oopscope_report::vmcore::{
    Answer, Backtrace, Cpu, DumpFacts, Locals, LogRecord, MemoryUsage, Module, Panic, System, Task, Unread,
};
use serde::{Deserialize, Serialize};

/// What the page asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum VmcoreRequest {
    /// First message to a fresh engine. Answer: [`VmcoreEvent::Ready`].
    Hello,
    /// Open the attached `files` as one dump: a vmcore or its parts, perhaps with a vmlinux. Which is which is found by content.
    /// Events, in this order and as far as the dump has them: [`VmcoreEvent::Progress`] (any number, between all others),
    /// [`VmcoreEvent::Dump`], [`VmcoreEvent::Log`], [`VmcoreEvent::System`], [`VmcoreEvent::Panic`], [`VmcoreEvent::Cpus`],
    /// [`VmcoreEvent::Tasks`], [`VmcoreEvent::Modules`], [`VmcoreEvent::Memory`], [`VmcoreEvent::Done`]; or [`VmcoreEvent::Failed`].
    /// `Dump` and `Panic` come twice: at once, and when more is known (where VMCOREINFO was found; task and stack).
    Open {
        /// Names of the files, with their paths where they came out of a folder, in the order in which they are attached.
        names: Vec<String>,
    },
    /// Stop the opening that is under way: [`VmcoreEvent::Done`] comes with `incomplete`, and what was found stays.
    Cancel,
    /// A line of the console. Answer: [`VmcoreEvent::Output`].
    Command {
        /// As it was typed: `bt -a`.
        line: String,
    },
    /// What may stand at the end of the line. Answer: [`VmcoreEvent::Completions`].
    Complete {
        /// The line so far.
        line: String,
    },
    /// The stack of a task. Answer: [`VmcoreEvent::Backtrace`].
    Backtrace {
        /// Its `task_struct`, as a hex string.
        task: oopscope_report::vmcore::Address,
    },
    /// Parameters and local variables of a frame, which need a vmlinux. Answer: [`VmcoreEvent::Locals`].
    Locals {
        /// The task's `task_struct`, as a hex string.
        task: oopscope_report::vmcore::Address,
        /// Number of the frame in the task's [`Backtrace`], from 0.
        frame: u32,
    },
    /// The document `oopscope-vmcore/1`. Answer: [`VmcoreEvent::Rendered`].
    Document,
    /// The summary as text: what the command prints. Answer: [`VmcoreEvent::Rendered`].
    Summary,
}

/// What the engine answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum VmcoreEvent {
    /// The engine is up.
    Ready {
        /// Version of the engine: must be the page's own.
        build_id: String,
        /// The console's commands with a line on each.
        commands: Vec<(String, String)>,
    },
    /// How far the opening is.
    Progress(VmcoreProgress),
    /// The container is known.
    Dump(Box<DumpFacts>),
    /// The kernel's log as `dmesg -x`-like text, to be read like any other log.
    Log {
        /// Lines as a console with time stamps and levels prints them: `<6>[    0.000000] …`.
        text: String,
        /// A name for it.
        name: String,
        /// The records that the text was made of, the oldest first: each line of a record is a line of the text.
        records: Vec<LogRecord>,
        /// What of it could not be read.
        unread: Vec<Unread>,
    },
    /// The machine.
    System(Box<System>),
    /// What ended it.
    Panic(Box<Panic>),
    /// What each CPU was doing.
    Cpus {
        /// The CPUs.
        cpus: Vec<Cpu>,
    },
    /// All tasks.
    Tasks {
        /// The tasks.
        tasks: Vec<Task>,
        /// What could not be read.
        unread: Vec<Unread>,
    },
    /// All modules.
    Modules {
        /// The modules.
        modules: Vec<Module>,
        /// What could not be read.
        unread: Vec<Unread>,
    },
    /// How memory was used.
    Memory(Box<MemoryUsage>),
    /// The opening is at its end.
    Done {
        /// What could not be read, of all stages.
        unread: Vec<Unread>,
        /// It was cancelled: there may be more.
        incomplete: bool,
        /// The work that it took.
        cost: Cost,
    },
    /// A command's answer.
    Output {
        /// The line that it answers.
        line: String,
        /// As text.
        text: String,
        /// As rows; absent where the command failed.
        answer: Option<Box<Answer>>,
        /// Why it failed, or what it could not do.
        problem: Option<String>,
        /// The work that it took.
        cost: Cost,
    },
    /// What may stand at the end of a line.
    Completions {
        /// Where in the line the word begins, in bytes.
        from: u32,
        /// The words, at most [`MAX_COMPLETIONS`].
        words: Vec<String>,
    },
    /// A task's stack.
    Backtrace(Box<Backtrace>),
    /// Parameters and local variables of a frame.
    Locals(Box<Locals>),
    /// Text to copy or to save.
    Rendered {
        /// The text.
        text: String,
        /// A name for a file of it.
        file_name: String,
    },
    /// The request could not be answered. What was open stays open.
    Failed(Problem),
}

/// The most words that [`VmcoreEvent::Completions`] gives.
pub const MAX_COMPLETIONS: usize = 200;

/// How far an opening is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmcoreProgress {
    /// What is being done, for people: "reading the page table of the dump", "looking for VMCOREINFO in memory".
    pub stage: String,
    /// How much of the stage is done, in [`Self::total`]'s unit.
    pub done: u64,
    /// How much there is; 0 where that is not known.
    pub total: u64,
    /// The work so far.
    pub cost: Cost,
}

/// What something cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Reads of the files.
    pub reads: u64,
    /// Bytes that those gave.
    pub bytes_read: u64,
    /// Pages that were unpacked.
    pub pages_unpacked: u64,
    /// Size of the files.
    pub bytes: u64,
}
