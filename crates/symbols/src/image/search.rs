//! What is searched for in a kernel's bytes: its banner, its build-id, its relocations, and what is packed in an image.
//!
//! Must never hold more than a piece of them.

use memchr::memmem::Finder;
use oopscope_source::{ReadAt, ReadError};
use oopscope_unpack::Codec;

use crate::Layout;

/// Bytes that are looked at at once.
const PIECE: usize = 1 << 20;
/// No hit is longer.
const OVERLAP: usize = 64;
/// The most bytes of a file that are searched.
const MOST: u64 = 1 << 30;
/// The longest banner.
const BANNER: usize = 512;
/// The most places that are tried.
const TRIES: usize = 64;

/// Hands over every place where `needle` lies, until `hit` says true.
fn each(file: &dyn ReadAt, needle: &[u8], hit: &mut dyn FnMut(u64) -> bool) -> Result<(), ReadError> {
    let finder = Finder::new(needle);
    let mut buf = vec![0; PIECE + OVERLAP];
    let mut at = 0;
    while at < file.len().min(MOST) {
        let n = file.read_at(at, &mut buf)?;
        if n == 0 {
            break;
        }
        for place in finder.find_iter(&buf[..n]).take_while(|&place| place < PIECE) {
            if hit(at + place as u64) {
                return Ok(());
            }
        }
        at += PIECE as u64;
    }
    Ok(())
}

/// `Linux version 6.1.0 (…) #1 SMP …`, and where each lies (init/version.c, linux_banner). There may be two: the one that is
/// there before the build has its number is weak, and is left in (init/Makefile, 6.1, "kbuild: build init/built-in.a just
/// once").
pub(super) fn banners(file: &dyn ReadAt) -> Result<Vec<(u64, String)>, ReadError> {
    let (mut found, mut tries, mut failed) = (Vec::new(), 0, None);
    each(file, b"Linux version ", &mut |at| {
        tries += 1;
        match banner_at(file, at) {
            Ok(text) => found.extend(text.map(|text| (at, text))),
            Err(error) => failed = Some(error),
        }
        failed.is_some() || tries == TRIES
    })?;
    failed.map_or(Ok(found), Err)
}

/// The banner that has the build's number, where no symbol says which it is.
pub(super) fn likeliest(banners: &[(u64, String)]) -> Option<String> {
    let numbered =
        |text: &str| text.split('#').nth(1).is_some_and(|rest| rest.starts_with(|one: char| one.is_ascii_digit()));
    let best = banners.iter().find(|(_, text)| numbered(text)).or_else(|| banners.first());
    best.map(|(_, text)| text.clone())
}

fn banner_at(file: &dyn ReadAt, at: u64) -> Result<Option<String>, ReadError> {
    let mut buf = [0; BANNER];
    let n = file.read_at(at, &mut buf)?;
    Ok(banner_of(&buf[..n]))
}

/// A banner at the front of some bytes: a line whose third word is a release.
pub(super) fn banner_of(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|&byte| matches!(byte, b'\n' | 0))?;
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    let rest = text.strip_prefix("Linux version ")?;
    let right = rest.starts_with(|first: char| first.is_ascii_digit()) && rest.contains(" (") && rest.contains('#');
    right.then(|| text.to_owned())
}

/// The kernel's own build-id: not one of the vDSO, which is an ELF file inside the kernel.
pub(super) fn build_id(file: &dyn ReadAt, layout: Layout) -> Result<Option<Vec<u8>>, ReadError> {
    // namesz, descsz, NT_GNU_BUILD_ID, "GNU".
    let number = |value: u32| if layout.little_endian { value.to_le_bytes() } else { value.to_be_bytes() };
    let needle = [&number(4)[..], &number(20), &number(3), b"GNU\0"].concat();
    let (mut found, mut tries, mut failed) = (None, 0, None);
    each(file, &needle, &mut |at| {
        tries += 1;
        match build_id_at(file, at) {
            Ok(id) => found = id,
            Err(error) => failed = Some(error),
        }
        found.is_some() || failed.is_some() || tries == TRIES
    })?;
    failed.map_or(Ok(found), Err)
}

fn build_id_at(file: &dyn ReadAt, at: u64) -> Result<Option<Vec<u8>>, ReadError> {
    // A vDSO begins with a page, and its notes lie in its first pages.
    const PAGE: u64 = 4096;
    for back in 0..=4 {
        let Some(page) = (at / PAGE).checked_sub(back) else { break };
        let mut magic = [0; 4];
        if file.read_at(page * PAGE, &mut magic)? == 4 && magic == *b"\x7fELF" {
            return Ok(None);
        }
    }
    let mut id = vec![0; 20];
    let n = file.read_at(at + 16, &mut id)?;
    Ok((n == 20).then_some(id))
}

/// What an image's relocations count from: the lowest address that one of them has, or has to put somewhere, down to a
/// whole 2 MiB, as kernels are linked. `form` is R_AARCH64_RELATIVE (0x403) or R_RISCV_RELATIVE (3). Where the kernel can
/// be moved, pointers in the image are 0 (arch/arm64/Makefile, --no-apply-dynamic-relocs).
pub(super) fn linked_at(file: &dyn ReadAt, form: u64) -> Result<Option<u64>, ReadError> {
    /// Fewer records in a row are chance.
    const SOME: usize = 32;
    const RECORD: usize = 24;
    let (mut lowest, mut failed) = (None, None);
    each(file, &form.to_le_bytes(), &mut |at| {
        let Some(first) = at.checked_sub(8).filter(|first| first % 8 == 0) else { return false };
        let mut buf = vec![0; 4096 * RECORD];
        let mut low: Option<u64> = None;
        let (mut seen, mut from) = (0, first);
        loop {
            let n = match file.read_at(from, &mut buf) {
                Ok(n) => n,
                Err(error) => {
                    failed = Some(error);
                    return true;
                }
            };
            let mut here = 0;
            for raw in buf[..n].chunks_exact(RECORD) {
                let [place, kind, target] = [0, 8, 16].map(|at| {
                    raw.get(at..).and_then(|raw| raw.first_chunk()).map_or(0, |raw| u64::from_le_bytes(*raw))
                });
                if kind != form || place >> 40 == 0 {
                    break;
                }
                let near = [place, target].into_iter().filter(|address| address >> 32 == place >> 32);
                low = near.chain(low).min();
                here += 1;
            }
            seen += here;
            if here < 4096 || seen > 1 << 22 {
                break;
            }
            from += (4096 * RECORD) as u64;
        }
        if seen >= SOME {
            lowest = low;
        }
        seen >= SOME
    })?;
    match failed {
        Some(error) => Err(error),
        None => Ok(lowest.map(|low| low & !0x1f_ffff)),
    }
}

/// Places where something packed may begin, in order.
pub(super) fn packed(file: &dyn ReadAt) -> Result<Vec<(u64, Codec)>, ReadError> {
    let mut found = Vec::new();
    let mut buf = vec![0; PIECE + OVERLAP];
    let mut at = 0;
    while at < file.len().min(MOST) && found.len() < TRIES {
        let n = file.read_at(at, &mut buf)?;
        if n == 0 {
            break;
        }
        for place in 0..n.min(PIECE) {
            if !matches!(buf[place], 0x1f | 0xfd | 0x28 | 0x02 | 0x04 | 0x42 | 0x5d | 0x89) {
                continue;
            }
            if let Some(codec) = Codec::of(&buf[place..n.min(place + OVERLAP)]).filter(|_| found.len() < TRIES) {
                found.push((at + place as u64, codec));
            }
        }
        at += PIECE as u64;
    }
    Ok(found)
}
