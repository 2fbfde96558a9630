//! What the console prints for the committed dump, line by line as a person would type them: snapshots that a reviewer reads.

use oopscope_commands::{Context, Output, complete, list, run};
use oopscope_dump::{Dump, Part};
use oopscope_kernel::{Kernel, log};
use std::fmt::Write;
use std::path::Path;

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn kernel() -> Kernel {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/dumps/small.vmcore");
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let part = Part { name: "small.vmcore".to_owned(), bytes: Box::new(bytes) };
    let dump = Dump::open(vec![part], &mut |_| true).unwrap();
    let mut kernel = Kernel::open(dump, &mut |_| true).unwrap();
    kernel.load_symbols(&mut |_| true).unwrap();
    kernel
}

/// A session of the console: each line with what came of it.
fn session(lines: &[&str]) -> String {
    let kernel = kernel();
    let (records, _) = log::records(&kernel);
    let context = Context { records: &records };
    let mut out = String::new();
    for line in lines {
        let Output { text, answer, problem } = run(&kernel, &context, line);
        assert_eq!(answer.is_none(), problem.is_some(), "{line}: either an answer or a problem");
        writeln!(out, "> {line}\n{text}{}", problem.map(|why| format!("! {why}\n")).unwrap_or_default()).unwrap();
    }
    out
}

#[test]
fn the_machine_and_its_stacks() {
    insta::assert_snapshot!(session(&[
        "sys",
        "sys -t",
        "bt",
        "bt -a",
        "bt 47",
        "bt -c 0",
        "bt -r kthreadd",
        "mod",
        "locals",
        "locals -p 1 0"
    ]));
}

#[test]
fn tasks() {
    insta::assert_snapshot!(session(&["ps", "ps -u", "ps -k 2", "ps -A", "ps -p 63", "ps -c 46", "ps -t 1", "ps -S"]));
}

#[test]
fn values_and_types() {
    insta::assert_snapshot!(session(&[
        "struct list_head",
        "list_head -o",
        "* list_head",
        "list_head ffffffffaec0a870",
        "struct task_struct.comm,pid,tasks init_task",
        "struct task_struct.comm -l task_struct.tasks ffffffffaec0a870",
        "p init_task.comm",
        "p &init_task.tasks",
        "p init_task.tasks.next",
        "p sizeof(struct list_head)",
        "p ((struct task_struct *)init_task.tasks.next)",
        "p init_uts_ns.name.release",
        "p -x init_task.flags",
        "p init_task.thread.sp",
        "p *(int *)&panic_timeout",
        "p PIDTYPE_MAX",
        "p irq_stat:a",
        "p panic_timeout",
        "p init_task.nothing",
        "p init_task +",
        "union thread_union.stack",
        "struct -m oops_guest list_head",
        "struct -m nothing list_head",
        "p sizeof(struct virtio_blk)",
        "whatis",
    ]));
}

#[test]
fn memory_and_addresses() {
    insta::assert_snapshot!(session(&[
        "rd linux_banner 4",
        "rd -32 linux_banner 4",
        "rd -a linux_banner 20",
        "rd -s init_task 4",
        "rd 10 2",
        "rd -p 0 2",
        "vtop init_task ffffb8d140173f58 10",
        "sym panic",
        "sym ffffffffae056e26",
        "sym -q sysrq_handle_crash",
        "sym guest_irq_null_write",
        "sym nothing_of_this_name",
        "kmem -i",
        "mach",
        "mach -m",
        "help",
        "help rd",
        "rd",
        "bt -z",
        "nonsense",
    ]));
}

#[test]
fn the_log_is_printed_as_dmesg_does() {
    let text = session(&["log -m", "log -t"]);
    assert!(text.contains("<5>[    0.000000] Linux version 6.12.117-small"));
    assert!(text.contains("\nKernel panic - not syncing: Fatal exception in interrupt\n"));
}

#[test]
fn every_command_is_listed_and_every_line_is_answered() {
    let kernel = kernel();
    for (name, about) in list() {
        assert!(!about.is_empty());
        for line in [name.to_owned(), format!("{name} -"), format!("{name} \u{fffd}"), format!("{name} -x -x -x 0")] {
            let output = run(&kernel, &Context::default(), &line);
            assert!(output.answer.is_some() || output.problem.is_some(), "{line}");
        }
    }
}

#[test]
fn words_are_completed_by_what_may_stand_there() {
    let kernel = kernel();
    assert_eq!(complete(&kernel, "vt", 10), (0, vec!["vtop".to_owned()]));
    let (from, words) = complete(&kernel, "sym panic_on_o", 10);
    assert_eq!(from, 4);
    assert!(words.contains(&"panic_on_oops".to_owned()), "{words:?}");
    let (_, words) = complete(&kernel, "struct list_he", 10);
    assert_eq!(words, ["list_head"]);
}
