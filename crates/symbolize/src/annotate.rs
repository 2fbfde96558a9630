//! A log's own lines with what symbolization found put into them.
//!
//! Must never change or drop a byte of the line: words are put in, in the forms that the log parser reads back. One thing
//! alone is replaced: an address that stands in the place of a symbol behind its own copy in brackets.

use oopscope_report::Frame;

/// A line with its source in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotated {
    /// Lines to be put before it, with its own end where it has one: the inlined functions, innermost first, with the
    /// line's own prefix.
    pub before: Vec<Vec<u8>>,
    /// The line itself, with its own end where it came with one.
    pub line: Vec<u8>,
}

/// Puts what symbolization found into one line of the log: ` f+0x1/0x2 [mod]` becomes ` f+0x1/0x2 [mod] fs/x.c:12`, after a
/// line ` g fs/x.h:3 [inline]` for each function that was inlined there.
///
/// `line` is the line's bytes, with or without its end; `frames` are those of the symbolized report with that number as
/// [`Frame::line`], in their order (inlined ones before the one that they are in). None where there is nothing to add.
pub fn annotate(line: &[u8], frames: &[&Frame]) -> Option<Annotated> {
    let own = frames.iter().position(|frame| !frame.inlined && frame.symbols.is_some())?;
    let frame = frames[own];
    let body = without_end(line);
    let end = &line[body.len()..];
    // The headline of a warning names its source itself, and nothing may come before it.
    if find(body, b"WARNING: ").is_some() {
        return None;
    }
    let slot = Slot::of(body, frame)?;
    let source = frame.file.as_deref().map(|file| source(file, frame.file_line));
    if slot.symbol.is_empty() && source.is_none() {
        return None;
    }
    let mut out = body[..slot.from].to_vec();
    out.extend_from_slice(slot.open);
    out.extend_from_slice(&body[slot.from..slot.to]);
    out.extend_from_slice(slot.close);
    out.extend_from_slice(slot.symbol.as_bytes());
    out.extend_from_slice(&body[slot.to_kept()..slot.end]);
    if let Some(source) = &source {
        out.push(b' ');
        out.extend_from_slice(source.as_bytes());
    }
    out.extend_from_slice(&body[slot.end..]);
    out.extend_from_slice(end);
    let inlined = frames[..own].iter().rev().take_while(|frame| frame.inlined && frame.symbols.is_some());
    let mut before: Vec<Vec<u8>> = inlined.filter_map(|frame| inlined_line(body, &slot, frame, end)).collect();
    before.reverse();
    Some(Annotated { before, line: out })
}

/// Where in a line the symbol is, or belongs.
struct Slot {
    /// What stands before the symbol: prefix, marks, an address in brackets.
    lead: usize,
    /// What is kept as it is, between `open` and `close`: nothing where the symbol is there already.
    from: usize,
    to: usize,
    /// What is replaced by `symbol`, from `to` on.
    replaced: usize,
    open: &'static [u8],
    close: &'static [u8],
    /// What is put there.
    symbol: String,
    /// Where the source goes: behind the symbol and its module.
    end: usize,
}

impl Slot {
    fn to_kept(&self) -> usize {
        self.to + self.replaced
    }

    fn of(body: &[u8], frame: &Frame) -> Option<Self> {
        let (name, offset, size) = (frame.function.as_deref()?, frame.offset?, frame.size?);
        let symbol = format!("{name}+{offset:#x}/{size:#x}");
        if let Some(at) = find_word(body, symbol.as_bytes()) {
            let end = behind_module(body, at + symbol.len());
            return Some(Self {
                lead: at,
                from: at,
                to: at,
                replaced: 0,
                open: b"",
                close: b"",
                symbol: String::new(),
                end,
            });
        }
        let address = u64::from_str_radix(frame.address.as_deref()?.strip_prefix("0x")?, 16).ok()?;
        let (from, to) = last_number(body, address)?;
        let module = frame.module.as_deref().map(|module| format!(" [{module}]")).unwrap_or_default();
        let symbol = format!("{symbol}{module}");
        if body[..from].ends_with(b"[<") && body[to..].starts_with(b">]") {
            // ` [<ffffffffc0a12345>]`: the symbol comes behind.
            let to = to + 2;
            let symbol = format!(" {symbol}");
            let slot = Self { lead: to, from: to, to, replaced: 0, open: b"", close: b"", symbol, end: to };
            return Some(slot);
        }
        let word = if body[..from].ends_with(b"0x") { from - 2 } else { from };
        if body[..word].ends_with(b">] ") {
            // ` [<ffffffffc0a12345>] 0xffffffffc0a12345`: it stands in the symbol's place.
            let slot =
                Self { lead: word, from: word, to: word, replaced: to - word, open: b"", close: b"", symbol, end: to };
            return Some(slot);
        }
        // ` 0xffffffffc0a12345`: put into the brackets of older kernels, behind which a symbol may come.
        let symbol = format!(" {symbol}");
        Some(Self { lead: word, from: word, to, replaced: 0, open: b"[<", close: b">]", symbol, end: to })
    }
}

/// The line of an inlined function.
fn inlined_line(body: &[u8], slot: &Slot, frame: &Frame, end: &[u8]) -> Option<Vec<u8>> {
    let (name, file) = (frame.function.as_deref()?, frame.file.as_deref()?);
    let mut lead = &body[..slot.lead];
    // arm: ` f from g+0x1/0x2`, `[<a>] (f) from [<b>] (g+0x1/0x2)`: what is inlined is called from nowhere.
    if let Some(from) = rfind(lead, b" from ") {
        let start = rfind(&lead[..from], b" [<").or_else(|| rfind(&lead[..from], b" ")).map_or(0, |at| at + 1);
        lead = &lead[..start];
    }
    let mut line = lead.to_vec();
    if slot.symbol.starts_with(' ') && lead.ends_with(b">]") {
        line.push(b' ');
    }
    line.extend_from_slice(format!("{name} {} [inline]", source(file, frame.file_line)).as_bytes());
    // What was opened before the symbol is closed behind it.
    if let Some(close @ (b')' | b'>')) = body.get(slot.end)
        && lead.len() == slot.lead
    {
        line.push(*close);
    }
    line.extend_from_slice(end);
    Some(line)
}

/// `fs/x.c:12`. The compiler has line 0 for what belongs to no line.
fn source(file: &str, line: Option<u32>) -> String {
    format!("{file}:{}", line.unwrap_or(0))
}

/// The end of a symbol with its module behind it: ` [mod]`, ` [mod build-id]`.
fn behind_module(body: &[u8], end: usize) -> usize {
    let rest = &body[end..];
    let Some(inside) = rest.strip_prefix(b" [") else { return end };
    let Some(length) = inside.iter().position(|&byte| byte == b']') else { return end };
    let ok = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b' ');
    if length > 0 && inside[..length].iter().all(ok) { end + 2 + length + 1 } else { end }
}

/// Where a symbol stands as a whole word.
fn find_word(body: &[u8], word: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = find(&body[from..], word).map(|at| at + from) {
        let is_name =
            |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$'));
        let before = at.checked_sub(1).and_then(|before| body.get(before));
        if !is_name(before) && !is_name(body.get(at + word.len())) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// The last run of hex digits with that value: its beginning and end.
fn last_number(body: &[u8], value: u64) -> Option<(usize, usize)> {
    let mut found = None;
    let mut at = 0;
    while at < body.len() {
        if !body[at].is_ascii_hexdigit() {
            at += 1;
            continue;
        }
        let end = body[at..].iter().position(|byte| !byte.is_ascii_hexdigit()).map_or(body.len(), |n| at + n);
        let digits = std::str::from_utf8(&body[at..end]).ok().filter(|digits| (7..=16).contains(&digits.len()));
        if digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()) == Some(value) {
            found = Some((at, end));
        }
        at = end;
    }
    found
}

/// A line without its end: `\n`, `\r\n`, and what a terminal's reset or blanks put before it stay with the end.
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut end = line.len();
    while end > 0 && line[end - 1] == b'\r' {
        end -= 1;
    }
    &line[..end]
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn rfind(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).rposition(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, offset: u64, size: u64, file: &str, line: u32) -> Frame {
        Frame {
            function: Some(function.into()),
            offset: Some(offset),
            size: Some(size),
            file: Some(file.into()),
            file_line: Some(line),
            symbols: Some(0),
            ..Frame::default()
        }
    }

    fn inline(function: &str, file: &str, line: u32) -> Frame {
        Frame { inlined: true, offset: None, size: None, ..frame(function, 0, 0, file, line) }
    }

    #[track_caller]
    fn check(line: &str, frames: &[Frame], want: &[&str]) {
        let frames: Vec<&Frame> = frames.iter().collect();
        let made = annotate(line.as_bytes(), &frames).unwrap_or_else(|| panic!("{line:?}"));
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
        let got: Vec<String> = made.before.iter().map(text).chain([text(&made.line)]).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn words_are_put_in_and_all_else_stays() {
        let own = frame("f", 1, 2, "fs/x.c", 12);
        check("[    1.2]  f+0x1/0x2\r\n", std::slice::from_ref(&own), &["[    1.2]  f+0x1/0x2 fs/x.c:12\r\n"]);
        check(" ? f+0x1/0x2 [m] (P)", std::slice::from_ref(&own), &[" ? f+0x1/0x2 [m] fs/x.c:12 (P)"]);
        check("xf+0x1/0x2 f+0x1/0x2", std::slice::from_ref(&own), &["xf+0x1/0x2 f+0x1/0x2 fs/x.c:12"]);
        check(
            "<4>[1] RIP: 0010:f+0x1/0x2 [m 0123]\n",
            &[inline("h", "a.h", 3), inline("g", "b.h", 4), own.clone()],
            &[
                "<4>[1] RIP: 0010:h a.h:3 [inline]\n",
                "<4>[1] RIP: 0010:g b.h:4 [inline]\n",
                "<4>[1] RIP: 0010:f+0x1/0x2 [m 0123] fs/x.c:12\n",
            ],
        );
        check(
            "[1] [<8015df40>] (e) from [<801559ec>] (f+0x1/0x2)",
            &[inline("g", "b.h", 4), own.clone()],
            &["[1] g b.h:4 [inline]", "[1] [<8015df40>] (e) from [<801559ec>] (f+0x1/0x2 fs/x.c:12)"],
        );
        check(
            "[1]  e from f+0x1/0x2",
            &[inline("g", "b.h", 4), own.clone()],
            &["[1]  g b.h:4 [inline]", "[1]  e from f+0x1/0x2 fs/x.c:12"],
        );
        check(
            "([<00000012>] f+0x1/0x2)",
            &[inline("g", "b.h", 4), own],
            &["([<00000012>] g b.h:4 [inline])", "([<00000012>] f+0x1/0x2 fs/x.c:12)"],
        );
    }

    #[test]
    fn bare_addresses_get_their_symbols() {
        let own = Frame {
            address: Some("0xffffffffc0a12345".into()),
            module: Some("bad_driver".into()),
            ..frame("f", 0x25, 0x50, "m.c", 42)
        };
        check(
            " [<ffffffffc0a12345>]",
            std::slice::from_ref(&own),
            &[" [<ffffffffc0a12345>] f+0x25/0x50 [bad_driver] m.c:42"],
        );
        check(
            " 0xffffffffc0a12345",
            std::slice::from_ref(&own),
            &[" [<0xffffffffc0a12345>] f+0x25/0x50 [bad_driver] m.c:42"],
        );
        check(
            " [<ffffffffc0a12345>] 0xffffffffc0a12345",
            std::slice::from_ref(&own),
            &[" [<ffffffffc0a12345>] f+0x25/0x50 [bad_driver] m.c:42"],
        );
        check(
            "IP: [<ffffffffc0a12345>]",
            &[inline("g", "b.h", 4), own],
            &["IP: [<ffffffffc0a12345>] g b.h:4 [inline]", "IP: [<ffffffffc0a12345>] f+0x25/0x50 [bad_driver] m.c:42"],
        );
    }

    #[test]
    fn nothing_to_add_is_none() {
        let frame = Frame { symbols: None, ..frame("f", 1, 2, "fs/x.c", 12) };
        assert_eq!(annotate(b" f+0x1/0x2", &[&frame]), None);
        let header = Frame { symbols: Some(0), ..frame };
        assert_eq!(annotate(b"WARNING: CPU: 0 PID: 1 at fs/x.c:12 f+0x1/0x2", &[&header]), None);
    }
}
