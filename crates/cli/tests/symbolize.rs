//! `oopscope symbolize`, `addr` and `cache` as they are run.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn fixture(name: &str) -> String {
    format!("{}/../../tests/fixtures/symbols/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

/// A folder of the test's own, in which a run keeps what it keeps.
struct Folder(PathBuf);

impl Folder {
    /// Puts a file there; gives its path.
    #[expect(clippy::disallowed_methods, reason = "a test's own input")]
    fn put(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("symbolize-{name}"));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn oopscope(cache: &Folder, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oopscope"));
    command.args(args).stdin(Stdio::null()).env("XDG_CACHE_HOME", &cache.0);
    command
}

fn with_input(cache: &Folder, args: &[&str], input: &[u8]) -> Output {
    let piped = Stdio::piped;
    let mut child = oopscope(cache, args).stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[track_caller]
fn run(cache: &Folder, args: &[&str], status: i32) -> (String, String) {
    let output = oopscope(cache, args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(status), "{out}\n{err}");
    (out, err)
}

#[test]
fn a_log_comes_out_with_its_lines() {
    let cache = Folder::new("lines");
    let (log, vmlinux) = (fixture("logs/oops.log"), fixture("gcc5/vmlinux"));
    let (out, _) = run(&cache, &["symbolize", &log, "--debug", &vmlinux], 0);
    assert!(out.contains("RIP: 0010:slot_read /usr/src/fixture/ring.h:25 [inline]\n"), "{out}");
    assert!(out.contains("RIP: 0010:disk_read+0x40/0xa8 /usr/src/fixture/disk.c:49\n"), "{out}");
    // A folder, a log on standard input, a log named behind the files of symbols: all the same.
    let folder = fixture("gcc5");
    assert_eq!(run(&cache, &["symbolize", &log, "--debug", &folder], 0).0, out);
    assert_eq!(run(&cache, &["symbolize", "--debug", &vmlinux, &log], 0).0, out);
    let piped = with_input(&cache, &["symbolize", "-", "--debug", &vmlinux], &bytes("logs/oops.log"));
    assert_eq!(String::from_utf8(piped.stdout).unwrap(), out);
}

#[test]
fn bytes_that_are_not_replaced_stay() {
    let cache = Folder::new("bytes");
    let mut log = b"an odd \xff\xfe line\r\n".to_vec();
    for line in bytes("logs/oops.log").split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        log.extend_from_slice(b"\x1b[31m<4>");
        log.extend_from_slice(line);
        log.extend_from_slice(b"\r\n");
    }
    log.extend_from_slice(b"no end of line \xc3");
    let vmlinux = fixture("gcc5/vmlinux");
    let output = with_input(&cache, &["symbolize", "--debug", &vmlinux], &log);
    let lines: Vec<&[u8]> = output.stdout.split(|&byte| byte == b'\n').collect();
    let kept: Vec<&[u8]> = lines.into_iter().filter(|line| !line.ends_with(b"[inline]\r")).collect();
    let old: Vec<&[u8]> = log.split(|&byte| byte == b'\n').collect();
    assert_eq!(kept.len(), old.len());
    for (new, old) in kept.iter().zip(old) {
        let stem = old.strip_suffix(b"\r").unwrap_or(old);
        assert!(new.starts_with(stem) && new.ends_with(&old[stem.len()..]));
    }
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_could_not_be_looked_up_is_told() {
    let cache = Folder::new("told");
    let (log, other) = (fixture("logs/oops.log"), fixture("gcc4/vmlinux"));
    let (out, err) = run(&cache, &["symbolize", &log, "--debug", &other], 2);
    assert_eq!(out.as_bytes(), bytes("logs/oops.log"));
    assert!(err.contains("vmlinux is not used: it is of another build: its build-id is"), "{err}");
    let (_, err) = run(&cache, &["symbolize", &log, "--debug", "/nowhere/vmlinux"], 2);
    assert!(err.contains("/nowhere/vmlinux: there is no such file"), "{err}");
    let (_, err) = run(&cache, &["symbolize", &log], 2);
    assert!(err.contains("--debug VMLINUX"), "{err}");
    let nothing = with_input(&cache, &["symbolize", "--debug", &other], b"nothing\n");
    assert_eq!((nothing.status.code(), nothing.stdout.as_slice()), (Some(1), &b"nothing\n"[..]));
}

#[test]
fn files_that_are_of_no_use_are_told() {
    let cache = Folder::new("no-use");
    let (log, vmlinux) = (fixture("logs/oops.log"), fixture("gcc5/vmlinux"));
    let put = |name: &str, content: &[u8]| cache.put(name, content);
    let whole = bytes("gcc5/vmlinux");
    let (notes, cut) = (put("notes", b"to do\n"), put("vmlinux", &whole[..whole.len() / 2]));
    let (out, err) = run(&cache, &["symbolize", &log, "--debug", &notes], 2);
    assert_eq!(out.as_bytes(), bytes("logs/oops.log"));
    assert!(err.contains("notes holds neither symbols nor source"), "{err}");
    assert!(err.contains("nothing was looked up"), "{err}");
    let (out, err) = run(&cache, &["symbolize", &log, "--debug", &notes, &vmlinux], 0);
    assert!(out.contains("net.c:22") && err.contains("notes holds neither"), "{err}");
    let (_, err) = run(&cache, &["symbolize", &log, "--debug", &cut], 2);
    assert!(err.contains("its section headers should lie at byte"), "{err}");
    assert!(err.contains("vmlinux could not be read: the kernel's own functions"), "{err}");
    let empty = cache.0.join("empty");
    std::fs::create_dir_all(&empty).unwrap();
    let (_, err) = run(&cache, &["symbolize", &log, "--debug", empty.to_str().unwrap()], 2);
    assert!(err.contains("there are no files in it"), "{err}");
    let (_, err) = run(&cache, &["addr", empty.to_str().unwrap(), "0x1"], 2);
    assert!(err.contains("it is a directory"), "{err}");
}

#[test]
fn lines_that_are_missing_are_told() {
    let cache = Folder::new("missing");
    let log = fixture("logs/oops.log");
    // Without its checksum a packed section can't be unpacked: each is damaged in turn, and none costs what it holds in silence.
    let whole = bytes("gcc5-zlib/vmlinux");
    let number = |at: u64, size: usize| {
        let at = usize::try_from(at).unwrap();
        whole[at..at + size].iter().rev().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
    };
    let (headers, count) = (number(0x28, 8), number(0x3c, 2));
    let packed = (0..count).map(|n| headers + n * 64).filter(|header| number(header + 8, 8) & 0x800 != 0);
    let mut told = String::new();
    for header in packed {
        let mut damaged = whole.clone();
        let end = usize::try_from(number(header + 24, 8) + number(header + 32, 8)).unwrap();
        damaged[end - 4..end].fill(0x55);
        let path = cache.put("vmlinux", &damaged);
        let output = oopscope(&cache, &["symbolize", &log, "--debug", &path]).output().unwrap();
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        let lines = out.matches("/usr/src/fixture/").count();
        assert!(lines == 13 || output.status.code() == Some(2), "{lines} lines\n{err}");
        told.push_str(&err);
    }
    assert!(told.contains("vmlinux: .debug_line is compressed, and"), "{told}");
    assert!(told.contains("vmlinux: .debug_rnglists is compressed, and"), "{told}");
}

#[test]
fn symbols_come_through_a_pipe() {
    let cache = Folder::new("pipe");
    let (log, vmlinux) = (fixture("logs/oops.log"), bytes("gcc5/vmlinux"));
    // What a shell makes of `--debug <(xz -dc vmlinux.xz)`: a file that has no positions.
    let out = with_input(&cache, &["symbolize", &log, "--debug", "/dev/stdin"], &vmlinux);
    assert!(String::from_utf8(out.stdout).unwrap().contains("net.c:22"));
}

#[test]
fn documents_have_the_lines() {
    let cache = Folder::new("json");
    let (log, vmlinux) = (fixture("logs/oops.log"), fixture("gcc5/vmlinux"));
    let (out, _) = run(&cache, &["symbolize", "--format", "json", &log, "--debug", &vmlinux], 0);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    let symbols = &document["reports"][0]["symbols"];
    assert_eq!((symbols["with_lines"].as_u64(), symbols["code"].as_str()), (Some(10), Some("equal")));
    let (log_out, _) = run(&cache, &["log", "--format", "json", &log, "--debug", &vmlinux], 0);
    assert_eq!(log_out, out);
}

#[test]
fn addresses_and_places() {
    let cache = Folder::new("addr");
    let (vmlinux, module, source) = (fixture("gcc5/vmlinux"), fixture("modules/gcc5/bad_driver.ko"), fixture("source"));
    let (out, _) = run(&cache, &["addr", &vmlinux, "disk_read+0x40/0xa8", "check+0x26"], 0);
    assert!(
        out.contains("disk_read+0x40/0xa8 (vmlinux)\n  slot_read at /usr/src/fixture/ring.h:25 (inlined)\n"),
        "{out}"
    );
    assert_eq!(out.matches("check+0x26/0x2b (vmlinux)").count(), 2, "{out}");
    // The walk-through: where it crashed, minus where the module was loaded.
    let (by_offset, _) = run(&cache, &["addr", &module, "0x2345"], 0);
    assert!(by_offset.contains("poke at /usr/src/fixture/driver.c:18 (inlined)"), "{by_offset}");
    let base = ["addr", &module, "0xffffffffc0a12345", "--base", "0xffffffffc0a10000"];
    assert_eq!(run(&cache, &base, 0).0, by_offset);
    let (listed, _) = run(&cache, &["addr", "--list", "--source", &source, "--", &module, "0x2345"], 0);
    assert!(listed.contains("    >    18 "), "{listed}");
    let (json, _) = run(&cache, &["addr", "-f", "json", &module, "0x2345"], 0);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["answers"][0]["places"][0]["frames"][0]["line"], 18);
    let (_, err) = run(&cache, &["addr", &vmlinux, "nothing+0x1"], 2);
    assert!(err.contains("there is no function nothing"), "{err}");
    let (_, err) = run(&cache, &["addr", &fixture("logs/oops.log"), "0x1"], 2);
    assert!(err.contains("there are no symbols in it"), "{err}");
}

#[test]
fn indexes_are_kept_and_forgotten() {
    let cache = Folder::new("kept");
    // clang writes no table of addresses.
    let vmlinux = fixture("clang5/vmlinux");
    let question = ["addr", &vmlinux, "kernel_main", "--no-cache"];
    let (out, _) = run(&cache, &question, 0);
    let (none, _) = run(&cache, &["cache"], 0);
    assert!(none.contains(": 0 files, 0 bytes"), "{none}");
    assert_eq!(run(&cache, &question[..3], 0).0, out);
    let (some, _) = run(&cache, &["cache"], 0);
    assert!(some.contains(": 1 file,"), "{some}");
    assert_eq!(run(&cache, &question[..3], 0).0, out, "out of what is kept");
    let (gone, _) = run(&cache, &["cache", "--forget"], 0);
    assert!(gone.contains("bytes forgotten"), "{gone}");
    assert_eq!(run(&cache, &["cache"], 0).0, none);
}
