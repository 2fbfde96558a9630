//! The committed dump: what another debugger read out of it with debug information, read out of the dump alone.

#![allow(clippy::disallowed_methods, reason = "it reads fixtures")]

use oopscope_dump::{Dump, Part};
use oopscope_kernel::{Kernel, Object, ObjectError};
use oopscope_symbols::Type;
use serde_json::Value;
use std::path::Path;

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/dumps").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn kernel() -> Kernel {
    let part = Part { name: "small.vmcore".to_owned(), bytes: Box::new(fixture("small.vmcore")) };
    let dump = Dump::open(vec![part], &mut |_| true).unwrap();
    let mut kernel = Kernel::open(dump, &mut |_| true).unwrap();
    kernel.load_symbols(&mut |_| true).unwrap();
    assert_eq!(kernel.unread(), []);
    kernel
}

fn oracle() -> Value {
    serde_json::from_slice(&fixture("small.oracle.json")).unwrap()
}

fn address(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// One test, because opening costs more than all that is asked.
#[test]
fn the_committed_dump() {
    let kernel = kernel();
    two_hundred_values_are_what_another_debugger_says(&kernel);
    names_both_ways_of_the_kernel_and_its_module(&kernel);
    what_the_kernel_does_not_have_is_said_by_name(&kernel);
    types_by_the_names_that_people_write(&kernel);
}

/// Compares an object with what the other debugger says of it; counts what was compared, tells what differs.
fn compare(object: &Object<'_>, value: &Value, path: &str, compared: &mut usize, wrong: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                // Members without a name are not told of by their own.
                match object.member(name) {
                    Ok(member) => compare(&member, value, &format!("{path}.{name}"), compared, wrong),
                    Err(error) => wrong.push(format!("{path}.{name}: {error}")),
                }
            }
        }
        Value::Array(elements) => {
            for (number, value) in elements.iter().enumerate() {
                match object.element(number as u64) {
                    Ok(element) => compare(&element, value, &format!("{path}[{number}]"), compared, wrong),
                    Err(error) => wrong.push(format!("{path}[{number}]: {error}")),
                }
            }
        }
        Value::Number(number) => {
            *compared += 1;
            let told = number.as_i64().or_else(|| number.as_u64().map(u64::cast_signed));
            let ours = object.i64();
            if ours.as_ref().ok() != told.as_ref() {
                wrong.push(format!("{path}: {ours:?}, not {number}"));
            }
        }
        Value::String(text) if object.count().is_some() => {
            *compared += 1;
            let ours = object.string();
            if ours.as_ref() != Ok(text) {
                wrong.push(format!("{path}: {ours:?}, not {text:?}"));
            }
        }
        _ => {}
    }
}

fn two_hundred_values_are_what_another_debugger_says(kernel: &Kernel) {
    let (mut compared, mut wrong, mut untyped) = (0, Vec::new(), 0);
    for value in oracle()["values"].as_array().unwrap() {
        let type_name = value["type"].as_str().unwrap();
        let (object, path) = match value["ask"].as_str().unwrap() {
            "struct" => (kernel.at(&format!("struct {type_name}"), address(&value["address"])), type_name),
            "global" => {
                let name = value["name"].as_str().unwrap();
                assert_eq!(kernel.symbol(name), Some(address(&value["address"])), "{name}");
                (kernel.global(name), name)
            }
            _ => {
                let name = value["name"].as_str().unwrap();
                let cpu = u32::try_from(value["cpu"].as_u64().unwrap()).unwrap();
                (kernel.per_cpu_object(name, cpu), name)
            }
        };
        match object {
            Ok(object) => {
                compare(&object, &value["value"], path, &mut compared, &mut wrong);
                // Read ahead it is the same.
                compare(&object.load().unwrap(), &value["value"], path, &mut compared, &mut wrong);
            }
            Err(ObjectError::UntypedSymbol { .. }) => untyped += 1,
            Err(error) => wrong.push(format!("{path}: {error}")),
        }
    }
    assert_eq!(wrong, [""; 0], "{} of {compared}", wrong.len());
    assert!(compared > 2000, "only {compared} numbers were compared");
    assert!(untyped <= 40, "{untyped} have no type");
}

fn names_both_ways_of_the_kernel_and_its_module(kernel: &Kernel) {
    let oracle = oracle();
    let mut names = 0;
    for frame in oracle["stacks"].as_object().unwrap().values().flat_map(|frames| frames.as_array().unwrap()) {
        let pc = address(&frame["pc"]);
        if !kernel.is_text(pc) {
            continue;
        }
        // A return address is one behind the call: it may be the next function's first.
        let named = kernel.name_of(pc - 1).unwrap_or_else(|| panic!("{pc:#x} has no name"));
        let told = frame["names"].as_array().unwrap();
        let same = |pair: &Value| pair[0].as_str() == Some(&named.name) && pair[1].as_u64() == Some(named.offset + 1);
        assert!(told.is_empty() || told.iter().any(same), "{pc:#x}: {named:?}, not {told:?}");
        names += 1;
    }
    assert!(names > 100, "only {names} names were compared");
    let module = &oracle["modules"][0];
    let loaded = &kernel.loaded()[0];
    assert_eq!((loaded.name.as_str(), loaded.address), ("oops_guest", address(&module["address"])));
    assert!(loaded.holds(address(&module["base"])));
    let function =
        loaded.symbols(kernel).unwrap().iter().find(|symbol| loaded.text[0].contains(&symbol.address)).unwrap();
    let named = kernel.name_of(function.address + 2).unwrap();
    assert_eq!((named.name.as_str(), named.offset), (function.name, 2));
    assert_eq!((named.module.as_deref(), named.from), (Some("oops_guest"), "module kallsyms"));
    let there = kernel.symbols_named(function.name);
    assert!(there.iter().any(|(at, symbol)| *at == function.address && symbol.module.is_some()), "{there:?}");
    assert_eq!(kernel.name_of(0x1000), None, "a per-CPU variable's offset is no address");
    assert!(!kernel.is_text(kernel.symbol("init_task").unwrap()));
}

fn what_the_kernel_does_not_have_is_said_by_name(kernel: &Kernel) {
    let task = kernel.global("init_task").unwrap();
    assert_eq!(task.type_name(), "struct task_struct");
    assert_eq!(task.member("comm").unwrap().string().unwrap(), "swapper/0");
    assert_eq!(task.member("comm").unwrap().type_name(), "char [16]");
    assert_eq!(
        task.member("nothing").unwrap_err().to_string(),
        "struct task_struct of this kernel has no member nothing"
    );
    assert_eq!(kernel.at("struct nothing", 0).unwrap_err().to_string(), "this kernel has no type struct nothing");
    assert_eq!(kernel.global("nothing").unwrap_err().to_string(), "this kernel has no symbol nothing");
    let error = kernel.at("struct task_struct", 0x1000).unwrap().member("pid").unwrap().u64().unwrap_err().to_string();
    let at = 0x1000 + kernel.offset_of("struct task_struct", "pid").unwrap();
    assert!(error.contains(&format!("{at:#x}")) && error.contains("not mapped"), "{error}");
    assert!(matches!(task.deref(), Err(ObjectError::Kind { wanted: "pointer", .. })));
    assert!(matches!(task.element(0), Err(ObjectError::Kind { wanted: "array", .. })));
    assert!(matches!(task.u64(), Err(ObjectError::Kind { wanted: "number", .. })));
    assert!(matches!(task.member("mm").unwrap().deref(), Err(ObjectError::Null { .. })), "the idle task has no mm");
    assert!(matches!(kernel.per_cpu("runqueues", 2), Err(ObjectError::NoCpu { cpu: 2 })));
    assert_eq!(kernel.cpus_online().unwrap(), [1]);
    assert_eq!(kernel.cpus_possible().unwrap(), [0, 1]);
}

fn types_by_the_names_that_people_write(kernel: &Kernel) {
    let size = |name: &str| kernel.at(name, 0).and_then(|object| object.size()).ok();
    assert_eq!(size("unsigned long"), Some(8));
    assert_eq!(size("char"), Some(1));
    assert_eq!(size("struct list_head"), Some(16));
    assert_eq!(size("struct list_head *"), Some(8));
    assert_eq!(size("struct list_head [3]"), Some(48));
    assert_eq!(size("struct list_head *[3][2]"), Some(48));
    assert_eq!(size("atomic_t"), Some(4));
    assert_eq!(size("void *"), Some(8));
    for name in
        ["void", "struct", "struct list_head [", "struct list_head ]", "**", "", "unsigned long [99999999999999999999]"]
    {
        assert_eq!(size(name), None, "{name}");
    }
    let grid = kernel.at("int [2][3]", 0x1000).unwrap();
    assert_eq!(grid.element(1).unwrap().element(2).unwrap().address(), 0x1000 + 20);
    assert_eq!(grid.element(1).unwrap().type_name(), "int [3]");
    assert_eq!(kernel.at("struct list_head *[2]", 0).unwrap().type_name(), "struct list_head *[2]");
    assert_eq!(kernel.at("unsigned long [9000000000000000000]", 0).unwrap().size().ok(), None);
    // A pointer made of a name leads on as one of the kernel's own does.
    let head = kernel.symbol("init_task").unwrap() + kernel.offset_of("struct task_struct", "tasks.next").unwrap();
    let next = kernel.at("struct list_head *", head).unwrap().deref().unwrap();
    assert_eq!(next.type_name(), "struct list_head");
    assert_eq!(next.member("prev").unwrap().u64().unwrap(), head);
    let tasks = kernel.list(head, "struct task_struct", "tasks");
    let pids: Vec<_> = tasks.map(|task| task.unwrap().member("pid").unwrap().i64().unwrap()).collect();
    assert_eq!(pids[..3], [1, 2, 3]);
    let state = kernel.at("enum pid_type", 0).unwrap();
    assert!(matches!(state.shape(), Some(Type::Enum { .. })));
    assert_eq!(kernel.constant("PIDTYPE_TGID"), Some(1));
    assert_eq!(kernel.length_of("struct task_struct", "comm"), Some(16));
}
