//! The code at the trap: the listing with the trapping instruction marked, and the bytes as the kernel printed them.
//! Must never disassemble: the engine has, and says where it could not.

use super::prose::maybe_evidence;
use crate::browser::setting;
use crate::format;
use crate::listing_text::{self, Syntax};
use crate::update::Change;
use oopscope_report::{Code, Instruction, Listing};
use std::rc::Rc;
use yew::prelude::*;

/// Under which name the syntax is remembered.
const SETTING: &str = "syntax";

/// The shortest run of the same instruction that is one row: the padding between functions.
const SHORTEST_RUN: usize = 4;

/// Which code.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// The code.
    pub(crate) code: Code,
    /// Where to tell what the user did.
    pub(crate) change: Callback<Change>,
}

/// The code.
#[component]
pub(crate) fn CodeAtTrap(props: &Props) -> Html {
    let code = &props.code;
    let change = &props.change;
    let syntax =
        use_state(|| if setting::get(SETTING).as_deref() == Some("intel") { Syntax::Intel } else { Syntax::Att });
    let problem = code.listing_problem.as_ref().map(|problem| {
        html! { <p class="pad" id="listing-problem">{ "No listing: " }{ problem }</p> }
    });
    html! {
        <section id="code">
            <h2>{ "Code" }</h2>
            if let Some(listing) = &code.listing { { self::listing(listing, &syntax, change) } }
            { problem }
            if let Some(problem) = &code.problem { <p class="pad">{ problem }</p> }
            { units(code, change) }
        </section>
    }
}

fn listing(listing: &Listing, syntax: &UseStateHandle<Syntax>, change: &Callback<Change>) -> Html {
    let has_both = listing.instructions.iter().any(|row| row.intel.is_some());
    let choice = |label: &'static str, name: &'static str, value: Syntax| {
        let onclick = {
            let syntax = syntax.clone();
            move |_: MouseEvent| {
                setting::set(SETTING, name);
                syntax.set(value);
            }
        };
        html! {
            <button type="button" class="choice" data-syntax={name} aria-pressed={(**syntax == value).to_string()} {onclick}>{ label }</button>
        }
    };
    let text: Rc<str> = Rc::from(listing_text::text(listing, **syntax));
    let copy = change.reform(move |_: MouseEvent| Change::CopyText(Rc::clone(&text)));
    let skipped = (listing.skipped > 0).then(|| {
        let count = format::counted(u64::from(listing.skipped), "byte");
        html! { <p class="pad dim">{ format!("{count} at the beginning left out: no instruction could be found to begin there.") }</p> }
    });
    html! {
        <>
            <div class="toolbar">
                if has_both {
                    <span class="choices" role="group" aria-label="Syntax">
                        { choice("AT&T", "att", Syntax::Att) }{ choice("Intel", "intel", Syntax::Intel) }
                    </span>
                }
                <button type="button" id="copy-listing" onclick={copy}>{ "Copy listing" }</button>
            </div>
            <div class="scroll-x" role="region" aria-label="Code listing" tabindex="0">
                <table id="listing" class="listing">
                    <thead class="unseen"><tr><th>{ "Offset from the trap" }</th><th>{ "Bytes" }</th><th>{ "Instruction" }</th></tr></thead>
                    <tbody>{ for runs(&listing.instructions).map(|run| instruction(run, **syntax, listing.guessed)) }</tbody>
                </table>
            </div>
            if listing.guessed {
                <p class="pad"><span class="guess">{ "What stands before the marked instruction is the best guess: these bytes can be read in more than one way." }<small>{ " (inferred)" }</small></span></p>
            }
            { skipped }
        </>
    }
}

/// The rows: an instruction each, or a run of the same one.
fn runs(instructions: &[Instruction]) -> impl Iterator<Item = &[Instruction]> {
    let same = |a: &Instruction, b: &Instruction| {
        a.bytes == b.bytes && !a.trap && !b.trap && a.notes.is_empty() && b.notes.is_empty()
    };
    instructions.chunk_by(same).flat_map(|run| run.chunks(if run.len() < SHORTEST_RUN { 1 } else { run.len() }))
}

fn instruction(run: &[Instruction], syntax: Syntax, guessed: bool) -> Html {
    let Some(row) = run.first() else { return Html::default() };
    let unsure = guessed && row.offset < 0;
    let again = (run.len() > 1).then(|| {
        html! { <span class="operands">{ format!(" {} times, to {}", run.len(), run.last().map_or_else(String::new, |row| listing_text::offset(row.offset))) }</span> }
    });
    html! {
        <tr class={classes!(row.trap.then_some("trap"), unsure.then_some("guess"))}>
            <td class="off">{ listing_text::offset(row.offset) }</td>
            <td class="hex">{ listing_text::bytes(&row.bytes) }</td>
            <td class="insn">
                { syntax.text(row) }
                if row.trap { <span class="unseen">{ " (the trapping instruction)" }</span> }
                if !row.notes.is_empty() { <span class="operands">{ " " }{ row.notes.join(" · ") }</span> }
                { again }
            </td>
        </tr>
    }
}

/// The units as printed: all there is without a listing, folded under one.
fn units(code: &Code, change: &Callback<Change>) -> Html {
    let units = code.units.iter().zip(0_u32..).map(|(unit, index)| {
        let gap = if index == 0 { "" } else { " " };
        if code.trap == Some(index) {
            html! { <>{ gap }<mark title="the instruction that trapped begins here">{ unit }</mark></> }
        } else {
            html! { <>{ gap }{ unit }</> }
        }
    });
    let legend = match (code.trap, code.units.is_empty()) {
        (Some(_), _) => Some("Marked: where the trapping instruction begins. "),
        (None, false) => Some("The kernel did not mark the trapping instruction. "),
        (None, true) => None,
    };
    let bytes = html! {
        <>
            if !code.units.is_empty() { <p class="bytes">{ for units }</p> }
            <p class="pad dim">
                { legend }{ maybe_evidence(Some(code.line), html! { { format!("Line {}", code.line) } }, change) }
            </p>
        </>
    };
    if code.listing.is_none() {
        return bytes;
    }
    html! {
        <details class="inner"><summary>{ "The bytes as printed" }</summary>{ bytes }</details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_one_row_and_the_trap_its_own() {
        let int3 = |trap| Instruction { bytes: "cc".to_owned(), trap, ..Instruction::default() };
        let mut rows = vec![int3(false); 6];
        rows.push(int3(true));
        rows.extend(vec![int3(false); 3]);
        let lengths: Vec<_> = runs(&rows).map(<[_]>::len).collect();
        assert_eq!(lengths, [6, 1, 1, 1, 1]);
    }
}
