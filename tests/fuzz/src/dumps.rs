//! Targets for the containers of dumps: whatever the bytes, a dump opens or a sentence says why not, and what is read of it
//! is the same however it is read.
//!
//! Like the others they must never depend on chance.

use crate::mutate::Rng;
use oopscope_dump::{Dump, OpenError, PageState, Part};

/// How many pages of a dump are looked at.
const PAGES: usize = 24;

/// An ELF core.
pub fn elf(bytes: &[u8]) {
    whole(&[bytes], Some(b"\x7fELF"));
}

/// A kdump, or a diskdump.
pub fn kdump(bytes: &[u8]) {
    whole(&[bytes], None);
}

/// A flattened file of either.
pub fn flattened(bytes: &[u8]) {
    whole(&[bytes], Some(b"makedumpfile\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01"));
}

/// LiME's and AVML's images.
pub fn image(bytes: &[u8]) {
    whole(&[bytes], None);
}

/// Two files given together: the first four bytes are the size of the first.
pub fn split(bytes: &[u8]) {
    let Some((size, rest)) = bytes.split_first_chunk() else { return };
    let at = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX).min(rest.len());
    let (one, other) = rest.split_at(at);
    whole(&[one, other], None);
    whole(&[other, one], None);
}

fn open(files: &[Vec<u8>]) -> Result<Dump, OpenError> {
    let part = |(at, bytes): (usize, &Vec<u8>)| Part { name: format!("part {at}"), bytes: Box::new(bytes.clone()) };
    Dump::open(files.iter().enumerate().map(part).collect(), &mut |progress| {
        assert!(!progress.stage.is_empty());
        true
    })
}

/// Opens the files, the signature put right, and reads of them.
fn whole(files: &[&[u8]], signature: Option<&[u8]>) {
    let mut files: Vec<_> = files.iter().map(|bytes| bytes.to_vec()).collect();
    for file in &mut files {
        if let Some((front, signature)) = signature.and_then(|sign| Some((file.get_mut(..sign.len())?, sign))) {
            front.copy_from_slice(signature);
        }
    }
    let dump = match open(&files) {
        Ok(dump) => dump,
        Err(error) => {
            assert!(error.to_string().len() > 8, "{error:?} says nothing");
            return;
        }
    };
    assert!(dump.page_size().is_power_of_two(), "pages of {} bytes", dump.page_size());
    let mut rng = Rng::of(files.first().map_or(&[], Vec::as_slice));
    let ranges = dump.ranges();
    assert!(ranges.iter().all(|range| range.start < range.end), "an empty range: {ranges:x?}");
    assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start), "ranges that touch: {ranges:x?}");
    let ends = ranges.iter().take(PAGES).flat_map(|range| [range.start, range.end - 1]);
    let mut addresses: Vec<_> = (0..8).map(|at| at * 4096).chain([u64::MAX, u64::MAX - 4095]).chain(ends).collect();
    let mut at = 0;
    for _ in 0..PAGES {
        let Some(run) = dump.present(at) else { break };
        assert!(run.start >= at && run.start < run.end, "after {at:#x} comes {run:x?}");
        addresses.extend([run.start, run.end - 1]);
        at = run.end;
    }
    let other = open(&files).expect("it opens a second time");
    other.set_budget(0);
    for at in addresses {
        page(&dump, &other, at, &mut rng);
    }
}

/// A page reads the same whole and in pieces, with and without a cache, and as its state says.
fn page(dump: &Dump, other: &Dump, at: u64, rng: &mut Rng) {
    let size = dump.page_size();
    let start = at / size * size;
    let bytes = usize::try_from(size).expect("pages are small");
    let mut page = vec![0xaa; bytes];
    let state = dump.page(at);
    let whole = dump.read(start, &mut page);
    let mut again = vec![0x55; bytes];
    assert_eq!(other.read(start, &mut again), whole, "at {start:#x}");
    let from = rng.below(bytes);
    let piece = 1 + rng.below(bytes - from);
    let mut part = vec![0x33; piece];
    let read = dump.read(start + from as u64, &mut part);
    match whole {
        Ok(()) => {
            assert!(page == again, "another page at {start:#x} when it is not kept");
            assert_eq!(read, Ok(()), "a part of the page at {start:#x}");
            assert!(part == page[from..from + piece], "another part of the page at {start:#x}");
            let fits = matches!(state, PageState::Data | PageState::Zero | PageState::ZeroOrExcluded);
            assert!(fits, "the page at {start:#x} is {state:?}, and is read");
            let zeros = page.iter().all(|&byte| byte == 0);
            assert!(state == PageState::Data || zeros, "the page at {start:#x} is {state:?}, and has bytes");
        }
        Err(error) => {
            assert!(error.to_string().len() > 8, "{error:?} says nothing");
            assert_ne!(state, PageState::Zero, "{error}");
        }
    }
}
