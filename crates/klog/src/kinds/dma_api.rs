//! **A driver that breaks the rules of the DMA API.** CONFIG_DMA_API_DEBUG keeps a record of every mapping and found one
//! that was unmapped twice or with another size, was never checked for an error, maps the stack or memory that was
//! freed, or overlaps another. On this machine it may be harmless; with an IOMMU or a bounce buffer it corrupts memory.
//!
//! The message begins with the driver and the device. The functions of the DMA API in the trace only check; their caller
//! in the driver made the mistake, or made it earlier, where it mapped the memory.
//!
//! `DMA-API: e1000e 0000:00:19.0: device driver frees DMA memory with different size …`, then a WARNING at
//! kernel/dma/debug.c (`err_printk`).

use super::{Rule, warning};
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::explain::quoted;
use crate::title::Titles;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "dma-api",
    about: about::DMA_API,
    headers: &["WARNING: "],
    begins: |text| warning::is_at(text, "kernel/dma/debug.c") || warning::is_at(text, "lib/dma-debug.c"),
    said: |text| text.trim_start().starts_with("DMA-API: "),
    blame: |_| &DRIVER,
    titles: |facts| Titles::blaming(facts, "WARNING: DMA-API bug in {}", &[]),
    lead: |facts| quoted(Prose::default().claim("A driver misused the DMA API", Some(facts.header_line)), facts),
    ..Rule::BASE
};

static DRIVER: Blame = Blame {
    steps: warning::STEPS,
    or: warning::OR,
    innocent: &["debug_dma_", "^check_", "^dma_", "^add_dma_entry", "^active_cacheline_", "^pci_unmap_", "^pci_map_"],
    pick: Pick::First,
};
