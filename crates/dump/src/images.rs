//! Memory as it is: LiME's ranges, and images without any header. Must never guess where an image without a header lies.

use crate::bytes::Order;
use crate::mapped::{Extent, Mapped, Place};
use crate::open::Opening;
use crate::{Layout, OpenError, Progress};

/// Bytes before each range of LiME's: magic, version, first and last address, reserved (LiME's doc/README.md,
/// "lime-format").
const LIME_HEADER: u64 = 32;
const LIME: u32 = 0x4c69_4d45;
/// How many ranges are taken.
const MOST_RANGES: usize = 1 << 16;
/// An image without a header is at least as large; smaller ones are anything.
const LEAST: u64 = 1 << 20;
const FOUR_GIB: u64 = 1 << 32;

/// Opens LiME's format.
pub(crate) fn lime(opening: &mut Opening, tick: &mut dyn FnMut(Progress) -> bool) -> Result<Mapped, OpenError> {
    let file = &opening.files[0];
    let (mut extents, mut at) = (Vec::new(), 0);
    let mut said = None;
    while at < file.len() {
        if !tick(Progress { stage: "ranges", done: at, total: file.len() }) {
            return Err(OpenError::Cancelled);
        }
        let mut head = [0; 32];
        let n = file.read_some(at, &mut head).map_err(|error| opening.failed(0, error, "a range's header", at))?;
        let order = Order::LITTLE;
        let is_range = n == 32 && order.u32(&head, 0) == Some(LIME) && order.u32(&head, 4) == Some(1);
        let range = order.u64(&head, 8).zip(order.u64(&head, 16).and_then(|last| last.checked_add(1)));
        let Some((start, end)) = range.filter(|(start, end)| is_range && start < end) else {
            said = Some(format!("there is no range's header at byte {at:#x}: what follows is not read"));
            break;
        };
        if extents.len() == MOST_RANGES {
            said = Some(format!("there are more than {MOST_RANGES} ranges: what follows byte {at:#x} is not read"));
            break;
        }
        extents.push(Extent { start, end, bytes: Some(Place { file: 0, offset: at + LIME_HEADER }) });
        at = at.saturating_add(LIME_HEADER).saturating_add(end - start);
    }
    let ranges = extents.len();
    let mapped = Mapped::new(extents);
    opening.facts.described = format!("LiME image of {ranges} ranges");
    finish(opening, &mapped);
    opening.facts.incomplete |= said.is_some();
    opening.facts.notes.extend(said);
    Ok(mapped)
}

/// Opens images without a header. A name may end in `@ADDRESS`, where the image lies, or in `@hole=ADDRESS`: what follows
/// that address in the image lies from 4 GiB on, as RAM of a PC does.
pub(crate) fn raw(opening: &mut Opening) -> Result<Mapped, OpenError> {
    let mut extents = Vec::new();
    for (number, file) in opening.files.iter().enumerate() {
        let unknown = |why| OpenError::Unknown { name: file.name().to_owned(), why };
        let size = file.len();
        if size < LEAST || size % 4096 != 0 {
            return Err(unknown(
                "it has no signature, and an image of memory would be a megabyte or more, in whole pages",
            ));
        }
        let mut head = [0; 4096];
        let n = file.read_some(0, &mut head).map_err(|error| opening.failed(number, error, "its beginning", 4096))?;
        if head[..n].iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')) {
            return Err(unknown("it begins with text"));
        }
        let place = Place { file: u32::try_from(number).unwrap_or(u32::MAX), offset: 0 };
        match suffix(file.name()) {
            None if opening.files.len() > 1 => {
                return Err(unknown("of several images each must say where it lies: NAME@0xADDRESS"));
            }
            Some(Suffix::Hole(hole)) if hole < size && hole <= FOUR_GIB => {
                extents.push(Extent { start: 0, end: hole, bytes: Some(place) });
                let end = FOUR_GIB + (size - hole);
                extents.push(Extent { start: FOUR_GIB, end, bytes: Some(Place { offset: hole, ..place }) });
            }
            Some(Suffix::Hole(_)) => extents.push(Extent { start: 0, end: size, bytes: Some(place) }),
            at @ (None | Some(Suffix::At(_))) => {
                let start = if let Some(Suffix::At(start)) = at { start } else { 0 };
                let end = start.checked_add(size).ok_or_else(|| unknown("it would end beyond all addresses"))?;
                extents.push(Extent { start, end, bytes: Some(place) });
            }
        }
    }
    let mapped = Mapped::new(extents);
    "raw image of memory, without a header".clone_into(&mut opening.facts.described);
    finish(opening, &mapped);
    Ok(mapped)
}

enum Suffix {
    At(u64),
    Hole(u64),
}

fn suffix(name: &str) -> Option<Suffix> {
    let (_, suffix) = name.rsplit_once('@')?;
    let number = |text: &str| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    match suffix.strip_prefix("hole=") {
        Some(hole) => number(hole).map(Suffix::Hole),
        None => number(suffix).map(Suffix::At),
    }
}

fn finish(opening: &mut Opening, mapped: &Mapped) {
    let (full, all) = mapped.sizes();
    opening.layout = Layout { bits: 64, little_endian: true, machine: None };
    let facts = &mut opening.facts;
    facts.page_size = 4096;
    facts.compression = vec!["none".to_owned()];
    facts.pages_present = Some(full / 4096);
    facts.pages_of_ram = Some(all / 4096);
    facts.incomplete = mapped.cut_off(&opening.files);
}
