//! The machine and its kernel. Must never hold a fact without its source in [`System::from`].

use super::{Address, Backtrace};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The machine and its kernel, as crash's banner has them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct System {
    /// Kernel's release: `6.12.57+deb13-amd64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Kernel's version: `#1 SMP PREEMPT_DYNAMIC Debian 6.12.57-1 (2025-11-05)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `linux_banner`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banner: Option<String>,
    /// `x86_64`, `aarch64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// The host's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// CPUs that were online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus_online: Option<u32>,
    /// Numbers of CPUs that were present and not online.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cpus_offline: Vec<u32>,
    /// Memory that the kernel managed, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// When it ended: seconds since 1970 (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
    /// Seconds since boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime: Option<f64>,
    /// Load averages of 1, 5 and 15 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<[f64; 3]>,
    /// Number of tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<u32>,
    /// The kernel's command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_line: Option<String>,
    /// Letters of the kernel's taint: `OE`; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taint: Option<String>,
    /// What each letter means, in the order of [`Self::taint`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taint_meaning: Vec<String>,
    /// The kernel's build-id in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
    /// By how much KASLR moved the kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kaslr_offset: Option<Address>,
    /// Where each field was read, by its name: `{"hostname": "init_uts_ns.name.nodename (BTF)"}`.
    pub from: BTreeMap<String, String>,
}

/// What ended it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Panic {
    /// The kernel's words: `Fatal exception in interrupt`, or the Oops that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where the message was read: "log", "panic's buffer".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_from: Option<String>,
    /// PID of the task that was running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comm: Option<String>,
    /// Its `task_struct`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Address>,
    /// The CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// How CPU and task were found: "panic_cpu", "crashing_cpu", "the CPU whose registers stand in panic()".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Its stack.
    pub backtrace: Vec<super::Frame>,
    /// Why the stack ends where it ends.
    pub backtrace_ends: String,
}

/// A CPU with what it was doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cpu {
    /// Its number.
    pub number: u32,
    /// Whether it was online.
    pub online: bool,
    /// Its current task with its stack.
    pub backtrace: Backtrace,
}
