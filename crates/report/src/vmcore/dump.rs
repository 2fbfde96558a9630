//! A dump's container. Must never hold what only its kernel can tell.

use super::Address;
use serde::{Deserialize, Serialize};

/// What a dump is, as a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpFacts {
    /// Stable short name of the container: `elf`, `kdump`, `kdump-flattened`, `elf-flattened`, `kdump-split`, `diskdump`, `lime`,
    /// `avml`, `raw`.
    pub format: String,
    /// For people: "kdump-compressed, header version 6, flattened by makedumpfile".
    pub described: String,
    /// The architecture's name as its ELF machine or header gives it: `x86_64`, `aarch64`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// Size of a page in the container, in bytes.
    pub page_size: u64,
    /// Codecs that its pages use, as far as seen: `zlib`, `lzo`, `snappy`, `zstd`, `none`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compression: Vec<String>,
    /// makedumpfile's `-d`: which pages were left out. Absent where the container does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dump_level: Option<u32>,
    /// What that level leaves out, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// Pages that are in the dump, and pages of RAM that there were; absent where that is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages_present: Option<u64>,
    /// Pages of RAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages_of_ram: Option<u64>,
    /// The dump says of itself, or its size tells, that its end is missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// Where VMCOREINFO was found: "ELF note", "kdump sub-header", "memory at physical 0x…"; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vmcoreinfo: Option<String>,
    /// Where the CPUs' registers come from: "NT_PRSTATUS", "QEMU notes"; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registers: Option<String>,
    /// The files it consists of.
    pub parts: Vec<PartFacts>,
    /// What a reader should know of the container, in words: lines of ERASEINFO, headers that disagree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One file of a dump.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartFacts {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// First physical address that it is for, where files share the memory out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Address>,
    /// The address after the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Address>,
}
