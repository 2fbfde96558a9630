//! What the kernel says of the memory when an allocation failed or nothing was left: `Mem-Info:` and the tables after it.
//!
//! mm/show_mem.c `show_mem`, mm/oom_kill.c `dump_tasks`, mm/memcontrol.c `mem_cgroup_print_oom_meminfo`. Must only be
//! asked inside a report of such a kind: some of these lines are but a word and a number.

/// True for a line of those tables.
pub(crate) fn is_line(text: &str) -> bool {
    const STARTS: [&str; 24] = [
        "Mem-Info:",
        "Mem-info:",
        "active_anon:",
        "active_file:",
        "unevictable:",
        "slab_reclaimable:",
        "mapped:",
        "sec_pagetables:",
        "kernel_misc_reclaimable:",
        "free:",
        "Node ",
        "DMA",
        "Normal",
        "HighMem",
        "lowmem_reserve[]:",
        "Swap cache stats:",
        "Free swap",
        "Total swap",
        "Tasks state (memory values in pages):",
        "Memory cgroup stats for ",
        "Unreclaimable slab info:",
        "Name ",
        "Tasks in ",
        "CPU ",
    ];
    let text = text.trim_start();
    STARTS.iter().any(|start| text.starts_with(start))
        || is_pages(text)
        || task(text).is_some()
        || text.starts_with('[') && text.contains("pid") && text.contains("total_vm")
        || text.contains(": usage ") && text.contains("limit ")
        || is_count(text)
}

/// `65406 pages RAM`, `1124 total pagecache pages`.
fn is_pages(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0
        && text[digits..].starts_with(' ')
        && text.contains("page")
        && text[digits..].bytes().all(|b| b.is_ascii_alphabetic() || b" /".contains(&b))
}

/// A cgroup's counter: `workingset_refault_anon 0`.
fn is_count(text: &str) -> bool {
    text.trim_end().split_once(' ').is_some_and(|(name, value)| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            && !value.is_empty()
            && value.bytes().all(|b| b.is_ascii_digit())
    })
}

/// A row of the table of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Task<'a> {
    pub(crate) pid: u32,
    pub(crate) comm: &'a str,
    /// Pages that it holds.
    pub(crate) rss: u64,
}

/// `[    152]     0   152    48202    48011    47680        0       331   425984        0             0 tail`: PID, UID,
/// TGID, pages mapped, pages held, and columns that newer kernels have more of.
pub(crate) fn task(text: &str) -> Option<Task<'_>> {
    let (pid, rest) = text.trim_start().strip_prefix('[')?.split_once(']')?;
    let pid = pid.trim().parse().ok()?;
    let mut columns = 0;
    let mut rss = 0;
    let mut rest = rest.trim_start();
    loop {
        let (word, after) = rest.split_once(' ')?;
        let Ok(value) = word.parse::<i64>() else { break };
        if columns == 3 {
            rss = u64::try_from(value).ok()?;
        }
        columns += 1;
        rest = after.trim_start();
        if !rest.contains(' ') {
            break;
        }
    }
    (columns >= 6 && !rest.is_empty()).then_some(Task { pid, comm: rest.trim_end(), rss })
}

/// The facts that tell how much there was: a name and a value.
pub(crate) fn detail(text: &str) -> Option<(&'static str, String)> {
    let trimmed = text.trim();
    if trimmed.starts_with("Node ") && trimmed.contains(" free:") && trimmed.contains(" min:") {
        let (zone, rest) = trimmed.split_once(" free:")?;
        let word =
            |name: &str| rest.split_once(name).map_or("?", |(_, rest)| rest.split([' ', ',']).next().unwrap_or("?"));
        let free = rest.split(' ').next().unwrap_or("?");
        return Some(("free", format!("{zone}: {free}, minimum {}", word(" min:"))));
    }
    if let Some((zone, rest)) = trimmed.split_once(": ")
        && rest.contains("*4kB ")
        && let Some((blocks, total)) = rest.rsplit_once(" = ")
    {
        return Some(("free blocks", format!("{zone}: {blocks} = {total}")));
    }
    for (start, name) in [("memory: usage ", "cgroup's memory"), ("swap: usage ", "cgroup's swap")] {
        if let Some(rest) = trimmed.strip_prefix(start) {
            return Some((name, rest.to_owned()));
        }
    }
    for (start, name) in [("Free swap", "free swap"), ("Total swap", "swap")] {
        if let Some(rest) = trimmed.strip_prefix(start) {
            return Some((name, rest.trim_start_matches([' ', '=']).to_owned()));
        }
    }
    trimmed.strip_suffix(" pages RAM").map(|pages| ("pages of memory", pages.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows() {
        let new =
            "[    152]     0   152    48202    48011    47680        0       331   425984        0             0 tail";
        assert_eq!(task(new), Some(Task { pid: 152, comm: "tail", rss: 48011 }));
        let old = "[ 1234]   107  1234    51333      345      40       10        0         -900 my server";
        assert_eq!(task(old), Some(Task { pid: 1234, comm: "my server", rss: 345 }));
        assert_eq!(task("[00000004] *pgd=00000000"), None);
        assert_eq!(task("[  pid  ]   uid  tgid total_vm      rss name"), None);
    }

    #[test]
    fn lines() {
        for text in
            ["65406 pages RAM", "1124 total pagecache pages", "workingset_refault_anon 0", " free:440 free_pcp:1"]
        {
            assert!(is_line(text), "{text}");
        }
        for text in ["usb 1-1: new device", "Killed", "[    1.0] x", "12 monkeys"] {
            assert!(!is_line(text), "{text}");
        }
        let blocks = "Node 0 DMA: 1*4kB (M) 0*8kB 1*256kB (U) = 260kB";
        assert_eq!(detail(blocks).unwrap().1, "Node 0 DMA: 1*4kB (M) 0*8kB 1*256kB (U) = 260kB");
        let zone = "Node 0 DMA free:772kB boost:0kB min:132kB low:164kB";
        assert_eq!(detail(zone).unwrap().1, "Node 0 DMA: 772kB, minimum 132kB");
    }
}
