//! Symbols and modules as text, as kernels, nm and people's shells print them.

use oopscope_symbols::module_places::ModulePlaces;
use oopscope_symbols::system_map::{MapError, SystemMap};

const MAP: &str = "0000000000000000 A fixed_percpu_data\nffffffff81000000 T _stext\nffffffff81000000 T _text\n\
                   ffffffff81000040 t local\nffffffff81000100 W weak\nffffffff82000000 D jiffies\n";

fn read(text: &str) -> Result<SystemMap, MapError> {
    SystemMap::read(&text.as_bytes().to_vec())
}

fn listed(map: &SystemMap) -> Vec<(u64, char, &str)> {
    map.kernel.iter().map(|symbol| (symbol.address, char::from(symbol.kind), symbol.name)).collect()
}

const SYMBOLS: [(u64, char, &str); 6] = [
    (0, 'A', "fixed_percpu_data"),
    (0xffff_ffff_8100_0000, 'T', "_stext"),
    (0xffff_ffff_8100_0000, 'T', "_text"),
    (0xffff_ffff_8100_0040, 't', "local"),
    (0xffff_ffff_8100_0100, 'W', "weak"),
    (0xffff_ffff_8200_0000, 'D', "jiffies"),
];

#[test]
fn a_map_is_read_whatever_its_lines_end_with() {
    for text in [MAP.to_owned(), MAP.replace('\n', "\r\n"), MAP.replace(' ', "  "), format!("\n\n{MAP}\n")] {
        let map = read(&text).expect("a map");
        assert_eq!(listed(&map), SYMBOLS, "{text:?}");
        assert!(map.modules.is_empty() && !map.cut && map.passed == 0);
    }
    let map = read(MAP).expect("a map");
    let local = map.kernel.at(0xffff_ffff_8100_0050).expect("covered");
    assert_eq!((local.name, local.size), ("local", Some(0xc0)));
    assert!(SystemMap::is(MAP.as_bytes()));
    let short = "c0008000 T stext\nc0008180 t __create_page_tables\n";
    assert_eq!(listed(&read(short).expect("a map"))[1], (0xc000_8180, 't', "__create_page_tables"));
}

#[test]
fn of_a_cut_map_the_last_line_is_left_out() {
    for end in 1..MAP.len() {
        let whole = MAP[..end].matches('\n').count();
        match read(&MAP[..end]) {
            Ok(map) => {
                assert_eq!(listed(&map), SYMBOLS[..whole], "{end}");
                assert_eq!(map.cut, !MAP[..end].ends_with('\n'), "{end}");
            }
            // A single line whose address is 0, or none.
            Err(error) => assert_eq!(error, if whole == 0 { MapError::Empty } else { MapError::Hidden }, "{end}"),
        }
    }
}

#[test]
fn kallsyms_has_modules_each_with_a_table_of_its_own() {
    let text = format!(
        "{MAP}ffffffffc0a10000 t init_once\t[nf_conntrack]\nffffffffc0a10080 t nf_ct_get\t[nf_conntrack]\n\
         ffffffffc0a00000 t nvme_irq\t[nvme]\nffffffffc0b00000 t bpf_prog_6deef7357e7b4530\t[bpf]\n"
    );
    let map = read(&text).expect("kallsyms");
    assert_eq!(listed(&map), SYMBOLS);
    let names: Vec<_> = map.modules.iter().map(|module| (module.name.as_str(), module.table.len())).collect();
    assert_eq!(names, [("bpf", 1), ("nf_conntrack", 2), ("nvme", 1)]);
    let first = map.module("nf-conntrack").expect("a module").by_name("init_once").next().expect("a symbol");
    assert_eq!((first.address, first.size), (0xffff_ffff_c0a1_0000, Some(0x80)));
    assert!(map.module("nvme_core").is_none());
}

#[test]
fn hidden_addresses_are_no_addresses() {
    let hidden = "0000000000000000 T startup_64\n0000000000000000 t nvme_irq\t[nvme]\n";
    assert_eq!(read(hidden).expect_err("hidden"), MapError::Hidden);
    assert!(MapError::Hidden.to_string().contains("kptr_restrict"));
    assert!(SystemMap::is(hidden.as_bytes()), "it is one, of which nothing can be had");
}

#[test]
fn what_nm_prints_is_a_map() {
    let nm = "                 U printk\n                 w weak_one\n0000000000000000 0000000000000010 T first\n\
              0000000000000010 t second\n0000000000000020 0000000000000008 b data\n";
    assert!(SystemMap::is(nm.as_bytes()));
    let map = read(nm).expect("nm's output");
    let found: Vec<_> = map.kernel.iter().map(|symbol| (symbol.name, symbol.size)).collect();
    assert_eq!(found, [("first", Some(0x10)), ("second", Some(0x10)), ("data", Some(8))]);
    assert_eq!(map.passed, 0);
}

#[test]
fn other_lines_are_passed_over_and_other_files_refused() {
    let text =
        format!("# comment\n{MAP}ffffffff81000000 T\nffffffff8100000g T x\nffffffff81000000 TT x\n81000000 T a b\n");
    let map = read(&text).expect("a map");
    assert_eq!((listed(&map).len(), map.passed), (6, 5));
    for other in
        ["", "\n", "[    0.000000] Linux version 6.1.0\n", "ffffffff81000000\n", "deadbeef x\n", &"x".repeat(1 << 20)]
    {
        assert_eq!(read(other).expect_err("no map"), MapError::Empty);
        assert!(!SystemMap::is(other.as_bytes()), "{:?}", other.get(..9));
    }
    // A line without an end costs itself alone.
    let long = format!("{MAP}{} T x\n{MAP}", "f".repeat(1 << 20));
    assert_eq!(listed(&read(&long).expect("a map")).len(), 12);
}

#[test]
fn modules_places_turn_an_address_into_an_offset() {
    let text = "nvme 45056 2 - Live 0xffffffffc0a10000\nnvme-core 110592 3 nvme, Live 0xffffffffc0a40000 (OE)\n\
                old 12288 - - Loading 0xffffffffc0b00000\n";
    assert!(ModulePlaces::is(text.as_bytes()));
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let places = ModulePlaces::read(&text.into_bytes()).expect("modules");
        assert_eq!(places.at(0xffff_ffff_c0a1_2345), Some(("nvme", 0x2345)));
        assert_eq!(places.at(0xffff_ffff_c0a1_0000 + 45056), None);
        assert_eq!(places.at(0xffff_ffff_c0a4_0000), Some(("nvme_core", 0)));
        assert_eq!(places.module("nvme-core").and_then(|place| place.size), Some(110_592));
        assert_eq!(places.iter().count(), 3);
    }
    let hidden = "nvme 45056 2 - Live 0x0000000000000000\n";
    assert_eq!(ModulePlaces::read(&hidden.as_bytes().to_vec()).expect_err("hidden"), MapError::Hidden);
    for other in ["Module                  Size  Used by\nnvme 45056 2\n", MAP, ""] {
        assert_eq!(ModulePlaces::read(&other.as_bytes().to_vec()).expect_err("no modules"), MapError::Empty);
        assert!(!ModulePlaces::is(other.as_bytes()));
    }
}

#[test]
fn sections_are_read_as_grep_and_tail_print_them() {
    let grep = "/sys/module/nvme/sections/.init.text:0xffffffffc0a20000\n/sys/module/nvme/sections/.text:0xffffffffc0a10000\n\
                sections/.data:0xffffffffc0a30000\n";
    let tail = "==> /sys/module/nvme/sections/.init.text <==\n0xffffffffc0a20000\n\n\
                ==> /sys/module/nvme/sections/.text <==\n0xffffffffc0a10000\n";
    for text in [grep, tail] {
        assert!(ModulePlaces::is(text.as_bytes()), "{text}");
        let places = ModulePlaces::read(&text.as_bytes().to_vec()).expect("sections");
        let nvme = places.module("nvme").expect("a module");
        let sections: Vec<_> = nvme.sections.iter().map(|(name, address)| (name.as_str(), *address)).collect();
        assert_eq!(sections, [(".init.text", 0xffff_ffff_c0a2_0000), (".text", 0xffff_ffff_c0a1_0000)]);
        // How long the code is nobody said.
        assert_eq!(places.at(0xffff_ffff_c0a1_0010), None);
    }
}
