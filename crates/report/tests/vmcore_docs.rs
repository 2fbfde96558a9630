//! `docs/vmcore.schema.json` and the tables of `docs/vmcore-schema.md` are made from the types and their documentation, and are
//! what is committed. `UPDATE_DOCS=1` writes them.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The files in the order in which their types are explained.
const FILES: [&str; 10] =
    ["mod", "dump", "system", "backtrace", "task", "module", "memory", "answer", "value", "address"];

/// Types that only answers of commands have.
const OF_COMMANDS: [&str; 11] = [
    "Answer",
    "SymbolRow",
    "WordRow",
    "Translation",
    "TranslationStep",
    "MachineRow",
    "Value",
    "ValueKind",
    "Member",
    "Local",
    "Locals",
];

/// Where the tables begin in the page.
const MARK: &str = "<!-- made from crates/report/src/vmcore: UPDATE_DOCS=1 cargo test -p oopscope-report -->\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[expect(clippy::disallowed_methods, reason = "the documentation that this test keeps")]
fn compare(path: &Path, made: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, made).unwrap();
    }
    assert!(read(path) == made, "{} is not what the types say: UPDATE_DOCS=1 writes it anew", path.display());
}

/// A field of a structure or variant.
struct Field {
    name: String,
    docs: String,
    kind: String,
    optional: bool,
    flat: bool,
}

/// A variant of an enumeration.
struct Variant {
    name: String,
    docs: String,
    fields: Vec<Field>,
    /// The type of its only, nameless field.
    holds: Option<String>,
}

enum Shape {
    Struct(Vec<Field>),
    Enum { tag: Option<String>, variants: Vec<Variant> },
}

struct Definition {
    name: String,
    docs: String,
    shape: Shape,
}

/// What stands before an item: documentation and serde's attributes.
#[derive(Default)]
struct Before {
    docs: Vec<String>,
    serde: String,
}

impl Before {
    fn take(&mut self, line: &str) -> bool {
        if let Some(words) = line.strip_prefix("///") {
            self.docs.push(words.trim().to_owned());
        } else if line.starts_with("#[serde(") {
            self.serde += line;
        } else {
            return line.starts_with("#[");
        }
        true
    }

    fn docs(&self) -> String {
        // Links between items mean nothing outside Rust.
        self.docs.join(" ").replace("[`Self::", "`").replace("[`", "`").replace("`]", "`")
    }

    fn value(&self, key: &str) -> Option<String> {
        let (_, rest) = self.serde.split_once(&format!("{key} = \""))?;
        Some(rest.split_once('"')?.0.to_owned())
    }

    fn field(&self, line: &str) -> Option<Field> {
        let (name, kind) = line.strip_prefix("pub ").unwrap_or(line).strip_suffix(',')?.split_once(": ")?;
        let optional = self.serde.contains("skip_serializing_if") || kind.starts_with("Option<");
        let name = self.value("rename").unwrap_or_else(|| name.to_owned());
        Some(Field { name, docs: self.docs(), kind: kind.to_owned(), optional, flat: self.serde.contains("flatten") })
    }
}

/// The types of one file. Understands what rustfmt makes of plain structures and enumerations, and nothing else.
fn definitions(source: &str) -> Vec<Definition> {
    let mut found = Vec::new();
    let mut before = Before::default();
    let mut lines = source.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if before.take(line) {
            continue;
        }
        let of_struct = line.strip_prefix("pub struct ").and_then(|rest| rest.strip_suffix(" {"));
        let of_enum = line.strip_prefix("pub enum ").and_then(|rest| rest.strip_suffix(" {"));
        let shape = if of_struct.is_some() {
            Shape::Struct(fields(&mut lines))
        } else if of_enum.is_some() {
            Shape::Enum { tag: before.value("tag"), variants: variants(&mut lines) }
        } else {
            before = Before::default();
            continue;
        };
        let name = of_struct.or(of_enum).unwrap().to_owned();
        found.push(Definition { name, docs: before.docs(), shape });
        before = Before::default();
    }
    found
}

fn fields<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut before = Before::default();
    for line in lines.take_while(|line| !matches!(*line, "}" | "},")) {
        if !before.take(line) {
            fields.push(before.field(line).unwrap_or_else(|| panic!("{line:?} is no field")));
            before = Before::default();
        }
    }
    fields
}

fn variants<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Vec<Variant> {
    let mut variants = Vec::new();
    let mut before = Before::default();
    while let Some(line) = lines.next().filter(|line| *line != "}") {
        if before.take(line) {
            continue;
        }
        let end = line.find(|c: char| !c.is_alphanumeric()).unwrap();
        let name = kebab(&line[..end]);
        let holds = line[end..].strip_prefix('(').and_then(|rest| rest.strip_suffix("),")).map(str::to_owned);
        let inner = if line.ends_with('{') { fields(lines) } else { Vec::new() };
        variants.push(Variant { name, docs: before.docs(), fields: inner, holds });
        before = Before::default();
    }
    variants
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn inside<'a>(kind: &'a str, outer: &str) -> Option<&'a str> {
    kind.strip_prefix(outer)?.strip_prefix('<')?.strip_suffix('>')
}

fn bare(kind: &str) -> &str {
    let kind = inside(kind, "Option").or_else(|| inside(kind, "Box")).unwrap_or(kind);
    let kind = inside(kind, "Box").unwrap_or(kind);
    kind.strip_prefix("super::").unwrap_or(kind)
}

fn schema_of(kind: &str) -> Value {
    let kind = bare(kind);
    if let Some(of) = inside(kind, "Vec") {
        return json!({"type": "array", "items": schema_of(of)});
    }
    match kind {
        "String" => json!({"type": "string"}),
        "bool" => json!({"type": "boolean"}),
        "f64" => json!({"type": "number"}),
        "u8" | "u32" | "u64" | "i32" | "i64" => json!({"type": "integer"}),
        "[f64; 3]" => json!({"type": "array", "items": {"type": "number"}}),
        "BTreeMap<String, String>" => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        "Address" => json!({"type": "string", "pattern": "^0x[0-9a-f]+$"}),
        "Option<String>" => json!({"type": ["string", "null"]}),
        name => {
            assert!(name.chars().all(char::is_alphanumeric), "{name:?} has no schema");
            json!({"$ref": format!("#/$defs/{name}")})
        }
    }
}

fn object(fields: &[Field]) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields.iter().filter(|field| !field.flat) {
        let mut schema = schema_of(&field.kind);
        schema["description"] = json!(field.docs);
        properties.insert(field.name.clone(), schema);
        if !field.optional {
            required.push(json!(field.name));
        }
    }
    let mut object = Map::new();
    object.insert("type".into(), json!("object"));
    object.insert("properties".into(), properties.into());
    object.insert("required".into(), required.into());
    object
}

fn schema(definition: &Definition) -> Value {
    let mut schema = match &definition.shape {
        Shape::Struct(fields) => {
            let mut whole = json!(object(fields));
            if let Some(flat) = fields.iter().find(|field| field.flat) {
                whole["allOf"] = json!([schema_of(&flat.kind)]);
            }
            whole
        }
        Shape::Enum { tag, variants } => {
            let of = |variant: &Variant| match (tag, &variant.holds) {
                (Some(tag), _) => {
                    let mut whole = json!(object(&variant.fields));
                    whole["properties"][tag] = json!({"const": variant.name});
                    whole["required"].as_array_mut().unwrap().push(json!(tag));
                    whole
                }
                (None, Some(kind)) => {
                    json!({"type": "object", "properties": {&variant.name: schema_of(kind)}, "required": [variant.name]})
                }
                (None, None) => json!({"const": variant.name}),
            };
            json!({"anyOf": variants.iter().map(of).collect::<Vec<_>>()})
        }
    };
    schema["description"] = json!(definition.docs);
    schema
}

/// A type in words, with a link to its table.
fn words(kind: &str) -> String {
    let kind = bare(kind);
    if let Some(of) = inside(kind, "Vec") {
        return format!("list of {}", words(of));
    }
    match kind {
        "String" | "Option<String>" => "string".to_owned(),
        "bool" => "boolean".to_owned(),
        "f64" => "number".to_owned(),
        "u8" | "u32" | "u64" | "i32" | "i64" => "integer".to_owned(),
        "[f64; 3]" => "three numbers".to_owned(),
        "BTreeMap<String, String>" => "object of strings".to_owned(),
        "Address" => "hex string".to_owned(),
        name => format!("[{name}](#{})", name.to_lowercase()),
    }
}

fn rows(fields: &[Field], out: &mut String) {
    *out += "\n| member | type | | meaning |\n|---|---|---|---|\n";
    for field in fields {
        let name = if field.flat { "(its members here)".to_owned() } else { format!("`{}`", field.name) };
        let when = if field.optional { "may be absent" } else { "always" };
        writeln!(out, "| {name} | {} | {when} | {} |", words(&field.kind), field.docs.replace('|', "\\|")).unwrap();
    }
}

fn table(definition: &Definition, out: &mut String) {
    writeln!(out, "\n### {}\n\n{}", definition.name, definition.docs).unwrap();
    match &definition.shape {
        Shape::Struct(fields) => rows(fields, out),
        Shape::Enum { tag: Some(tag), variants } => {
            for variant in variants {
                writeln!(out, "\n`\"{tag}\": \"{}\"`: {}", variant.name, variant.docs).unwrap();
                if !variant.fields.is_empty() {
                    rows(&variant.fields, out);
                }
            }
        }
        Shape::Enum { tag: None, variants } => {
            *out += "\n| value | meaning |\n|---|---|\n";
            for variant in variants {
                let value = match &variant.holds {
                    Some(_) => format!("`{{\"{}\": \"…\"}}`", variant.name),
                    None => format!("`{}`", variant.name),
                };
                writeln!(out, "| {value} | {} |", variant.docs.replace('|', "\\|")).unwrap();
            }
        }
    }
}

#[test]
fn schema_and_page_are_what_the_types_say() {
    let folder = root().join("crates/report/src/vmcore");
    let all: Vec<Definition> =
        FILES.iter().flat_map(|name| definitions(&read(&folder.join(format!("{name}.rs"))))).collect();
    let defs: BTreeMap<&str, Value> =
        all.iter().map(|definition| (definition.name.as_str(), schema(definition))).collect();
    for name in OF_COMMANDS {
        assert!(defs.contains_key(name), "{name} is gone");
    }
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": oopscope_report::vmcore::SCHEMA,
        "$ref": "#/$defs/Document",
        "$defs": defs,
    });
    compare(&root().join("docs/vmcore.schema.json"), &format!("{whole:#}\n"));

    let page = root().join("docs/vmcore-schema.md");
    let text = read(&page);
    let (head, _) = text.split_once(MARK).expect("the page has the mark where the tables begin");
    let mut made = head.to_owned() + MARK;
    for definition in all.iter().filter(|definition| !OF_COMMANDS.contains(&definition.name.as_str())) {
        table(definition, &mut made);
    }
    made += "\n## What commands answer\n";
    for definition in all.iter().filter(|definition| OF_COMMANDS.contains(&definition.name.as_str())) {
        table(definition, &mut made);
    }
    compare(&page, &made);
}
