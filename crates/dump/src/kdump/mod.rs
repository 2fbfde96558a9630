//! kdump-compressed dumps and the older diskdump: makedumpfile's own format, which QEMU writes too.
//!
//! A file is blocks of the page's size: header, sub-header with the notes, one or two bitmaps, a descriptor for each page
//! that is in the dump, the packed pages (makedumpfile's IMPLEMENTATION and diskdump_mod.h). Must never hold a bitmap or the
//! descriptors whole, nor believe where a descriptor points.

mod bitmap;
mod header;
mod set;

use crate::bytes::{Order, index};
use crate::codec::Unpacker;
use crate::file::{File, FileError};
use crate::mapped::{merged, page_error};
use crate::{Codec, Corruption, Loss, PageError, PageState};
use bitmap::{Bitmap, Ranks};
use std::cell::Cell;
use std::ops::Range;

pub(crate) use set::open;

/// A kdump: one file, or the files of a split set.
pub(crate) struct Kdump {
    /// The files, by the pages that they are for.
    files: Vec<OneFile>,
    /// Bytes of a page.
    page_size: u64,
    /// Pages of the address space, from [`Self::first`].
    pages: u64,
    /// Number of the page that the bitmaps begin with: not 0 on 32-bit ARM alone.
    first: u64,
    /// Level of makedumpfile's `-d`.
    level: Option<u32>,
    /// The dump's writer did not come to its end.
    incomplete: bool,
}

/// A file of a kdump.
struct OneFile {
    /// Its index in the dump.
    file: usize,
    order: Order,
    /// Pages that it is for, as bits of the bitmaps.
    bits: Range<u64>,
    /// RAM.
    ram: Bitmap,
    /// Pages that are in the dump.
    dumped: Bitmap,
    ranks: Ranks,
    /// Where the descriptors begin, and where the pages.
    descriptors: u64,
    data: u64,
    /// Where the page of zeros lies that all others share, once it has been seen.
    zeros: Cell<Option<u64>>,
}

/// Where a page lies and how.
struct Descriptor {
    offset: u64,
    size: u32,
    flags: u32,
}

const DESCRIPTOR: u64 = 24;

/// How a page is packed, by the flags of its descriptor (makedumpfile's `DUMP_DH_COMPRESSED_*`).
fn codec(flags: u32) -> Option<Codec> {
    match flags & 0x27 {
        0 => Some(Codec::None),
        1 => Some(Codec::Zlib),
        2 => Some(Codec::Lzo),
        4 => Some(Codec::Snappy),
        0x20 => Some(Codec::Zstd),
        _ => None,
    }
}

impl Kdump {
    pub(crate) fn page_size(&self) -> u64 {
        self.page_size
    }

    /// Bit of a page, and the file that it is for.
    fn bit(&self, number: u64) -> Option<(u64, Option<&OneFile>)> {
        let bit = number.checked_sub(self.first).filter(|&bit| bit < self.pages)?;
        let at = self.files.partition_point(|file| file.bits.end <= bit);
        Some((bit, self.files.get(at).filter(|file| file.bits.contains(&bit))))
    }

    /// A page's descriptor with its file, or why there is none.
    fn find(&self, files: &[File], number: u64) -> Result<(&OneFile, Descriptor), PageError> {
        let physical = number.saturating_mul(self.page_size);
        let Some((bit, file)) = self.bit(number) else { return Err(PageError::NotRam { physical }) };
        let Some(file) = file else { return Err(self.without(files, bit, physical)) };
        let input = &files[file.file];
        let rank = file.ranks.of(input, &file.dumped, bit).map_err(|error| page_error(error, physical))?;
        let Some(rank) = rank else { return Err(self.without(files, bit, physical)) };
        let mut bytes = [0; 24];
        let at = file.descriptors.saturating_add(rank.saturating_mul(DESCRIPTOR));
        input.read(at, &mut bytes).map_err(|error| page_error(error, physical))?;
        let order = file.order;
        let descriptor = Descriptor {
            offset: order.u64(&bytes, 0).unwrap_or_default(),
            size: order.u32(&bytes, 8).unwrap_or_default(),
            flags: order.u32(&bytes, 12).unwrap_or_default(),
        };
        if descriptor.offset == 0 {
            return Err(if self.incomplete || input.cut_off() || descriptor.size == 0 {
                PageError::Lost { physical, why: Loss::NotWritten }
            } else {
                PageError::Corrupt { physical, what: Corruption::Offset { offset: 0 } }
            });
        }
        let corrupt = |what| Err(PageError::Corrupt { physical, what });
        let (size, offset) = (descriptor.size, descriptor.offset);
        let Some(codec) = codec(descriptor.flags) else {
            return corrupt(Corruption::Flags { flags: descriptor.flags });
        };
        let whole = u64::from(size) == self.page_size;
        if size == 0 || u64::from(size) > self.page_size || codec == Codec::None && !whole {
            return corrupt(Corruption::Size { size });
        }
        if offset < file.data {
            return corrupt(Corruption::Offset { offset });
        }
        if offset.saturating_add(u64::from(size)) > input.len() {
            return Err(PageError::Lost { physical, why: Loss::CutOff });
        }
        Ok((file, descriptor))
    }

    /// Why a page is not in the dump, by the bitmap of RAM.
    fn without(&self, files: &[File], bit: u64, physical: u64) -> PageError {
        // Each file of a set has the bitmaps of all.
        let own = self.files.iter().find(|file| file.bits.contains(&bit));
        let Some(file) = own.or(self.files.first()) else { return PageError::NotRam { physical } };
        let input = &files[file.file];
        let dumped = if own.is_none() { file.dumped.get(input, bit) } else { Ok(false) };
        match (dumped, file.ram.get(input, bit)) {
            (Ok(true), _) => PageError::Lost { physical, why: Loss::PartMissing },
            (_, Ok(true)) => PageError::Excluded { physical, level: self.level },
            (_, Ok(false)) => PageError::NotRam { physical },
            (_, Err(error)) => page_error(error, physical),
        }
    }

    /// Unpacks a page.
    pub(crate) fn fill(
        &self,
        files: &[File],
        unpacker: &mut Unpacker,
        packed: &mut Vec<u8>,
        number: u64,
        page: &mut [u8],
    ) -> Result<(), PageError> {
        let physical = number.saturating_mul(self.page_size);
        let (file, descriptor) = self.find(files, number)?;
        if file.zeros.get() == Some(descriptor.offset) {
            page.fill(0);
            return Ok(());
        }
        let input = &files[file.file];
        let codec = codec(descriptor.flags).unwrap_or(Codec::None);
        if codec == Codec::None {
            input.read(descriptor.offset, page).map_err(|error| page_error(error, physical))?;
            if file.zeros.get().is_none() && page.iter().all(|&byte| byte == 0) {
                file.zeros.set(Some(descriptor.offset));
            }
            return Ok(());
        }
        packed.resize(descriptor.size as usize, 0);
        input.read(descriptor.offset, packed).map_err(|error| page_error(error, physical))?;
        unpacker.unpack(codec, packed, page).map_err(|what| PageError::Corrupt { physical, what })
    }

    /// What the dump has of a page, without unpacking it.
    pub(crate) fn state(&self, files: &[File], number: u64) -> PageState {
        match self.find(files, number) {
            Ok((file, descriptor)) if file.zeros.get() == Some(descriptor.offset) => PageState::Zero,
            Ok((file, descriptor)) if codec(descriptor.flags) == Some(Codec::None) && file.zeros.get().is_none() => {
                // The page of zeros is not packed. It is looked for once, where the pages begin.
                let mut page = vec![0; index(self.page_size)];
                match files[file.file].read(descriptor.offset, &mut page) {
                    Ok(()) if page.iter().all(|&byte| byte == 0) => {
                        file.zeros.set(Some(descriptor.offset));
                        PageState::Zero
                    }
                    Ok(()) | Err(FileError::Read(_)) => PageState::Data,
                    Err(FileError::End) => PageState::Lost,
                }
            }
            Ok(_) | Err(PageError::Read { .. }) => PageState::Data,
            Err(PageError::Excluded { .. }) => PageState::Excluded,
            Err(PageError::NotRam { .. }) => PageState::NotRam,
            Err(PageError::Lost { .. }) => PageState::Lost,
            Err(PageError::Corrupt { .. }) => PageState::Corrupt,
        }
    }

    /// RAM, as the bitmap tells.
    pub(crate) fn ranges(&self, files: &[File]) -> Vec<Range<u64>> {
        let Some(file) = self.files.first() else { return Vec::new() };
        merged(file.ram.runs(&files[file.file], 0..self.pages).map(|bits| self.addresses(&bits)))
    }

    /// The next run of pages that are in the dump.
    pub(crate) fn present(&self, files: &[File], from: u64) -> Option<Range<u64>> {
        let number = from / self.page_size;
        let bit = number.saturating_sub(self.first);
        let at = self.files.partition_point(|file| file.bits.end <= bit);
        self.files[at..].iter().find_map(|file| {
            let bits = file.ranks.next(&files[file.file], &file.dumped, bit.max(file.bits.start)..file.bits.end)?;
            let run = self.addresses(&bits);
            Some(run.start.max(from)..run.end)
        })
    }

    fn addresses(&self, bits: &Range<u64>) -> Range<u64> {
        let address = |bit: u64| bit.saturating_add(self.first).saturating_mul(self.page_size);
        address(bits.start)..address(bits.end)
    }
}
