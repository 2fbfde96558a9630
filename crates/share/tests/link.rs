//! The permalink: what goes in comes out, and whatever is done to a link on its way is noticed and survived.

use oopscope_share::link::{MAX_FRAGMENT, MAX_LINK, MAX_PAYLOAD};
use oopscope_share::{EncodeError, Link, LinkProblem, View, decode, encode};
use proptest::prelude::*;

const TEXT: &str = "[   12.345678] BUG: kernel NULL pointer dereference, address: 0000000000000008\n\
    [   12.345678] #PF: supervisor write access in kernel mode\n\
    [   12.345678] RIP: 0010:crash_irq_work+0x1e/0x30 [oopscope_crash] – ümlaut\n";

fn link() -> Link {
    let view = View { first: 438, line: Some(445), tab: Some("report".into()), report: Some(0) };
    Link { view, text: TEXT.into() }
}

fn fragment() -> String {
    encode(&link()).expect("a short text fits")
}

#[track_caller]
fn check_whole(fragment: &str) {
    let decoded = decode(fragment);
    assert_eq!((decoded.problem, decoded.link), (None, link()), "decoding {fragment:?}");
}

#[test]
fn a_link_is_read_with_and_without_its_address() {
    let fragment = fragment();
    check_whole(&fragment);
    check_whole(&format!("#{fragment}"));
    check_whole(&format!("https://oopscope.example/#{fragment}"));
}

#[test]
fn a_view_is_optional() {
    let link = Link { view: View::default(), text: "x".into() };
    let decoded = decode(&encode(&link).expect("a short text fits"));
    assert_eq!((decoded.link, decoded.problem), (link, None));
}

#[test]
fn what_mail_and_chat_do_to_a_link_is_undone() {
    let fragment = fragment();
    let (start, end) = fragment.split_at(60);
    for glue in ["\n", "\r\n", " ", "=\n", "=\r\n", "\n> ", "\n> > ", "\n  ", "%0A", "%20", "=", "%3E%20"] {
        check_whole(&format!("{start}{glue}{end}"));
    }
    for tail in [">", ".", ")", ",", ").", "\n", " and more", "> said Jane", "&x=1", "…", "%3E", "\" rel=x"] {
        check_whole(&format!("{fragment}{tail}"));
    }
    let encoded: Vec<_> = fragment.bytes().map(|byte| format!("%{byte:02x}")).collect();
    check_whole(&encoded.concat());
    check_whole(&format!("  {}", fragment.replace('.', "%2E")));
}

#[test]
fn something_else_is_not_a_link() {
    for other in [
        "",
        "#",
        "o",
        "o1",
        "o.abc",
        "o0.abc",
        "x1.abc",
        "?a=x86_64&v=6.14&z=123",
        "o99999999999.abc",
        "über",
        "%",
        "%6",
    ] {
        assert_eq!(decode(other).problem, Some(LinkProblem::NotALink), "decoding {other:?}");
    }
}

#[test]
fn a_cut_link_says_how_much_there_is() {
    let fragment = fragment();
    let decoded = decode(&fragment[..200]);
    let read = decoded.link.text.len();
    assert!(read > 40 && read < TEXT.len(), "{decoded:?}");
    assert_eq!(decoded.link.view, link().view);
    assert_eq!(decoded.problem, Some(LinkProblem::CutOff { characters: 200, read, of: TEXT.len() }));
    assert!(matches!(decode("o1.").problem, Some(LinkProblem::CutOff { read: 0, .. })));
}

#[test]
fn a_newer_link_is_shown_where_its_layout_is_the_same() {
    let newer = fragment().replacen("o1.", "o2.", 1);
    let decoded = decode(&newer);
    assert_eq!(decoded.link, link());
    assert_eq!(decoded.problem, Some(LinkProblem::Newer { version: 2, readable: true }));
    assert_eq!(decode("o3.AAAAAAAA").problem, Some(LinkProblem::Newer { version: 3, readable: false }));
}

#[test]
fn too_much_is_refused_in_both_directions() {
    // Hardly compressible: a linear congruential generator's digits.
    let noise: String = (0..20_000u64)
        .scan(1u64, |state, _| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Some(format!("{:08x}", *state >> 32))
        })
        .collect();
    let result = encode(&Link { text: noise, ..Link::default() });
    assert!(matches!(result, Err(EncodeError::LinkTooLong { length }) if length > MAX_LINK), "{result:?}");

    let zeros = Link { text: "0".repeat(MAX_PAYLOAD), ..Link::default() };
    assert_eq!(encode(&zeros), Err(EncodeError::TextTooLong { bytes: MAX_PAYLOAD }));

    let long = format!("o1.{}", "A".repeat(MAX_FRAGMENT));
    assert_eq!(decode(&long).problem, Some(LinkProblem::FragmentTooLarge));
}

#[test]
fn a_small_link_that_inflates_to_much_is_cut() {
    use base64::Engine as _;
    let payload = vec![b'\n'; MAX_PAYLOAD + 10];
    let mut body = vec![0; 5];
    body.extend(miniz_oxide::deflate::compress_to_vec(&payload, 6));
    let fragment = format!("o1.{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(body));
    let decoded = decode(&fragment);
    assert_eq!(decoded.problem, Some(LinkProblem::TextTooLarge));
    assert_eq!(decoded.link.text.len(), MAX_PAYLOAD - 1);
}

#[test]
fn every_truncation_gives_the_beginning_and_says_so() {
    let fragment = fragment();
    for length in 3..fragment.len() {
        let decoded = decode(&fragment[..length]);
        assert!(
            matches!(decoded.problem, Some(LinkProblem::CutOff { characters, .. }) if characters == length),
            "{decoded:?}"
        );
        assert!(TEXT.starts_with(&decoded.link.text), "{decoded:?}");
    }
}

#[test]
fn problems_tell_what_to_do() {
    let problems = [
        (LinkProblem::CutOff { characters: 7, read: 2, of: 9 }, "cut off after 7 characters"),
        (LinkProblem::Newer { version: 2, readable: true }, "newer Oopscope (format o2, this one reads o1)"),
        (LinkProblem::Damaged { read: 5 }, "damaged"),
    ];
    for (problem, words) in problems {
        assert!(problem.to_string().contains(words), "{problem}");
    }
}

proptest! {
    // A failure that was found becomes a named test here, not a file beside it.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_makes_the_round(
        text in "[\\PC\n\r\t\u{1b}]{0,400}", first in any::<u64>(), line in any::<Option<u64>>(),
        tab in prop::option::of("\\PC{0,12}"), report in any::<Option<u32>>(),
    ) {
        let link = Link { view: View { first, line, tab, report }, text };
        let fragment = encode(&link).expect("a short text fits");
        let decoded = decode(&fragment);
        prop_assert_eq!(decoded.problem, None);
        prop_assert_eq!(decoded.link, link);
    }

    #[test]
    fn any_truncation_gives_the_beginning(text in "[a-f \n\\PC]{0,400}", cut in any::<prop::sample::Index>()) {
        let fragment = encode(&Link { text: text.clone(), ..Link::default() }).expect("a short text fits");
        let length = 3 + cut.index(fragment.len() - 3);
        let decoded = decode(&fragment[..length]);
        prop_assert!(matches!(decoded.problem, Some(LinkProblem::CutOff { .. })), "{:?}", decoded);
        prop_assert!(text.starts_with(&decoded.link.text), "{:?}", decoded);
    }

    #[test]
    fn no_changed_character_goes_unnoticed(at in any::<prop::sample::Index>(), new in any::<char>()) {
        let fragment = fragment();
        let at = at.index(fragment.len());
        let changed = format!("{}{new}{}", &fragment[..at], &fragment[at + 1..]);
        let decoded = decode(&changed);
        prop_assert!(decoded.problem.is_some() || decoded.link.text == TEXT, "{:?}", decoded);
    }

    #[test]
    fn no_changed_bit_goes_unnoticed(at in any::<prop::sample::Index>(), bit in 0u32..7) {
        let mut bytes = fragment().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let decoded = decode(&String::from_utf8_lossy(&bytes));
        prop_assert!(decoded.problem.is_some() || decoded.link.text == TEXT, "{:?}", decoded);
    }

    #[test]
    fn any_string_is_taken(text in "\\PC{0,200}", body in "(o[0-9]{1,3}\\.)?[A-Za-z0-9_%=> -]{0,300}") {
        decode(&text);
        decode(&body);
    }
}
