//! What a parsed kernel report is: plain data, shared by the engine that finds reports, the page that shows
//! them and the JSON document that carries them to other tools.
//!
//! This crate must never parse, format for people or decide anything: it has fields and their meaning, no logic.
//!
//! Rules of the document (`docs/json-schema.md` tells them to its readers):
//! - every optional field may be absent; a reader must not rely on any but the required ones;
//! - addresses and register values are hex *strings* (`"0xffffffff81000000"`), because a JavaScript number
//!   holds 53 bits; offsets into a function, sizes, line numbers and counts are numbers;
//! - line numbers count from 1 in the log as it was given; every fact that was read from the log names its line;
//! - enumerations are open: a reader must accept values that it does not know.

mod explanation;
mod facts;
mod frame;
mod identity;
mod listing;
mod prose;
mod symbols;
mod taint;
pub mod triage;
pub mod vmcore;

pub use explanation::{Advice, Explanation};
pub use facts::{
    Access, AccessKind, AddressClass, Code, DecodedField, Detail, Module, Panic, Register, Taint, TaintFlag, Trap,
};
pub use frame::{Frame, FrameRole, Stack, StackRole};
pub use identity::{Link, LinkKind, Signature, Subsystem};
pub use listing::{Instruction, Listing};
pub use prose::{Notice, NoticeKind, Prose, Span};
pub use symbols::{Alternative, SymbolFile, SymbolStatus, Symbolized};
pub use taint::TAINT_FLAGS;

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Name and version of the JSON document. The number goes up when a reader that followed the rules could break.
pub const SCHEMA: &str = "oopscope-log/1";

/// The whole answer about one log: `oopscope log --format json`, and "download JSON" on the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// All reports, in the order of the log: the first report first.
    pub reports: Vec<Report>,
    /// Facts about the log as a whole.
    pub log: LogFacts,
}

/// Facts about a log as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogFacts {
    /// What the log was called: a file's name, `-` for standard input, absent for pasted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
    /// Number of lines.
    pub lines: u64,
    /// Kernel boots seen in the log, each by its `Linux version` line. Empty when none was logged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boots: Vec<Boot>,
    /// Reports that were found beyond the limit of what is kept, and only counted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reports_not_kept: u64,
    /// Lines with bytes that are not UTF-8; they are shown with U+FFFD in their place.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lines_not_utf8: u64,
    /// NUL bytes in the log.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nul_bytes: u64,
    /// Lines longer than the limit, read only to that limit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lines_cut: u64,
    /// True when the reading was cancelled or failed before the end: the reports are those found until then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

/// One boot of a kernel inside a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// Its number: reports carry the same in [`Report::boot`]. Not an index: a log may begin in the middle of a boot
    /// whose banner it does not have.
    pub number: u32,
    /// Line of the `Linux version` banner.
    pub line: u64,
    /// The release: `6.1.0-56-amd64`.
    pub kernel: String,
    /// The whole banner, without its prefix.
    pub banner: String,
    /// The kernel's command line, where the log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_line: Option<String>,
    /// The machine by its DMI or device-tree line, where the log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
}

/// What sort of report it is, by a stable short name: `oops`, `gpf`, `bug`, `warning`, `panic`, …
///
/// Open on purpose: each kind's file in `crates/klog/src/kinds` gives its own name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kind(pub Cow<'static, str>);

impl Kind {
    /// A kind with a name that is known at compile time.
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The stable short name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// How bad it was for the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The kernel reported and went on (WARNING).
    #[default]
    Warning,
    /// A task was killed or the kernel went on damaged (an Oops that was survived, or whose end is not in the log).
    Error,
    /// The machine stopped: a panic is in the log.
    Fatal,
}

/// In which context the faulting code ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Context {
    /// On behalf of the task that the report names.
    Process,
    /// In a hard interrupt: the task that the report names was interrupted.
    Hardirq,
    /// In a softirq, tasklet or timer: the task that the report names was interrupted, unless it is ksoftirqd.
    Softirq,
    /// In a non-maskable interrupt.
    Nmi,
    /// On a stack of the CPU's exceptions (double fault, machine check, debug).
    Exception,
    /// The report does not tell.
    #[default]
    Unknown,
}

/// Which processor architecture printed the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arch {
    /// 64-bit x86.
    #[serde(rename = "x86-64")]
    X86_64,
    /// 32-bit x86.
    #[serde(rename = "i386")]
    I386,
    /// 64-bit ARM.
    #[serde(rename = "arm64")]
    Arm64,
    /// 32-bit ARM.
    #[serde(rename = "arm")]
    Arm,
    /// 32- or 64-bit RISC-V.
    #[serde(rename = "riscv")]
    Riscv,
    /// 32- or 64-bit Power.
    #[serde(rename = "ppc")]
    Ppc,
    /// IBM Z.
    #[serde(rename = "s390x")]
    S390x,
    /// MIPS.
    #[serde(rename = "mips")]
    Mips,
    /// `LoongArch`.
    #[serde(rename = "loongarch")]
    Loongarch,
    /// SPARC.
    #[serde(rename = "sparc")]
    Sparc,
    /// PA-RISC.
    #[serde(rename = "parisc")]
    Parisc,
}

impl Arch {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::X86_64,
        Self::I386,
        Self::Arm64,
        Self::Arm,
        Self::Riscv,
        Self::Ppc,
        Self::S390x,
        Self::Mips,
        Self::Loongarch,
        Self::Sparc,
        Self::Parisc,
    ];

    /// The name as in the JSON document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86-64",
            Self::I386 => "i386",
            Self::Arm64 => "arm64",
            Self::Arm => "arm",
            Self::Riscv => "riscv",
            Self::Ppc => "ppc",
            Self::S390x => "s390x",
            Self::Mips => "mips",
            Self::Loongarch => "loongarch",
            Self::Sparc => "sparc",
            Self::Parisc => "parisc",
        }
    }
}

/// A function that is to blame, and why it was picked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Culprit {
    /// Function name without compiler suffixes (`.isra.0`, `.cold`).
    pub function: String,
    /// Module, where the function is not in vmlinux.
    pub module: Option<String>,
    /// Offset of the instruction in the function, in bytes.
    pub offset: Option<u64>,
    /// The source file, where the report itself names one (`kernel BUG at mm/slub.c:448!`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line in `file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_line: Option<u32>,
    /// Why this one, in words.
    pub reason: String,
    /// Log line that names it.
    pub line: u64,
    /// Other functions that could be it, the likeliest first, each with why it is not the first choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runners_up: Vec<Candidate>,
}

/// A function that was considered for the culprit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Function name without compiler suffixes.
    pub function: String,
    /// Module, where the function is not in vmlinux.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Why it comes after the culprit, in words.
    pub reason: String,
    /// Log line that names it.
    pub line: u64,
}

/// One report: an Oops, a BUG, a WARNING, a panic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What sort of report.
    pub kind: Kind,
    /// One line that names the bug, in syzkaller's wording.
    pub title: String,
    /// Other titles under which the same bug is known.
    pub alt_titles: Vec<String>,
    /// True when the report is truncated or mixed with other output; [`Report::corrupted_reason`] says how.
    pub corrupted: bool,
    /// How the report is damaged, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrupted_reason: Option<String>,
    /// What happened, in one or two sentences, each claim with its evidence.
    pub verdict: Prose,
    /// What a reader must not miss: the victim that is not the culprit, the report that is not the first.
    pub notices: Vec<Notice>,
    /// What this kind of report means, what this one's evidence says, who is innocent, and what to do next.
    #[serde(default, skip_serializing_if = "Explanation::is_empty")]
    pub explanation: Explanation,
    /// How bad it was.
    pub severity: Severity,
    /// The function to blame.
    pub culprit: Option<Culprit>,
    /// The part of the kernel to which the culprit belongs. Always an inference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subsystem: Option<Subsystem>,
    /// By what the same bug is known again in another log. Absent where the report names too little for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// Facts that only this kind of report has, in the order of the log: KASAN's access size, the task that hung,
    /// the locks of a deadlock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// Context in which the faulting code ran.
    pub context: Context,
    /// How the context is known, in words, with the line.
    #[serde(default, skip_serializing_if = "Prose::is_empty")]
    pub context_reason: Prose,
    /// What kind of access to what kind of address, for a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// The processor's or kernel's own code for the trap, decoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trap: Option<Trap>,
    /// Kernel release: `6.1.0-56-amd64`.
    pub kernel: Option<String>,
    /// What follows the release on the `CPU:` line: `#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_build: Option<String>,
    /// Architecture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<Arch>,
    /// CPU that reported.
    pub cpu: Option<u32>,
    /// PID of the current task. In interrupt context this task is the interrupted one.
    pub pid: Option<u32>,
    /// UID of the current task, on kernels that print it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Name of the current task.
    pub comm: Option<String>,
    /// Taint, decoded. Absent when the report does not say; empty flags for "Not tainted".
    pub taint: Option<Taint>,
    /// `Hardware name:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<String>,
    /// `Workqueue:` — the work item that the kworker ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workqueue: Option<String>,
    /// Line of the `CPU: … PID: … Comm: …` facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_line: Option<u64>,
    /// Time stamp of the first line, in seconds since boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<f64>,
    /// Date or clock before the first line, as the channel wrote it: `Aug 17 12:34:56`, `2026-08-17T12:34:56+02:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_clock: Option<String>,
    /// `[#1]`: how many times the kernel has died, with this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub die_counter: Option<u32>,
    /// Registers at the fault, in the order printed.
    pub registers: Vec<Register>,
    /// The stacks, innermost first: the interrupt's above the interrupted one.
    pub stacks: Vec<Stack>,
    /// `Code:` bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Modules in the order printed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<Module>,
    /// The panic that followed from this report, or that is this report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panic: Option<Panic>,
    /// `Kernel Offset:` — KASLR's displacement, hex string; `0x0` when disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_offset: Option<String>,
    /// First line of the report.
    pub first_line: u64,
    /// Last line of the report, with the panic that follows from it.
    pub last_line: u64,
    /// Which boot of the log, counting from 0.
    pub boot: u32,
    /// Index, in `reports`, of an earlier report of which this one may be a consequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_follow_from: Option<u32>,
    /// What ties this report to others of the same log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// True when lines of several CPUs or tasks were told apart without caller ids (`[T12]`, `[C0]`): by the best
    /// separation that the lines' own grammar allows, which may be wrong.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interleaved: bool,
    /// What files of symbols and debug information added to it; absent where none were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbols: Option<Symbolized>,
    /// How often the same title and place was reported again later in the log; those are not listed again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeats: u64,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference; on wasm32 a u64 is not trivial and the lint is silent"
)]
fn is_zero(n: &u64) -> bool {
    *n == 0
}
