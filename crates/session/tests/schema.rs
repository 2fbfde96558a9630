//! The JSON document is what `docs/log.schema.json` and `docs/json-schema.md` say.
//!
//! The schema is held against a document in which everything is set, and against the reports of all captured logs,
//! more strictly than readers must: no member and no value of an enumeration may be missing in it.

mod common;

use common::Driver;
use oopscope_protocol::Format;
use oopscope_report::*;
use oopscope_session::Input;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn schema() -> Value {
    serde_json::from_str(&read(&root().join("docs/log.schema.json"))).unwrap()
}

/// Checks values against the part of JSON Schema that ours uses, and remembers which members it met.
struct Checker {
    schema: Value,
    met: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Checker {
    fn new() -> Self {
        Self { schema: schema(), met: BTreeSet::new(), wrong: Vec::new() }
    }

    fn check_document(&mut self, document: &Value) {
        let schema = self.schema.clone();
        self.check(&schema, document, "document");
    }

    fn fail(&mut self, at: &str, what: impl std::fmt::Display) {
        self.wrong.push(format!("{at}: {what}"));
    }

    fn check(&mut self, schema: &Value, value: &Value, at: &str) {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
            let definition = self.schema["$defs"][name].clone();
            assert!(definition.is_object(), "{name} is not defined");
            return self.check(&definition, value, name);
        }
        if let Some(branches) = schema["anyOf"].as_array() {
            return self.check_any(branches, value, at);
        }
        if schema["const"].is_string() && schema["const"] != *value {
            self.fail(at, value);
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        assert!(!types.is_empty(), "{at} has no type");
        if !types.iter().any(|name| is_of(name, value)) {
            return self.fail(at, format!("{value} is not {types:?}"));
        }
        if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
            for value in values {
                self.check(items, value, at);
            }
        }
        let Some(members) = value.as_object() else { return };
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                self.fail(at, format!("{name} is absent"));
            }
        }
        for (name, value) in members {
            match schema["properties"].get(name) {
                Some(member) => {
                    self.met.insert(format!("{at}.{name}"));
                    self.check(member, value, &format!("{at}.{name}"));
                }
                None => self.fail(at, format!("{name} is not in the schema")),
            }
        }
    }

    /// An open enumeration (the last branch takes any string and is left out here), or something that may be null.
    fn check_any(&mut self, branches: &[Value], value: &Value, at: &str) {
        let names: Vec<&Value> = branches.iter().filter_map(|branch| branch.get("const")).collect();
        if !names.is_empty() {
            self.met.insert(format!("{at}={value}"));
            if !names.contains(&value) {
                self.fail(at, format!("{value} is not in the table"));
            }
        } else if !(value.is_null() && branches.iter().any(|branch| branch["type"] == "null")) {
            self.check(&branches[0].clone(), value, at);
        }
    }
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    }
}

#[test]
fn every_member_and_value_is_in_the_schema_and_every_member_of_the_schema_exists() {
    let mut checker = Checker::new();
    for document in full() {
        checker.check_document(&serde_json::to_value(document).unwrap());
    }
    assert_eq!(checker.wrong, Vec::<String>::new());

    let definitions = checker.schema["$defs"].as_object().unwrap();
    for (name, definition) in definitions {
        for member in definition["properties"].as_object().into_iter().flatten().map(|(member, _)| member) {
            assert!(checker.met.contains(&format!("{name}.{member}")), "{name}.{member} exists in the schema alone");
        }
        // The names of kinds are klog's to give, and its fixtures show them.
        for value in definition["anyOf"].as_array().into_iter().flatten().filter_map(|branch| branch.get("const")) {
            let met = name == "Kind" || checker.met.contains(&format!("{name}={value}"));
            assert!(met, "{name}: {value} exists in the schema alone");
        }
    }
}

#[test]
fn every_captured_log_gives_a_document_of_the_schema() {
    let mut checker = Checker::new();
    let mut logs = 0;
    for directory in std::fs::read_dir(root().join("tests/fixtures/guests")).unwrap() {
        let Ok(files) = std::fs::read_dir(directory.unwrap().path()) else { continue };
        for path in files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "log")) {
            let mut driver = Driver::new();
            #[expect(clippy::disallowed_methods, reason = "a test's own input")]
            let input = Input::from_bytes("guest.log", std::fs::read(&path).unwrap());
            driver.open(vec![input]).unwrap();
            checker.check_document(&serde_json::from_str(&driver.render(None, Format::Json)).unwrap());
            assert_eq!(checker.wrong, Vec::<String>::new(), "{}", path.display());
            logs += 1;
        }
    }
    assert!(logs > 20, "only {logs} logs");
}

#[test]
fn the_documentation_is_made_from_the_schema() {
    let path = root().join("docs/json-schema.md");
    let text = read(&path);
    let mark = "Made from the schema; a test keeps it so.\n\n";
    let (head, tables) = text.split_once(mark).unwrap();
    let wanted = tables_of(&serde_json::from_str(&read(&root().join("docs/log.schema.json"))).unwrap());
    if tables != wanted && std::env::var_os("UPDATE_DOCS").is_some() {
        #[expect(clippy::disallowed_methods, reason = "the developer asked for it")]
        std::fs::write(&path, format!("{head}{mark}{wanted}")).unwrap();
        return;
    }
    assert!(tables == wanted, "docs/json-schema.md is not what the schema says: run this test with UPDATE_DOCS=1");
}

/// The schema in the order in which it is written: the important first.
#[derive(Deserialize)]
struct Definitions {
    #[serde(rename = "$defs")]
    definitions: Ordered<Definition>,
}

#[derive(Deserialize)]
struct Definition {
    description: String,
    #[serde(default)]
    properties: Ordered<Value>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default, rename = "anyOf")]
    any_of: Vec<Value>,
    items: Option<Value>,
}

/// A JSON object whose order counts.
struct Ordered<T>(Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Ordered(members))
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// The schema's definitions as Markdown.
fn tables_of(schema: &Definitions) -> String {
    let mut out = String::new();
    for (name, definition) in &schema.definitions.0 {
        let _ = write!(out, "### {name}\n\n{}\n\n", definition.description);
        if let Some(items) = &definition.items {
            let _ = writeln!(out, "A list of {}.", type_of(items));
        } else if definition.any_of.is_empty() {
            out.push_str("| member | type | | meaning |\n|---|---|---|---|\n");
            for (member, about) in &definition.properties.0 {
                let presence = if definition.required.contains(member) { "always" } else { "may be absent" };
                let _ = writeln!(out, "| `{member}` | {} | {presence} | {} |", type_of(about), words(about));
            }
        } else {
            out.push_str("| value | meaning |\n|---|---|\n");
            for value in definition.any_of.iter().filter(|value| value["const"].is_string()) {
                let _ = writeln!(out, "| `{}` | {} |", value["const"].as_str().unwrap(), words(value));
            }
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len() + 1);
    out
}

fn words(schema: &Value) -> &str {
    schema["description"].as_str().unwrap()
}

fn type_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(branches) = schema["anyOf"].as_array() {
        return format!("{} or null", type_of(&branches[0]));
    }
    match &schema["type"] {
        Value::Array(types) => format!("{} or null", types[0].as_str().unwrap()),
        one if one == "array" => format!("list of {}", type_of(&schema["items"])),
        one => one.as_str().unwrap().to_owned(),
    }
}

/// Documents in which all members are set, and all values of enumerations occur. No `..Default::default()`: a new
/// member must not compile before it stands here, and so in the schema.
fn full() -> Vec<Document> {
    let text = || "text".to_owned();
    let prose = || Prose(vec![Span { text: text(), line: Some(1), code: true, strong: true, guess: true }]);
    let register = || Register { name: text(), value: text(), note: Some(text()), line: 1 };
    let contexts =
        [Context::Process, Context::Hardirq, Context::Softirq, Context::Nmi, Context::Exception, Context::Unknown];
    let frame = |role| Frame {
        function: Some(text()),
        offset: Some(1),
        size: Some(2),
        module: Some(text()),
        build_id: Some(text()),
        address: Some(text()),
        reliable: true,
        role,
        file: Some(text()),
        file_line: Some(1),
        inlined: true,
        symbols: Some(0),
        alternatives: vec![Alternative { file: Some(text()), file_line: Some(1), address: text() }],
        line: 1,
    };
    let frames = || [FrameRole::Return, FrameRole::Pc, FrameRole::Lr, FrameRole::User].map(frame).to_vec();
    let stack = |role| Stack {
        context: Context::Process,
        tag: Some(text()),
        role,
        title: text(),
        guessed: Some(text()),
        frames: frames(),
        registers: vec![register()],
        line: 1,
    };
    let stacks = || {
        [
            StackRole::Crash,
            StackRole::Interrupted,
            StackRole::Panic,
            StackRole::Allocated,
            StackRole::Freed,
            StackRole::Origin,
            StackRole::OtherParty,
            StackRole::Lock,
            StackRole::Other,
        ]
        .map(stack)
        .to_vec()
    };
    let access = |kind, class| Access {
        kind,
        address: Some(text()),
        class,
        meaning: text(),
        guessed: Some(text()),
        line: 1,
        kind_line: Some(1),
    };
    let kinds = [AccessKind::Read, AccessKind::Write, AccessKind::Execute, AccessKind::Unknown];
    let classes = [
        AddressClass::NullPage,
        AddressClass::ErrorPointer,
        AddressClass::Poison,
        AddressClass::NonCanonical,
        AddressClass::User,
        AddressClass::StackGuard,
        AddressClass::KasanShadow,
        AddressClass::Kernel,
        AddressClass::Unknown,
    ];
    let notices = || {
        [
            NoticeKind::Victim,
            NoticeKind::NotFirst,
            NoticeKind::EarlierNotInLog,
            NoticeKind::Fatal,
            NoticeKind::Damaged,
            NoticeKind::Repeated,
            NoticeKind::Hint,
        ]
        .map(|kind| Notice { kind, prose: prose() })
        .to_vec()
    };
    let link = |kind| Link { kind, report: 0, words: prose() };
    let links = || {
        [LinkKind::CausedBy, LinkKind::Causes, LinkKind::WaitsFor, LinkKind::SameTask, LinkKind::SameObject]
            .map(link)
            .to_vec()
    };
    let listing = || Listing {
        instructions: vec![Instruction {
            offset: -1,
            bytes: text(),
            text: text(),
            intel: Some(text()),
            trap: true,
            notes: vec![text()],
        }],
        skipped: 1,
        guessed: true,
    };
    let symbol_file = |status| SymbolFile {
        name: text(),
        kind: text(),
        module: Some(text()),
        build_id: Some(text()),
        release: Some(text()),
        has_lines: true,
        status,
        matched_by: Some(text()),
        note: Some(text()),
    };
    let symbols = || Symbolized {
        files: [
            SymbolStatus::Used,
            SymbolStatus::Unneeded,
            SymbolStatus::Mismatch,
            SymbolStatus::Unreadable,
            SymbolStatus::Ignored,
        ]
        .map(symbol_file)
        .to_vec(),
        with_lines: 1,
        without_lines: 1,
        code: Some(text()),
        problems: vec![text()],
    };
    let architectures = Arch::ALL;
    let severities = [Severity::Warning, Severity::Error, Severity::Fatal];
    let report = |n: usize| Report {
        kind: Kind::new("oops"),
        title: text(),
        alt_titles: vec![text()],
        corrupted: true,
        corrupted_reason: Some(text()),
        verdict: prose(),
        notices: notices(),
        explanation: Explanation {
            about: vec![text()],
            evidence: vec![prose()],
            innocent: vec![prose()],
            next: vec![Advice { words: prose(), command: Some(text()) }],
        },
        severity: severities[n % severities.len()],
        culprit: Some(Culprit {
            function: text(),
            module: Some(text()),
            offset: Some(1),
            file: Some(text()),
            file_line: Some(1),
            reason: text(),
            line: 1,
            runners_up: vec![Candidate { function: text(), module: Some(text()), reason: text(), line: 1 }],
        }),
        subsystem: Some(Subsystem { name: text(), reason: text(), line: 1 }),
        signature: Some(Signature { version: text(), strict: text(), coarse: text(), parts: vec![text()] }),
        details: vec![Detail { name: text(), value: text(), meaning: Some(text()), line: 1 }],
        context: contexts[n % contexts.len()],
        context_reason: prose(),
        access: Some(access(kinds[n % kinds.len()], classes[n % classes.len()])),
        trap: Some(Trap {
            name: text(),
            code: Some(text()),
            code_name: Some(text()),
            fields: vec![DecodedField { name: text(), value: text(), meaning: text() }],
            line: 1,
        }),
        kernel: Some(text()),
        kernel_build: Some(text()),
        arch: Some(architectures[n % architectures.len()]),
        cpu: Some(1),
        pid: Some(1),
        uid: Some(0),
        comm: Some(text()),
        taint: Some(Taint {
            text: text(),
            flags: vec![TaintFlag { letter: 'O', name: text(), meaning: text() }],
            line: 1,
        }),
        hardware: Some(text()),
        workqueue: Some(text()),
        task_line: Some(1),
        time: Some(1.5),
        wall_clock: Some(text()),
        die_counter: Some(1),
        registers: vec![register()],
        stacks: stacks(),
        code: Some(Code {
            units: vec![text()],
            trap: Some(0),
            problem: Some(text()),
            listing: Some(listing()),
            listing_problem: Some(text()),
            line: 1,
        }),
        modules: vec![Module { name: text(), flags: text(), in_trace: true }],
        panic: Some(Panic { reason: text(), meaning: prose(), line: 1 }),
        kernel_offset: Some(text()),
        first_line: 1,
        last_line: 2,
        boot: 0,
        may_follow_from: Some(0),
        links: links(),
        interleaved: true,
        symbols: Some(symbols()),
        repeats: 1,
    };
    let boot =
        Boot { number: 0, line: 1, kernel: text(), banner: text(), command_line: Some(text()), machine: Some(text()) };
    let log = LogFacts {
        name: Some(text()),
        bytes: 1,
        lines: 1,
        boots: vec![boot],
        reports_not_kept: 1,
        lines_not_utf8: 1,
        nul_bytes: 1,
        lines_cut: 1,
        incomplete: true,
    };
    let bare = Document { schema: SCHEMA.into(), reports: vec![Report::default()], log: LogFacts::default() };
    // Enough of them for the longest enumeration.
    let reports = (0..architectures.len()).map(report).collect();
    let mut documents = vec![Document { schema: SCHEMA.into(), reports, log }, bare];
    documents[1].reports[0].kind = Kind::new("oops");
    documents
}
