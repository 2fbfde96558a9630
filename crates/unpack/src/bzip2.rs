//! bzip2: streams one after the other, each of blocks of up to 900,000 bytes before their last step.
//!
//! There is no standard; what is read here is what the program has written since 1997: Huffman codes over move-to-front
//! numbers of a Burrows-Wheeler transform, and runs of four bytes with a count before all that. Must never hold more than
//! one block, 3.6 MB: a run's count makes megabytes out of nothing, and is handed out as it is read.

use crate::Damage;
use crate::input::Stream;

/// Pi, before a block.
const BLOCK: u64 = 0x3141_5926_5359;
/// The root of pi, behind the last.
const END: u64 = 0x1772_4538_5090;

/// The longest code.
const LONGEST: usize = 20;
/// Symbols that are coded with one table.
const GROUP: usize = 50;
/// The most tables and the most changes between them.
const TABLES: usize = 6;
const CHANGES: usize = 32 << 10;

pub(crate) struct Bzip2 {
    bits: Bits,
    /// The largest block of the stream that is being read; 0 between streams.
    largest: usize,
    /// Whether a stream has been read.
    any: bool,
    /// Of every byte the one that follows it, with itself in the lowest eight bits.
    chain: Vec<u32>,
    at: u32,
    left: usize,
    /// The byte that was given last, how often in a row, and how often it is still to come.
    last: u8,
    run: u8,
    repeat: u8,
    sum: u32,
    wanted: u32,
    in_block: bool,
}

impl Bzip2 {
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            bits: Bits { stream, word: 0, have: 0 },
            largest: 0,
            any: false,
            chain: Vec::new(),
            at: 0,
            left: 0,
            last: 0,
            run: 0,
            repeat: 0,
            sum: 0,
            wanted: 0,
            in_block: false,
        }
    }

    pub(crate) fn position(&self) -> u64 {
        self.bits.stream.position()
    }

    pub(crate) fn read(&mut self, buf: &mut [u8]) -> Result<usize, Damage> {
        let mut done = 0;
        while done < buf.len() {
            if self.repeat > 0 {
                let n = usize::from(self.repeat).min(buf.len() - done);
                for byte in &mut buf[done..done + n] {
                    *byte = self.last;
                    self.sum = crc(self.sum, self.last);
                }
                self.repeat -= u8::try_from(n).unwrap_or(self.repeat);
                done += n;
            } else if self.left > 0 {
                self.left -= 1;
                let link = *self.chain.get(self.at as usize).ok_or(Damage::Corrupt)?;
                self.at = link >> 8;
                let [byte, ..] = link.to_le_bytes();
                if self.run == 4 {
                    // Four of a kind are followed by how many more there are.
                    (self.run, self.repeat) = (0, byte);
                    continue;
                }
                self.run = if self.run > 0 && byte == self.last { self.run + 1 } else { 1 };
                self.last = byte;
                self.sum = crc(self.sum, byte);
                buf[done] = byte;
                done += 1;
            } else {
                if self.in_block {
                    self.in_block = false;
                    if !self.sum != self.wanted {
                        return Err(Damage::Corrupt);
                    }
                }
                // What has been unpacked is good, whatever comes.
                if done > 0 {
                    break;
                }
                if !self.next()? {
                    break;
                }
            }
        }
        Ok(done)
    }

    /// Reads up to the next block; false at the end.
    fn next(&mut self) -> Result<bool, Damage> {
        loop {
            if self.largest == 0 && !self.header()? {
                return Ok(false);
            }
            match self.bits.take(24)? << 24 | self.bits.take(24)? {
                BLOCK => {
                    self.block()?;
                    return Ok(true);
                }
                END => {
                    // The sum of the blocks' sums, each of which has been compared.
                    self.bits.take(32)?;
                    self.bits.align();
                    self.largest = 0;
                }
                _ => return Err(Damage::Corrupt),
            }
        }
    }

    /// Reads a stream's header; false where there is none behind another stream.
    fn header(&mut self) -> Result<bool, Damage> {
        if self.bits.at_end()? {
            return if self.any { Ok(false) } else { Err(Damage::Truncated) };
        }
        if self.bits.take(24)? != 0x42_5a68 {
            // What follows the last stream is not of it: a tape's or a file system's padding.
            return if self.any { Ok(false) } else { Err(Damage::Corrupt) };
        }
        match usize::try_from(self.bits.take(8)?) {
            Ok(digit @ 0x31..=0x39) => self.largest = (digit - 0x30) * 100_000,
            _ => return Err(Damage::Corrupt),
        }
        self.any = true;
        Ok(true)
    }

    fn block(&mut self) -> Result<(), Damage> {
        self.wanted = u32::try_from(self.bits.take(32)?).unwrap_or(0);
        if self.bits.take(1)? == 1 {
            // Written by versions before 0.9.5 of 1999 alone.
            return Err(Damage::Unsupported);
        }
        let origin = usize::try_from(self.bits.take(24)?).unwrap_or(usize::MAX);
        let mut used = self.used()?;
        let symbols = used.len() + 2;
        let tables = usize::try_from(self.bits.take(3)?).unwrap_or(0);
        if !(2..=TABLES).contains(&tables) {
            return Err(Damage::Corrupt);
        }
        let changes = self.changes(tables)?;
        let tables = (0..tables).map(|_| self.table(symbols)).collect::<Result<Vec<_>, _>>()?;
        let mut counts = [0_u32; 256];
        self.chain.clear();
        let (mut run, mut weight) = (0_usize, 1_usize);
        let mut put = |chain: &mut Vec<u32>, byte: u8, times: usize| {
            if times > self.largest.saturating_sub(chain.len()) {
                return Err(Damage::Corrupt);
            }
            chain.resize(chain.len() + times, u32::from(byte));
            counts[usize::from(byte)] += u32::try_from(times).unwrap_or(0);
            Ok(())
        };
        'block: for change in changes {
            let table = tables.get(usize::from(change)).ok_or(Damage::Corrupt)?;
            for _ in 0..GROUP {
                let symbol = usize::from(table.next(&mut self.bits)?);
                if symbol < 2 {
                    // A digit of a number to the base of two, of which the digits are 1 and 2.
                    if weight > 2 << 20 {
                        return Err(Damage::Corrupt);
                    }
                    run += weight << symbol;
                    weight <<= 1;
                    continue;
                }
                if run > 0 {
                    put(&mut self.chain, *used.first().ok_or(Damage::Corrupt)?, run)?;
                    (run, weight) = (0, 1);
                }
                if symbol == symbols - 1 {
                    self.link(origin, &counts)?;
                    break 'block;
                }
                let place = symbol - 1;
                let byte = *used.get(place).ok_or(Damage::Corrupt)?;
                used.copy_within(..place, 1);
                used[0] = byte;
                put(&mut self.chain, byte, 1)?;
            }
        }
        // Without an end nothing was linked.
        if self.in_block { Ok(()) } else { Err(Damage::Corrupt) }
    }

    /// The bytes that there are in the block.
    fn used(&mut self) -> Result<Vec<u8>, Damage> {
        let groups = self.bits.take(16)?;
        let mut used = Vec::with_capacity(256);
        for group in 0..16_u8 {
            if groups >> (15 - group) & 1 == 0 {
                continue;
            }
            let members = self.bits.take(16)?;
            used.extend(
                (0..16_u8).filter(|member| members >> (15 - member) & 1 == 1).map(|member| group << 4 | member),
            );
        }
        if used.is_empty() { Err(Damage::Corrupt) } else { Ok(used) }
    }

    /// Which table is used for each group of symbols.
    fn changes(&mut self, tables: usize) -> Result<Vec<u8>, Damage> {
        let count = usize::try_from(self.bits.take(15)?).unwrap_or(0);
        if count == 0 || count > CHANGES {
            return Err(Damage::Corrupt);
        }
        let mut order = [0_u8, 1, 2, 3, 4, 5];
        let mut changes = Vec::with_capacity(count);
        for _ in 0..count {
            let mut place = 0;
            while self.bits.take(1)? == 1 {
                place += 1;
                if place >= tables {
                    return Err(Damage::Corrupt);
                }
            }
            order[..=place].rotate_right(1);
            changes.push(order[0]);
        }
        Ok(changes)
    }

    fn table(&mut self, symbols: usize) -> Result<Table, Damage> {
        let mut length = usize::try_from(self.bits.take(5)?).unwrap_or(0);
        let mut lengths = Vec::with_capacity(symbols);
        for _ in 0..symbols {
            loop {
                if !(1..=LONGEST).contains(&length) {
                    return Err(Damage::Corrupt);
                }
                match self.bits.take(1)? {
                    0 => break,
                    _ if self.bits.take(1)? == 0 => length += 1,
                    _ => length -= 1,
                }
            }
            lengths.push(length);
        }
        Ok(Table::new(&lengths))
    }

    /// Undoes the transform: of every byte, where the one that follows it lies.
    fn link(&mut self, origin: usize, counts: &[u32; 256]) -> Result<(), Damage> {
        let mut starts = [0_u32; 256];
        let mut sum = 0;
        for (start, count) in starts.iter_mut().zip(counts) {
            *start = sum;
            sum += count;
        }
        for item in 0..self.chain.len() {
            let byte = usize::from(self.chain[item].to_le_bytes()[0]);
            let to = starts[byte] as usize;
            starts[byte] += 1;
            self.chain[to] |= u32::try_from(item).unwrap_or(0) << 8;
        }
        let first = self.chain.get(origin).ok_or(Damage::Corrupt)?;
        (self.at, self.left) = (first >> 8, self.chain.len());
        (self.run, self.repeat, self.sum, self.in_block) = (0, 0, u32::MAX, true);
        Ok(())
    }
}

/// A canonical Huffman code.
struct Table {
    /// Of each length: the first code, how many there are, and which number its first symbol has.
    lengths: [(u32, u32, u32); LONGEST + 1],
    symbols: Vec<u16>,
}

impl Table {
    fn new(lengths: &[usize]) -> Self {
        let mut table = Self { lengths: [(0, 0, 0); LONGEST + 1], symbols: Vec::with_capacity(lengths.len()) };
        let mut code = 0;
        for length in 1..=LONGEST {
            let before = u32::try_from(table.symbols.len()).unwrap_or(0);
            let these = (0..).zip(lengths).filter(|(_, other)| **other == length).map(|(symbol, _)| symbol);
            table.symbols.extend(these);
            let count = u32::try_from(table.symbols.len()).unwrap_or(0) - before;
            table.lengths[length] = (code, count, before);
            code = (code + count) << 1;
        }
        table
    }

    fn next(&self, bits: &mut Bits) -> Result<u16, Damage> {
        let mut code = 0;
        for (first, count, before) in &self.lengths[1..] {
            code = code << 1 | u32::from(bits.bit()?);
            if let Some(within) = code.checked_sub(*first).filter(|within| within < count) {
                return self.symbols.get((before + within) as usize).copied().ok_or(Damage::Corrupt);
            }
        }
        Err(Damage::Corrupt)
    }
}

/// The input as bits, the highest of each byte first.
struct Bits {
    stream: Stream,
    word: u64,
    have: u32,
}

impl Bits {
    /// The next bits, 32 at most.
    fn take(&mut self, count: u32) -> Result<u64, Damage> {
        while self.have < count {
            let byte = self.stream.byte()?.ok_or(Damage::Truncated)?;
            self.word = self.word << 8 | u64::from(byte);
            self.have += 8;
        }
        self.have -= count;
        Ok(self.word >> self.have & ((1 << count) - 1))
    }

    #[inline]
    fn bit(&mut self) -> Result<bool, Damage> {
        if self.have == 0 {
            return Ok(self.take(1)? == 1);
        }
        self.have -= 1;
        Ok(self.word >> self.have & 1 == 1)
    }

    /// On to the next whole byte.
    fn align(&mut self) {
        self.have &= !7;
    }

    fn at_end(&mut self) -> Result<bool, Damage> {
        Ok(self.have == 0 && self.stream.fill()?.is_empty())
    }
}

/// CRC-32 with the highest bit first, one byte on.
fn crc(sum: u32, byte: u8) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut item = 0;
        while item < 256 {
            #[expect(clippy::cast_possible_truncation, reason = "items are below 256")]
            let mut value = (item as u32) << 24;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 << 31 == 0 { value << 1 } else { value << 1 ^ 0x04c1_1db7 };
                bit += 1;
            }
            table[item] = value;
            item += 1;
        }
        table
    };
    let [high, ..] = sum.to_be_bytes();
    sum << 8 ^ TABLE[usize::from(high ^ byte)]
}
