//! What the scanners have in common: boundaries of words, and looking back a bounded way.
//!
//! Nothing here may look at more than a bounded number of bytes around a position: that is what keeps the scanners
//! linear on hostile input.

/// How far back a scanner looks for the word that tells what a value is.
pub(super) const LOOK_BACK: usize = 32;

/// Letters, digits and `_`.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The byte before a position.
pub(super) fn before(bytes: &[u8], at: usize) -> Option<u8> {
    at.checked_sub(1).map(|at| bytes[at])
}

/// Whether no word is under way at a position: what begins there stands by itself.
pub(super) fn starts_word(bytes: &[u8], at: usize) -> bool {
    before(bytes, at).is_none_or(|byte| !is_word(byte)) || ends_escape(bytes, at)
}

/// Whether what ends at a position is not continued by a letter, digit or `_`.
pub(super) fn ends_word(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_none_or(|&byte| !is_word(byte))
}

/// Whether a colour sequence (`ESC [ … m`, as `dmesg --color=always` writes) ends at a position: its last letter is
/// no part of the word that follows.
fn ends_escape(bytes: &[u8], at: usize) -> bool {
    const LONGEST: usize = 16;
    let head = &bytes[at.saturating_sub(LONGEST)..at];
    let Some((b'm', parameters)) = head.split_last() else { return false };
    let start = parameters.iter().rposition(|byte| !byte.is_ascii_digit() && *byte != b';');
    start.is_some_and(|start| start >= 1 && parameters[start] == b'[' && parameters[start - 1] == 0x1b)
}

/// Length of the run of bytes, from a position on, that all satisfy `wanted`.
pub(super) fn run(bytes: &[u8], at: usize, wanted: impl Fn(u8) -> bool) -> usize {
    bytes.get(at..).map_or(0, |rest| rest.iter().take_while(|&&byte| wanted(byte)).count())
}

/// The bytes before a position that are on the same line, at most `most` of them.
pub(super) fn line_before(bytes: &[u8], at: usize, most: usize) -> &[u8] {
    let head = &bytes[at.saturating_sub(most)..at];
    match memchr::memrchr(b'\n', head) {
        Some(newline) => &head[newline + 1..],
        None => head,
    }
}

/// The word before a position, past blanks and the punctuation between a name and its value.
pub(super) fn word_before(bytes: &[u8], at: usize) -> &[u8] {
    let head = line_before(bytes, at, LOOK_BACK);
    let end = head.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b':' | b'=' | b'(' | b'"' | b'\''));
    let head = &head[..end.map_or(0, |end| end + 1)];
    let start = head.iter().rposition(|&byte| !is_word(byte)).map_or(0, |start| start + 1);
    &head[start..]
}

/// Whether a word, in any case, is one of a list in lower case.
pub(super) fn is_one_of(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

/// Where some text first stands in a piece of the log, in any case. `wanted` is in lower case.
pub(super) fn position(piece: &[u8], wanted: &str) -> Option<usize> {
    let first = *wanted.as_bytes().first()?;
    memchr::memchr2_iter(first, first.to_ascii_uppercase(), piece).find(|&at| stands_at(piece, at, wanted))
}

/// Whether some text, in any case, stands in a piece of the log. `wanted` is in lower case.
pub(super) fn contains(piece: &[u8], wanted: &str) -> bool {
    position(piece, wanted).is_some()
}

/// Whether some text, in any case, stands at a position.
pub(super) fn stands_at(bytes: &[u8], at: usize, wanted: &str) -> bool {
    bytes.get(at..at + wanted.len()).is_some_and(|piece| piece.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// Lines of a text with the position of each, without `\n` and `\r`.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}
