//! The command as it is run: output, exit status, and what it says about bad input.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn oopscope(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oopscope"));
    command.args(args).stdin(Stdio::null()).env_remove("OOPSCOPE_BASE");
    command
}

fn run(args: &[&str]) -> Output {
    oopscope(args).output().unwrap()
}

fn with_input(args: &[&str], input: &[u8]) -> Output {
    let mut child = oopscope(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn fixture(name: &str) -> String {
    format!("{}/../../tests/fixtures/guests/{name}.log", env!("CARGO_MANIFEST_DIR"))
}

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// A file of the test's own, gone when it is dropped.
struct TempFile(PathBuf);

impl TempFile {
    #[expect(clippy::disallowed_methods, reason = "a test's own input")]
    fn new(name: &str, contents: &[u8]) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, contents).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn help_is_what_it_was() {
    for topic in ["log", "symbolize", "addr", "cache", "link", "triage", "serve"] {
        let help = run(&["help", topic]);
        assert_eq!(help.status.code(), Some(0));
        assert_eq!(out(&help), out(&run(&[topic, "--help"])));
        insta::assert_snapshot!(format!("help-{topic}"), out(&help));
    }
    insta::assert_snapshot!("help", out(&run(&["help"])));
    assert_eq!(out(&run(&[])), out(&run(&["--help"])));
    assert!(out(&run(&["--version"])).starts_with("oopscope 0."));
}

#[test]
fn help_fits_a_terminal() {
    for args in [&["help"][..], &["help", "log"], &["help", "link"], &["help", "triage"], &["help", "serve"]] {
        assert!(out(&run(args)).lines().all(|line| line.len() <= 79), "{args:?}");
    }
}

#[test]
fn exit_status_tells_whether_there_is_a_report() {
    let found = run(&["log", &fixture("6.1/null_write")]);
    assert_eq!((found.status.code(), err(&found).as_str()), (Some(0), ""));
    assert!(out(&found).starts_with("BUG: unable to handle kernel NULL pointer dereference in guest_null_write\n"));
    let nothing = with_input(&["log"], b"[    0.000000] all is well\n");
    assert_eq!(nothing.status.code(), Some(1));
    assert!(out(&nothing).starts_with("No crash report found in - (1 line)."));
    let json = with_input(&["log", "-f", "json"], b"[    0.000000] all is well\n");
    assert_eq!(json.status.code(), Some(1));
    let document: serde_json::Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!(document["reports"], serde_json::json!([]));
}

#[test]
fn a_pipe_and_a_file_give_the_same() {
    let path = fixture("6.1/two_oopses");
    let file = out(&run(&["log", &path]));
    let piped = out(&with_input(&["log", "-"], &bytes(&path)));
    assert_eq!(file.replace("two_oopses.log", "-"), piped);
    assert_eq!(piped, out(&with_input(&["log"], &bytes(&path))));
}

#[test]
fn several_files_are_one_log() {
    let log = bytes(&fixture("6.1/null_write"));
    let cut = log.windows(11).position(|window| window == b"Call Trace:").unwrap();
    let line = log[..cut].iter().rposition(|&byte| byte == b'\n').unwrap();
    let (first, second) = (TempFile::new("first.log", &log[..line]), TempFile::new("second.log", &log[line + 1..]));
    let both = run(&["log", "--format=json", first.path(), second.path()]);
    let whole = run(&["log", "--format=json", &fixture("6.1/null_write")]);
    let reports = |output: &Output| serde_json::from_str::<serde_json::Value>(&out(output)).unwrap()["reports"].clone();
    assert_eq!(reports(&both), reports(&whole));
    assert!(err(&both).contains("note: 2 files were read as one log"), "{}", err(&both));
}

#[test]
fn bad_input_is_an_error_that_says_what_to_do() {
    let empty = TempFile::new("empty.log", b"");
    let binary = TempFile::new("vmcore.bin", b"KDUMP   \x06\0\0\0");
    let directory = env!("CARGO_MANIFEST_DIR");
    for (args, words) in [
        (&["log", "/nonexistent/x.log"][..], "x.log: there is no such file"),
        (&["log", directory], "it is a directory; name the log files inside it"),
        (&["log", empty.path()], "empty.log is empty"),
        (&["log", binary.path()], "vmcore.bin is cut off: the header should end at byte 464"),
        (&["log", "-f", "xml"], "there are text, markdown and json"),
        (&["log", "--frobnicate"], "Try: oopscope help"),
        (&["frobnicate"], "To read a log: oopscope log FILE"),
        (&["help", "frobnicate"], "there is no command"),
        (&["serve", "--port", "many"], "Try: oopscope help"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(out(&output).is_empty());
        assert!(err(&output).starts_with("oopscope: ") && err(&output).contains(words), "{args:?}: {}", err(&output));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let log = String::from_utf8(bytes(&fixture("6.1/two_oopses"))).unwrap();
    let many: String = (0..40).map(|n| log.replace("guest_first", &format!("guest{n}_first"))).collect();
    let file = TempFile::new("long.log", many.as_bytes());
    let args = ["log", "-f", "json", file.path()];
    assert!(run(&args).stdout.len() > 200_000, "more than a pipe holds, so that the writing meets the closed end");
    let mut child = oopscope(&args).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn link_prints_a_fragment_or_an_address() {
    let path = fixture("6.1/two_oopses");
    let bare = run(&["link", &path]);
    assert_eq!(bare.status.code(), Some(0));
    assert!(out(&bare).starts_with("#o1.") && out(&bare).ends_with('\n'), "{}", out(&bare));
    assert!(err(&bare).contains("this is report 1 of 2; choose with --report"));
    let address = out(&run(&["link", "--base", "http://lab.example/oopscope/#old", "--report=2", &path]));
    assert!(address.starts_with("http://lab.example/oopscope/#o1."), "{address}");
    assert!(!address.contains(out(&bare).trim()));
    let by_environment = oopscope(&["link", &path]).env("OOPSCOPE_BASE", "http://page/").output().unwrap();
    assert_eq!(out(&by_environment), format!("http://page/{}", out(&bare)));

    assert_eq!(run(&["link", "--report", "3", &path]).status.code(), Some(2));
    assert_eq!(run(&["link", "--report", "0", &path]).status.code(), Some(2));
    assert_eq!(with_input(&["link"], b"nothing here\n").status.code(), Some(1));
}

#[test]
fn link_says_what_it_redacted() {
    let mut log = b"[    0.100000] eth0: 192.168.17.4 52:54:00:12:34:56\n".to_vec();
    log.extend(bytes(&fixture("6.1/null_write")));
    let redacted = with_input(&["link"], &log);
    assert!(err(&redacted).contains("note: redacted: "), "{}", err(&redacted));
    assert!(err(&redacted).contains("1 IP addresses, 1 MAC addresses"), "{}", err(&redacted));
    let kept = with_input(&["link", "--no-redact", "ip", "--no-redact", "mac"], &log);
    assert!(err(&kept).contains("left in the link: 1 IP addresses, 1 MAC addresses"), "{}", err(&kept));
    assert_ne!(out(&redacted), out(&kept));
    let unknown = with_input(&["link", "--no-redact", "salary"], &log);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(err(&unknown).contains("there are ip, mac, host"), "{}", err(&unknown));
}

#[cfg(not(feature = "page"))]
#[test]
fn serve_without_the_page_says_how_to_get_it() {
    let output = run(&["serve"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("cargo xtask dist --cli"));
}
