//! The kinds of reports: one file a kind. Its module documentation explains the kind to the reader of a report (the
//! build takes it from there, `build.rs`); its rule tells by which lines it is found, whom it blames, what it is called
//! and what it says.
//!
//! To add a kind: write its file, add its rule to [`RULES`], add fixtures (CONTRIBUTING.md has the checklist).

pub(crate) mod aer;
pub(crate) mod atomic_sleep;
pub(crate) mod bad_page;
pub(crate) mod bug;
pub(crate) mod busy_dentry;
pub(crate) mod cfi;
pub(crate) mod divide_error;
pub(crate) mod dma_api;
pub(crate) mod double_fault;
pub(crate) mod fortify;
pub(crate) mod fuzzer;
pub(crate) mod gpf;
pub(crate) mod hard_lockup;
pub(crate) mod hardware_error;
pub(crate) mod hung_task;
pub(crate) mod init_killed;
pub(crate) mod int3;
pub(crate) mod internal_error;
pub(crate) mod invalid_opcode;
pub(crate) mod irq_flags;
pub(crate) mod irq_nobody_cared;
pub(crate) mod kasan;
pub(crate) mod kcsan;
pub(crate) mod kfence;
pub(crate) mod kmemleak;
pub(crate) mod kmsan;
pub(crate) mod list_corruption;
pub(crate) mod lockdep;
pub(crate) mod machine_check;
pub(crate) mod message;
pub(crate) mod mm_counters;
pub(crate) mod netdev_watchdog;
pub(crate) mod no_init;
pub(crate) mod no_root;
pub(crate) mod object_debug;
pub(crate) mod oom;
pub(crate) mod oom_panic;
pub(crate) mod oops;
pub(crate) mod page_allocation;
pub(crate) mod panic;
pub(crate) mod preemptible;
pub(crate) mod rcu_stall;
pub(crate) mod reboot;
pub(crate) mod refcount;
pub(crate) mod rust_panic;
pub(crate) mod slab;
pub(crate) mod soft_lockup;
pub(crate) mod spinlock;
pub(crate) mod stack_end;
pub(crate) mod stack_overflow;
pub(crate) mod stack_protector;
pub(crate) mod stack_regs;
pub(crate) mod stack_segment;
pub(crate) mod sysfs_duplicate;
pub(crate) mod sysrq_crash;
pub(crate) mod trap;
pub(crate) mod trusty;
pub(crate) mod ubsan;
pub(crate) mod unregister_netdevice;
pub(crate) mod usercopy;
pub(crate) mod vfs_busy;
pub(crate) mod warning;
pub(crate) mod workqueue;
pub(crate) mod workqueue_leak;

use crate::culprit::{Blame, NOBODY, Pick};
use crate::explain::folded;
use crate::facts::Facts;
use crate::grammar::marks;
use crate::line::Line;
use crate::segment::Part;
use crate::title::Titles;
use oopscope_report::{Advice, Detail, Kind, Prose, Severity};

/// How reports of one kind are found and described.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a property of its own that a kind has or has not")]
pub(crate) struct Rule {
    /// The stable short name in the JSON document.
    pub(crate) name: &'static str,
    /// What this kind means, for people: its file's documentation.
    pub(crate) about: &'static str,
    /// Literals, one of which stands in every line that begins a report of this kind. The scan looks for these
    /// alone; they are also what a reader is told was looked for.
    pub(crate) headers: &'static [&'static str],
    /// Whether a line begins a report of this kind.
    pub(crate) begins: fn(&str) -> bool,
    /// A die line (`Oops: 0002 [#1]`) that follows belongs to the report.
    pub(crate) dies: bool,
    /// `Kernel panic` is the report itself.
    pub(crate) is_panic: bool,
    /// Whether a line that could begin another report belongs to this one instead.
    pub(crate) absorbs: fn(&str) -> bool,
    /// Whether a line belongs to the report that no other grammar knows.
    pub(crate) owns: fn(&str) -> bool,
    /// A fact that only this kind has: its name and its value.
    pub(crate) detail: fn(&str) -> Option<(&'static str, String)>,
    /// The headline is all there is: it may come in the middle of another report without ending it.
    pub(crate) one_line: bool,
    /// Reports of this kind have a trace: one without is damaged.
    pub(crate) needs_trace: bool,
    /// A message before the headline of a WARN or BUG (after `cut here`) that makes it a report of this kind.
    pub(crate) said: fn(&str) -> bool,
    /// It tells of a state rather than of a bug: in the middle of another report of the same caller, which then may well
    /// be about the same, it begins none of its own.
    pub(crate) yields: bool,
    /// Facts that only the whole report tells.
    pub(crate) details: fn(&Facts) -> Vec<Detail>,
    /// How bad it is, without a panic.
    pub(crate) severity: fn(&Facts) -> Severity,
    /// Whether the whole of what was collected is such a report after all.
    pub(crate) confirms: fn(&Facts) -> bool,
    /// Where the culprit is looked for.
    pub(crate) blame: fn(&Facts) -> &'static Blame,
    /// The title and the alternative titles.
    pub(crate) titles: fn(&Facts) -> Titles,
    /// What happened, up to the place: "A write to 0x100, inside the NULL page,".
    pub(crate) lead: fn(&Facts) -> Prose,
    /// The lead names the task that the report is about: the one on the `CPU:` line is the watchdog's.
    pub(crate) names_task: bool,
    /// How the machine fares after such a report, without a panic; empty where it is no end of anything.
    pub(crate) went_on: &'static str,
    /// What the evidence says that only this kind has.
    pub(crate) evidence: fn(&Facts) -> Vec<Prose>,
    /// Who is innocent in a report of this kind.
    pub(crate) innocent: fn(&Facts) -> Vec<Prose>,
    /// What to do next that only makes sense for this kind.
    pub(crate) next: fn(&Facts) -> Vec<Advice>,
}

impl Rule {
    /// What a rule leaves out.
    pub(crate) const BASE: Self = Self {
        name: "",
        about: "",
        headers: &[],
        begins: |_| false,
        dies: false,
        is_panic: false,
        absorbs: |_| false,
        owns: |_| false,
        detail: |_| None,
        one_line: false,
        needs_trace: true,
        said: |_| false,
        yields: false,
        details: |_| Vec::new(),
        severity: |facts| if facts.rule.dies { Severity::Error } else { Severity::Warning },
        confirms: |_| true,
        blame: |_| &NOBODY,
        titles: |facts| Titles::plain(facts.header.as_str()),
        lead: headline,
        names_task: false,
        went_on: "The kernel went on.",
        evidence: |_| Vec::new(),
        innocent: |_| Vec::new(),
        next: |_| Vec::new(),
    };

    /// The kind as it stands in a report.
    pub(crate) const fn kind(&self) -> Kind {
        Kind::new(self.name)
    }

    /// How it chooses among the functions that may be blamed.
    pub(crate) fn pick(&self, facts: &Facts) -> Pick {
        (self.blame)(facts).pick
    }
}

/// All kinds, more specific ones first: the first whose `begins` holds takes the line.
pub(crate) static RULES: &[&Rule] = &[
    &kasan::RULE,
    &kmsan::RULE,
    &kcsan::RULE,
    &kfence::RULE,
    &ubsan::RULE,
    &lockdep::RULE,
    &rcu_stall::RULE,
    &soft_lockup::RULE,
    &hard_lockup::RULE,
    &hung_task::RULE,
    &workqueue::RULE,
    &workqueue_leak::RULE,
    &atomic_sleep::RULE,
    &preemptible::RULE,
    &spinlock::RULE,
    &bad_page::RULE,
    &mm_counters::RULE,
    &busy_dentry::RULE,
    &kmemleak::RULE,
    &slab::RULE,
    &stack_overflow::RULE,
    &double_fault::RULE,
    &oops::RULE,
    &list_corruption::RULE,
    &list_corruption::WARNED,
    &usercopy::RULE,
    &rust_panic::RULE,
    &bug::RULE,
    &refcount::RULE,
    &fortify::RULE,
    &fortify::DEADLY,
    &dma_api::RULE,
    &cfi::RULE,
    &object_debug::RULE,
    &stack_regs::RULE,
    &warning::RULE,
    &gpf::RULE,
    &divide_error::RULE,
    &invalid_opcode::RULE,
    &int3::RULE,
    &stack_segment::RULE,
    &trap::RULE,
    &internal_error::RULE,
    &stack_protector::RULE,
    &stack_end::RULE,
    &init_killed::RULE,
    &no_root::RULE,
    &no_init::RULE,
    &sysrq_crash::RULE,
    &oom_panic::RULE,
    &panic::RULE,
    &unregister_netdevice::RULE,
    &vfs_busy::RULE,
    &oom::RULE,
    &page_allocation::RULE,
    &machine_check::RULE,
    &hardware_error::RULE,
    &aer::RULE,
    &irq_nobody_cared::RULE,
    &irq_flags::RULE,
    &netdev_watchdog::RULE,
    &sysfs_duplicate::RULE,
    &reboot::RULE,
    &trusty::RULE,
    &fuzzer::RULE,
    &message::RULE,
];

/// The rule whose report a line begins, and where in the line its header begins: other output may have run into it.
pub(crate) fn begins(text: &str) -> Option<(&'static Rule, usize)> {
    if message::is_harmless(text) || marks::is_end_panic(text) {
        return None;
    }
    let specific = || RULES.iter().copied().filter(|rule| !std::ptr::eq(*rule, &raw const message::RULE));
    if let Some(rule) = specific().find(|rule| (rule.begins)(text)) {
        return Some((rule, 0));
    }
    // Two messages in one line: `... bytes[   76.4] BUG: KASAN: …`.
    let bound =
        |at: usize| !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '"' | '\'' | '`'));
    let inside = specific()
        .filter(|rule| !rule.one_line && !rule.is_panic)
        .flat_map(|rule| rule.headers.iter().map(move |header| (rule, *header)))
        .filter_map(|(rule, header)| {
            let at = text.find(header).filter(|at| *at > 0 && bound(*at))?;
            (rule.begins)(&text[at..]).then_some((rule, at))
        })
        .min_by_key(|(_, at)| *at);
    inside.or_else(|| (message::RULE.begins)(text).then_some((&message::RULE, 0)))
}

/// The rule by which the words before a WARN's or BUG's headline are known, or else the headline's own.
pub(crate) fn by_message(rule: &'static Rule, before: &[(Part, Line)]) -> &'static Rule {
    let is_general =
        [&raw const warning::RULE, &raw const bug::RULE].iter().any(|general| std::ptr::eq(rule, *general));
    if !is_general {
        return rule;
    }
    let says = |other: &&&Rule| other.dies == rule.dies && before.iter().any(|(_, line)| (other.said)(&line.text));
    RULES.iter().find(says).copied().unwrap_or(rule)
}

/// Literals besides the headers that the scan must see: what frames a report, and the die counter, which every die
/// line has whatever the exception's name is. With its first digit, because three bytes make a search for many
/// literals twice as fast as two.
pub(crate) const MARKS: [&str; 11] =
    ["[ cut here ]", "8<--- cut here", "[#1", "[#2", "[#3", "[#4", "[#5", "[#6", "[#7", "[#8", "[#9"];

/// The verdict's beginning for kinds whose headline says it all: "The kernel reported “…”,".
pub(crate) fn headline(facts: &Facts) -> Prose {
    Prose::default().text("The kernel reported “").claim(folded(&facts.header), Some(facts.header_line)).text("”,")
}
