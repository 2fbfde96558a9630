//! What channels write in place of characters that they can't carry, put back.
//!
//! Must never make more of a line than it was, and must leave alone what only looks like an escape.

use std::borrow::Cow;

/// How a channel escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    None,
    /// `/dev/kmsg`: `\x0a` for what can't be printed (kernel/printk/printk.c, `append_char`).
    Kmsg,
    /// JSON strings, which YAML's double-quoted ones include.
    Json,
    /// YAML's single-quoted strings: a quote is written twice.
    Yaml,
    /// rsyslog's `$EscapeControlCharactersOnReceive`: `#011`, three octal digits.
    Syslog,
}

/// Reads one escape at the start of a text: the character, and how many bytes stand for it.
type Read = fn(&str) -> Option<(char, usize)>;

impl Escape {
    pub(super) fn undo(self, text: Cow<'_, str>) -> Cow<'_, str> {
        let (mark, one): (char, Read) = match self {
            Self::None => return text,
            Self::Kmsg => ('\\', kmsg),
            Self::Json => ('\\', json),
            Self::Yaml => ('\'', |text| text.starts_with("''").then_some(('\'', 2))),
            Self::Syslog => ('#', syslog),
        };
        replace(text, mark, one)
    }
}

/// HTML's entities, as they come with a log that was copied out of a page's source or out of a tracker's export.
pub(super) fn entities(text: &str) -> Cow<'_, str> {
    replace(Cow::Borrowed(text), '&', entity)
}

/// Replaces what `one` knows at each `mark`: the character, and how many bytes stood for it.
fn replace(text: Cow<'_, str>, mark: char, one: Read) -> Cow<'_, str> {
    let mut out = String::new();
    let mut done = 0;
    let mut from = 0;
    while let Some(at) = text[from..].find(mark) {
        let at = from + at;
        match one(&text[at..]) {
            Some((c, length)) => {
                out.push_str(&text[done..at]);
                // A line stays a line: an escaped end of one is a space here, or nothing at the very end.
                match c {
                    '\n' | '\r' => out.push_str(if at + length < text.len() { " " } else { "" }),
                    c => out.push(c),
                }
                done = at + length;
                from = done;
            }
            None => from = at + mark.len_utf8(),
        }
    }
    if done == 0 {
        return text;
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

fn entity(text: &str) -> Option<(char, usize)> {
    const NAMED: [(&str, char); 6] =
        [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"'), ("&apos;", '\''), ("&nbsp;", ' ')];
    if let Some((name, c)) = NAMED.iter().find(|(name, _)| text.starts_with(name)) {
        return Some((*c, name.len()));
    }
    let number = text.strip_prefix("&#")?;
    let end = number.bytes().take(8).position(|b| b == b';')?;
    let code = match number[..end].strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number[..end].parse().ok()?,
    };
    let c = char::from_u32(code).filter(|c| !c.is_control())?;
    Some((c, "&#;".len() + end))
}

fn kmsg(text: &str) -> Option<(char, usize)> {
    let digits = text.strip_prefix("\\x")?.get(..2)?;
    let byte = u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii)?;
    Some((char::from(byte), 4))
}

fn json(text: &str) -> Option<(char, usize)> {
    let c = match text.as_bytes().get(1)? {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => {
            let code = u32::from_str_radix(text.get(2..6)?, 16).ok()?;
            return Some((char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 6));
        }
        quoted @ (b'"' | b'\\' | b'/') => char::from(*quoted),
        _ => return None,
    };
    Some((c, 2))
}

fn syslog(text: &str) -> Option<(char, usize)> {
    let digits = text.get(1..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let byte = u8::from_str_radix(digits, 8).ok().filter(u8::is_ascii_control)?;
    Some((char::from(byte), 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(escape: Escape, text: &str, plain: &str) {
        assert_eq!(escape.undo(Cow::Borrowed(text)), plain, "{text}");
    }

    #[test]
    fn each_channel_has_its_own() {
        check(Escape::Kmsg, r"a\x09b \x5cx", "a\tb \\x");
        check(Escape::Kmsg, r"\xzz \x", r"\xzz \x");
        check(Escape::Json, r#"\"a\" \\ \u003ctask\u003e \/"#, r#""a" \ <task> /"#);
        check(Escape::Yaml, "it''s", "it's");
        check(Escape::Syslog, "a#011b#012", "a\tb");
        check(Escape::Syslog, "a#012b CPU#1 irq #123", "a b CPU#1 irq #123");
        check(Escape::None, r"a\x09 #011", r"a\x09 #011");
    }

    #[test]
    fn entities_of_pages() {
        assert_eq!(entities(" &lt;TASK&gt; &amp;x &#39;a&#x27; &quot;"), " <TASK> &x 'a' \"");
        assert_eq!(entities("a & b &unknown; &#7; &#"), "a & b &unknown; &#7; &#");
        assert!(matches!(entities("&x"), Cow::Borrowed(_)));
    }
}
