//! Writes BTF. Must never use the reader's own code.

use oopscope_symbols::Layout;

/// Writes BTF.
pub(crate) struct Writer {
    pub(crate) layout: Layout,
    pub(crate) types: Vec<u8>,
    pub(crate) names: Vec<u8>,
    pub(crate) first_name: u32,
    pub(crate) next: u32,
}

impl Writer {
    pub(crate) fn new(layout: Layout) -> Self {
        Self { layout, types: Vec::new(), names: vec![0], first_name: 0, next: 1 }
    }

    /// What goes on where another ends.
    pub(crate) fn after(other: &Self) -> Self {
        let names = u32::try_from(other.names.len()).expect("short");
        Self { layout: other.layout, types: Vec::new(), names: Vec::new(), first_name: names, next: other.next }
    }

    pub(crate) fn number(&mut self, value: u32) {
        let bytes = if self.layout.little_endian { value.to_le_bytes() } else { value.to_be_bytes() };
        self.types.extend(bytes);
    }

    pub(crate) fn name(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return 0;
        }
        let at = self.first_name + u32::try_from(self.names.len()).expect("short");
        self.names.extend(name.bytes());
        self.names.push(0);
        at
    }

    /// A record, and its number.
    pub(crate) fn record(&mut self, name: &str, kind: u32, flag: bool, count: u32, value: u32, rest: &[u32]) -> u32 {
        let name = self.name(name);
        self.number(name);
        self.number(u32::from(flag) << 31 | kind << 24 | count);
        self.number(value);
        for &number in rest {
            self.number(number);
        }
        self.next += 1;
        self.next - 1
    }

    /// A struct or union; members with name, type, offset in bits, bits.
    pub(crate) fn structure(&mut self, name: &str, kind: u32, size: u32, members: &[(&str, u32, u32, u32)]) -> u32 {
        let mut rest = Vec::new();
        for &(name, type_id, offset, bits) in members {
            rest.extend([self.name(name), type_id, offset | bits << 24]);
        }
        self.record(name, kind, true, u32::try_from(members.len()).expect("few"), size, &rest)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = Self { types: Vec::new(), names: Vec::new(), first_name: 0, next: 0, layout: self.layout };
        let magic = if self.layout.little_endian { [0x9f, 0xeb] } else { [0xeb, 0x9f] };
        out.types.extend(magic);
        out.types.extend([1, 0]);
        let types = u32::try_from(self.types.len()).expect("short");
        for number in [24, 0, types, types, u32::try_from(self.names.len()).expect("short")] {
            out.number(number);
        }
        out.types.extend(&self.types);
        out.types.extend(&self.names);
        out.types
    }
}

/// A little of everything; returns the number of `struct outer`.
pub(crate) fn everything(writer: &mut Writer) -> u32 {
    let int = writer.record("int", 1, false, 0, 4, &[1 << 24 | 32]);
    let long = writer.record("long unsigned int", 1, false, 0, 8, &[64]);
    let byte = writer.record("char", 1, false, 0, 1, &[8]);
    let truth = writer.record("_Bool", 1, false, 0, 1, &[4 << 24 | 8]);
    writer.record("double", 16, false, 0, 8, &[]);
    let node = writer.next;
    let pointer = writer.record("", 2, false, 0, node + 1, &[]);
    writer.structure("list_head", 4, 16, &[("next", pointer, 0, 0), ("prev", pointer, 64, 0)]);
    let list = node + 1;
    let array = writer.record("", 3, false, 0, 0, &[pointer, int, 4]);
    let matrix = writer.record("", 3, false, 0, 0, &[array, int, 3]);
    let work = writer.record("work_struct", 7, false, 0, 0, &[]);
    let to_work = writer.record("", 2, false, 0, work, &[]);
    let prototype = writer.record("", 13, false, 1, 0, &[0, to_work]);
    let function = writer.record("", 2, false, 0, prototype, &[]);
    let name = writer.name("fmt");
    let constant = writer.record("", 10, false, 0, byte, &[]);
    let text = writer.record("", 2, false, 0, constant, &[]);
    let printf = writer.record("", 13, false, 2, int, &[name, text, 0, 0]);
    let names = [writer.name("FIRST"), writer.name("SECOND"), writer.name("HUGE")];
    writer.record("small", 6, false, 2, 4, &[names[0], 0, names[1], 0xffff_ffff]);
    let big = writer.record("big", 19, false, 1, 8, &[names[2], 0xffff_fff0, 0xffff_ffff]);
    let alias = writer.record("work_func_t", 8, false, 0, function, &[]);
    let volatile = writer.record("", 9, false, 0, long, &[]);
    let to_volatile = writer.record("", 2, false, 0, volatile, &[]);
    let inner = writer.structure("", 5, 8, &[("whole", long, 0, 0), ("low", int, 0, 0)]);
    let tag = writer.record("rcu", 18, false, 0, list, &[]);
    let tagged = writer.record("", 2, false, 0, tag, &[]);
    let to_const = writer.record("", 10, false, 0, text, &[]);
    let to_array = writer.record("", 2, false, 0, array, &[]);
    let outer = writer.structure(
        "outer",
        4,
        512,
        &[
            ("list", list, 0, 0),
            ("", inner, 128, 0),
            ("flags", int, 192, 3),
            ("more", int, 195, 5),
            ("table", matrix, 256, 0),
            ("func", alias, 1024, 0),
            ("counter", to_volatile, 1088, 0),
            ("tagged", tagged, 1152, 0),
            ("text", to_const, 1216, 0),
            ("slots", to_array, 1280, 0),
            ("truth", truth, 1344, 0),
            ("raw", function, 1408, 0),
            ("state", big, 1472, 0),
        ],
    );
    writer.record("do_print", 12, false, 1, printf, &[]);
    let variable = writer.record("per_cpu_thing", 14, false, 0, outer, &[1]);
    writer.record(".data..percpu", 15, false, 1, 512, &[variable, 0, 512]);
    writer.record("a tag", 17, false, 0, outer, &[u32::MAX]);
    outer
}
