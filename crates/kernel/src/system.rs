//! The machine and what ended it. Must never give a fact without its source.

mod clock;
mod message;

use crate::fields::{self, Field, Span, words};
use crate::{Kernel, machine_name, stack, taint, tasks, usage};
use oopscope_report::vmcore::{Address, LogRecord, Panic, System};

/// `__NEW_UTS_LEN` and its NUL.
const UTS_FIELD: u64 = 65;
/// `linux_banner` has the compiler's and linker's versions in it: 200 bytes.
const LONGEST_BANNER: u64 = 1024;
/// `COMMAND_LINE_SIZE` is 4096 at most; bootconfig may add to it.
const LONGEST_COMMAND_LINE: u64 = 64 << 10;
/// `FSHIFT`: load averages are fixed-point numbers with so many bits behind the point.
const LOAD_ONE: f64 = 2048.0;

/// The machine and its kernel. What neither symbols nor VMCOREINFO nor the dump's header tells is left out.
pub fn system(kernel: &Kernel, log: &[LogRecord]) -> System {
    let mut system = System::default();
    names(kernel, &mut system);
    cpus(kernel, &mut system);
    let mut tell = |field: &str, from: String| {
        system.from.insert(field.to_owned(), from);
    };

    if let Some(banner) = kernel.symbol("linux_banner").and_then(|at| kernel.string(at, LONGEST_BANNER).ok()) {
        system.banner = Some(banner.trim_end().to_owned());
        tell("banner", "linux_banner".to_owned());
    }
    if let Ok((pages, from)) = usage::total_pages(kernel) {
        system.memory = Some(pages.saturating_mul(kernel.page_size()));
        tell("memory", from.to_owned());
    }
    let clock = clock::read(kernel);
    let crash_time = kernel.info().text("CRASHTIME").and_then(|time| time.trim().parse().ok());
    let header_time = kernel.dump().uts().and_then(|uts| uts.time);
    let times = [
        crash_time.map(|time| (time, "VMCOREINFO CRASHTIME".to_owned())),
        clock.as_ref().map(|clock| (clock.time, format!("{}.xtime_sec", clock.from))),
        header_time.map(|time| (time, "the dump's header".to_owned())),
    ];
    if let Some((time, from)) = times.into_iter().flatten().next() {
        system.time = Some(time);
        tell("time", from);
    }
    if let Some(clock) = clock {
        system.uptime = Some(clock.uptime);
        tell("uptime", format!("{} (CLOCK_BOOTTIME)", clock.from));
    } else if let Some(time) = log.iter().rev().find_map(|record| record.time) {
        system.uptime = Some(time);
        tell("uptime", "the log's last record: it was up at least so long".to_owned());
    }
    if let Some(load) = load(kernel) {
        system.load = Some(load);
        tell("load", "avenrun".to_owned());
    }
    if let Ok(threads) = fields::variable(kernel, "nr_threads", 4) {
        // It does not count the idle tasks, of which every CPU has one.
        let idle = tasks::cpus(kernel).map_or(0, |cpus| cpus.len());
        system.tasks = u32::try_from(threads).ok().zip(u32::try_from(idle).ok()).map(|(tasks, idle)| tasks + idle);
        tell("tasks", "nr_threads, and an idle task for each CPU".to_owned());
    }
    if let Some((line, from)) = command_line(kernel, log) {
        system.command_line = Some(line);
        tell("command_line", from.to_owned());
    }
    if let Ok(bits) = taint::mask(kernel) {
        let letters = taint::letters(kernel, bits);
        system.taint_meaning = letters.chars().map(|letter| taint::meaning(letter).to_owned()).collect();
        system.taint = Some(letters);
        tell("taint", "tainted_mask".to_owned());
    }
    if let Some((id, from)) = kernel.build_id() {
        system.build_id = Some(id);
        tell("build_id", from.to_owned());
    }
    if let Some(offset) = kernel.info().kernel_offset() {
        system.kaslr_offset = Some(Address(offset));
        tell("kaslr_offset", "VMCOREINFO KERNELOFFSET".to_owned());
    }
    system
}

/// What the kernel and its host are called.
fn names(kernel: &Kernel, system: &mut System) {
    let told = kernel.info().text("OSRELEASE").map(|release| (release.to_owned(), "VMCOREINFO OSRELEASE".to_owned()));
    // struct new_utsname: sysname, nodename, release, version, machine, domainname.
    let start = kernel.symbol("init_uts_ns").and_then(|namespace| {
        let name = kernel.offset_of("struct uts_namespace", "name")?;
        Some(namespace.wrapping_add(name))
    });
    let memory = |index: u64, name: &str| {
        let text = kernel.string(start?.wrapping_add(index * UTS_FIELD), UTS_FIELD).ok()?;
        (!text.is_empty()).then(|| (text, format!("init_uts_ns.name.{name}")))
    };
    let header = |value: Option<&String>| {
        let value = value.filter(|value| !value.is_empty())?;
        Some((value.clone(), "the dump's header".to_owned()))
    };
    let uts = kernel.dump().uts();
    let mut set = |field: &str, place: &mut Option<String>, value: Option<(String, String)>| {
        if let Some((value, from)) = value {
            *place = Some(value);
            system.from.insert(field.to_owned(), from);
        }
    };
    let arch = machine_name(kernel.machine()).to_owned();
    let release = told.or_else(|| memory(2, "release")).or_else(|| header(uts.map(|uts| &uts.release)));
    set("release", &mut system.release, release);
    let version = memory(3, "version").or_else(|| header(uts.map(|uts| &uts.version)));
    set("version", &mut system.version, version);
    let machine = memory(4, "machine").or_else(|| header(uts.map(|uts| &uts.machine)));
    set("machine", &mut system.machine, machine.or_else(|| Some((arch, "the architecture of the dump".to_owned()))));
    let hostname = memory(1, "nodename").or_else(|| header(uts.map(|uts| &uts.nodename)));
    set("hostname", &mut system.hostname, hostname);
}

/// CPUs that were online, and those that were there and not online: a panic stops all others but the one that panics, and
/// stopped CPUs are marked as offline.
fn cpus(kernel: &Kernel, system: &mut System) {
    let Ok(online) = kernel.cpus_online() else { return };
    system.cpus_online = u32::try_from(online.len()).ok();
    system.from.insert("cpus_online".to_owned(), "cpu_online_mask".to_owned());
    if let Ok(present) = kernel.cpus_present() {
        system.cpus_offline = present.into_iter().filter(|cpu| !online.contains(cpu)).collect();
        system.from.insert("cpus_offline".to_owned(), "cpu_present_mask without cpu_online_mask".to_owned());
    }
}

fn load(kernel: &Kernel) -> Option<[f64; 3]> {
    let start = kernel.symbol("avenrun")?;
    let long = u64::from(kernel.layout().pointer);
    let mut load = [0.0; 3];
    for (index, load) in (0..).zip(&mut load) {
        let value = fields::number(kernel, start.wrapping_add(index * long), long).ok()?;
        *load = f64::from(u32::try_from(value).ok()?) / LOAD_ONE;
    }
    Some(load)
}

fn command_line(kernel: &Kernel, log: &[LogRecord]) -> Option<(String, &'static str)> {
    let saved = kernel.symbol("saved_command_line").and_then(|at| {
        let line = kernel.string(kernel.pointer(at).ok()?, LONGEST_COMMAND_LINE).ok()?;
        Some((line.trim_end().to_owned(), "saved_command_line"))
    });
    saved.or_else(|| {
        // "Kernel command line: " is printed by all architectures, once (init/main.c).
        let line = log.iter().find_map(|record| record.text.strip_prefix("Kernel command line: "))?;
        Some((line.trim_end().to_owned(), "the log"))
    })
}

/// What ended it, without its backtrace. `None` where nothing tells that anything did: a snapshot of a running machine.
pub fn panic(kernel: &Kernel, log: &[LogRecord]) -> Option<Panic> {
    let said = message::find(log);
    let found = stack::panic_cpu(kernel);
    if said.is_none() && found.is_none() {
        return None;
    }
    let mut panic = Panic::default();
    if let Some((message, from)) = said {
        (panic.message, panic.message_from) = (Some(message), Some(from));
    }
    if let Some((cpu, how)) = found {
        (panic.cpu, panic.found) = (Some(cpu), Some(how.to_owned()));
        if let Some(task) = tasks::active(kernel, cpu).ok().filter(|task| *task != 0) {
            panic.task = Some(Address(task));
            let field = |member| Field::of(kernel, "struct task_struct", member);
            let (pid, comm) = (field("pid"), field("comm"));
            let piece = Span::over(words(kernel), [pid, comm]).read(kernel, task);
            panic.pid = pid.and_then(|pid| piece.int(pid).ok());
            panic.comm = comm.and_then(|comm| piece.text(comm).ok());
        }
    }
    Some(panic)
}
