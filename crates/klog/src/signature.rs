//! By what the same bug is known again in another log: two hashes over what is the bug's own in a report.
//!
//! Must never let in what changes from one crash of the same bug to the next: addresses, offsets, line numbers, PIDs,
//! CPUs, taint, times, host names, the compiler's suffixes. And must never sign a report that names too little: an
//! absent signature means "do not merge", which an equal one of two unlike crashes would not.
//!
//! What other tools have learnt went into the recipe: the version comes first (Sentry's grouping configurations),
//! unreliable frames are left out (ABRT), modules are kept (FAF hashes `func @ module`), functions that every crash has
//! in common are left out (satyr's normalisation), there is more than one hash (Sentry, ABRT), and the title's numbers
//! are rubbed out (syzkaller). A change of the recipe, of a title's wording or of which functions are innocent makes
//! other signatures: then [`VERSION`] goes up.

use crate::grammar::frame::base_name;
use crate::{own_stack, skip};
use oopscope_report::{Frame, FrameRole, Report, Signature};
use std::borrow::Cow;

/// Name and version of the recipe; `docs/signature.md` tells it.
pub(crate) const VERSION: &str = "oopscope-1";

/// Callers that go into the strict signature. With more of them two ways through the same system call would differ
/// by what lies far from the bug.
const CALLERS: usize = 5;

/// The signature of a report whose title and culprit are known; None when it names too little.
pub(crate) fn of(report: &Report) -> Option<Signature> {
    let culprit = report.culprit.as_ref();
    let what = what(report);
    if what.is_empty() || culprit.is_none() && (report.corrupted || says_nothing(&what)) {
        return None;
    }
    let mut parts = vec![report.kind.name().to_owned(), what];
    let mut coarse = Hash::new();
    coarse.parts(&parts);
    if let Some(culprit) = culprit {
        let function = function(&culprit.function);
        coarse.part(&function);
        parts.push(place("in", &function, culprit.module.as_deref()));
    }
    parts.extend(callers(report));
    let mut strict = Hash::new();
    strict.parts(&parts);
    Some(Signature { version: VERSION.to_owned(), strict: strict.hex(), coarse: coarse.hex(), parts })
}

/// The title without the place, which is a part of its own, and without numbers.
fn what(report: &Report) -> String {
    let title = report.title.as_str();
    let place = report.culprit.as_ref().and_then(|culprit| title.strip_suffix(culprit.function.as_str()));
    let what = place.and_then(|rest| rest.strip_suffix(" in ")).unwrap_or(title);
    // Linux 6.3 ("kasan: report freed addresses as use-after-free in slab"…) put `slab-` before it.
    without_numbers(what).replace("slab-use-after-free", "use-after-free")
}

/// Titles that are only the last words of a crash whose own report the log does not have.
fn says_nothing(what: &str) -> bool {
    what.ends_with(" in corrupted")
        || ["Fatal exception", "panic_on_warn", "Fatal hardware error"].iter().any(|words| what.contains(words))
}

/// Callers of the culprit that tell its way: reliable, with a name, not innocent, on the stack that crashed. An
/// interrupted stack is another story, and an inlined frame is only in a log that was symbolized.
fn callers(report: &Report) -> Vec<String> {
    let named = |frame: &&Frame| {
        frame.reliable && !frame.inlined && frame.role != FrameRole::User && frame.role != FrameRole::Lr
    };
    let mut frames =
        own_stack::of(report).into_iter().flat_map(|stack| &stack.frames).filter(named).filter_map(|frame| {
            let name = base_name(frame.function.as_deref()?);
            Some((name, frame.module.as_deref()))
        });
    if let Some(culprit) = &report.culprit
        && frames.clone().any(|(name, _)| name == culprit.function)
    {
        frames.find(|(name, _)| *name == culprit.function);
    }
    let mut out: Vec<String> = Vec::new();
    for (name, module) in frames {
        if is_entry(name) || out.len() == CALLERS {
            break;
        }
        let caller = place("by", &function(name), module);
        // Recursion has no fixed depth.
        if !skip::is_innocent(name) && out.last() != Some(&caller) {
            out.push(caller);
        }
    }
    out
}

/// Where the kernel was entered, or a thread began: below lies what every crash has.
fn is_entry(name: &str) -> bool {
    const STARTS: [&str; 14] = [
        "entry_SYSCALL",
        "do_syscall",
        "do_fast_syscall",
        "do_int80",
        "system_call",
        "invoke_syscall",
        "el0",
        "ret_fast_syscall",
        "ret_from_",
        "asm_",
        "handle_sys",
        "__do_fast_syscall",
        "do_trap_ecall",
        "x64_sys_call",
    ];
    const NAMES: [&str; 10] = [
        "process_one_work",
        "worker_thread",
        "kthread",
        "kthreadd",
        "run_ksoftirqd",
        "smpboot_thread_fn",
        "__do_softirq",
        "handle_softirqs",
        "do_idle",
        "cpu_startup_entry",
    ];
    STARTS.iter().any(|start| name.starts_with(start)) || NAMES.contains(&name)
}

fn place(how: &str, function: &str, module: Option<&str>) -> String {
    match module {
        Some(module) => format!("{how} {function} [{}]", module.replace('-', "_")),
        None => format!("{how} {function}"),
    }
}

/// A function's name as it is on every architecture and out of every build.
fn function(name: &str) -> Cow<'_, str> {
    // SYSCALL_DEFINEx makes several functions of one system call (include/linux/syscalls.h and each architecture's
    // asm/syscall_wrapper.h).
    const WRAPPERS: [&str; 12] = [
        "__x64_sys_",
        "__ia32_sys_",
        "__ia32_compat_sys_",
        "__arm64_sys_",
        "__arm64_compat_sys_",
        "__riscv_sys_",
        "__s390x_sys_",
        "__powerpc_sys_",
        "__se_sys_",
        "__do_sys_",
        "SYSC_",
        "SyS_",
    ];
    if let Some(call) = WRAPPERS.iter().find_map(|wrapper| name.strip_prefix(wrapper)) {
        return Cow::Owned(format!("sys_{call}"));
    }
    without_crate_hash(name)
}

/// Rust's mangled names (v0) carry a hash of the crate, which the compiler's version goes into: `Cs1a2B_6kernel`.
fn without_crate_hash(name: &str) -> Cow<'_, str> {
    if !name.starts_with("_R") {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find("Cs") {
        let after = &rest[at + 2..];
        let end = after.bytes().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(after.len());
        out.push_str(&rest[..=at]);
        rest = after[end..].strip_prefix('_').unwrap_or(&after[end..]);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Text whose numbers are rubbed out: those that stand alone become `N`, hexadecimal ones of six and more digits
/// `ADDR`. A digit in a name (`ext4`, `int3`) is part of the name.
fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if !is_word(first) {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let digits = word.strip_prefix("0x").unwrap_or(word);
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit()) && digits.bytes().any(|b| b.is_ascii_digit());
        let address = hex && (digits.len() >= 6 || digits.len() < word.len());
        if address {
            out.push_str("ADDR");
        } else if word.bytes().all(|b| b.is_ascii_digit()) {
            out.push('N');
        } else {
            out.push_str(word);
        }
        rest = after;
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// FNV-1a with 64 bits (draft-eastlake-fnv), then a mix of all bits. Written out, because the hash must be the same
/// in every build, on every machine and for as long as the recipe has its version: no library promises that of its
/// hashers. It keeps apart what happens, not what somebody constructs.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        let mut hash = Self(0xcbf2_9ce4_8422_2325);
        hash.part(VERSION);
        hash
    }

    /// Adds a part and its end: `ab`, `c` is another than `a`, `bc`.
    fn part(&mut self, part: &str) {
        for byte in part.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn parts(&mut self, parts: &[String]) {
        for part in parts {
            self.part(part);
        }
    }

    fn hex(&self) -> String {
        // The finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        format!("{:016x}", x ^ (x >> 31))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oopscope_report::{Culprit, Kind, Stack};

    fn frame(function: &str, module: Option<&str>) -> Frame {
        Frame {
            function: Some(function.to_owned()),
            module: module.map(str::to_owned),
            reliable: true,
            ..Frame::default()
        }
    }

    fn report(title: &str, culprit: &str, frames: &[&str]) -> Report {
        let frames = frames.iter().map(|name| frame(name, None)).collect();
        Report {
            kind: Kind::new("warning"),
            title: title.to_owned(),
            culprit: Some(Culprit { function: culprit.to_owned(), ..Culprit::default() }),
            stacks: vec![Stack { frames, ..Stack::default() }],
            ..Report::default()
        }
    }

    #[test]
    fn the_recipe_of_this_version_stays_as_it_is() {
        let signature =
            of(&report("WARNING in f_one", "f_one", &["f_one", "f_two.isra.0", "kthread", "f_three"])).unwrap();
        assert_eq!(signature.parts, ["warning", "WARNING", "in f_one", "by f_two"]);
        assert_eq!((signature.version.as_str(), signature.coarse.as_str()), ("oopscope-1", "9e486b921a4deb2d"));
        assert_eq!(signature.strict, "4165ec80fd903773");
    }

    #[test]
    fn another_way_to_the_same_place_differs_in_the_strict_one_alone() {
        let one = of(&report("WARNING in f_one", "f_one", &["f_one", "f_two"])).unwrap();
        let two = of(&report("WARNING in f_one", "f_one", &["f_one", "f_other"])).unwrap();
        assert_eq!(one.coarse, two.coarse);
        assert_ne!(one.strict, two.strict);
    }

    #[test]
    fn what_names_nothing_has_no_signature() {
        let mut lost = report("BUG: unable to handle kernel paging request in corrupted", "", &[]);
        lost.culprit = None;
        assert_eq!(of(&lost), None);
        lost.title = "kernel panic: Fatal exception in interrupt".to_owned();
        assert_eq!(of(&lost), None);
        lost.title = "kernel panic: VFS: Unable to mount root fs on unknown-block(8,1)".to_owned();
        assert_eq!(of(&lost).unwrap().parts[1], "kernel panic: VFS: Unable to mount root fs on unknown-block(N,N)");
        lost.corrupted = true;
        assert_eq!(of(&lost), None);
    }

    #[test]
    fn numbers_are_rubbed_out_and_names_are_not() {
        assert_eq!(without_numbers("a 12 b CPU#3 c 0x1f deadbeef12 x:9"), "a N b CPU#N c ADDR ADDR x:N");
        assert_eq!(
            without_numbers("int3 in ext4_da_write el1h_64_sync defaced"),
            "int3 in ext4_da_write el1h_64_sync defaced"
        );
        assert_eq!(without_numbers("ü 10.0.0.1"), "ü N.N.N.N");
    }

    #[test]
    fn names_are_those_of_every_build() {
        assert_eq!(function("__x64_sys_mount"), "sys_mount");
        assert_eq!(function("__arm64_sys_mount"), "sys_mount");
        assert_eq!(function("_RNvNtCs1a2B3c_6kernel5print4call"), "_RNvNtC6kernel5print4call");
        assert_eq!(function("_RNvNtCs9z9Z_6kernel5print4call"), "_RNvNtC6kernel5print4call");
    }
}
