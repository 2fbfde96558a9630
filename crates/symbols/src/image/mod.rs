//! A kernel as it is booted — `vmlinuz`, `bzImage`, `Image`, `zImage`, `uImage`, `boot.img` — unpacked, with its release, its
//! build-id and its symbols: those of its ELF file where they were left in, or else kallsyms, found in it by its structure.
//!
//! Must never say an address that it does not know: where an image does not tell where it is linked to, addresses count from
//! its beginning, and `placed` says so. What is missing costs itself alone.

mod form;
mod memory;
mod search;

use std::rc::Rc;

use oopscope_source::{ReadAt, ReadError};
use oopscope_unpack::{Codec, PackedError, Part, Room, Tick, unpack};

use crate::elf::{ElfError, ElfFile, Outline};
use crate::kallsyms::{self, Encoding, KallsymsError};
use crate::table::Builder;
use crate::{Layout, Memory, SymbolTable};
use form::{Outer, Raw, outer};

pub use form::Form;
pub use memory::Loaded;

/// Images in images: a packed uImage of a zImage with a packed kernel is the deepest that there is.
const DEEPEST: usize = 6;

/// EM_AARCH64, EM_RISCV, EM_LOONGARCH.
const ARM64: u16 = 183;
const RISCV: u16 = 243;
const LOONGARCH: u16 = 258;

/// Where an image is taken to lie while it is searched.
const SOMEWHERE: u64 = 1 << 24;

/// Kernels begin with a page.
const PAGE: u64 = 4096;

/// The section of a PowerPC wrapper that has the kernel (arch/powerpc/boot/wrapper).
const WRAPPED: &str = ".kernel:vmlinux.strip";

/// Why an image could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is none that is known.
    #[error("it is no kernel image that is known here")]
    NotImage,
    /// A flattened image tree.
    #[error(
        "it is a flattened image tree (FIT); take the kernel out of it first: dumpimage -T flat_dt -p 0 -o Image FILE"
    )]
    Fit,
    /// A part does not lie in the file.
    #[error(
        "{what} should lie at byte {offset}, with {size} bytes, but the file has {length} bytes: not the whole of it is here"
    )]
    Outside {
        /// Which part.
        what: &'static str,
        /// Where.
        offset: u64,
        /// How long.
        size: u64,
        /// The file's length.
        length: u64,
    },
    /// The kernel in it can't be unpacked.
    #[error("the {form} can't be unpacked: {error}")]
    Packed {
        /// What it is.
        form: Form,
        /// Why not.
        error: PackedError,
    },
    /// It is an image, but no kernel was found in it.
    #[error("it is an {form}, but no kernel was found in it")]
    NoKernel {
        /// What it is.
        form: Form,
    },
    /// The kernel in it is an ELF file that makes no sense.
    #[error("the kernel in it: {0}")]
    Elf(ElfError),
}

/// Where an image's symbols come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The symbol table of its ELF file.
    Table,
    /// kallsyms, which was found in it.
    Kallsyms(Encoding),
    /// There are none.
    None(KallsymsError),
}

/// A kernel out of an image.
pub struct KernelImage {
    /// What it came in, the outermost first: a gzip file, an arm64 Image.
    pub forms: Vec<Form>,
    /// How the kernel itself was packed.
    pub codec: Option<Codec>,
    /// `Linux version 6.1.0 (…) #1 SMP …`, as logs and VMCOREINFO have it.
    pub banner: Option<String>,
    /// Its build-id.
    pub build_id: Option<Vec<u8>>,
    /// Its byte order and pointer size.
    pub layout: Layout,
    /// As ELF numbers machines; 0 where the image does not tell.
    pub machine: u16,
    /// Its symbols.
    pub symbols: SymbolTable,
    /// Where those come from.
    pub origin: Origin,
    /// Whether addresses are those that the linker gave; or else they count from the image's beginning.
    pub placed: bool,
    /// The kernel, unpacked.
    pub bytes: Rc<dyn ReadAt>,
    /// Its memory, by the addresses of the symbols; none where it is not known at which of them the file begins.
    pub memory: Option<Loaded>,
}

impl KernelImage {
    /// `6.1.0-50-amd64`.
    pub fn release(&self) -> Option<&str> {
        self.banner.as_deref()?.split(' ').nth(2)
    }
}

impl std::fmt::Debug for KernelImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KernelImage")
            .field("forms", &self.forms)
            .field("banner", &self.banner)
            .field("build_id", &self.build_id)
            .field("symbols", &self.symbols.len())
            .field("origin", &self.origin)
            .field("placed", &self.placed)
            .finish_non_exhaustive()
    }
}

/// Opens an image. Unpacking takes a second or so: `tick` is told how far it is, and may cancel it.
pub fn open(file: Rc<dyn ReadAt>, tick: Tick<'_>) -> Result<KernelImage, ImageError> {
    let mut opening = Opening { forms: Vec::new(), codec: None, raw: None, tick };
    opening.open(file)
}

/// What has been found out on the way to the kernel.
struct Opening<'t> {
    forms: Vec<Form>,
    codec: Option<Codec>,
    /// What it is if its bytes say nothing.
    raw: Option<Raw>,
    tick: Tick<'t>,
}

impl Opening<'_> {
    fn open(&mut self, mut file: Rc<dyn ReadAt>) -> Result<KernelImage, ImageError> {
        for _ in 0..DEEPEST {
            match outer(&file) {
                Ok(Outer::Elf) => match self.wrapped(&file)? {
                    Some(part) => file = part,
                    None => return self.elf(file),
                },
                Ok(Outer::Raw(form, raw)) => {
                    self.forms.push(form);
                    return self.raw(file, raw);
                }
                Ok(Outer::Packed(form, codec, part, raw)) => {
                    self.forms.push(form);
                    (self.codec, self.raw) = (Some(codec), raw.or(self.raw));
                    let unpacked = unpack(codec, Rc::new(part), Room::KERNEL, self.tick);
                    file = unpacked.map_err(|error| ImageError::Packed { form, error })?.bytes;
                }
                Ok(Outer::Somewhere(form, raw)) => {
                    self.forms.push(form);
                    self.raw = Some(raw);
                    file = self.somewhere(form, &file)?;
                }
                Ok(Outer::Wrapped(form, part, raw)) => {
                    self.forms.push(form);
                    self.raw = raw.or(self.raw);
                    file = Rc::new(part);
                }
                // What an image had in it need not say what it is.
                Err(ImageError::NotImage) => {
                    let raw = self.raw.filter(|_| !self.forms.is_empty()).ok_or(ImageError::NotImage)?;
                    return self.raw(file, raw);
                }
                Err(error) => return Err(error),
            }
        }
        Err(ImageError::NotImage)
    }

    /// The packed kernel in an ELF file that is no kernel itself.
    fn wrapped(&mut self, file: &Rc<dyn ReadAt>) -> Result<Option<Rc<dyn ReadAt>>, ImageError> {
        let Ok(outline) = Outline::read(&**file) else { return Ok(None) };
        let Some(section) = outline.section(WRAPPED) else { return Ok(None) };
        let (offset, size, length) = (section.offset, section.size, file.len());
        if offset.saturating_add(size) > length {
            return Err(ImageError::Outside { what: WRAPPED, offset, size, length });
        }
        self.forms.push(Form::PowerPc);
        Ok(Some(Rc::new(Part::new(Rc::clone(file), offset, size))))
    }

    /// The kernel that is packed somewhere in an image: the first that unpacks to something with a banner.
    fn somewhere(&mut self, form: Form, file: &Rc<dyn ReadAt>) -> Result<Rc<dyn ReadAt>, ImageError> {
        let mut last = None;
        for (at, codec) in search::packed(&**file)? {
            let part = Part::new(Rc::clone(file), at, u64::MAX);
            match unpack(codec, Rc::new(part), Room::KERNEL, self.tick) {
                Ok(unpacked) if !search::banners(&*unpacked.bytes)?.is_empty() => {
                    self.codec = Some(codec);
                    return Ok(unpacked.bytes);
                }
                Err(error @ (PackedError::Cancelled | PackedError::Read(_))) => {
                    return Err(ImageError::Packed { form, error });
                }
                // What gave much before it ended is the kernel, and not all of it is here.
                Err(error @ PackedError::Damaged { unpacked: 0x10_0000.., .. }) => last = Some(error),
                _ => {}
            }
        }
        Err(last.map_or(ImageError::NoKernel { form }, |error| ImageError::Packed { form, error }))
    }

    fn elf(&mut self, file: Rc<dyn ReadAt>) -> Result<KernelImage, ImageError> {
        self.forms.push(Form::Elf);
        let (layout, machine, build_id) = match Outline::read(&*file) {
            Ok(outline) if outline.is_module() => return Err(ImageError::Elf(ElfError::Module)),
            Ok(outline) => (outline.layout, outline.machine, outline.build_id),
            // Boot loaders need no sections.
            Err(ElfError::Stripped) => {
                let mut head = [0; 20];
                file.read_at(0, &mut head)?;
                let layout = Layout { little_endian: head[5] != 2, pointer: if head[4] == 1 { 4 } else { 8 } };
                (layout, layout.u16(&head[18..]), None)
            }
            Err(error) => return Err(ImageError::Elf(error)),
        };
        let memory = Loaded::elf(Rc::clone(&file), layout);
        let (symbols, origin) = match ElfFile::open(&*file) {
            Ok(elf) if !elf.symbols().is_empty() => (elf.into_symbols(), Origin::Table),
            _ => match kallsyms::find(&memory, memory.range(), layout, &[]) {
                Ok((found, _)) => (found.table, Origin::Kallsyms(found.encoding)),
                Err(error) => (SymbolTable::default(), Origin::None(error)),
            },
        };
        let mut banner = symbols.by_name("linux_banner").find_map(|symbol| banner_at(&memory, symbol.address));
        if banner.is_none() {
            banner = search::likeliest(&search::banners(&*file)?);
        }
        let build_id = match build_id {
            Some(id) => Some(id),
            None => search::build_id(&*file, layout)?,
        };
        Ok(self.kernel(Kernel {
            banner,
            build_id,
            layout,
            machine,
            symbols,
            origin,
            placed: true,
            bytes: file,
            memory: Some(memory),
        }))
    }

    fn raw(&mut self, file: Rc<dyn ReadAt>, raw: Raw) -> Result<KernelImage, ImageError> {
        let banners = search::banners(&*file)?;
        if banners.is_empty() {
            let form = self.forms.last().copied().unwrap_or(Form::Elf);
            return Err(ImageError::NoKernel { form });
        }
        let likeliest = search::likeliest(&banners);
        // Tables are looked for in front of others: the image can't begin at 0.
        let flat = Loaded::raw(Rc::clone(&file), SOMEWHERE);
        let mut found = Err(KallsymsError::NotFound { from: 0, to: file.len() });
        for &layout in raw.layouts {
            found = kallsyms::find(&flat, flat.range(), layout, &[]).map(|(found, _)| (layout, found));
            if found.is_ok() {
                break;
            }
        }
        let (layout, found) = match found {
            Ok(found) => found,
            Err(error) => {
                let layout = raw.layouts.first().copied().unwrap_or(Layout { little_endian: true, pointer: 8 });
                return Ok(self.kernel(Kernel {
                    banner: likeliest,
                    build_id: search::build_id(&*file, layout)?,
                    layout,
                    machine: raw.machine,
                    symbols: SymbolTable::default(),
                    origin: Origin::None(error),
                    placed: false,
                    bytes: file,
                    memory: None,
                }));
            }
        };
        let origin = Origin::Kallsyms(found.encoding);
        // Such addresses count from where the tables were found.
        let own = found.encoding == Encoding::OwnPlace;
        let symbols = if own { moved(&found.table, 0_u64.wrapping_sub(SOMEWHERE)) } else { found.table };
        let (symbols, start, placed) = place(&*file, symbols, raw, own, &banners)?;
        let memory = start.map(|start| Loaded::raw(Rc::clone(&file), start));
        let banner = memory
            .as_ref()
            .and_then(|memory| symbols.by_name("linux_banner").find_map(|symbol| banner_at(memory, symbol.address)));
        let build_id = match memory.as_ref().and_then(|memory| notes(memory, &symbols, layout)) {
            Some(id) => Some(id),
            None => search::build_id(&*file, layout)?,
        };
        Ok(self.kernel(Kernel {
            banner: banner.or(likeliest),
            build_id,
            layout,
            machine: raw.machine,
            symbols,
            origin,
            placed,
            bytes: file,
            memory,
        }))
    }

    fn kernel(&mut self, kernel: Kernel) -> KernelImage {
        let Kernel { banner, build_id, layout, machine, symbols, origin, placed, bytes, memory } = kernel;
        let (forms, codec) = (std::mem::take(&mut self.forms), self.codec);
        KernelImage { forms, codec, banner, build_id, layout, machine, symbols, origin, placed, bytes, memory }
    }
}

/// What is known of the kernel itself.
struct Kernel {
    banner: Option<String>,
    build_id: Option<Vec<u8>>,
    layout: Layout,
    machine: u16,
    symbols: SymbolTable,
    origin: Origin,
    placed: bool,
    bytes: Rc<dyn ReadAt>,
    memory: Option<Loaded>,
}

/// A raw image's symbols where the linker put them, and the address of its first byte; neither need be known.
///
/// Where kallsyms has whole addresses or a base, its symbols lie where they are. In a kernel that can be moved the base may
/// be 0 in the file: its relocations tell then what it is linked to. The image's first byte is found by the banner, whose
/// place in the file is known, or by the symbol that stands there. `own`: addresses count from the image's first byte.
fn place(
    file: &dyn ReadAt,
    symbols: SymbolTable,
    raw: Raw,
    own: bool,
    banners: &[(u64, String)],
) -> Result<(SymbolTable, Option<u64>, bool), ReadError> {
    let address = |name: &str| symbols.by_name(name).next().map(|symbol| symbol.address);
    let starts = |at: u64| banners.iter().filter_map(move |(offset, _)| at.checked_sub(*offset));
    let by_banner = address("linux_banner").and_then(|at| starts(at).find(|start| start % PAGE == 0));
    // arch/riscv/kernel/vmlinux.lds.S has a header before `_text`.
    let first = address(if raw.machine == RISCV { "_start" } else { "_text" });
    let start = if own { Some(0) } else { by_banner.or(first) };
    let lowest = ["_start", "_text", "_stext"].into_iter().filter_map(address).min();
    let form = match raw.machine {
        ARM64 => 0x403,
        RISCV | LOONGARCH => 3,
        _ => return Ok((symbols, start, !own && lowest.is_some_and(|lowest| lowest > 0))),
    };
    if !own && lowest.is_some_and(|lowest| lowest > file.len()) {
        return Ok((symbols, start, true));
    }
    let Some(linked) = search::linked_at(file, form)? else { return Ok((symbols, start, false)) };
    let linked = linked.wrapping_add(raw.text_offset);
    Ok((moved(&symbols, linked.wrapping_sub(start.unwrap_or(0))), Some(linked), true))
}

/// The same symbols, so much farther.
fn moved(symbols: &SymbolTable, by: u64) -> SymbolTable {
    let mut builder = Builder::with_room(symbols.len());
    for symbol in symbols.iter() {
        builder.push(symbol.address.wrapping_add(by), symbol.kind, symbol.name.as_bytes(), None);
    }
    builder.finish()
}

/// The banner at an address.
fn banner_at(memory: &Loaded, address: u64) -> Option<String> {
    let mut buf = [0; 512];
    // It may lie near the end.
    let room = [512, 256, 128, 64].into_iter().find(|&room| memory.read(address, &mut buf[..room]).is_ok())?;
    search::banner_of(&buf[..room])
}

/// The build-id among the notes, where symbols say where those lie.
fn notes(memory: &Loaded, symbols: &SymbolTable, layout: Layout) -> Option<Vec<u8>> {
    let address = |name| symbols.by_name(name).next().map(|symbol| symbol.address);
    let (from, to) = (address("__start_notes")?, address("__stop_notes")?);
    let mut notes = vec![0; usize::try_from(to.checked_sub(from)?.min(1 << 16)).ok()?];
    memory.read(from, &mut notes).ok()?;
    crate::elf::build_id(&notes, layout)
}
