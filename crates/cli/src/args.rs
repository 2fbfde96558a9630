//! What was typed on the command line.
//!
//! This module must never touch a file: it only says what is wanted.

use crate::Failure;
use crate::core::CoreFormat;
use crate::help::Topic;
use crate::site;
use lexopt::prelude::*;
use oopscope_protocol::{Format, TriageFormat};
use oopscope_triage::{Options, Sort};
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    Help(Topic),
    Version,
    Log(LogOptions),
    Symbolize(SymbolizeOptions),
    Addr(AddrOptions),
    Cache(CacheOptions),
    Core(CoreOptions),
    Link(LinkOptions),
    Triage(TriageOptions),
    Serve(SocketAddr),
}

/// `oopscope triage`.
#[derive(Debug)]
pub(crate) struct TriageOptions {
    pub(crate) paths: Vec<OsString>,
    pub(crate) format: TriageFormat,
    pub(crate) groups: Options,
}

/// `oopscope log`.
#[derive(Debug)]
pub(crate) struct LogOptions {
    pub(crate) files: Vec<OsString>,
    pub(crate) format: Format,
    pub(crate) debug: DebugOptions,
}

/// Files of symbols and debug information.
#[derive(Debug, Default)]
pub(crate) struct DebugOptions {
    /// Files and folders.
    pub(crate) paths: Vec<OsString>,
    /// Keep no indexes, and use none that are kept.
    pub(crate) no_cache: bool,
}

/// `oopscope symbolize`.
#[derive(Debug)]
pub(crate) struct SymbolizeOptions {
    pub(crate) files: Vec<OsString>,
    pub(crate) json: bool,
    /// Whether what it cost is said on stderr.
    pub(crate) stats: bool,
    pub(crate) debug: DebugOptions,
}

/// `oopscope addr`.
#[derive(Debug, Default)]
pub(crate) struct AddrOptions {
    /// The file, then addresses and places.
    pub(crate) words: Vec<OsString>,
    pub(crate) json: bool,
    /// Show the lines around each place.
    pub(crate) list: bool,
    /// Whether what it cost is said on stderr.
    pub(crate) stats: bool,
    /// Folders of source.
    pub(crate) source: Vec<OsString>,
    /// What was added to addresses: by KASLR, or where a module was loaded.
    pub(crate) moved: u64,
    pub(crate) debug: DebugOptions,
}

/// `oopscope cache`.
#[derive(Debug)]
pub(crate) struct CacheOptions {
    pub(crate) forget: bool,
}

/// `oopscope core`.
#[derive(Debug)]
pub(crate) struct CoreOptions {
    /// The dump or its parts, and perhaps a vmlinux: which is which is found by content.
    pub(crate) files: Vec<OsString>,
    pub(crate) format: CoreFormat,
    /// Files with debug information.
    pub(crate) debug: DebugOptions,
    /// Lines to be run as commands, in this order.
    pub(crate) commands: Vec<String>,
    /// Whether what it cost is said on stderr.
    pub(crate) stats: bool,
}

/// `oopscope link`.
#[derive(Debug)]
pub(crate) struct LinkOptions {
    pub(crate) files: Vec<OsString>,
    /// Counting from 1.
    pub(crate) report: u32,
    pub(crate) base: Option<String>,
    pub(crate) debug: DebugOptions,
    /// Kinds of redaction that are off; `all` for all.
    pub(crate) no_redact: Vec<String>,
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Message(format!("{error}\nTry: oopscope help"))
    }
}

/// Reads the process's arguments.
pub(crate) fn parse() -> Result<Command, Failure> {
    let mut parser = lexopt::Parser::from_env();
    let Some(first) = parser.next()? else { return Ok(Command::Help(Topic::All)) };
    match first {
        Short('h') | Long("help") => Ok(Command::Help(Topic::All)),
        Short('V') | Long("version") => Ok(Command::Version),
        Value(name) if name == "help" => help(&mut parser),
        Value(name) if name == "log" => log(&mut parser),
        Value(name) if name == "symbolize" => symbolize(&mut parser),
        Value(name) if name == "addr" => addr(&mut parser),
        Value(name) if name == "cache" => cache(&mut parser),
        Value(name) if name == "core" => core(&mut parser),
        Value(name) if name == "link" => link(&mut parser),
        Value(name) if name == "triage" => triage(&mut parser),
        Value(name) if name == "serve" => serve(&mut parser),
        Value(name) => Err(no_command(&name)),
        other => Err(other.unexpected().into()),
    }
}

fn no_command(name: &OsString) -> Failure {
    let name = name.to_string_lossy();
    Failure::Message(format!(
        "there is no command {name:?}\nTo read a log: oopscope log FILE; a dump: oopscope core FILE"
    ))
}

fn help(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    match parser.next()? {
        None => Ok(Command::Help(Topic::All)),
        Some(Value(name)) => Topic::of(&name.to_string_lossy()).map(Command::Help).ok_or_else(|| no_command(&name)),
        Some(other) => Err(other.unexpected().into()),
    }
}

fn log(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let mut options = LogOptions { files: Vec::new(), format: Format::Text, debug: DebugOptions::default() };
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help(Topic::Log)),
            Short('f') | Long("format") => options.format = format(&parser.value()?.string()?)?,
            Long("debug") => options.debug.paths.extend(parser.values()?),
            Long("no-cache") => options.debug.no_cache = true,
            Value(file) => options.files.push(file),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Log(options))
}

fn symbolize(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let mut options = SymbolizeOptions { files: Vec::new(), json: false, stats: false, debug: DebugOptions::default() };
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help(Topic::Symbolize)),
            Short('f') | Long("format") => options.json = is_json(&parser.value()?.string()?)?,
            Long("debug") => options.debug.paths.extend(parser.values()?),
            Long("no-cache") => options.debug.no_cache = true,
            Long("stats") => options.stats = true,
            Value(file) => options.files.push(file),
            other => return Err(other.unexpected().into()),
        }
    }
    if options.debug.paths.is_empty() {
        return Err(Failure::Message(
            "give a vmlinux, modules or a folder of them: oopscope symbolize LOG --debug VMLINUX".into(),
        ));
    }
    Ok(Command::Symbolize(options))
}

fn addr(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let mut options = AddrOptions::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help(Topic::Addr)),
            Short('f') | Long("format") => options.json = is_json(&parser.value()?.string()?)?,
            Short('l') | Long("list") => options.list = true,
            Long("source") => options.source.extend(parser.values()?),
            Long("kaslr-offset" | "base") => options.moved = number(&parser.value()?.string()?)?,
            Long("no-cache") => options.debug.no_cache = true,
            Long("stats") => options.stats = true,
            Value(word) => options.words.push(word),
            other => return Err(other.unexpected().into()),
        }
    }
    if options.words.len() < 2 {
        return Err(Failure::Message("give a file and what to look up: oopscope addr VMLINUX schedule+0x25".into()));
    }
    Ok(Command::Addr(options))
}

fn cache(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let mut options = CacheOptions { forget: false };
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help(Topic::Cache)),
            Long("forget") => options.forget = true,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Cache(options))
}

fn is_json(name: &str) -> Result<bool, Failure> {
    core_format(name).map(|format| format == CoreFormat::Json)
}

fn number(text: &str) -> Result<u64, Failure> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u64::from_str_radix(digits, 16).map_err(|_| Failure::Message(format!("{text:?} is no number: 0xffffffffc0a10000")))
}

fn core(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let mut options = CoreOptions {
        files: Vec::new(),
        format: CoreFormat::Text,
        debug: DebugOptions::default(),
        commands: Vec::new(),
        stats: false,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help(Topic::Core)),
            Short('f') | Long("format") => options.format = core_format(&parser.value()?.string()?)?,
            Long("stats") => options.stats = true,
            Long("debug") => options.debug.paths.extend(parser.values()?),
            Long("no-cache") => options.debug.no_cache = true,
            Short('c') | Long("command") => options.commands.push(parser.value()?.string()?),
            Value(file) => options.files.push(file),
            other => return Err(other.unexpected().into()),
        }
    }
    if options.files.is_empty() {
        return Err(Failure::Message("give a dump: oopscope core VMCORE".into()));
    }
    Ok(Command::Core(options))
}

fn core_format(name: &str) -> Result<CoreFormat, Failure> {
    match name {
        "text" => Ok(CoreFormat::Text),
        "json" => Ok(CoreFormat::Json),
        other => Err(Failure::Message(format!("there is no format {other:?}; there are text and json"))),
    }
}

fn format(name: &str) -> Result<Format, Failure> {
    match name {
        "text" => Ok(Format::Text),
        "markdown" => Ok(Format::Markdown),
        "json" => Ok(Format::Json),
        other => Err(Failure::Message(format!("there is no format {other:?}; there are text, markdown and json"))),
    }
}

fn link(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let mut options =
        LinkOptions { files: Vec::new(), report: 1, base: None, debug: DebugOptions::default(), no_redact: Vec::new() };
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help(Topic::Link)),
            Long("report") => {
                options.report = parser.value()?.parse()?;
                if options.report == 0 {
                    return Err(Failure::Message("reports are counted from 1".into()));
                }
            }
            Long("base") => options.base = Some(parser.value()?.string()?),
            Long("debug") => options.debug.paths.extend(parser.values()?),
            Long("no-cache") => options.debug.no_cache = true,
            Long("no-redact") => options.no_redact.push(parser.value()?.string()?),
            Value(file) => options.files.push(file),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Link(options))
}

fn triage(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let mut options = TriageOptions { paths: Vec::new(), format: TriageFormat::Text, groups: Options::default() };
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help(Topic::Triage)),
            Short('f') | Long("format") => options.format = triage_format(&parser.value()?.string()?)?,
            Long("sort") => options.groups.sort = sort(&parser.value()?.string()?)?,
            Long("min-count") => options.groups.min_count = parser.value()?.parse()?,
            Long("kind") => options.groups.kinds.push(parser.value()?.string()?),
            Value(path) => options.paths.push(path),
            other => return Err(other.unexpected().into()),
        }
    }
    if options.paths.is_empty() {
        return Err(Failure::Message("give the logs: oopscope triage FOLDER".into()));
    }
    Ok(Command::Triage(options))
}

fn triage_format(name: &str) -> Result<TriageFormat, Failure> {
    match name {
        "text" => Ok(TriageFormat::Text),
        "json" => Ok(TriageFormat::JsonLines),
        "html" => Ok(TriageFormat::Html),
        other => Err(Failure::Message(format!("there is no format {other:?}; there are text, json and html"))),
    }
}

fn sort(name: &str) -> Result<Sort, Failure> {
    match name {
        "count" => Ok(Sort::Count),
        "severity" => Ok(Sort::Severity),
        "recent" => Ok(Sort::Recent),
        other => Err(Failure::Message(format!("there is no order {other:?}; there are count, severity and recent"))),
    }
}

fn serve(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let mut address = SocketAddr::from((Ipv4Addr::LOCALHOST, site::DEFAULT_PORT));
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help(Topic::Serve)),
            Long("port") => address.set_port(parser.value()?.parse()?),
            Long("listen") => address.set_ip(parser.value()?.parse::<IpAddr>()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Serve(address))
}
