//! Puts the built page into the command, where the feature `page` is on: all files of the directory that
//! OOPSCOPE_DIST names. It must never build the page itself: `cargo xtask dist --cli` does, and then calls cargo.

#![allow(clippy::disallowed_methods, reason = "the rim: a build script's work is reading and writing files")]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=OOPSCOPE_DIST");
    if env::var_os("CARGO_FEATURE_PAGE").is_none() {
        return;
    }
    let advice = "the feature `page` needs a built page: use `cargo xtask dist --cli`";
    let dist = PathBuf::from(env::var_os("OOPSCOPE_DIST").expect(advice));
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut names = Vec::new();
    collect(&dist, "", &mut names);
    assert!(names.iter().any(|name| name == "index.html"), "{}: no index.html; {advice}", dist.display());
    names.sort();

    let mut table = String::from("const FILES: &[(&str, &[u8])] = &[\n");
    for name in names {
        let path = dist.join(&name);
        writeln!(table, "    ({name:?}, include_bytes!({:?})),", path.display().to_string())
            .expect("a String takes all");
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("site.rs"), table).expect("the table of files can be written");
}

/// Names of all files below a directory, relative, with `/` between the parts.
fn collect(directory: &Path, prefix: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(directory).expect("OOPSCOPE_DIST can be listed") {
        let entry = entry.expect("OOPSCOPE_DIST can be listed");
        let name = entry.file_name().into_string().expect("the site's names are UTF-8");
        let name = format!("{prefix}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), names);
        } else {
            names.push(name);
        }
    }
}
