//! A line that was typed, taken apart. Must never know what a command's options mean.

use crate::Refusal;

/// A line's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// The command's name.
    pub(crate) name: String,
    words: Vec<String>,
    /// All that stands behind the name, as it was typed.
    pub(crate) rest: String,
}

/// The most words of a line.
const MOST: usize = 256;

impl Line {
    /// Takes a line apart at white space; quotes keep words together.
    pub(crate) fn parse(line: &str) -> Result<Self, Refusal> {
        let line = line.trim();
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        if name.is_empty() {
            return Err(Refusal("nothing was typed: help lists the commands".to_owned()));
        }
        Ok(Self { name: name.to_owned(), words: words(rest)?, rest: rest.trim().to_owned() })
    }

    /// The words behind the name that are no options, and the options' letters with their values. `with_value` are the letters that
    /// take the next word; an option that is in neither list is refused.
    pub(crate) fn options(&self, flags: &str, with_value: &str) -> Result<Options, Refusal> {
        let mut options = Options::default();
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            let Some(letters) = word.strip_prefix('-').filter(|letters| letters.starts_with(char::is_alphabetic))
            else {
                options.rest.push(word.clone());
                continue;
            };
            for (at, letter) in letters.char_indices() {
                if flags.contains(letter) {
                    options.flags.push(letter);
                } else if with_value.contains(letter) {
                    let attached = &word[1 + at + letter.len_utf8()..];
                    let value = match attached {
                        "" => words.next().cloned(),
                        attached => Some(attached.to_owned()),
                    };
                    let value = value.ok_or_else(|| Refusal(format!("-{letter} needs a value: help {}", self.name)))?;
                    options.values.push((letter, value));
                    break;
                } else {
                    return Err(Refusal(format!("{} has no option -{letter}: help {}", self.name, self.name)));
                }
            }
        }
        Ok(options)
    }
}

/// A line's options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    flags: Vec<char>,
    values: Vec<(char, String)>,
    /// The words that are no options.
    pub(crate) rest: Vec<String>,
}

impl Options {
    /// Whether a flag was given.
    pub(crate) fn has(&self, letter: char) -> bool {
        self.flags.contains(&letter)
    }

    /// An option's value; the last one counts.
    pub(crate) fn value(&self, letter: char) -> Option<&str> {
        self.values.iter().rev().find(|(name, _)| *name == letter).map(|(_, value)| value.as_str())
    }
}

fn words(text: &str) -> Result<Vec<String>, Refusal> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if let Some(open) = quote {
        return Err(Refusal(format!("a quote {open} is not closed")));
    }
    words.extend(word);
    if words.len() > MOST {
        return Err(Refusal(format!("a line has at most {MOST} words")));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn letters_may_stand_together_and_a_value_may_be_attached() {
        let line = Line::parse("bt -ar -c1 -p 17 0xffff888000000000").unwrap();
        let options = line.options("ar", "cp").unwrap();
        assert!(options.has('a') && options.has('r'));
        assert_eq!((options.value('c'), options.value('p')), (Some("1"), Some("17")));
        assert_eq!(options.rest, ["0xffff888000000000"]);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_name() {
        let line = Line::parse("bt -z").unwrap();
        assert!(line.options("a", "c").unwrap_err().0.contains("no option -z"));
        let line = Line::parse("bt -c").unwrap();
        assert!(line.options("a", "c").unwrap_err().0.contains("needs a value"));
        assert!(Line::parse("p \"open").is_err());
        assert!(Line::parse("   ").is_err());
    }

    #[test]
    fn quotes_keep_words_together() {
        let line = Line::parse("ps 'my task' -1").unwrap();
        assert_eq!(line.options("", "").unwrap().rest, ["my task", "-1"]);
    }
}
