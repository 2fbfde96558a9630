//! Writes the seeds of the fuzz targets: `cargo run -p oopscope-dump --example seeds -- tests/fuzz/corpus`.
//!
//! Small dumps of each container, by the builder that the tests use. Must be run again when that changes what it writes.
#![allow(clippy::disallowed_methods, reason = "an example writes files")]

#[path = "../tests/builder/mod.rs"]
mod builder;

use builder::{Elf, Kdump, Memory, Order, PACKINGS, Page, Segment, note, page};
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "tests/fuzz/corpus".to_owned());
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = Path::new(&folder).join(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(name), bytes)
    };
    let order = Order { wide: true, little: true };
    let small: Memory = (0..3).map(|at| (at, page(at))).chain([(4, Page::Zero), (5, Page::Excluded)]).collect();
    let notes = [note(order, "CORE", 1, &[1; 336]), note(order, "VMCOREINFO", 0, b"PAGESIZE=4096\n")].concat();

    for packing in PACKINGS {
        let bytes = builder::kdump(&Kdump { packing, notes: notes.clone(), ..Kdump::default() }, &small).bytes;
        write("dump_kdump", &format!("{packing:?}").to_lowercase(), &bytes)?;
    }
    for (name, wide, little, padded, machine) in [
        ("i386", false, true, false, "i686"),
        ("arm", false, true, true, "armv7l"),
        ("s390x", true, false, false, "s390x"),
    ] {
        let kdump = Kdump { order: Order { wide, little }, padded, machine, ..Kdump::default() };
        write("dump_kdump", name, &builder::kdump(&kdump, &small).bytes)?;
    }
    // Two parts of a split dump, the first one's size before them.
    let part =
        |from, to| builder::kdump(&Kdump { split: Some((from, to)), max_mapnr: 8, ..Kdump::default() }, &small).bytes;
    let (one, other) = (part(0, 2), part(2, 8));
    let size = u32::try_from(one.len()).expect("a small dump");
    write("dump_split", "two", &[&size.to_le_bytes()[..], &one, &other].concat())?;
    let late = builder::kdump(&Kdump { split: Some((2, 8)), max_mapnr: 8, time: 9, ..Kdump::default() }, &small).bytes;
    write("dump_split", "of-two-dumps", &[&size.to_le_bytes()[..], &one, &late].concat())?;

    let segment =
        |physical, size, memory_size| Segment { virtual_address: 0, physical, bytes: vec![7; size], memory_size };
    let segments = [segment(0, 100, 5000), segment(0x3000, 200, 200), segment(0x3050, 90, 90)];
    for (name, wide, little) in
        [("le64", true, true), ("be64", true, false), ("le32", false, true), ("be32", false, false)]
    {
        let order = Order { wide, little };
        let notes = [note(order, "CORE", 1, &[1; 40]), note(order, "VMCOREINFO", 0, b"PAGESIZE=4096\n")].concat();
        for xnum in [false, true] {
            let (bytes, _) = builder::elf(&Elf { order, notes: notes.clone(), xnum, ..Elf::default() }, &segments);
            write("dump_elf", &format!("{name}{}", if xnum { "-xnum" } else { "" }), &bytes)?;
        }
    }
    let (elf, _) = builder::elf(&Elf { notes, ..Elf::default() }, &segments);
    write("dump_flattened", "elf", &builder::flatten(&elf, 200))?;
    let kdump = builder::kdump(&Kdump::default(), &small).bytes;
    write("dump_flattened", "kdump", &builder::flatten(&kdump, 4096))?;
    let ranges = [(0x1000, vec![1; 300]), (0x5000, vec![2; 70_000])];
    write("dump_image", "avml", &builder::avml(&ranges))?;
    write("dump_image", "lime", &builder::lime(&[(0x1000, vec![1; 300]), (0x5000, vec![2; 500])]))?;
    Ok(())
}
