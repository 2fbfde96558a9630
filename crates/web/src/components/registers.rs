//! The registers at the fault, and those of the exception frames inside the trace. Must never change a value: it stands
//! as printed.

use super::prose::maybe_evidence;
use crate::update::Change;
use oopscope_report::{Register, Report};
use yew::prelude::*;

/// The registers.
pub(super) fn registers(report: &Report, change: &Callback<Change>) -> Html {
    let faulting = report.access.as_ref().and_then(|access| access.address.as_deref());
    let others = report.stacks.iter().filter(|stack| !stack.registers.is_empty()).map(|stack| {
        html! {
            <details class="inner">
                <summary>{ format!("At the bottom of “{}”", stack.title) }</summary>
                { grid(&stack.registers, None, change) }
            </details>
        }
    });
    html! {
        <section>
            <h2>{ "Registers" }</h2>
            { grid(&report.registers, faulting, change) }
            { for others }
        </section>
    }
}

fn grid(registers: &[Register], faulting: Option<&str>, change: &Callback<Change>) -> Html {
    let cells = registers.iter().map(|register| {
        let fatal = register.note.as_deref().is_some_and(|note| note.contains("fault"))
            && faulting.is_none_or(|address| same_address(address, &register.value));
        let note = register.note.as_ref().map(|note| html! { <small>{ note }</small> });
        html! {
            <div class={classes!("reg", fatal.then_some("fatal"))}>
                <dt>{ &register.name }</dt>
                <dd>{ maybe_evidence(Some(register.line), html! { { &register.value } }, change) }{ note }</dd>
            </div>
        }
    });
    html! { <dl class="regs">{ for cells }</dl> }
}

/// True for the same number, however many zeros stand before it.
fn same_address(a: &str, b: &str) -> bool {
    let digits = |text: &str| text.trim_start_matches("0x").trim_start_matches('0').to_ascii_lowercase();
    digits(a) == digits(b)
}

#[cfg(test)]
mod tests {
    use super::same_address;

    #[test]
    fn addresses_are_compared_by_their_digits() {
        assert!(same_address("0x100", "0000000000000100"));
        assert!(same_address("0x0", "0000000000000000"));
        assert!(!same_address("0x100", "0x1000"));
    }
}
