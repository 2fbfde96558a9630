//! Compressed sections: zlib or zstd with a header (ELF gABI, "Compression Header"), and `.zdebug_*` of old binutils.
//!
//! Must never unpack further than what is asked for and what is kept beside it, nor believe a size that no compression of
//! so few bytes can have.

use std::rc::Rc;

use oopscope_source::ReadAt;
use oopscope_symbols::Layout;
use oopscope_symbols::elf::Section as ElfSection;
use oopscope_unpack::{Codec, Decoder, Flow, Part, Spool};

use crate::{DwarfError, Name};

/// The largest unpacked section that is believed: amdgpu's debug information has 100 MB.
const MOST: u64 = 2 << 30;

/// The unpacked bytes of a section, and how many there are.
pub(crate) fn open(
    file: &Rc<dyn ReadAt>,
    section: &ElfSection,
    name: Name,
    layout: Layout,
) -> Result<(Rc<Spool>, u64), DwarfError> {
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
    let slice: Rc<dyn ReadAt> = Rc::new(Part::new(Rc::clone(file), section.offset.saturating_add(length), packed));
    let begin = move || -> Box<dyn Flow> {
        Box::new(if zstd { Decoder::new(Codec::Zstd, Rc::clone(&slice)) } else { Decoder::zlib(Rc::clone(&slice)) })
    };
    Ok((Rc::new(Spool::new(begin)), size))
}
