//! BTF of every kind of record, whole and split, in both byte orders, and damaged.

mod common;

use common::btf::{Writer, everything};
use common::{BE64, LE32, LE64};
use oopscope_symbols::Layout;
use oopscope_symbols::btf::{Btf, BtfError};
use oopscope_symbols::types::{Kind, PathError, Type, TypeError, TypeId, Types, member};
use proptest::prelude::*;
use std::rc::Rc;

fn made(layout: Layout) -> (Btf, TypeId) {
    let mut writer = Writer::new(layout);
    let outer = everything(&mut writer);
    (Btf::parse(writer.bytes(), layout, None).expect("BTF"), TypeId(outer))
}

#[test]
fn types_are_spelled_as_c_does() {
    for layout in [LE64, BE64, LE32] {
        let (btf, outer) = made(layout);
        assert_eq!((btf.cut(), btf.find(Kind::Struct, "outer")), (None, Some(outer)));
        let members = btf.members(outer).expect("members");
        let spelled: Vec<String> = members.iter().map(|member| btf.declare(member.type_id, member.name)).collect();
        let expected = [
            "struct list_head list",
            "union <anonymous>",
            "int flags",
            "int more",
            "struct list_head *table[3][4]",
            "work_func_t func",
            "volatile unsigned long *counter",
            "struct list_head *tagged",
            "const char * const text",
            "struct list_head *(*slots)[4]",
            "_Bool truth",
            "void (*raw)(struct work_struct *)",
            "enum big state",
        ];
        assert_eq!(spelled, expected);
        let raw = member(&btf, outer, "raw").expect("a member");
        assert_eq!(btf.name_of(raw.type_id), "void (*)(struct work_struct *)");
        let table = member(&btf, outer, "table[2]").expect("an element");
        assert_eq!(
            (btf.name_of(table.type_id).as_str(), table.offset()),
            ("struct list_head *[4]", 32 + 64 * u64::from(layout.pointer) / 8)
        );
        // Functions lead to their prototypes, variables to their types.
        let function = (1..btf.end()).map(TypeId).find(|&id| btf.name_of(id).contains("...")).expect("a function");
        assert_eq!(btf.name_of(function), "int (const char *, ...)");
        assert_eq!(btf.variable("per_cpu_thing"), Some(outer));
        assert_eq!(btf.variables("per", 9), ["per_cpu_thing"]);
    }
}

#[test]
fn members_are_found_through_what_has_no_name() {
    let (btf, outer) = made(LE64);
    let place = |path: &str| member(&btf, outer, path).map(|place| (place.offset_bits, place.bits));
    assert_eq!(place("list.prev"), Ok((64, None)));
    assert_eq!(place("low"), Ok((128, None)));
    assert_eq!(place("more"), Ok((195, Some(5))));
    assert_eq!(place("table[1][2]"), Ok((256 + 6 * 64, None)));
    assert_eq!(place("list.nothing"), Err(PathError::NoMember { part: 1 }));
    assert_eq!(place("table[3]"), Err(PathError::NoElement { part: 0 }));
    assert_eq!(place("list[0]"), Err(PathError::NoElement { part: 0 }));
    assert_eq!(place(""), Err(PathError::NoMember { part: 0 }));
    // Not through pointers.
    assert_eq!(place("tagged.next"), Err(PathError::NoMember { part: 1 }));
    assert_eq!(btf.size_of(outer), Ok(512));
    assert_eq!(btf.size_of(member(&btf, outer, "table").expect("a member").type_id), Ok(96));
}

#[test]
fn constants_have_their_signs() {
    let (btf, _) = made(LE64);
    // There is an ENUM64, so whoever wrote this says of enumerations that they are signed, where they are.
    assert_eq!(btf.find_constant("SECOND"), Some(0xffff_ffff));
    assert_eq!(btf.find_constant("HUGE"), Some(0xffff_ffff_ffff_fff0));
    assert_eq!(btf.find_constant("NONE"), None);
    let mut old = Writer::new(LE64);
    let name = old.name("MINUS");
    old.record("e", 6, false, 1, 4, &[name, 0xffff_ffff]);
    let old = Btf::parse(old.bytes(), LE64, None).expect("BTF");
    assert_eq!(old.find_constant("MINUS"), Some(-1));
}

#[test]
fn integers_are_found_as_people_write_them() {
    let (btf, _) = made(LE64);
    let long = btf.find(Kind::Base, "unsigned long");
    assert!(long.is_some());
    assert_eq!((btf.find(Kind::Base, "long unsigned int"), btf.find(Kind::Base, "unsigned long int")), (long, long));
    assert_eq!(btf.prefix(Kind::Struct, "", 9), ["list_head", "outer"]);
    assert_eq!(btf.find(Kind::Union, "outer"), None);
}

#[test]
fn a_modules_types_go_on_where_the_kernels_end() {
    let mut writer = Writer::new(LE64);
    let outer = everything(&mut writer);
    let mut split = Writer::after(&writer);
    let own = split.structure("own", 4, 8, &[("kernel", outer, 0, 0), ("", outer, 4096, 0)]);
    let kernel = Rc::new(Btf::parse(writer.bytes(), LE64, None).expect("BTF"));
    let module = Btf::parse(split.bytes(), LE64, Some(Rc::clone(&kernel))).expect("BTF");
    assert_eq!(module.find(Kind::Struct, "own"), Some(TypeId(own)));
    assert_eq!(module.find(Kind::Struct, "outer"), Some(TypeId(outer)));
    assert_eq!(member(&module, TypeId(own), "kernel.list.prev").map(|place| place.offset_bits), Ok(64));
    assert_eq!(member(&module, TypeId(own), "more").map(|place| place.offset_bits), Ok(4096 + 195));
    assert_eq!(module.name_of(TypeId(outer)), "struct outer");
    assert_eq!(module.find_constant("FIRST"), Some(0));
    assert_eq!(kernel.find(Kind::Struct, "own"), None);
    assert_eq!(kernel.get(TypeId(own)), Err(TypeError::Missing(own)));
    assert_eq!(module.prefix(Kind::Struct, "o", 9), ["outer", "own"]);
}

#[test]
fn bit_fields_of_old_btf_are_told_by_their_integers() {
    let mut writer = Writer::new(LE64);
    // 3 bits, from bit 2 of what holds them.
    let three = writer.record("unsigned int", 1, false, 0, 4, &[2 << 16 | 3]);
    let name = writer.name("bits");
    let id = writer.record("s", 4, false, 1, 4, &[name, three, 8]);
    let btf = Btf::parse(writer.bytes(), LE64, None).expect("BTF");
    let members = btf.members(TypeId(id)).expect("members");
    assert_eq!((members[0].offset_bits, members[0].bits), (10, Some(3)));
}

#[test]
fn circles_end() {
    let mut writer = Writer::new(LE64);
    let first = writer.record("a", 8, false, 0, 2, &[]);
    let second = writer.record("b", 10, false, 0, 1, &[]);
    let holds_itself = writer.next;
    writer.structure("s", 4, 8, &[("", holds_itself, 0, 0), ("", holds_itself, 0, 0)]);
    let array = writer.next;
    writer.record("", 3, false, 0, 0, &[array, 1, u32::MAX]);
    let prototype = writer.next;
    writer.record("", 13, false, 3, prototype, &[0, prototype, 0, prototype, 0, prototype]);
    let btf = Btf::parse(writer.bytes(), LE64, None).expect("BTF");
    assert_eq!(btf.size_of(TypeId(first)), Err(TypeError::Circle(first)));
    assert_eq!(btf.plain(TypeId(second)), Err(TypeError::Circle(second)));
    assert!(member(&btf, TypeId(holds_itself), "x").is_err());
    assert!(btf.size_of(TypeId(array)).is_err());
    for id in 1..btf.end() {
        assert!(btf.name_of(TypeId(id)).len() < 1 << 20);
    }
}

#[test]
fn records_of_unknown_kinds_are_passed_over_where_the_header_has_their_lengths() {
    let mut writer = Writer::new(LE64);
    writer.record("first", 4, true, 0, 8, &[]);
    writer.record("strange", 25, false, 2, 0, &[1, 2, 3]);
    let last = writer.record("last", 4, true, 0, 8, &[]);
    let short = Btf::parse(writer.bytes(), LE64, None).expect("BTF");
    assert_eq!((short.len(), short.cut(), short.find(Kind::Struct, "last")), (1, Some(2), None));
    // A header of 32 bytes, with a table of kinds behind the names: kind 25 has four bytes, and four for each element.
    let bytes = writer.bytes();
    let sections = bytes.len() - 24;
    let mut long = bytes[..24].to_vec();
    long[4] = 32;
    long.extend(u32::try_from(sections).expect("short").to_le_bytes());
    long.extend((26 * 4_u32).to_le_bytes());
    long.extend(&bytes[24..]);
    for kind in 0..26 {
        long.extend(if kind == 25 { [4, 4, 0, 0] } else { [0; 4] });
    }
    let whole = Btf::parse(long, LE64, None).expect("BTF");
    assert_eq!((whole.len(), whole.cut(), whole.find(Kind::Struct, "last")), (3, None, Some(TypeId(last))));
    assert_eq!(whole.get(TypeId(2)), Err(TypeError::NoType(2)));
}

#[test]
fn structs_may_have_more_than_65535_members() {
    let mut writer = Writer::new(LE64);
    let int = writer.record("int", 1, false, 0, 4, &[32]);
    let members: Vec<_> = (0..70_000_u32).map(|_| ("m", int, 0, 0)).collect();
    let id = writer.structure("wide", 5, 4, &members);
    let btf = Btf::parse(writer.bytes(), LE64, None).expect("BTF");
    assert_eq!(btf.members(TypeId(id)).map(|members| members.len()), Ok(70_000));
}

#[test]
fn damage_is_named() {
    let (layout, mut writer) = (LE64, Writer::new(LE64));
    everything(&mut writer);
    let bytes = writer.bytes();
    let with = |at: usize, value: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        Btf::parse(bytes, layout, None).map(|btf| btf.len())
    };
    assert_eq!(Btf::parse(vec![1; 23], layout, None).map(|btf| btf.len()), Err(BtfError::Short { length: 23 }));
    assert_eq!(with(0, &[0, 0]), Err(BtfError::Magic { found: 0 }));
    assert_eq!(with(2, &[9]), Err(BtfError::Version { version: 9 }));
    assert!(matches!(with(8, &[0xff; 4]), Err(BtfError::Section { section: "types", .. })));
    assert!(matches!(with(20, &[0xff; 4]), Err(BtfError::Section { section: "names", .. })));
    assert!(matches!(with(4, &[0xff; 4]), Err(BtfError::Section { section: "header", .. })));
}

proptest! {
    #[test]
    fn any_change_ends(changes in proptest::collection::vec((0usize..1400, any::<u8>()), 1..30)) {
        let mut writer = Writer::new(LE64);
        everything(&mut writer);
        let mut bytes = writer.bytes();
        for (at, byte) in changes {
            let length = bytes.len();
            bytes[24 + at % (length - 24)] = byte;
        }
        if let Ok(btf) = Btf::parse(bytes, LE64, None) {
            for id in 0..btf.end() {
                let id = TypeId(id);
                prop_assert!(btf.name_of(id).len() < 1 << 20);
                let _ = (btf.size_of(id), btf.plain(id), btf.members(id), btf.constants(id), btf.parameters(id));
                let _ = member(&btf, id, "list.next");
                if let Ok(Type::Struct { name, .. }) = btf.get(id) {
                    prop_assert!(name.is_empty() || name == "<no text>" || !btf.find_all(Kind::Struct, name).is_empty() || !btf.find_all(Kind::Union, name).is_empty());
                }
            }
            btf.find_constant("FIRST");
        }
    }
}
