//! `oopscope core` as it is run, on the committed dump and on what is none.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn dump() -> String {
    root().join("tests/fixtures/dumps/small.vmcore").to_str().unwrap().to_owned()
}

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oopscope"));
    command.args(args).stdin(Stdio::null()).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Checks a value against the part of JSON Schema that ours uses; what is wrong, with its place.
fn check(all: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        check(all, &all["$defs"][name], value, at, wrong);
    }
    for schema in schema["allOf"].as_array().into_iter().flatten() {
        check(all, schema, value, at, wrong);
    }
    if let Some(branches) = schema["anyOf"].as_array() {
        let fits = |branch: &&Value| {
            let mut wrong = Vec::new();
            check(all, branch, value, at, &mut wrong);
            wrong.is_empty()
        };
        if !branches.iter().any(|branch| fits(&branch)) {
            wrong.push(format!("{at}: {value} is none of those that may stand there"));
        }
    }
    if schema.get("const").is_some_and(|only| only != value) {
        wrong.push(format!("{at}: {value} is not {}", schema["const"]));
    }
    let fits = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    if !fits || schema.get("pattern").is_some() && !value.as_str().is_some_and(|text| text.starts_with("0x")) {
        wrong.push(format!("{at}: {value} is not {}", schema["type"]));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(all, &schema["items"], item, &format!("{at}[{index}]"), wrong);
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            wrong.push(format!("{at}.{name} is missing"));
        }
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(member) = value.get(name) {
            check(all, schema, member, &format!("{at}.{name}"), wrong);
        }
    }
}

fn held_against(schema: &str, value: &Value) {
    let path = root().join("docs/vmcore.schema.json");
    #[expect(clippy::disallowed_methods, reason = "a test's own input")]
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    check(&all, &serde_json::json!({"$ref": format!("#/$defs/{schema}")}), value, schema, &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_document_is_what_its_schema_says() {
    let output = run(&["core", "--format", "json", &dump()]);
    assert!(output.status.success(), "{}", err(&output));
    let document: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(document["schema"], "oopscope-vmcore/1");
    held_against("Document", &document);
    assert_eq!(document["panic"]["message"], "BUG: kernel NULL pointer dereference, address: 0000000000000100");
    assert_eq!(document["cpus"].as_array().unwrap().len(), 2);
    let frames = document["panic"]["backtrace"].as_array().unwrap();
    assert!(frames.iter().any(|frame| frame["function"] == "guest_irq_null_write" && frame["module"] == "oops_guest"));
}

#[test]
fn the_schema_is_able_to_refuse() {
    let mut wrong = Vec::new();
    let all = serde_json::json!({"$defs": {"A": {"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"]}}});
    let schema = serde_json::json!({"$ref": "#/$defs/A"});
    check(&all, &schema, &serde_json::json!({}), "a", &mut wrong);
    check(&all, &schema, &serde_json::json!({"b": "1"}), "a", &mut wrong);
    assert_eq!(wrong, ["a.b is missing", "a.b: \"1\" is not \"integer\""]);
}

#[test]
fn commands_answer_in_rows_or_with_a_problem() {
    let lines =
        ["bt -a", "ps", "mod", "log", "sym panic", "rd linux_banner 2", "kmem -i", "vtop init_task", "mach", "help"];
    let mut args = vec!["core", "-f", "json"];
    for line in lines {
        args.extend(["-c", line]);
    }
    let path = dump();
    args.extend(["-c", "p no_such_thing", &path]);
    let output = run(&args);
    assert_eq!(output.status.code(), Some(2), "a command that could not be answered");
    let document: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(document["schema"], "oopscope-vmcore-commands/1");
    let outputs = document["outputs"].as_array().unwrap();
    assert_eq!(outputs.len(), lines.len() + 1);
    for (line, output) in lines.iter().zip(outputs) {
        assert_eq!(output["command"], *line);
        held_against("Answer", output);
    }
    assert!(outputs[lines.len()]["problem"].as_str().unwrap().contains("no_such_thing"));
}

#[test]
fn the_log_of_a_dump_is_read_as_a_log() {
    let output = run(&["log", &dump()]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(out(&output).contains("guest_irq_null_write"), "{}", out(&output));
}

#[test]
fn a_dump_may_come_in_any_company() {
    let log = root().join("tests/fixtures/dumps/small.serial");
    let output = run(&["core", &dump(), log.to_str().unwrap()]);
    assert!(output.status.success());
    assert!(
        out(&output).contains("small.serial: it is neither a part of the dump nor a file of symbols"),
        "{}",
        out(&output)
    );
}

#[test]
fn what_it_cost_is_told_when_asked() {
    let path = dump();
    assert!(!err(&run(&["core", &path])).contains("stats"));
    let output = run(&["core", "--stats", "-c", "bt", &path]);
    let told = err(&output);
    let line = told.lines().find_map(|line| line.strip_prefix("oopscope: note: stats: ")).unwrap();
    let number = |name: &str| {
        let numbers = line.split(", ").filter_map(|part| part.split_once(' '));
        numbers.filter(|(told, _)| *told == name).map(|(_, number)| number.parse::<u64>().unwrap()).next()
    };
    let size = number("bytes").unwrap();
    assert_eq!(size, Path::new(&path).metadata().unwrap().len());
    assert!(number("reads").unwrap() > 0 && number("pages_unpacked").unwrap() > 0, "{line}");
    assert!(number("bytes_read").is_some_and(|read| read > 0 && read < size), "{line}");
    assert_eq!(number("peak_kb").is_some(), cfg!(target_os = "linux"), "{line}");
}

#[test]
fn what_is_no_dump_is_refused_in_a_sentence() {
    let log = root().join("tests/fixtures/dumps/small.toml");
    let output = run(&["core", log.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("small.toml"), "{}", err(&output));
    let output = run(&["core", "/nowhere/vmcore"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("there is no such file"), "{}", err(&output));
    assert_eq!(run(&["core"]).status.code(), Some(2));
    assert_eq!(run(&["core", "-f", "xml", &dump()]).status.code(), Some(2));
}
