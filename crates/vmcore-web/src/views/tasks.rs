//! The tasks: sorted, filtered, as a tree; Enter shows a task's stack. Must never lay out more rows than are on screen.

use super::table::{self, Table};
use super::{absent, count, unread};
use crate::format;
use crate::same::Same;
use crate::state::{State, Whose};
use crate::task_rows::{self, Column, Options, Row, Sort};
use crate::update::Change;
use oopscope_report::vmcore::Task;
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The columns with their names, as `ps` has them.
const COLUMNS: [(Column, &str, &str, &str); 9] = [
    (Column::Pid, "PID", "pid num", "Thread's id"),
    (Column::Parent, "PPID", "ppid num", "Parent's thread group"),
    (Column::Cpu, "CPU", "cpu num", "CPU on which it ran, or ran last"),
    (Column::State, "ST", "st", "State"),
    (Column::Rss, "RSS", "rss num", "Resident memory"),
    (Column::Vsz, "VSZ", "vsz num", "Virtual memory"),
    (Column::Started, "START", "started num", "When it was started, in seconds after boot"),
    (Column::Comm, "COMM", "comm", "Name; in brackets for threads of the kernel"),
    (Column::Address, "TASK", "task", "Address of its task_struct"),
];

/// The view.
pub(crate) fn tasks(state: &State, change: &Callback<Change>) -> Html {
    let found = &state.found;
    let Some(tasks) = &found.tasks else {
        return html! {
            <section><h2>{ "Tasks" }</h2>{ absent(state, "Not read yet.", "The tasks could not be read: see the overview.") }</section>
        };
    };
    html! {
        <section class="sheet t-view" id="tasks">
            <h2>{ "Tasks" }{ count(tasks.len()) }</h2>
            { unread::unread(&found.tasks_unread) }
            <Tasks tasks={tasks.clone()} options={state.task_options.clone()} selected={state.selected} change={change.clone()} />
        </section>
    }
}

#[derive(PartialEq, Properties)]
struct Props {
    tasks: Same<Vec<Task>>,
    options: Options,
    selected: Option<u64>,
    change: Callback<Change>,
}

/// The rows, which are made anew only when the tasks or the options have changed.
#[component]
fn Tasks(props: &Props) -> Html {
    let Props { tasks, options, selected, change } = props;
    let (rows, epoch) = (*use_memo((tasks.clone(), options.clone()), |(tasks, options)| {
        (Rc::new(task_rows::rows(tasks, options)), epoch(options))
    }))
    .clone();
    let at = selected.and_then(|address| {
        rows.iter()
            .position(|row| tasks.get(row.task).is_some_and(|task| task.address.0 == address))
            .map(|at| at as u64)
    });
    let task_of = {
        let (rows, tasks) = (Rc::clone(&rows), tasks.clone());
        move |row: u64| {
            let row = usize::try_from(row).ok().and_then(|row| rows.get(row).copied())?;
            Some((row, tasks.get(row.task)?.clone()))
        }
    };
    let row = {
        let task_of = task_of.clone();
        Callback::from(move |number| {
            task_of(number).map(|(row, task)| table::Row { look: "", cells: cells(row, &task) }).unwrap_or_default()
        })
    };
    let on_select = {
        let (task_of, change) = (task_of.clone(), change.clone());
        Callback::from(move |(row, _)| {
            if let Some((_, task)) = task_of(row) {
                change.emit(Change::Select(task.address.0));
            }
        })
    };
    let on_open = {
        let change = change.clone();
        Callback::from(move |row| {
            if let Some((_, task)) = task_of(row) {
                change.emit(Change::ShowStack(Whose::Task(task.address.0)));
            }
        })
    };
    let heading = COLUMNS.iter().map(|&(column, name, class, title)| {
        let current = options.column == column;
        let sorted = if !current {
            "none"
        } else if options.descending {
            "descending"
        } else {
            "ascending"
        };
        let next = sorted_by(options, column);
        let onclick = change.reform(move |_: MouseEvent| Change::TaskOptions(next.clone()));
        let arrow = if !current {
            ""
        } else if options.descending {
            " ↓"
        } else {
            " ↑"
        };
        html! {
            <span class={class} role="columnheader" aria-sort={sorted} title={title}>
                <button type="button" class="fold" {onclick}>{ name }<span aria-hidden="true">{ arrow }</span></button>
            </span>
        }
    });
    let shown = rows.len();
    html! {
        <>
            { toolbar(props, at.is_some()) }
            <p class="unseen" role="status">{ format!("{} shown", format::counted(shown as u64, "task")) }</p>
            if shown == 0 {
                <p class="none">{ "No task is like that." }</p>
            } else {
                <Table id="task-list" label="Tasks" heading={html! { <>{ for heading }</> }} rows={shown as u64} selected={at}
                    ends={at.zip(at)} start={at} {row} {on_select} {on_open} {epoch} />
            }
        </>
    }
}

/// Another number for other options: the table then begins anew.
fn epoch(options: &Options) -> u32 {
    let start = (options.column as u32) << 4
        | u32::from(options.descending) << 3
        | (options.sort as u32) << 1
        | u32::from(options.tree);
    options.filter.bytes().fold(start, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)))
}

/// First one way, then the other, then as the kernel lists them.
fn sorted_by(options: &Options, column: Column) -> Options {
    // Who sorts by size wants the largest.
    let large_first = matches!(column, Column::Rss | Column::Vsz);
    let (column, descending) = match (options.column == column, options.descending == large_first) {
        (false, _) => (column, large_first),
        (true, true) => (column, !large_first),
        (true, false) => (Column::List, false),
    };
    Options { column, descending, ..options.clone() }
}

fn toolbar(props: &Props, has_selected: bool) -> Html {
    let Props { options, selected, change, .. } = props;
    let set = |with: Options| change.reform(move |_: MouseEvent| Change::TaskOptions(with.clone()));
    let sorts = [(Sort::All, "All"), (Sort::User, "User"), (Sort::Kernel, "Kernel")].map(|(sort, name)| {
        let pressed = (options.sort == sort).to_string();
        html! { <button type="button" aria-pressed={pressed} onclick={set(Options { sort, ..options.clone() })}>{ name }</button> }
    });
    let on_filter = {
        let options = options.clone();
        super::on(change, move |event: InputEvent| {
            let filter = event.target_dyn_into::<HtmlInputElement>()?.value();
            Some(Change::TaskOptions(Options { filter, ..options.clone() }))
        })
    };
    let open = selected.filter(|_| has_selected);
    let on_open = super::on(change, move |_: MouseEvent| open.map(|task| Change::ShowStack(Whose::Task(task))));
    html! {
        <div class="toolbar" role="search">
            <label>{ "Filter " }
                <input id="task-filter" type="search" value={options.filter.clone()} oninput={on_filter} autocomplete="off" spellcheck="false"
                    placeholder="name, PID, state, address" />
            </label>
            <span class="choices" role="group" aria-label="Which tasks">{ for sorts }</span>
            <button type="button" id="task-tree" aria-pressed={options.tree.to_string()}
                onclick={set(Options { tree: !options.tree, ..options.clone() })}>{ "Tree" }</button>
            <button type="button" id="task-stack" class="right" disabled={open.is_none()} onclick={on_open} title="Enter">{ "Backtrace of the selected" }</button>
        </div>
    }
}

fn cells(row: Row, task: &Task) -> Html {
    let comm = if task.kernel { format!("[{}]", task.comm) } else { task.comm.clone() };
    let mark = if task.panicked {
        Some(html! { <b class="fatal" title="It panicked">{ "panicked " }</b> })
    } else if task.active {
        Some(html! { <b class="task" title="A CPU was running it">{ "running " }</b> })
    } else {
        None
    };
    // No deeper than fits; how deep it is is told by who is above it.
    let indent = "\u{2007}\u{2007}".repeat(usize::try_from(row.depth.min(24)).unwrap_or_default());
    let state_title = task.state_name.clone();
    html! {
        <>
            <span class="pid num" role="gridcell">{ task.pid }</span>
            <span class="ppid num" role="gridcell">{ task.ppid }</span>
            <span class="cpu num" role="gridcell">{ task.cpu }</span>
            <span class="st" role="gridcell" title={state_title}>{ &task.state }</span>
            <span class="rss num" role="gridcell">{ task.rss.map(format::bytes) }</span>
            <span class="vsz num" role="gridcell">{ task.vsz.map(format::bytes) }</span>
            <span class="started num" role="gridcell">{ task.started.map(seconds) }</span>
            <span class="comm" role="gridcell" title={(!task.unread.is_empty()).then(|| task.unread.join("; "))}>
                { indent }{ mark }{ comm }
                if !task.unread.is_empty() { <small class="dim">{ " not all could be read" }</small> }
            </span>
            <span class="task" role="gridcell">{ task.address.to_string() }</span>
        </>
    }
}

/// Nanoseconds as seconds with two places.
fn seconds(nanoseconds: u64) -> String {
    let hundredths = nanoseconds / 10_000_000;
    format!("{}.{:02}", format::count(hundredths / 100), hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_goes_one_way_then_the_other_then_back() {
        let start = Options::default();
        let once = sorted_by(&start, Column::Pid);
        assert_eq!((once.column, once.descending), (Column::Pid, false));
        let twice = sorted_by(&once, Column::Pid);
        assert_eq!((twice.column, twice.descending), (Column::Pid, true));
        assert_eq!(sorted_by(&twice, Column::Pid), start);
        assert!(sorted_by(&start, Column::Rss).descending);
        assert_ne!(epoch(&once), epoch(&twice));
    }

    #[test]
    fn times_are_seconds() {
        assert_eq!(seconds(0), "0.00");
        assert_eq!(seconds(1_234_567_890_123), "1,234.56");
    }
}
