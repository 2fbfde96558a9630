//! `cargo xtask bench`: measures what the project promises, on this machine, and prints a table. It must never print
//! a figure that was not measured in this very run: what can't be measured here is left out with the reason.

mod dumps;
mod runner;
mod sample;
mod symbols;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::browsers;
use crate::budget;
use crate::dist::{self, Site};
use crate::error::{Error, Result};
use crate::node;
use crate::run::capture;
use crate::workspace::{self, Workspace};

/// Each native run is repeated and the fastest counts: what disturbs a run only ever makes it slower.
const RUNS: u32 = 3;

/// How the crash reports' first lines begin, as `grep` would look for them.
const HEADERS: &str = r"BUG: |Oops: |Unable to handle kernel|Internal error: |general protection fault|Kernel panic - not syncing|WARNING: CPU: |kernel BUG at |invalid opcode: |divide error: |INFO: task .* blocked for more than|rcu: INFO: .* detected stalls|watchdog: BUG: soft lockup";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subjects {
    /// Logs and dumps.
    All,
    /// Dumps alone.
    Dumps,
    /// Source lines of logs and dumps alone.
    Symbols,
}

/// Measures and prints the table, with the site in a directory. `built`: site and command are there already.
pub(crate) fn bench(workspace: &Workspace, subjects: Subjects, directory: &Path, built: bool) -> Result<ExitCode> {
    let (site, command) = if built {
        let command = format!("release/oopscope{}", std::env::consts::EXE_SUFFIX);
        (built_site(directory)?, workspace.target(&command))
    } else {
        let site = dist::build(workspace, directory)?;
        let command = dist::build_cli(workspace, &site, "release")?;
        (site, command)
    };
    if subjects == Subjects::All {
        print_table(&of_logs(workspace, &site, &command)?);
    }
    if subjects != Subjects::Symbols {
        print_table(&of_dumps(workspace, &site, &command)?);
    }
    if subjects != Subjects::Dumps {
        print_table(&of_symbols(workspace, &site, &command)?);
    }
    Ok(ExitCode::SUCCESS)
}

/// The site that was built into a directory earlier.
fn built_site(directory: &Path) -> Result<Site> {
    let told = workspace::read_text(&directory.join("version.json"))?;
    let version: serde_json::Value = serde_json::from_str(&told).unwrap_or_default();
    let Some(build_id) = version["build"].as_str() else {
        return Err(Error::Unexpected(format!("{} holds no site of ours", directory.display())));
    };
    Ok(Site { directory: directory.to_owned(), build_id: build_id.to_owned() })
}

fn print_table(rows: &[Row]) {
    println!();
    for (what, value, aim) in rows {
        println!("{what:44} {value:>16}   {aim}");
    }
}

/// Sizes, and what is done with logs.
fn of_logs(workspace: &Workspace, site: &Site, command: &Path) -> Result<Vec<Row>> {
    let log = sample::make(workspace)?;
    let mut rows = Vec::new();
    for part in budget::PARTS {
        let bytes = part.gzipped(site)?;
        rows.push((format!("{}, gzipped", part.name), format!("{bytes} bytes"), format!("at most {}", part.limit)));
    }
    rows.extend(scan(command, &log)?);
    match in_browser(workspace, site, &log) {
        Ok(measured) => rows.extend(measured),
        Err(error) => eprintln!("Not measured in a browser: {error}"),
    }
    Ok(rows)
}

/// Dumps: the command beside other debuggers, the page, and how fast pages are unpacked.
fn of_dumps(workspace: &Workspace, site: &Site, command: &Path) -> Result<Vec<Row>> {
    let subjects = dumps::subjects(workspace)?;
    let (mut rows, closest) = dumps::native(workspace, command, &subjects)?;
    match dumps_in_browser(workspace, site, &subjects, &closest) {
        Ok(measured) => rows.extend(measured),
        Err(error) => eprintln!("Not measured in a browser: {error}"),
    }
    rows.extend(dumps::unpacking(workspace)?);
    Ok(rows)
}

/// Source lines: the command beside others, and the page.
fn of_symbols(workspace: &Workspace, site: &Site, command: &Path) -> Result<Vec<Row>> {
    let Some(subject) = symbols::subject(workspace)? else { return Ok(Vec::new()) };
    let mut rows = symbols::native(workspace, command, &subject)?;
    match in_page(workspace, site, "tests/browser/bench-symbols.mjs", &[&subject.log, &subject.vmlinux]) {
        Ok(measured) => rows.extend(symbols::of_page(&measured)?),
        Err(error) => eprintln!("Not measured in a browser: {error}"),
    }
    Ok(rows)
}

/// A figure: what was measured, its value, and what it should be or what belongs to it.
type Row = (String, String, String);

/// The native scan beside grep's, on the same file.
fn scan(command: &Path, log: &sample::Sample) -> Result<Vec<Row>> {
    let ours = fastest(|| {
        let mut scan = Command::new(command);
        scan.args(["log", "--format", "json"]).arg(&log.path);
        scan
    })?;
    let mut rows = vec![(
        format!("log scan, native, {} MB", log.bytes / 1_000_000),
        rate(log.bytes, ours),
        "at least 200 MB/s".to_owned(),
    )];
    if node::find_program(&["grep"]).is_some() {
        let grep = fastest(|| {
            let mut grep = Command::new("grep");
            grep.env("LC_ALL", "C").args(["-cE", HEADERS]).arg(&log.path);
            grep
        })?;
        rows.push(("the same file, grep -cE".to_owned(), rate(log.bytes, grep), "for comparison".to_owned()));
    }
    Ok(rows)
}

/// Seconds of the fastest run.
fn fastest(make: impl Fn() -> Command) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let mut command = make();
        let program = command.get_program().to_string_lossy().into_owned();
        let start = Instant::now();
        // Into a pipe: grep stops at the first match when it sees that its output goes to /dev/null.
        let output = command
            .stderr(Stdio::inherit())
            .output()
            .map_err(|source| Error::Start { program: program.clone(), source })?;
        let took = start.elapsed().as_secs_f64();
        if !output.status.success() {
            return Err(Error::Failed { program, status: output.status.to_string() });
        }
        best = best.min(took);
    }
    Ok(best)
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(bytes: u64, seconds: f64) -> String {
    format!("{:.0} MB/s", bytes as f64 / 1e6 / seconds)
}

/// The same file through the real page, and what a visitor waits for.
fn in_browser(workspace: &Workspace, site: &Site, log: &sample::Sample) -> Result<Vec<Row>> {
    let small = sample::small(workspace)?;
    let measured = in_page(workspace, site, "tests/browser/bench.mjs", &[&log.path, &small.path])?;
    let milliseconds = |name: &str| {
        let value = measured.get(name).and_then(serde_json::Value::as_f64);
        value.ok_or_else(|| Error::Unexpected(format!("tests/browser/bench.mjs did not measure {name}")))
    };
    Ok(vec![
        (
            format!("log scan in Chromium, {} MB", log.bytes / 1_000_000),
            rate(log.bytes, milliseconds("big")? / 1000.0),
            "at least 60 MB/s".to_owned(),
        ),
        (
            format!("{} kB log, drop to rendered report", small.bytes / 1000),
            format!("{:.0} ms", milliseconds("small")?),
            "under 50 ms".to_owned(),
        ),
        ("interactive, first visit".to_owned(), format!("{:.0} ms", milliseconds("first")?), String::new()),
        ("interactive, later visit".to_owned(), format!("{:.0} ms", milliseconds("later")?), String::new()),
    ])
}

/// Dumps through the page: what a person waits for, what the engine read and how much memory it had. `closest`: seconds of
/// the quickest of the other debuggers, natively, on the same dump.
fn dumps_in_browser(
    workspace: &Workspace,
    site: &Site,
    subjects: &[dumps::Subject],
    closest: &BTreeMap<String, f64>,
) -> Result<Vec<Row>> {
    let files: Vec<_> = subjects.iter().map(|subject| subject.path.as_path()).collect();
    let measured = in_page(workspace, site, "tests/browser/bench-dumps.mjs", &files)?;
    let mut rows = Vec::new();
    for subject in subjects {
        let of = measured.get(&subject.name).unwrap_or(&serde_json::Value::Null);
        let milliseconds = |when: &str, what: &str| {
            of[when][what].as_f64().ok_or_else(|| {
                let words = format!("tests/browser/bench-dumps.mjs did not measure {what} of {}, {when}", subject.name);
                Error::Unexpected(words)
            })
        };
        let aim = closest.get(&subject.name).map(|seconds| format!(" (aim: at most {:.0} ms)", seconds * 1000.0));
        let memory = of["memory"].as_u64().unwrap_or_default() / 1_000_000;
        let status = of["status"].as_str().unwrap_or_default();
        rows.push((
            format!("{} in Chromium, drop to stack", subject.name),
            format!("{:.0} ms", milliseconds("idle", "stack")?),
            format!(
                "all after {:.0} ms{}; engine {memory} MB; {status}",
                milliseconds("idle", "done")?,
                aim.unwrap_or_default()
            ),
        ));
        rows.push((
            "  as the first thing after loading".to_owned(),
            format!("{:.0} ms", milliseconds("first", "stack")?),
            format!("all after {:.0} ms", milliseconds("first", "done")?),
        ));
    }
    Ok(rows)
}

/// Runs a script that measures the page; it prints what it found as JSON.
fn in_page(workspace: &Workspace, site: &Site, script: &str, files: &[&Path]) -> Result<serde_json::Value> {
    if !node::is_usable() {
        return Err(node::missing());
    }
    let found = browsers::find(workspace)?;
    node::install(workspace, "tests/browser")?;
    let printed = capture(
        workspace
            .command("node")
            .arg(workspace.path(script))
            .args(files)
            .env("OOPSCOPE_SITE", &site.directory)
            .env("OOPSCOPE_XTASK", workspace.xtask())
            .env("OOPSCOPE_CHROMIUM", found.chromium),
    )?;
    serde_json::from_str(printed.trim()).map_err(|error| Error::Unexpected(format!("{script}: {error}: {printed}")))
}
