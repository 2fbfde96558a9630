//! A part of a source as a source of its own. Must never give bytes of what lies around it.

use oopscope_source::{ReadAt, ReadError};
use std::rc::Rc;

/// Bytes of a source from some position on.
#[derive(Clone)]
pub struct Part {
    source: Rc<dyn ReadAt>,
    from: u64,
    length: u64,
}

impl Part {
    /// The `length` bytes from `from` on, or as many of them as there are.
    pub fn new(source: Rc<dyn ReadAt>, from: u64, length: u64) -> Self {
        let length = length.min(source.len().saturating_sub(from));
        Self { source, from, length }
    }
}

impl ReadAt for Part {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let left = self.length.saturating_sub(offset);
        let n = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        self.source.read_at(self.from.saturating_add(offset), &mut buf[..n])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_its_own_bytes_alone() {
        let source: Rc<dyn ReadAt> = Rc::new(b"0123456789".to_vec());
        for (from, length, expected) in
            [(2, 3, "234"), (8, 5, "89"), (0, 10, "0123456789"), (10, 1, ""), (u64::MAX, 9, "")]
        {
            let part = Part::new(Rc::clone(&source), from, length);
            let mut buf = [0; 20];
            let n = part.read_at(0, &mut buf).expect("bytes");
            assert_eq!((&buf[..n], part.len()), (expected.as_bytes(), expected.len() as u64), "{from} {length}");
            assert_eq!(part.read_at(expected.len() as u64, &mut buf), Ok(0));
            assert_eq!(part.read_at(u64::MAX, &mut buf), Ok(0));
        }
        assert_eq!(Part::new(source, 2, 5).read_at(3, &mut [0; 9]), Ok(2));
    }
}
