//! How memory was used. Must never mix pages and bytes.

use crate::Kernel;
use oopscope_report::vmcore::{MemoryUsage, Unread};

/// Totals as crash's `kmem -i` has them.
pub fn usage(kernel: &Kernel) -> MemoryUsage {
    let unread = vec![Unread { what: "memory".to_owned(), why: "it is not read yet".to_owned() }];
    MemoryUsage { page_size: kernel.page_size(), rows: Vec::new(), unread }
}
