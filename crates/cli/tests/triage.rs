//! `oopscope triage` as it is run: which files it finds, what it prints, how it ends.
#![allow(clippy::disallowed_methods, reason = "the test's own files")]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder of the test's own, gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("triage-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, contents: &[u8]) -> &Self {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
        self
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn triage(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oopscope")).arg("triage").args(args).stdin(Stdio::null()).output().unwrap()
}

fn out(output: &Output) -> String {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "nothing is said where stderr is no terminal");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The lines of JSON of one type.
fn lines(args: &[&str], name: &str) -> Vec<Value> {
    let text = out(&triage(&[args, &["-f", "json"]].concat()));
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|line| line["type"] == name).collect()
}

/// A warning at a place, as another boot of another machine prints it.
fn warning(function: &str, caller: &str, seed: u64) -> String {
    let (pid, offset, time) = (1000 + seed, 0x10 + seed, 100 + seed);
    format!(
        "[  {time}.000000] ------------[ cut here ]------------\n\
         [  {time}.000001] WARNING: CPU: {} PID: {pid} at fs/demo.c:{pid} {function}+0x{offset:x}/0x200\n\
         [  {time}.000002] CPU: {} PID: {pid} Comm: worker{seed} Not tainted 6.{seed}.0 #1\n\
         [  {time}.000003] RIP: 0010:{function}+0x{offset:x}/0x200\n\
         [  {time}.000004] Call Trace:\n\
         [  {time}.000005]  <TASK>\n\
         [  {time}.000006]  {caller}+0x{offset:x}/0x300\n\
         [  {time}.000007]  do_syscall_64+0x{offset:x}/0x90\n\
         [  {time}.000008]  </TASK>\n\
         [  {time}.000009] ---[ end trace 0000000000000000 ]---\n",
        seed % 8,
        seed % 8,
    )
}

#[test]
fn the_same_bug_is_one_group_whichever_file_it_is_in() {
    let folder = Folder::new("groups");
    folder
        .file("a/one.log", warning("demo_read", "demo_open", 1).as_bytes())
        .file("a/deep/two.log", warning("demo_read", "demo_open", 2).as_bytes())
        .file("three.log", warning("demo_read", "demo_mmap", 3).as_bytes())
        .file("other.log", warning("demo_write", "demo_open", 4).as_bytes())
        .file("silent.log", b"[    0.000000] Linux version 6.1.0\nnothing\n")
        .file("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0");
    let totals = lines(&[folder.path()], "totals").remove(0);
    assert_eq!(totals["schema"], "oopscope-triage/1");
    for (name, want) in [("files", 6), ("with_reports", 4), ("silent", 1), ("unreadable", 1), ("reports", 4)] {
        assert_eq!(totals[name], want, "{name}");
    }
    let groups = lines(&[folder.path()], "group");
    assert_eq!(groups.len(), 2);
    assert_eq!((&groups[0]["title"], &groups[0]["files"]), (&"WARNING in demo_read".into(), &3.into()));
    assert_eq!(groups[0]["variants"].as_array().unwrap().len(), 2, "two ways to it");
    assert_eq!(groups[0]["kernels"][0], "6.3.0", "the newest first");
    assert_eq!(groups[0]["first"]["by"], "file");
    let path = groups[0]["example"]["path"].as_str().unwrap();
    assert!(path.ends_with("three.log"), "a folder's own files come first: {path}");
    let unreadable = lines(&[folder.path()], "unreadable");
    assert!(unreadable[0]["path"].as_str().unwrap().ends_with("picture.png"));

    let one = lines(&[folder.path(), "--min-count", "2"], "group");
    assert_eq!(one.len(), 1);
    assert_eq!(lines(&[folder.path(), "--kind", "panic"], "group").len(), 0);
    assert_eq!(lines(&[&format!("{}/*r.log", folder.path())], "totals")[0]["files"], 1, "other.log");
}

#[test]
fn the_answer_is_the_same_every_time() {
    let folder = Folder::new("again");
    for seed in 0..40 {
        let function = format!("demo_{}", seed % 7);
        folder.file(&format!("{seed}.log"), warning(&function, "demo_open", seed).as_bytes());
    }
    let first = out(&triage(&[folder.path()]));
    for _ in 0..5 {
        assert_eq!(out(&triage(&[folder.path()])), first);
    }
}

#[test]
fn times_are_the_logs_own_where_it_has_a_clock() {
    let folder = Folder::new("times");
    let stamped = |day: u64, seed: u64| {
        let log = warning("demo_read", "demo_open", seed);
        let lines = log.lines().map(|line| format!("2026-08-{day}T10:00:00+00:00 host kernel: {line}"));
        lines.collect::<Vec<_>>().join("\n")
    };
    folder.file("a.log", stamped(17, 1).as_bytes()).file("b.log", stamped(19, 2).as_bytes());
    let groups = lines(&[folder.path()], "group");
    let (first, last) = (&groups[0]["first"], &groups[0]["last"]);
    assert_eq!((&first["by"], &last["by"]), (&"log".into(), &"log".into()));
    assert_eq!(last["unix"].as_i64().unwrap() - first["unix"].as_i64().unwrap(), 2 * 86_400);
}

#[test]
fn text_and_html_tell_the_same() {
    let folder = Folder::new("forms");
    folder.file("a.log", warning("demo_read", "demo_open", 1).as_bytes());
    let text = out(&triage(&[folder.path()]));
    assert!(text.starts_with("1 file: 1 with reports, 0 without, 0 unreadable. 1 report in 1 group.\n"), "{text}");
    let page = out(&triage(&[folder.path(), "-f", "html"]));
    for words in ["WARNING in demo_read", "1 report in 1 group.", "a.log:1"] {
        assert!(text.contains(words) && page.contains(words), "{words}");
    }
    assert!(page.starts_with("<!doctype html>") && !page.contains("<script"));
}

#[test]
fn the_exit_status_tells_what_was_found() {
    let folder = Folder::new("status");
    folder.file("a.log", warning("demo_read", "demo_open", 1).as_bytes()).file("b.log", b"nothing\n");
    let file = |name: &str| format!("{}/{name}", folder.path());
    let code = |args: &[&str]| triage(args).status.code();
    assert_eq!(code(&[&file("a.log")]), Some(0));
    assert_eq!(code(&[&file("b.log")]), Some(1));
    assert_eq!(code(&[&file("a.log"), &file("gone.log")]), Some(2));
    let missing = out(&triage(&[&file("a.log"), &file("gone.log")]));
    assert!(missing.contains("gone.log: There is no such file.") && missing.contains("WARNING in demo_read"));
    assert_eq!(code(&[]), Some(2));
    assert_eq!(code(&["--sort", "size", folder.path()]), Some(2));
}

#[test]
fn members_of_an_archive_are_logs_of_their_own() {
    let folder = Folder::new("archive");
    folder
        .file("in/one.log", warning("demo_read", "demo_open", 1).as_bytes())
        .file("in/two.log", warning("demo_write", "demo_open", 2).as_bytes());
    let archive = folder.0.join("logs.tar.gz");
    let status = Command::new("tar").arg("-czf").arg(&archive).arg("-C").arg(&folder.0).arg("in").status().unwrap();
    assert!(status.success());
    let path = archive.to_str().unwrap();
    let groups = lines(&[path], "group");
    assert_eq!(groups.len(), 2);
    assert!(groups[0]["example"]["path"].as_str().unwrap().starts_with(&format!("{path}/in/")));
    assert_eq!(lines(&[path], "totals")[0]["files"], 2);
}
