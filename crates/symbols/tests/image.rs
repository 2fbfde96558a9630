//! Kernels as they are booted: in every wrapping and packed in every way that the kernel's build knows, whole, cut and lying.

mod common;

use common::boot::{self, BANNER, BUILD_ID};
use common::kallsyms::Made;
use common::{LE64, elf as elf_file};
use oopscope_symbols::image::{self, Form, ImageError, KernelImage, Origin};
use oopscope_symbols::kallsyms::Encoding;
use oopscope_symbols::{Memory, Symbol};
use oopscope_unpack::{Codec, Damage, PackedError};
use std::rc::Rc;

const PACKED: [(&str, Codec); 7] = [
    ("gz", Codec::Gzip),
    ("bz2", Codec::Bzip2),
    ("lzma", Codec::Lzma),
    ("xz", Codec::Xz),
    ("lzo", Codec::Lzop),
    ("lz4", Codec::Lz4Legacy),
    ("zst", Codec::Zstd),
];

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/fixtures/kernels/{name}", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "a test's own input")]
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn open(bytes: Vec<u8>) -> Result<KernelImage, ImageError> {
    image::open(Rc::new(bytes), &mut |_, _| true)
}

fn refused(bytes: Vec<u8>) -> ImageError {
    open(bytes).expect_err("it is refused")
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("small")
}

#[track_caller]
fn is_of(kernel: &KernelImage, made: &Made) {
    let found: Vec<_> =
        kernel.symbols.iter().map(|one: Symbol<'_>| (one.address, one.kind, one.name.to_owned())).collect();
    assert!(found == made.symbols, "{} symbols of {}", found.len(), made.symbols.len());
    assert_eq!(kernel.banner.as_deref(), Some(BANNER));
    assert_eq!(kernel.release(), Some("6.12.0-test"));
    assert_eq!(kernel.build_id.as_deref(), Some(&BUILD_ID[..]));
    assert!(kernel.placed);
}

#[test]
fn a_bzimage_is_opened_however_it_is_packed() {
    let made = boot::x86_64();
    let plain = boot::elf(&made);
    for (end, codec) in PACKED {
        // Since 2.08 the header says where the kernel lies; before, it is searched for.
        for protocol in [0x20f, 0x208, 0x207] {
            let kernel = open(boot::bzimage(&fixture(&format!("x86-64.{end}")), length(&plain), protocol));
            let kernel = kernel.unwrap_or_else(|error| panic!("{end} {protocol:x}: {error}"));
            is_of(&kernel, &made);
            assert_eq!((&kernel.forms[..], kernel.codec), (&[Form::BzImage, Form::Elf][..], Some(codec)));
            assert_eq!((kernel.machine, kernel.layout), (62, LE64));
            assert_eq!(kernel.origin, Origin::Kallsyms(Encoding::RelativeButPerCpu));
            let mut there = vec![0; plain.len() - 0x1000];
            kernel.memory.as_ref().expect("segments").read(made.image.base, &mut there).expect("all of it");
            assert!(there == plain[0x1000..] && kernel.bytes.len() == plain.len() as u64, "{end}");
        }
    }
}

#[test]
fn other_wrappings_are_opened() {
    let made = boot::x86_64();
    for (end, codec) in PACKED {
        let packed = fixture(&format!("x86-64.{end}"));
        for (bytes, form) in [
            (boot::zboot(&packed), Form::Zboot),
            (boot::uimage(&packed, 3), Form::UImage),
            (boot::android(&packed), Form::Android),
            (packed.clone(), Form::Packed(codec)),
        ] {
            let kernel = open(bytes).unwrap_or_else(|error| panic!("{end} {form}: {error}"));
            is_of(&kernel, &made);
            assert_eq!((&kernel.forms[..], kernel.codec), (&[form, Form::Elf][..], Some(codec)));
        }
    }
    let nested = boot::android(&boot::uimage(&boot::zboot(&fixture("x86-64.gz")), 3));
    let kernel = open(nested).expect("images in images");
    assert_eq!(kernel.forms, [Form::Android, Form::UImage, Form::Zboot, Form::Elf]);
    let bare = open(boot::elf(&made)).expect("a vmlinux");
    is_of(&bare, &made);
    assert_eq!((&bare.forms[..], bare.codec), (&[Form::Elf][..], None));
    // Images that hold themselves without end.
    let mut deep = boot::elf(&made);
    for _ in 0..9 {
        deep = boot::uimage(&deep, 3);
    }
    assert_eq!(refused(deep), ImageError::NotImage);
}

#[test]
fn an_arm_zimage_is_searched_for_its_kernel() {
    let made = boot::arm();
    for (end, codec) in PACKED {
        let zimage = boot::zimage(&fixture(&format!("arm.{end}")), length(&made.image.bytes));
        for (bytes, forms) in
            [(zimage.clone(), &[Form::ZImage][..]), (boot::uimage(&zimage, 2), &[Form::UImage, Form::ZImage])]
        {
            let kernel = open(bytes).unwrap_or_else(|error| panic!("{end}: {error}"));
            is_of(&kernel, &made);
            assert_eq!((&kernel.forms[..], kernel.codec), (forms, Some(codec)));
            assert_eq!((kernel.machine, kernel.layout), (40, common::LE32));
            // Nothing in it says at which address it begins.
            assert!(kernel.memory.is_none());
        }
    }
    // A raw kernel in U-Boot's wrapping is known by that alone.
    let kernel = open(boot::uimage(&fixture("arm.gz"), 2)).expect("a kernel");
    is_of(&kernel, &made);
    assert_eq!(refused(fixture("arm.gz")), ImageError::NotImage);
}

/// An arm64 Image whose pointers are 0 until it is relocated, with its relocations at its end.
fn arm64(linked: u64, text_offset: u64) -> (Vec<u8>, Made) {
    use common::kallsyms::{Form, Order};
    use oopscope_symbols::kallsyms::Lengths;
    let mut made = boot::kernel(&Form {
        layout: LE64,
        order: Order::Last,
        encoding: Encoding::Relative,
        lengths: Lengths::OneOrTwoBytes,
    });
    let base = usize::try_from(made.places.relative_base.expect("relative") - made.image.base).expect("small");
    made.image.bytes[base..base + 8].fill(0);
    let mut bytes = made.image.bytes.clone();
    bytes[8..16].copy_from_slice(&text_offset.to_le_bytes());
    bytes[24..32].fill(0);
    bytes[56..60].copy_from_slice(b"ARM\x64");
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    for item in 0..200_u64 {
        for number in [linked + 0x20_0000 + item * 8, 0x403, linked + text_offset + item * 0x30] {
            bytes.extend(number.to_le_bytes());
        }
    }
    let text = made.symbols[0].0;
    for symbol in &mut made.symbols {
        symbol.0 = symbol.0 - text + linked + text_offset;
    }
    (bytes, made)
}

#[test]
fn an_arm64_image_that_can_be_moved_is_placed_by_its_relocations() {
    for (linked, text_offset) in [(0xffff_8000_8000_0000, 0), (0xffff_8000_1000_0000, 0x8_0000)] {
        let (bytes, made) = arm64(linked, text_offset);
        let kernel = open(bytes.clone()).expect("an Image");
        is_of(&kernel, &made);
        assert_eq!((&kernel.forms[..], kernel.machine), (&[Form::Arm64][..], 183));
        let mut there = [0; 4];
        kernel.memory.expect("placed").read(linked + text_offset + 56, &mut there).expect("the magic number");
        assert_eq!(there, *b"ARM\x64");
        // Without relocations its symbols count from its beginning, and that is said.
        let kernel = open(bytes[..bytes.len() - 200 * 24].to_vec()).expect("an Image");
        assert_eq!((kernel.placed, kernel.symbols.iter().next().map(|one| one.address)), (false, Some(0)));
    }
}

#[test]
fn a_kernel_with_a_symbol_table_keeps_it() {
    let mut elf = elf_file::vmlinux(LE64);
    let text = elf.sections.iter_mut().find(|section| section.name == ".rodata").expect("a section");
    text.bytes = BANNER.bytes().chain(*b"\n\0").collect();
    let kernel = open(elf.made().bytes).expect("a vmlinux");
    assert_eq!(kernel.origin, Origin::Table);
    assert_eq!(kernel.symbols.by_name("second").next().map(|one| one.size), Some(Some(0x20)));
    assert_eq!((kernel.banner.as_deref(), kernel.build_id.as_deref()), (Some(BANNER), Some(&[0xab; 20][..])));
    let module = elf_file::module(LE64).made().bytes;
    assert_eq!(refused(module).to_string(), "the kernel in it: it is a module or an object file, not a kernel");
}

#[test]
fn a_kernel_without_symbols_still_has_its_release() {
    let mut made = boot::x86_64();
    made.image.bytes[..0x2000].fill(0);
    let kernel = open(boot::elf(&made)).expect("a kernel");
    assert!(matches!(kernel.origin, Origin::None(_)) && kernel.symbols.is_empty());
    assert_eq!((kernel.release(), kernel.build_id.as_deref()), (Some("6.12.0-test"), Some(&BUILD_ID[..])));
}

#[test]
fn what_is_cut_off_is_told() {
    let made = boot::x86_64();
    let size = length(&boot::elf(&made));
    for (end, codec) in PACKED {
        let packed = fixture(&format!("x86-64.{end}"));
        let whole = boot::bzimage(&packed, size, 0x20f);
        let payload = 3 * 512 + 0x123;
        for cut in [payload - 1, payload, payload + 20, payload + packed.len() / 2, payload + packed.len() - 1] {
            let error = refused(whole[..cut].to_vec());
            assert!(matches!(error, ImageError::Outside { what: "the compressed kernel", .. }), "{end} {cut}: {error}");
        }
        // The header's length is the file's, and the stream ends before its end.
        let error = refused(boot::bzimage(&packed[..packed.len() / 2], size, 0x20f));
        let ImageError::Packed { form: Form::BzImage, error: PackedError::Damaged { codec: found, damage, .. } } =
            error
        else {
            panic!("{end}: {error}");
        };
        assert!(found == codec && matches!(damage, Damage::Truncated | Damage::Corrupt), "{end}: {damage}");
        for cut in 0..0x260 {
            let _ = open(whole[..cut].to_vec());
        }
    }
}

#[test]
fn what_lies_costs_no_more_than_a_sentence() {
    let made = boot::x86_64();
    let mut whole = boot::bzimage(&fixture("x86-64.gz"), length(&boot::elf(&made)), 0x20f);
    whole[0x248..0x24c].fill(0xff);
    assert!(matches!(refused(whole.clone()), ImageError::Outside { .. }));
    // It leads to something else: the kernel is searched for.
    whole[0x248..0x24c].copy_from_slice(&0x10_u32.to_le_bytes());
    is_of(&open(whole).expect("found anyway"), &made);
    assert_eq!(refused(vec![0; 4096]), ImageError::NotImage);
    assert_eq!(refused(Vec::new()), ImageError::NotImage);
    assert_eq!(refused(b"\xd0\x0d\xfe\xed rest".to_vec()), ImageError::Fit);
    assert!(ImageError::Fit.to_string().contains("dumpimage"));
    let empty = boot::zimage(&[], 0);
    assert_eq!(refused(empty), ImageError::NoKernel { form: Form::ZImage });
    let cancelled = image::open(Rc::new(fixture("x86-64.xz")), &mut |_, _| false);
    assert!(matches!(cancelled, Err(ImageError::Packed { error: PackedError::Cancelled, .. })));
}
