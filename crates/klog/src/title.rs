//! Titles: one line that names a bug, in the wording that syzkaller made the field's common tongue.
//!
//! Numbers that differ from one crash to the next (addresses, line numbers, CPUs) are taken out, so that the same bug has
//! the same title. Must never decide what happened: that is the kinds' job.

use crate::culprit::Blamed;
use crate::facts::Facts;

/// What a kind calls a report.
#[derive(Clone, Debug, Default)]
pub(crate) struct Titles {
    pub(crate) title: String,
    pub(crate) alts: Vec<String>,
    /// Why the title can't be trusted.
    pub(crate) damage: Option<String>,
    /// This form of the kind comes without a trace.
    pub(crate) traceless: bool,
}

impl Titles {
    /// A title that names no function.
    pub(crate) fn plain(title: impl Into<String>) -> Self {
        Self { title: sanitize(&title.into()), ..Self::default() }
    }

    /// A title with `{}` where the culprit goes, and alternative ones; `{1}` is the culprit of a second trace.
    ///
    /// Wherever the function is one of the many names of a system call (`__x64_sys_read`, `__do_sys_read`), the title
    /// has the shortest, and the others are alternatives.
    pub(crate) fn blaming(facts: &Facts, title: &str, alts: &[&str]) -> Self {
        let shortest = names(facts, |blamed| blamed.name.clone());
        let canonical = fill(title, &shortest);
        let mut all: Vec<String> = Vec::new();
        let mut add = |title: String| {
            if !all.contains(&title) {
                all.push(title);
            }
        };
        for alt in alts {
            add(fill(alt, &shortest));
        }
        for strip in std::iter::once("").chain(SYSCALL_PREFIXES.iter().copied()) {
            let changes = facts.blamed.iter().flatten().any(|blamed| blamed.raw.starts_with(strip));
            if !changes {
                continue;
            }
            let variant = names(facts, |blamed| blamed.raw.strip_prefix(strip).unwrap_or(&blamed.raw).to_owned());
            let title = fill(title, &variant);
            if title != canonical {
                add(title);
            }
            for alt in alts {
                add(fill(alt, &variant));
            }
        }
        let damage = facts
            .blamed
            .iter()
            .any(Option::is_none)
            .then(|| "no function is named where reports of this kind name one".to_owned());
        Self {
            title: sanitize(&canonical),
            alts: all.iter().map(|alt| sanitize(alt)).collect(),
            damage,
            traceless: false,
        }
    }

    /// The header's own words from `literal` on: what is left to say of a report that was cut off or mixed up.
    pub(crate) fn of_header(facts: &Facts, literal: &str, damage: &str) -> Self {
        let text = facts.header.find(literal).map_or(facts.header.as_str(), |at| &facts.header[at..]);
        Self { title: sanitize(text), alts: Vec::new(), damage: Some(damage.to_owned()), traceless: true }
    }

    /// No trace is to be expected.
    pub(crate) const fn traceless(mut self) -> Self {
        self.traceless = true;
        self
    }

    /// Marks the report as damaged.
    pub(crate) fn damaged(mut self, why: &str) -> Self {
        self.damage = Some(why.to_owned());
        self
    }
}

/// What a system call's function may be called: by the wrappers of the architectures (`__x64_`, `__arm64_`), of the
/// C library's convention (`__se_`, `__do_`), of 32-bit compatibility, and of kernels before 4.17 (`SyS_`, `SYSC_`).
const SYSCALL_PREFIXES: [&str; 15] = [
    "SYSC_",
    "SyS_",
    "sys_",
    "__x64_",
    "__ia32_",
    "__arm64_",
    "____sys_",
    "___sys_",
    "__sys_",
    "__se_",
    "__se_sys_",
    "__do_sys_",
    "compat_SYSC_",
    "compat_SyS_",
    "ksys_",
];

/// The shortest name that is left when one such prefix is taken off.
pub(crate) fn without_syscall_prefix(name: &str) -> &str {
    SYSCALL_PREFIXES.iter().filter_map(|prefix| name.strip_prefix(prefix)).min_by_key(|rest| rest.len()).unwrap_or(name)
}

fn names(facts: &Facts, of: impl Fn(&Blamed) -> String) -> Vec<String> {
    facts.blamed.iter().map(|blamed| blamed.as_ref().map_or_else(|| "corrupted".to_owned(), &of)).collect()
}

fn fill(pattern: &str, names: &[String]) -> String {
    let first = names.first().map_or("corrupted", String::as_str);
    let second = names.get(1).map_or("corrupted", String::as_str);
    pattern.replace("{1}", second).replace("{}", first)
}

/// Longest title, in bytes: lines that other output ran into can be of any length.
const LONGEST: usize = 120;

/// A title without what differs from one crash to the next: addresses as ADDR, IP addresses as IP, line numbers as LINE,
/// other numbers as NUM, CPUs without their number, the fuzzer's process names without theirs; ASCII on one line.
pub(crate) fn sanitize(title: &str) -> String {
    let mut text = one_line(title);
    text = replace_names(&text);
    text = addresses(&text);
    text = ip_addresses(&text);
    text = source_lines(&text);
    text = offsets(&text);
    text = cpus(&text);
    text = numbers(&text);
    text = long_numbers(&text);
    text.truncate(LONGEST);
    text.truncate(text.trim_end().len());
    text
}

fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = match byte {
            b'\t' => ' ',
            0x20..=0x7e => char::from(byte),
            _ => continue,
        };
        if c != ' ' || !out.is_empty() && !out.ends_with(' ') {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// `syz-executor.3`, `syz-executor127/4312`, `syzkaller12`: the fuzzer's processes.
fn replace_names(text: &str) -> String {
    let mut out = text.to_owned();
    for (name, dot) in [("syz-executor", true), ("syzkaller", false)] {
        let mut done = String::with_capacity(out.len());
        let mut rest = out.as_str();
        while let Some(at) = rest.find(name) {
            let after = &rest[at + name.len()..];
            let digits = if dot { after.strip_prefix('.').unwrap_or(after) } else { after };
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            done.push_str(&rest[..at + name.len()]);
            rest = if end == 0 {
                after
            } else {
                let tail = &digits[end..];
                let pid = tail.strip_prefix(['/', ':']).map_or("", |pid| pid);
                let n = pid.find(|c: char| !c.is_ascii_digit()).unwrap_or(pid.len());
                if n > 0 { &pid[n..] } else { tail }
            };
        }
        done.push_str(rest);
        out = done;
    }
    out
}

/// Six or more hex digits after something that is no letter or digit.
fn addresses(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let bound = at > 0 && !bytes[at - 1].is_ascii_alphanumeric();
        if bound {
            let from = if text[at..].starts_with("0x") { at + 2 } else { at };
            let is_hex = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b);
            let len = bytes[from..].iter().take_while(|b| is_hex(b)).count();
            if len >= 6 {
                out.push_str("ADDR");
                at = from + len;
                continue;
            }
        }
        out.push(char::from(bytes[at]));
        at += 1;
    }
    out
}

fn ip_addresses(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        if let Some(len) = ip_length(&bytes[at..]) {
            out.push_str("IP");
            at += len;
        } else {
            out.push(char::from(bytes[at]));
            at += 1;
        }
    }
    out
}

fn ip_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for part in 0..4 {
        if part > 0 {
            (bytes.get(at) == Some(&b'.')).then_some(())?;
            at += 1;
        }
        let len = bytes[at..].iter().take(3).take_while(|b| b.is_ascii_digit()).count();
        (len > 0).then_some(())?;
        at += len;
    }
    Some(at)
}

/// `slub.c:448:12`.
fn source_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        let (before, after) = rest.split_at(at);
        let word = before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map(|dot| &before[dot..]);
        let is_file = word.is_some_and(|word| word.starts_with('.') && word.len() > 1);
        let mut end = 0;
        while let Some(digits) = after[end..].strip_prefix(':') {
            let len = digits.bytes().take_while(u8::is_ascii_digit).count();
            if len == 0 {
                break;
            }
            end += 1 + len;
        }
        out.push_str(before);
        if is_file && end > 0 {
            out.push_str(":LINE");
            rest = &after[end..];
        } else {
            out.push(':');
            rest = &after[1..];
        }
    }
    out.push_str(rest);
    out
}

/// `ip6_fragment+0x1052/0x2d80`.
fn offsets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("+0x") {
        let hex = |text: &str| text.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let after = &rest[at + 3..];
        let first = hex(after);
        let named = rest[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        let second = after[first..].strip_prefix("/0x").map_or(0, hex);
        out.push_str(&rest[..at]);
        if named && first > 0 && second > 0 {
            rest = &after[first + 3 + second..];
        } else {
            out.push_str("+0x");
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn cpus(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("CPU#") {
        let digits = rest[at + 4..].bytes().take_while(u8::is_ascii_digit).count();
        out.push_str(&rest[..at + 3]);
        rest = if digits > 0 { &rest[at + 4 + digits..] } else { &rest[at + 3..] };
    }
    out.push_str(rest);
    out
}

/// Decimal numbers that stand alone.
fn numbers(text: &str) -> String {
    let bytes = text.as_bytes();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let alone =
            digits > 0 && at > 0 && !is_word(bytes[at - 1]) && bytes.get(at + digits).is_none_or(|b| !is_word(*b));
        if alone {
            out.push_str("NUM");
            at += digits;
        } else {
            let step = digits.max(1);
            out.push_str(&text[at..at + step]);
            at += step;
        }
    }
    out
}

/// A number of seven digits and more, wherever it stands: no function's name has such a one.
fn long_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let len = rest[at..].bytes().take_while(u8::is_ascii_digit).count();
        out.push_str(&rest[..at]);
        out.push_str(if len >= 7 { "NUM" } else { &rest[at..at + len] });
        rest = &rest[at + len..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_taken_out() {
        for (given, wanted) in [
            (
                "kernel panic: VFS: Unable to mount root fs on unknown-block(0,0)",
                "kernel panic: VFS: Unable to mount root fs on unknown-block(NUM,NUM)",
            ),
            ("WARNING: a at ffffffff81234567 b", "WARNING: a at ADDR b"),
            ("BUG: x 0x1234567 from 10.0.0.1", "BUG: x ADDR from IP"),
            ("kernel BUG at mm/slub.c:448!", "kernel BUG at mm/slub.c:LINE!"),
            ("in ip6_fragment+0x1052/0x2d80 now", "in ip6_fragment now"),
            ("stuck on CPU#12", "stuck on CPU"),
            ("of syz-executor.3/1234: x", "of syz-executor: x"),
            ("dir syzkaller-testdir123456789: x", "dir syzkaller-testdirNUM: x"),
            ("in cfg80211_x", "in cfg80211_x"),
            ("a\tb   c\u{e9} ", "a b c"),
            ("0,1,2 of x", "0,NUM,NUM of x"),
        ] {
            assert_eq!(sanitize(given), wanted);
        }
    }

    #[test]
    fn system_calls_have_many_names() {
        assert_eq!(without_syscall_prefix("__x64_sys_read"), "sys_read");
        assert_eq!(without_syscall_prefix("__do_sys_read"), "read");
        assert_eq!(without_syscall_prefix("__se_sys_read"), "read");
        assert_eq!(without_syscall_prefix("SyS_read"), "read");
        assert_eq!(without_syscall_prefix("ext4_read"), "ext4_read");
    }
}
