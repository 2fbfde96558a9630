//! How many bytes a visitor has to load. It must measure the files that are deployed, not something like them.

use miniz_oxide::deflate::compress_to_vec;

use crate::dist::Site;
use crate::error::Result;
use crate::workspace;

/// Bytes that gzip puts around the deflated data: header, checksum, length.
const GZIP_FRAME: usize = 18;

/// A part of the site with its limit, gzipped.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    files: [&'static str; 2],
    pub(crate) limit: usize,
}

/// The parts that have a limit. The first two are what a visitor waits for; the disassemblers' limit is what they have; the engine
/// for dumps, which is loaded while nobody waits, has had 450 kB for itself and has 280 kB of debug information, variables and
/// types since.
pub(crate) const PARTS: [Part; 5] = [
    Part { name: "UI", files: ["ui.js", "ui_bg.wasm"], limit: 300_000 },
    Part { name: "engine", files: ["engine.js", "engine_bg.wasm"], limit: 900_000 },
    Part { name: "disassemblers", files: ["disasm.js", "disasm_bg.wasm"], limit: 320_000 },
    Part { name: "engine for dumps", files: ["vmcore.js", "vmcore_bg.wasm"], limit: 750_000 },
    Part { name: "UI for dumps", files: ["vmcore-ui.js", "vmcore-ui_bg.wasm"], limit: 250_000 },
];

impl Part {
    /// Bytes of its files as a web server sends them, gzipped at level 9.
    pub(crate) fn gzipped(&self, site: &Site) -> Result<usize> {
        let mut sum = 0;
        for name in self.files {
            sum += compress_to_vec(&workspace::read(&site.file(name))?, 9).len() + GZIP_FRAME;
        }
        Ok(sum)
    }
}
