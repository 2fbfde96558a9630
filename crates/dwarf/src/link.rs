//! Where a stripped file says that its debug information is: `.gnu_debuglink` names the file, `.gnu_debugaltlink` the one that
//! several files share (dwz).
//!
//! Must never take the name for a path to be opened: it is shown, and compared with the names of what was given.

use oopscope_source::ReadAt;
use oopscope_symbols::elf::Outline;

/// The longest name that is believed.
const LONGEST: u64 = 4096;

/// The file that has a stripped file's debug information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebugLink {
    /// Its name, without a path.
    pub name: String,
    /// The CRC-32 of the whole of it, as the section has it.
    pub crc: u32,
}

/// A file of what several files have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternate {
    /// Its path, as dwz was told.
    pub name: String,
    /// Its build-id.
    pub build_id: Vec<u8>,
}

/// The link of a stripped file, if it has one.
pub fn debug_link(file: &dyn ReadAt, outline: &Outline) -> Option<DebugLink> {
    let bytes = section(file, outline, ".gnu_debuglink")?;
    let end = bytes.iter().position(|&byte| byte == 0)?;
    let name = String::from_utf8_lossy(&bytes[..end]).into_owned();
    // The sum stands behind the name, at the next multiple of four.
    let crc = bytes.get((end + 1).next_multiple_of(4)..)?.get(..4)?;
    Some(DebugLink { name, crc: outline.layout.u32(crc) })
}

/// The file that a file shares debug information with, if it does.
pub(crate) fn alternate(file: &dyn ReadAt, outline: &Outline) -> Option<Alternate> {
    let bytes = section(file, outline, ".gnu_debugaltlink")?;
    let end = bytes.iter().position(|&byte| byte == 0)?;
    let name = String::from_utf8_lossy(&bytes[..end]).into_owned();
    Some(Alternate { name, build_id: bytes.get(end + 1..)?.to_vec() })
}

fn section(file: &dyn ReadAt, outline: &Outline, name: &str) -> Option<Vec<u8>> {
    let section = outline.section(name).filter(|section| section.in_file && section.size <= LONGEST)?;
    let mut bytes = vec![0; usize::try_from(section.size).ok()?];
    let n = file.read_at(section.offset, &mut bytes).ok()?;
    (n == bytes.as_slice().len()).then_some(bytes)
}
