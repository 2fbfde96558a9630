//! Frames that are bare addresses: `[<ffffffffc0a12345>]`, `IP: [<…>]`, `RIP: 0010:0xffffffff81234567`.
//!
//! A module's place is told by a copy of /proc/modules or /proc/kallsyms, the kernel's by `Kernel Offset:` or by frames
//! that have both an address and a name. Must never take an address for a place of a file without saying that nothing
//! told whether the kernel was moved (KASLR).

use crate::calls::{self, Call};
use crate::exact::{self, Lookup};
use crate::matching;
use crate::object::Object;
use crate::symbolizer::Symbolizer;
use crate::table::Table;
use crate::work::{Chosen, Work, hex};
use oopscope_dwarf::At;
use oopscope_report::{Frame, FrameRole, Report};
use std::rc::Rc;

/// A function that was found for an address.
struct Named {
    function: String,
    offset: u64,
    size: u64,
    module: Option<String>,
    chosen: Chosen,
}

/// How far the kernel was moved, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moved {
    /// The log says so.
    By(u64),
    /// Nothing tells.
    Unknown,
}

/// Gives bare addresses their functions. True where there was one.
pub(crate) fn fill(files: &Symbolizer, report: &mut Report, work: &mut Work<'_>) -> bool {
    let is_bare = |frame: &Frame| frame.function.is_none() && frame.role != FrameRole::User && address(frame).is_some();
    let frames = || report.stacks.iter().flat_map(|stack| &stack.frames);
    if !frames().any(is_bare) {
        return false;
    }
    if work.vmlinux.is_none() {
        work.vmlinux = files.kernel_by_address(&work.kernel);
    }
    let vmlinux = work.vmlinux.and_then(|chosen| Some((chosen, files.object(chosen.entry)?)));
    let places = Places {
        files,
        moved: moved(report, vmlinux.as_ref().map(|(_, (_, object))| object)),
        vmlinux: vmlinux.map(|(chosen, (name, object))| (chosen, name.to_owned(), object)),
        release: work.kernel.release.clone(),
    };
    let mut any = false;
    for stack in &mut report.stacks {
        let mut inner: Option<Frame> = None;
        for frame in &mut stack.frames {
            if is_bare(frame)
                && let Some(address) = address(frame)
            {
                let lookup = exact::lookup(frame, inner.as_ref(), report.arch);
                if let Some(named) = places.name(address, lookup, work) {
                    if let (Some(module), true) = (&named.module, files.object(named.chosen.entry).is_some()) {
                        work.choose_module(module, named.chosen);
                    }
                    frame.function = Some(named.function);
                    (frame.offset, frame.size) = (Some(named.offset), Some(named.size));
                    frame.module = named.module;
                    frame.symbols = Some(work.use_file(named.chosen));
                    any = true;
                }
            }
            if frame.reliable {
                inner = Some(frame.clone());
            }
        }
    }
    any
}

/// The address of a frame, if it may be one of the kernel's: user space and the NULL page have no symbols.
fn address(frame: &Frame) -> Option<u64> {
    let text = frame.address.as_deref()?;
    hex(text).filter(|&address| address >= 0x1000_0000)
}

/// How far KASLR moved the kernel: by its own word, or by frames that have both address and name.
fn moved(report: &Report, vmlinux: Option<&Rc<Object>>) -> Moved {
    if let Some(offset) = report.kernel_offset.as_deref().and_then(hex) {
        return Moved::By(offset);
    }
    let Some(object) = vmlinux else { return Moved::Unknown };
    let frames = report.stacks.iter().flat_map(|stack| &stack.frames);
    let mut told = None;
    for frame in frames.filter(|frame| frame.module.is_none() && !frame.inlined) {
        let (Some(name), Some(offset), Some(size)) = (&frame.function, frame.offset, frame.size) else { continue };
        let Some(at) = address(frame).filter(|_| matching::is_size(size)) else { continue };
        let Ok(functions) = object.functions(name) else { continue };
        let mut fit = functions.iter().filter(|function| matching::fits(function, size));
        let (Some(function), None) = (fit.next(), fit.next()) else { continue };
        let by = at.wrapping_sub(offset).wrapping_sub(function.address);
        if told.is_some_and(|told| told != by) {
            return Moved::Unknown;
        }
        told = Some(by);
    }
    told.map_or(Moved::Unknown, Moved::By)
}

/// What tells where something lay.
struct Places<'s> {
    files: &'s Symbolizer,
    moved: Moved,
    vmlinux: Option<(Chosen, String, Rc<Object>)>,
    release: Option<String>,
}

impl Places<'_> {
    fn name(&self, address: u64, lookup: Lookup, work: &mut Work<'_>) -> Option<Named> {
        self.in_module(address, lookup, work)
            .or_else(|| self.in_table(address, lookup, true, work))
            .or_else(|| self.in_vmlinux(address, lookup, work))
            .or_else(|| self.in_table(address, lookup, false, work))
    }

    /// By the module's base, out of /proc/modules.
    fn in_module(&self, address: u64, lookup: Lookup, work: &mut Work<'_>) -> Option<Named> {
        let (list, file, name, module) = self.files.loaded().find_map(|(list, file, places)| {
            let (name, _) = places.at(address)?;
            Some((list, file, name, places.module(name)?))
        })?;
        let base = module.base.or_else(|| module.sections.get(".text").copied())?;
        let offset = address.wrapping_sub(base);
        let place = format!("{address:#x} is at offset {offset:#x} in {name} ({file}: loaded at {base:#x})");
        self.files.used(Chosen { entry: list, by: "address" });
        let Some((entry, object)) = self.files.module_by_name(name, self.release.as_deref()) else {
            work.problem(format!("{place}; no file of that module was given"));
            return None;
        };
        let back = u64::from(lookup != Lookup::Exact && offset > 0);
        let at = if module.sections.is_empty() {
            object.in_module(offset - back)
        } else {
            object.in_section(&module.sections, address - back)
        };
        let found = at.and_then(|at| Some((at, object.function_at(at).ok()??)));
        let Some((at, function)) = found else {
            work.problem(format!("{place}; its file has no function there"));
            return None;
        };
        Some(Named {
            offset: at.address + back - function.address,
            size: function.span().unwrap_or(function.size),
            function: function.name,
            module: Some(name.to_owned()),
            chosen: Chosen { entry, by: "address" },
        })
    }

    /// Out of kallsyms, whose addresses are the running kernel's, or of System.map, whose are the linker's.
    fn in_table(&self, address: u64, lookup: Lookup, live: bool, work: &mut Work<'_>) -> Option<Named> {
        let back = u64::from(lookup != Lookup::Exact);
        for (entry, name, table) in self.files.tables().filter(|(_, _, table)| table.is_live == live) {
            if !self.is_of_kernel(table, name, work) {
                continue;
            }
            let moved = match self.moved {
                Moved::By(moved) if !live => moved,
                _ => 0,
            };
            let Some(place) = address.checked_sub(moved) else { continue };
            let Some((symbol, module)) = place.checked_sub(back).and_then(|place| table.at(place)) else { continue };
            if !live && self.moved == Moved::Unknown {
                work.problem(format!(
                    "the log does not say whether its kernel was moved (KASLR): {name} is taken as if it was not"
                ));
            }
            return Some(Named {
                function: symbol.name.to_owned(),
                offset: place - symbol.address,
                size: symbol.size.unwrap_or(0),
                module: module.map(str::to_owned),
                chosen: Chosen { entry, by: "address" },
            });
        }
        None
    }

    /// Whether a list of symbols may be this kernel's.
    fn is_of_kernel(&self, table: &Table, name: &str, work: &mut Work<'_>) -> bool {
        let verdict = match (&table.banner, &table.release, &self.release) {
            (Some(banner), ..) => work.kernel.judge_banner(banner),
            (None, Some(have), Some(want)) if have != want => {
                matching::Verdict::No(format!("it is of the kernel {have}, the log's is {want}"))
            }
            _ => matching::Verdict::Perhaps,
        };
        match verdict {
            matching::Verdict::No(why) => {
                work.problem(format!("{name} is not used: {why}"));
                false
            }
            _ => true,
        }
    }

    fn in_vmlinux(&self, address: u64, lookup: Lookup, work: &mut Work<'_>) -> Option<Named> {
        let (chosen, name, object) = self.vmlinux.as_ref()?;
        let place = match self.moved {
            Moved::By(moved) => address.wrapping_sub(moved),
            Moved::Unknown => address,
        };
        let at = At { section: None, address: place };
        let back = u64::from(lookup != Lookup::Exact);
        let function = object.function_at(At { address: place.wrapping_sub(back), ..at }).ok()??;
        // A return address is behind a call; one that lies in another kernel, or in one that was moved, is so by chance.
        let is_sure = self.moved != Moved::Unknown && chosen.by != "address";
        if !is_sure && lookup != Lookup::Exact && calls::before(object, at) == Call::No {
            work.problem(format!(
                "{address:#x} was not looked up: nothing in the log tells whether {name} is its kernel and how far that was \
                 moved (KASLR), and there is no call before that address in it"
            ));
            return None;
        }
        if chosen.by == "address" {
            work.problem(format!("nothing in the log tells whether {name} is its kernel: it is taken to be"));
        }
        if self.moved == Moved::Unknown {
            work.problem(format!(
                "the log does not say whether its kernel was moved (KASLR): {name} is taken as if it was not"
            ));
        }
        Some(Named {
            offset: place - function.address,
            size: function.span().unwrap_or(function.size),
            function: function.name,
            module: None,
            chosen: *chosen,
        })
    }
}
