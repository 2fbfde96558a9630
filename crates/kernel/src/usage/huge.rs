//! Huge pages (`hstates`). Must never count a size that was never set up.

use crate::fields::{self, Field, Span, words};
use crate::{Kernel, ObjectError};

const STATE: &str = "struct hstate";
/// `HUGE_MAX_HSTATE` is 4 at most.
const MOST_SIZES: u64 = 16;

/// Huge pages, in pages of the usual size.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Huge {
    pub(super) total: u64,
    pub(super) free: u64,
}

/// All sizes together. A kernel without huge pages (`CONFIG_HUGETLB_PAGE`) has none.
pub(super) fn pages(kernel: &Kernel) -> Result<Huge, ObjectError> {
    let Some(states) = kernel.symbol("hstates") else {
        return if fields::has_symbols(kernel) {
            Ok(Huge::default())
        } else {
            Err(ObjectError::NoSymbol { name: "hstates".to_owned() })
        };
    };
    let order = Field::need(kernel, STATE, &["order"])?;
    let total = Field::need(kernel, STATE, &["nr_huge_pages"])?;
    let free = Field::need(kernel, STATE, &["free_huge_pages"])?;
    let size = kernel.size_of(STATE).ok_or_else(|| ObjectError::NoType { name: STATE.to_owned() })?;
    let memory = |error| ObjectError::Memory { what: "hstates".to_owned(), error };
    // How many sizes were set up; the array has room for as many as the architecture can have.
    let count = match kernel.symbol("hugetlb_max_hstate") {
        Some(at) => u64::from(kernel.u32(at).map_err(memory)?),
        None => 1,
    };
    let span = Span::over(words(kernel), [order, total, free].map(Some));
    let mut huge = Huge::default();
    for index in 0..count.min(MOST_SIZES) {
        let piece = span.read(kernel, states.wrapping_add(index * size));
        let order = piece.number(order).map_err(memory)?;
        if order == 0 || order >= 32 {
            continue;
        }
        let pages = |count: u64| count.saturating_mul(1 << order);
        huge.total = huge.total.saturating_add(pages(piece.number(total).map_err(memory)?));
        huge.free = huge.free.saturating_add(pages(piece.number(free).map_err(memory)?));
    }
    Ok(huge)
}
