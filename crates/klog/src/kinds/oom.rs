//! **Out of memory.** An allocation could not be met by any reclaim, and the kernel killed a process to go on: the one
//! with the highest score, which is mostly the largest. This is no crash and mostly no bug of the kernel.
//!
//! Two tasks are named. The one that “invoked oom-killer” only asked at the wrong moment; it is innocent, and so is
//! every function in the trace. The one that was killed is the victim of its size: whether it is also the cause, the
//! table of tasks shows. “Memory cgroup out of memory” or CONSTRAINT_MEMCG: the limit of a container was reached, and
//! the machine may have had memory left. If no process is large, look for the memory in the kernel: slab_unreclaimable,
//! shmem, and pages that a driver holds.
//!
//! Headline: `comm invoked oom-killer: gfp_mask=…, order=0, oom_score_adj=0` (mm/oom_kill.c `dump_header`), then
//! `Mem-Info:` or the cgroup's counters, `Tasks state`, `oom-kill:constraint=…`, `Out of memory: Killed process …`.

use super::Rule;
use crate::about;
use crate::facts::Facts;
use crate::grammar::{decimal, mem_info};
use crate::title::Titles;
use oopscope_report::{Detail, Prose, Severity};

pub(crate) static RULE: Rule = Rule {
    name: "oom",
    about: about::OOM,
    headers: &["invoked oom-killer: ", "ut of memory: Kill"],
    begins: |text| invoker(text).is_some() || is_killing(text),
    yields: true,
    // The allocation of the task that was killed fails in the end, and says so (mm/page_alloc.c).
    absorbs: |text| is_killing(text) || text.contains(": page allocation failure: order:"),
    owns: |text| {
        let trimmed = text.trim_start();
        mem_info::is_line(text)
            || [
                "oom-kill:",
                "oom_reaper: ",
                "Killed process ",
                "COMPACTION is disabled",
                "Out of memory and no killable",
            ]
            .iter()
            .any(|start| trimmed.starts_with(start))
            || is_killing(text)
            || trimmed.starts_with("Task in ") && trimmed.contains(" killed as a result of limit of ")
    },
    detail,
    details: biggest,
    severity: |_| Severity::Error,
    titles,
    lead,
    needs_trace: false,
    names_task: true,
    ..Rule::BASE
};

/// Who asked: `tail invoked oom-killer: gfp_mask=0x…(GFP_…), order=0, oom_score_adj=0`.
fn invoker(text: &str) -> Option<(&str, &str)> {
    let (comm, rest) = text.trim_start().split_once(" invoked oom-killer: ")?;
    (comm.len() < 16 && rest.starts_with("gfp_mask=")).then_some((comm, rest))
}

/// `Out of memory: Killed process 152 (tail) …`; until 5.2 `Out of memory: Kill process 152 (tail) score 900 or
/// sacrifice child` stood before `Killed process 152 (tail) …`.
fn is_killing(text: &str) -> bool {
    text.trim_start().split_once("ut of memory: Kill").is_some_and(|(before, rest)| {
        matches!(before, "O" | "Memory cgroup o") && (rest.starts_with("ed process ") || rest.starts_with(" process "))
    })
}

/// The task that was killed: PID, name, and what else the line says of it.
fn killed(text: &str) -> Option<(u32, &str, &str)> {
    let (_, rest) = text.split_once("Killed process ").or_else(|| text.split_once(" Kill process "))?;
    let (pid, rest) = decimal(rest)?;
    let (comm, rest) = rest.trim_start_matches(',').trim_start().strip_prefix('(')?.split_once(')')?;
    Some((pid, comm, rest.trim_start_matches([' ', ','])))
}

fn detail(text: &str) -> Option<(&'static str, String)> {
    let trimmed = text.trim();
    if let Some((comm, rest)) = invoker(text) {
        return Some(("asked", format!("{comm}: {rest}")));
    }
    if let Some((pid, comm, rest)) = killed(text) {
        return Some(("killed", format!("{comm}[{pid}] {rest}").trim_end().to_owned()));
    }
    if let Some(rest) = trimmed.strip_prefix("oom-kill:") {
        return Some(("constraint", rest.to_owned()));
    }
    if let Some(group) = trimmed.strip_prefix("Memory cgroup stats for ") {
        return Some(("cgroup", group.trim_end_matches(':').to_owned()));
    }
    if let Some(rest) = trimmed.strip_prefix("oom_reaper: ") {
        return Some(("reaped", rest.to_owned()));
    }
    mem_info::detail(text)
}

/// Tasks of the table that are shown.
const BIGGEST: usize = 5;

/// The biggest tasks of the table. Pages are mostly of 4 KiB, but not everywhere, and the log does not say.
fn biggest(facts: &Facts) -> Vec<Detail> {
    let mut tasks: Vec<(mem_info::Task<'_>, u64)> =
        facts.numbered_texts().filter_map(|(text, number)| Some((mem_info::task(text)?, number))).collect();
    tasks.sort_by_key(|(task, _)| std::cmp::Reverse(task.rss));
    tasks
        .into_iter()
        .take(BIGGEST)
        .map(|(task, line)| Detail {
            name: "big task".to_owned(),
            value: format!("{}[{}]: {} pages", task.comm, task.pid, task.rss),
            meaning: None,
            line,
        })
        .collect()
}

fn victim(facts: &Facts) -> Option<((u32, String, bool), u64)> {
    let of_line = |text: &str| {
        let (pid, comm, _) = killed(text)?;
        Some((pid, comm.to_owned(), text.contains("emory cgroup out of memory")))
    };
    // The header itself may be the line.
    facts.find_line(of_line)
}

fn titles(facts: &Facts) -> Titles {
    if let Some(panic) = &facts.report.panic {
        return Titles::plain(format!("kernel panic: {}", panic.reason));
    }
    match victim(facts) {
        Some(((_, comm, true), _)) => Titles::plain(format!("Memory cgroup out of memory: Killed process ({comm})")),
        Some(((_, comm, false), _)) => Titles::plain(format!("Out of memory: Killed process ({comm})")),
        None => Titles::plain("Out of memory: invoked oom-killer"),
    }
}

fn lead(facts: &Facts) -> Prose {
    let asked = invoker(&facts.header).map(|(comm, _)| comm.to_owned());
    let prose = match victim(facts) {
        Some(((pid, comm, true), line)) => Prose::default()
            .text("A cgroup reached its memory limit, and the kernel ")
            .claim(format!("killed {comm}[{pid}]"), Some(line)),
        Some(((pid, comm, false), line)) => {
            Prose::default().text("Memory ran out, and the kernel ").claim(format!("killed {comm}[{pid}]"), Some(line))
        }
        None => Prose::default().claim("Memory ran out", Some(facts.header_line)),
    };
    match asked {
        Some(comm) => prose.text("; ").claim(format!("{comm} had asked for more"), Some(facts.header_line)),
        None => prose,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(
            killed("Out of memory: Killed process 152 (tail) total-vm:1kB, anon-rss:2kB"),
            Some((152, "tail", "total-vm:1kB, anon-rss:2kB"))
        );
        assert_eq!(killed("Killed process 152, UID 0, (tail) total-vm:1kB"), None);
        assert_eq!(
            killed("Out of memory: Kill process 12 (a b) score 900 or sacrifice child"),
            Some((12, "a b", "score 900 or sacrifice child"))
        );
        for text in ["I am out of memory: Killed process 1 (x)", "Out of memory", "x invoked oom-killer: why?"] {
            assert!(!(RULE.begins)(text), "{text}");
        }
    }
}
