//! How memory was used, as crash's `kmem -i` has it. Must never mix pages and bytes, nor add up counters of different
//! moments as if they were exact: the global counters are what the kernel itself would have shown.

mod buffers;
mod huge;
mod statistics;
mod swap;

use crate::fields::{self, Field, variable};
use crate::tasks::{self, share};
use crate::{Kernel, ObjectError};
use oopscope_report::vmcore::{MemoryRow, MemoryUsage, Unread};
use statistics::Statistics;

/// Totals as crash's `kmem -i` has them. Its SHARED is missing: crash counts it by going through every `struct page`, and by
/// default does not since version 8.
pub fn usage(kernel: &Kernel) -> MemoryUsage {
    let mut rows = Rows { usage: MemoryUsage { page_size: kernel.page_size(), ..MemoryUsage::default() }, total: None };
    if !fields::has_symbols(kernel) {
        rows.usage.unread.push(fields::without_symbols("how memory was used"));
        return rows.usage;
    }
    let statistics = Statistics::of(kernel);
    let statistic = |names: &[&str]| statistics.sum(kernel, names);

    let total = total_pages(kernel);
    rows.total = total.as_ref().ok().map(|(pages, _)| *pages);
    rows.push("TOTAL MEM", None, total.clone().map(|(pages, from)| (pages, from.to_owned())));
    let free = statistic(&["NR_FREE_PAGES"]);
    rows.push("FREE", Some("TOTAL MEM"), free.clone());
    let used = match (&total, &free) {
        (Ok((total, from)), Ok((free, from_free))) => {
            Some(Ok((total.saturating_sub(*free), format!("{from} - {from_free}"))))
        }
        // It says so once, in the rows that it is made of.
        _ => None,
    };
    if let Some(used) = used {
        rows.push("USED", Some("TOTAL MEM"), used);
    }
    let buffers = buffers::pages(kernel).map(|pages| (pages, "block devices' page caches".to_owned()));
    rows.push("BUFFERS", Some("TOTAL MEM"), buffers.clone());
    let swap_cache = statistic(&["NR_SWAPCACHE"]).or_else(|error| swap::cached(kernel).ok_or(error));
    let cached = statistic(&["NR_FILE_PAGES"]).and_then(|(pages, from)| {
        let (swapped, from_swap) = swap_cache?;
        let (buffers, _) = buffers?;
        let pages = pages.saturating_sub(swapped).saturating_sub(buffers);
        Ok((pages, format!("{from} - {from_swap} - BUFFERS")))
    });
    rows.push("CACHED", Some("TOTAL MEM"), cached);
    // 5.9, commit "mm: memcg: convert vmstat slab counters to bytes": the enumerators end in _B, the global counters
    // are still pages. One counter before 2.6.18.
    let slab = statistic(&["NR_SLAB_RECLAIMABLE_B", "NR_SLAB_UNRECLAIMABLE_B"])
        .or_else(|_| statistic(&["NR_SLAB_RECLAIMABLE", "NR_SLAB_UNRECLAIMABLE"]))
        .or_else(|error| statistic(&["NR_SLAB"]).map_err(|_| error));
    rows.push("SLAB", Some("TOTAL MEM"), slab);

    let huge = huge::pages(kernel);
    rows.push("TOTAL HUGE", None, huge.clone().map(|huge| (huge.total, "hstates".to_owned())));
    if let Ok(huge) = &huge {
        rows.push("HUGE FREE", Some("TOTAL HUGE"), Ok((huge.free, "hstates".to_owned())));
    }
    let swap = swap::pages(kernel);
    rows.push("TOTAL SWAP", None, swap.clone().map(|swap| (swap.total, "swap_info".to_owned())));
    if let Ok(swap) = &swap {
        rows.push("SWAP USED", Some("TOTAL SWAP"), Ok((swap.used, "swap_info".to_owned())));
        let free = swap.total.saturating_sub(swap.used);
        rows.push("SWAP FREE", Some("TOTAL SWAP"), Ok((free, "swap_info".to_owned())));
    }
    let limit = limit(kernel, total.map(|(pages, _)| pages), huge.map(|huge| huge.total), swap.map(|swap| swap.total));
    rows.push("COMMIT LIMIT", None, limit);
    rows.push("COMMITTED", Some("COMMIT LIMIT"), committed(kernel));
    rows.usage
}

/// Pages that the kernel manages, and where that was read. 5.0, commit "mm: convert totalram_pages and totalhigh_pages
/// variables to atomic", put an underscore before the name.
pub(crate) fn total_pages(kernel: &Kernel) -> Result<(u64, &'static str), ObjectError> {
    let long = u64::from(kernel.layout().pointer);
    match variable(kernel, "_totalram_pages", long) {
        Ok(pages) => Ok((pages, "_totalram_pages")),
        Err(error) => match kernel.symbol("totalram_pages") {
            Some(_) => Ok((variable(kernel, "totalram_pages", long)?, "totalram_pages")),
            None => Err(error),
        },
    }
}

struct Rows {
    usage: MemoryUsage,
    total: Option<u64>,
}

impl Rows {
    fn push(&mut self, name: &str, of: Option<&str>, value: Result<(u64, String), ObjectError>) {
        let (pages, from) = match value {
            Ok(value) => value,
            Err(error) => {
                self.usage.unread.push(Unread { what: name.to_owned(), why: error.to_string() });
                return;
            }
        };
        let whole = of.and_then(|of| match of {
            "TOTAL MEM" => self.total,
            of => self.usage.rows.iter().find(|row| row.name == of).map(|row| row.pages),
        });
        let row = MemoryRow {
            name: name.to_owned(),
            pages,
            percent: whole.map(|whole| if whole == 0 { 0.0 } else { share(pages, whole) }),
            of: whole.and(of).map(str::to_owned),
            from,
        };
        self.usage.rows.push(row);
    }
}

/// `vm_commit_limit`: a share of what is not huge pages, or a fixed size, and the swap.
fn limit(
    kernel: &Kernel,
    total: Result<u64, ObjectError>,
    huge: Result<u64, ObjectError>,
    swap: Result<u64, ObjectError>,
) -> Result<(u64, String), ObjectError> {
    let swap = swap?;
    let kilobytes = variable(kernel, "sysctl_overcommit_kbytes", u64::from(kernel.layout().pointer)).unwrap_or(0);
    if kilobytes > 0 {
        let pages = kilobytes / (kernel.page_size() / 1024).max(1);
        return Ok((pages.saturating_add(swap), "sysctl_overcommit_kbytes + TOTAL SWAP".to_owned()));
    }
    let ratio = variable(kernel, "sysctl_overcommit_ratio", 4)?;
    let pages = total?.saturating_sub(huge?).saturating_mul(ratio) / 100;
    Ok((pages.saturating_add(swap), "sysctl_overcommit_ratio of (TOTAL MEM - TOTAL HUGE) + TOTAL SWAP".to_owned()))
}

/// `vm_committed_as`, as `/proc/meminfo` has it: with what the CPUs hold of it, which crash leaves out. On a small machine
/// that is most of it, and the counter alone may be below zero.
fn committed(kernel: &Kernel) -> Result<(u64, String), ObjectError> {
    const COUNTER: &str = "struct percpu_counter";
    let name = "vm_committed_as";
    let address = kernel.symbol(name).ok_or_else(|| ObjectError::NoSymbol { name: name.to_owned() })?;
    let memory = |error| ObjectError::Memory { what: name.to_owned(), error };
    let count = Field::need(kernel, COUNTER, &["count"])?;
    let mut sum = fields::number(kernel, address.wrapping_add(count.offset), count.size).map_err(memory)?.cast_signed();
    // A kernel for one CPU has no others.
    if let Some(counters) = Field::of(kernel, COUNTER, "counters") {
        let counters = fields::number(kernel, address.wrapping_add(counters.offset), counters.size).map_err(memory)?;
        for cpu in tasks::cpus(kernel)? {
            let at = counters.wrapping_add(kernel.per_cpu_offset(cpu)?);
            sum = sum.wrapping_add(i64::from(kernel.u32(at).map_err(memory)?.cast_signed()));
        }
    }
    Ok((u64::try_from(sum).unwrap_or(0), "vm_committed_as, all CPUs' parts with it".to_owned()))
}
