//! Files of a dump for the programs beside this one. Must never be used but by those: the core reads no files.

use oopscope_dump::Part;
use std::io;

#[path = "../../../source/examples/on_disk/mod.rs"]
mod file;

pub(crate) use file::OnDisk;

/// The files of a dump, named with commas between them.
pub(crate) fn parts(names: &str) -> io::Result<Vec<Part>> {
    let part = |name: &str| Ok(Part { name: name.to_owned(), bytes: Box::new(OnDisk::open(name)?) });
    names.split(',').map(part).collect()
}
