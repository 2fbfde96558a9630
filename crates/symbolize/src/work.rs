//! One report's frames looked up: which function of which file each is, what was inlined there.
//!
//! Must never take a line out of a file for a frame whose function has another size there.

use crate::calls::{self, Call};
use crate::code;
use crate::evidence::Evidence;
use crate::exact::{self, Lookup};
use crate::matching::{self, Kernel};
use crate::names;
use crate::object::Object;
use crate::root;
use crate::symbolizer::Symbolizer;
use oopscope_dwarf::{At, Spot};
use oopscope_report::{Alternative, Frame, FrameRole, Report, Stack, Symbolized};
use oopscope_symbols::elf::functions::Function;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The most problems that are told of a report.
const MOST_PROBLEMS: usize = 24;

/// The most other places that are told of a frame.
const MOST_ALTERNATIVES: usize = 16;

/// A file that matches a report: its number, and by what that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) entry: usize,
    pub(crate) by: &'static str,
}

/// The symbolization of one report.
pub(crate) struct Work<'s> {
    files: &'s Symbolizer,
    pub(crate) kernel: Kernel,
    /// vmlinux, and the files of modules, as far as they match.
    pub(crate) vmlinux: Option<Chosen>,
    modules: BTreeMap<String, Option<Chosen>>,
    /// The files that were used, in the order of their first use.
    used: Vec<Chosen>,
    problems: Vec<String>,
    with_lines: u32,
    without_lines: u32,
}

/// A frame's function in a file, and perhaps others that it may be instead.
struct Located {
    entry: usize,
    object: Rc<Object>,
    candidates: Vec<Function>,
    offset: u64,
    lookup: Lookup,
}

impl Located {
    /// The place of a candidate, as the frame's address is.
    fn at(&self, function: &Function) -> At {
        self.object.place(function, self.offset)
    }

    /// The only one that it may be.
    fn only(&self) -> Option<&Function> {
        match self.candidates.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

impl<'s> Work<'s> {
    pub(crate) fn new(files: &'s Symbolizer, kernel: Kernel) -> Self {
        Self {
            files,
            kernel,
            vmlinux: None,
            modules: BTreeMap::new(),
            used: Vec::new(),
            problems: Vec::new(),
            with_lines: 0,
            without_lines: 0,
        }
    }

    /// The files that were chosen.
    pub(crate) fn files(&self) -> impl Iterator<Item = Chosen> + '_ {
        self.vmlinux.into_iter().chain(self.modules.values().copied().flatten())
    }

    /// Says something that could not be done; each thing once.
    pub(crate) fn problem(&mut self, text: String) {
        if self.problems.len() < MOST_PROBLEMS && !self.problems.contains(&text) {
            self.problems.push(text);
        }
    }

    /// Chooses the files that this report's frames need.
    pub(crate) fn choose(&mut self, report: &Report) {
        let mut own = Vec::new();
        let mut modules: BTreeMap<String, Vec<&Frame>> = BTreeMap::new();
        for frame in wanted(report) {
            match &frame.module {
                Some(module) => modules.entry(names::module(module)).or_default().push(frame),
                None => own.push(frame),
            }
        }
        let evidence = Evidence::of(report);
        let mut problems = Vec::new();
        // What was chosen by an address stays: the names that came of it say nothing more.
        if self.vmlinux.is_none() {
            self.vmlinux = self.files.kernel_for(&self.kernel, &own, evidence.as_ref(), &mut problems);
        }
        for (name, frames) in modules {
            if self.modules.get(&name).is_some_and(Option::is_some) {
                continue;
            }
            let chosen = self.files.module_for(&name, &self.kernel, &frames, evidence.as_ref(), &mut problems);
            self.modules.insert(name, chosen);
        }
        for problem in problems {
            self.problem(problem);
        }
    }

    /// A module's file that was found by an address.
    pub(crate) fn choose_module(&mut self, name: &str, chosen: Chosen) {
        self.modules.insert(names::module(name), Some(chosen));
    }

    /// The file that a frame lies in.
    fn file_of(&self, frame: &Frame) -> Option<Chosen> {
        match &frame.module {
            Some(module) => self.modules.get(&names::module(module)).copied().flatten(),
            None => self.vmlinux,
        }
    }

    /// Looks a frame's function up.
    fn locate(&mut self, frame: &Frame, inner: Option<&Frame>, report: &Facts) -> Option<Located> {
        let (name, offset, size) = (frame.function.as_deref()?, frame.offset?, frame.size?);
        let chosen = self.file_of(frame)?;
        let (file, object) = self.files.object(chosen.entry)?;
        let functions = match object.functions(name) {
            Ok(functions) => functions,
            Err(error) => {
                self.problem(format!("{file}: {error}"));
                return None;
            }
        };
        let is_size = matching::is_size(size);
        let candidates: Vec<Function> = functions
            .iter()
            .filter(|function| (!is_size || offset <= size) && matching::fits(function, size))
            .cloned()
            .collect();
        if candidates.is_empty() {
            let what = match functions.first() {
                None => format!("{file} has no function {name}"),
                Some(function) => {
                    let have = function.span().unwrap_or(function.size);
                    format!("{name} has {have:#x} bytes in {file}, the log has {size:#x}: not looked up")
                }
            };
            self.problem(what);
            return None;
        }
        self.use_file(chosen);
        if !object.has_lines {
            self.problem(format!("{file} has no debug information (DWARF): its functions have no source lines"));
        }
        let lookup = exact::lookup(frame, inner, report.arch);
        Some(Located { entry: chosen.entry, object, candidates: distinct(candidates), offset, lookup })
    }

    /// The number of a file among those that were used.
    pub(crate) fn use_file(&mut self, chosen: Chosen) -> u32 {
        let at = self.used.iter().position(|used| used.entry == chosen.entry).unwrap_or_else(|| {
            self.files.used(chosen);
            self.used.push(chosen);
            self.used.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Looks up one stack and puts in what was found.
    fn stack(&mut self, stack: &mut Stack, facts: &Facts) {
        let frames = std::mem::take(&mut stack.frames);
        let mut located: Vec<Option<Located>> = Vec::with_capacity(frames.len());
        let mut inner: Option<&Frame> = None;
        for frame in &frames {
            let found = is_wanted(frame).then(|| self.locate(frame, inner, facts)).flatten();
            located.push(found);
            if frame.reliable {
                inner = Some(frame);
            }
        }
        Self::tell_apart(&frames, &mut located, facts);
        for (frame, found) in frames.into_iter().zip(located) {
            self.expand(frame, found, &mut stack.frames);
        }
    }

    /// Functions of one name and size told apart: by whom the frame below called, by whom they themselves called, by the
    /// report's code.
    fn tell_apart(frames: &[Frame], located: &mut [Option<Located>], facts: &Facts) {
        let calls = |located: &Located, function: &Function| calls::before(&located.object, located.at(function));
        for at in 0..located.len() {
            let Some(own) = located[at].as_ref().filter(|own| own.candidates.len() > 1) else { continue };
            let mut fit: Vec<bool> = vec![true; own.candidates.len()];
            let reliable = |index: &usize| frames.get(*index).is_some_and(|frame| frame.reliable && !frame.inlined);
            let outer = (at + 1..frames.len()).find(reliable).and_then(|index| located[index].as_ref());
            if let Some(outer) = outer.filter(|outer| outer.entry == own.entry && outer.lookup == Lookup::Before)
                && frames[at].reliable
                && let Some(function) = outer.only()
                && let Call::To(target) = calls(outer, function)
            {
                narrow(&mut fit, |n| own.candidates[n].address == target);
            }
            if own.lookup == Lookup::Before {
                let inner = (0..at).rev().find(reliable).and_then(|index| located[index].as_ref());
                let callee = inner.filter(|inner| inner.entry == own.entry).and_then(Located::only);
                narrow(&mut fit, |n| calls(own, &own.candidates[n]) != Call::No);
                if let Some(callee) = callee {
                    narrow(&mut fit, |n| calls(own, &own.candidates[n]) == Call::To(callee.address));
                }
            }
            if let Some(code) =
                facts.code.as_ref().filter(|_| frames[at].role == FrameRole::Pc && facts.is_pc(&frames[at]))
            {
                narrow(&mut fit, |n| {
                    let place = own.at(&own.candidates[n]);
                    !matches!(
                        code::compare(code, facts.arch, &own.object, place, facts.moved),
                        Some(code::Compared::Different(_))
                    )
                });
            }
            if let Some(own) = &mut located[at] {
                let mut fit = fit.into_iter();
                own.candidates.retain(|_| fit.next().unwrap_or(true));
            }
        }
    }

    /// Puts a frame into a stack, with the functions that were inlined there before it.
    fn expand(&mut self, mut frame: Frame, located: Option<Located>, out: &mut Vec<Frame>) {
        let Some(located) = located else {
            if is_wanted(&frame) {
                self.without_lines += 1;
            }
            out.push(frame);
            return;
        };
        let number = self.used.iter().position(|used| used.entry == located.entry);
        let number = number.and_then(|number| u32::try_from(number).ok());
        let (files, vmlinux, object) = (self.files, self.vmlinux, Rc::clone(&located.object));
        // Where the sources lay when the kernel was built; a module's of the kernel's own tree lay there, too.
        let root = move || {
            let vmlinux = vmlinux.and_then(|chosen| files.object(chosen.entry));
            let root = vmlinux.and_then(|(_, vmlinux)| vmlinux.root().map(str::to_owned));
            root.or_else(|| object.root().map(str::to_owned))
        };
        let mut places = located.candidates.iter().map(|function| (function, self.spots(&located, function)));
        let Some((_, first)) = places.next() else {
            out.push(frame);
            return;
        };
        let others: Vec<Alternative> = places
            .take(MOST_ALTERNATIVES)
            .map(|(function, spots)| {
                let spot = spots.ok().and_then(|spots| spots.last().cloned()).unwrap_or_default();
                Alternative {
                    file: spot.file.as_deref().map(|file| root::shorten(file, &root)),
                    file_line: spot.line,
                    address: format!("{:#x}", located.at(function).address),
                }
            })
            .collect();
        frame.alternatives = others;
        if let Some(why) = located.object.missed() {
            let file = self.files.object(located.entry).map_or("", |(file, _)| file);
            self.problem(format!("{file}: {why}"));
        }
        let spots = match first {
            Ok(spots) => {
                if spots.is_empty() && located.object.has_lines {
                    let file = self.files.object(located.entry).map_or("", |(file, _)| file);
                    let function = frame.function.as_deref().unwrap_or_default();
                    self.problem(format!("{file} has no debug information that covers {function}"));
                }
                spots
            }
            Err(why) => {
                let file = self.files.object(located.entry).map_or("", |(file, _)| file);
                self.problem(format!("{file}: {why}"));
                Vec::new()
            }
        };
        let Some((own, inlined)) = spots.split_last().filter(|(own, _)| own.file.is_some()) else {
            self.without_lines += 1;
            frame.symbols = frame.symbols.or(number.filter(|_| !frame.alternatives.is_empty()));
            out.push(frame);
            return;
        };
        for spot in inlined {
            out.push(Frame {
                function: Some(spot.function.as_deref().unwrap_or("??").to_owned()),
                module: frame.module.clone(),
                reliable: frame.reliable,
                role: frame.role,
                file: spot.file.as_deref().map(|file| root::shorten(file, &root)),
                file_line: spot.line,
                inlined: true,
                symbols: number,
                line: frame.line,
                ..Frame::default()
            });
        }
        frame.file = own.file.as_deref().map(|file| root::shorten(file, &root));
        frame.file_line = own.line;
        frame.symbols = number;
        self.with_lines += 1;
        out.push(frame);
    }

    /// The source of a place.
    fn spots(&self, located: &Located, function: &Function) -> Result<Vec<Spot>, String> {
        let at = located.at(function);
        let before = At { address: at.address.wrapping_sub(1), ..at };
        let find = |at| self.files.spots(&located.object, at).map_err(|error| error.to_string());
        match located.lookup {
            Lookup::Exact => find(at),
            // A module's section has nothing before its beginning.
            _ if at.section.is_some() && at.address == 0 => find(at),
            Lookup::Before => find(before),
            Lookup::Either => match find(before)? {
                spots if spots.is_empty() => find(at),
                spots => Ok(spots),
            },
        }
    }

    /// Looks up one place alone.
    pub(crate) fn place(mut self, place: Frame, report: &Report) -> Vec<Frame> {
        let mut stack = Stack { frames: vec![place], ..Stack::default() };
        self.stack(&mut stack, &Facts::of(report));
        stack.frames
    }

    /// Looks up all frames, and compares the code.
    pub(crate) fn run(mut self, report: &mut Report) -> Symbolized {
        let facts = Facts::of(report);
        let mut stacks = std::mem::take(&mut report.stacks);
        for stack in &mut stacks {
            self.stack(stack, &facts);
        }
        report.stacks = stacks;
        let code = self.compare_code(report, &facts);
        for used in self.used.clone() {
            if let Some((file, missing)) = self.files.missing_split(used.entry) {
                self.problem(format!(
                    "{file}: debug information of it was split off into {missing}, which was not given: inlined functions are \
                     missing"
                ));
            }
        }
        let files = self.used.iter().filter_map(|used| self.files.row(used.entry, used.by)).collect();
        Symbolized {
            files,
            with_lines: self.with_lines,
            without_lines: self.without_lines,
            code,
            problems: self.problems,
        }
    }

    /// Compares the report's code with the file's.
    fn compare_code(&mut self, report: &Report, facts: &Facts) -> Option<String> {
        let code = report.code.as_ref()?;
        let pc = report.stacks.iter().flat_map(|stack| &stack.frames);
        let pc = pc.filter(|frame| !frame.inlined && frame.role == FrameRole::Pc).find(|frame| facts.is_pc(frame))?;
        let located = self.locate(pc, None, facts)?;
        let function = located.candidates.first()?;
        // Debug information alone has no code in it: another file of the same build may.
        let object = self.files.with_code(located.entry).unwrap_or(located.object.clone());
        code::compare(code, facts.arch, &object, object.place(function, located.offset), facts.moved)
            .map(code::Compared::words)
    }
}

/// What of a report is needed beside its frames.
pub(crate) struct Facts {
    arch: Option<oopscope_report::Arch>,
    code: Option<oopscope_report::Code>,
    /// What KASLR added.
    moved: Option<u64>,
    /// Function and offset of the instruction that trapped, which is what `Code:` is of.
    pc: Option<(String, u64)>,
}

impl Facts {
    fn of(report: &Report) -> Self {
        let frames = || report.stacks.iter().flat_map(|stack| &stack.frames);
        let pc = frames().find(|frame| frame.role == FrameRole::Pc && !frame.inlined);
        Self {
            arch: report.arch,
            code: report.code.clone(),
            moved: report.kernel_offset.as_deref().and_then(hex),
            pc: pc.and_then(|pc| Some((pc.function.clone()?, pc.offset?))),
        }
    }

    fn is_pc(&self, frame: &Frame) -> bool {
        self.pc
            .as_ref()
            .is_some_and(|(name, offset)| frame.function.as_ref() == Some(name) && frame.offset == Some(*offset))
    }
}

/// Keeps those that fit, unless none does.
fn narrow(fit: &mut [bool], test: impl Fn(usize) -> bool) {
    let next: Vec<bool> = fit.iter().enumerate().map(|(n, &fits)| fits && test(n)).collect();
    if next.contains(&true) {
        fit.copy_from_slice(&next);
    }
}

/// Without aliases: several symbols of one name at one address are one function.
fn distinct(mut functions: Vec<Function>) -> Vec<Function> {
    functions.sort_by_key(|function| (function.section, function.address));
    functions.dedup_by_key(|function| (function.section, function.address));
    functions
}

/// Whether a frame is one to look up: not user mode's, nor one that the log itself has the source of.
pub(crate) fn is_wanted(frame: &Frame) -> bool {
    frame.role != FrameRole::User && !frame.inlined && frame.file.is_none()
}

/// The frames of a report that are to be looked up by name.
pub(crate) fn wanted(report: &Report) -> impl Iterator<Item = &Frame> {
    report.stacks.iter().flat_map(|stack| &stack.frames).filter(|frame| is_wanted(frame) && frame.function.is_some())
}

/// A number as reports have it: `0x…`.
pub(crate) fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}
