//! Compressed sections: zlib or zstd with a header (ELF gABI, "Compression Header"), and `.zdebug_*` of old binutils.
//!
//! Must never unpack further than what is asked for and what is kept beside it, nor believe a size that no compression of
//! so few bytes can have.

use std::cell::RefCell;
use std::rc::Rc;

use oopscope_source::{ReadAt, ReadError};
use oopscope_symbols::Layout;
use oopscope_symbols::elf::Section as ElfSection;
use oopscope_unpack::{Codec, Damage, Decoder, Flow, Spool};

use crate::{DwarfError, Name};

/// The largest unpacked section that is believed: amdgpu's debug information has 100 MB.
const MOST: u64 = 2 << 30;

/// A part of a file as if it were the file.
struct Slice {
    file: Rc<dyn ReadAt>,
    start: u64,
    size: u64,
}

impl ReadAt for Slice {
    fn len(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let room = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX).min(buf.len());
        self.file.read_at(self.start.saturating_add(offset), &mut buf[..room])
    }
}

/// The unpacked bytes of a section, where in them they begin, and how many there are.
pub(crate) fn open(
    file: &Rc<dyn ReadAt>,
    section: &ElfSection,
    name: Name,
    layout: Layout,
) -> Result<(Rc<dyn ReadAt>, u64, u64), DwarfError> {
    let mut head = [0; 24];
    let length = if section.compressed && layout.pointer == 8 { 24 } else { 12 };
    let cut = DwarfError::Cut { section: name, offset: section.size };
    if section.size < length {
        return Err(cut);
    }
    let room = usize::try_from(length).unwrap_or(head.len());
    if file.read_at(section.offset, &mut head[..room])? < room {
        return Err(cut);
    }
    let (zstd, size) = if section.compressed {
        // Elf64_Chdr: type, reserved, size, alignment; Elf32_Chdr has no reserved word.
        let kind = layout.u32(&head);
        let size = if layout.pointer == 8 { layout.u64(&head[8..]) } else { layout.u32(&head[4..]).into() };
        match kind {
            1 => (false, size),
            2 => (true, size),
            _ => return Err(DwarfError::Unsupported { what: "the compression", section: name, offset: 0 }),
        }
    } else {
        let size = head.get(4..).and_then(<[u8]>::first_chunk).map_or(0, |raw| u64::from_be_bytes(*raw));
        if head.get(..4) != Some(b"ZLIB") {
            return Err(DwarfError::Damaged { what: "the compression", section: name, offset: 0 });
        }
        (false, size)
    };
    let packed = section.size - length;
    // Deflate makes 258 bytes of two bits at best (RFC 1951), zstd a block of 128 KiB of four bytes (RFC 8878).
    let most = packed.saturating_mul(if zstd { 32 << 10 } else { 1032 }).saturating_add(64);
    if size > MOST || size > most {
        return Err(DwarfError::TooLarge { what: "what it says to be compressed", section: name, offset: 0 });
    }
    let slice: Rc<dyn ReadAt> = Rc::new(Slice { file: Rc::clone(file), start: section.offset + length, size: packed });
    let begin = move || -> Box<dyn Flow> {
        Box::new(if zstd { Decoder::new(Codec::Zstd, Rc::clone(&slice)) } else { Decoder::zlib(Rc::clone(&slice)) })
    };
    Ok((Rc::new(Unpacked { spool: Spool::new(begin), damage: RefCell::default() }), 0, size))
}

/// What is unpacked.
struct Unpacked {
    spool: Spool,
    damage: RefCell<Option<Damage>>,
}

impl ReadAt for Unpacked {
    fn len(&self) -> u64 {
        self.spool.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let n = self.spool.read_at(offset, buf)?;
        if n < buf.len() {
            *self.damage.borrow_mut() = self.spool.damage();
        }
        Ok(n)
    }
}
