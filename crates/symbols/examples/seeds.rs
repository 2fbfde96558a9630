//! Writes the seeds of the fuzz targets: `cargo run -p oopscope-symbols --example seeds -- tests/fuzz/corpus`.
//!
//! Small tables of each form, by the builders that the tests use. Must be run again when those change what they write.
#![allow(clippy::disallowed_methods, reason = "an example writes files")]

#[path = "../tests/common/mod.rs"]
mod common;

use common::kallsyms::{Form, Order};
use common::{BE32, BE64, LAYOUTS, LE32, LE64, boot, btf, elf, kallsyms, orc};
use oopscope_symbols::Layout;
use oopscope_symbols::kallsyms::{Encoding, Lengths};
use oopscope_symbols::orc::Version;
use std::path::Path;

const MAP: &str = "0000000000000000 A fixed_percpu_data\nffffffff81000000 T _stext\nffffffff81000040 t local\n\
                   ffffffff82000000 D jiffies\n                 U printk\n0000000000000010 0000000000000020 t sized\n\
                   ffffffffc0a10000 t init_once\t[nf_conntrack]\r\nffffffffc0a00000 t nvme_irq\t[nvme]\n";
const MODULES: &str = "nvme 45056 2 - Live 0xffffffffc0a10000\nnvme-core 110592 3 nvme, Live 0xffffffffc0a40000 (OE)\n";
const SECTIONS: &str = "/sys/module/nvme/sections/.text:0xffffffffc0a10000\n==> /sys/module/a-b/sections/.init.text <==\n\
                        0xffffffffc0a20000\n";

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "tests/fuzz/corpus".to_owned());
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = Path::new(&folder).join(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(name), bytes)
    };
    let (one, two) = (Lengths::OneByte, Lengths::OneOrTwoBytes);
    for (name, layout, order, encoding, lengths) in [
        ("whole", LE64, Order::First, Encoding::Absolute, one),
        ("per-cpu", LE64, Order::FirstWithSequence, Encoding::RelativeButPerCpu, two),
        ("relative", LE64, Order::Last, Encoding::Relative, two),
        ("own-place", LE64, Order::Last, Encoding::OwnPlace, two),
        ("big-endian", BE64, Order::Last, Encoding::Relative, two),
        ("short", LE32, Order::First, Encoding::Relative, one),
        ("short-whole", BE32, Order::Last, Encoding::Absolute32, two),
    ] {
        write("kallsyms", name, &kallsyms_seed(&Form { layout, order, encoding, lengths }))?;
    }

    for layout in LAYOUTS {
        let choice = choice(layout);
        let mut kernel = btf::Writer::new(layout);
        let outer = btf::everything(&mut kernel);
        let whole = kernel.bytes();
        let front = |split: usize| [&[choice][..], &u32::try_from(split).expect("short").to_le_bytes()].concat();
        write("btf", &format!("whole-{choice}"), &[front(whole.len()), whole.clone()].concat())?;
        let mut module = btf::Writer::after(&kernel);
        module.structure("own", 4, 8, &[("kernel", outer, 0, 0), ("", outer, 4096, 0)]);
        write("btf", &format!("split-{choice}"), &[front(whole.len()), whole, module.bytes()].concat())?;

        write("elf", &format!("vmlinux-{choice}"), &elf::vmlinux(layout).made().bytes)?;
        let module = elf::Elf { extended: true, ..elf::module(layout) };
        write("elf", &format!("module-{choice}"), &module.made().bytes)?;
        write("functions", &format!("vmlinux-{choice}"), &elf::vmlinux(layout).made().bytes)?;
        write("functions", &format!("module-{choice}"), &module.made().bytes)?;
    }

    write("system_map", "map", MAP.as_bytes())?;
    write("system_map", "modules", MODULES.as_bytes())?;
    write("system_map", "sections", SECTIONS.as_bytes())?;
    let (x86, arm) = (boot::elf(&boot::x86_64()), boot::arm().image.bytes);
    write("kernel_image", "vmlinux", &x86)?;
    write("kernel_image", "uimage", &boot::uimage(&arm, 2))?;
    for end in ["gz", "bz2", "lzma", "xz", "lzo", "lz4", "zst"] {
        let fixture = |name: &str| {
            std::fs::read(format!("{}/../../tests/fixtures/kernels/{name}.{end}", env!("CARGO_MANIFEST_DIR")))
        };
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).expect("small");
        write("kernel_image", &format!("bzimage-{end}"), &boot::bzimage(&fixture("x86-64")?, size(&x86), 0x20f))?;
        write("kernel_image", &format!("zimage-{end}"), &boot::zimage(&fixture("arm")?, size(&arm)))?;
    }
    write("kernel_image", "nested", &boot::android(&boot::uimage(&boot::zboot(&x86), 3)))?;

    for (number, version) in Version::ALL.into_iter().enumerate() {
        let (image, tables) = orc::make(version, 150);
        let place = |address: u64| u16::try_from(address - image.base).expect("small").to_le_bytes();
        let count = u16::try_from(tables.count).expect("small").to_le_bytes();
        let choice = u8::try_from(number).expect("few");
        let front = [&[choice][..], &count, &place(tables.ip), &place(tables.entries)].concat();
        write("orc", &format!("{version:?}").to_lowercase(), &[front, image.bytes].concat())?;
    }
    Ok(())
}

/// How the targets are told a layout: bit 0 big-endian, bit 1 four bytes.
fn choice(layout: Layout) -> u8 {
    u8::from(!layout.little_endian) | u8::from(layout.pointer == 4) << 1
}

/// A byte for the layout and for what is known, eight places of 32 bits from the beginning of the memory (the last one
/// is a page that can't be read), the memory.
fn kallsyms_seed(form: &Form) -> Vec<u8> {
    let made = kallsyms::make_with(form, 300, 0x100);
    let places = made.places;
    let optional = [places.offsets, places.addresses, places.relative_base];
    let mut flags = choice(form.layout);
    for (bit, place) in optional.iter().enumerate() {
        flags |= u8::from(place.is_some()) << (bit + 2);
    }
    let mut bytes = vec![flags];
    let all = [places.num_syms, places.names, places.token_table, places.token_index];
    for place in all.into_iter().map(Some).chain(optional).chain([Some(made.image.end() + (1 << 20))]) {
        let place = place.map_or(0, |place| place - made.image.base);
        bytes.extend(u32::try_from(place).expect("small").to_le_bytes());
    }
    bytes.extend(made.image.bytes);
    bytes
}
