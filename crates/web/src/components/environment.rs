//! Modules and environment: what was loaded, what was booted, on what. Must never guess a boot: the report names its own.

use super::prose::maybe_evidence;
use crate::format;
use crate::update::Change;
use oopscope_protocol::LogSummary;
use oopscope_report::{Module, Report};
use yew::prelude::*;

/// Modules and environment.
pub(super) fn environment(report: &Report, summary: &LogSummary, change: &Callback<Change>) -> Html {
    let boot = summary.facts.boots.get(report.boot as usize);
    let modules = &report.modules;
    let banner = boot.map(|boot| {
        let several = summary.facts.boots.len();
        let which = (several > 1).then(|| format!(" (boot {} of {several} in this log)", report.boot + 1));
        let line = |name: &'static str, value: &Option<String>| {
            value.as_ref().map(|value| html! { <><dt>{ name }</dt><dd>{ value }</dd></> })
        };
        html! {
            <dl class="env">
                <dt>{ "Boot" }{ which }</dt>
                <dd>{ maybe_evidence(Some(boot.line), html! { { &boot.banner } }, change) }</dd>
                { line("Command line", &boot.command_line) }
                { line("Machine", &boot.machine) }
            </dl>
        }
    });
    html! {
        <div class="two">
            <section>
                <h2>{ "Modules " }<span>{ format::count(modules.len() as u64) }</span></h2>
                if modules.is_empty() {
                    <p class="none">{ "The report lists no modules." }</p>
                } else {
                    { module_list(modules) }
                }
            </section>
            <section>
                <h2>{ "Environment" }</h2>
                { banner.unwrap_or_else(|| html! {
                    <p class="none">{ "The log does not hold this boot's “Linux version” line." }</p>
                }) }
            </section>
        </div>
    }
}

fn module_list(modules: &[Module]) -> Html {
    let mut sorted: Vec<&Module> = modules.iter().collect();
    // Those in the trace first, then those that taint; inside each group the kernel's order, which is newest first.
    sorted.sort_by_key(|module| (!module.in_trace, module.flags.is_empty()));
    let items = sorted.iter().map(|module| {
        let title = match (module.in_trace, module.flags.is_empty()) {
            (true, true) => "in the trace",
            (true, false) => "in the trace; the letters are its taint flags, + being loaded, - being unloaded",
            (false, false) => "the letters are its taint flags, + being loaded, - being unloaded",
            (false, true) => "",
        };
        let flags = (!module.flags.is_empty()).then(|| format!("({})", module.flags));
        html! {
            <li class={classes!(module.in_trace.then_some("in-trace"), (!module.flags.is_empty()).then_some("taints"))}
                title={(!title.is_empty()).then_some(title)}>{ &module.name }{ flags }</li>
        }
    });
    html! { <ul class="modules">{ for items }</ul> }
}
