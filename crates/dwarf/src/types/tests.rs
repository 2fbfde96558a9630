//! Types of units that are made here: what compilers write in their several ways, and what no compiler would.

mod builder;

use super::*;
use builder::{Builder, V};
use gimli::constants as dw;
use oopscope_symbols::types::{Qualifier, member};

fn open(builder: &Builder) -> DwarfTypes {
    DwarfTypes::open(builder.sections(), &crate::NoStore, None, &mut |_, _| true).unwrap()
}

fn base(builder: &mut Builder, name: &'static str, size: u64, encoding: dw::DwAte) {
    let attributes = [
        (dw::DW_AT_name, V::Here(name)),
        (dw::DW_AT_byte_size, V::Udata(size)),
        (dw::DW_AT_encoding, V::Udata(encoding.0.into())),
    ];
    builder.leaf(name, dw::DW_TAG_base_type, &attributes);
}

fn of(builder: &mut Builder, label: &'static str, tag: dw::DwTag, to: &'static str) {
    builder.leaf(label, tag, &[(dw::DW_AT_type, V::Ref(to))]);
}

fn typedef(builder: &mut Builder, name: &'static str, to: &'static str) {
    builder.leaf(name, dw::DW_TAG_typedef, &[(dw::DW_AT_name, V::Str(name)), (dw::DW_AT_type, V::Ref(to))]);
}

fn field(builder: &mut Builder, name: &'static str, to: &'static str, place: &[(dw::DwAt, V)]) {
    let mut attributes = vec![(dw::DW_AT_name, V::Str(name)), (dw::DW_AT_type, V::Ref(to))];
    attributes.extend_from_slice(place);
    builder.leaf("", dw::DW_TAG_member, &attributes);
}

fn at(place: u64) -> [(dw::DwAt, V); 1] {
    [(dw::DW_AT_data_member_location, V::Udata(place))]
}

/// A unit with something of everything.
fn everything(little_endian: bool, address: u8, version: u16) -> Builder {
    let mut b = Builder::new(little_endian, address, version);
    b.unit();
    base(&mut b, "int", 4, dw::DW_ATE_signed);
    base(&mut b, "long unsigned int", address.into(), dw::DW_ATE_unsigned);
    base(&mut b, "char", 1, dw::DW_ATE_unsigned_char);
    base(&mut b, "__int128", 16, dw::DW_ATE_signed);
    base(&mut b, "_Bool", 1, dw::DW_ATE_boolean);
    base(&mut b, "double", 8, dw::DW_ATE_float);
    typedef(&mut b, "u32", "int");
    of(&mut b, "const int", dw::DW_TAG_const_type, "int");
    of(&mut b, "pointer", dw::DW_TAG_pointer_type, "declared");
    b.leaf("void *", dw::DW_TAG_pointer_type, &[]);
    b.leaf(
        "declared",
        dw::DW_TAG_structure_type,
        &[(dw::DW_AT_name, V::Str("elsewhere")), (dw::DW_AT_declaration, V::Flag)],
    );
    b.open("matrix", dw::DW_TAG_array_type, &[(dw::DW_AT_type, V::Ref("int"))]);
    b.leaf("", dw::DW_TAG_subrange_type, &[(dw::DW_AT_upper_bound, V::Udata(1))]);
    b.leaf("", dw::DW_TAG_subrange_type, &[(dw::DW_AT_count, V::Udata(3))]);
    b.close();
    b.open("flexible", dw::DW_TAG_array_type, &[(dw::DW_AT_type, V::Ref("char"))]);
    b.leaf("", dw::DW_TAG_subrange_type, &[]);
    b.close();
    b.open("none", dw::DW_TAG_array_type, &[(dw::DW_AT_type, V::Ref("char"))]);
    b.leaf("", dw::DW_TAG_subrange_type, &[(dw::DW_AT_upper_bound, V::Sdata(-1))]);
    b.close();
    b.open("function", dw::DW_TAG_subroutine_type, &[(dw::DW_AT_type, V::Ref("int"))]);
    b.leaf("", dw::DW_TAG_formal_parameter, &[(dw::DW_AT_type, V::Ref("pointer"))]);
    b.leaf("", dw::DW_TAG_unspecified_parameters, &[]);
    b.close();
    of(&mut b, "callback", dw::DW_TAG_pointer_type, "function");
    b.open("inner", dw::DW_TAG_union_type, &[(dw::DW_AT_byte_size, V::Udata(4))]);
    field(&mut b, "whole", "u32", &[]);
    field(&mut b, "half", "char", &[]);
    b.close();
    b.open(
        "outer",
        dw::DW_TAG_structure_type,
        &[(dw::DW_AT_name, V::Str("outer")), (dw::DW_AT_byte_size, V::Udata(72))],
    );
    b.leaf("", dw::DW_TAG_member, &[(dw::DW_AT_type, V::Ref("inner")), (dw::DW_AT_data_member_location, V::Udata(0))]);
    let old = |first, bits| {
        [
            (dw::DW_AT_byte_size, V::Udata(4)),
            (dw::DW_AT_bit_size, V::Udata(bits)),
            (dw::DW_AT_bit_offset, V::Udata(first)),
            (dw::DW_AT_data_member_location, V::Udata(4)),
        ]
    };
    // Three bits, then five, in the order in which they stand in memory.
    field(&mut b, "old_three", "int", &old(if little_endian { 29 } else { 0 }, 3));
    field(&mut b, "old_five", "int", &old(if little_endian { 24 } else { 3 }, 5));
    field(&mut b, "new_two", "int", &[(dw::DW_AT_bit_size, V::Udata(2)), (dw::DW_AT_data_bit_offset, V::Udata(66))]);
    field(&mut b, "matrix", "matrix", &[(dw::DW_AT_data_member_location, V::Block(&[0x23, 12]))]);
    field(&mut b, "call", "callback", &at(40));
    field(&mut b, "next", "pointer", &at(48));
    field(&mut b, "huge", "__int128", &at(56));
    field(&mut b, "tail", "flexible", &at(72));
    b.close();
    let named = [(dw::DW_AT_name, V::Str("sign")), (dw::DW_AT_byte_size, V::Udata(4)), (dw::DW_AT_type, V::Ref("int"))];
    b.open("sign", dw::DW_TAG_enumeration_type, &named);
    b.leaf("", dw::DW_TAG_enumerator, &[(dw::DW_AT_name, V::Str("MINUS")), (dw::DW_AT_const_value, V::Sdata(-1))]);
    b.leaf("", dw::DW_TAG_enumerator, &[(dw::DW_AT_name, V::Str("PLUS")), (dw::DW_AT_const_value, V::Udata(1))]);
    b.close();
    b.open("flags", dw::DW_TAG_enumeration_type, &[(dw::DW_AT_byte_size, V::Udata(8))]);
    b.leaf("", dw::DW_TAG_enumerator, &[(dw::DW_AT_name, V::Str("HIGH")), (dw::DW_AT_const_value, V::Data8(1 << 63))]);
    b.close();
    // Declared in a header, defined behind it.
    let extern_one =
        [(dw::DW_AT_name, V::Str("everywhere")), (dw::DW_AT_type, V::Ref("outer")), (dw::DW_AT_declaration, V::Flag)];
    b.leaf("extern", dw::DW_TAG_variable, &extern_one);
    b.leaf(
        "",
        dw::DW_TAG_variable,
        &[(dw::DW_AT_specification, V::Ref("extern")), (dw::DW_AT_location, V::Address(0xc100_1000))],
    );
    let own =
        [(dw::DW_AT_name, V::Str("own")), (dw::DW_AT_type, V::Ref("matrix")), (dw::DW_AT_location, V::Address(0x40))];
    b.leaf("", dw::DW_TAG_variable, &own);
    // What lies in functions is passed over, with and without a word on where it ends.
    b.open("", dw::DW_TAG_subprogram, &[(dw::DW_AT_name, V::Str("run"))]);
    b.leaf("", dw::DW_TAG_variable, &[(dw::DW_AT_name, V::Str("local")), (dw::DW_AT_location, V::Address(0x50))]);
    b.close();
    b.unit();
    base(&mut b, "int", 4, dw::DW_ATE_signed);
    b.open("", dw::DW_TAG_structure_type, &[(dw::DW_AT_name, V::Str("elsewhere")), (dw::DW_AT_byte_size, V::Udata(4))]);
    field(&mut b, "value", "int", &at(0));
    b.close();
    b
}

#[test]
fn everything_is_read_in_both_orders_widths_and_versions() {
    for (little_endian, address, version) in [(true, 8, 5), (true, 4, 4), (false, 8, 4), (false, 4, 5), (true, 8, 3)] {
        let types = open(&everything(little_endian, address, version));
        assert_eq!((types.damaged(), types.pointer_size()), (None, address.into()));
        let outer = types.find(Kind::Struct, "outer").unwrap();
        assert_eq!(types.name_of(outer), "struct outer");
        let place = |path| {
            let place = member(&types, outer, path).unwrap();
            (place.offset_bits, place.bits)
        };
        assert_eq!((place("whole"), place("half")), ((0, None), (0, None)));
        assert_eq!((place("old_three"), place("old_five")), ((32, Some(3)), (35, Some(5))), "{little_endian}");
        assert_eq!((place("new_two"), place("matrix")), ((66, Some(2)), (96, None)));
        assert_eq!((place("matrix[1]"), place("matrix[1][2]")), ((96 + 96, None), (96 + 160, None)));
        let declared = |name| {
            let members = types.members(outer).unwrap();
            let member = members.iter().find(|member| member.name == name).unwrap();
            types.declare(member.type_id, member.name)
        };
        assert_eq!(declared("matrix"), "int matrix[2][3]");
        assert_eq!(declared("call"), "int (*call)(struct elsewhere *, ...)");
        assert_eq!(declared("tail"), "unsigned char tail[]".replace("unsigned char", "char"));
        assert_eq!(declared("huge"), "__int128 huge");
        let next = member(&types, outer, "next").unwrap().type_id;
        let Type::Pointer(target) = types.get(next).unwrap() else { panic!("a pointer") };
        assert_eq!(types.size_of(target), Ok(4), "defined in another unit");
        assert_eq!(types.members(target).unwrap()[0].name, "value");
        assert_eq!(types.find_all(Kind::Base, "int").len(), 1, "the same in two units");
        assert_eq!(types.find(Kind::Base, "unsigned long").map(|id| types.size_of(id)), Some(Ok(address.into())));
        assert!(types.find(Kind::Struct, "local").is_none());
        let sign = types.find(Kind::Enum, "sign").unwrap();
        assert!(matches!(types.get(sign), Ok(Type::Enum { signed: true, constants: 2, size: 4, .. })));
        assert_eq!(types.constants(sign).unwrap()[0].value, -1);
        assert_eq!((types.find_constant("PLUS"), types.find_constant("HIGH")), (Some(1), Some(1 << 63)));
        assert_eq!(types.find_constant("outer"), None);
        let variable = |name| types.variables(name).first().map(|found| (found.address, types.name_of(found.type_id)));
        assert_eq!(variable("everywhere"), Some((0xc100_1000, "struct outer".to_owned())));
        assert_eq!(variable("own"), Some((0x40, "int [2][3]".to_owned())));
        assert_eq!(variable("local"), None);
        assert_eq!(types.variable_names("", 9), ["everywhere", "own"]);
        assert_eq!(types.prefix(Kind::Struct, "", 9), ["elsewhere", "outer"]);
        assert_eq!(types.get(TypeId::VOID), Ok(Type::Void));
    }
}

#[test]
fn qualifiers_and_base_types_say_what_they_are() {
    let types = open(&everything(true, 8, 5));
    let find = |name| types.get(types.find(Kind::Base, name).unwrap()).unwrap();
    assert!(matches!(find("_Bool"), Type::Int { boolean: true, size: 1, bits: 8, .. }));
    assert!(matches!(find("__int128"), Type::Int { signed: true, size: 16, bits: 128, .. }));
    assert!(matches!(find("double"), Type::Float { size: 8, .. }));
    let mut b = Builder::new(true, 8, 5);
    b.unit();
    base(&mut b, "int", 4, dw::DW_ATE_signed);
    of(&mut b, "volatile", dw::DW_TAG_volatile_type, "int");
    of(&mut b, "const", dw::DW_TAG_const_type, "volatile");
    typedef(&mut b, "constant_t", "const");
    let types = open(&b);
    let Ok(Type::Typedef { of, .. }) = types.get(types.find(Kind::Typedef, "constant_t").unwrap()) else { panic!() };
    assert!(matches!(types.get(of), Ok(Type::Qualified { qualifier: Qualifier::Const, .. })));
    assert_eq!(types.size_of(of), Ok(4));
}

#[test]
fn of_several_definitions_none_is_chosen_for_a_declaration() {
    let mut b = Builder::new(true, 8, 5);
    for size in [4, 8] {
        b.unit();
        b.leaf(
            "",
            dw::DW_TAG_structure_type,
            &[(dw::DW_AT_name, V::Str("private")), (dw::DW_AT_byte_size, V::Udata(size))],
        );
    }
    b.unit();
    b.leaf(
        "declared",
        dw::DW_TAG_structure_type,
        &[(dw::DW_AT_name, V::Str("private")), (dw::DW_AT_declaration, V::Flag)],
    );
    typedef(&mut b, "private_t", "declared");
    let types = open(&b);
    assert_eq!(types.find_all(Kind::Struct, "private").len(), 2);
    let Ok(Type::Typedef { of, .. }) = types.get(types.find(Kind::Typedef, "private_t").unwrap()) else { panic!() };
    assert_eq!(types.get(of), Ok(Type::Forward { name: "private", kind: Kind::Struct }));
    assert!(matches!(types.size_of(of), Err(TypeError::Incomplete(_))));
}

#[test]
fn what_goes_in_a_circle_or_is_too_large_is_an_error() {
    let mut b = Builder::new(true, 8, 5);
    b.unit();
    base(&mut b, "char", 1, dw::DW_ATE_signed_char);
    typedef(&mut b, "one", "other");
    typedef(&mut b, "other", "one");
    typedef(&mut b, "self", "self");
    b.leaf(
        "nowhere",
        dw::DW_TAG_typedef,
        &[(dw::DW_AT_name, V::Str("nowhere")), (dw::DW_AT_type, V::RefAddr(0x7fff_0000))],
    );
    b.open("giant", dw::DW_TAG_array_type, &[(dw::DW_AT_type, V::Ref("char"))]);
    for _ in 0..3 {
        b.leaf("", dw::DW_TAG_subrange_type, &[(dw::DW_AT_count, V::Data8(1 << 40))]);
    }
    b.close();
    typedef(&mut b, "giant_t", "giant");
    b.open("loop", dw::DW_TAG_structure_type, &[(dw::DW_AT_name, V::Str("loop")), (dw::DW_AT_byte_size, V::Udata(4))]);
    b.leaf("", dw::DW_TAG_member, &[(dw::DW_AT_type, V::Ref("loop")), (dw::DW_AT_data_member_location, V::Udata(0))]);
    b.leaf(
        "",
        dw::DW_TAG_member,
        &[(dw::DW_AT_type, V::Ref("loop")), (dw::DW_AT_data_member_location, V::Udata(u64::MAX))],
    );
    b.close();
    b.open("", dw::DW_TAG_structure_type, &[(dw::DW_AT_name, V::Str("negative")), (dw::DW_AT_byte_size, V::Udata(4))]);
    let place = [
        (dw::DW_AT_byte_size, V::Udata(1)),
        (dw::DW_AT_bit_size, V::Udata(7)),
        (dw::DW_AT_bit_offset, V::Udata(30)),
        (dw::DW_AT_data_member_location, V::Udata(0)),
    ];
    field(&mut b, "before", "char", &place);
    b.close();
    let types = open(&b);
    let size = |kind, name| types.size_of(types.find(kind, name).unwrap());
    for name in ["one", "other", "self"] {
        assert!(matches!(size(Kind::Typedef, name), Err(TypeError::Circle(_))), "{name}");
    }
    assert_eq!(size(Kind::Typedef, "nowhere"), Err(TypeError::Missing(0x7fff_0000)));
    assert!(matches!(size(Kind::Typedef, "giant_t"), Err(TypeError::Damaged(_))));
    let of = types.find(Kind::Struct, "loop").unwrap();
    assert!(member(&types, of, "anything").is_err());
    let of = types.find(Kind::Struct, "negative").unwrap();
    assert!(matches!(types.members(of), Err(TypeError::Damaged(_))));
    assert_eq!(types.get(TypeId(3)), Err(TypeError::Damaged(3)), "amid the header");
    assert_eq!(types.get(TypeId(u32::MAX)), Err(TypeError::Missing(u32::MAX)));
}

#[test]
fn a_damaged_unit_costs_itself_alone() {
    let mut b = Builder::new(true, 8, 5);
    b.unit();
    typedef(&mut b, "first", "first");
    b.open("back", dw::DW_TAG_structure_type, &[(dw::DW_AT_name, V::Str("bad")), (dw::DW_AT_sibling, V::Ref("first"))]);
    b.close();
    typedef(&mut b, "behind", "first");
    b.unit();
    typedef(&mut b, "second", "second");
    let types = open(&b);
    let there = |name| types.find(Kind::Typedef, name).is_some();
    assert_eq!((there("first"), there("behind"), there("second")), (true, false, true));
    assert_eq!(types.damaged(), Some(0));
}

#[test]
fn what_was_found_is_kept_and_can_be_stopped() {
    struct Kept(RefCell<BTreeMap<String, Vec<u8>>>);
    impl Store for Kept {
        fn get(&self, name: &str) -> Option<Vec<u8>> {
            self.0.borrow().get(name).cloned()
        }
        fn put(&self, name: &str, bytes: &[u8]) {
            self.0.borrow_mut().insert(name.to_owned(), bytes.to_vec());
        }
    }
    let kept = Kept(RefCell::default());
    let b = everything(true, 8, 5);
    let stopped = DwarfTypes::open(b.sections(), &kept, Some("00ff"), &mut |_, _| false);
    assert_eq!(stopped.err(), Some(DwarfError::Cancelled));
    assert!(kept.0.borrow().is_empty());
    let first = DwarfTypes::open(b.sections(), &kept, Some("00ff"), &mut |_, _| true).unwrap();
    assert!(kept.0.borrow().contains_key("types-00ff"));
    let again = DwarfTypes::open(b.sections(), &kept, Some("00ff"), &mut |_, _| panic!("it is kept")).unwrap();
    assert_eq!(first.index, again.index);
    assert!(again.find(Kind::Struct, "outer").is_some());
}

#[test]
fn damage_anywhere_is_survived() {
    let b = everything(true, 8, 5);
    let ask = |b: &Builder| {
        let Ok(types) = DwarfTypes::open(b.sections(), &crate::NoStore, None, &mut |_, _| true) else { return };
        for kind in [Kind::Struct, Kind::Union, Kind::Enum, Kind::Typedef, Kind::Base] {
            for name in types.prefix(kind, "", 99) {
                for id in types.find_all(kind, &name) {
                    let _ =
                        (types.get(id), types.size_of(id), types.members(id), types.constants(id), types.name_of(id));
                }
            }
        }
        let _ = types.variable_names("", 99).iter().map(|name| types.variables(name)).collect::<Vec<_>>();
    };
    for length in 0..b.info.len() {
        let mut cut = b.clone();
        cut.finish();
        cut.info.truncate(length);
        ask(&cut);
    }
    let mut whole = b.clone();
    whole.finish();
    for at in 0..whole.info.len() {
        for value in [0, 0x7f, 0xff] {
            let mut damaged = whole.clone();
            damaged.info[at] = value;
            ask(&damaged);
        }
    }
    for at in 0..whole.abbrev.len() {
        let mut damaged = whole.clone();
        damaged.abbrev[at] ^= 0x15;
        ask(&damaged);
    }
}
