//! The kernel's build-id. Must never say one that the kernel's own notes contradict.

use crate::Kernel;

/// Notes of a kernel image: build-id, Xen's, a few more.
const LONGEST_NOTES: u64 = 64 << 10;
/// `NT_GNU_BUILD_ID`.
const GNU_BUILD_ID: u32 = 3;

impl Kernel {
    /// The build-id in hex, and where it was read.
    ///
    /// Some stable kernels of 2024 (5.15.168, 6.1.113, 6.6.55, 6.11.3 and the following) put garbage into VMCOREINFO's
    /// BUILD-ID: the ELF notes in the kernel's image are what counts, wherever they can be read.
    pub fn build_id(&self) -> Option<(String, &'static str)> {
        let from_notes = self.symbol("__start_notes").zip(self.symbol("__stop_notes")).and_then(|(start, stop)| {
            let length = stop.checked_sub(start).filter(|&length| length <= LONGEST_NOTES)?;
            let mut notes = vec![0; usize::try_from(length).ok()?];
            self.read(start, &mut notes).ok()?;
            self.find_build_id(&notes)
        });
        from_notes.map(|id| (id, "the image's notes")).or_else(|| {
            let told = self.info.text("BUILD-ID")?;
            let plausible = (16..=64).contains(&told.len()) && told.bytes().all(|byte| byte.is_ascii_hexdigit());
            plausible.then(|| (told.to_ascii_lowercase(), "VMCOREINFO"))
        })
    }

    fn find_build_id(&self, notes: &[u8]) -> Option<String> {
        let mut rest = notes;
        while rest.len() >= 12 {
            let word = |at: usize| self.layout.u32(&rest[at..]) as usize;
            let (name_size, size, kind) = (word(0), word(4), self.layout.u32(&rest[8..]));
            let begins = 12_usize.checked_add(name_size.checked_next_multiple_of(4)?)?;
            let ends = begins.checked_add(size)?;
            let name = rest.get(12..12_usize.checked_add(name_size)?)?;
            let body = rest.get(begins..ends)?;
            if kind == GNU_BUILD_ID && name == b"GNU\0" && (8..=32).contains(&size) {
                return Some(hex(body));
            }
            rest = rest.get(ends.checked_next_multiple_of(4)?..)?;
        }
        None
    }
}

/// Bytes in hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}
