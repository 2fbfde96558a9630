//! Which lines belong to which report: the lines of a log go in, [`Segment`]s come out.
//!
//! A segment begins at a header that a kind's rule knows and takes the lines that the grammar recognises, of the
//! same printk caller where the log has caller ids. It never swallows what it does not recognise: lines of other
//! CPUs and of user space in between are passed over. Every segment ends: at its end marks and some quiet lines
//! after, at the next header of the same caller, or at a limit.

use crate::arch;
use crate::grammar::{code, die, disassembly, fault, frame, marks, modules, pc, registers, task};
use crate::kinds::{self, Rule};
use crate::line::Line;
use crate::prefix::Caller;
use std::collections::BTreeMap;

/// To which part of a report a line belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The report itself.
    Body,
    /// After `---[ end trace`: x86 prints registers again there, and not always those of this report.
    After,
    /// The panic that followed.
    Panic,
    /// Another report of the same caller, which began before this one had a trace: its lines tell whom to blame, and
    /// nothing else.
    Continued,
}

/// The lines of one report.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) rule: &'static Rule,
    pub(crate) lines: Vec<(Part, Line)>,
    /// Index in `lines` of the header.
    pub(crate) header: usize,
    pub(crate) boot: u32,
    /// How it came to its end.
    pub(crate) end: End,
    /// A die line was seen.
    died: bool,
    part: Part,
    panicked: bool,
    quiet: u32,
    /// Lines of the caller since the headline.
    nth: u32,
    /// It sent an NMI to other CPUs: their backtraces belong to it.
    asks_other_cpus: bool,
    /// The report of the same caller in the middle of which this one began.
    before: Option<Box<Segment>>,
    /// Index in `lines` from which on another message with a trace of its own, of whom nobody knows, may be mixed in.
    pub(crate) mixed: Option<usize>,
    /// The first line of another message of the kernel that stands between two frames of a trace, where no caller ids tell
    /// who printed what.
    pub(crate) between: Option<u64>,
    trace: Trace,
}

/// Where in a trace the lines stand that came last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trace {
    /// In none.
    Outside,
    /// At a frame.
    AtFrame,
    /// After a frame came another message, at this line.
    Interrupted(u64),
}

/// How a segment came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By the kernel's own mark.
    Marked,
    /// No mark, but the log went on with other things.
    Quiet,
    /// The next report of the same caller began.
    Interrupted,
    /// The log ended first.
    LogEnded,
    /// It grew too long.
    Limit,
}

/// Lines kept of one report. The longest in the wild, with several stacks, have some two thousand.
const MOST_LINES: usize = 6000;
/// Reports open at a time, each of another caller.
const MOST_OPEN: usize = 32;
/// Lines between `cut here` and the header: the text of a WARN.
const MOST_PENDING: usize = 16;

/// Lines of others after which a report that got none is over, and a `cut here` forgotten: a caller that was killed
/// prints no more, and a log must not be parsed line by line for ever because of it.
const STALE: u64 = 4096;

/// Sorts the lines of a log into segments.
#[derive(Debug, Default)]
pub(crate) struct Segmenter {
    open: BTreeMap<Option<Caller>, Segment>,
    /// Lines from `cut here` on, until a header follows.
    pending: BTreeMap<Option<Caller>, Vec<Line>>,
    /// Ended, but a panic may still follow: `Kernel panic - not syncing: Fatal exception` comes after the end mark,
    /// other CPUs' lines between. At most one a caller.
    lingering: Vec<Segment>,
    finished: Vec<Segment>,
    boot: u32,
    /// The log has shown a running kernel.
    pub(crate) kernel_ran: bool,
}

impl Segmenter {
    /// True when no line but a header can be of interest.
    pub(crate) fn is_idle(&self) -> bool {
        self.open.is_empty() && self.pending.is_empty()
    }

    /// A new boot begins: what was open has ended with the old kernel.
    pub(crate) fn boot(&mut self, boot: u32) {
        self.close_all(End::Quiet);
        self.boot = boot;
    }

    /// The log ends.
    pub(crate) fn end(&mut self) {
        self.close_all(End::LogEnded);
    }

    /// Reports that are complete, in the order in which they began.
    pub(crate) fn take_finished(&mut self) -> Vec<Segment> {
        std::mem::take(&mut self.finished)
    }

    /// The next line. `hit` tells that it holds one of the literals by which reports are found.
    pub(crate) fn line(&mut self, line: Line, hit: bool) {
        let key = line.prefix.caller;
        if line.number.is_multiple_of(STALE / 4) {
            self.drop_stale(line.number);
        }
        if marks::is_replay(&line.text) {
            // What was printed of the headline is printed once more, whole.
            let again = |open: &Segment| {
                open.lines.len() == open.header + 1
                    && open.lines.last().is_some_and(|(_, header)| header.number + 1 == line.number)
            };
            self.open.retain(|_, open| !again(open));
            return;
        }
        if hit {
            if marks::is_cut_here(&line.text) {
                if self.pending.len() >= MOST_OPEN {
                    self.pending.pop_first();
                }
                self.pending.insert(key, vec![line]);
                return;
            }
            if marks::panic_reason(&line.text).is_some() {
                self.panic(key, line);
                return;
            }
            if die::parse(&line.text).is_some()
                && let Some(open) = self.open.get_mut(&key)
                && open.part == Part::Body
                && open.rule.dies
                && !open.died
            {
                open.died = true;
                open.push(line);
                self.pending.remove(&key);
                return;
            }
            if let Some((rule, at)) = kinds::begins(&line.text) {
                self.hand_over(key, rule);
                let absorbed = self.open.get_mut(&key).filter(|open| {
                    open.part == Part::Body
                        && (open.rule.absorbs)(&line.text)
                        && !open.rule_began_again(rule, &line.text)
                });
                if let Some(open) = absorbed {
                    self.pending.remove(&key);
                    open.push(line);
                    return;
                }
                if rule.yields && self.is_in_the_middle(key) {
                    self.body(key, line);
                    return;
                }
                if !self.is_plausible(rule, &line) {
                    return;
                }
                if rule.one_line && self.open.contains_key(&key) {
                    self.pending.remove(&key);
                    self.finished.push(Segment::new(rule, vec![(Part::Body, line)], 0, self.boot));
                    return;
                }
                self.begin(key, cut(line, at), rule);
                return;
            }
        }
        self.body(key, line);
    }

    /// A line that begins nothing.
    fn body(&mut self, key: Option<Caller>, line: Line) {
        if let Some(pending) = self.pending.get_mut(&key) {
            if pending.len() < MOST_PENDING {
                pending.push(line.clone());
            } else {
                self.pending.remove(&key);
            }
        }
        let key = self.reader_of(key);
        let Some(open) = self.open.get_mut(&key) else { return };
        match open.take(line) {
            Taken::Yes => {}
            Taken::Ended(end) => self.close(key, end),
        }
    }

    /// The report that takes a caller's line. Between `Sending NMI from CPU 1 to CPUs 0,2:` and its end a report has the
    /// backtraces of other CPUs, which these print themselves.
    fn reader_of(&self, key: Option<Caller>) -> Option<Caller> {
        if self.open.contains_key(&key) || !matches!(key, Some(Caller::Cpu(_))) {
            return key;
        }
        self.open.iter().find(|(_, open)| open.asks_other_cpus && open.part == Part::Body).map_or(key, |(key, _)| *key)
    }

    /// What a program prints out of the kernel's files has no caller: it goes on with the report of its kind that the
    /// kernel has just announced by a headline alone.
    fn hand_over(&mut self, key: Option<Caller>, rule: &Rule) {
        if key.is_some() || self.open.contains_key(&key) {
            return;
        }
        let is_announced = |open: &Segment| std::ptr::eq(open.rule, rule) && open.lines.len() == open.header + 1;
        let from = self.open.iter().find(|(_, open)| is_announced(open)).map(|(from, _)| *from);
        if let Some(announced) = from.and_then(|from| self.open.remove(&from)) {
            self.open.insert(key, announced);
        }
    }

    /// The caller is just printing a report, or what comes before a headline.
    fn is_in_the_middle(&self, key: Option<Caller>) -> bool {
        self.pending.contains_key(&key)
            || self.open.get(&key).is_some_and(|open| open.part == Part::Body && open.quiet == 0 && !open.rule.yields)
    }

    /// Whether a line that looks like a headline can be the kernel's. A message without a kind of its own must show that
    /// it is the kernel's; a boot loader's hand-over is a reboot only where a kernel ran before.
    fn is_plausible(&self, rule: &Rule, line: &Line) -> bool {
        if std::ptr::eq(rule, &raw const kinds::message::RULE) {
            return line.prefix.is_kernel() || is_device_message(&line.text);
        }
        if std::ptr::eq(rule, &raw const kinds::reboot::RULE) {
            return self.kernel_ran;
        }
        true
    }

    fn begin(&mut self, key: Option<Caller>, line: Line, rule: &'static Rule) {
        // With caller ids it is the same task or CPU that goes on: the trace that the first report lacks is the one that
        // comes now.
        let goes_on =
            key.is_some() && self.open.get(&key).is_some_and(|open| open.part == Part::Body && !open.has_frames());
        let mut before = if goes_on { self.open.remove(&key) } else { None };
        // One report back and no further: headline after headline must not pile up.
        if let Some(older) = before.as_mut().and_then(|before| before.before.take()) {
            self.finished.push(*older);
        }
        self.close(key, End::Interrupted);
        let lingering = std::mem::take(&mut self.lingering);
        self.finished.extend(lingering);
        if self.open.len() >= MOST_OPEN
            && let Some(oldest) =
                self.open.iter().min_by_key(|(_, open)| open.lines.first().map(|l| l.1.number)).map(|(key, _)| *key)
        {
            self.close(oldest, End::Limit);
        }
        let mut lines: Vec<_> =
            self.pending.remove(&key).unwrap_or_default().into_iter().map(|line| (Part::Body, line)).collect();
        let rule = kinds::by_message(rule, &lines);
        let header = lines.len();
        lines.push((Part::Body, line));
        let mut segment = Segment::new(rule, lines, header, self.boot);
        segment.before = before.map(Box::new);
        self.open.insert(key, segment);
    }

    /// A panic belongs to the report that it follows from; else it is a report of its own.
    fn panic(&mut self, key: Option<Caller>, line: Line) {
        let reason = marks::panic_reason(&line.text).unwrap_or_default();
        let consequence = kinds::panic::is_consequence(reason);
        let victim = kinds::panic::victim(reason);
        // `Attempted to kill init!` follows from the Oops in which init died, not from another task's.
        let is_tied = |segment: &Segment| victim.is_none_or(|victim| segment.pid().is_none_or(|pid| pid == victim));
        if let Some(open) = self.open.get_mut(&key) {
            let again = open.panicked || open.rule.is_panic;
            // In the middle of a report a panic is its end whatever it says; after the end mark only what says so.
            if again || is_tied(open) && (consequence || open.part == Part::Body) {
                if !again {
                    open.part = Part::Panic;
                    open.panicked = true;
                }
                open.push(line);
                return;
            }
        }
        if consequence {
            // What is open is not what it follows from. Closed first: that moves the others in `lingering`.
            self.close(key, End::Interrupted);
            let at = self.lingering.iter().rposition(|segment| {
                !segment.panicked
                    && !segment.rule.is_panic
                    && segment.boot == self.boot
                    && !segment.is_stale(line.number)
                    && is_tied(segment)
            });
            if let Some(at) = at {
                let mut segment = self.lingering.remove(at);
                segment.part = Part::Panic;
                segment.panicked = true;
                segment.quiet = 0;
                segment.push(line);
                self.open.insert(key, segment);
                return;
            }
        }
        let rule = kinds::panic::of(reason);
        self.begin(key, line, rule);
    }

    fn close(&mut self, key: Option<Caller>, end: End) {
        let Some(mut segment) = self.open.remove(&key) else { return };
        if let Some(mut before) = segment.before.take() {
            before.end = End::Interrupted;
            before.lines.extend(segment.lines.iter().map(|(_, line)| (Part::Continued, line.clone())));
            self.finished.push(*before);
        }
        let marked = segment.part != Part::Body || segment.lines.iter().any(|(_, line)| is_end(&line.text));
        segment.end = if marked { End::Marked } else { end };
        self.lingering.push(segment);
        if self.lingering.len() > MOST_OPEN {
            self.finished.push(self.lingering.remove(0));
        }
    }

    /// Hands out reports to which no panic can belong any more: line `now` is too far away. In their order, whenever
    /// it is called: that a report is handed out early must not change what is found.
    pub(crate) fn expire(&mut self, now: u64) {
        let stale = self.lingering.iter().take_while(|segment| segment.is_stale(now)).count();
        self.finished.extend(self.lingering.drain(..stale));
    }

    fn drop_stale(&mut self, now: u64) {
        let stale = |last: Option<&Line>| last.is_none_or(|last| last.number + STALE < now);
        self.pending.retain(|_, lines| !stale(lines.last()));
        let over: Vec<_> = self
            .open
            .iter()
            .filter(|(_, open)| stale(open.lines.last().map(|(_, line)| line)))
            .map(|(key, _)| *key)
            .collect();
        for key in over {
            self.close(key, End::Quiet);
        }
    }

    fn close_all(&mut self, end: End) {
        self.pending.clear();
        let keys: Vec<_> = self.open.keys().copied().collect();
        for key in keys {
            self.close(key, end);
        }
        self.finished.append(&mut self.lingering);
    }
}

/// The end mark, or what comes last where there is none.
fn is_end(text: &str) -> bool {
    marks::is_end_trace(text) || arch::is_last_line(text)
}

enum Taken {
    Yes,
    Ended(End),
}

impl Segment {
    /// A report that begins with the last of `lines`.
    const fn new(rule: &'static Rule, lines: Vec<(Part, Line)>, header: usize, boot: u32) -> Self {
        Self {
            rule,
            lines,
            header,
            boot,
            end: End::LogEnded,
            died: false,
            part: Part::Body,
            panicked: false,
            quiet: 0,
            nth: 0,
            asks_other_cpus: false,
            before: None,
            mixed: None,
            between: None,
            trace: Trace::Outside,
        }
    }

    fn has_frames(&self) -> bool {
        self.lines.iter().any(|(_, line)| frame::parse(&line.text).is_some_and(|frame| frame.reliable))
    }

    /// The task that it names.
    fn pid(&self) -> Option<u32> {
        self.lines.iter().find_map(|(_, line)| task::parse(&line.text)?.pid)
    }

    /// Its last line is so far before line `now` that nothing more can belong to it.
    fn is_stale(&self, now: u64) -> bool {
        self.lines.last().is_none_or(|(_, last)| last.number + STALE < now)
    }

    fn push(&mut self, mut line: Line) {
        self.quiet = 0;
        // What the unwinder did not vouch for tells nothing, not even where things are.
        let frame = frame::parse(&line.text);
        let counts = frame.as_ref().is_none_or(|frame| frame.reliable);
        if let (Trace::Interrupted(line), true) = (self.trace, frame.is_some()) {
            self.between.get_or_insert(line);
        }
        self.trace = if frame.is_some() { Trace::AtFrame } else { Trace::Outside };
        self.nth = self.nth.saturating_add(u32::from(counts));
        line.nth = self.nth;
        self.asks_other_cpus |= line.text.contains("Sending NMI from CPU");
        self.lines.push((self.part, line));
    }

    /// The same headline once more: another report, whatever the first would take in.
    fn rule_began_again(&self, rule: &Rule, text: &str) -> bool {
        std::ptr::eq(self.rule, rule) && self.lines.get(self.header).is_some_and(|(_, header)| header.text == text)
    }

    fn take(&mut self, line: Line) -> Taken {
        if self.lines.len() >= MOST_LINES {
            return Taken::Ended(End::Limit);
        }
        let text = &line.text;
        if line.prefix.caller.is_none() && self.mixed.is_none() && is_other_trace(text) {
            self.mixed = Some(self.lines.len());
            self.between.get_or_insert(line.number);
        }
        let belongs = match self.part {
            Part::Body => {
                belongs_to_body(text) || (self.rule.owns)(text) || (self.rule.is_panic && belongs_after(text))
            }
            Part::After | Part::Continued => belongs_after(text),
            Part::Panic => belongs_to_body(text) || belongs_after(text),
        };
        let message = self.part == Part::Body && self.lines.len() == self.header + 1 && is_message(self.rule, text);
        if !belongs && !message {
            self.nth = self.nth.saturating_add(1);
            self.quiet += 1;
            let other = line.prefix.caller.is_none() && line.prefix.is_kernel() && is_named_message(text);
            if other && self.part == Part::Body && self.trace == Trace::AtFrame {
                self.trace = Trace::Interrupted(line.number);
            }
            // Interleaved output of other CPUs can be long while a report is being printed; after its end
            // mark only the panic is still to come.
            let patience = if self.part == Part::After { 24 } else { 64 };
            return if self.quiet > patience { Taken::Ended(End::Quiet) } else { Taken::Yes };
        }
        let ends_trace = marks::is_end_trace(text);
        let ends_panic = marks::is_end_panic(text);
        self.push(line);
        if ends_panic {
            return Taken::Ended(End::Marked);
        }
        if ends_trace && self.part == Part::Body {
            self.part = Part::After;
        }
        Taken::Yes
    }
}

/// A line from the headline on that stands in its middle: what came before is other output.
fn cut(mut line: Line, at: usize) -> Line {
    if at > 0 {
        line.text.drain(..at);
    }
    line
}

/// Messages that report no bug and come with a trace: in the middle of a report, where no caller ids tell who printed
/// what, that trace can't be told from the report's own.
pub(crate) fn is_other_trace(text: &str) -> bool {
    ["vmalloc: allocation failure:", "FAULT_INJECTION: forcing a failure", "FAULT_FLAG_ALLOW_RETRY missing"]
        .iter()
        .any(|words| text.contains(words))
}

/// `kobject: …`, `usb 5-1: …`: a message that begins with who says it, as no line of a trace does.
fn is_named_message(text: &str) -> bool {
    let name = text.split_once(": ").map_or("", |(name, _)| name);
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.len() <= 40 && !name.contains("+0x")
}

/// `usb 5-1: …`: what the driver core puts before a driver's message (drivers/base/core.c `dev_printk`): the subsystem or
/// driver and the device's name.
fn is_device_message(text: &str) -> bool {
    let Some((driver, rest)) = text.split_once(' ') else { return false };
    let Some((device, _)) = rest.split_once(": ") else { return false };
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b));
    is_word(driver) && is_word(device) && device.bytes().any(|b| b.is_ascii_digit())
}

/// True for the line after a WARN's header that is nothing else: what the WARN said.
pub(crate) fn is_message(rule: &Rule, text: &str) -> bool {
    (!rule.dies || rule.name == kinds::rust_panic::RULE.name)
        && !text.trim().is_empty()
        && !belongs_to_body(text)
        && !belongs_after(text)
}

/// Beginnings of lines that belong to a report and are recognised by no grammar of their own.
const BODY: &[&str] = &[
    "#PF: ",
    "PGD ",
    "PUD ",
    "PMD ",
    "PTE ",
    "*pdpt",
    "*pde",
    "pgd = ",
    "Mem abort info:",
    "Data abort info:",
    "ESR = ",
    "ESR: ",
    "EC = ",
    "SET = ",
    "EA = ",
    "FSC = ",
    "ISV = ",
    "CM = ",
    "GCS = ",
    "FAR: ",
    "Task stack:",
    "IRQ stack:",
    "Overflow stack:",
    "swapper pgtable:",
    "user pgtable:",
    "KASAN: ",
    "Hardware name: ",
    "Workqueue: ",
    "Stopper: ",
    "Sched_ext: ",
    "Tainted: ",
    "Dumping ftrace buffer:",
    "(ftrace buffer empty)",
    "Flags: ",
    "Control: ",
    "Stack: (",
    "Stack:",
    "Exception stack(",
    "Register r",
    "Process ",
    "Thread overran stack",
    "irq event stamp:",
    "hardirqs last ",
    "softirqs last ",
    "Backtrace",
    "Unhandled fault",
    "CPU: ",
    "task: ",
    "RSP <",
    "EIP: [<",
];

fn belongs_to_body(text: &str) -> bool {
    let trimmed = text.trim_start();
    if trimmed.is_empty() {
        return false;
    }
    // Frames first: most lines of a report are.
    frame::parse(text).is_some()
        || BODY.iter().any(|start| trimmed.starts_with(start))
        || arch::belongs(text)
        || fault::announce(text).is_some()
        || fault::bad_exception(text).is_some()
        || die::parse(text).is_some()
        || task::parse(text).is_some()
        || pc::parse(text).is_some()
        || !registers::parse(text).is_empty()
        || code::parse(text).is_some()
        || code::continued(text).is_some()
        || disassembly::parse(text).is_some()
        || marks::stack_tag(text).is_some()
        || marks::is_trace_start(text)
        || modules::parse(text).is_some()
        || marks::is_end_trace(text)
        || marks::is_any_trace_start(text)
        || is_page_table(trimmed)
        || is_stack_dump(trimmed)
        || is_caller_saved(trimmed)
}

fn belongs_after(text: &str) -> bool {
    pc::parse(text).is_some()
        || !registers::parse(text).is_empty()
        || code::parse(text).is_some()
        || marks::kernel_offset(text).is_some()
        || marks::exit_note(text).is_some()
        || marks::is_panic_epilogue(text)
}

/// arm and arm64: `[00000004] *pgd=00000000`, `[efff800000000137] pgd=1000000049992003, p4d=…`.
fn is_page_table(text: &str) -> bool {
    text.strip_prefix('[').and_then(|rest| rest.split_once(']')).is_some_and(|(address, rest)| {
        matches!(address.len(), 8 | 16)
            && address.bytes().all(|b| b.is_ascii_hexdigit())
            && (rest.starts_with(" *pgd=") || rest.starts_with(" pgd=") || rest.starts_with(" address between"))
    })
}

/// A row of the stack in hex: arm's `7f60: 00000005 ab48c000 …`, old x86's ` ffff88003a0a0000 0000000000000000`.
fn is_stack_dump(text: &str) -> bool {
    let words = |text: &str, len: usize| {
        text.split_ascii_whitespace().all(|word| word.len() == len && word.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    if words(text, 16) || words(text, 8) {
        return true;
    }
    text.split_once(':').is_some_and(|(offset, rest)| {
        offset.len() == 4 && offset.bytes().all(|b| b.is_ascii_hexdigit()) && rest.starts_with(' ') && words(rest, 8)
    })
}

/// arm: ` r10:84a90360 r9:82fe5410`, the callee-saved registers found in a frame.
fn is_caller_saved(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace().peekable();
    words.peek().is_some()
        && words.all(|word| {
            word.split_once(':').is_some_and(|(name, value)| {
                name.starts_with('r')
                    && name.len() <= 3
                    && value.len() == 8
                    && value.bytes().all(|b| b.is_ascii_hexdigit())
            })
        })
}
