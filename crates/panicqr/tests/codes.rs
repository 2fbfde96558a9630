//! Addresses and pictures of codes, made by other programs (tests/fixtures/channels/drm-panic), give the log again.

use oopscope_panicqr::{AddressProblem, PictureForm, PictureProblem, read_address, read_picture};

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/fixtures/channels/drm-panic/{name}", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "a test's own input")]
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

#[test]
fn both_ways_to_write_digits_give_the_log() {
    for name in ["z.url", "zl.txt"] {
        let log = read_address(&text(name)).expect("it is an address").unwrap();
        assert!(log.text == text("expected.log") && !log.cut, "{name}: {}", log.text);
        assert_eq!(log.architecture.as_deref(), Some("x86_64"));
        assert_eq!(log.release.as_deref(), Some("6.12.107 deb13-amd64"));
    }
}

#[test]
fn an_address_survives_what_mail_does_to_it() {
    let address = text("zl.txt");
    let fragment = address.split_once('#').unwrap().1;
    let at = address.len() / 2;
    let broken = format!("> see <{}\r\n> {}> please", &address[..at], address[at..].trim_end());
    for text in [fragment, fragment.trim_start_matches('?'), &format!("the link: {address} and more"), &broken] {
        let log = read_address(text).unwrap_or_else(|| panic!("not seen in {text}")).unwrap();
        assert!(log.text.contains("Kernel panic - not syncing"), "{text}");
    }
    for text in ["", "https://example.org/#?a=x86_64", "https://example.org/?z=12345", "a=1&z=", "[    1.0] x&z=1"] {
        assert_eq!(read_address(text), None, "{text}");
    }
}

#[test]
fn of_a_cut_address_comes_what_there_is() {
    for name in ["z.url", "zl.txt"] {
        let address = text(name);
        let address = address.trim_end();
        let whole = text("expected.log");
        let log = read_address(&address[..address.len() * 2 / 3]).unwrap().unwrap();
        assert!(log.cut && whole.starts_with(&log.text) && log.text.len() > whole.len() / 3, "{name}: {log:?}");
        let from = address.find("z=").or_else(|| address.find("zl=")).unwrap();
        for at in (from..address.len()).step_by(11) {
            let mut damaged = address.to_owned();
            damaged.replace_range(at..=at, "9");
            drop(read_address(&damaged));
        }
    }
    let garbage = format!("https://example.org/#?a=x86_64&v=6&z={}", "12345678901234567".repeat(40));
    assert_eq!(read_address(&garbage), Some(Err(AddressProblem::Digits)));
}

#[test]
fn a_screenshot_and_a_photo_give_the_log() {
    for (name, form) in [("screen.png", PictureForm::Png), ("photo.jpg", PictureForm::Jpeg)] {
        let bytes = fixture(name);
        assert_eq!(PictureForm::of(&bytes), Some(form));
        let log = read_picture(&bytes).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(log.text, text("expected.log"), "{name}");
    }
    let log = read_picture(&fixture("text.png")).unwrap();
    assert!(text("expected.log").ends_with(&log.text) && log.release.is_none(), "{log:?}");
}

#[test]
fn a_grey_map_from_the_page_gives_the_log() {
    let log = read_picture(&fixture("code.pgm")).unwrap();
    assert_eq!(log.text, "[    1.000000] BUG: x\n[    1.000001] y\n");
    let mut map = b"P5\n# a comment\n8 8\n255\n".to_vec();
    map.extend([255; 64]);
    assert_eq!(PictureForm::of(&map), Some(PictureForm::Pgm));
    assert_eq!(read_picture(&map), Err(PictureProblem::NoCode));
    assert_eq!(PictureForm::of(b"P5 is a processor\n"), None);
}

#[test]
fn bad_pictures_are_refused_with_a_reason() {
    for name in ["screen.png", "photo.jpg"] {
        let whole = fixture(name);
        for len in [3, 8, 20, 40, whole.len() / 2] {
            assert!(read_picture(&whole[..len]).is_err(), "{name} cut at {len}");
        }
    }
    let mut huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\x01\0\0\0\x01\0\0\x08\0\0\0\0".to_vec();
    huge.extend([0; 4]);
    assert_eq!(read_picture(&huge), Err(PictureProblem::TooLarge));
    let mut map = b"P5 100 100 255\n".to_vec();
    map.extend([0; 9999]);
    assert_eq!(read_picture(&map), Err(PictureProblem::Damaged));
    assert_eq!(read_picture(b"P5 99999 99999 255\n"), Err(PictureProblem::TooLarge));
}
