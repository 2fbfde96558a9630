//! **Invalid opcode.** The processor was given an instruction that it does not know or may not run. Alone (without
//! `kernel BUG at` before it) that is a trap of the compiler's own (`ud2` after code that must not be reached, a
//! sanitizer's trap), code that was overwritten, or a jump to somewhere that is no code. The bytes at the instruction
//! pointer tell: `0f 0b` is ud2, planted on purpose.
//!
//! `invalid opcode: 0000 [#1]` (x86).

use super::{Rule, trap};
use crate::about;
use crate::culprit;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "invalid-opcode",
    about: about::INVALID_OPCODE,
    headers: &["invalid opcode: "],
    begins: |text| trap::is_die(text, &["invalid opcode"]),
    dies: true,
    blame: |_| &culprit::PC_ALONE,
    titles: |facts| Titles::blaming(facts, "invalid opcode in {}", &[]),
    lead: trap::lead,
    ..Rule::BASE
};
