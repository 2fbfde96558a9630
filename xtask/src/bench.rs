//! `cargo xtask bench`: measures what the project promises, on this machine, and prints a table. It must never print
//! a figure that was not measured in this very run: what can't be measured here is left out with the reason.

mod sample;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::browsers;
use crate::budget;
use crate::dist::{self, Site};
use crate::error::{Error, Result};
use crate::node;
use crate::run::capture;
use crate::workspace::Workspace;

/// Each native run is repeated and the fastest counts: what disturbs a run only ever makes it slower.
const RUNS: u32 = 3;

/// How the crash reports' first lines begin, as `grep` would look for them.
const HEADERS: &str = r"BUG: |Oops: |Unable to handle kernel|Internal error: |general protection fault|Kernel panic - not syncing|WARNING: CPU: |kernel BUG at |invalid opcode: |divide error: |INFO: task .* blocked for more than|rcu: INFO: .* detected stalls|watchdog: BUG: soft lockup";

/// Measures everything and prints the table.
pub(crate) fn bench(workspace: &Workspace) -> Result<ExitCode> {
    let site = dist::build(workspace, &workspace.dist())?;
    let command = dist::build_cli(workspace, &site, "release")?;
    let log = sample::make(workspace)?;
    let mut rows = Vec::new();
    for part in budget::PARTS {
        let bytes = part.gzipped(&site)?;
        rows.push((format!("{}, gzipped", part.name), format!("{bytes} bytes"), format!("at most {}", part.limit)));
    }
    rows.extend(scan(&command, &log)?);
    match in_browser(workspace, &site, &log) {
        Ok(measured) => rows.extend(measured),
        Err(error) => eprintln!("Not measured in a browser: {error}"),
    }
    println!();
    for (what, value, aim) in rows {
        println!("{what:44} {value:>16}   {aim}");
    }
    Ok(ExitCode::SUCCESS)
}

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
    if !node::is_usable() {
        return Err(node::missing());
    }
    let found = browsers::find(workspace)?;
    node::install(workspace, "tests/browser")?;
    let small = sample::small(workspace)?;
    let printed = capture(
        workspace
            .command("node")
            .arg(workspace.path("tests/browser/bench.mjs"))
            .args([&log.path, &small.path])
            .env("OOPSCOPE_SITE", &site.directory)
            .env("OOPSCOPE_XTASK", workspace.xtask())
            .env("OOPSCOPE_CHROMIUM", found.chromium),
    )?;
    let measured: serde_json::Value = serde_json::from_str(printed.trim())
        .map_err(|error| Error::Unexpected(format!("tests/browser/bench.mjs: {error}: {printed}")))?;
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
