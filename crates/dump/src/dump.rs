//! An opened dump. Must never know more of a container than its `Body` tells.

use crate::avml::{self, Avml};
use crate::bytes::index;
use crate::codec::Unpacker;
use crate::file::{File, FileError, LONG, Raw};
use crate::flat::{Flat, is_flat};
use crate::kdump::{self, Kdump};
use crate::mapped::Mapped;
use crate::open::Opening;
use crate::pages::Pages;
use crate::{Counters, Format, Layout, Notes, OpenError, PageError, PageState, Part, Progress, Segment, Uts};
use crate::{elf, identify, images};
use oopscope_report::vmcore::{DumpFacts, PartFacts};
use std::cell::{Cell, RefCell};
use std::ops::Range;

/// What unpacked pages, or blocks of what is not packed, may take in memory unless told otherwise.
const BUDGET: u64 = 64 << 20;
/// What blocks of packed files may take.
const PACKED_BUDGET: u64 = 16 << 20;
/// How much of a file is looked at to tell what it is.
const HEAD: usize = 64 << 10;

/// An opened dump.
pub struct Dump {
    files: Vec<File>,
    body: Body,
    facts: DumpFacts,
    layout: Layout,
    notes: Notes,
    segments: Vec<Segment>,
    phys_base: Option<u64>,
    uts: Option<Uts>,
    pages: RefCell<Pages>,
    unpacker: RefCell<(Unpacker, Vec<u8>)>,
    unpacked: Cell<u64>,
}

/// How physical memory lies in the files.
enum Body {
    /// As it is.
    Mapped(Mapped),
    /// In pages that are packed.
    Kdump(Kdump),
    /// In chunks that are packed.
    Avml(Avml),
}

impl std::fmt::Debug for Dump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dump").field("facts", &self.facts).field("layout", &self.layout).finish_non_exhaustive()
    }
}

impl Dump {
    /// Opens a dump from the file or files it consists of. `tick` is called while it takes time; when it returns false,
    /// the opening ends with [`OpenError::Cancelled`].
    ///
    /// Several files are the parts of a split kdump, or raw images. A raw image lies at address 0, unless its name ends in
    /// `@0xADDRESS`; where it ends in `@hole=0xADDRESS`, what follows that position lies from 4 GiB on. What no signature
    /// tells is taken for a raw image if it has a megabyte or more, in whole pages, and does not begin with text: whether it
    /// is one shows when its kernel is looked for.
    pub fn open(parts: Vec<Part>, tick: &mut dyn FnMut(Progress) -> bool) -> Result<Self, OpenError> {
        if !tick(Progress { stage: "headers", done: 0, total: 0 }) {
            return Err(OpenError::Cancelled);
        }
        let mut files = Vec::new();
        let mut formats = Vec::new();
        let mut facts = DumpFacts::default();
        for part in parts {
            facts.parts.push(PartFacts { name: part.name.clone(), bytes: part.bytes.len(), from: None, to: None });
            let (file, format) = open_file(part, tick)?;
            files.push(file);
            formats.push(format);
        }
        let layout = Layout { bits: 64, little_endian: true, machine: None };
        let mut opening = Opening {
            files,
            facts,
            layout,
            notes: Notes::default(),
            segments: Vec::new(),
            phys_base: None,
            uts: None,
            split: false,
        };
        let format = same(&opening, &formats)?;
        let body = match format {
            Some(Format::Elf) => Body::Mapped(elf::open(&mut opening, tick)?),
            Some(Format::Kdump | Format::Diskdump) => Body::Kdump(kdump::open(&mut opening, tick)?),
            Some(Format::Lime) => Body::Mapped(images::lime(&mut opening, tick)?),
            Some(Format::Avml) => Body::Avml(avml::open(&mut opening, tick)?),
            Some(format) => return Err(opening.unsupported(0, format)),
            None => Body::Mapped(images::raw(&mut opening)?),
        };
        Ok(Self::finish(opening, format, body))
    }

    fn finish(opening: Opening, format: Option<Format>, body: Body) -> Self {
        let Opening { files, mut facts, layout, notes, segments, phys_base, uts, split } = opening;
        let flat = files.iter().any(|file| file.flat.is_some());
        let name = match format {
            Some(Format::Kdump) if split => "kdump-split",
            Some(Format::Kdump) if flat => "kdump-flattened",
            Some(Format::Elf) if flat => "elf-flattened",
            Some(format) => format.name(),
            None => "raw",
        };
        name.clone_into(&mut facts.format);
        if flat {
            facts.described.push_str(", flattened");
        }
        for file in &files {
            if let Some(at) = file.flat.as_ref().and_then(|flat| flat.broken) {
                facts.notes.push(format!("{}: what should be a piece at byte {at:#x} is none", file.name()));
            }
        }
        let (blocks, pages) = match &body {
            Body::Mapped(_) => (BUDGET, Pages::new(4096, 0)),
            Body::Kdump(kdump) => (PACKED_BUDGET, Pages::new(kdump.page_size(), BUDGET)),
            Body::Avml(_) => (PACKED_BUDGET, Pages::new(avml::CHUNK, BUDGET)),
        };
        let count = files.len().max(1) as u64;
        for file in &files {
            file.raw.set_budget(blocks / count);
        }
        Self {
            files,
            body,
            facts,
            layout,
            notes,
            segments,
            phys_base,
            uts,
            pages: RefCell::new(pages),
            unpacker: RefCell::default(),
            unpacked: Cell::new(0),
        }
    }

    /// What the dump is, as a file.
    pub fn facts(&self) -> &DumpFacts {
        &self.facts
    }

    /// Widths, byte order and machine.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Size of a page in the container, in bytes.
    pub fn page_size(&self) -> u64 {
        self.facts.page_size
    }

    /// The notes.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Program headers of an ELF core that have a physical address, in the file's order; empty for others.
    pub fn load_segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Where the kernel was loaded, as a kdump's sub-header tells. VMCOREINFO is to be trusted more: QEMU reads its decimal
    /// `NUMBER(phys_base)` as a hexadecimal one.
    pub fn phys_base(&self) -> Option<u64> {
        self.phys_base
    }

    /// What a kdump's header says of the machine.
    pub fn uts(&self) -> Option<&Uts> {
        self.uts.as_ref()
    }

    /// Fills `buf` with physical memory: all of it, or the error of the first page that has none.
    ///
    /// Memory of an ELF core without bytes in the file (`p_filesz` less than `p_memsz`) reads as zeros.
    pub fn read(&self, physical: u64, buf: &mut [u8]) -> Result<(), PageError> {
        if u64::MAX - physical < buf.len() as u64 {
            return Err(PageError::NotRam { physical: u64::MAX });
        }
        match &self.body {
            Body::Mapped(mapped) => mapped.read(&self.files, physical, buf),
            Body::Kdump(kdump) => {
                let size = kdump.page_size();
                self.cached(
                    physical,
                    buf,
                    |at| Ok((at / size, at / size * size, size)),
                    |number, unpacker, packed, page| kdump.fill(&self.files, unpacker, packed, number, page),
                )
            }
            Body::Avml(avml) => {
                let file = &self.files[0];
                let found = Cell::new(None);
                let find = |at| {
                    let (chunk, size) = avml.chunk(file, at)?;
                    found.set(Some(chunk));
                    Ok((chunk.offset, chunk.physical, size))
                };
                self.cached(physical, buf, find, |_, unpacker, packed, bytes| match found.get() {
                    Some(chunk) => Avml::fill(file, unpacker, packed, chunk, bytes),
                    None => Err(PageError::NotRam { physical }),
                })
            }
        }
    }

    /// Reads what is unpacked in pieces: `find` gives the number, the first address and the size of the piece that holds an
    /// address, `fill` its bytes.
    fn cached(
        &self,
        mut at: u64,
        mut buf: &mut [u8],
        find: impl Fn(u64) -> Result<(u64, u64, u64), PageError>,
        fill: impl Fn(u64, &mut Unpacker, &mut Vec<u8>, &mut [u8]) -> Result<(), PageError>,
    ) -> Result<(), PageError> {
        let mut pages = self.pages.borrow_mut();
        let long = buf.len() as u64 >= LONG;
        while !buf.is_empty() {
            let (number, first, size) = find(at)?;
            let within = index(at - first);
            let n = (index(size) - within).min(buf.len());
            let (now, rest) = buf.split_at_mut(n);
            if let Some(page) = pages.get(number) {
                now.copy_from_slice(&page[within..within + n]);
            } else if long && n as u64 == size {
                // Straight to where it is wanted.
                let (unpacker, packed) = &mut *self.unpacker.borrow_mut();
                fill(number, unpacker, packed, now).map_err(|error| error.at(at))?;
                self.unpacked.set(self.unpacked.get() + 1);
            } else {
                let page = pages.put(number, |page| {
                    let (unpacker, packed) = &mut *self.unpacker.borrow_mut();
                    fill(number, unpacker, packed, page)
                });
                // The error names the page; the caller asked for an address in it.
                let page = page.map_err(|error| error.at(at))?;
                self.unpacked.set(self.unpacked.get() + 1);
                now.copy_from_slice(&page[within..within + n]);
            }
            buf = rest;
            at += n as u64;
        }
        Ok(())
    }

    /// What the dump has of the page at an address, without unpacking it where that can be told.
    pub fn page(&self, physical: u64) -> PageState {
        let size = self.page_size().max(1);
        match &self.body {
            Body::Mapped(mapped) => mapped.page(&self.files, physical / size * size, size),
            Body::Kdump(kdump) => kdump.state(&self.files, physical / size),
            Body::Avml(avml) => avml.page(&self.files[0], physical),
        }
    }

    /// RAM of which the dump may hold pages, ascending and merged; of very many the smallest gaps are closed.
    pub fn ranges(&self) -> Vec<Range<u64>> {
        match &self.body {
            Body::Mapped(mapped) => mapped.ranges(),
            Body::Kdump(kdump) => kdump.ranges(&self.files),
            Body::Avml(avml) => avml.ranges(),
        }
    }

    /// The next run of pages that are in the dump, at or after an address. A long run may be told in pieces.
    pub fn present(&self, from: u64) -> Option<Range<u64>> {
        match &self.body {
            Body::Mapped(mapped) => mapped.present(&self.files, from),
            Body::Kdump(kdump) => kdump.present(&self.files, from),
            Body::Avml(avml) => avml.present(from),
        }
    }

    /// What reading has cost so far.
    pub fn cost(&self) -> Counters {
        let mut counters = Counters { pages_unpacked: self.unpacked.get(), ..Counters::default() };
        for file in &self.files {
            let (reads, bytes) = file.raw.cost();
            counters.reads += reads;
            counters.bytes_read += bytes;
        }
        counters
    }

    /// Bytes that pages may take in memory; 64 MiB unless told otherwise. What is kept now is dropped.
    pub fn set_budget(&self, bytes: u64) {
        match &self.body {
            Body::Kdump(_) | Body::Avml(_) => self.pages.borrow_mut().set_budget(bytes),
            Body::Mapped(_) => {
                for file in &self.files {
                    file.raw.set_budget(bytes / self.files.len().max(1) as u64);
                }
            }
        }
    }
}

/// Opens a file: what it is, and where its pieces lie if it is flattened.
fn open_file(part: Part, tick: &mut dyn FnMut(Progress) -> bool) -> Result<(File, Option<Format>), OpenError> {
    let raw = Raw::new(part.name, part.bytes);
    let failed = |error| OpenError::Read { name: raw.name.clone(), error };
    if raw.len == 0 {
        return Err(OpenError::Empty { name: raw.name });
    }
    let mut head = vec![0; HEAD];
    let n = raw.read_some(0, &mut head).map_err(failed)?;
    head.truncate(n);
    if !is_flat(&head) {
        let format = identify(&head);
        return Ok((File { raw, flat: None }, format));
    }
    let flat = Flat::index(&raw, tick)?;
    let file = File { raw, flat: Some(flat) };
    head.resize(HEAD, 0);
    let n = file.read_some(0, &mut head).map_err(|error| match error {
        FileError::Read(error) => OpenError::Read { name: file.name().to_owned(), error },
        FileError::End => OpenError::Nothing,
    })?;
    let format = identify(&head[..n]);
    if format.is_none() {
        return Err(OpenError::Unknown {
            name: file.name().to_owned(),
            why: "it is flattened by makedumpfile, but what is in it is neither an ELF core nor a kdump",
        });
    }
    Ok((file, format))
}

/// The one format of all files.
fn same(opening: &Opening, formats: &[Option<Format>]) -> Result<Option<Format>, OpenError> {
    let Some(&first) = formats.first() else { return Err(OpenError::Nothing) };
    for (at, &format) in formats.iter().enumerate() {
        if let Some(format) = format.filter(|format| !format.is_read()) {
            return Err(opening.unsupported(at, format));
        }
    }
    if let Some(other) = formats.iter().position(|&format| format != first) {
        let name = |at: usize| opening.files[at].name().to_owned();
        return Err(OpenError::Parts { one: name(0), other: name(other), why: "they are of different formats" });
    }
    if formats.len() > 1 && !matches!(first, None | Some(Format::Kdump)) {
        let name = |at: usize| opening.files[at].name().to_owned();
        return Err(OpenError::Parts { one: name(0), other: name(1), why: "a dump of this format is one file" });
    }
    Ok(first)
}
