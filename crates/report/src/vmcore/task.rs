//! Tasks. Must never hold what differs between two readings of one dump.

use super::Address;
use serde::{Deserialize, Serialize};

/// A task or thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Thread's id, as the first namespace has it.
    pub pid: i32,
    /// Thread group's id: the process's PID.
    pub tgid: i32,
    /// The parent's thread group: what `getppid` says.
    pub ppid: i32,
    /// Name, at most 15 bytes.
    pub comm: String,
    /// State in one or two letters, as `ps` and the kernel's own tables name it: `R`, `S`, `D`, `I`, `Z`, …
    pub state: String,
    /// State in that kernel's words: `running`, `sleeping`, `disk sleep`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_name: Option<String>,
    /// `task_struct.__state` (or `state`) together with `exit_state`, as it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_bits: Option<Address>,
    /// CPU on which it ran, or ran last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// Its `task_struct`.
    pub address: Address,
    /// True when a CPU was running it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub active: bool,
    /// True for the task that panicked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub panicked: bool,
    /// True for a thread of the kernel.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kernel: bool,
    /// Resident memory, in bytes; absent for kernel threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rss: Option<u64>,
    /// Virtual memory, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vsz: Option<u64>,
    /// Share of the physical memory that is resident, in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_share: Option<f64>,
    /// When it was started: nanoseconds after boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<u64>,
    /// The parent's `task_struct`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Address>,
    /// What of it could not be read, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}
