//! What a task's state bits mean in this kernel. Must never name a state by a number that the kernel numbers otherwise:
//! its own table of names, in the order of the bits, is read where it can be.

use crate::Kernel;
use crate::fields;

/// `TASK_NOLOAD`: 0x400 ever since it came (4.2, commit "sched/wait: Introduce TASK_NOLOAD and TASK_IDLE").
const NOLOAD: u64 = 0x400;
/// `TASK_RTLOCK_WAIT` (5.15) and `TASK_FROZEN` (6.1): the kernel shows both as "D" (commit "freezer,sched: Report frozen
/// tasks as 'D' instead of 'R'"). Before, these bits were not used.
const SHOWN_AS_D: u64 = 0x1000 | 0x8000;
/// `TASK_UNINTERRUPTIBLE`, ever.
const UNINTERRUPTIBLE: u64 = 2;
/// The table has 7 to 11 names.
const MOST_NAMES: u64 = 16;
/// The longest is "t (tracing stop)".
const LONGEST_NAME: u64 = 32;

/// The names of Linux 4.14 and later (`task_state_array`), for a kernel whose table cannot be read.
const KNOWN: [(&str, &str); 9] = [
    ("R", "running"),
    ("S", "sleeping"),
    ("D", "disk sleep"),
    ("T", "stopped"),
    ("t", "tracing stop"),
    ("X", "dead"),
    ("Z", "zombie"),
    ("P", "parked"),
    ("I", "idle"),
];

/// The names of a kernel's states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct States {
    /// Letter and words: the first for no bit, then one a bit.
    names: Vec<(String, String)>,
    /// Letter and words for tasks that wait and are not counted as load, where the kernel names them.
    idle: Option<(String, String)>,
    /// Where they were read.
    from: &'static str,
}

impl States {
    /// Reads `task_state_array`.
    pub fn read(kernel: &Kernel) -> Self {
        let long = u64::from(kernel.layout().pointer);
        let mut names = Vec::new();
        if let Some(table) = kernel.symbol("task_state_array") {
            for index in 0..MOST_NAMES {
                let Ok(pointer) = fields::number(kernel, table.wrapping_add(index * long), long) else { break };
                let Ok(text) = kernel.string(pointer, LONGEST_NAME) else { break };
                let Some(name) = split(&text) else { break };
                names.push(name);
            }
        }
        Self::new(names)
    }

    /// From names in the order of the table.
    pub fn new(mut names: Vec<(String, String)>) -> Self {
        let mut from = "task_state_array";
        // What is no table of states begins otherwise.
        if names.len() < 5 || names.iter().zip(KNOWN).take(3).any(|(name, known)| name.0 != known.0) {
            names = KNOWN.map(|(letter, words)| (letter.to_owned(), words.to_owned())).to_vec();
            from = "the table of Linux 4.14 and later";
        }
        // Only states of TASK_REPORT are told by their bits; up to 4.13 others followed ("K (wakekill)", "W (waking)").
        let told = |letter: &str| matches!(letter, "R" | "S" | "D" | "T" | "t" | "X" | "Z");
        let mut length = names.iter().take_while(|(letter, _)| told(letter)).count();
        if names.get(length).is_some_and(|(letter, _)| letter == "P") {
            length += 1;
        }
        let idle = names.iter().find(|(letter, _)| letter == "I").cloned();
        names.truncate(length);
        Self { names, idle, from }
    }

    /// Where the names come from.
    pub const fn from(&self) -> &'static str {
        self.from
    }

    /// Letter and words for a state, as `task_state_index` chooses them.
    pub fn name(&self, state: u64, exit_state: u64) -> (&str, &str) {
        let report = (1_u64 << self.names.len().saturating_sub(1).min(63)) - 1;
        let mut shown = (state | exit_state) & report;
        if state & (UNINTERRUPTIBLE | NOLOAD) == UNINTERRUPTIBLE | NOLOAD
            && exit_state == 0
            && let Some((letter, words)) = &self.idle
        {
            return (letter, words);
        }
        if shown == 0 && state & SHOWN_AS_D != 0 {
            shown = UNINTERRUPTIBLE;
        }
        let bit = usize::try_from(u64::BITS - shown.leading_zeros()).unwrap_or_default();
        self.names.get(bit).map_or(("?", "unknown"), |(letter, words)| (letter, words))
    }
}

/// `S (sleeping)` in its parts.
fn split(text: &str) -> Option<(String, String)> {
    let (letter, words) = text.split_once(" (")?;
    let words = words.strip_suffix(')')?;
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b' ');
    (letter.len() == 1 && plain(letter) && plain(words)).then(|| (letter.to_owned(), words.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[&str]) -> States {
        States::new(names.iter().filter_map(|name| split(name)).collect())
    }

    /// fs/proc/array.c of 3.10.
    const V3_10: [&str; 11] = [
        "R (running)",
        "S (sleeping)",
        "D (disk sleep)",
        "T (stopped)",
        "t (tracing stop)",
        "Z (zombie)",
        "X (dead)",
        "x (dead)",
        "K (wakekill)",
        "W (waking)",
        "P (parked)",
    ];

    #[test]
    fn states_by_their_own_kernels_bits() {
        let now = table(&[]);
        assert_eq!(now.from(), "the table of Linux 4.14 and later");
        let letters = [0, 1, 2, 4, 8, 0x10, 0x20, 0x40, 0x402, 0x2402, 0x102, 0x8000, 0x1000, 0x800]
            .map(|state| now.name(state, 0).0.to_owned())
            .concat();
        assert_eq!(letters, "RSDTtXZPIIDDDR");
        assert_eq!(now.name(0x80, 0x20), ("Z", "zombie"));
        assert_eq!(now.name(0x402, 0x10), ("X", "dead"));

        let old = table(&V3_10);
        assert_eq!(old.from(), "task_state_array");
        // Zombies have bit 0x10 there; a killable wait (0x82) is a wait; nothing is idle.
        assert_eq!(old.name(0, 0x10), ("Z", "zombie"));
        assert_eq!(old.name(0x82, 0), ("D", "disk sleep"));
        assert_eq!(old.name(0x402, 0), ("D", "disk sleep"));
    }

    #[test]
    fn what_is_no_table_is_not_believed() {
        assert_eq!(
            table(&["X (y)", "S (sleeping)", "D (z)", "T (a)", "t (b)"]).from(),
            "the table of Linux 4.14 and later"
        );
        assert_eq!(split("S (sleeping"), None);
        assert_eq!(split("SS (sleeping)"), None);
        assert_eq!(split("\u{1} (sleeping)"), None);
    }
}
