//! **A copy between kernel and user space that crosses an object's bounds.** Hardened usercopy checks that what is copied
//! lies inside one object, one stack frame, or a whitelisted part of a slab cache. It refused: the length or offset that
//! the caller passed is wrong, often one that came from user space and was not checked. Had it been let through, it would
//! have leaked or overwritten kernel memory.
//!
//! `usercopy: Kernel memory exposure attempt detected from SLUB object 'x' (offset 0, size 64)!`, then
//! `kernel BUG at mm/usercopy.c:102!` (mm/usercopy.c `usercopy_abort`).

use super::Rule;
use crate::about;
use crate::culprit::Blame;
use crate::explain::quoted;
use crate::title::Titles;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "usercopy",
    about: about::USERCOPY,
    headers: &["kernel BUG at mm/usercopy.c"],
    begins: |text| text.contains("kernel BUG at mm/usercopy.c"),
    dies: true,
    blame: |_| &CALLER,
    titles: |facts| Titles::blaming(facts, "BUG: bad usercopy in {}", &[]),
    lead: |facts| {
        quoted(Prose::default().claim("A copy to or from user space was refused", Some(facts.header_line)), facts)
    },
    ..Rule::BASE
};

static CALLER: Blame = Blame::of_trace(&["usercopy", "__check"]);
