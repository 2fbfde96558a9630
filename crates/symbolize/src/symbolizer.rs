//! All the files that were given, which of them a report needs, and the questions to them.
//!
//! Must never open a file of a folder that nothing asked for by its name or build-id.

use crate::bare;
use crate::entry::{Entry, Opened};
use crate::evidence::Evidence;
use crate::matching::{self, Kernel, Verdict};
use crate::names::{self, Guess};
use crate::object::{Object, Sort};
use crate::query;
use crate::source::Sources;
use crate::work::{self, Chosen, Work};
use crate::{Answer, Excerpt, Given, QueryError};
use oopscope_dwarf::{At, DebugFile, DwarfError, Spot, Store};
use oopscope_report::{Frame, Report, SymbolFile, SymbolStatus};
use oopscope_symbols::module_places::ModulePlaces;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Told how far something is that takes long: which file, how much of it, of how much. False ends it.
pub type Tick<'a> = &'a mut dyn FnMut(&str, u64, u64) -> bool;

/// A report that is to be symbolized, and the `Linux version` line of its boot, where the log has it.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The report.
    pub report: &'a Report,
    /// [`oopscope_report::Boot::banner`] of its boot.
    pub banner: Option<&'a str>,
}

/// The caller's tick said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it was cancelled")]
pub struct Cancelled;

/// Files of one name that are looked into before giving up: a module of every kernel that is installed.
const MOST_TRIED: usize = 64;

/// Split files that are handed over at once.
const MOST_SPLITS: usize = 1 << 14;

/// Rows of [`Symbolizer::files`].
const MOST_ROWS: usize = 256;

/// Symbols that say which kernel a vmlinux is, and where its sources lay.
const MARKS: [&str; 2] = ["linux_banner", "start_kernel"];

/// The files of symbols, debug information and source that were given, and what they say.
pub struct Symbolizer {
    store: Rc<dyn Store>,
    files: Vec<Entry>,
    sources: Sources,
    /// By what files are found: kernels, modules by their names, files by their build-ids, lists of symbols, of modules.
    kernels: Vec<usize>,
    modules: BTreeMap<String, Vec<usize>>,
    by_id: BTreeMap<String, usize>,
    tables: Vec<usize>,
    loaded: Vec<usize>,
    /// Split debug information, by the files' names without folders.
    splits: BTreeMap<String, Vec<usize>>,
    /// Kernels that were found once, by what says for sure that it is they.
    chosen: RefCell<BTreeMap<Kernel, Chosen>>,
}

impl Symbolizer {
    /// One without files. `store` keeps indexes that took long to make.
    pub fn new(store: Rc<dyn Store>) -> Self {
        Self {
            store,
            files: Vec::new(),
            sources: Sources::default(),
            kernels: Vec::new(),
            modules: BTreeMap::new(),
            by_id: BTreeMap::new(),
            tables: Vec::new(),
            loaded: Vec::new(),
            splits: BTreeMap::new(),
            chosen: RefCell::default(),
        }
    }

    /// Takes files; gives back what is neither symbols nor source: logs, dumps. A file that was given by itself is opened;
    /// one of a folder is judged by its name.
    pub fn add(&mut self, given: Vec<Given>) -> Vec<Given> {
        let mut rest = Vec::new();
        for given in given {
            let entry = Entry::new(given);
            if !self.take(&entry) {
                rest.push(entry.given);
                continue;
            }
            self.files.push(entry);
        }
        self.chosen.borrow_mut().clear();
        rest
    }

    /// Puts a file where it will be found; false where it is nothing of ours.
    fn take(&mut self, entry: &Entry) -> bool {
        let at = self.files.len();
        if entry.is_of_folder() {
            match &entry.guess {
                Some(Guess::Kernel) => self.kernels.push(at),
                Some(Guess::Module(name)) => self.modules.entry(name.clone()).or_default().push(at),
                Some(Guess::BuildId(id)) => {
                    self.by_id.entry(id.clone()).or_insert(at);
                }
                Some(Guess::Image | Guess::Map | Guess::Kallsyms) => self.tables.push(at),
                Some(Guess::ModulesList) => self.loaded.push(at),
                Some(Guess::Source) => self.sources.add(&entry.given),
                Some(Guess::SplitDwarf) => self.take_split(&entry.given.name, at),
                None => return false,
            }
            return true;
        }
        match entry.open() {
            Opened::Object(object) => {
                if let Some(id) = object.build_id() {
                    self.by_id.entry(id).or_insert(at);
                }
                match object.sort {
                    Sort::Kernel => self.kernels.push(at),
                    Sort::Module => {
                        let by_name = match &entry.guess {
                            Some(Guess::Module(name)) => Some(name.clone()),
                            _ => None,
                        };
                        let stem = names::unpacked(&entry.given.name).split('.').next().map(names::module);
                        let name = object.module.clone().or(by_name).or(stem).unwrap_or_default();
                        self.modules.entry(name).or_default().push(at);
                    }
                    Sort::Split => self.take_split(&entry.given.name, at),
                    Sort::Program => {}
                }
                true
            }
            Opened::Table(_) => {
                self.tables.push(at);
                true
            }
            Opened::Modules(_) => {
                self.loaded.push(at);
                true
            }
            Opened::Source => {
                self.sources.add(&entry.given);
                true
            }
            // What has the name of symbols is told of; anything else may be a log.
            Opened::Unreadable(_) => entry.guess.is_some(),
            Opened::Other => false,
        }
    }

    fn take_split(&mut self, name: &str, at: usize) {
        self.splits.entry(names::last(name).to_owned()).or_default().push(at);
    }

    /// The source of a place, out of the file itself and of what was split off it.
    pub(crate) fn spots(&self, object: &Object, at: At) -> Result<Vec<Spot>, DwarfError> {
        let spots = object.spots(at)?;
        if self.splits.is_empty() || !object.has_lines || object.debug()?.wanted().is_empty() {
            return Ok(spots);
        }
        if self.supply(object) { object.spots(at) } else { Ok(spots) }
    }

    /// Hands an object the split files that it lacks; false where there is none.
    fn supply(&self, object: &Object) -> bool {
        let Ok(debug) = object.debug() else { return false };
        let wanted = debug.wanted();
        let mut any = false;
        // A package has the units of all files in it.
        let packages = self.splits.iter().filter(|(name, _)| names::is_package(name)).flat_map(|(_, files)| files);
        let named = wanted.iter().filter_map(|wanted| self.splits.get(names::last(&wanted.name))).flatten();
        for &at in named.chain(packages).take(MOST_SPLITS) {
            let Some(entry) = self.files.get(at).filter(|_| object.supplied(at)) else { continue };
            let Some(split) = entry.object() else { continue };
            match debug.supply(Rc::clone(&split.bytes), Rc::clone(&split.outline)) {
                Ok(units) => {
                    any |= units > 0;
                    entry.used("name");
                }
                Err(why) => entry.problem(&why.to_string()),
            }
        }
        any
    }

    /// A split file that a file still lacks, with that file's name.
    pub(crate) fn missing_split(&self, at: usize) -> Option<(&str, String)> {
        let (file, object) = self.object(at)?;
        let wanted = object.has_lines.then(|| object.debug().ok()).flatten()?.wanted();
        let first = wanted.first()?;
        let more = if wanted.len() > 1 { format!(" and {} more", wanted.len() - 1) } else { String::new() };
        Some((file, format!("{}{more}", names::last(&first.name))))
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Forgets all files. What the store keeps is not touched.
    pub fn forget(&mut self) {
        *self = Self::new(Rc::clone(&self.store));
    }

    /// The files, and what became of them until now: those that matter, and one row for all the rest of a folder.
    pub fn files(&self) -> Vec<SymbolFile> {
        let tells =
            |entry: &&Entry| !entry.is_of_folder() || entry.is_open() && entry.row().status != SymbolStatus::Unneeded;
        let mut rows: Vec<SymbolFile> = self.files.iter().filter(tells).take(MOST_ROWS).map(Entry::row).collect();
        let rest = self.files.len() - rows.len();
        let sources = self.sources.len();
        if rest > 0 {
            let s = if rest == 1 { "" } else { "s" };
            let of_them = if sources > 0 { format!(", of them {sources} of source code") } else { String::new() };
            rows.push(SymbolFile {
                name: format!("{rest} other file{s}"),
                kind: "other".to_owned(),
                status: SymbolStatus::Unneeded,
                note: Some(format!("nothing needed them{of_them}")),
                ..SymbolFile::default()
            });
        }
        rows
    }

    /// Opens what these reports need, looks their functions up in one pass over each file, and makes the indexes that are
    /// missing. [`Symbolizer::symbolize`] does the first two for its one report, too; without an index a search takes long.
    pub fn prepare(&self, wanted: &[Wanted<'_>], tick: Tick<'_>) -> Result<(), Cancelled> {
        self.prefetch(wanted);
        let mut needed: Vec<usize> = Vec::new();
        for Wanted { report, banner } in wanted {
            let mut work = Work::new(self, Kernel::of(report, *banner));
            work.choose(report);
            for chosen in work.files() {
                if !needed.contains(&chosen.entry) {
                    needed.push(chosen.entry);
                }
            }
        }
        for at in needed {
            let Some((name, object)) = self.object(at) else { continue };
            if !object.has_lines {
                continue;
            }
            match object.prepare(&*self.store, &mut |done, total| tick(name, done, total)) {
                Ok(()) => {}
                Err(DwarfError::Cancelled) => return Err(Cancelled),
                Err(why) => {
                    if let Some(entry) = self.files.get(at) {
                        entry.problem(&why.to_string());
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes the indexes of all files that are open, for questions by [`Symbolizer::address`].
    pub fn prepare_all(&self, tick: Tick<'_>) -> Result<(), Cancelled> {
        for entry in self.files.iter().filter(|entry| entry.is_open()) {
            let Some(object) = entry.object().filter(|object| object.has_lines) else { continue };
            match object.prepare(&*self.store, &mut |done, total| tick(&entry.given.name, done, total)) {
                Ok(()) => {}
                Err(DwarfError::Cancelled) => return Err(Cancelled),
                Err(why) => entry.problem(&why.to_string()),
            }
        }
        Ok(())
    }

    /// Looks up what all reports name at once: a pass over the symbols of a vmlinux takes longer than all else.
    fn prefetch(&self, wanted: &[Wanted<'_>]) {
        let frames = || wanted.iter().flat_map(|wanted| work::wanted(wanted.report));
        let own = frames().filter(|frame| frame.module.is_none()).filter_map(|frame| frame.function.as_deref());
        let own: Vec<&str> = own.collect();
        let ids: Vec<Option<String>> =
            wanted.iter().map(|wanted| Kernel::of(wanted.report, wanted.banner).build_id).collect();
        // A folder may have the kernels of years: they are looked into when they are chosen.
        let direct = self.kernels.iter().filter_map(|&at| self.files.get(at)).filter(|entry| !entry.is_of_folder());
        for object in direct.filter_map(Entry::object) {
            let of_other =
                |id: &Option<String>| id.is_some() && object.build_id().is_some() && *id != object.build_id();
            if !ids.iter().all(of_other) {
                // What can't be read is told by whoever needs it.
                let _ = object.look_up(own.iter().copied().chain(MARKS));
            }
        }
    }

    /// Puts what the files say into a report: source lines, inlined functions as frames before the one that they are in,
    /// functions of bare addresses; [`Report::symbols`] says what was done. What an earlier call put in is taken out before,
    /// so that more files can be added; functions of bare addresses stay.
    pub fn symbolize(&self, report: &mut Report, banner: Option<&str>) {
        strip(report);
        if self.is_empty() {
            return;
        }
        let mut work = Work::new(self, Kernel::of(report, banner));
        work.choose(report);
        if bare::fill(self, report, &mut work) {
            work.choose(report);
        }
        report.symbols = Some(work.run(report));
    }

    /// Looks up a place that a report names beside its frames, as [`crate::register_line`] finds it: it, and before it what was
    /// inlined there. `report` is as the log alone tells it.
    pub fn place(&self, report: &Report, banner: Option<&str>, place: Frame) -> Vec<Frame> {
        let mut work = Work::new(self, Kernel::of(report, banner));
        work.choose(report);
        work.place(place, report)
    }

    /// Answers `0xffffffff81000000`, `f+0x25`, `f+0x25/0x50` out of all files that are open. `moved` is what KASLR added
    /// to addresses; of a module, where it was loaded.
    pub fn address(&self, query: &str, moved: u64) -> Result<Answer, QueryError> {
        let objects = self.files.iter().filter_map(|entry| Some((entry.given.name.as_str(), entry.object()?)));
        let tables = self.tables().map(|(_, name, table)| (name, table));
        query::ask(self, &objects.collect::<Vec<_>>(), &tables.collect::<Vec<_>>(), query, moved)
    }

    /// Lines around a place, if its file was given. `file` is as in [`Frame::file`].
    pub fn excerpt(&self, file: &str, line: u32, around: u32) -> Option<Excerpt> {
        self.sources.excerpt(file, line, around)
    }

    /// The debug information of a build-id, if a file with it was given.
    pub fn debug(&self, build_id: &[u8]) -> Option<Rc<DebugFile>> {
        let &at = self.by_id.get(&names::hex(build_id))?;
        self.debug_of(at, build_id)
    }

    /// The debug information of a module, by its build-id, or where the dump has none by its name alone.
    pub fn module_debug(&self, name: &str, build_id: Option<&[u8]>) -> Option<Rc<DebugFile>> {
        if let Some(found) = build_id.and_then(|id| self.debug(id)) {
            return Some(found);
        }
        let candidates = self.modules.get(&names::module(name)).into_iter().flatten().take(MOST_TRIED);
        candidates.copied().find_map(|at| {
            if let Some(id) = build_id {
                return self.debug_of(at, id);
            }
            let (_, object) = self.object(at)?;
            let debug = object.has_lines.then(|| object.debug().ok().cloned()).flatten()?;
            self.files.get(at)?.used("name");
            Some(debug)
        })
    }

    fn debug_of(&self, at: usize, build_id: &[u8]) -> Option<Rc<DebugFile>> {
        let (_, object) = self.object(at)?;
        if object.outline.build_id.as_deref() != Some(build_id) || !object.has_lines {
            return None;
        }
        let debug = object.debug().ok().cloned()?;
        self.files.get(at)?.used("build-id");
        Some(debug)
    }

    /// The vmlinux of a report, told with what is said of those that are none.
    pub(crate) fn kernel_for(
        &self,
        kernel: &Kernel,
        frames: &[&Frame],
        evidence: Option<&Evidence<'_>>,
        problems: &mut Vec<String>,
    ) -> Option<Chosen> {
        if let Some(&chosen) = self.chosen.borrow().get(kernel) {
            self.look_up(chosen.entry, frames, &MARKS);
            return Some(chosen);
        }
        let judge = |object: &Object| kernel.judge(object);
        let candidates = self.candidates(&self.kernels, kernel.build_id.as_deref(), kernel.release.as_deref());
        let chosen = self.choose(&candidates, &MARKS, frames, &judge, evidence, problems);
        if let Some(chosen) = chosen.filter(|chosen| chosen.by != "sizes") {
            self.chosen.borrow_mut().insert(kernel.clone(), chosen);
        }
        if chosen.is_none() && candidates.is_empty() && !frames.is_empty() {
            let is_kernel = |guess: &Guess| matches!(guess, Guess::Kernel | Guess::BuildId(_));
            problems.push(match self.unreadable(&is_kernel) {
                Some(name) => format!("{name} could not be read: the kernel's own functions have no source lines"),
                None => "no vmlinux was given: the kernel's own functions have no source lines".to_owned(),
            });
        }
        chosen
    }

    /// A vmlinux for a log in which nothing but addresses could tell whether it is the right one: the only one that was
    /// given, unless something says no.
    pub(crate) fn kernel_by_address(&self, kernel: &Kernel) -> Option<Chosen> {
        let may_be = |&at: &usize| {
            let object = self.object(at).map(|(_, object)| object);
            object.is_some_and(|object| !matches!(kernel.judge(&object), Verdict::No(_)))
        };
        let direct = |at: &usize| self.files.get(*at).is_some_and(|entry| !entry.is_of_folder());
        let mut candidates = self.kernels.iter().copied().filter(direct).filter(may_be);
        match (candidates.next(), candidates.next()) {
            (Some(entry), None) => Some(Chosen { entry, by: "address" }),
            _ => None,
        }
    }

    /// The file of a module.
    pub(crate) fn module_for(
        &self,
        name: &str,
        kernel: &Kernel,
        frames: &[&Frame],
        evidence: Option<&Evidence<'_>>,
        problems: &mut Vec<String>,
    ) -> Option<Chosen> {
        let build_id = frames.iter().find_map(|frame| frame.build_id.as_deref()).map(str::to_ascii_lowercase);
        let judge = |object: &Object| match (&build_id, object.build_id()) {
            (Some(want), Some(have)) if *want == have => Verdict::Yes("build-id"),
            (Some(want), Some(have)) => {
                Verdict::No(format!("it is of another build: its build-id is {have}, the log's {name} has {want}"))
            }
            _ => match (&object.vermagic, &kernel.release) {
                (Some(have), Some(want)) if have != want => {
                    Verdict::No(format!("it was built for the kernel {have}, the log's is {want}"))
                }
                _ => Verdict::Perhaps,
            },
        };
        let own = self.modules.get(name).map_or(&[][..], Vec::as_slice);
        let candidates = self.candidates(own, build_id.as_deref(), kernel.release.as_deref());
        let chosen = self.choose(&candidates, &[], frames, &judge, evidence, problems);
        if chosen.is_none() && candidates.is_empty() {
            let is_it = |guess: &Guess| matches!(guess, Guess::Module(module) if module == name);
            problems.push(match self.unreadable(&is_it) {
                Some(file) => format!("{file} could not be read: the functions of {name} have no source lines"),
                None => format!("no file of the module {name} was given: its functions have no source lines"),
            });
        }
        chosen
    }

    /// The name of a file that was given by itself, has such a name, and could not be read.
    fn unreadable(&self, is_it: &dyn Fn(&Guess) -> bool) -> Option<&str> {
        let named = self.files.iter().filter(|entry| !entry.is_of_folder() && entry.guess.as_ref().is_some_and(is_it));
        let mut unreadable = named.filter(|entry| matches!(entry.open(), Opened::Unreadable(_)));
        unreadable.next().map(|entry| entry.given.name.as_str())
    }

    /// Files by build-id first, then those whose path names the release, then the others.
    fn candidates(&self, files: &[usize], build_id: Option<&str>, release: Option<&str>) -> Vec<usize> {
        let mut candidates: Vec<usize> = build_id.and_then(|id| self.by_id.get(id)).copied().into_iter().collect();
        let named = |at: usize| {
            self.files.get(at).is_none_or(|entry| !entry.is_of_folder())
                || release.is_some_and(|release| {
                    self.files.get(at).is_some_and(|entry| names::says_release(&entry.given.name, release))
                })
        };
        let mut sorted = files.to_vec();
        sorted.sort_by_key(|&at| !named(at));
        for at in sorted {
            if !candidates.contains(&at) {
                candidates.push(at);
            }
        }
        candidates.truncate(MOST_TRIED);
        candidates
    }

    /// The first of these files that matches and has lines, or else the first that matches.
    fn choose(
        &self,
        candidates: &[usize],
        marks: &[&str],
        frames: &[&Frame],
        judge: &dyn Fn(&Object) -> Verdict,
        evidence: Option<&Evidence<'_>>,
        problems: &mut Vec<String>,
    ) -> Option<Chosen> {
        let mut without_lines = None;
        let mut wrong = Vec::new();
        for &at in candidates {
            let Some(entry) = self.files.get(at) else { continue };
            let Some(object) = entry.object() else {
                if let Opened::Unreadable(why) = entry.open() {
                    wrong.push(format!("{} could not be read: {why}", entry.given.name));
                }
                continue;
            };
            if matches!(object.sort, Sort::Program | Sort::Split) {
                continue;
            }
            self.look_up(at, frames, marks);
            let verdict = match judge(object) {
                Verdict::Likely => matching::judge_sizes(object, frames.iter().copied()),
                Verdict::Perhaps => match matching::judge_sizes(object, frames.iter().copied()) {
                    Verdict::Yes(by) => {
                        let against = evidence.and_then(|evidence| evidence.against(self, at, object, frames));
                        against.map_or(Verdict::Yes(by), Verdict::No)
                    }
                    other => other,
                },
                other => other,
            };
            match verdict {
                Verdict::Yes(by) if object.has_lines => return Some(Chosen { entry: at, by }),
                Verdict::Yes(by) => {
                    without_lines.get_or_insert(Chosen { entry: at, by });
                }
                Verdict::No(why) => {
                    entry.mismatch(&why);
                    wrong.push(format!("{} is not used: {why}", entry.given.name));
                }
                Verdict::Likely | Verdict::Perhaps => {}
            }
        }
        if without_lines.is_none() {
            problems.append(&mut wrong);
        }
        without_lines
    }

    /// Looks up what frames name in a file, unless a glance says that it is of another build.
    fn look_up(&self, at: usize, frames: &[&Frame], marks: &[&str]) {
        let Some((_, object)) = self.object(at) else { return };
        let names = frames.iter().filter_map(|frame| frame.function.as_deref());
        // What can't be read is told by whoever needs it.
        let _ = object.look_up(names.chain(marks.iter().copied()));
    }

    /// A file's name and what it is.
    pub(crate) fn object(&self, at: usize) -> Option<(&str, Rc<Object>)> {
        let entry = self.files.get(at)?;
        Some((entry.given.name.as_str(), Rc::clone(entry.object()?)))
    }

    /// A module's file by its name alone, where its place is known by an address: the first that is not of another release,
    /// those with lines before the others.
    pub(crate) fn module_by_name(&self, name: &str, release: Option<&str>) -> Option<(usize, Rc<Object>)> {
        let own = self.modules.get(&names::module(name)).map_or(&[][..], Vec::as_slice);
        let fitting = self.candidates(own, None, release).into_iter().filter_map(|at| Some((at, self.object(at)?.1)));
        let mut fitting: Vec<_> = fitting
            .filter(|(_, object)| {
                object.vermagic.is_none() || release.is_none() || object.vermagic.as_deref() == release
            })
            .collect();
        fitting.sort_by_key(|(_, object)| !object.has_lines);
        fitting.into_iter().next()
    }

    /// Another file of the same build that has the code, where this one has debug information alone.
    pub(crate) fn with_code(&self, at: usize) -> Option<Rc<Object>> {
        let (_, object) = self.object(at)?;
        let has_code = |object: &Object| object.outline.section(".text").is_some_and(|text| text.in_file);
        if has_code(&object) {
            return Some(object);
        }
        let id = object.outline.build_id.as_ref()?;
        let name = object.module.clone().or_else(|| match &self.files.get(at)?.guess {
            Some(Guess::Module(name)) => Some(name.clone()),
            _ => None,
        });
        let others = match name {
            Some(name) => self.modules.get(&name)?,
            None => &self.kernels,
        };
        others
            .iter()
            .take(MOST_TRIED)
            .filter_map(|&other| self.object(other))
            .map(|(_, other)| other)
            .find(|other| other.outline.build_id.as_ref() == Some(id) && has_code(other))
    }

    /// The lists of symbols, each with its number and name.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (usize, &str, &Rc<crate::table::Table>)> {
        self.tables.iter().filter_map(|&at| {
            let entry = self.files.get(at)?;
            match entry.open() {
                Opened::Table(table) => Some((at, entry.given.name.as_str(), table)),
                _ => None,
            }
        })
    }

    /// The lists of loaded modules, each with its number and name.
    pub(crate) fn loaded(&self) -> impl Iterator<Item = (usize, &str, &ModulePlaces)> {
        self.loaded.iter().filter_map(|&at| {
            let entry = self.files.get(at)?;
            match entry.open() {
                Opened::Modules(list) => Some((at, entry.given.name.as_str(), list)),
                _ => None,
            }
        })
    }

    /// A file was used.
    pub(crate) fn used(&self, chosen: Chosen) {
        if let Some(entry) = self.files.get(chosen.entry) {
            entry.used(chosen.by);
        }
    }

    /// A file as a row.
    pub(crate) fn row(&self, at: usize, by: &str) -> Option<SymbolFile> {
        let row = self.files.get(at)?.row();
        Some(SymbolFile { status: SymbolStatus::Used, matched_by: Some(by.to_owned()), ..row })
    }
}

/// Takes out what an earlier symbolization put in.
fn strip(report: &mut Report) {
    report.symbols = None;
    for stack in &mut report.stacks {
        stack.frames.retain(|frame| !(frame.inlined && frame.symbols.is_some()));
        for frame in &mut stack.frames {
            if frame.symbols.take().is_some() {
                (frame.file, frame.file_line) = (None, None);
            }
            frame.alternatives.clear();
        }
    }
}
