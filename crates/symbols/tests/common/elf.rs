//! ELF files, as linkers and the kernel's build make them. Must never use the reader's own code.

use oopscope_symbols::Layout;

/// `sh_flags`.
pub(crate) const WRITE: u64 = 1;
pub(crate) const ALLOC: u64 = 2;
pub(crate) const EXEC: u64 = 4;
pub(crate) const COMPRESSED: u64 = 0x800;
/// `sh_type`.
pub(crate) const PROGBITS: u32 = 1;
pub(crate) const SYMTAB: u32 = 2;
pub(crate) const STRTAB: u32 = 3;
pub(crate) const NOTE: u32 = 7;
pub(crate) const NOBITS: u32 = 8;

/// A section with its bytes; zeroed data has a size alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) kind: u32,
    pub(crate) flags: u64,
    pub(crate) address: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) size: Option<u64>,
    pub(crate) link: u32,
}

/// A symbol: name, binding << 4 | type, section, value, size.
pub(crate) type Symbol = (&'static str, u8, u16, u64, u64);

/// A file to be.
#[derive(Clone, Debug)]
pub(crate) struct Elf {
    pub(crate) layout: Layout,
    /// `e_type`.
    pub(crate) form: u64,
    /// Whether sections are counted in the first of them, as where there are more than 65,279.
    pub(crate) extended: bool,
    pub(crate) sections: Vec<Section>,
}

/// A file, and where its parts begin and end.
pub(crate) struct Made {
    pub(crate) bytes: Vec<u8>,
    pub(crate) boundaries: Vec<usize>,
    /// Where the section headers lie.
    pub(crate) headers: usize,
}

fn put(out: &mut Vec<u8>, layout: Layout, value: u64, width: usize) {
    if layout.little_endian {
        out.extend_from_slice(&value.to_le_bytes()[..width]);
    } else {
        out.extend_from_slice(&value.to_be_bytes()[8 - width..]);
    }
}

/// A note of notes' layout.
pub(crate) fn note(layout: Layout, name: &[u8], kind: u64, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for number in [name.len() as u64, value.len() as u64, kind] {
        put(&mut out, layout, number, 4);
    }
    for bytes in [name, value] {
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    out
}

impl Elf {
    pub(crate) fn new(layout: Layout, form: u64) -> Self {
        Self { layout, form, extended: false, sections: vec![Section::default()] }
    }

    pub(crate) fn section(&mut self, section: Section) -> u16 {
        self.sections.push(section);
        u16::try_from(self.sections.len() - 1).expect("few")
    }

    /// The symbol table and its names.
    pub(crate) fn symbols(&mut self, symbols: &[Symbol]) {
        let (mut table, mut names) = (Vec::new(), vec![0]);
        let layout = self.layout;
        for &(name, info, section, value, size) in symbols {
            put(&mut table, layout, names.len() as u64, 4);
            let tail = [(u64::from(info), 1), (0, 1), (u64::from(section), 2)];
            let body = [(value, usize::from(layout.pointer)), (size, usize::from(layout.pointer))];
            let fields = if layout.pointer == 4 { [&body[..], &tail].concat() } else { [&tail[..], &body].concat() };
            for (value, width) in fields {
                put(&mut table, layout, value, width);
            }
            names.extend_from_slice(name.as_bytes());
            names.push(0);
        }
        let link = u32::try_from(self.sections.len() + 1).expect("few");
        self.section(Section { name: ".symtab", kind: SYMTAB, bytes: table, link, ..Section::default() });
        self.section(Section { name: ".strtab", kind: STRTAB, bytes: names, ..Section::default() });
    }

    /// The file.
    pub(crate) fn made(&self) -> Made {
        let layout = self.layout;
        let long = usize::from(layout.pointer);
        let mut sections = self.sections.clone();
        sections.push(Section { name: ".shstrtab", kind: STRTAB, ..Section::default() });
        let mut names = Vec::new();
        let mut starts = Vec::new();
        for section in &sections {
            starts.push(names.len() as u64);
            names.extend_from_slice(section.name.as_bytes());
            names.push(0);
        }
        let last = sections.len() - 1;
        sections[last].bytes = names;
        let mut body = vec![0; if long == 4 { 52 } else { 64 }];
        let mut boundaries = vec![4, 6, 16, 24, body.len()];
        let mut table = Vec::new();
        for (item, section) in sections.iter().enumerate() {
            body.resize(body.len().next_multiple_of(8), 0);
            boundaries.push(body.len());
            let offset = body.len() as u64;
            body.extend_from_slice(&section.bytes);
            boundaries.push(body.len());
            let (mut size, mut link) = (section.size.unwrap_or(section.bytes.len() as u64), section.link);
            if item == 0 && self.extended {
                (size, link) = (sections.len() as u64, u32::try_from(last).expect("few"));
            }
            let offset = if item == 0 { 0 } else { offset };
            put(&mut table, layout, starts[item], 4);
            put(&mut table, layout, u64::from(section.kind), 4);
            for value in [section.flags, section.address, offset, size] {
                put(&mut table, layout, value, long);
            }
            put(&mut table, layout, u64::from(link), 4);
            put(&mut table, layout, 0, 4);
            put(&mut table, layout, 8, long);
            put(&mut table, layout, if section.kind == SYMTAB { if long == 4 { 16 } else { 24 } } else { 0 }, long);
        }
        body.resize(body.len().next_multiple_of(8), 0);
        let headers = body.len();
        let size = if long == 4 { 40 } else { 64 };
        boundaries.extend((0..sections.len()).map(|item| headers + item * size));
        body.extend_from_slice(&table);
        let mut head = b"\x7fELF".to_vec();
        head.extend([if long == 4 { 1 } else { 2 }, if layout.little_endian { 1 } else { 2 }, 1]);
        head.resize(16, 0);
        let (count, names) = if self.extended { (0, 0xffff) } else { (sections.len() as u64, last as u64) };
        for (value, width) in [(self.form, 2), (62, 2), (1, 4), (0, long), (0, long), (headers as u64, long), (0, 4)] {
            put(&mut head, layout, value, width);
        }
        let own = if long == 4 { 52 } else { 64 };
        for value in [own, 0, 0, size as u64, count, names] {
            put(&mut head, layout, value, 2);
        }
        body[..head.len()].copy_from_slice(&head);
        boundaries.push(body.len());
        Made { bytes: body, boundaries, headers }
    }
}

/// A vmlinux: code, data of each sort, a build-id, symbols of each sort.
pub(crate) fn vmlinux(layout: Layout) -> Elf {
    let mut elf = Elf::new(layout, 2);
    parts(&mut elf, 0x8100_0000);
    elf
}

/// A module's file: its sections lie nowhere yet.
pub(crate) fn module(layout: Layout) -> Elf {
    let mut elf = Elf::new(layout, 1);
    parts(&mut elf, 0);
    elf
}

fn parts(elf: &mut Elf, base: u64) {
    let at = |number: u64| if base == 0 { 0 } else { base + number * 0x1000 };
    let section = |name, kind, flags, number, bytes: &[u8], size| Section {
        name,
        kind,
        flags,
        address: at(number),
        bytes: bytes.to_vec(),
        size,
        link: 0,
    };
    let text = elf.section(section(".text", PROGBITS, ALLOC | EXEC, 0, &[0x90; 64], None));
    let rodata = elf.section(section(".rodata", PROGBITS, ALLOC, 1, &[1; 32], None));
    let data = elf.section(section(".data", PROGBITS, ALLOC | WRITE, 2, &[2; 32], None));
    let bss = elf.section(section(".bss", NOBITS, ALLOC | WRITE, 3, &[], Some(0x1000)));
    let notes = [note(elf.layout, b"Linux\0", 0x101, &[0; 5]), note(elf.layout, b"GNU\0", 3, &[0xab; 20])].concat();
    elf.section(section(".notes", NOTE, ALLOC, 4, &notes, None));
    elf.symbols(&[
        ("", 0, 0, 0, 0),
        ("main.c", 4, 0xfff1, 0, 0),
        ("", 3, text, at(0), 0),
        ("undefined", 0x10, 0, 0, 0),
        ("_stext", 0x10, text, at(0), 0),
        ("first", 0x12, text, at(0), 0x10),
        ("__first", 0x12, text, at(0), 0x10),
        ("second", 0x02, text, at(0) + 0x10, 0x20),
        ("weak", 0x22, text, at(0) + 0x30, 0x10),
        (".L12", 0, text, at(0) + 0x31, 0),
        ("$x", 0, text, at(0) + 0x31, 0),
        ("constant", 0x11, rodata, at(1), 8),
        ("variable", 0x11, data, at(2), 16),
        ("static_variable", 0x01, data, at(2) + 16, 16),
        ("weak_variable", 0x21, data, at(2) + 0x20, 0),
        ("zeroed", 0x01, bss, at(3), 0x800),
        ("absolute", 0x10, 0xfff1, 0x1234, 0),
        ("of_a_thread", 0x16, data, 8, 8),
        ("of_no_section", 0x12, 0x7fff, at(0), 8),
    ]);
}
