//! `cargo xtask test`: runs every check and counts. It must never call a stage passed that did not run: what can't
//! run here is skipped with the reason, and on CI that is a failure.

use std::env;
use std::ops::AddAssign;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::browsers;
use crate::budget;
use crate::dist::{self, Site};
use crate::error::{Error, Result};
use crate::node;
use crate::run::{run, watch};
use crate::serve::Served;
use crate::stages::Stage;
use crate::wasm;
use crate::workspace::{self, Workspace};

/// Cargo profile of the command in these tests: quick to build, optimised, since it reads all fixtures.
const PROFILE: &str = "fast";

/// Tests that passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
}

impl Count {
    fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed) }
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

enum Outcome {
    Counted(Count),
    Skipped(String),
}

/// Runs the named stages, or all of them when none is named.
pub(crate) fn test(workspace: &Workspace, only: &[Stage]) -> ExitCode {
    let mut session = Session { workspace, site: None };
    let mut sum = Count::default();
    let mut rows = Vec::new();
    for stage in Stage::ALL.into_iter().filter(|stage| only.is_empty() || only.contains(stage)) {
        println!("\n=== {}: {}", stage.name(), stage.describe());
        let start = Instant::now();
        let outcome = session.run(stage).unwrap_or_else(|error| {
            println!("error: {error}");
            Outcome::Counted(Count::one(false))
        });
        let took = start.elapsed();
        let count = match &outcome {
            Outcome::Counted(count) => *count,
            Outcome::Skipped(_) if on_ci() => Count::one(false),
            Outcome::Skipped(_) => Count::default(),
        };
        sum += count;
        rows.push(row(stage, &outcome, count, took));
    }
    println!("\n=== summary");
    for row in rows {
        println!("{row}");
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    if sum.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn row(stage: Stage, outcome: &Outcome, count: Count, took: Duration) -> String {
    let result = match outcome {
        Outcome::Counted(_) => format!("{:4} passed {:4} failed", count.passed, count.failed),
        Outcome::Skipped(reason) if on_ci() => format!("FAILED: skipped on CI: {reason}"),
        Outcome::Skipped(reason) => format!("skipped: {reason}"),
    };
    format!("{:12} {:6.1} s  {result}", stage.name(), took.as_secs_f64())
}

fn on_ci() -> bool {
    env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false")
}

/// What the stages hand on to each other.
struct Session<'a> {
    workspace: &'a Workspace,
    site: Option<Site>,
}

impl Session<'_> {
    fn run(&mut self, stage: Stage) -> Result<Outcome> {
        match stage {
            Stage::Format => self.cargo(&["fmt", "--all", "--check"]),
            Stage::Clippy => self.cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-Dwarnings"]),
            Stage::ClippyWasm => {
                let mut arguments = vec!["clippy", "--quiet", "--target", "wasm32-unknown-unknown"];
                arguments.extend(wasm::MODULES.iter().flat_map(|module| ["--package", module.package]));
                arguments.extend(["--", "-Dwarnings"]);
                self.cargo(&arguments)
            }
            Stage::Native => self.native(),
            Stage::Site => {
                self.site = None;
                self.site().map(|_| Outcome::Counted(Count::one(true)))
            }
            Stage::Command => self.command(),
            Stage::Engine => self.engine(),
            Stage::Budget => self.budget(),
            Stage::Browser => self.browser(),
        }
    }

    /// The site of this checkout; built at the first need.
    fn site(&mut self) -> Result<Site> {
        if let Some(site) = &self.site {
            return Ok(site.clone());
        }
        let site = dist::build(self.workspace, &self.workspace.dist())?;
        self.site = Some(site.clone());
        Ok(site)
    }

    /// A run of cargo that is one check as a whole.
    fn cargo(&self, arguments: &[&str]) -> Result<Outcome> {
        run(self.workspace.cargo().args(arguments))?;
        Ok(Outcome::Counted(Count::one(true)))
    }

    fn native(&self) -> Result<Outcome> {
        let arguments = ["test", "--quiet", "--workspace", "--no-fail-fast"];
        counted(self.workspace.cargo().args(arguments), cargo_count).map(Outcome::Counted)
    }

    /// The command with the page inside must serve the page's very bytes, under the page's policy.
    fn command(&mut self) -> Result<Outcome> {
        let site = self.site()?;
        let command = dist::build_cli(self.workspace, &site, PROFILE)?;
        let served = Served::start(self.workspace.command(command).args(["serve", "--port", "0"]))?;
        let mut count = Count::default();
        for name in ["", "sw.js", &format!("v/{}/engine_bg.wasm", site.build_id)] {
            let file = site.directory.join(if name.is_empty() { "index.html" } else { name });
            let answer = served.get(name)?;
            let same = answer.body == workspace::read(&file)?;
            let policed = answer.head.contains("connect-src 'self'");
            println!("oopscope serve: /{name}: same bytes {same}, policy {policed}");
            count += Count::one(same && policed);
        }
        Ok(Outcome::Counted(count))
    }

    fn engine(&mut self) -> Result<Outcome> {
        if !node::is_usable() {
            return Ok(Outcome::Skipped(node::missing().to_string()));
        }
        let site = self.site()?;
        let command = dist::build_cli(self.workspace, &site, PROFILE)?;
        let mut count = Count::default();
        for script in ["tests/wasm/run.mjs", "tests/wasm/vmcore.mjs"] {
            let mut node = self.workspace.command("node");
            count += counted(node.arg(self.workspace.path(script)).env("OOPSCOPE_CLI", &command), plain_count)?;
        }
        Ok(Outcome::Counted(count))
    }

    fn budget(&mut self) -> Result<Outcome> {
        let site = self.site()?;
        let mut count = Count::default();
        for part in budget::PARTS {
            let bytes = part.gzipped(&site)?;
            let kept = bytes <= part.limit;
            let verdict = if kept { "of" } else { "OVER" };
            println!("{:16} {bytes:8} bytes gzipped {verdict} {}", part.name, part.limit);
            count += Count::one(kept);
        }
        Ok(Outcome::Counted(count))
    }

    fn browser(&mut self) -> Result<Outcome> {
        if !node::is_usable() {
            return Ok(Outcome::Skipped(node::missing().to_string()));
        }
        let found = match browsers::find(self.workspace) {
            Ok(found) => found,
            Err(error @ Error::Missing { .. }) => return Ok(Outcome::Skipped(error.to_string())),
            Err(error) => return Err(error),
        };
        let site = self.site()?;
        let command = dist::build_cli(self.workspace, &site, PROFILE)?;
        node::install(self.workspace, "tests/browser")?;
        // Named one by one: what Node makes of a directory or a pattern differs from version to version.
        let directory = self.workspace.path("tests/browser");
        let files = workspace::files_below(&directory, "tests")?;
        let mut tests = self.workspace.command("node");
        tests
            .current_dir(directory)
            .args(["--test", "--test-reporter=spec", "--test-concurrency=1"])
            .args(files.iter().filter(|name| name.ends_with(".test.mjs")))
            .env("OOPSCOPE_SITE", &site.directory)
            .env("OOPSCOPE_XTASK", self.workspace.xtask())
            .env("OOPSCOPE_CLI", command)
            .env("OOPSCOPE_CHROMIUM", found.chromium);
        if let Some(firefox) = found.firefox {
            tests.env("OOPSCOPE_FIREFOX", firefox);
        }
        counted(&mut tests, node_count).map(Outcome::Counted)
    }
}

/// Runs a test runner whose lines `read` understands. One that fails without counting a failure counts as one.
fn counted(command: &mut std::process::Command, read: fn(&str) -> Option<Count>) -> Result<Count> {
    let mut count = Count::default();
    let ended_well = watch(command, |line| {
        if let Some(more) = read(line) {
            count += more;
        }
    })?;
    if count == Count::default() || (!ended_well && count.failed == 0) {
        println!("error: the runner {}", if ended_well { "ran no test" } else { "failed" });
        count.failed += 1;
    }
    Ok(count)
}

/// `test result: ok. 13 passed; 0 failed; 1 ignored; …`
fn cargo_count(line: &str) -> Option<Count> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| counts.split(';').find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok());
    Some(Count { passed: number("passed")?, failed: number("failed")? })
}

/// `13 passed, 0 failed`
fn plain_count(line: &str) -> Option<Count> {
    let (passed, failed) = line.trim().split_once(", ")?;
    Some(Count {
        passed: passed.strip_suffix(" passed")?.parse().ok()?,
        failed: failed.strip_suffix(" failed")?.parse().ok()?,
    })
}

/// `ℹ pass 13`, and `ℹ fail 0` on a line of its own; a cancelled test is a failed one.
fn node_count(line: &str) -> Option<Count> {
    let (kind, number) = line.strip_prefix("\u{2139} ")?.split_once(' ')?;
    let number = number.parse().ok()?;
    match kind {
        "pass" => Some(Count { passed: number, failed: 0 }),
        "fail" | "cancelled" => Some(Count { passed: 0, failed: number }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, cargo_count, node_count, plain_count};

    #[test]
    fn each_runners_closing_lines_are_counted() {
        let some = |passed, failed| Some(Count { passed, failed });
        let cargo =
            "test result: FAILED. 13 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(cargo_count(cargo), some(13, 2));
        assert_eq!(plain_count("41 passed, 1 failed"), some(41, 1));
        assert_eq!(node_count("\u{2139} pass 5"), some(5, 0));
        assert_eq!(node_count("\u{2139} fail 2"), some(0, 2));
        assert_eq!(node_count("\u{2139} cancelled 1"), some(0, 1));
    }

    #[test]
    fn other_lines_count_nothing() {
        for line in ["", "running 13 tests", "\u{2139} tests 7", "\u{2139} duration_ms 12.5", "a passed, b failed"] {
            assert_eq!((cargo_count(line), plain_count(line), node_count(line)), (None, None, None), "{line}");
        }
    }
}
