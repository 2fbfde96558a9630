//! Links to a source browser that the user names: a template with places for file, line and version. Must never know a
//! source browser of its own, and never give a link that is not http or https.

use oopscope_protocol::SourcePlace;

/// Under which name the template is remembered.
pub(crate) const SETTING: &str = "source-link";

/// What stands in a template for what.
pub(crate) const PLACES: [(&str, &str); 4] = [
    ("{path}", "the file: fs/ext4/inode.c"),
    ("{line}", "the line"),
    ("{release}", "the kernel's release: 6.1.0-50-amd64"),
    ("{version}", "kernel.org's number of it: 6.1"),
];

/// Why a template can't be used; nothing where it can, or is empty.
pub(crate) fn wrong(template: &str) -> Option<&'static str> {
    if template.is_empty() {
        None
    } else if !is_web(template) {
        Some("It must begin with https:// or http://.")
    } else if !template.contains("{path}") {
        Some("It must hold {path}.")
    } else {
        None
    }
}

fn is_web(address: &str) -> bool {
    let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with(['/', '{']))
}

/// The address of a place, or why there is none.
pub(crate) fn link(template: &str, place: &SourcePlace) -> Result<String, &'static str> {
    if let Some(why) = wrong(template).or(template.is_empty().then_some("No source browser is named.")) {
        return Err(why);
    }
    let value = |value: &Option<String>, name: &str| match value {
        _ if !template.contains(name) => Ok(String::new()),
        Some(value) => Ok(escaped(value)),
        None => Err("Its kernel's version is not known, and the template wants it."),
    };
    let release = value(&place.release, "{release}")?;
    let version = value(&place.version, "{version}")?;
    Ok(template
        .replace("{line}", &place.line.to_string())
        .replace("{release}", &release)
        .replace("{version}", &version)
        .replace("{path}", &escaped(&place.path)))
}

/// As it stands in the path of an address (RFC 3986, pchar and "/").
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~+/@,:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> SourcePlace {
        SourcePlace {
            path: "fs/a b\"<c.c".to_owned(),
            line: 42,
            release: Some("6.1.0-50-amd64".to_owned()),
            version: Some("6.1".to_owned()),
            ..SourcePlace::default()
        }
    }

    #[test]
    fn places_are_put_in_and_escaped() {
        let link = |template| link(template, &place());
        assert_eq!(
            link("https://e.org/v{version}/{path}#L{line}").unwrap(),
            "https://e.org/v6.1/fs/a%20b%22%3Cc.c#L42"
        );
        assert_eq!(link("http://e.org/{path}?v={release}").unwrap(), "http://e.org/fs/a%20b%22%3Cc.c?v=6.1.0-50-amd64");
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        for template in [
            "javascript:alert(1)//{path}",
            "data:text/html,{path}",
            "https://",
            "https:///{path}",
            "https://{path}",
            "{path}",
        ] {
            assert!(link(template, &place()).is_err(), "{template}");
        }
        assert_eq!(wrong(""), None, "none is wanted");
        assert!(link("", &place()).is_err());
        assert!(wrong("https://e.org/").is_some());
    }

    #[test]
    fn a_version_that_is_not_known_is_said() {
        let unknown = SourcePlace { release: None, version: None, ..place() };
        assert!(link("https://e.org/{release}/{path}", &unknown).is_err());
        assert!(link("https://e.org/{path}", &unknown).is_ok());
    }
}
