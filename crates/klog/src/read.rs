//! The lines of one report to its facts: what each line says, put where it belongs.
//!
//! Must never infer: what is not printed stays absent here. Context, culprit and words are made of these facts by
//! `context`, `culprit` and `explain`.

use crate::arch::{self, ppc};
use crate::facts::Facts;
use crate::grammar::{code, die, fault, frame, marks, modules, pc, registers, section, task};
use crate::kinds::{Rule, hung_task, oops, warning};
use crate::line::Line;
use crate::links::Locks;
use crate::machine::{self, Found, Machine};
use crate::read_stacks::{frame_of, own_part_of_panic, put_lr, put_pc};
use crate::segment::{self, End, Part, Segment};
use crate::{address, taint};
use oopscope_report::{
    Access, AccessKind, AddressClass, Arch, Code, Context, Detail, Frame, FrameRole, Module, Panic, Prose, Report,
    Severity, Stack, StackRole, Trap,
};

/// Reads a segment.
pub(crate) fn read(segment: Segment) -> Facts {
    let Segment { rule, lines, header, boot, end, mixed, between, .. } = segment;
    let mut reader = Reader::new(rule, end, boot);
    let own = lines.iter().take_while(|(part, _)| *part != Part::Continued).count();
    for (at, (part, line)) in lines[..own].iter().enumerate() {
        if at < header {
            if !marks::is_cut_here(&line.text) && !line.text.trim().is_empty() {
                reader.facts.message.push((line.text.trim().to_owned(), line.number));
            }
        } else {
            if at == header {
                reader.header(line);
            } else if at == header + 1 && segment::is_message(rule, &line.text) {
                // Without a trap for WARN (arm), the words come after the header.
                reader.facts.message.push((line.text.trim().to_owned(), line.number));
            }
            reader.line(*part, line);
            if *part == Part::Body {
                reader.detail(line);
            }
        }
    }
    if let (Some((_, first)), Some((_, last))) = (lines.first(), lines[..own].last()) {
        reader.facts.report.first_line = first.number;
        reader.facts.report.last_line = last.number;
    }
    reader.facts.report.time = lines.iter().find_map(|(_, line)| line.prefix.time);
    reader.facts.report.wall_clock = lines.iter().find_map(|(_, line)| line.prefix.wall.as_deref()).map(str::to_owned);
    let mut facts = reader.finish();
    facts.foreign = between;
    facts.report.interleaved = facts.foreign.is_some();
    (facts.lines, facts.header_at, facts.mixed) = (lines, header, mixed);
    facts
}

/// Functions that are believed to be inlined into one another.
const MOST_INLINED: usize = 64;

/// Details kept of a report: lists of locks can be long.
const MOST_DETAILS: usize = 64;

struct Reader {
    facts: Facts,
    arch: Option<Arch>,
    /// What single architectures print in ways of their own.
    machine: Machine,
    /// Value of the trap's code and whether the die line has been read.
    code: Option<u64>,
    address: Option<(u64, usize, u64)>,
    /// Line that has an address which the kernel hides.
    hidden: Option<u64>,
    access: (AccessKind, Option<u64>),
    /// The access by the trap's code alone.
    decoded: AccessKind,
    guard: Option<(Option<u64>, u64)>,
    /// Index of the stack that frames go to.
    current: Option<usize>,
    /// A trace has begun and nothing has ended it.
    in_trace: bool,
    /// Role of the stacks of the trace being read.
    role: StackRole,
    /// Heading of the trace being read, where the log gives one.
    section: Option<String>,
    /// Index of the stack that registers inside a trace go to.
    registers_of: Option<usize>,
    /// Functions that were inlined into the one whose instruction pointer comes next.
    inlined: Vec<Frame>,
    /// Instruction pointers and registers after the end mark.
    after: Vec<(u64, Option<Frame>)>,
}

impl Reader {
    fn new(rule: &'static Rule, end: End, boot: u32) -> Self {
        let report = Report {
            kind: rule.kind(),
            severity: if rule.dies { Severity::Error } else { Severity::Warning },
            boot,
            ..Report::default()
        };
        let facts = Facts {
            report,
            rule,
            end,
            header_line: 0,
            header: String::new(),
            lines: Vec::new(),
            header_at: 0,
            mixed: None,
            blamed: Vec::new(),
            fault_injected: None,
            message: Vec::new(),
            fault: None,
            fault_unhandled: false,
            pc: None,
            pc_inlined: Vec::new(),
            lr: None,
            source: None,
            kasan: None,
            exit_note: None,
            repeated: None,
            foreign: None,
            has_trace: false,
            locks: Locks::default(),
            lead: Prose::default(),
        };
        Self {
            facts,
            arch: None,
            machine: Machine::default(),
            code: None,
            address: None,
            hidden: None,
            access: (AccessKind::Unknown, None),
            decoded: AccessKind::Unknown,
            guard: None,
            current: None,
            in_trace: false,
            role: StackRole::Crash,
            section: None,
            registers_of: None,
            inlined: Vec::new(),
            after: Vec::new(),
        }
    }

    /// What the header says that no other line says so.
    fn header(&mut self, line: &Line) {
        let n = line.number;
        self.facts.header_line = n;
        self.facts.header.clone_from(&line.text);
        if let Some(header) = warning::header(&line.text) {
            let report = &mut self.facts.report;
            report.cpu = header.cpu;
            if let Some((comm, pid)) = header.task {
                (report.comm, report.pid, report.task_line) = (Some(comm.to_owned()), Some(pid), Some(n));
            }
            self.facts.source = header.file.map(|(file, line)| (file.to_owned(), line, n));
            self.facts.pc = header.place.map(|place| frame_of(&place, true, FrameRole::Pc, n));
        } else if let Some((_, rest)) = line.text.split_once("ernel BUG at ") {
            let place = rest.trim_end_matches('!');
            self.facts.source = warning::source(place).map(|(file, line)| (file.to_owned(), line, n));
        } else if let Some((comm, pid)) = hung_task::task(&line.text) {
            let report = &mut self.facts.report;
            (report.comm, report.pid, report.task_line) = (Some(comm.to_owned()), Some(pid), Some(n));
        }
    }

    /// A fact that only this kind has.
    fn detail(&mut self, line: &Line) {
        let details = &mut self.facts.report.details;
        if details.len() < MOST_DETAILS
            && let Some((name, value)) = (self.facts.rule.detail)(&line.text)
        {
            details.push(Detail { name: name.to_owned(), value, meaning: None, line: line.number });
        }
    }

    fn line(&mut self, part: Part, line: &Line) {
        let (text, n) = (line.text.as_str(), line.number);
        self.facts.locks.line(text, n);
        if let Some(arch) = arch::of_line(text) {
            self.arch.get_or_insert(arch);
        }
        if let Some(reason) = marks::panic_reason(text) {
            if self.facts.report.panic.is_none() {
                self.facts.report.panic = Some(Panic { reason: reason.to_owned(), line: n, ..Panic::default() });
                self.facts.report.severity = Severity::Fatal;
            }
            self.end_trace();
            if part == Part::Panic {
                self.role = StackRole::Panic;
            }
            return;
        }
        if let Some(offset) = marks::kernel_offset(text) {
            self.facts.report.kernel_offset = Some(offset.to_owned());
            return;
        }
        if let Some((comm, pid, how)) = marks::exit_note(text) {
            self.facts.exit_note = Some((format!("{comm}[{pid}] exited with {how}"), n));
            return;
        }
        match part {
            Part::After => self.after_line(text, n),
            Part::Body => self.body_line(text, n),
            Part::Panic => self.panic_line(text, n),
            Part::Continued => {}
        }
    }

    /// After the end mark only an instruction pointer matters: whose is it?
    fn after_line(&mut self, text: &str, n: u64) {
        if let Some(pc) = pc::parse(text).filter(|pc| !pc.link && !pc.user && !pc.place.inlined) {
            self.after.push((n, Some(frame_of(&pc.place, true, FrameRole::Pc, n))));
        } else if !registers::parse(text).is_empty() || code::parse(text).is_some() {
            self.after.push((n, None));
        }
    }

    fn body_line(&mut self, text: &str, n: u64) {
        if self.machine.line(text, n, &mut self.facts.report) {
            return;
        }
        // Most lines of a report are frames, and nothing else looks like one.
        if self.in_trace
            && let Some(frame) = frame::parse(text)
        {
            return self.frame(&frame, n);
        }
        if let Some(announce) = fault::announce(text) {
            if self.facts.fault.is_none() {
                self.facts.fault = Some(announce.what.to_owned());
                self.address = announce.address.map(|(value, digits)| (value, digits, n));
                if announce.access != AccessKind::Unknown {
                    self.access = (announce.access, Some(n));
                }
                self.arch = self.arch.or(announce.arch);
            }
            return;
        }
        if let Some((value, digits)) = fault::address_alone(text) {
            self.address.get_or_insert((value, digits, n));
            return;
        }
        if let Some((what, code)) = fault::bad_exception(text) {
            return self.bad_exception(what, code, n);
        }
        if let Some((what, code, address)) = fault::unhandled(text) {
            if text.contains("prefetch abort") {
                self.access = (AccessKind::Execute, Some(n));
            }
            self.facts.fault.get_or_insert_with(|| what.to_owned());
            self.facts.fault_unhandled = true;
            self.code = self.code.or(code);
            if let Some(address) = address {
                self.address.get_or_insert((address, 8, n));
            }
            self.arch.get_or_insert(Arch::Arm);
        }
        if let Some(die) = die::parse(text) {
            self.die(&die, n);
            return;
        }
        if matches!(self.facts.report.kind.name(), "kasan" | "kfence")
            && self.address.is_none()
            && let Some((kind, address)) = fault::sanitizer_access(text)
        {
            self.access = (kind, Some(n));
            match address {
                Some(address) => self.address = Some((address, 16, n)),
                None => self.hidden = Some(n),
            }
            return;
        }
        if let Some(access) = fault::pf_access(text) {
            self.access = (access, Some(n));
        } else if let Some((what, address)) = fault::kasan_range(text) {
            self.facts.kasan = Some((what.to_owned(), address, n));
        } else if fault::is_guard_page(text) {
            self.guard = Some((fault::guard_page(text), n));
            self.arch.get_or_insert(Arch::X86_64);
        } else if let Some(esr) = fault::esr(text) {
            self.code.get_or_insert(esr);
            self.arch.get_or_insert(Arch::Arm64);
        } else if let Some(far) = fault::far(text) {
            self.guard.get_or_insert((Some(far), n));
        } else if let Some(task) = task::parse(text) {
            self.task(&task, n);
        } else if let Some((comm, pid)) = task::process(text) {
            let report = &mut self.facts.report;
            if report.comm.is_none() {
                (report.comm, report.pid, report.task_line) = (Some(comm.to_owned()), Some(pid), Some(n));
            }
        } else {
            let trimmed = text.trim_start();
            let report = &mut self.facts.report;
            if let Some(hardware) = trimmed.strip_prefix("Hardware name: ") {
                report.hardware.get_or_insert_with(|| hardware.trim().to_owned());
            } else if let Some(work) = trimmed.strip_prefix("Workqueue: ") {
                report.workqueue.get_or_insert_with(|| work.trim().to_owned());
            } else {
                self.trace_line(text, n);
            }
        }
    }

    /// After a panic: its own trace. Who ran is said there alone when a warning's panic came before its own facts.
    fn panic_line(&mut self, text: &str, n: u64) {
        let nobody_yet = self.facts.report.task_line.is_none();
        if nobody_yet && let Some(task) = task::parse(text) {
            self.task(&task, n);
        } else if let Some(hardware) = text.trim_start().strip_prefix("Hardware name: ") {
            self.facts.report.hardware.get_or_insert_with(|| hardware.trim().to_owned());
        } else {
            self.trace_line(text, n);
        }
    }

    fn die(&mut self, die: &die::Die<'_>, n: u64) {
        let report = &mut self.facts.report;
        if report.trap.is_some() {
            return;
        }
        self.arch = self.arch.or(die.arch);
        report.die_counter = die.counter;
        if let (Some((comm, pid)), None) = (die.task, &report.comm) {
            (report.comm, report.pid, report.task_line) = (Some(comm.to_owned()), Some(pid), Some(n));
        }
        if let Some((value, digits)) = die.address {
            self.address.get_or_insert((value, digits, n));
        }
        report.trap = Some(Trap {
            name: die.what.to_owned(),
            code: die.code.map(|(value, digits)| format!("0x{value:0digits$x}")),
            line: n,
            ..Trap::default()
        });
        self.code = die.code.map(|(value, _)| value).or(self.code);
        // `general protection fault, probably for non-canonical address 0x…` (5.5 and later)
        if self.address.is_none()
            && let Some((_, rest)) = die.what.split_once(" address ")
            && let Some(value) = crate::grammar::hex(rest.trim())
        {
            self.address = Some((value, 16, n));
        }
    }

    /// An exception after which arm and arm64 go on no further: it has no die line.
    fn bad_exception(&mut self, what: &str, code: Option<u64>, n: u64) {
        self.code = self.code.or(code);
        self.facts.report.trap.get_or_insert_with(|| Trap {
            name: what.to_owned(),
            code: code.map(|code| format!("{code:#018x}")),
            line: n,
            ..Trap::default()
        });
        if code.is_some() {
            self.arch.get_or_insert(Arch::Arm64);
        }
    }

    fn task(&mut self, task: &task::Task<'_>, n: u64) {
        let report = &mut self.facts.report;
        if report.kernel.is_some() || report.task_line.is_some() && report.taint.is_some() {
            return;
        }
        report.cpu = report.cpu.or(task.cpu);
        report.uid = task.uid;
        report.pid = task.pid.or(report.pid);
        if let Some(comm) = task.comm {
            report.comm = Some(comm.to_owned());
        }
        report.task_line = Some(n);
        report.kernel = task.kernel.map(str::to_owned);
        report.kernel_build = task.build.filter(|build| !build.is_empty()).map(str::to_owned);
        report.taint = task.taint.map(|text| taint::decode(text, n));
    }

    /// Lines that traces are made of, in the report itself and in the panic after it.
    fn trace_line(&mut self, text: &str, n: u64) {
        if let Some((role, title)) = section::parse(text) {
            self.end_trace();
            self.in_trace = true;
            // `task:comm state:D …` of a hung task's report is the hung task itself.
            let own = role == StackRole::OtherParty && title.starts_with("task:") && !self.facts.has_trace;
            if self.role != StackRole::Panic && !own {
                self.role = role;
                self.section = Some(title);
            }
        } else if let Some((vector, place)) = text.trim_start().strip_prefix("--- ").and_then(pc::interrupt) {
            self.interrupt(vector, place, text, n);
        } else if marks::is_trace_start(text) {
            self.end_trace();
            self.in_trace = true;
            // A trace without a heading of its own is the report's, if it has none yet.
            if self.role != StackRole::Panic && !self.facts.has_trace {
                (self.role, self.section) = (StackRole::Crash, None);
            }
            if self.role == StackRole::Crash {
                if self.facts.has_trace {
                    self.role = StackRole::Other;
                }
                self.facts.has_trace = true;
            }
        } else if let Some((tag, open)) = marks::stack_tag(text) {
            self.in_trace = true;
            self.facts.has_trace |= self.role == StackRole::Crash;
            self.current = open.then(|| self.push_stack(Some(tag), n));
            self.registers_of = None;
        } else if let Some(pc) = pc::parse(text) {
            self.pc_line(&pc, n);
            // `epc   : 80012344 f+0x4/0x20`: the register's value is on the same line.
            if !pc.user {
                self.registers(text, n);
            }
        } else if let Some(code) = code::parse(text) {
            // Inside a trace the bytes of an exception frame, or of user mode, follow its registers.
            let of_exception = self.in_trace && self.registers_of.is_some();
            if self.facts.report.code.is_none() && self.role != StackRole::Panic && !of_exception {
                self.facts.report.code = Some(Code {
                    units: code.units.iter().map(|unit| (*unit).to_owned()).collect(),
                    trap: code.trap.and_then(|at| u32::try_from(at).ok()),
                    problem: code.problem.map(str::to_owned),
                    listing: None,
                    listing_problem: None,
                    line: n,
                });
            }
        } else if let Some(list) = modules::parse(text) {
            if self.facts.report.modules.is_empty() {
                self.facts.report.modules = list
                    .iter()
                    .map(|(name, flags)| Module {
                        name: (*name).to_owned(),
                        flags: (*flags).to_owned(),
                        in_trace: false,
                    })
                    .collect();
            }
            // x86 prints modules after the trace, arm before it.
            self.end_trace();
        } else if let Some(frame) = frame::parse(text) {
            self.frame(&frame, n);
        } else {
            self.registers(text, n);
        }
    }

    /// powerpc: `--- interrupt: 900 at f+0x4/0x20`, in the middle of a trace: here the frames above came in. The registers
    /// of that moment follow, then `--- interrupt: 900` alone, then the frames below.
    fn interrupt(&mut self, vector: u64, place: Option<&str>, text: &str, n: u64) {
        let (Some(place), Some(mut pc)) = (place, pc::parse(text)) else {
            self.registers_of = None;
            return;
        };
        pc.user = ppc::is_system_call(vector) || pc.place.function.is_none() && !place.starts_with("0xc");
        if ppc::is_asynchronous(vector) {
            self.current = None;
        }
        self.in_trace = true;
        self.pc_line(&pc, n);
    }

    fn pc_line(&mut self, pc: &pc::Pc<'_>, n: u64) {
        // i386 names no segment: an address below the kernel's, in the middle of a trace, is user mode's.
        let below = |address| address < 0xc000_0000;
        let of_i386 = self.in_trace && !pc.link && self.arch == Some(Arch::I386);
        let user = pc.user || of_i386 && pc.place.function.is_none() && pc.place.address.is_some_and(below);
        let role = match (user, pc.link) {
            (true, _) => FrameRole::User,
            (false, true) => FrameRole::Lr,
            (false, false) => FrameRole::Pc,
        };
        let frame = frame_of(&pc.place, true, role, n);
        if frame.inlined {
            if self.inlined.len() < MOST_INLINED {
                self.inlined.push(frame);
            }
            return;
        }
        let inlined = std::mem::take(&mut self.inlined);
        if self.in_trace && self.is_said_again(&frame, pc.link) {
            return;
        }
        if user {
            // The bottom of a trace: the registers with which user space entered the kernel.
            let at = self.push_stack(None, n);
            let stack = &mut self.facts.report.stacks[at];
            stack.context = Context::Process;
            "User mode".clone_into(&mut stack.title);
            if stack.role == StackRole::Crash {
                stack.role = StackRole::Interrupted;
            }
            stack.frames.push(frame);
            (self.current, self.registers_of) = (Some(at), Some(at));
        } else if self.in_trace {
            let own = !pc.link
                && self
                    .facts
                    .pc
                    .as_ref()
                    .is_some_and(|own| own.function == frame.function && own.offset == frame.offset);
            if own && self.role == StackRole::Panic && !self.facts.has_trace {
                // With panic_on_warn old kernels (4.x) panicked before the warning's own trace: what lies below the
                // frame of the warning's own trap is the report, what lies above is the panic.
                self.end_trace();
                self.role = StackRole::Crash;
                self.facts.has_trace = true;
                self.facts.pc = Some(frame);
            } else if own && self.role == StackRole::Crash {
                // Old kernels named it once more below the trace: `RIP  [<addr>] f+0x1/0x2`.
                self.end_trace();
            } else if !pc.link {
                // An exception frame inside the trace: here the frames above it came in.
                let at = self.current_stack(n);
                self.facts.report.stacks[at].frames.extend(inlined);
                self.facts.report.stacks[at].frames.push(frame);
                self.registers_of = Some(at);
            }
        } else if self.role != StackRole::Panic {
            let slot = if pc.link { &mut self.facts.lr } else { &mut self.facts.pc };
            // A WARN's header names the same place as RIP, a page fault's `IP:` too: the later one has more to it
            // (the module), unless it is bare.
            if slot.as_ref().is_none_or(|old| old.function.is_none() || old.function == frame.function) {
                *slot = Some(frame);
                if !pc.link {
                    self.facts.pc_inlined = inlined;
                }
            }
            // arm: `pc : [<8015df40>]    lr : [<801559ec>]    psr: 60000093`
        }
    }

    /// powerpc names the place of an interrupt before the registers of that moment, and in them once more.
    fn is_said_again(&self, frame: &Frame, link: bool) -> bool {
        let last = self.registers_of.and_then(|at| self.facts.report.stacks.get(at)?.frames.last());
        last.is_some_and(|last| {
            let (function, offset) = (&frame.function, frame.offset);
            link || function.is_none() || (&last.function, last.offset) == (function, offset)
        }) && self.arch == Some(Arch::Ppc)
    }

    fn frame(&mut self, frame: &frame::Frame<'_>, n: u64) {
        // sparc prints its trace a second time, as `Caller[…]:`.
        if frame.again && self.facts.report.stacks.iter().any(|stack| stack.frames.len() > 1) {
            return;
        }
        let at = self.current_stack(n);
        self.in_trace = true;
        self.facts.has_trace |= self.role == StackRole::Crash;
        self.registers_of = None;
        let frames = &mut self.facts.report.stacks[at].frames;
        // arm: a call that never returns is the last instruction of its function, so the return address is printed by
        // the name of the function behind it. With frame pointers the next line names the callee by its own beginning.
        if let (Some(callee), Some(last)) = (frame.callee, frames.last_mut())
            && last.role == FrameRole::Return
            && last.offset == Some(0)
            && last.function.as_deref() != Some(callee)
        {
            last.function = Some(callee.to_owned());
            (last.offset, last.size) = (None, None);
        }
        // powerpc until 5.10: `    LR = 0x100044b0` after the system call's exception.
        let role = frames.first().map(|first| first.role).filter(|role| *role == FrameRole::User);
        frames.push(frame_of(&frame.place, frame.reliable, role.unwrap_or(FrameRole::Return), n));
    }

    fn registers(&mut self, text: &str, n: u64) {
        for register in registers::parse(text) {
            let made = machine::register_of(&register, n);
            let set = match (self.in_trace, self.registers_of) {
                (true, Some(at)) => &mut self.facts.report.stacks[at].registers,
                // Old kernels print CR2 once more after the trace; panics print registers that are not the report's.
                (true, None) if register.name != "CR2" => continue,
                _ if self.role == StackRole::Panic => continue,
                _ => &mut self.facts.report.registers,
            };
            if !set.iter().any(|old| old.name == made.name) {
                set.push(made);
            }
        }
    }

    fn end_trace(&mut self) {
        (self.in_trace, self.current, self.registers_of) = (false, None, None);
    }

    fn current_stack(&mut self, n: u64) -> usize {
        if let Some(at) = self.current {
            return at;
        }
        let at = self.push_stack(None, n);
        self.current = Some(at);
        at
    }

    fn push_stack(&mut self, tag: Option<&str>, n: u64) -> usize {
        self.facts.report.stacks.push(Stack {
            tag: tag.map(str::to_owned),
            role: self.role,
            title: self.section.clone().unwrap_or_default(),
            line: n,
            ..Stack::default()
        });
        self.facts.report.stacks.len() - 1
    }

    fn finish(mut self) -> Facts {
        self.own_registers_again();
        self.facts.report.stacks.retain(|stack| !stack.frames.is_empty());
        self.facts.report.stacks.sort_by_key(|stack| stack.role == StackRole::Panic);
        // Four digits of error code and no line that only one architecture has: x86, and the address tells which.
        if self.arch.is_none() && self.code.is_some() {
            let narrow = self.address.is_some_and(|(_, digits, _)| digits <= 8);
            self.arch = Some(if narrow { Arch::I386 } else { Arch::X86_64 });
        }
        self.facts.report.arch = self.arch;
        self.machine.finish(self.code, self.facts.rule.dies, &mut self.facts.report);
        self.trap();
        self.access();
        let mut facts = self.facts;
        if let Some(pc) = facts.pc.clone() {
            own_part_of_panic(&mut facts.report, &pc);
            put_pc(&mut facts.report, pc, &facts.pc_inlined);
        }
        put_lr(&mut facts);
        let in_trace: Vec<_> = facts
            .report
            .stacks
            .iter()
            .flat_map(|stack| &stack.frames)
            .filter(|frame| frame.reliable)
            .filter_map(|frame| frame.module.clone())
            .collect();
        for module in &mut facts.report.modules {
            module.in_trace = in_trace.contains(&module.name);
        }
        facts
    }

    /// Lines after the end mark whose instruction pointer is another's are an earlier report's: x86 keeps the
    /// registers of the first Oops (`exec_summary_regs`, arch/x86/kernel/dumpstack.c) and prints them at the end
    /// of every later one.
    fn own_registers_again(&mut self) {
        let foreign = self.after.iter().find_map(|(_, frame)| frame.as_ref()).is_some_and(|frame| {
            self.facts.pc.as_ref().is_some_and(|own| {
                (own.function.as_ref(), own.offset, own.address.is_some() && own.function.is_none())
                    != (frame.function.as_ref(), frame.offset, frame.address.is_some() && frame.function.is_none())
            })
        });
        if foreign && let (Some(first), Some(last)) = (self.after.first(), self.after.last()) {
            self.facts.repeated = Some((first.0, last.0));
        }
    }

    fn trap(&mut self) {
        let page_fault = self.facts.fault.is_some()
            || self.facts.report.trap.as_ref().is_some_and(|trap| oops::is_page_fault(&trap.name));
        if let (Some(trap), Some(fault)) = (&mut self.facts.report.trap, &self.facts.fault)
            && trap.name.is_empty()
        {
            trap.name.clone_from(fault);
        }
        let Some(arch) = self.arch else { return };
        let fetch = self.access.0 == AccessKind::Execute;
        let trapped = arch::Trapped { code: self.code, page_fault, fetch, ..arch::Trapped::default() };
        let Some((code, decoded)) = self.machine.decode(arch, trapped, &self.facts.report) else { return };
        // A warning's registers have a cause, too: its own trap.
        if self.facts.report.trap.is_none() && !self.facts.rule.dies {
            return;
        }
        self.decoded = decoded.access;
        if self.access.0 == AccessKind::Unknown && decoded.access != AccessKind::Unknown {
            let registers = &self.facts.report.registers;
            let of_code = registers.iter().find(|register| register.value == code && self.code.is_none());
            let line = of_code.map(|register| register.line);
            self.access = (decoded.access, line.or(self.facts.report.trap.as_ref().map(|trap| trap.line)));
        }
        let header_line = self.facts.header_line;
        let trap = self.facts.report.trap.get_or_insert_with(|| Trap {
            name: "exception".to_owned(),
            line: header_line,
            ..Trap::default()
        });
        trap.code.get_or_insert(code);
        trap.code_name = Some(decoded.name.to_owned()).filter(|name| !name.is_empty());
        trap.fields = decoded.fields;
    }

    fn access(&mut self) {
        let header_line = self.facts.header_line;
        let report = &mut self.facts.report;
        if let Some((address, line)) = self.guard {
            // `hit at (____ptrval____)`: the address is in CR2.
            let cr2 = report.registers.iter().find(|register| register.name == "CR2");
            let (address, line) = match (address, cr2) {
                (None, Some(cr2)) => (Some(cr2.value.clone()), cr2.line),
                (address, _) => (address.map(|address| format!("{address:#018x}")), line),
            };
            report.access = Some(Access {
                kind: self.access.0,
                address,
                class: AddressClass::StackGuard,
                meaning: "the guard page beside a kernel stack".to_owned(),
                guessed: None,
                line,
                kind_line: self.access.1,
            });
            return;
        }
        let page = self.arch == Some(Arch::S390x);
        let announced = self.address.map(|(value, digits, line)| Found { value, digits, line, page });
        let found = announced.or_else(|| self.machine.address(self.arch, self.decoded, &report.registers));
        let Some(found) = found else {
            if let Some(line) = self.hidden {
                report.access = Some(Access {
                    kind: self.access.0,
                    address: None,
                    class: AddressClass::Unknown,
                    meaning: "an address that the kernel hides (hashed pointers)".to_owned(),
                    guessed: None,
                    line,
                    kind_line: self.access.1,
                });
                return;
            }
            report.access =
                machine::access_without_address(report, self.access.0, self.facts.fault.as_deref(), header_line);
            return;
        };
        let (value, digits, line) = (found.value, found.digits.min(16), found.line);
        let mut meaning = machine::classify(&found, self.arch, report, self.facts.fault.as_deref());
        let mut guessed = None;
        if self.arch == Some(Arch::Sparc)
            && self.access.0 == AccessKind::Unknown
            && let Some(access) = machine::sparc_access(report)
        {
            self.access.0 = access;
            guessed = Some(machine::FROM_THE_INSTRUCTION.to_owned());
        }
        // The kernel says NULL for the first page; and where the CPU refused the address it is not canonical.
        if self.facts.fault.is_none() && meaning.class == AddressClass::Unknown {
            meaning.class = AddressClass::NonCanonical;
        }
        if let Some((what, real, _)) = &self.facts.kasan {
            let of = address::classify(*real, self.arch);
            meaning.words = format!("{}; KASAN says {what} at {real:#x}, {}", meaning.words, of.words);
            if of.class != AddressClass::Unknown {
                meaning.class = of.class;
            }
        }
        if meaning.class == AddressClass::User && self.arch.is_some_and(|arch| matches!(arch, Arch::Arm | Arch::I386)) {
            guessed = Some("where user space ends is a choice of this kernel's configuration".to_owned());
        }
        report.access = Some(Access {
            kind: self.access.0,
            address: Some(format!("0x{value:0digits$x}")),
            class: meaning.class,
            meaning: meaning.words,
            guessed,
            line,
            kind_line: self.access.1,
        });
        let names = self.arch.map_or(&[][..], arch::fault_address);
        for register in &mut report.registers {
            if names.contains(&register.name.as_str()) && crate::grammar::hex(&register.value) == Some(value) {
                register.note = Some("faulting address".to_owned());
            }
        }
    }
}
