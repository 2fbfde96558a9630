//! A stream made readable by position, within a bound of memory.
//!
//! A log is scanned once from front to back, and then read here and there, wherever somebody looks. A small one is
//! kept as it is. Of a large one either places are kept at which the stream can be taken up again (gzip: 43 KiB for
//! every 16 MiB of text), or the text itself, deflated (xz, zstd). What lies beyond that bound is made anew from the
//! front: slow, but right. This module must never hold more than [`BOUNDS`], or what its
//! caller allows, and a few blocks.

use crate::{Damage, Flow};
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use oopscope_source::{ReadAt, ReadError};
use std::cell::RefCell;
use std::rc::Rc;

/// Bytes that are kept or thrown away together.
const BLOCK: usize = 1 << 20;

/// How much is kept.
struct Bounds {
    /// Bytes of text that are kept as they are.
    plain: usize,
    /// Bytes of deflated text.
    deflated: usize,
    /// Blocks between two bookmarks at first.
    stride: u64,
    /// The number of bookmarks at which every second one is dropped.
    bookmarks: usize,
}

/// 256 MiB deflated are some 3 GB of an ordinary log; 1024 bookmarks of 43 KiB are 44 MiB.
const BOUNDS: Bounds = Bounds { plain: 16 << 20, deflated: 256 << 20, stride: 16, bookmarks: 1024 };

/// miniz_oxide's quickest level that still looks for repetitions.
const LEVEL: u8 = 1;

/// Bytes of a flow by their position.
pub struct Spool {
    begin: Box<dyn Fn() -> Box<dyn Flow>>,
    state: RefCell<State>,
}

struct State {
    bounds: Bounds,
    live: Option<Live>,
    blocks: Vec<Block>,
    plain: usize,
    deflated: usize,
    bookmarks: Vec<(u64, Box<dyn Flow>)>,
    stride: u64,
    /// How far the flow has been seen, in its bytes and in the source's.
    seen: u64,
    position: u64,
    end: Option<Result<(), Damage>>,
    /// The block that was read last.
    hot: (u64, Rc<Vec<u8>>),
}

/// A flow with the number of the block that it gives next.
struct Live {
    flow: Box<dyn Flow>,
    next: u64,
}

enum Block {
    Plain(Rc<Vec<u8>>),
    Deflated(Vec<u8>),
}

impl Spool {
    /// A spool of what `begin` gives; called again where the flow has to be made anew.
    pub fn new(begin: impl Fn() -> Box<dyn Flow> + 'static) -> Self {
        Self::bounded(begin, BOUNDS)
    }

    /// A spool that keeps more bytes as they are: for what is read here and there from the beginning, as symbols are.
    pub fn with_room(begin: impl Fn() -> Box<dyn Flow> + 'static, plain: usize) -> Self {
        Self::bounded(begin, Bounds { plain, ..BOUNDS })
    }

    fn bounded(begin: impl Fn() -> Box<dyn Flow> + 'static, bounds: Bounds) -> Self {
        let state = State {
            stride: bounds.stride,
            bounds,
            live: None,
            blocks: Vec::new(),
            plain: 0,
            deflated: 0,
            bookmarks: Vec::new(),
            seen: 0,
            position: 0,
            end: None,
            hot: (u64::MAX, Rc::default()),
        };
        Self { begin: Box::new(begin), state: RefCell::new(state) }
    }

    /// True when the end has been seen, so that [`ReadAt::len`] is the whole length.
    pub fn is_complete(&self) -> bool {
        self.state.borrow().end.is_some()
    }

    /// Why there is no more, when the end was not a good one.
    pub fn damage(&self) -> Option<Damage> {
        self.state.borrow().end.and_then(Result::err)
    }

    /// How far into its source the flow has been followed.
    pub fn position(&self) -> u64 {
        self.state.borrow().position
    }
}

impl ReadAt for Spool {
    /// What has been seen until now.
    fn len(&self) -> u64 {
        self.state.borrow().seen
    }

    /// Reads on in the flow where `offset` lies beyond what has been seen. Fewer bytes than asked for are the end.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let mut state = self.state.borrow_mut();
        let mut done = 0;
        while done < buf.len() {
            let at = offset.saturating_add(done as u64);
            let Some(block) = state.block(at / BLOCK as u64, &self.begin)? else { break };
            let within = usize::try_from(at % BLOCK as u64).unwrap_or(BLOCK);
            let Some(rest) = block.get(within..).filter(|rest| !rest.is_empty()) else { break };
            let n = rest.len().min(buf.len() - done);
            buf[done..done + n].copy_from_slice(&rest[..n]);
            done += n;
        }
        Ok(done)
    }
}

impl State {
    /// The block of that number; none beyond the end. Every block but the last is full.
    fn block(&mut self, number: u64, begin: &dyn Fn() -> Box<dyn Flow>) -> Result<Option<Rc<Vec<u8>>>, ReadError> {
        if self.hot.0 == number {
            return Ok(Some(Rc::clone(&self.hot.1)));
        }
        if self.end.is_some() && number.saturating_mul(BLOCK as u64) >= self.seen {
            return Ok(None);
        }
        let kept = usize::try_from(number).ok().and_then(|number| self.blocks.get(number));
        let block = match kept {
            Some(Block::Plain(bytes)) => Rc::clone(bytes),
            Some(Block::Deflated(bytes)) => Rc::new(decompress_to_vec_with_limit(bytes, BLOCK).unwrap_or_default()),
            None => match self.make(number, begin)? {
                Some(block) => block,
                None => return Ok(None),
            },
        };
        self.hot = (number, Rc::clone(&block));
        Ok(Some(block))
    }

    /// Follows the flow to a block, from the nearest place where it can be taken up.
    fn make(&mut self, number: u64, begin: &dyn Fn() -> Box<dyn Flow>) -> Result<Option<Rc<Vec<u8>>>, ReadError> {
        let mut live = self.take_up(number, begin);
        loop {
            let (bytes, end) = fill(&mut *live.flow);
            if let Some(Err(Damage::Read(error))) = end {
                return Err(error);
            }
            let bytes = Rc::new(bytes);
            let start = live.next * BLOCK as u64;
            live.next += 1;
            if start >= self.seen && self.end.is_none() {
                self.seen = start + bytes.len() as u64;
                self.position = live.flow.position();
                self.end = end;
                self.keep(&bytes, &live);
            }
            if live.next > number || end.is_some() {
                let found = live.next == number + 1 && !bytes.is_empty();
                if end.is_none() {
                    self.live = Some(live);
                }
                return Ok(found.then_some(bytes));
            }
        }
    }

    fn take_up(&mut self, number: u64, begin: &dyn Fn() -> Box<dyn Flow>) -> Live {
        let before = self.bookmarks.partition_point(|(next, _)| *next <= number);
        let bookmark = before.checked_sub(1).and_then(|at| self.bookmarks.get(at));
        let from = bookmark.map_or(0, |(next, _)| *next);
        match self.live.take() {
            Some(live) if live.next <= number && live.next >= from => live,
            _ => match bookmark.and_then(|(next, flow)| Some(Live { next: *next, flow: flow.bookmark()? })) {
                Some(live) => live,
                None => Live { next: 0, flow: begin() },
            },
        }
    }

    /// Keeps a block that was seen for the first time, or a bookmark behind it.
    fn keep(&mut self, bytes: &Rc<Vec<u8>>, live: &Live) {
        let next_to_keep = self.blocks.len() as u64 + 1 == live.next;
        if next_to_keep && self.plain + bytes.as_slice().len() <= self.bounds.plain {
            self.plain += bytes.as_slice().len();
            self.blocks.push(Block::Plain(Rc::clone(bytes)));
            return;
        }
        let last = self.bookmarks.last().map_or(0, |(next, _)| *next);
        if live.next - last >= self.stride || self.bookmarks.is_empty() {
            if let Some(flow) = live.flow.bookmark() {
                self.bookmarks.push((live.next, flow));
            }
            if self.bookmarks.len() >= self.bounds.bookmarks {
                let mut odd = false;
                self.bookmarks.retain(|_| {
                    odd = !odd;
                    odd
                });
                self.stride *= 2;
            }
        }
        if self.bookmarks.is_empty() && next_to_keep && self.deflated < self.bounds.deflated {
            let packed = compress_to_vec(bytes, LEVEL);
            self.deflated += packed.len();
            self.blocks.push(Block::Deflated(packed));
        }
    }
}

/// Reads a whole block, or what there is before the end, with how it ended.
fn fill(flow: &mut dyn Flow) -> (Vec<u8>, Option<Result<(), Damage>>) {
    let mut bytes = vec![0; BLOCK];
    let mut done = 0;
    let end = loop {
        if done == BLOCK {
            break None;
        }
        match flow.read(&mut bytes[done..]) {
            Ok(0) => break Some(Ok(())),
            Ok(n) => done += n,
            Err(damage) => break Some(Err(damage)),
        }
    };
    bytes.truncate(done);
    bytes.shrink_to_fit();
    (bytes, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Text that tells its position, and how often it was begun or taken up.
    struct Counting {
        at: u64,
        len: u64,
        can_bookmark: bool,
        begun: Rc<Cell<u32>>,
        read: Rc<Cell<u64>>,
    }

    impl Counting {
        fn byte(at: u64) -> u8 {
            (at / 1000).to_le_bytes()[usize::from(at.is_multiple_of(7))].wrapping_add(at.to_le_bytes()[0] % 3)
        }
    }

    impl Flow for Counting {
        fn read(&mut self, buf: &mut [u8]) -> Result<usize, Damage> {
            if self.at >= self.len {
                return if self.len.is_multiple_of(2) { Ok(0) } else { Err(Damage::Truncated) };
            }
            let n = buf.len().min(70_000).min(usize::try_from(self.len - self.at).unwrap());
            for byte in &mut buf[..n] {
                *byte = Self::byte(self.at);
                self.at += 1;
            }
            self.read.set(self.read.get() + n as u64);
            Ok(n)
        }

        fn position(&self) -> u64 {
            self.at / 10
        }

        fn bookmark(&self) -> Option<Box<dyn Flow>> {
            let Self { at, len, can_bookmark, .. } = *self;
            let again = Self { at, len, can_bookmark, begun: Rc::clone(&self.begun), read: Rc::clone(&self.read) };
            can_bookmark.then(|| Box::new(again) as Box<dyn Flow>)
        }
    }

    struct Case {
        spool: Spool,
        begun: Rc<Cell<u32>>,
        read: Rc<Cell<u64>>,
    }

    fn case(len: u64, can_bookmark: bool, bounds: Bounds) -> Case {
        let (begun, read) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let (inner_begun, inner_read) = (Rc::clone(&begun), Rc::clone(&read));
        let begin = move || {
            inner_begun.set(inner_begun.get() + 1);
            let (begun, read) = (Rc::clone(&inner_begun), Rc::clone(&inner_read));
            Box::new(Counting { at: 0, len, can_bookmark, begun, read }) as Box<dyn Flow>
        };
        Case { spool: Spool::bounded(begin, bounds), begun, read }
    }

    #[track_caller]
    fn check(spool: &Spool, offset: u64, len: usize) {
        let mut buf = vec![0; len];
        let n = spool.read_at(offset, &mut buf).unwrap();
        let wanted = (offset..offset + n as u64).map(Counting::byte).collect::<Vec<_>>();
        assert!(buf[..n] == wanted, "at {offset}");
        let left = spool.len().saturating_sub(offset);
        assert!(n == len || n as u64 == left, "{n} bytes at {offset} of {}", spool.len());
    }

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_small_flow_is_read_once() {
        let case = case(3 * MIB + 10, false, BOUNDS);
        check(&case.spool, 0, 1000);
        assert!(!case.spool.is_complete() && case.spool.len() == MIB);
        for offset in [5, 3 * MIB, 2 * MIB - 3, 0, 4 * MIB, MIB] {
            check(&case.spool, offset, 100_000);
        }
        assert!(case.spool.is_complete() && case.spool.damage().is_none());
        assert_eq!((case.spool.len(), case.begun.get(), case.read.get()), (3 * MIB + 10, 1, 3 * MIB + 10));
    }

    #[test]
    fn a_large_flow_is_kept_deflated_and_beyond_that_made_anew() {
        let small = || Bounds { plain: 2 << 20, deflated: 100 << 10, stride: 2, bookmarks: 4 };
        let case = case(12 * MIB + 1, false, small());
        check(&case.spool, 12 * MIB + 1, 1);
        assert_eq!((case.spool.len(), case.spool.damage()), (12 * MIB + 1, Some(Damage::Truncated)));
        let kept = case.spool.state.borrow().blocks.len();
        assert!((3..12).contains(&kept), "{kept} blocks are kept");
        for block in (0..12).rev() {
            check(&case.spool, block * MIB + 17, 1 << 20);
        }
        assert!(case.begun.get() > 1);
    }

    #[test]
    fn bookmarks_bound_what_is_read_again() {
        let small = || Bounds { plain: 2 << 20, deflated: 1 << 20, stride: 2, bookmarks: 4 };
        let case = case(30 * MIB, true, small());
        check(&case.spool, 30 * MIB, 1);
        assert!(case.spool.state.borrow().bookmarks.len() < 4);
        let first = case.read.get();
        check(&case.spool, 27 * MIB + 5, 100);
        check(&case.spool, 9 * MIB + 5, 100);
        assert!(case.read.get() - first <= 2 * 17 * MIB, "{} bytes were read again", case.read.get() - first);
        assert_eq!(case.begun.get(), 1);
    }
}
