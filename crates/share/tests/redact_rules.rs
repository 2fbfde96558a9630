//! The rules of redaction that hold for every kind: placeholders, switches, counts, overlaps, time.

use oopscope_share::{Kind, redact};
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn count(found: &[(Kind, u32)], kind: Kind) -> u32 {
    found.iter().find(|(found, _)| *found == kind).map_or(0, |(_, count)| *count)
}

#[test]
fn names_lead_back_to_their_kinds() {
    for kind in Kind::ALL {
        assert_eq!(Kind::from_name(kind.name()), Some(kind));
    }
    assert_eq!(Kind::from_name("colour"), None);
}

#[test]
fn pieces_tell_what_stood_there() {
    let redacted = redact("from 10.1.2.3 to 10.1.2.4, then 10.1.2.3", &[Kind::Ip]);
    let pieces: Vec<_> = redacted.pieces.iter().map(|piece| (piece.text.as_str(), piece.original.as_deref())).collect();
    let expected = [
        ("from ", None),
        ("<ip-1>", Some("10.1.2.3")),
        (" to ", None),
        ("<ip-2>", Some("10.1.2.4")),
        (", then ", None),
        ("<ip-1>", Some("10.1.2.3")),
    ];
    assert_eq!(pieces, expected);
    assert!(redacted.pieces.iter().all(|piece| piece.original.is_some() == (piece.kind == Some(Kind::Ip))));
}

#[test]
fn a_kind_that_is_off_is_counted_and_left() {
    let text = "10.1.2.3 52:54:00:12:34:56 10.1.2.4";
    let redacted = redact(text, &[Kind::Mac]);
    assert_eq!(redacted.text(), "10.1.2.3 <mac-1> 10.1.2.4");
    assert_eq!((count(&redacted.found, Kind::Ip), count(&redacted.found, Kind::Mac)), (2, 1));
    assert_eq!(redact(text, &[]).text(), text);
}

#[test]
fn a_kind_that_is_off_hides_nothing_from_the_others() {
    let text = "Linux version 6.6.0 (jane@web.acme.com) (gcc), usb: SerialNumber: 10.1.2.3 by host";
    let all = redact(text, &Kind::ALL).text();
    assert_eq!(all, "Linux version 6.6.0 (<email-1>) (gcc), usb: SerialNumber: <serial-1>");
    let no_serial = redact(text, &[Kind::Ip]).text();
    assert_eq!(no_serial, "Linux version 6.6.0 (jane@web.acme.com) (gcc), usb: SerialNumber: <ip-1> by host");
}

#[test]
fn a_text_that_was_redacted_before_keeps_its_placeholders_apart() {
    assert_eq!(redact("<ip-1> and 10.1.2.3", &Kind::ALL).text(), "<ip-1> and <ip-2>");
    let once = redact("Nov 21 11:45:11 web-3 kernel: at /home/jane/x from 10.1.2.3\n", &Kind::ALL).text();
    assert_eq!(redact(&once, &Kind::ALL).text(), once);
}

/// Pieces of lines from which hostile and ordinary texts are put together.
const PARTS: [&str; 40] = [
    "10.1.2.3",
    "1.",
    "fe80::1",
    "::",
    ":",
    "00:1f.2",
    "52:54:00:12:34:56",
    "-",
    "@",
    "jane",
    "acme.com",
    ".",
    "/home/",
    "\\Users\\",
    "UUID=",
    "1234abcd-01",
    "4e5cf2a1-7d3b-4c1e-9f60-12ab34cd56ef",
    " ",
    "\n",
    "\r\n",
    "\t",
    "SerialNumber: ",
    "serial=",
    "A1B2C3",
    "Nov 21 11:45:11 ",
    "web-3",
    " kernel: ",
    "Linux version 6.1 (",
    ") ",
    "hostname=",
    "\u{1b}[0m",
    "é",
    "<ip-1>",
    "<",
    ">",
    "\\\\",
    "iqn.2003-01.",
    "ip=",
    "by-id/",
    "//",
];

fn mixed_text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PARTS[..]), 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    // A failure that was found becomes a named test here, not a file beside it.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_originals_put_back_give_the_text(text in mixed_text(), mask in 0u8..128) {
        let on: Vec<Kind> = Kind::ALL.into_iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, kind)| kind).collect();
        let redacted = redact(&text, &on);
        let back: String = redacted.pieces.iter().map(|piece| piece.original.as_ref().unwrap_or(&piece.text).as_str()).collect();
        prop_assert_eq!(back, text);
        for kind in &on {
            let pieces = redacted.pieces.iter().filter(|piece| piece.kind == Some(*kind)).count();
            prop_assert_eq!(count(&redacted.found, *kind) as usize, pieces);
        }
    }

    #[test]
    fn any_text_is_taken(text in "\\PC*") {
        redact(&text, &Kind::ALL);
    }

    #[test]
    fn placeholders_and_originals_belong_together(text in mixed_text()) {
        let redacted = redact(&text, &Kind::ALL);
        let hidden: Vec<_> = redacted.pieces.iter().filter(|piece| piece.kind.is_some()).collect();
        for (one, other) in hidden.iter().zip(hidden.iter().skip(1)) {
            if one.original == other.original && one.kind == other.kind {
                prop_assert_eq!(&one.text, &other.text);
            }
            if one.text == other.text {
                prop_assert_eq!(one.kind, other.kind);
            }
        }
    }
}

/// Everything that could make a scanner look at the same bytes again and again. The bound is generous, for a slow
/// machine and a build without optimization; a scanner that is quadratic takes minutes.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test may measure")]
fn hostile_lines_cost_linear_time() {
    const SIZE: usize = if cfg!(debug_assertions) { 1 << 16 } else { 1 << 20 };
    let units = [
        "1.",
        "1",
        "a@",
        "a.b@c.de ",
        ":",
        "::",
        "1:",
        "00:",
        "00-",
        "-",
        "a-",
        "a.",
        "/home/",
        "\\Users\\",
        "\\\\",
        "\\\\a",
        "serial=",
        "SerialNumber: ",
        "uuid=",
        "1234abcd-",
        "\\x2d",
        "ip=",
        " ip=:",
        "iqn.2003-01.a:",
        "hostname=",
        "<",
        "<ip-",
        "Nov 21 ",
        "(",
        "Linux version (",
        "@",
        "4e5cf2a1-7d3b-4c1e-9f60-12ab34cd56ef ",
        "10.1.2.3 ",
        "\u{1b}[",
        "\u{1b}[0m",
        "a ",
        "\n",
        "root@a ",
        "é",
        "wwn ",
        "com.",
        "host=a,",
        "x86.com ",
    ];
    for unit in units {
        let text = unit.repeat(SIZE / unit.len());
        let start = Instant::now();
        redact(&text, &Kind::ALL);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(10), "{unit:?} repeated takes {took:?}");
    }
}
