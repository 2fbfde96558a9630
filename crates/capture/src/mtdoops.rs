//! A dump of mtdoops' flash partition (`dd if=/dev/mtd3`): records of text in a ring.
//!
//! drivers/mtd/mtdoops.c: each record begins at a multiple of `record_size` (4 KiB or a multiple) with a number that
//! counts up, a magic, since "mtd: mtdoops: Add timestamp to the dumped oops header." also the time, and the text
//! follows up to the end or to erased flash, 0xff. Must never hold more than [`LARGEST`]: such partitions are small.

use crate::form::Convert;
use crate::lines::push_line;

/// The largest partition that is read; the rest of a larger one is left alone.
const LARGEST: usize = 64 << 20;

/// `MTDOOPS_KERNMSG_MAGIC_v1`, `_v2`, and the bytes of their headers.
const MAGICS: [([u8; 4], usize); 2] = [(0x5d00_5d00_u32.to_le_bytes(), 8), (0x5d00_5e00_u32.to_le_bytes(), 16)];

/// Records begin at multiples of this.
const PAGE: usize = 4096;

/// The number and the text of the record at the start of a page.
fn record(page: &[u8]) -> Option<(u32, usize)> {
    let magic = page.get(4..8)?;
    let (_, header) = MAGICS.into_iter().find(|(known, _)| known == magic)?;
    let number = u32::from_le_bytes(*page.first_chunk()?);
    (number != u32::MAX).then_some((number, header))
}

/// True when the first page is a record, or erased and another one of the beginning is.
pub(crate) fn is_dump(head: &[u8]) -> bool {
    let mut pages = head.chunks(PAGE);
    pages.next().is_some_and(|page| record(page).is_some() || (page.iter().all(|b| *b == 0xff) && page.len() == PAGE))
        && head.chunks(PAGE).any(|page| record(page).is_some())
}

#[derive(Default)]
pub(crate) struct Mtdoops {
    bytes: Vec<u8>,
}

impl Convert for Mtdoops {
    fn push(&mut self, bytes: &[u8], _out: &mut Vec<u8>) {
        let room = LARGEST.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let pages: Vec<_> = self.bytes.chunks(PAGE).collect();
        let mut records: Vec<_> =
            pages.iter().enumerate().filter_map(|(at, page)| record(page).map(|(n, header)| (n, at, header))).collect();
        // The ring's oldest record follows its newest: numbers put both in their place.
        records.sort_unstable();
        for (_, at, header) in records {
            // A file that is cut off within a header holds no text of that record.
            let mut text = pages[at].get(header..).unwrap_or_default();
            for page in pages[at + 1..].iter().take_while(|page| record(page).is_none()) {
                push_text(out, text);
                text = page;
                if text.first() == Some(&0xff) {
                    break;
                }
            }
            push_text(out, text);
            if out.last().is_some_and(|last| *last != b'\n') {
                push_line(out, b"");
            }
        }
    }
}

/// The text up to erased flash.
fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    let end = text.iter().position(|b| matches!(b, 0xff | 0)).unwrap_or(text.len());
    out.extend_from_slice(&text[..end]);
}
