//! Headings of the traces of other parties: where an object was allocated, who holds a lock, what another CPU does.
//!
//! Must know only headings after which frames come.

use oopscope_report::StackRole;

/// What the frames that follow are to the report, and a heading for people.
pub(crate) fn parse(text: &str) -> Option<(StackRole, String)> {
    let text = text.trim().trim_end_matches(':');
    let role = role(text)?;
    Some((role, text.to_owned()))
}

fn role(text: &str) -> Option<StackRole> {
    let starts = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
    if starts(&["Allocated by task ", "allocated by task ", "page last allocated via ", "Allocated in "])
        || text == "Allocated"
        || text.starts_with("backtrace") && !text.contains(' ')
        || text.starts_with("backtrace (crc ")
    {
        // kmemleak and page_owner, KASAN, KFENCE, SLUB
        return Some(StackRole::Allocated);
    }
    if starts(&["Freed by task ", "freed by task ", "page last free ", "Freed in "]) || text == "Freed" {
        return Some(StackRole::Freed);
    }
    if starts(&[
        "Uninit was created at",
        "Uninit was stored to memory at",
        "Last potentially related work creation",
        "Second to last potentially related work creation",
    ]) || text.starts_with("Local variable ") && text.contains(" created at")
    {
        return Some(StackRole::Origin);
    }
    if starts(&["NMI backtrace for cpu ", "race at unknown origin"])
        || (starts(&["read ", "write "]) && text.contains(" bytes by "))
        || starts(&["INFO: task "]) && text.contains(" likely owned by task ")
        || starts(&["task:"]) && text.contains(" state:")
        || starts(&["Stack dump where RCU GP kthread last ran"])
    {
        return Some(StackRole::OtherParty);
    }
    if starts(&["-> #", "Preemption disabled at"])
        || text.starts_with("which became ") && text.ends_with(" at")
        || text.contains("} state was registered at")
        || text.contains("-ON-") && text.ends_with(" at")
        || text == "INITIAL USE at"
    {
        return Some(StackRole::Lock);
    }
    (text == "stack backtrace").then_some(StackRole::Crash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings() {
        for (text, role) in [
            ("Allocated by task 121 on cpu 1 at 3.4s:", Some(StackRole::Allocated)),
            ("Freed by task 121:", Some(StackRole::Freed)),
            ("Uninit was stored to memory at:", Some(StackRole::Origin)),
            ("Local variable iter created at:", Some(StackRole::Origin)),
            ("write to 0xffff888100a0 of 8 bytes by task 12 on cpu 0:", Some(StackRole::OtherParty)),
            ("NMI backtrace for cpu 1", Some(StackRole::OtherParty)),
            ("-> #1 (&a){+.+.}-{3:3}:", Some(StackRole::Lock)),
            ("stack backtrace:", Some(StackRole::Crash)),
            ("Call Trace:", None),
            ("read the manual", None),
        ] {
            assert_eq!(role, parse(text).map(|found| found.0), "{text}");
        }
    }
}
