//! The search of a stack for return addresses, where nothing else leads on. Must never pass for more than it is:
//! everything that it finds may be left over from earlier calls, and is marked so.

use crate::stack::walk::{Guard, Lost, Step, View, Walk};
use oopscope_report::vmcore::Trust;

/// Most words that are looked at: more than a stack of 32 KiB has.
const MOST_WORDS: u64 = 8192;

/// Most frames that all tries together may walk.
const MOST_STEPS: usize = 8192;

/// Most return addresses that are listed where none leads to the stack's end.
const MOST_LISTED: usize = 64;

/// What ends a stack lies near its highest address: the first functions' frames and user mode's registers.
const NEAR_TOP: u64 = 1024;

/// Follows a stack from a return address: where it lies, what it is, and how many frames there may be.
pub(crate) type Follow<'f> = &'f dyn Fn(&mut Guard<'_>, u64, u64, &mut Walk, usize) -> Result<(), Lost>;

/// Goes on from where a walk was lost: with the first return address further up the stack that leads to the stack's
/// end; where there is none, with all return addresses that lie there.
pub(crate) fn recover(
    view: &dyn View,
    guard: &Guard<'_>,
    walk: &mut Walk,
    lost: &Lost,
    follow: Follow<'_>,
    follows_call: &dyn Fn(u64) -> bool,
) {
    walk.ends = lost.to_string();
    walk.complete = false;
    let (Some(area), Some(sp)) = (guard.area(), guard.last()) else { return };
    let mut found = Vec::new();
    let mut budget = MOST_STEPS;
    let size = view.word_size();
    let mut at = sp.next_multiple_of(size);
    let words = (area.to.saturating_sub(at) / size).min(MOST_WORDS);
    for _ in 0..words {
        let slot = at;
        at += size;
        let Ok(word) = view.word(slot) else { continue };
        if !view.is_text(word) || !follows_call(word) {
            continue;
        }
        if budget > 0 {
            let mut tried = Walk::default();
            let way = follow(&mut guard.clone(), slot, word, &mut tried, budget);
            budget -= tried.steps.len().min(budget);
            if way.is_ok() && tried.complete && reaches_top(&tried, guard) {
                walk.steps.append(&mut tried.steps);
                walk.ends = format!("{}; the stack was searched, because {lost}", tried.ends);
                walk.complete = true;
                return;
            }
        }
        if found.len() < MOST_LISTED {
            found.push(Step {
                address: word,
                call: true,
                sp: Some(slot + size),
                fp: None,
                trust: Trust::Scan,
                stack: area.kind.clone(),
                exception: None,
            });
        }
    }
    if !found.is_empty() {
        walk.ends = format!("{lost}; the stack was searched, and nothing in it leads to its end");
        walk.steps.append(&mut found);
    }
}

/// Whether a walk ends where stacks begin. What is left over from earlier calls often ends by chance, but elsewhere.
fn reaches_top(walk: &Walk, guard: &Guard<'_>) -> bool {
    let Some(last) = walk.steps.last() else { return false };
    let at = last.exception.as_ref().map(|saved| saved.at.0).or(last.sp);
    at.and_then(|at| Some(guard.area_at(at)?.to.saturating_sub(at))).is_some_and(|below| below <= NEAR_TOP)
}
