//! For developers: `types VMLINUX [NAME]` finds the types of a vmlinux's DWARF and says how long that took; and compares
//! every struct and union that its BTF has too, member by member. With a name, it prints that struct.
//!
//! Must never be part of the product.
#![allow(clippy::disallowed_methods, reason = "an example reads files and measures")]

use on_disk::OnDisk;
use oopscope_dwarf::{DebugFile, DwarfTypes, NoStore};
use oopscope_source::ReadAt;
use oopscope_symbols::btf::Btf;
use oopscope_symbols::elf::Outline;
use oopscope_symbols::types::{Kind, Member, Type, TypeId, Types};
use std::error::Error;
use std::rc::Rc;
use std::time::Instant;

#[path = "../../source/examples/on_disk/mod.rs"]
mod on_disk;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let path = words.next().ok_or("which vmlinux?")?;
    let file: Rc<dyn ReadAt> = Rc::new(OnDisk::open(&path)?);
    let outline = Rc::new(Outline::read(&*file)?);
    let start = Instant::now();
    let debug = DebugFile::open(Rc::clone(&file), Rc::clone(&outline))?;
    let types = DwarfTypes::of(&debug, &NoStore, &mut |_, _| true)?;
    println!(
        "index: {:.3} s, {} kB; damaged: {:?}",
        start.elapsed().as_secs_f64(),
        types.memory() / 1024,
        types.damaged()
    );
    if let Some(name) = words.next() {
        print(&types, &name);
        return Ok(());
    }
    let Some(section) = outline.section(".BTF") else { return Ok(()) };
    let mut bytes = vec![0; usize::try_from(section.size)?];
    file.read_at(section.offset, &mut bytes)?;
    let btf = Btf::parse(bytes, outline.layout, None)?;
    let start = Instant::now();
    let (mut compared, mut members, mut differ) = (0, 0, Vec::new());
    for id in 1..btf.end() {
        let Ok(Type::Struct { name, union, .. }) = btf.get(TypeId(id)) else { continue };
        if name.is_empty() {
            continue;
        }
        let kind = if union { Kind::Union } else { Kind::Struct };
        let of_btf = shape(&btf, TypeId(id));
        let all: Vec<_> = types.find_all(kind, name).into_iter().map(|id| shape(&types, id)).collect();
        compared += 1;
        members += of_btf.len();
        if !all.contains(&of_btf) {
            differ.push((name.to_owned(), of_btf, all));
        }
    }
    println!(
        "{compared} structs with {members} lines, {} differ; {:.3} s, {} kB",
        differ.len(),
        start.elapsed().as_secs_f64(),
        types.memory() / 1024
    );
    for (name, of_btf, all) in differ.iter().take(20) {
        println!("{name}:");
        let Some(of_dwarf) = all.first() else {
            println!("    not in DWARF");
            continue;
        };
        for line in of_btf.iter().filter(|line| !of_dwarf.contains(line)) {
            println!("    BTF   {line}");
        }
        for line in of_dwarf.iter().filter(|line| !of_btf.contains(line)) {
            println!("    DWARF {line}");
        }
    }
    let (mut same, mut others) = (0, Vec::new());
    for id in 1..btf.end() {
        for constant in btf.constants(TypeId(id)).unwrap_or_default() {
            match (btf.find_constant(constant.name), types.find_constant(constant.name)) {
                (one, other) if one == other => same += 1,
                (one, other) => others.push((constant.name.to_owned(), one, other)),
            }
        }
    }
    println!(
        "{same} constants are the same, {} differ: {:?}",
        others.len(),
        others.iter().take(12).collect::<Vec<_>>()
    );
    let (mut same, mut others) = (0, Vec::new());
    for name in btf.variables("", usize::MAX) {
        let of_btf = btf.variable(&name).map(|id| spelled(&btf, id));
        let of_dwarf: Vec<_> = types.variables(&name).iter().map(|of| spelled(&types, of.type_id)).collect();
        if of_btf.as_ref().is_some_and(|one| of_dwarf.contains(one)) {
            same += 1;
        } else {
            others.push((name, of_btf, of_dwarf));
        }
    }
    println!(
        "{same} variables have the same type, {} differ: {:?}",
        others.len(),
        others.iter().take(12).collect::<Vec<_>>()
    );
    println!("{} names of variables", types.variable_names("", usize::MAX).len());
    Ok(())
}

/// A type's name; what BTF alone has (tags) and what DWARF alone tells (qualifiers of arrays) left out.
fn spelled(types: &dyn Types, id: TypeId) -> String {
    types.name_of(id).replace("const ", "").replace("volatile ", "").replace("restrict ", "")
}

/// Name, place, bits and size of each member.
fn shape(types: &dyn Types, id: TypeId) -> Vec<String> {
    let member = |member: &Member<'_>| {
        let size = types.size_of(member.type_id);
        format!("{} {}:{:?} {:?}", member.name, member.offset_bits, member.bits, size.ok())
    };
    let mut lines = vec![format!("size {:?}", types.size_of(id).ok())];
    lines.extend(types.members(id).unwrap_or_default().iter().map(member));
    lines
}

fn print(types: &DwarfTypes, name: &str) {
    for kind in [Kind::Struct, Kind::Union, Kind::Typedef] {
        for id in types.find_all(kind, name) {
            println!("{} {:?}", types.name_of(id), types.size_of(id));
            for member in types.members(id).unwrap_or_default() {
                println!(
                    "  {:>6}{} {}",
                    member.offset_bits / 8,
                    member.bits.map_or(String::new(), |bits| format!(":{bits}")),
                    types.declare(member.type_id, member.name)
                );
            }
        }
    }
}
