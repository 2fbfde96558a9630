//! Files packed by the real tools: what comes out, also of their damaged and cut copies.

use oopscope_source::{ReadAt, ReadError};
use oopscope_unpack::{Codec, Content, Damage, Decoder, Flow, Member, Spool, members};
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

/// All that comes out before the end or an error, up to 16 MiB.
fn unpack(codec: Codec, bytes: Vec<u8>) -> (Vec<u8>, Result<(), Damage>) {
    let mut decoder = Decoder::new(codec, Rc::new(bytes));
    let mut out = Vec::new();
    let mut buf = [0; 1000];
    while out.len() < 16 << 20 {
        match decoder.read(&mut buf) {
            Ok(0) => return (out, Ok(())),
            Ok(n) => out.extend_from_slice(&buf[..n]),
            Err(damage) => return (out, Err(damage)),
        }
    }
    (out, Ok(()))
}

#[test]
fn what_the_tools_packed_comes_out() {
    let log = fixture("guests/6.12/null_read.log");
    for (end, codec) in PACKED {
        assert_eq!(Codec::of(&packed(end)), Some(codec));
        let (out, result) = unpack(codec, packed(end));
        assert!(out == log && result.is_ok(), "{end}: {} bytes, {result:?}", out.len());
        // Rotated logs that were put together, as `cat dmesg.1.gz dmesg.0.gz` does. An .lzma file is one stream alone.
        if codec == Codec::Lzma {
            continue;
        }
        let (out, result) = unpack(codec, packed(end).repeat(2));
        assert!(out == log.repeat(2) && result.is_ok(), "{end} twice: {} bytes, {result:?}", out.len());
    }
    assert_eq!(Codec::of(b"\x1f\x8b"), None);
    assert_eq!(Codec::of(&log), None);
}

#[test]
fn of_a_cut_file_comes_what_there_is() {
    let log = fixture("guests/6.12/null_read.log");
    for (end, codec) in PACKED {
        let whole = packed(end);
        for len in [0, 3, 10, whole.len() / 2, whole.len() * 3 / 4, whole.len() - 9, whole.len() - 1] {
            let (out, result) = unpack(codec, whole[..len].to_vec());
            assert!(log.starts_with(&out), "{end} cut at {len}");
            // lz4 and zstd can do without a checksum at the end; an empty file is an empty log.
            let good_end = result.is_ok() && (len == 0 || out == log);
            assert!(good_end || result == Err(Damage::Truncated), "{end} cut at {len}: {result:?}");
            // A block of these has more than the whole log.
            let one_block = matches!(codec, Codec::Lz4 | Codec::Lz4Legacy | Codec::Bzip2 | Codec::Lzop);
            if len * 10 > whole.len() * 9 && !one_block {
                assert!(out.len() > log.len() / 2, "{end} cut at {len} gives only {} bytes", out.len());
            }
        }
    }
}

#[test]
fn of_a_damaged_file_comes_no_panic() {
    for (end, codec) in PACKED {
        let whole = packed(end);
        for at in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            drop(unpack(codec, bytes));
        }
    }
}

#[test]
fn an_error_of_the_source_is_told_as_it_is() {
    struct Bad(Vec<u8>);
    impl ReadAt for Bad {
        fn len(&self) -> u64 {
            self.0.len() as u64 + 100
        }
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
            match self.0.as_slice().read_at(offset, buf)? {
                0 => Err(ReadError::Io { offset }),
                n => Ok(n),
            }
        }
    }
    for (end, codec) in PACKED {
        let mut half = packed(end);
        half.truncate(half.len() / 2);
        let mut decoder = Decoder::new(codec, Rc::new(Bad(half.clone())));
        let mut buf = [0; 4096];
        let damage = loop {
            match decoder.read(&mut buf) {
                Ok(n) => assert!(n > 0),
                Err(damage) => break damage,
            }
        };
        assert_eq!(damage, Damage::Read(ReadError::Io { offset: half.len() as u64 }), "{end}");
    }
}

#[test]
fn a_spool_reads_a_packed_log_by_position() {
    let log = fixture("guests/6.12/null_read.log");
    for (end, codec) in PACKED {
        let source: Rc<dyn ReadAt> = Rc::new(packed(end));
        let spool = Spool::new(move || Box::new(Decoder::new(codec, Rc::clone(&source))));
        let mut buf = [0; 100];
        assert_eq!(spool.read_at(1000, &mut buf), Ok(100));
        assert_eq!(buf, log[1000..1100]);
        assert_eq!(spool.read_at(log.len() as u64 - 10, &mut buf), Ok(10));
        assert!(spool.is_complete() && spool.damage().is_none());
        assert_eq!((spool.len(), spool.position()), (log.len() as u64, packed(end).len() as u64));
    }
}

fn all_members(archive: Vec<u8>, limit: usize) -> Vec<Result<Member, Damage>> {
    members(Rc::new(archive), limit).unwrap().expect("it is an archive").collect()
}

#[test]
fn members_of_archives_come_with_their_names() {
    let one = fixture("guests/6.12/null_read.log");
    let two = fixture("guests/6.12/bug.log");
    for name in ["logs.tar.xz", "logs-pax.tar.gz", "logs.tar.zst", "logs.zip"] {
        let members: Vec<_> = all_members(fixture(&format!("channels/packed/{name}")), 1 << 20)
            .into_iter()
            .map(|member| member.unwrap())
            .collect();
        let by_name = |end: &str| {
            let member = members.iter().find(|member| member.name.ends_with(end));
            &member.unwrap_or_else(|| panic!("{name} has no {end}: {members:?}")).content
        };
        assert_eq!(by_name("logs/one.log"), &Content::Whole(one.clone()), "{name}");
        assert_eq!(by_name("of-the-same-sort-which-is-long/two.log"), &Content::Whole(two.clone()), "{name}");
        let Content::Whole(packed) = by_name("logs/one.log.gz") else { panic!("{name}") };
        assert!(unpack(Codec::Gzip, packed.clone()).0 == one, "{name}");
    }
}

#[test]
fn a_member_that_is_too_large_is_named_and_the_next_one_read() {
    for name in ["logs.tar.xz", "logs.zip"] {
        let archive = fixture(&format!("channels/packed/{name}"));
        let two = fixture("guests/6.12/bug.log").len() as u64;
        let members = all_members(archive, 4000);
        let members: Vec<_> = members.into_iter().map(Result::unwrap).collect();
        assert!(members.iter().any(|member| member.content == Content::TooLarge(two)), "{name}");
        let packed = members.iter().find(|member| member.name.ends_with("one.log.gz")).unwrap();
        assert!(matches!(packed.content, Content::Whole(_)), "{name}");
    }
}

#[test]
fn cut_and_damaged_archives_end_with_their_reason() {
    for name in ["logs.tar.xz", "logs-pax.tar.gz", "logs.tar.zst", "logs.zip"] {
        let archive = fixture(&format!("channels/packed/{name}"));
        for len in (0..archive.len()).step_by(97) {
            if let Ok(Some(members)) = members(Rc::new(archive[..len].to_vec()), 1 << 20) {
                let failed: Vec<_> = members.map(|member| member.is_err()).collect();
                assert_eq!(failed.iter().rev().skip(1).filter(|failed| **failed).count(), 0, "{name} at {len}");
            }
        }
        for at in (0..archive.len()).step_by(13) {
            let mut bytes = archive.clone();
            bytes[at] ^= 0x55;
            if let Ok(Some(members)) = members(Rc::new(bytes), 1 << 20) {
                assert!(members.count() < 100, "{name} with a damage at {at}");
            }
        }
    }
    assert!(members(Rc::new(fixture("guests/6.12/bug.log")), 1000).unwrap().is_none());
}
