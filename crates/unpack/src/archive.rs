//! Archives of logs: the members of tar, packed or not, and of zip.
//!
//! Must never hold more than one member, nor a member that is larger than the caller allows.

use crate::tar::Tar;
use crate::zip::Zip;
use crate::{Codec, Damage, Decoder, Flow, Plain};
use oopscope_source::ReadAt;
use std::rc::Rc;

/// Members that are looked at; an archive with more is no collection of logs.
const MOST: usize = 100_000;

/// An archive's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveForm {
    /// ustar, with GNU's and pax's long names; it may be packed as a whole.
    Tar,
    /// zip.
    Zip,
}

impl ArchiveForm {
    /// Judges by the first bytes, unpacked where the whole is packed: 512 are enough.
    pub fn of(head: &[u8]) -> Option<Self> {
        if head.get(257..262) == Some(b"ustar") {
            return Some(Self::Tar);
        }
        // The last is an empty zip.
        let zip = head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06");
        zip.then_some(Self::Zip)
    }

    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tar => "tar",
            Self::Zip => "zip",
        }
    }
}

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name with its folders, as the archive says: for people, never for a path to write to.
    pub name: String,
    /// What is in it.
    pub content: Content,
}

/// What is in a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// All of it. Packed members (`dmesg.1.gz`) are as they are.
    Whole(Vec<u8>),
    /// It is larger than was allowed: its size.
    TooLarge(u64),
    /// It can't be unpacked.
    Damaged(Damage),
}

/// The members of an archive, in its order. An error is the last item.
pub struct Members {
    walk: Walk,
    left: usize,
}

enum Walk {
    Tar(Tar),
    Zip(Zip),
    Ended,
}

/// The files of an archive: tar, tar in gzip, xz, zstd or lz4, zip. None when it is no archive. Members of more than
/// `limit` bytes are named but not read. Folders, links and devices are left out.
pub fn members(source: Rc<dyn ReadAt>, limit: usize) -> Result<Option<Members>, Damage> {
    let mut head = vec![0; 512];
    let n = source.read_at(0, &mut head)?;
    head.truncate(n);
    let codec = Codec::of(&head);
    if let Some(codec) = codec {
        head = beginning(&mut Decoder::new(codec, Rc::clone(&source)));
    }
    let walk = match ArchiveForm::of(&head) {
        Some(ArchiveForm::Tar) => {
            let flow: Box<dyn Flow> = match codec {
                Some(codec) => Box::new(Decoder::new(codec, source)),
                None => Box::new(Plain::new(source)),
            };
            Walk::Tar(Tar::new(flow, limit))
        }
        Some(ArchiveForm::Zip) if codec.is_none() => Walk::Zip(Zip::open(source, limit)?),
        _ => return Ok(None),
    };
    Ok(Some(Members { walk, left: MOST }))
}

/// The first 512 bytes of a flow, or what there is.
fn beginning(flow: &mut dyn Flow) -> Vec<u8> {
    let mut head = vec![0; 512];
    let mut done = 0;
    while let Ok(n @ 1..) = flow.read(&mut head[done..]) {
        done += n;
    }
    head.truncate(done);
    head
}

impl Iterator for Members {
    type Item = Result<Member, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let next = match &mut self.walk {
            Walk::Tar(tar) => tar.next_member().transpose(),
            Walk::Zip(zip) => zip.next_member().transpose(),
            Walk::Ended => None,
        };
        if !matches!(next, Some(Ok(_))) {
            self.walk = Walk::Ended;
        }
        next
    }
}
