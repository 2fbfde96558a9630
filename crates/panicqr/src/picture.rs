//! Pictures as rows of grey: what a search for a QR code needs of them.
//!
//! Must never believe a header about the size: a picture is refused before memory is taken for it.

use crate::PictureProblem;
use crate::png;

/// The largest file that is read as a picture.
pub const LARGEST: usize = 48 << 20;

/// The most pixels: telephones have 50 million.
pub(crate) const MOST_PIXELS: usize = 64_000_000;

/// Pixels of a side.
const LONGEST_SIDE: usize = 32_768;

/// By how much a pixel has to be darker than what is around it: less is the noise of an even area.
const MARGIN: u64 = 8;

/// A picture's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureForm {
    /// Portable Network Graphics.
    Png,
    /// JPEG, baseline and progressive; read with the feature `jpeg`.
    Jpeg,
    /// Netpbm's binary grey map, which a page can make of any picture that the browser shows.
    Pgm,
}

impl PictureForm {
    /// Judges by the first bytes.
    pub fn of(head: &[u8]) -> Option<Self> {
        let magics: [(&[u8], Self); 3] = [(png::MAGIC, Self::Png), (b"\xff\xd8\xff", Self::Jpeg), (b"P5", Self::Pgm)];
        let form = magics.into_iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, form)| form)?;
        // "P5" alone could begin a text.
        (form != Self::Pgm || head.get(2).is_some_and(u8::is_ascii_whitespace) && pgm_header(head).is_some())
            .then_some(form)
    }
}

/// Grey values, 0 is black, row by row.
pub(crate) struct Grey {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

impl Grey {
    /// Checks a size that a file tells.
    pub(crate) fn size(width: usize, height: usize) -> Result<usize, PictureProblem> {
        let pixels = width.checked_mul(height).filter(|pixels| *pixels <= MOST_PIXELS);
        match pixels {
            Some(pixels @ 1..) if width.max(height) <= LONGEST_SIDE => Ok(pixels),
            Some(0) => Err(PictureProblem::Damaged),
            _ => Err(PictureProblem::TooLarge),
        }
    }

    /// Which pixels are darker than what is around them: the mean of a square of a twelfth of the picture, by a table
    /// of sums. One threshold for all would fail where the light falls unevenly.
    pub(crate) fn dark(&self) -> Vec<bool> {
        let (width, height) = (self.width, self.height);
        let radius = (width.max(height) / 24).max(8);
        let mut sums = vec![0u64; (width + 1) * (height + 1)];
        for y in 0..height {
            let mut row = 0;
            for x in 0..width {
                row += u64::from(self.pixels[y * width + x]);
                sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
            }
        }
        let mut dark = Vec::with_capacity(width * height);
        for y in 0..height {
            let (top, bottom) = (y.saturating_sub(radius), (y + radius + 1).min(height));
            for x in 0..width {
                let (left, right) = (x.saturating_sub(radius), (x + radius + 1).min(width));
                let at = |y: usize, x: usize| sums[y * (width + 1) + x];
                let sum = at(bottom, right) + at(top, left) - at(top, right) - at(bottom, left);
                let area = ((bottom - top) * (right - left)) as u64;
                dark.push((u64::from(self.pixels[y * width + x]) + MARGIN) * area < sum);
            }
        }
        dark
    }

    /// The picture at a half, a third… of its size: the mean of each square.
    pub(crate) fn reduced(&self, by: usize) -> Self {
        let (width, height) = (self.width / by, self.height / by);
        let mut pixels = Vec::with_capacity(width * height);
        let area = u32::try_from(by * by).unwrap_or(u32::MAX).max(1);
        for y in 0..height {
            for x in 0..width {
                let rows = (y * by..(y + 1) * by).map(|row| &self.pixels[row * self.width + x * by..][..by]);
                let sum: u32 = rows.flatten().map(|pixel| u32::from(*pixel)).sum();
                pixels.push(u8::try_from(sum / area).unwrap_or(u8::MAX));
            }
        }
        Self { width, height, pixels }
    }
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Grey, PictureProblem> {
    match PictureForm::of(bytes) {
        Some(PictureForm::Png) => png::decode(bytes),
        Some(PictureForm::Jpeg) => jpeg(bytes),
        Some(PictureForm::Pgm) => pgm(bytes),
        None => Err(PictureProblem::Damaged),
    }
}

#[cfg(not(feature = "jpeg"))]
fn jpeg(_: &[u8]) -> Result<Grey, PictureProblem> {
    Err(PictureProblem::Unsupported)
}

#[cfg(feature = "jpeg")]
fn jpeg(bytes: &[u8]) -> Result<Grey, PictureProblem> {
    use zune_jpeg::JpegDecoder;
    use zune_jpeg::zune_core::bytestream::ZCursor;
    use zune_jpeg::zune_core::colorspace::ColorSpace;
    use zune_jpeg::zune_core::options::DecoderOptions;

    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::Luma)
        .set_max_width(LONGEST_SIDE)
        .set_max_height(LONGEST_SIDE);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|_| PictureProblem::Damaged)?;
    let (width, height) = decoder.dimensions().ok_or(PictureProblem::Damaged)?;
    let wanted = Grey::size(width, height)?;
    let pixels = decoder.decode().map_err(|_| PictureProblem::Damaged)?;
    if pixels.len() != wanted {
        return Err(PictureProblem::Unsupported);
    }
    Ok(Grey { width, height, pixels })
}

/// Width, height and where the pixels begin: `P5 640 480 255` and one white space (pgm(5)).
fn pgm_header(bytes: &[u8]) -> Option<(usize, usize, usize)> {
    let mut numbers = [0usize; 3];
    let mut at = 2;
    for number in &mut numbers {
        loop {
            match bytes.get(at)? {
                b'#' => at += bytes[at..].iter().take(1 << 10).position(|&b| b == b'\n')?,
                b if b.is_ascii_whitespace() => at += 1,
                _ => break,
            }
        }
        let digits = bytes[at..].iter().take(6).take_while(|b| b.is_ascii_digit()).count();
        *number = str::from_utf8(&bytes[at..at + digits]).ok()?.parse().ok()?;
        at += digits;
    }
    bytes.get(at).filter(|b| b.is_ascii_whitespace())?;
    (numbers[2] == 255).then_some((numbers[0], numbers[1], at + 1))
}

fn pgm(bytes: &[u8]) -> Result<Grey, PictureProblem> {
    let (width, height, from) = pgm_header(bytes).ok_or(PictureProblem::Unsupported)?;
    let wanted = Grey::size(width, height)?;
    let pixels = bytes.get(from..from + wanted).ok_or(PictureProblem::Damaged)?.to_vec();
    Ok(Grey { width, height, pixels })
}
