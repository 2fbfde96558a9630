//! Stacks: the panicking task's, every CPU's, and those of tasks that were chosen. Must never ask for a stack that nobody
//! wants to see.

use super::{absent, stack};
use crate::state::{Asked, State, Whose};
use crate::update::Change;
use oopscope_report::vmcore::{Address, Backtrace, TaskRef};
use oopscope_web_kit::browser;
use yew::prelude::*;

/// The view.
pub(crate) fn backtraces(state: &State, change: &Callback<Change>) -> Html {
    let list = choices(state);
    let at = list.iter().position(|(whose, _, _)| *whose == state.whose);
    let on_key = {
        let order: Vec<Whose> = list.iter().map(|(whose, _, _)| *whose).collect();
        let change = change.clone();
        Callback::from(move |event: KeyboardEvent| {
            let Some(at) = at else { return };
            let to = match event.key().as_str() {
                "ArrowDown" | "j" => at + 1,
                "ArrowUp" | "k" => at.saturating_sub(1),
                "Home" => 0,
                "End" => order.len() - 1,
                _ => return,
            };
            event.prevent_default();
            if let Some(whose) = order.get(to) {
                change.emit(Change::ShowStack(*whose));
                // The row is on the page already; which of them can be reached with Tab changes with the next rendering.
                browser::focus(&id(*whose));
            }
        })
    };
    let rows = list.iter().map(|(whose, name, what)| {
        let whose = *whose;
        let current = whose == state.whose;
        html! {
            <li key={id(whose)}>
                <button type="button" id={id(whose)} aria-current={current.then_some("true")} tabindex={if current || at.is_none() { "0" } else { "-1" }}
                    onclick={change.reform(move |_: MouseEvent| Change::ShowStack(whose))}>
                    <span class="nr">{ name }</span><span class="title">{ what }</span>
                </button>
            </li>
        }
    });
    html! {
        <div class="stacks-view">
            <h1 class="unseen">{ "Backtraces" }</h1>
            <nav class="reports whose" aria-label="Whose stack" onkeydown={on_key}>
                <ol>{ for rows }</ol>
            </nav>
            <section id="backtrace" aria-label="Backtrace">
                { shown(state, change) }
            </section>
        </div>
    }
}

fn id(whose: Whose) -> String {
    match whose {
        Whose::Panic => "stack-of-panic".to_owned(),
        Whose::Cpu(number) => format!("stack-of-cpu-{number}"),
        Whose::Task(task) => format!("stack-of-{task:x}"),
    }
}

fn choices(state: &State) -> Vec<(Whose, String, String)> {
    let found = &state.found;
    let mut list = Vec::new();
    if let Some(panic) = &found.panic {
        list.push((Whose::Panic, "panic".to_owned(), panic.comm.clone().unwrap_or_default()));
    }
    for cpu in found.cpus.iter().flat_map(|cpus| cpus.iter()) {
        let what = match &cpu.backtrace.task {
            Some(task) => format!("{} {}", task.comm, task.pid),
            None if cpu.online => "no task known".to_owned(),
            None => "offline".to_owned(),
        };
        list.push((Whose::Cpu(cpu.number), format!("CPU {}", cpu.number), what));
    }
    for &task in &state.chosen {
        let known = found.tasks.as_ref().and_then(|tasks| tasks.iter().find(|known| known.address.0 == task));
        let (name, what) = match known {
            Some(task) => (format!("PID {}", task.pid), task.comm.clone()),
            None => ("task".to_owned(), Address(task).to_string()),
        };
        list.push((Whose::Task(task), name, what));
    }
    list
}

fn shown(state: &State, change: &Callback<Change>) -> Html {
    let found = &state.found;
    let held = !state.detached;
    match state.whose {
        Whose::Panic => match &found.panic {
            Some(panic) => {
                let cpu = found.cpus.iter().flat_map(|cpus| cpus.iter()).find(|cpu| Some(cpu.number) == panic.cpu);
                if let Some(cpu) = cpu.filter(|cpu| cpu.backtrace.frames.len() == panic.backtrace.len()) {
                    // The same stack, with its registers.
                    return backtrace(state, "The task that panicked", &cpu.backtrace, change);
                }
                let task = panic.task.zip(panic.pid).zip(panic.comm.clone());
                let task = task.map(|((address, pid), comm)| TaskRef { address, pid, comm, cpu: panic.cpu });
                html! {
                    <>
                        { heading("The task that panicked", task.as_ref(), held, change) }
                        { stack::frames(&panic.backtrace, &panic.backtrace_ends, None, panic.task.map(|task| (task.0, state, change))) }
                    </>
                }
            }
            None => absent(state, "Not read yet.", "No panic was found. Choose a CPU, or a task in the list of tasks."),
        },
        Whose::Cpu(number) => match found.cpus.iter().flat_map(|cpus| cpus.iter()).find(|cpu| cpu.number == number) {
            Some(cpu) => {
                let online = if cpu.online { "" } else { ", which was offline" };
                backtrace(state, &format!("CPU {number}{online}"), &cpu.backtrace, change)
            }
            None => absent(state, "Not read yet.", "This CPU is not in the dump."),
        },
        Whose::Task(task) => match state.stacks.get(&task) {
            Some(Asked::There(there)) => backtrace(state, "Task", there, change),
            Some(Asked::Failed(why)) => html! { <p class="none fatal">{ why }</p> },
            Some(Asked::Waiting) => html! { <p class="none">{ "Asked of the engine…" }</p> },
            None => html! { <p class="none">{ "The engine ended before it answered. Choose the task again." }</p> },
        },
    }
}

fn backtrace(state: &State, title: &str, backtrace: &Backtrace, change: &Callback<Change>) -> Html {
    let held = !state.detached;
    let task = backtrace.task.as_ref().map(|task| (task.address.0, state, change));
    html! {
        <>
            { heading(title, backtrace.task.as_ref(), held, change) }
            if !backtrace.begins.is_empty() { <p class="pad dim">{ format!("It begins with: {}.", backtrace.begins) }</p> }
            { stack::frames(&backtrace.frames, &backtrace.ends, Some(backtrace.complete), task) }
            if !backtrace.registers.is_empty() {
                <details class="inner"><summary>{ format!("Registers ({})", backtrace.begins) }</summary>{ stack::registers(&backtrace.registers) }</details>
            }
        </>
    }
}

fn heading(title: &str, task: Option<&TaskRef>, held: bool, change: &Callback<Change>) -> Html {
    let who = task.map(|task| {
        let cpu = task.cpu.map(|cpu| format!(", CPU {cpu}")).unwrap_or_default();
        format!(": {}, PID {}{cpu}, task_struct {}", task.comm, task.pid, task.address)
    });
    html! {
        <div class="stack-head">
            <h2>{ title }<span>{ who }</span></h2>
            <button type="button" id="copy-stack" disabled={!held} title="Copy as text, as the command bt prints it (c)"
                onclick={change.reform(|_: MouseEvent| Change::CopyStack)}>{ "Copy as text" }</button>
        </div>
    }
}
