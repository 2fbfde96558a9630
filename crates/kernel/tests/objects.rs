//! The log, tasks, modules, the machine and its memory out of the committed dump, held against its console and against what
//! another debugger says; and the same dump with its lists damaged.

#![allow(clippy::disallowed_methods, reason = "it reads fixtures")]

use oopscope_dump::{Dump, Part};
use oopscope_kernel::{Kernel, log, modules, system, tasks, usage};
use oopscope_report::vmcore::Task;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const PAGE: usize = 4096;

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/dumps").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn kernel(file: Vec<u8>) -> Kernel {
    let part = Part { name: "small.vmcore".to_owned(), bytes: Box::new(file) };
    let mut kernel = Kernel::open(Dump::open(vec![part], &mut |_| true).unwrap(), &mut |_| true).unwrap();
    kernel.load_symbols(&mut |_| true).unwrap();
    kernel
}

fn hex(value: u64) -> String {
    format!("{value:#x}")
}

/// One test, because opening costs more than all that is asked.
#[test]
fn the_committed_dump() {
    let file = fixture("small.vmcore");
    let kernel = kernel(file.clone());
    let oracle: Value = serde_json::from_slice(&fixture("small.oracle.json")).unwrap();
    the_log_is_the_console_s(&kernel, &oracle);
    let all = tasks_are_those_of_another_debugger(&kernel, &oracle);
    modules_are_those_of_another_debugger(&kernel, &oracle);
    the_machine_and_what_ended_it(&kernel, &oracle);
    memory_adds_up(&kernel);
    damaged_lists_lose_no_task(&kernel, &file, &all);
}

fn the_log_is_the_console_s(kernel: &Kernel, oracle: &Value) {
    let (records, unread) = log::records(kernel);
    assert_eq!(unread, []);
    let expected = oracle["log"].as_array().unwrap();
    assert_eq!(records.len(), expected.len());
    for (record, expected) in records.iter().zip(expected) {
        assert_eq!(Some(record.text.as_str()), expected["text"].as_str());
        assert_eq!(record.level.map(u64::from), expected["level"].as_u64(), "{record:?}");
        assert_eq!(record.caller.as_deref(), expected["caller"].as_str(), "{record:?}");
    }
    // Every line of the kernel's on the console, byte for byte: this kernel prints callers, and all levels.
    let text = log::text(&records);
    let ours: BTreeSet<&str> = text.lines().map(|line| line.split_once('>').unwrap().1).collect();
    let console = String::from_utf8_lossy(&fixture("small.serial")).replace('\r', "");
    let console: Vec<&str> = console.lines().filter(|line| line.starts_with('[') && line.contains("] ")).collect();
    assert!(console.len() > 200, "{}", console.len());
    for line in console {
        assert!(ours.contains(line), "the console has {line:?}");
    }
}

fn tasks_are_those_of_another_debugger(kernel: &Kernel, oracle: &Value) -> Vec<Task> {
    let (all, unread) = tasks::tasks(kernel);
    assert_eq!(unread, []);
    let ours: BTreeMap<String, &Task> = all.iter().map(|task| (hex(task.address.0), task)).collect();
    let expected = oracle["tasks"].as_array().unwrap();
    assert_eq!((all.len(), ours.len()), (expected.len(), expected.len()));
    for expected in expected {
        let task = ours.get(expected["address"].as_str().unwrap()).unwrap_or_else(|| panic!("no task {expected}"));
        let ids = [task.pid, task.tgid, task.ppid].map(i64::from);
        assert_eq!(ids.map(Some), ["pid", "tgid", "ppid"].map(|id| expected[id].as_i64()), "{expected}");
        assert_eq!(
            (Some(task.comm.as_str()), Some(task.state.as_str())),
            (expected["comm"].as_str(), expected["state"].as_str())
        );
        assert_eq!(task.cpu.map(u64::from), expected["cpu"].as_u64(), "{expected}");
        assert_eq!(task.unread, Vec::<String>::new());
        assert!(task.started.is_some());
        // A zombie has given its memory back.
        assert_eq!(task.kernel || task.state == "Z", task.vsz.is_none(), "{task:?}");
        assert_eq!(task.rss.is_some(), task.vsz.is_some());
    }
    let first: Vec<_> = all.iter().take(3).map(|task| (task.pid, task.comm.as_str())).collect();
    assert_eq!(first, [(0, "swapper/0"), (0, "swapper/1"), (1, "init")]);
    assert_eq!(all.iter().filter(|task| task.active).count(), 2);
    let panicked: Vec<_> = all.iter().filter(|task| task.panicked).map(|task| hex(task.address.0)).collect();
    assert_eq!(panicked, [oracle["panic"]["task"].as_str().unwrap()]);
    all
}

fn modules_are_those_of_another_debugger(kernel: &Kernel, oracle: &Value) {
    let (all, unread) = modules::modules(kernel);
    assert_eq!(unread, []);
    let expected = oracle["modules"].as_array().unwrap();
    assert_eq!(all.len(), expected.len());
    for (module, expected) in all.iter().zip(expected) {
        assert_eq!(Some(module.name.as_str()), expected["name"].as_str());
        assert_eq!(Some(hex(module.address.0).as_str()), expected["address"].as_str());
        assert_eq!(Some(hex(module.base.0).as_str()), expected["base"].as_str());
        assert_eq!(Some(module.size), expected["size"].as_u64());
        assert_eq!(module.unread, Vec::<String>::new());
        assert!(module.state.is_some() && module.users.is_some() && module.text_size > Some(0), "{module:?}");
    }
    let ours = all.iter().find(|module| module.name == "oops_guest").unwrap();
    assert!(ours.taint.contains('O'), "{ours:?}");
}

fn the_machine_and_what_ended_it(kernel: &Kernel, oracle: &Value) {
    let (records, _) = log::records(kernel);
    let machine = system::system(kernel, &records);
    let told = &oracle["system"];
    assert_eq!(machine.release.as_deref(), told["release"].as_str());
    assert_eq!(machine.version.as_deref(), told["version"].as_str());
    assert_eq!(machine.machine.as_deref(), told["machine"].as_str());
    assert_eq!(machine.hostname.as_deref(), told["nodename"].as_str());
    assert_eq!(machine.cpus_online.map(u64::from), told["cpus"].as_array().map(|cpus| cpus.len() as u64));
    assert_eq!(machine.tasks.map(u64::from), oracle["tasks"].as_array().map(|tasks| tasks.len() as u64));
    assert_eq!(machine.build_id.as_deref(), Some("e7c8867dfbe663dfb658c02193b4f706600b652f"));
    assert_eq!(
        machine.command_line.as_deref(),
        Some("console=ttyS0 panic=0 ignore_loglevel dump.scenario=irq_null_write")
    );
    // The log's last record was written seconds before the dump.
    let last = records.iter().rev().find_map(|record| record.time).unwrap();
    assert!((last - 1.0..last + 10.0).contains(&machine.uptime.unwrap()), "{last} {machine:?}");
    // November 2026.
    assert!((1_793_491_200..1_796_083_200).contains(&machine.time.unwrap()), "{machine:?}");
    let taint = machine.taint.as_deref().unwrap();
    assert!(taint.contains('D') && taint.contains('O'), "{taint}");
    assert_eq!(machine.taint_meaning.len(), taint.len());
    for field in ["release", "version", "hostname", "memory", "time", "uptime", "load", "taint", "build_id", "banner"] {
        assert!(machine.from.contains_key(field), "{field} has no source");
    }

    let panic = system::panic(kernel, &records).unwrap();
    assert_eq!(panic.message.as_deref(), Some("BUG: kernel NULL pointer dereference, address: 0000000000000100"));
    assert!(panic.message_from.as_deref().unwrap().contains("Fatal exception in interrupt"), "{panic:?}");
    assert_eq!(panic.pid.map(i64::from), oracle["panic"]["pid"].as_i64());
    assert_eq!(panic.comm.as_deref(), oracle["panic"]["comm"].as_str());
    assert_eq!(panic.cpu.map(u64::from), oracle["panic"]["cpu"].as_u64());
}

fn memory_adds_up(kernel: &Kernel) {
    let memory = usage::usage(kernel);
    assert_eq!(memory.unread, []);
    let pages = |name: &str| memory.rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name}")).pages;
    assert_eq!(pages("TOTAL MEM"), pages("FREE") + pages("USED"));
    assert!(pages("SLAB") > 0 && pages("CACHED") > 0 && pages("SLAB") + pages("CACHED") < pages("USED"), "{memory:?}");
    assert_eq!((pages("TOTAL SWAP"), pages("TOTAL HUGE")), (0, 0));
    assert_eq!(pages("COMMIT LIMIT"), pages("TOTAL MEM") / 2);
}

/// Writes a pointer into a copy of the dump: its page is put at the end of the file as it is, and its descriptor led there.
fn write(kernel: &Kernel, file: &mut Vec<u8>, address: u64, value: u64) {
    let physical = kernel.translate(address).unwrap();
    let page_number = usize::try_from(physical).unwrap() / PAGE;
    let word = |file: &[u8], at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    // struct disk_dump_header of 64-bit kernels: block_size, sub_hdr_size, bitmap_blocks.
    let (block, sub_header, bitmaps) = (word(file, 428), word(file, 432), word(file, 436));
    assert_eq!(block, PAGE);
    let second = (1 + sub_header + bitmaps / 2) * block;
    let bits = |page: usize| file[second + page / 8] >> (page % 8) & 1;
    assert_eq!(bits(page_number), 1);
    let rank = (0..page_number).filter(|page| bits(*page) == 1).count();
    let descriptor = (1 + sub_header + bitmaps) * block + rank * 24;

    let mut page = vec![0; PAGE];
    // Several may be written into one page.
    let old = word(file, descriptor);
    if word(file, descriptor + 12) == 0 && word(file, descriptor + 8) == PAGE {
        page.copy_from_slice(&file[old..old + PAGE]);
    } else {
        kernel.dump().read(physical & !(PAGE as u64 - 1), &mut page).unwrap();
    }
    let within = usize::try_from(physical).unwrap() % PAGE;
    page[within..within + 8].copy_from_slice(&value.to_le_bytes());
    let offset = file.len() as u64;
    file.extend_from_slice(&page);
    file[descriptor..descriptor + 8].copy_from_slice(&offset.to_le_bytes());
    file[descriptor + 8..descriptor + 12].copy_from_slice(&u32::try_from(PAGE).unwrap().to_le_bytes());
    file[descriptor + 12..descriptor + 16].fill(0);
}

/// What it is called, what is written where, and what is said of it.
type Damage = (&'static str, Vec<(u64, u64)>, &'static str);

fn damaged_lists_lose_no_task(whole: &Kernel, file: &[u8], all: &[Task]) {
    let next = whole.offset_of("struct task_struct", "tasks.next").unwrap();
    let leaders: Vec<_> = all.iter().filter(|task| task.pid == task.tgid && task.pid > 0).collect();
    let link = |index: usize| leaders[index].address.0 + next;
    let (tenth, twentieth) = (link(10), link(20));
    let cases: [Damage; 5] = [
        ("NULL", vec![(tenth, 0)], "backwards from its end"),
        ("a circle", vec![(tenth, link(5))], "circle"),
        ("nowhere", vec![(tenth, 0xffff_ffff_ff00_0000)], "cannot be read"),
        ("both ways", vec![(tenth, 0), (twentieth + 8, 0)], "table of PIDs"),
        ("from the front on", vec![(whole.symbol("init_task").unwrap() + next, 8)], "backwards from its end"),
    ];
    let mut expected: Vec<_> = all.iter().map(|task| (task.address, task.pid, task.comm.clone(), task.ppid)).collect();
    expected.sort();
    for (name, writes, said) in cases {
        let mut damaged = file.to_vec();
        for (address, value) in writes {
            write(whole, &mut damaged, address, value);
        }
        let (found, unread) = tasks::tasks(&kernel(damaged));
        let mut ours: Vec<_> = found.into_iter().map(|task| (task.address, task.pid, task.comm, task.ppid)).collect();
        ours.sort();
        assert_eq!(ours, expected, "{name}: {unread:?}");
        assert!(
            unread.iter().any(|unread| format!("{} {}", unread.what, unread.why).contains(said)),
            "{name}: {unread:?}"
        );
    }
}
