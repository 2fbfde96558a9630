//! Packed files as if they were not packed, within bounds.

use oopscope_source::{ReadAt, ReadError};
use oopscope_unpack::{Codec, Damage, PackedError, Part, Room, Unpacked, open_packed, unpack};
use std::rc::Rc;

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "a test's own input")]
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

const PACKED: [(&str, Codec); 8] = [
    ("gz", Codec::Gzip),
    ("xz", Codec::Xz),
    ("zst", Codec::Zstd),
    ("lz4", Codec::Lz4),
    ("legacy.lz4", Codec::Lz4Legacy),
    ("bz2", Codec::Bzip2),
    ("lzma", Codec::Lzma),
    ("lzo", Codec::Lzop),
];

fn packed(end: &str) -> Vec<u8> {
    fixture(&format!("channels/packed/null_read.log.{end}"))
}

fn open(bytes: Vec<u8>, room: Room) -> Result<Option<Unpacked>, PackedError> {
    open_packed(Rc::new(bytes), room, &mut |_, _| true)
}

fn all(unpacked: &Unpacked) -> Vec<u8> {
    let mut out = vec![0; usize::try_from(unpacked.bytes.len()).expect("small")];
    assert_eq!(unpacked.bytes.read_at(0, &mut out), Ok(out.len()));
    out
}

#[test]
fn a_packed_file_is_read_as_if_it_were_not_packed() {
    let log = fixture("guests/6.12/null_read.log");
    for (end, codec) in PACKED {
        let unpacked = open(packed(end), Room::MODULE).expect("whole").expect("packed");
        assert!(unpacked.codec == codec && all(&unpacked) == log, "{end}");
        let mut middle = [0; 10];
        assert_eq!(unpacked.bytes.read_at(1000, &mut middle), Ok(10));
        assert_eq!(middle, log[1000..1010]);
    }
    assert!(open(log, Room::MODULE).expect("readable").is_none());
    assert!(open(Vec::new(), Room::MODULE).expect("readable").is_none());
}

#[test]
fn a_single_stream_ends_where_something_else_follows() {
    let log = fixture("guests/6.12/null_read.log");
    for (end, codec) in PACKED.into_iter().filter(|(_, codec)| *codec != Codec::Lz4) {
        // As the kernel's build puts it behind: the unpacked size.
        let tail = u32::try_from(log.len()).expect("small").to_le_bytes();
        let whole: Rc<dyn ReadAt> = Rc::new([b"before".to_vec(), packed(end), tail.to_vec()].concat());
        let part = Part::new(whole, 6, packed(end).len() as u64 + 4);
        let unpacked = unpack(codec, Rc::new(part), Room::KERNEL, &mut |_, _| true);
        let unpacked = unpacked.unwrap_or_else(|error| panic!("{end}: {error}"));
        assert!(all(&unpacked) == log, "{end}");
    }
}

/// A file that is not there any more.
struct Gone;
impl ReadAt for Gone {
    fn len(&self) -> u64 {
        100
    }
    fn read_at(&self, _: u64, _: &mut [u8]) -> Result<usize, ReadError> {
        Err(ReadError::Missing)
    }
}

#[test]
fn what_is_damaged_too_large_or_gone_is_told() {
    let log = fixture("guests/6.12/null_read.log");
    for (end, codec) in PACKED {
        let whole = packed(end);
        let Err(error) = open(whole[..whole.len() / 2].to_vec(), Room::MODULE) else { panic!("{end} is cut") };
        let PackedError::Damaged { damage: Damage::Truncated, unpacked, .. } = error else { panic!("{end}: {error}") };
        assert!(unpacked < log.len() as u64);
        assert!(error.to_string().contains(codec.name()), "{error}");
        let Err(error) = open(packed(end), Room { plain: 100, most: 100 }) else { panic!("{end} is large") };
        assert_eq!(error, PackedError::TooLarge { codec, most: 100 });
        let cancelled = open_packed(Rc::new(packed(end)), Room::KERNEL, &mut |_, _| false);
        assert!(matches!(cancelled, Err(PackedError::Cancelled)));
    }
    let large = PackedError::TooLarge { codec: Codec::Xz, most: 512 << 20 };
    let words = "it unpacks to more than 536 MB, which is not held in memory: unpack it first, with `xz -dk FILE`";
    assert_eq!(large.to_string(), words);

    let gone = open_packed(Rc::new(Gone), Room::MODULE, &mut |_, _| true);
    assert!(matches!(gone, Err(PackedError::Read(ReadError::Missing))));
}

#[test]
fn a_bomb_costs_no_more_than_is_allowed() {
    // 100 MB of zeros, in 113 bytes.
    let runs = fixture("channels/packed/zeros.bz2");
    let room = Room { plain: 1 << 20, most: 4 << 20 };
    for _ in 0..2 {
        let mut most = 0;
        let result = open_packed(Rc::new(runs.clone()), room, &mut |done, all| {
            most = most.max(done);
            done <= all
        });
        assert!(matches!(result, Err(PackedError::TooLarge { codec: Codec::Bzip2, most: 4_194_304 })));
        assert!(most <= runs.len() as u64);
    }
}
