//! C's integer types under one name each: compilers say `long unsigned int` where people write `unsigned long`.
//!
//! Must never rename a type of another meaning: only the words' order and a superfluous `int` differ.

/// What compilers put into BTF and DWARF, and what is written.
const NAMES: [(&str, &str); 8] = [
    ("long unsigned int", "unsigned long"),
    ("long int", "long"),
    ("long long unsigned int", "unsigned long long"),
    ("long long int", "long long"),
    ("short unsigned int", "unsigned short"),
    ("short int", "short"),
    ("__int128 unsigned", "unsigned __int128"),
    ("bool", "_Bool"),
];

/// The name that is written.
pub(super) fn written(name: &str) -> &str {
    NAMES.iter().find(|(compiler, _)| *compiler == name).map_or(name, |&(_, written)| written)
}

/// Other names under which `asked` may be found: its words in any order, with or without `int`.
pub fn other_names(asked: &str) -> Vec<String> {
    const WORDS: [&str; 6] = ["long", "short", "unsigned", "signed", "int", "char"];
    let words: Vec<&str> = asked.split_whitespace().collect();
    if asked == "bool" || asked == "_Bool" {
        return vec!["_Bool".to_owned(), "bool".to_owned()];
    }
    if words.is_empty() || words.len() > 4 || words.iter().any(|word| !WORDS.contains(word)) {
        return NAMES.iter().filter(|(_, written)| *written == asked).map(|&(name, _)| name.to_owned()).collect();
    }
    let count = |word: &str| words.iter().filter(|&&other| other == word).count();
    let sign = if count("unsigned") > 0 { "unsigned " } else { "" };
    let length = match (count("long"), count("short"), count("char")) {
        (2, 0, 0) => "long long ",
        (1, 0, 0) => "long ",
        (0, 1, 0) => "short ",
        (0, 0, 0) => "",
        (0, 0, 1) => {
            let sign = if count("signed") > 0 { "signed " } else { sign };
            return vec![format!("{sign}char")];
        }
        _ => return Vec::new(),
    };
    // As GCC and as LLVM spell them.
    let mut names = vec![format!("{length}{sign}int"), format!("{sign}{}", length.trim_end()).trim_end().to_owned()];
    names.push(format!("{sign}int"));
    names.truncate(if length.is_empty() { 3 } else { 2 });
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_found_however_they_are_written() {
        for asked in ["unsigned long", "long unsigned int", "unsigned long int", "long unsigned"] {
            let names = other_names(asked);
            assert!(names.contains(&"long unsigned int".to_owned()), "{asked}: {names:?}");
            assert!(names.contains(&"unsigned long".to_owned()), "{asked}: {names:?}");
        }
        assert!(other_names("unsigned").contains(&"unsigned int".to_owned()));
        assert!(other_names("long long").contains(&"long long int".to_owned()));
        assert_eq!(other_names("signed char"), ["signed char"]);
        assert_eq!(other_names("long short"), [""; 0]);
        assert_eq!(other_names("u8"), [""; 0]);
        assert_eq!((written("long int"), written("char")), ("long", "char"));
    }
}
