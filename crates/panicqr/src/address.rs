//! The address in the code: `https://…/panic_report#?a=x86_64&v=6.14.5&z=2285…`, and the log in its fragment.
//!
//! Must never take an ordinary link for one: there has to be a parameter of many digits.

use crate::PanicLog;
use crate::digits::{by_seven_bytes, by_thirteen_bits};
use crate::inflate::unzip;

/// More digits than a QR code holds (7,089 in version 40) are somebody's own, and are read all the same, up to this.
const MOST_DIGITS: usize = 1 << 20;

/// Fewer can't hold a log.
const FEWEST_DIGITS: usize = 20;

/// The most text that is made of them.
const LARGEST_TEXT: usize = 8 << 20;

/// Why an address gives no log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressProblem {
    /// The digits are not those that a kernel wrote.
    #[error("the digits of the address do not unpack: some are missing or wrong")]
    Digits,
    /// There are too many of them.
    #[error("the address is longer than any QR code")]
    TooLong,
}

/// Finds such an address in a text: its digits may be broken into lines, as mail and terminals do.
pub fn find_address(text: &str) -> Option<&str> {
    let parameters = ["&zl=", "&z=", "?zl=", "?z=", "#zl=", "#z="];
    let at = parameters.into_iter().filter_map(|name| text.find(name)).min()?;
    let value = text[at..].find('=')? + at + 1;
    let digits = text[value..].bytes().filter(u8::is_ascii_digit).take(FEWEST_DIGITS).count();
    let mark = text[..at].char_indices().rfind(|(_, c)| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '('));
    let from = mark.map_or(0, |(at, c)| at + c.len_utf8());
    let starts_with_digits = text[value..].bytes().take(FEWEST_DIGITS / 2).all(|b| b.is_ascii_digit());
    (digits == FEWEST_DIGITS && starts_with_digits).then(|| &text[from..])
}

/// Reads the log out of an address, or out of its fragment alone. None when it is no such address.
pub fn read_address(text: &str) -> Option<Result<PanicLog, AddressProblem>> {
    let address = find_address(text)?;
    if address.len() > MOST_DIGITS {
        return Some(Err(AddressProblem::TooLong));
    }
    let fragment = address.split_once('#').map_or(address, |(_, fragment)| fragment);
    let query = fragment.rsplit_once('?').map_or(fragment, |(_, query)| query);
    let mut log = PanicLog::default();
    let (mut text, mut group) = (String::new(), 1);
    let mut unpack: fn(&str) -> Vec<u8> = by_seven_bytes;
    for parameter in query.split('&') {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        let word = || Some(plain(value)).filter(|word| !word.is_empty());
        match name {
            "a" => log.architecture = word(),
            "v" => log.release = word(),
            "d" => log.distribution = word(),
            "z" => (text, group, unpack) = (digits(value), 17, by_seven_bytes),
            "zl" => (text, group, unpack) = (digits(value), 4, by_thirteen_bits),
            _ => {}
        }
    }
    let (mut bytes, is_whole) = unzip(&unpack(&text), LARGEST_TEXT);
    if !is_whole {
        // The last digits are those of a number that was cut, and say nothing.
        let whole_groups = text.len() / group * group;
        bytes = unzip(&unpack(&text[..whole_groups]), LARGEST_TEXT).0;
    }
    // What is left of a text of which the wrong digits remain is not one.
    if bytes.is_empty() || bytes.contains(&0) {
        return Some(Err(AddressProblem::Digits));
    }
    log.text = String::from_utf8_lossy(&bytes).into_owned();
    log.cut = !is_whole;
    Some(Ok(log))
}

/// The digits at the start of a value; line breaks and what mail puts around them are passed over.
fn digits(value: &str) -> String {
    let ends = |c: &char| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '=' | '>' | '\\');
    value.chars().take_while(ends).filter(char::is_ascii_digit).collect()
}

/// A value for people: short, without escapes.
fn plain(value: &str) -> String {
    value.chars().map(|c| if c == '+' { ' ' } else { c }).filter(|c| !c.is_control()).take(100).collect()
}
