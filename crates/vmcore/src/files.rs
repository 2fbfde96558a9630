//! Which of the files is what: dumps or their parts, and what came with them. Must never open a dump.

use oopscope_dump::{Part, identify};
use oopscope_source::ReadAt;

/// How many bytes of the beginning are looked at.
const HEAD: usize = 64 << 10;

/// Files by what they are.
#[derive(Default)]
pub struct Files {
    /// The dump, or its parts.
    pub dump: Vec<Part>,
    /// Files of symbols, and whatever else is no dump.
    pub symbols: Vec<Part>,
}

/// Sorts files by their first bytes. A file without any known beginning counts as a memory image only where there is no
/// dump beside it.
pub fn sort(parts: Vec<Part>) -> Files {
    let mut files = Files::default();
    let mut unknown = Vec::new();
    for part in parts {
        match kind(&*part.bytes) {
            Kind::Dump => files.dump.push(part),
            Kind::Elf => files.symbols.push(part),
            Kind::Unknown => unknown.push(part),
        }
    }
    if files.dump.is_empty() {
        files.dump = unknown;
    } else {
        files.symbols.append(&mut unknown);
    }
    files
}

enum Kind {
    Dump,
    /// An ELF file that is no core.
    Elf,
    Unknown,
}

fn kind(bytes: &dyn ReadAt) -> Kind {
    let mut head = vec![0; HEAD];
    // What can't be read now can't be read by the dump's reader either, and that one says why.
    let length = bytes.read_at(0, &mut head).unwrap_or(0);
    let head = &head[..length];
    if is_linked_elf(head) {
        Kind::Elf
    } else if identify(head).is_some() {
        Kind::Dump
    } else {
        Kind::Unknown
    }
}

/// An ELF file that is no core: a program, a shared object (a vmlinux of a relocatable kernel is one) or a module.
/// `e_type` is the half word at 16: 1 `ET_REL`, 2 `ET_EXEC`, 3 `ET_DYN` (ELF specification, "ELF header").
fn is_linked_elf(head: &[u8]) -> bool {
    head.starts_with(b"\x7fELF") && matches!(head.get(16..18), Some([1..=3, 0] | [0, 1..=3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, bytes: &[u8]) -> Part {
        Part { name: name.to_owned(), bytes: Box::new(bytes.to_vec()) }
    }

    fn elf(kind: u8) -> Vec<u8> {
        let mut head = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        head.extend([kind, 0, 62, 0]);
        head.resize(64, 0);
        head
    }

    #[test]
    fn a_vmlinux_beside_a_dump_is_told_apart_by_content() {
        let files = sort(vec![
            part("vmlinux", &elf(2)),
            part("notes.txt", b"what I did"),
            part("vmcore", &elf(4)),
            part("old.vmlinux", &elf(3)),
        ]);
        assert_eq!(files.dump.len(), 1);
        assert_eq!(files.dump[0].name, "vmcore");
        let names: Vec<&str> = files.symbols.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["vmlinux", "old.vmlinux", "notes.txt"]);
    }

    #[test]
    fn what_has_no_magic_may_be_an_image_of_memory_where_nothing_else_is_a_dump() {
        let files = sort(vec![part("ram.bin", &[0; 4096]), part("vmlinux", &elf(2))]);
        assert_eq!(files.dump[0].name, "ram.bin");
        assert_eq!(files.symbols.len(), 1);
    }
}
