//! Swap devices and what is cached of them. Must never count one that is not in use.

use crate::fields::{self, Field, Span, number, words};
use crate::{Kernel, ObjectError};

const INFO: &str = "struct swap_info_struct";
const SPACE: &str = "struct address_space";
/// `MAX_SWAPFILES` is 32 less what migration and others take.
const MOST_DEVICES: u64 = 32;
/// Address spaces of one device: one for each 64 MiB of it (`SWAP_ADDRESS_SPACE_SHIFT`).
const MOST_SPACES: u64 = 1 << 20;
/// `SWP_USED`.
const USED: u64 = 1;

/// Swap, in pages.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Swap {
    pub(super) total: u64,
    pub(super) used: u64,
}

/// All devices together. A kernel without swap (`CONFIG_SWAP`) has none.
pub(super) fn pages(kernel: &Kernel) -> Result<Swap, ObjectError> {
    let (Some(infos), Some(count)) = (kernel.symbol("swap_info"), kernel.symbol("nr_swapfiles")) else {
        return if fields::has_symbols(kernel) {
            Ok(Swap::default())
        } else {
            Err(ObjectError::NoSymbol { name: "swap_info".to_owned() })
        };
    };
    let memory = |error| ObjectError::Memory { what: "swap_info".to_owned(), error };
    let count = u64::from(kernel.u32(count).map_err(memory)?).min(MOST_DEVICES);
    let mut swap = Swap::default();
    if count == 0 {
        return Ok(swap);
    }
    let flags = Field::need(kernel, INFO, &["flags"])?;
    let pages = Field::need(kernel, INFO, &["pages"])?;
    let inuse = Field::need(kernel, INFO, &["inuse_pages"])?;
    let span = Span::over(words(kernel), [flags, pages, inuse].map(Some));
    let long = words(kernel).long;
    for index in 0..count {
        // Pointers since 2.6.33, commit "swap_info: change to array of pointers".
        let info = kernel.pointer(infos.wrapping_add(index * long)).map_err(memory)?;
        if info == 0 {
            continue;
        }
        let piece = span.read(kernel, info);
        if piece.number(flags).map_err(memory)? & USED == 0 {
            continue;
        }
        swap.total = swap.total.saturating_add(piece.number(pages).map_err(memory)?);
        swap.used =
            swap.used.saturating_add(used(piece.number(inuse).map_err(memory)?, piece.number(pages).map_err(memory)?));
    }
    Ok(swap)
}

/// Pages of a device that are used. Since 6.14 `inuse_pages` has a bit beside the count (`SWAP_USAGE_OFFLIST_BIT`: the device
/// is not on the list of those with room): bit 30, later the second highest of a `long` (commit "mm, swap: fix
/// SWAP_USAGE_OFFLIST_BIT collision with real usage count"). A device cannot have more pages in use than it has.
const fn used(inuse: u64, pages: u64) -> u64 {
    let count = inuse & (u64::MAX >> 2);
    if count > pages { count & !(1 << 30) } else { count }
}

/// Pages that are in the swap cache, for kernels that do not count them (NR_SWAPCACHE came with 5.12): the page caches of
/// `swapper_spaces`. `None` where those are not to be found.
pub(super) fn cached(kernel: &Kernel) -> Option<(u64, String)> {
    let from = "swapper_spaces".to_owned();
    let (Some(spaces), Some(counts)) = (kernel.symbol("swapper_spaces"), kernel.symbol("nr_swapper_spaces")) else {
        // Without swap there is no swap cache. Between, other shapes of it: not known here.
        return (fields::has_symbols(kernel) && kernel.symbol("swap_info").is_none())
            .then(|| (0, "no swap in this kernel".to_owned()));
    };
    let pages = Field::of(kernel, SPACE, "nrpages")?;
    let size = kernel.size_of(SPACE)?;
    let long = words(kernel).long;
    let devices = fields::variable(kernel, "nr_swapfiles", 4).ok()?.min(MOST_DEVICES);
    let mut sum = 0_u64;
    for device in 0..devices {
        let count = u64::from(kernel.u32(counts.wrapping_add(device * 4)).ok()?).min(MOST_SPACES);
        let first = kernel.pointer(spaces.wrapping_add(device * long)).ok()?;
        for space in (0..count).filter(|_| first != 0) {
            let at = first.wrapping_add(space * size).wrapping_add(pages.offset);
            sum = sum.saturating_add(number(kernel, at, pages.size).ok()?);
        }
    }
    Some((sum, from))
}

#[cfg(test)]
mod tests {
    use super::used;

    #[test]
    fn the_bit_beside_the_count_is_no_page() {
        assert_eq!(used(1000, 4096), 1000);
        assert_eq!(used(1 << 30 | 4096, 4096), 4096);
        assert_eq!(used(1 << 62 | 4096, 4096), 4096);
        // A device of 8 TiB, half full.
        assert_eq!(used(1 << 30, 1 << 31), 1 << 30);
    }
}
