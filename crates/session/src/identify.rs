//! What is it? Judges by an input's first bytes whether it is the text of a log.
//!
//! This module must never refuse a log for a little dirt: serial lines give NULs and noise at power-up. It refuses
//! what could only show garbage, and says what that looks like.

/// How many bytes of the beginning are looked at.
pub(crate) const HEAD: usize = 64 << 10;

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Text, perhaps with some dirt in it.
    Text,
    /// No bytes, or white space alone.
    Empty,
    /// NUL bytes alone.
    Nuls,
    /// A known binary format.
    Known(&'static Known),
    /// A dump of memory.
    Dump(&'static Known),
    /// An ELF file that is no dump.
    Elf(&'static Known),
    /// Some other binary data.
    Binary,
}

/// A format known by its magic number.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Known {
    at: usize,
    magic: &'static [u8],
    /// What it is, after "it is".
    pub(crate) what: &'static str,
    /// What to do to get at a log.
    pub(crate) advice: &'static str,
}

const DUMP: &str =
    "Read it as a dump: oopscope core FILE. On the page, drop it by itself, or with its other parts and its vmlinux.";
const PACKED: &str = "Unpack it first and open the log file that is inside.";
const NOT_A_LOG: &str = "Give the kernel log as text: a serial console's log, the output of dmesg or of journalctl -k.";

const ELF_CORE: Known =
    Known { at: 0, magic: b"\x7fELF", what: "an ELF core dump (a vmcore has this form)", advice: DUMP };

const ELF: Known = Known {
    at: 0,
    magic: b"\x7fELF",
    what: "an ELF file (a vmlinux, a module or a program)",
    advice: "It holds no log. Give the kernel log as text; a vmlinux goes with the dump that it belongs to.",
};

/// Dumps of memory, by what `crates/dump` reads.
const DUMPS: &[Known] = &[
    Known { at: 0, magic: b"KDUMP   ", what: "a compressed kdump (made by makedumpfile)", advice: DUMP },
    Known { at: 0, magic: b"DISKDUMP", what: "a diskdump", advice: DUMP },
    Known { at: 0, magic: b"makedumpfile\0", what: "a kdump in makedumpfile's flattened form", advice: DUMP },
    Known { at: 0, magic: b"EMiL", what: "memory as LiME writes it", advice: DUMP },
    Known { at: 0, magic: b"AVML", what: "memory as AVML writes it", advice: DUMP },
];

/// Formats that people have at hand when they look for a log.
const KNOWN: &[Known] = &[
    Known { at: 0, magic: b"PAGEDU", what: "a crash dump of Windows", advice: NOT_A_LOG },
    Known {
        at: 0,
        magic: b"LPKSHHRH",
        what: "a file of the systemd journal",
        advice: "Turn it into text: journalctl --file FILE -k -o short-monotonic > log.txt",
    },
    Known { at: 0, magic: b"BZh", what: "a bzip2 archive", advice: "Unpack it first: bzcat FILE > log.txt" },
    Known { at: 0, magic: b"7z\xbc\xaf\x27\x1c", what: "a 7z archive", advice: PACKED },
    Known {
        at: 0,
        magic: b"%PDF-",
        what: "a PDF document",
        advice: "Copy the text of the log out of it and paste it.",
    },
];

/// Judges by the beginning of an input ([`HEAD`] bytes, or all there are).
pub(crate) fn identify(head: &[u8]) -> Content {
    if head.iter().all(u8::is_ascii_whitespace) {
        return Content::Empty;
    }
    if head.iter().all(|&byte| byte == 0) {
        return Content::Nuls;
    }
    let is = |known: &&Known| head.get(known.at..).is_some_and(|rest| rest.starts_with(known.magic));
    if is(&&ELF) {
        // e_type is at 16, little- or big-endian; ET_CORE is 4.
        let core = matches!(head.get(16..18), Some([4, 0] | [0, 4]));
        return if core { Content::Dump(&ELF_CORE) } else { Content::Elf(&ELF) };
    }
    if let Some(dump) = DUMPS.iter().find(is) {
        return Content::Dump(dump);
    }
    if let Some(known) = KNOWN.iter().find(is) {
        return Content::Known(known);
    }
    if is_text(head) { Content::Text } else { Content::Binary }
}

/// True when at most three bytes in ten could not stand in a text.
pub(crate) fn is_text(sample: &[u8]) -> bool {
    let control = sample.iter().filter(|&&byte| is_odd_control(byte)).count();
    let not_utf8: usize = sample.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    (control + not_utf8) * 10 <= sample.len() * 3
}

/// Control characters that no console prints: all but BEL, BS, HT, LF, VT, FF, CR and ESC.
fn is_odd_control(byte: u8) -> bool {
    byte == 0x7f || (byte < 0x20 && !matches!(byte, 0x07..=0x0d | 0x1b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(head: &[u8]) -> &'static str {
        match identify(head) {
            Content::Known(known) | Content::Dump(known) | Content::Elf(known) => known.what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn formats_are_known_by_their_magic() {
        let mut elf = *b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0\x3e\0";
        assert!(what(&elf).contains("vmcore"));
        elf[16] = 2;
        assert!(what(&elf).contains("vmlinux"));
        assert!(what(b"KDUMP   \x06\0\0\0Linux").contains("kdump"));
        assert!(what(b"makedumpfile\0\0\0\0").contains("flattened"));
        assert!(matches!(identify(b"EMiL\x01\0\0\0"), Content::Dump(_)));
        assert!(matches!(identify(&elf), Content::Elf(_)));
        assert!(what(b"BZh91AY").contains("bzip2"));
        assert!(what(b"LPKSHHRH\0").contains("journal"));
    }

    #[test]
    fn dirt_does_not_make_a_log_binary() {
        let mut log = vec![0; 40];
        log.extend(b"\xff\xfc\x80\x00 noise at power-up ".repeat(3));
        log.extend(b"[    0.000000] Linux version 6.1.0\r\n\x1b[0;32mok\x1b[0m\n".repeat(20));
        assert_eq!(identify(&log), Content::Text);
    }

    #[test]
    fn what_only_shows_garbage_is_refused() {
        // A generator of bytes that look compressed: xorshift.
        let mut state = 0x9e37_79b9_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[1]
        })
        .take(4096)
        .collect();
        assert_eq!(identify(&noise), Content::Binary);
        assert_eq!(identify(&[0; 4096]), Content::Nuls);
        assert_eq!(identify(b" \r\n\t\n"), Content::Empty);
    }
}
