//! Where a search text occurs in a line, so that the row can mark it. Must never make markup: it gives pieces of
//! text, which the row turns into text nodes.

/// A piece of a line, and whether it is an occurrence.
pub type Part<'a> = (&'a str, bool);

/// The most occurrences that are marked in one line.
const MAX_MARKS: usize = 200;

/// The line cut at the occurrences of `needle`, ignoring ASCII case: the same rule as the engine's search.
pub fn parts<'a>(line: &'a str, needle: &str) -> Vec<Part<'a>> {
    let mut out = Vec::new();
    let mut rest = line;
    if !needle.is_empty() {
        while out.len() < 2 * MAX_MARKS {
            let Some(at) = find(rest, needle) else { break };
            let (before, from) = rest.split_at(at);
            let (hit, after) = from.split_at(needle.len());
            if !before.is_empty() {
                out.push((before, false));
            }
            out.push((hit, true));
            rest = after;
        }
    }
    if !rest.is_empty() {
        out.push((rest, false));
    }
    out
}

/// Where `needle` first occurs, ignoring ASCII case.
pub fn find(text: &str, needle: &str) -> Option<usize> {
    let (text_bytes, needle) = (text.as_bytes(), needle.as_bytes());
    text_bytes.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle)).filter(|&at| {
        // Bytes that match are whole characters unless the needle begins in the middle of one, which a &str can't;
        // the check keeps the slicing below from ever panicking.
        text.is_char_boundary(at) && text.is_char_boundary(at + needle.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_every_occurrence_whatever_its_case() {
        assert_eq!(parts("BUG: a bug", "bug"), [("BUG", true), (": a ", false), ("bug", true)]);
        assert_eq!(parts("nothing", "bug"), [("nothing", false)]);
        assert_eq!(parts("", "bug"), []);
        assert_eq!(parts("plain", ""), [("plain", false)]);
    }

    #[test]
    fn other_scripts_are_cut_at_characters() {
        assert_eq!(parts("für müde", "ü"), [("f", false), ("ü", true), ("r m", false), ("ü", true), ("de", false)]);
    }

    #[test]
    fn the_marks_of_one_line_are_bounded_and_no_text_is_lost() {
        let line = "a".repeat(10_000);
        let parts = parts(&line, "a");
        assert!(parts.len() <= 2 * MAX_MARKS + 1);
        assert_eq!(parts.iter().map(|part| part.0).collect::<String>(), line);
    }
}
