//! How memory was used. Must never hold percentages without what they are of.

use serde::{Deserialize, Serialize};

/// Totals of memory, as crash's `kmem -i` has them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryUsage {
    /// Size of a page, in bytes.
    pub page_size: u64,
    /// The rows, in crash's order: total, free, used, shared, buffers, cached, slab, huge pages, swap, commit limit.
    pub rows: Vec<MemoryRow>,
    /// What could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<super::Unread>,
}

/// One total.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryRow {
    /// As crash names it: `TOTAL MEM`, `FREE`, `USED`, …
    pub name: String,
    /// Pages of [`MemoryUsage::page_size`].
    pub pages: u64,
    /// Per cent of what [`Self::of`] names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// What the per cent are of: `TOTAL MEM`, `TOTAL SWAP`, `TOTAL LIMIT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Where it was read: `vm_node_stat[NR_FILE_PAGES]`.
    pub from: String,
}
