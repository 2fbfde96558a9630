//! The engine that reads dumps, as this part of the page speaks to it. Must never know what the messages mean: it names the
//! protocol and how an event of it is read.

use oopscope_protocol::{Cost, Problem, VmcoreEvent, VmcoreRequest};
use oopscope_report::vmcore::{Cpu, LogRecord, Module, Task, Unread};
use oopscope_web_kit::bridge;
use oopscope_web_kit::read::{Unreadable, read};
use serde::Deserialize;
use serde::de::Error as _;
use wasm_bindgen::JsValue;

/// A handle on the engine.
pub(crate) type Engine = bridge::Engine<Dumps>;

/// The protocol for dumps.
pub(crate) struct Dumps;

#[derive(Deserialize)]
struct Ready {
    build_id: String,
    commands: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Log {
    text: String,
    name: String,
    records: Vec<LogRecord>,
    unread: Vec<Unread>,
}

#[derive(Deserialize)]
struct Cpus {
    cpus: Vec<Cpu>,
}

#[derive(Deserialize)]
struct Tasks {
    tasks: Vec<Task>,
    unread: Vec<Unread>,
}

#[derive(Deserialize)]
struct Modules {
    modules: Vec<Module>,
    unread: Vec<Unread>,
}

#[derive(Deserialize)]
struct Done {
    unread: Vec<Unread>,
    incomplete: bool,
    cost: Cost,
}

/// Without the rows of the answer: the page shows the text.
#[derive(Deserialize)]
struct Output {
    line: String,
    text: String,
    problem: Option<String>,
    cost: Cost,
}

#[derive(Deserialize)]
struct Completions {
    from: u32,
    words: Vec<String>,
}

#[derive(Deserialize)]
struct Rendered {
    text: String,
    file_name: String,
}

impl bridge::Protocol for Dumps {
    type Request = VmcoreRequest;
    type Event = VmcoreEvent;

    fn read(tag: &str, event: JsValue) -> Result<VmcoreEvent, Unreadable> {
        Ok(match tag {
            "ready" => {
                let Ready { build_id, commands } = read(event)?;
                VmcoreEvent::Ready { build_id, commands }
            }
            "progress" => VmcoreEvent::Progress(read(event)?),
            "dump" => VmcoreEvent::Dump(read(event)?),
            "log" => {
                let Log { text, name, records, unread } = read(event)?;
                VmcoreEvent::Log { text, name, records, unread }
            }
            "system" => VmcoreEvent::System(read(event)?),
            "panic" => VmcoreEvent::Panic(read(event)?),
            "cpus" => {
                let Cpus { cpus } = read(event)?;
                VmcoreEvent::Cpus { cpus }
            }
            "tasks" => {
                let Tasks { tasks, unread } = read(event)?;
                VmcoreEvent::Tasks { tasks, unread }
            }
            "modules" => {
                let Modules { modules, unread } = read(event)?;
                VmcoreEvent::Modules { modules, unread }
            }
            "memory" => VmcoreEvent::Memory(read(event)?),
            "done" => {
                let Done { unread, incomplete, cost } = read(event)?;
                VmcoreEvent::Done { unread, incomplete, cost }
            }
            "output" => {
                let Output { line, text, problem, cost } = read(event)?;
                VmcoreEvent::Output { line, text, answer: None, problem, cost }
            }
            "completions" => {
                let Completions { from, words } = read(event)?;
                VmcoreEvent::Completions { from, words }
            }
            "backtrace" => VmcoreEvent::Backtrace(read(event)?),
            "locals" => VmcoreEvent::Locals(crate::locals::locals(event)?),
            "rendered" => {
                let Rendered { text, file_name } = read(event)?;
                VmcoreEvent::Rendered { text, file_name }
            }
            "failed" => VmcoreEvent::Failed(read(event)?),
            other => return Err(Unreadable::custom(format_args!("an event of the unknown type “{other}”"))),
        })
    }

    fn has_more(event: &VmcoreEvent) -> bool {
        use VmcoreEvent::{
            Backtrace, Completions, Cpus, Done, Dump, Failed, Locals, Log, Memory, Modules, Output, Panic, Progress,
            Ready, Rendered, System, Tasks,
        };
        match event {
            Progress(_)
            | Dump(_)
            | Log { .. }
            | System(_)
            | Panic(_)
            | Cpus { .. }
            | Tasks { .. }
            | Modules { .. }
            | Memory(_) => true,
            Ready { .. }
            | Done { .. }
            | Output { .. }
            | Completions { .. }
            | Backtrace(_)
            | Locals(_)
            | Rendered { .. }
            | Failed(_) => false,
        }
    }

    fn problem(event: &VmcoreEvent) -> Option<&Problem> {
        match event {
            VmcoreEvent::Failed(problem) => Some(problem),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A new kind of event does not compile in `has_more` until it is there; its tag and fields are held here.
    #[test]
    fn the_tags_and_fields_are_those_of_the_protocol() {
        let text = String::new;
        let cost = Cost::default();
        let events = [
            (VmcoreEvent::Ready { build_id: text(), commands: Vec::new() }, "ready", "build_id commands type"),
            (
                VmcoreEvent::Progress(oopscope_protocol::VmcoreProgress::default()),
                "progress",
                "cost done stage total type",
            ),
            (VmcoreEvent::Dump(Box::default()), "dump", ""),
            (
                VmcoreEvent::Log { text: text(), name: text(), records: Vec::new(), unread: Vec::new() },
                "log",
                "name records text type unread",
            ),
            (VmcoreEvent::System(Box::default()), "system", ""),
            (VmcoreEvent::Panic(Box::default()), "panic", ""),
            (VmcoreEvent::Cpus { cpus: Vec::new() }, "cpus", "cpus type"),
            (VmcoreEvent::Tasks { tasks: Vec::new(), unread: Vec::new() }, "tasks", "tasks type unread"),
            (VmcoreEvent::Modules { modules: Vec::new(), unread: Vec::new() }, "modules", "modules type unread"),
            (VmcoreEvent::Memory(Box::default()), "memory", ""),
            (VmcoreEvent::Done { unread: Vec::new(), incomplete: false, cost }, "done", "cost incomplete type unread"),
            (
                VmcoreEvent::Output { line: text(), text: text(), answer: None, problem: None, cost },
                "output",
                "answer cost line problem text type",
            ),
            (VmcoreEvent::Completions { from: 0, words: Vec::new() }, "completions", "from type words"),
            (VmcoreEvent::Backtrace(Box::default()), "backtrace", ""),
            (VmcoreEvent::Locals(Box::default()), "locals", "frame number type variables"),
            (VmcoreEvent::Rendered { text: text(), file_name: text() }, "rendered", "file_name text type"),
            (VmcoreEvent::Failed(Problem::default()), "failed", "advice code message type"),
        ];
        for (event, tag, fields) in events {
            let json = serde_json::to_value(&event).expect("events are plain data");
            let json = json.as_object().expect("events are objects");
            assert_eq!(json["type"], tag);
            let mut names: Vec<&str> = json.keys().map(String::as_str).collect();
            names.sort_unstable();
            assert!(fields.is_empty() || names.join(" ") == fields, "{names:?}");
        }
    }
}
