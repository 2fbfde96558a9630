//! PNG (ISO/IEC 15948) to grey: all colour types and depths, not interlaced.
//!
//! Must never unpack more than the size that the header tells and that was checked.

use crate::PictureProblem;
use crate::inflate::unzip;
use crate::picture::Grey;

pub(crate) const MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Colour types (11.2.2).
const GREY: u8 = 0;
const RGB: u8 = 2;
const PALETTE: u8 = 3;
const GREY_ALPHA: u8 = 4;
const RGB_ALPHA: u8 = 6;

pub(crate) fn decode(bytes: &[u8]) -> Result<Grey, PictureProblem> {
    let mut header = None;
    let mut palette: &[u8] = &[];
    let mut packed = Vec::new();
    let mut rest = bytes.strip_prefix(MAGIC).ok_or(PictureProblem::Damaged)?;
    // Chunks: length, name, data, checksum. A cut file gives the rows that there are.
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let length = usize::try_from(u32::from_be_bytes([head[0], head[1], head[2], head[3]])).unwrap_or(usize::MAX);
        let data = &after[..length.min(after.len())];
        match &head[4..] {
            b"IHDR" => header = Some(Header::read(data)?),
            b"PLTE" => palette = data,
            b"IDAT" => packed.extend_from_slice(data),
            b"IEND" => break,
            _ => {}
        }
        rest = after.get(length.saturating_add(4)..).unwrap_or_default();
    }
    let header = header.ok_or(PictureProblem::Damaged)?;
    let (rows, _) = unzip(&packed, header.bytes());
    header.grey(rows, palette)
}

struct Header {
    width: usize,
    height: usize,
    depth: u8,
    colour: u8,
    channels: usize,
}

impl Header {
    fn read(data: &[u8]) -> Result<Self, PictureProblem> {
        let [w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, 0, 0, interlaced] = *data else {
            return Err(PictureProblem::Damaged);
        };
        let side = |bytes| usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX);
        let (width, height) = (side([w0, w1, w2, w3]), side([h0, h1, h2, h3]));
        Grey::size(width, height)?;
        let channels = match colour {
            GREY | PALETTE => 1,
            GREY_ALPHA => 2,
            RGB => 3,
            RGB_ALPHA => 4,
            _ => return Err(PictureProblem::Damaged),
        };
        let fits = match depth {
            8 => true,
            16 => colour != PALETTE,
            1 | 2 | 4 => channels == 1,
            _ => false,
        };
        match (fits, interlaced) {
            (true, 0) => Ok(Self { width, height, depth, colour, channels }),
            (true, 1) => Err(PictureProblem::Unsupported),
            _ => Err(PictureProblem::Damaged),
        }
    }

    /// Bytes of a row without its filter's.
    fn row(&self) -> usize {
        (self.width * self.channels * usize::from(self.depth)).div_ceil(8)
    }

    fn bytes(&self) -> usize {
        (self.row() + 1) * self.height
    }

    fn grey(&self, mut rows: Vec<u8>, palette: &[u8]) -> Result<Grey, PictureProblem> {
        let row = self.row();
        let height = rows.len() / (row + 1);
        if height == 0 {
            return Err(PictureProblem::Damaged);
        }
        let pixel = (self.channels * usize::from(self.depth)).div_ceil(8);
        let mut before = vec![0; row];
        let mut pixels = Vec::with_capacity(self.width * height);
        for line in rows.chunks_exact_mut(row + 1) {
            let (filter, line) = line.split_at_mut(1);
            unfilter(filter[0], line, &before, pixel)?;
            self.push_row(line, palette, &mut pixels);
            before.copy_from_slice(line);
        }
        Ok(Grey { width: self.width, height, pixels })
    }

    fn push_row(&self, line: &[u8], palette: &[u8], pixels: &mut Vec<u8>) {
        let depth = usize::from(self.depth);
        for x in 0..self.width {
            let sample = |channel: usize| match depth {
                8 => line[x * self.channels + channel],
                16 => line[(x * self.channels + channel) * 2],
                _ => {
                    let bit = x * depth;
                    let value = line[bit / 8] >> (8 - depth - bit % 8) & (u8::MAX >> (8 - depth));
                    if self.colour == PALETTE { value } else { value * (u8::MAX / (u8::MAX >> (8 - depth))) }
                }
            };
            let (value, alpha) = match self.colour {
                GREY => (sample(0), u8::MAX),
                GREY_ALPHA => (sample(0), sample(1)),
                PALETTE => {
                    let at = usize::from(sample(0)) * 3;
                    let colour = palette.get(at..at + 3).unwrap_or(&[0; 3]);
                    (luma(colour[0], colour[1], colour[2]), u8::MAX)
                }
                RGB => (luma(sample(0), sample(1), sample(2)), u8::MAX),
                _ => (luma(sample(0), sample(1), sample(2)), sample(3)),
            };
            // What is transparent lies on white, as on a page.
            let shown = (u16::from(value) * u16::from(alpha) + 255 * (255 - u16::from(alpha))) / 255;
            pixels.push(u8::try_from(shown).unwrap_or(u8::MAX));
        }
    }
}

/// ITU-R BT.601, in 256ths.
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let sum = 77 * u16::from(red) + 150 * u16::from(green) + 29 * u16::from(blue);
    (sum >> 8).to_le_bytes()[0]
}

/// Undoes a row's filter (9.2): each byte was stored as the distance to a guess.
fn unfilter(filter: u8, line: &mut [u8], above: &[u8], pixel: usize) -> Result<(), PictureProblem> {
    for at in 0..line.len() {
        let left = at.checked_sub(pixel).map_or(0, |at| line[at]);
        let up = above[at];
        let up_left = at.checked_sub(pixel).map_or(0, |at| above[at]);
        let guess = match filter {
            0 => 0,
            1 => left,
            2 => up,
            3 => u8::midpoint(left, up),
            4 => paeth(left, up, up_left),
            _ => return Err(PictureProblem::Damaged),
        };
        line[at] = line[at].wrapping_add(guess);
    }
    Ok(())
}

fn paeth(left: u8, up: u8, up_left: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(up_left);
    let distance = |value: u8| (guess - i16::from(value)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(up_left) {
        left
    } else if distance(up) <= distance(up_left) {
        up
    } else {
        up_left
    }
}
