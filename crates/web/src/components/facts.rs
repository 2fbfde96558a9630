//! The strip of facts: kernel, machine, task, context, taint. Must never call the interrupted task the culprit.

use super::prose::maybe_evidence;
use crate::format;
use crate::update::Change;
use oopscope_report::{Context, Report, Taint};
use yew::prelude::*;

/// The strip.
pub(super) fn facts(report: &Report, change: &Callback<Change>) -> Html {
    let task_line = report.task_line;
    let interrupted = matches!(report.context, Context::Hardirq | Context::Softirq | Context::Nmi);
    let fact = |name: &'static str, title: &'static str, line: Option<u64>, value: Html| {
        html! { <div {title}><dt>{ name }</dt><dd>{ maybe_evidence(line, value, change) }</dd></div> }
    };
    let kernel = report.kernel.as_ref().map(|kernel| {
        let build = report.kernel_build.as_ref().map(|build| html! { <span class="dim">{ " " }{ build }</span> });
        fact(
            "Kernel",
            "The kernel's release and build, as the report names it",
            task_line,
            html! { <>{ kernel }{ build }</> },
        )
    });
    let arch = report
        .arch
        .map(|arch| fact("Architecture", "The architecture that printed the report", None, html! { { arch.name() } }));
    let cpu = report.cpu.map(|cpu| fact("CPU", "The CPU that reported", task_line, html! { { cpu } }));
    let task = (report.comm.is_some() || report.pid.is_some()).then(|| {
        let comm = report.comm.as_deref().unwrap_or("(no name)");
        let pid = report.pid.map(|pid| format!(" · PID {pid}"));
        let uid = report.uid.map(|uid| format!(" · UID {uid}"));
        let (name, title) = if interrupted {
            ("Interrupted task", "It was running when the interrupt came: the victim, not the culprit")
        } else {
            ("Task", "The task on whose behalf the kernel ran")
        };
        fact(name, title, task_line, html! { <>{ comm }{ pid }{ uid }</> })
    });
    let context = context_words(report.context).map(|words| {
        let class = super::stack::context_class(report.context);
        let line = report.context_reason.0.iter().find_map(|span| span.line);
        let title = report.context_reason.plain();
        html! { <div {title}><dt>{ "Context" }</dt><dd {class}>{ maybe_evidence(line, html! { { words } }, change) }</dd></div> }
    });
    let subsystem = report.subsystem.as_ref().map(|subsystem| {
        let name = html! { <span class="guess">{ &subsystem.name }<small>{ " (inferred)" }</small></span> };
        html! {
            <div title={subsystem.reason.clone()}>
                <dt>{ "Subsystem" }</dt><dd>{ maybe_evidence(Some(subsystem.line), name, change) }</dd>
            </div>
        }
    });
    let workqueue = report
        .workqueue
        .as_ref()
        .map(|work| fact("Workqueue", "The work item that the kworker ran", None, html! { { work } }));
    let up = report.time.map(|time| {
        fact(
            "Up",
            "Time since boot at the report's first line",
            Some(report.first_line),
            html! { { format::uptime(time) } },
        )
    });
    let deaths = report.die_counter.map(|count| {
        fact(
            "Oopses since boot",
            "How many times this kernel has died since boot, with this one",
            None,
            html! { { count } },
        )
    });
    let machine = report
        .hardware
        .as_ref()
        .map(|hardware| fact("Machine", "Hardware name, as the firmware gives it", None, html! { { hardware } }));
    let kaslr = report.kernel_offset.as_ref().map(|offset| {
        fact("KASLR offset", "How far the kernel was moved from where it was linked", None, html! { { offset } })
    });
    html! {
        <dl class="facts">
            { kernel }{ arch }{ cpu }{ task }{ context }{ workqueue }{ subsystem }
            { for report.taint.iter().map(|taint| taint_fact(taint, change)) }
            { up }{ deaths }{ machine }{ kaslr }
        </dl>
    }
}

fn taint_fact(taint: &Taint, change: &Callback<Change>) -> Html {
    let value = if taint.flags.is_empty() {
        html! { { "no" } }
    } else {
        let flags = taint.flags.iter().map(|flag| {
            html! { <span class="taint" title={flag.name.clone()}><b>{ flag.letter }</b>{ " " }<span class="words">{ &flag.meaning }</span></span> }
        });
        html! { <>{ for flags }</> }
    };
    html! {
        <div title={format!("As printed: {}", taint.text)}>
            <dt>{ "Tainted" }</dt>
            <dd>{ maybe_evidence(Some(taint.line), value, change) }</dd>
        </div>
    }
}

/// A context in words.
pub(crate) const fn context_words(context: Context) -> Option<&'static str> {
    Some(match context {
        Context::Process => "process",
        Context::Hardirq => "hard interrupt",
        Context::Softirq => "softirq",
        Context::Nmi => "NMI",
        Context::Exception => "exception stack",
        Context::Unknown => return None,
    })
}
