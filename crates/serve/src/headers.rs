//! Reads the `[[headers]]` tables of `netlify.toml`, so that the hosted page and a local one are under one policy.
//!
//! It understands what that file uses and refuses, with the line, whatever it does not: a header that was
//! silently left out would be a hole in the privacy that the page promises. It must never guess.

use thiserror::Error;

/// Which headers go with which path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderRules {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rule {
    path: String,
    values: Vec<(String, String)>,
}

/// Why the `[[headers]]` tables could not be read. Lines count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeadersError {
    /// Inside a `[[headers]]` table stands something else than `key = "value"`.
    #[error("netlify.toml line {line}: write this as key = \"value\"")]
    NotAPair {
        /// Where.
        line: usize,
    },
    /// A `[[headers]]` table has a key that is not `for`.
    #[error("netlify.toml line {line}: only `for` may stand between [[headers]] and [headers.values]")]
    UnknownKey {
        /// Where.
        line: usize,
    },
    /// A path is not absolute, or has a `*` elsewhere than at its end.
    #[error("netlify.toml line {line}: a path begins with / and may have one *, at its end")]
    BadPath {
        /// Where.
        line: usize,
    },
    /// A name or value that may not be sent.
    #[error("netlify.toml line {line}: not a valid header name or value")]
    BadHeader {
        /// Where.
        line: usize,
    },
    /// A `[headers.values]` without a `[[headers]]` and its `for` before it.
    #[error("netlify.toml line {line}: [headers.values] needs [[headers]] and `for` before it")]
    NoPath {
        /// Where.
        line: usize,
    },
}

/// In which table a line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Table {
    Other,
    Headers,
    Values,
}

impl HeaderRules {
    /// Reads the text of `netlify.toml`. Tables that are not about headers are passed over.
    pub fn parse(netlify_toml: &str) -> Result<Self, HeadersError> {
        let mut rules: Vec<Rule> = Vec::new();
        let mut table = Table::Other;
        for (index, raw) in netlify_toml.lines().enumerate() {
            let line = index + 1;
            let text = raw.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            if text == "[[headers]]" {
                table = Table::Headers;
                rules.push(Rule::default());
                continue;
            }
            if text == "[headers.values]" {
                if rules.last().is_none_or(|rule| rule.path.is_empty()) {
                    return Err(HeadersError::NoPath { line });
                }
                table = Table::Values;
                continue;
            }
            if text.starts_with('[') {
                table = Table::Other;
                continue;
            }
            let Some(rule) = rules.last_mut().filter(|_| table != Table::Other) else { continue };
            let (key, value) = pair(text).ok_or(HeadersError::NotAPair { line })?;
            if table == Table::Headers {
                if key != "for" {
                    return Err(HeadersError::UnknownKey { line });
                }
                if !path_is_valid(value) {
                    return Err(HeadersError::BadPath { line });
                }
                value.clone_into(&mut rule.path);
            } else {
                if !header_is_valid(key, value) {
                    return Err(HeadersError::BadHeader { line });
                }
                rule.values.push((key.to_owned(), value.to_owned()));
            }
        }
        Ok(Self { rules })
    }

    /// The headers for a path that begins with `/`; where two rules name the same header, the later one counts.
    pub fn for_path(&self, path: &str) -> Vec<(&str, &str)> {
        let mut headers: Vec<(&str, &str)> = Vec::new();
        for rule in self.rules.iter().filter(|rule| matches(&rule.path, path)) {
            for (name, value) in &rule.values {
                headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
                headers.push((name, value));
            }
        }
        headers
    }
}

/// `key = "value"`, the key bare or quoted. No escapes: header values have no use for them.
fn pair(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once('=')?;
    let key = key.trim().trim_matches('"');
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    (!key.is_empty() && !value.contains(['"', '\\'])).then_some((key, value))
}

fn path_is_valid(path: &str) -> bool {
    path.starts_with('/') && !path.trim_end_matches('*').contains('*') && !path.ends_with("**")
}

fn header_is_valid(name: &str, value: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn matches(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => path == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::{HeaderRules, HeadersError};

    const TWO_RULES: &str = r#"
[build]
  command = "anything = [goes]"
[[headers]]
  for = "/*"
  [headers.values]
    # why
    X-A = "one; 'self'"
    Cache-Control = "no-cache"
[[headers]]
  for = "/v/*"
  [headers.values]
    cache-control = "immutable"
[context.production]
  x = 1
"#;

    #[test]
    fn later_rules_win_whatever_the_case() {
        let rules = HeaderRules::parse(TWO_RULES).unwrap();
        assert_eq!(rules.for_path("/"), [("X-A", "one; 'self'"), ("Cache-Control", "no-cache")]);
        assert_eq!(rules.for_path("/v/1/ui.js"), [("X-A", "one; 'self'"), ("cache-control", "immutable")]);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        let refused = |text: &str| HeaderRules::parse(text).unwrap_err();
        assert_eq!(refused("[[headers]]\nfor = /x"), HeadersError::NotAPair { line: 2 });
        assert_eq!(refused("[[headers]]\npath = \"/x\""), HeadersError::UnknownKey { line: 2 });
        assert_eq!(refused("[[headers]]\nfor = \"/*/x\""), HeadersError::BadPath { line: 2 });
        assert_eq!(refused("[[headers]]\n[headers.values]"), HeadersError::NoPath { line: 2 });
        assert_eq!(
            refused("[[headers]]\nfor = \"/\"\n[headers.values]\nX-\u{e9} = \"1\""),
            HeadersError::BadHeader { line: 4 }
        );
    }

    #[test]
    fn the_projects_own_file_is_understood_and_strict() {
        let rules = HeaderRules::parse(include_str!("../../../netlify.toml")).unwrap();
        let page = rules.for_path("/");
        let value = |name: &str| page.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let policy = value("Content-Security-Policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(policy.contains("connect-src 'self';"), "{policy}");
        assert!(!policy.contains("'unsafe-inline'") && !policy.contains("http"), "{policy}");
        assert_eq!(value("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(value("Cache-Control"), Some("no-cache"));
        let cached = rules.for_path("/v/0123/ui.js");
        assert!(cached.contains(&("Cache-Control", "public, max-age=31536000, immutable")), "{cached:?}");
    }

    #[test]
    fn the_page_carries_the_same_policy_in_its_meta_tag() {
        let rules = HeaderRules::parse(include_str!("../../../netlify.toml")).unwrap();
        let headers = rules.for_path("/");
        let policy = headers.iter().find(|(name, _)| *name == "Content-Security-Policy").unwrap().1;
        // A <meta> may not hold frame-ancestors: browsers ignore it there and complain.
        let (in_meta, _) = policy.split_once("; frame-ancestors").unwrap();
        let page = include_str!("../../../www/index.html");
        assert!(page.contains(&format!("content=\"{in_meta}\"")), "www/index.html and netlify.toml differ: {in_meta}");
    }
}
