//! The stages of an opening, and what they have found. Must never do two stages in one step: between two of them the page is
//! heard.

use crate::files;
use crate::problem;
use crate::symbols;
use oopscope_dump::{Dump, OpenError, Part};
use oopscope_dwarf::{NoStore, Store};
use oopscope_kernel::{Kernel, log, modules, stack, system, tasks, usage};
use oopscope_protocol::{Cost, Problem, VmcoreEvent, VmcoreProgress};
use oopscope_report::vmcore::{Cpu, DumpFacts, LogRecord, MemoryUsage, Module, Panic, System, Task, Unread};
use std::rc::Rc;

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The container.
    Dump,
    /// VMCOREINFO and address translation.
    Kernel,
    /// The kernel's log, and the panic's message with it.
    Log,
    /// Symbols, types, unwind tables.
    Symbols,
    /// The machine, and the panicking task's stack.
    Panic,
    /// Every CPU's stack.
    Cpus,
    /// All tasks.
    Tasks,
    /// All modules.
    Modules,
    /// How memory was used.
    Memory,
    /// Nothing.
    Done,
}

/// What an opening has found so far.
#[derive(Default)]
pub struct Found {
    name: String,
    bytes: u64,
    facts: DumpFacts,
    kernel: Option<Kernel>,
    records: Vec<LogRecord>,
    system: System,
    panic: Option<Panic>,
    cpus: Vec<Cpu>,
    tasks: Vec<Task>,
    modules: Vec<Module>,
    memory: Option<MemoryUsage>,
    unread: Vec<Unread>,
}

impl Found {
    /// Name of the dump's first file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kernel, once it was found.
    pub fn kernel(&self) -> Option<&Kernel> {
        self.kernel.as_ref()
    }

    /// The container.
    pub fn facts(&self) -> &DumpFacts {
        &self.facts
    }

    /// The kernel's log.
    pub fn records(&self) -> &[LogRecord] {
        &self.records
    }

    /// The machine.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// What ended it.
    pub fn panic(&self) -> Option<&Panic> {
        self.panic.as_ref()
    }

    /// The CPUs.
    pub fn cpus(&self) -> &[Cpu] {
        &self.cpus
    }

    /// The tasks.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// The modules.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// How memory was used.
    pub fn memory(&self) -> Option<&MemoryUsage> {
        self.memory.as_ref()
    }

    /// What could not be read.
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    /// The work so far.
    pub fn cost(&self) -> Cost {
        let counters = self.kernel.as_ref().map(|kernel| kernel.dump().cost()).unwrap_or_default();
        Cost {
            reads: counters.reads,
            bytes_read: counters.bytes_read,
            pages_unpacked: counters.pages_unpacked,
            bytes: self.bytes,
        }
    }

    /// The work since an earlier moment.
    pub(crate) fn cost_since(&self, before: Cost) -> Cost {
        let now = self.cost();
        Cost {
            reads: now.reads - before.reads,
            bytes_read: now.bytes_read - before.bytes_read,
            pages_unpacked: now.pages_unpacked - before.pages_unpacked,
            bytes: now.bytes,
        }
    }
}

/// An opening that is under way.
pub struct Opening {
    stage: Stage,
    parts: Vec<Part>,
    symbols: Vec<Part>,
    store: Rc<dyn Store>,
    dump: Option<Dump>,
    found: Found,
}

impl Opening {
    /// Will open these files.
    pub fn new(parts: Vec<Part>) -> Self {
        let store = Rc::new(NoStore);
        Self { stage: Stage::Dump, parts, symbols: Vec::new(), store, dump: None, found: Found::default() }
    }

    /// The same, keeping indexes that took long to make.
    pub fn with_store(parts: Vec<Part>, store: Rc<dyn Store>) -> Self {
        Self { store, ..Self::new(parts) }
    }

    /// Takes files that are symbols and no part of the dump, so that none of them is opened before it is needed.
    pub fn add_symbols(&mut self, parts: Vec<Part>) {
        self.symbols.extend(parts);
    }

    /// What comes next.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// What was found so far.
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// What was found, once there is nothing more to do or nothing more is wanted.
    pub fn into_found(self) -> Found {
        self.found
    }

    /// Does the next stage and posts what it found. False when that was the last. An error is one that leaves nothing to show.
    pub fn step(&mut self, post: &mut dyn FnMut(VmcoreEvent)) -> Result<bool, Problem> {
        self.progress(post);
        self.stage = match self.stage {
            Stage::Dump => self.open_dump(post)?,
            Stage::Kernel => self.open_kernel(post)?,
            Stage::Log => self.read_log(post),
            Stage::Symbols => self.load_symbols(post),
            Stage::Panic => self.read_panic(post),
            Stage::Cpus => self.read_cpus(post),
            Stage::Tasks => self.read_tasks(post),
            Stage::Modules => self.read_modules(post),
            Stage::Memory => self.read_memory(post),
            Stage::Done => Stage::Done,
        };
        if self.stage == Stage::Done {
            self.finish(false, post);
        }
        Ok(self.stage != Stage::Done)
    }

    /// Ends it here.
    pub(crate) fn cancel(&mut self, post: &mut dyn FnMut(VmcoreEvent)) {
        self.finish(true, post);
        self.stage = Stage::Done;
    }

    fn finish(&mut self, incomplete: bool, post: &mut dyn FnMut(VmcoreEvent)) {
        if incomplete {
            let why = format!("the opening was cancelled before it came to: {}", words(self.stage));
            self.found.unread.push(Unread { what: "the rest of the dump".to_owned(), why });
        }
        post(VmcoreEvent::Done { unread: self.found.unread.clone(), incomplete, cost: self.found.cost() });
    }

    fn progress(&self, post: &mut dyn FnMut(VmcoreEvent)) {
        let stage = words(self.stage).to_owned();
        post(VmcoreEvent::Progress(VmcoreProgress { stage, done: 0, total: 0, cost: self.found.cost() }));
    }

    fn open_dump(&mut self, post: &mut dyn FnMut(VmcoreEvent)) -> Result<Stage, Problem> {
        let sorted = files::sort(std::mem::take(&mut self.parts));
        self.symbols.extend(sorted.symbols);
        let Some(first) = sorted.dump.first() else {
            return Err(match self.symbols.first() {
                Some(first) => problem::only_symbols(&first.name),
                None => problem::nothing_given(),
            });
        };
        self.found.name.clone_from(&first.name);
        self.found.bytes = sorted.dump.iter().map(|part| part.bytes.len()).sum();
        let bytes = self.found.bytes;
        let opened = Dump::open(sorted.dump, &mut tick(bytes, post));
        let dump = opened.map_err(|error: OpenError| problem::open(&self.found.name, &error))?;
        self.found.facts = dump.facts().clone();
        post(VmcoreEvent::Dump(Box::new(self.found.facts.clone())));
        self.dump = Some(dump);
        Ok(Stage::Kernel)
    }

    fn open_kernel(&mut self, post: &mut dyn FnMut(VmcoreEvent)) -> Result<Stage, Problem> {
        let Some(dump) = self.dump.take() else { return Ok(Stage::Done) };
        let bytes = self.found.bytes;
        let opened = Kernel::open(dump, &mut tick(bytes, post));
        match opened {
            Ok(kernel) => {
                self.found.facts = kernel.facts();
                self.found.kernel = Some(kernel);
                post(VmcoreEvent::Dump(Box::new(self.found.facts.clone())));
                Ok(Stage::Log)
            }
            // Of a file without a magic number nothing says that it is a dump at all.
            Err(error) if self.found.facts.format == "raw" => Err(problem::kernel(&self.found.name, &error)),
            Err(error) => {
                self.found.unread.push(Unread { what: "the kernel in the dump".to_owned(), why: error.to_string() });
                Ok(Stage::Done)
            }
        }
    }

    fn read_log(&mut self, post: &mut dyn FnMut(VmcoreEvent)) -> Stage {
        let Some(kernel) = &self.found.kernel else { return Stage::Done };
        let (records, unread) = log::records(kernel);
        let name = format!("{} (log)", self.found.name);
        post(VmcoreEvent::Log { text: log::text(&records), name, records: records.clone(), unread: unread.clone() });
        self.found.unread.extend(unread);
        // The panic's message is in the log; its task and stack come with the symbols.
        if let Some(panic) = system::panic(kernel, &records) {
            post(VmcoreEvent::Panic(Box::new(panic.clone())));
            self.found.panic = Some(panic);
        }
        self.found.records = records;
        Stage::Symbols
    }

    fn load_symbols(&mut self, post: &mut dyn FnMut(VmcoreEvent)) -> Stage {
        let found = &mut self.found;
        let Some(kernel) = &mut found.kernel else { return Stage::Done };
        let bytes = found.bytes;
        // The kernel's own come first: what is read out of the dump need not be read out of a file.
        if let Err(error) = kernel.load_symbols(&mut tick(bytes, post)) {
            found.unread.push(Unread { what: "symbols and types".to_owned(), why: error.to_string() });
        }
        if !self.symbols.is_empty() {
            let parts = std::mem::take(&mut self.symbols);
            kernel.use_store(Rc::clone(&self.store));
            let mut told = |stage: &str, done, total| {
                let cost = Cost { bytes, ..Cost::default() };
                post(VmcoreEvent::Progress(VmcoreProgress { stage: stage.to_owned(), done, total, cost }));
                true
            };
            let unused = symbols::take(kernel, parts, &self.store, &mut told);
            found.unread.extend(unused);
            if let Err(error) = kernel.load_types(&mut tick(bytes, post)) {
                found.unread.push(Unread { what: "types".to_owned(), why: error.to_string() });
            }
        }
        found.unread.extend(kernel.unread());
        Stage::Panic
    }

    fn read_panic(&mut self, post: &mut dyn FnMut(VmcoreEvent)) -> Stage {
        let found = &mut self.found;
        let Some(kernel) = &found.kernel else { return Stage::Done };
        let machine = system::system(kernel, &found.records);
        post(VmcoreEvent::System(Box::new(machine.clone())));
        found.system = machine;
        if let Some(mut panic) = system::panic(kernel, &found.records) {
            if let Some(number) = panic.cpu {
                let cpu = stack::cpu(kernel, number);
                panic.backtrace = cpu.backtrace.frames;
                panic.backtrace_ends = cpu.backtrace.ends;
            }
            post(VmcoreEvent::Panic(Box::new(panic.clone())));
            found.panic = Some(panic);
        }
        Stage::Cpus
    }

    fn read_cpus(&mut self, post: &mut dyn FnMut(VmcoreEvent)) -> Stage {
        let Some(kernel) = &self.found.kernel else { return Stage::Done };
        let cpus = stack::cpus(kernel);
        post(VmcoreEvent::Cpus { cpus: cpus.clone() });
        self.found.cpus = cpus;
        Stage::Tasks
    }

    fn read_tasks(&mut self, post: &mut dyn FnMut(VmcoreEvent)) -> Stage {
        let Some(kernel) = &self.found.kernel else { return Stage::Done };
        let (tasks, unread) = tasks::tasks(kernel);
        post(VmcoreEvent::Tasks { tasks: tasks.clone(), unread: unread.clone() });
        self.found.tasks = tasks;
        self.found.unread.extend(unread);
        Stage::Modules
    }

    fn read_modules(&mut self, post: &mut dyn FnMut(VmcoreEvent)) -> Stage {
        let Some(kernel) = &self.found.kernel else { return Stage::Done };
        let (modules, unread) = modules::modules(kernel);
        post(VmcoreEvent::Modules { modules: modules.clone(), unread: unread.clone() });
        self.found.modules = modules;
        self.found.unread.extend(unread);
        Stage::Memory
    }

    fn read_memory(&mut self, post: &mut dyn FnMut(VmcoreEvent)) -> Stage {
        let Some(kernel) = &self.found.kernel else { return Stage::Done };
        let memory = usage::usage(kernel);
        post(VmcoreEvent::Memory(Box::new(memory.clone())));
        self.found.unread.extend(memory.unread.iter().cloned());
        self.found.memory = Some(memory);
        Stage::Done
    }
}

/// Posts how far a long stage is. Nobody can stop it in the middle: a page that will not wait ends the worker.
fn tick(bytes: u64, post: &mut dyn FnMut(VmcoreEvent)) -> impl FnMut(oopscope_dump::Progress) -> bool {
    move |progress| {
        post(VmcoreEvent::Progress(VmcoreProgress {
            stage: progress.stage.to_owned(),
            done: progress.done,
            total: progress.total,
            cost: Cost { bytes, bytes_read: progress.done, ..Cost::default() },
        }));
        true
    }
}

/// A stage for people.
fn words(stage: Stage) -> &'static str {
    match stage {
        Stage::Dump => "opening the dump",
        Stage::Kernel => "looking for the kernel",
        Stage::Log => "reading the kernel's log",
        Stage::Symbols => "reading symbols and types",
        Stage::Panic => "reading the panicking task's stack",
        Stage::Cpus => "reading the stacks of the CPUs",
        Stage::Tasks => "reading the tasks",
        Stage::Modules => "reading the modules",
        Stage::Memory => "counting memory",
        Stage::Done => "nothing more",
    }
}
