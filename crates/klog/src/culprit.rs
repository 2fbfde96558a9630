//! Which function is to blame, and why that one.
//!
//! Each kind says where its bug is named ([`Blame`]). Of the functions found there, the first that does more than its
//! caller asked of it (`skip`) is the culprit; where a watchdog looked into a running loop, the function that
//! represents it (`anchors`). Unreliable frames are never blamed: the kernel's unwinder did not vouch for them.

use crate::anchors;
use crate::facts::Facts;
use crate::kinds::panic;
use crate::skip;
use crate::title::without_syscall_prefix;
use crate::walk::{self, Candidate, Step, name_of};
use oopscope_report::{self as report, AccessKind, Culprit, Frame, FrameRole, StackRole};

/// Where the culprit of a kind is looked for.
#[derive(Debug)]
pub(crate) struct Blame {
    /// The way to it.
    pub(crate) steps: &'static [Step],
    /// Another way, when the first leads nowhere.
    pub(crate) or: &'static [Step],
    /// Parts of names that are innocent in this kind besides those that always are, as in `skip`.
    pub(crate) innocent: &'static [&'static str],
    pub(crate) pick: Pick,
}

/// Which of the functions on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// The first that is not innocent.
    First,
    /// The one that represents what runs: the last before the kernel's dispatch of work, calls or interrupts.
    Anchored,
    /// The one that calls itself over and over; where none does, the anchored one.
    Recursing,
    /// The one that waits, not what it waits with.
    Waiting,
    /// The first, whatever it is: the kernel itself names it.
    Named,
}

/// No function is to blame.
pub(crate) static NOBODY: Blame = Blame { steps: &[], or: &[], innocent: &[], pick: Pick::First };

/// The instruction that trapped, then its callers.
pub(crate) static PC_THEN_TRACE: Blame =
    Blame { steps: &[Step::Pc, Step::Trace, Step::Frames], or: &[], innocent: &[], pick: Pick::First };

/// The instruction that trapped, or nothing.
pub(crate) static PC_ALONE: Blame = Blame { steps: &[Step::Pc], or: &[], innocent: &[], pick: Pick::First };

/// The trace.
pub(crate) static TRACE: Blame = Blame::of_trace(&[]);

impl Blame {
    /// The trace, of which a kind's own innocents are passed over.
    pub(crate) const fn of_trace(innocent: &'static [&'static str]) -> Self {
        Self { steps: &[Step::Trace, Step::Frames], or: &[], innocent, pick: Pick::First }
    }
}

/// A function that was chosen.
#[derive(Clone, Debug)]
pub(crate) struct Blamed {
    /// Its name for titles.
    pub(crate) name: String,
    /// Its name in the log, without compiler suffixes.
    pub(crate) raw: String,
    candidate: Candidate,
    /// Those before it, with why they are innocent.
    passed: Vec<(Candidate, &'static str)>,
    /// Those after it.
    further: Vec<Candidate>,
    /// The dispatcher by which an anchored one was found.
    anchor: Option<String>,
}

/// Finds whom to blame, for the titles and for the report.
pub(crate) fn find(facts: &mut Facts) {
    let blame = (facts.rule.blame)(facts);
    facts.blamed = blamed(facts, blame);
    facts.report.culprit = match facts.blamed.first() {
        Some(Some(blamed)) => Some(culprit(facts, blamed)),
        // The kind's own way led nowhere: a trace or an instruction pointer may be there all the same.
        Some(None) => pick(facts),
        None => None,
    };
}

fn blamed(facts: &mut Facts, blame: &Blame) -> Vec<Option<Blamed>> {
    if blame.steps.is_empty() {
        return Vec::new();
    }
    // A jump into data is no function's doing but its caller's.
    let astray = is_astray(facts);
    let lines = facts.text_of_report();
    let mut found = walk::walk(lines, blame.steps, astray);
    let mut chosen = choose(&found.traces, blame);
    if (found.fault_injected.is_some() || chosen.iter().any(Option::is_none)) && !blame.or.is_empty() {
        let other = walk::walk(lines, blame.or, astray);
        chosen = choose(&other.traces, blame);
        found.fault_injected = other.fault_injected;
    }
    facts.fault_injected = found.fault_injected;
    chosen
}

fn choose(traces: &[Vec<Candidate>], blame: &Blame) -> Vec<Option<Blamed>> {
    traces.iter().map(|trace| of_trace(trace, blame)).collect()
}

fn of_trace(trace: &[Candidate], blame: &Blame) -> Option<Blamed> {
    if blame.pick == Pick::Named {
        let candidate = trace.first()?.clone();
        let name = candidate.name.clone();
        return Some(Blamed {
            raw: name.clone(),
            name,
            candidate,
            passed: Vec::new(),
            further: Vec::new(),
            anchor: None,
        });
    }
    let mut passed = Vec::new();
    let mut left = Vec::new();
    for candidate in trace {
        let module = candidate.module.as_deref();
        let why = skip::why_innocent_in(module, &candidate.name).or_else(|| {
            (module.is_none_or(skip::is_core) && skip::is_one_of(blame.innocent, &candidate.name))
                .then_some("innocent in a report of this kind: it is how such a bug is reached")
        });
        match why {
            Some(why) if left.is_empty() => passed.push((candidate.clone(), why)),
            Some(_) => {}
            None => left.push(candidate.clone()),
        }
    }
    let names: Vec<&str> = left.iter().map(|candidate| without_syscall_prefix(&candidate.name)).collect();
    let (at, name, anchor) = match blame.pick {
        Pick::First | Pick::Named => (0, (*names.first()?).to_owned(), None),
        Pick::Recursing if let Some(at) = anchors::recursing(&names) => (at, names[at].to_owned(), None),
        // No recursion is to be seen, as where the overflow leaves no trace of its own (riscv, s390): it was noticed here.
        Pick::Recursing
            if anchors::representative(&names).is_none()
                && let Some(at) = left.iter().position(|candidate| candidate.is_pc)
                && left.iter().all(|candidate| candidate.name == left[at].name) =>
        {
            (at, names[at].to_owned(), None)
        }
        Pick::Anchored | Pick::Recursing => {
            let found = anchors::representative(&names)?;
            (found.at, found.name.to_owned(), Some(found.anchor.to_owned()))
        }
        Pick::Waiting => {
            let (at, name) = anchors::waiting(&names, |at| left[at].module.is_some())?;
            (at, name.to_owned(), None)
        }
    };
    let candidate = left.get(at)?.clone();
    let raw = candidate.name.clone();
    // What comes before the chosen one is where the loop was when the watchdog looked, or how it waits.
    let further = match blame.pick {
        Pick::First | Pick::Named => left[at + 1..].to_vec(),
        Pick::Anchored | Pick::Recursing | Pick::Waiting => left[..at].iter().chain(&left[at + 1..]).cloned().collect(),
    };
    Some(Blamed { name, raw, candidate, passed, further, anchor })
}

/// Runners-up that are named.
const MOST_RUNNERS_UP: usize = 4;

fn culprit(facts: &Facts, blamed: &Blamed) -> Culprit {
    let candidate = &blamed.candidate;
    let reason = match &blamed.anchor {
        Some(anchor) if *anchor == candidate.name => "the kernel waited in it for other CPUs".to_owned(),
        Some(anchor) => format!(
            "it is the function that {anchor} had called, or one below it: a watchdog looks at a random moment, and this one stands for all that ran in it"
        ),
        None if facts.rule.pick(facts) == Pick::Recursing
            && blamed.further.iter().any(|other| other.name == candidate.name) =>
        {
            "it is in the trace over and over: it calls itself, and the stack ends before it does".to_owned()
        }
        None if matches!(facts.rule.pick(facts), Pick::Waiting) => {
            "it is the innermost function of the task that is not the waiting itself".to_owned()
        }
        None if candidate.is_named => "the kernel itself names it".to_owned(),
        None if candidate.is_pc => "the instruction that trapped is in it".to_owned(),
        None => match blamed.passed.first() {
            Some((first, _)) => {
                format!("it is the nearest caller of {} that does not merely do what it was asked for", first.name)
            }
            None => "it is the innermost function of the trace that does not merely report".to_owned(),
        },
    };
    let frame = frame_at(facts, candidate);
    let mut culprit = Culprit {
        function: blamed.name.clone(),
        module: frame
            .and_then(|frame| frame.module.clone())
            .or_else(|| candidate.module.clone())
            .or_else(|| module_behind(facts.line_text(candidate.line), &candidate.name).map(str::to_owned)),
        offset: frame.and_then(|frame| frame.offset).or(candidate.offset),
        file: None,
        file_line: None,
        reason,
        line: candidate.line,
        runners_up: runners_up(blamed, facts.rule.pick(facts)),
    };
    name_source(facts, &mut culprit);
    culprit
}

/// `f [module]`, as `%ps` prints a function that is in no frame.
fn module_behind<'a>(text: &'a str, function: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(function)?;
    let (module, _) = rest.strip_prefix(" [")?.split_once(']')?;
    module.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_').then_some(module)
}

/// The frame that the report's stacks have on a candidate's line: it knows more (the module).
fn frame_at<'a>(facts: &'a Facts, candidate: &Candidate) -> Option<&'a Frame> {
    let named = |frame: &&Frame| frame.function.as_deref().is_some_and(|name| name_of(name) == candidate.name);
    let mut frames = facts.report.stacks.iter().flat_map(|stack| &stack.frames).filter(named);
    frames.clone().find(|frame| frame.line == candidate.line).or_else(|| frames.find(|frame| frame.reliable))
}

/// The source line that the report's headline names is the culprit's when it is in the same function.
fn name_source(facts: &Facts, culprit: &mut Culprit) {
    let own = facts.pc.as_ref().is_none_or(|pc| {
        pc.line == culprit.line
            || pc.function.as_deref().is_some_and(|name| without_syscall_prefix(&name_of(name)) == culprit.function)
    });
    if own && let Some((file, line, _)) = &facts.source {
        culprit.file = Some(file.clone());
        culprit.file_line = Some(*line);
    }
}

fn runners_up(blamed: &Blamed, pick: Pick) -> Vec<report::Candidate> {
    let passed = blamed.passed.iter().map(|(candidate, why)| (candidate, format!("it is {why}")));
    let further = blamed.further.iter().map(|candidate| {
        let inner = candidate.line < blamed.candidate.line;
        let reason = match pick {
            _ if candidate.is_named => "the kernel names it too, for another place of the same report",
            Pick::Anchored if inner => "it ran when the watchdog looked, which is chance",
            Pick::Waiting if inner => "it is how the task waits, not what it waits in",
            _ => "it is a caller further out",
        };
        (candidate, reason.to_owned())
    });
    // How a task waits is the same for all: one of these is enough.
    let skipped = if pick == Pick::Waiting {
        blamed.further.iter().filter(|candidate| candidate.line < blamed.candidate.line).count().saturating_sub(1)
    } else {
        0
    };
    let mut seen: Vec<&str> = vec![blamed.candidate.name.as_str()];
    // One or two of those passed over, then the callers: both sides of the choice.
    let passed: Vec<_> = passed.take(2).collect();
    passed
        .into_iter()
        .chain(further.skip(skipped))
        .filter(|(candidate, _)| {
            let new = !seen.contains(&candidate.name.as_str());
            if new {
                seen.push(&candidate.name);
            }
            new
        })
        .take(MOST_RUNNERS_UP)
        .map(|(candidate, reason)| report::Candidate {
            function: candidate.name.clone(),
            module: candidate.module.clone(),
            reason,
            line: candidate.line,
        })
        .collect()
}

/// The CPU was told to run what is no code: a page fault on the fetch of an instruction. (An abort of arm that the bus or
/// a breakpoint raised happens in code.)
fn is_astray(facts: &Facts) -> bool {
    !facts.fault_unhandled && facts.report.access.as_ref().is_some_and(|access| access.kind == AccessKind::Execute)
}

/// Picks by what the report has, whatever its kind expects; None when it names no function.
fn pick(facts: &Facts) -> Option<Culprit> {
    if facts.rule.is_panic && facts.report.panic.as_ref().is_some_and(|reason| panic::is_nobodys_fault(&reason.reason))
    {
        return None;
    }
    let astray = is_astray(facts);
    let pc = facts.pc.as_ref().filter(|pc| pc.function.is_some() && !astray);
    let trusted = |frame: &&Frame| frame.reliable && frame.function.is_some() && frame.role != FrameRole::User;
    // The report's own trace, then the panic's; not those of others.
    let of = |role| facts.report.stacks.iter().filter(move |stack| stack.role == role).flat_map(|stack| &stack.frames);
    // A return address at the very beginning of a function is not in it: the call before it never returns
    // (`panic()`), and the compiler put nothing after it. The caller is the function that happens to lie before.
    let is_caller = |frame: &&Frame| frame.role != FrameRole::Return || frame.offset != Some(0);
    let mut frames = of(StackRole::Crash)
        .chain(of(StackRole::Interrupted))
        // How the panic was reached is the way of the report only where it has none of its own.
        .chain(of(StackRole::Panic).filter(|_| facts.rule.is_panic || !facts.has_trace))
        .filter(trusted)
        .filter(is_caller);
    let own = (facts.rule.blame)(facts).innocent;
    let innocent = |frame: &Frame| {
        frame.function.as_deref().is_none_or(|name| {
            let (module, name) = (frame.module.as_deref(), name_of(name));
            skip::why_innocent_in(module, &name).is_some()
                || module.is_none_or(skip::is_core) && skip::is_one_of(own, &name)
                || astray && frame.role == FrameRole::Pc
        })
    };
    let (frame, reason) = if let Some(pc) = pc
        && !innocent(pc)
    {
        (pc, "the instruction that trapped is in it".to_owned())
    } else if let Some(lr) = facts.lr.as_ref().filter(|lr| lr.function.is_some() && !innocent(lr))
        && pc.is_none()
        && facts.pc.is_some()
    {
        (lr, "the instruction pointer is in no function, and the link register points into this one".to_owned())
    } else if let Some(caller) = frames.find(|frame| !innocent(frame)) {
        let reason = match (pc, &facts.pc) {
            (Some(pc), _) => format!(
                "it is the nearest caller of {} that does not merely do what it was asked for",
                pc.function.as_deref().unwrap_or("?")
            ),
            (None, Some(_)) => "the instruction pointer is in no function: this is the nearest caller".to_owned(),
            (None, None) => "it is the innermost function of the trace that does not merely report".to_owned(),
        };
        (caller, reason)
    } else {
        // Functions that only report are nobody's bug: better none than a wrong one.
        (pc?, "nothing but helper functions is in the trace".to_owned())
    };
    let name = name_of(frame.function.as_deref()?);
    let mut culprit = Culprit {
        function: without_syscall_prefix(&name).to_owned(),
        module: frame.module.clone(),
        offset: frame.offset,
        file: None,
        file_line: None,
        reason,
        line: frame.line,
        runners_up: Vec::new(),
    };
    name_source(facts, &mut culprit);
    Some(culprit)
}
