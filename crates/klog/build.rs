//! Collects what the kinds' files say of their kinds (`//!` of `src/kinds/*.rs`) into constants, so that a kind is
//! explained in one place to the reader of the code and to the reader of a report. Must never change the words.

#![allow(clippy::disallowed_methods, reason = "a build script reads the sources that it is about")]

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=src/kinds");
    let mut files: Vec<_> =
        fs::read_dir("src/kinds")?.collect::<Result<Vec<_>, _>>()?.iter().map(fs::DirEntry::path).collect();
    files.sort();
    let mut out = String::new();
    for file in files {
        let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if name == "mod" || file.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let docs: Vec<String> = fs::read_to_string(&file)?
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned())
            .collect();
        writeln!(out, "pub(crate) const {}: &str = {:?};", name.to_uppercase(), docs.join("\n").trim())
            .map_err(io::Error::other)?;
    }
    let to = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&to).join("about.rs"), out)
}
