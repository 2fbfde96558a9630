//! Numbers, texts and lists as bytes, and back.
//!
//! A number is LEB128, a text its length and UTF-8, a list its length and its elements, something optional a 0, or a 1
//! and itself. Must never reserve room for more elements than there are bytes left to make them of.

/// Bytes that are being written.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
    }

    /// A number that may be negative, with its sign in the lowest bit.
    pub(crate) fn signed(&mut self, number: i32) {
        let number = i64::from(number);
        self.number(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub(crate) fn list<T>(&mut self, elements: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.number(elements.len() as u64);
        for element in elements {
            write(self, element);
        }
    }
}

/// Bytes that are being read.
#[derive(Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn signed(&mut self) -> Option<i32> {
        let number = self.number()?;
        i32::try_from((number >> 1).cast_signed() ^ -(number & 1).cast_signed()).ok()
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    /// The outer `None` is damage.
    #[expect(clippy::option_option, reason = "nothing there, or not to be read")]
    pub(crate) fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        Some(if self.flag()? { Some(read(self)?) } else { None })
    }

    /// Each element takes a byte at least.
    pub(crate) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = usize::try_from(self.number()?).ok().filter(|length| *length <= self.0.len())?;
        (0..length).map(|_| read(self)).collect()
    }

    /// `value`, if all bytes have been read.
    pub(crate) fn ended<T>(&self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_make_the_round() {
        for number in [0, 1, 127, 128, 0xffff, 1 << 32, u64::MAX - 1, u64::MAX] {
            let mut writer = Writer::default();
            writer.number(number);
            assert_eq!(Reader(&writer.0).number(), Some(number));
        }
        for number in [0, 1, -1, 63, -64, i32::MAX, i32::MIN] {
            let mut writer = Writer::default();
            writer.signed(number);
            assert_eq!(Reader(&writer.0).signed(), Some(number));
        }
    }

    #[test]
    fn what_is_not_of_the_form_is_nothing() {
        assert_eq!(Reader(&[0x80]).number(), None, "no end");
        assert_eq!(Reader(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).number(), None, "65 bits");
        assert_eq!(Reader(&[0x80; 11]).number(), None, "11 bytes");
        assert_eq!(Reader(&[2, b'a']).text(), None, "cut off");
        assert_eq!(Reader(&[1, 0xff]).text(), None, "not UTF-8");
        assert_eq!(Reader(&[2]).flag(), None);
        assert_eq!(Reader(&[0xff, 0xff, 0x7f, 1]).list(Reader::flag), None, "more elements than bytes");
    }
}
