//! The QR code in a picture, and the log in the code.
//!
//! Must never try without end: a picture is looked at in a few sizes, right and inverted, and each time a few codes.

use crate::picture::{Grey, decode};
use crate::{AddressProblem, PanicLog, finders, read_address};
use rqrr::PreparedImage;

/// Pixels above which a picture is looked at in a smaller size first: finer detail is noise of the camera.
const FINE: usize = 1_500_000;

/// Corner marks in a picture: a code has three, and in the largest some thirty places of its data look like one.
const MOST_MARKS: usize = 40;

/// Codes in a picture that are looked at.
const MOST_CODES: usize = 16;

/// Why a picture gives no log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PictureProblem {
    /// It is not what its format says.
    #[error("the picture is damaged")]
    Damaged,
    /// It has more pixels than are looked at.
    #[error("the picture has too many pixels")]
    TooLarge,
    /// It is stored in a way that is not read.
    #[error("the picture is stored in a way that is not read here")]
    Unsupported,
    /// No QR code was found in it.
    #[error("there is no QR code in the picture that could be found")]
    NoCode,
    /// A QR code was found, but not all of it could be made out.
    #[error("there is a QR code in the picture, but too much of it is blurred, hidden or cut off")]
    Unreadable,
    /// A QR code was read, and it is no kernel's.
    #[error("the QR code in the picture holds something else than a kernel log")]
    NoLog,
    /// The address in the code does not unpack.
    #[error(transparent)]
    Address(#[from] AddressProblem),
}

/// Reads the log out of a picture of a QR code: PNG, PGM, and JPEG where that is built in.
pub fn read_picture(bytes: &[u8]) -> Result<PanicLog, PictureProblem> {
    let picture = decode(bytes)?;
    let mut problem = PictureProblem::NoCode;
    for by in sizes(&picture) {
        let reduced = (by > 1).then(|| picture.reduced(by));
        let picture = reduced.as_ref().unwrap_or(&picture);
        for inverted in [false, true] {
            match codes(picture, inverted) {
                Err(PictureProblem::NoCode) => {}
                Err(found @ PictureProblem::Unreadable) => problem = found,
                other => return other,
            }
        }
    }
    Err(problem)
}

/// By how much a picture is reduced, one try after the other.
fn sizes(picture: &Grey) -> Vec<usize> {
    let mut fit = 1;
    while picture.width * picture.height / (fit * fit) > FINE {
        fit += 1;
    }
    // After the one that fits a coarser and a finer one.
    let mut sizes = vec![fit];
    if picture.width.min(picture.height) / (fit + 1) >= 200 {
        sizes.push(fit + 1);
    }
    if fit > 1 {
        sizes.push(fit - 1);
    }
    sizes
}

/// The log in one of the codes of a picture.
fn codes(picture: &Grey, inverted: bool) -> Result<PanicLog, PictureProblem> {
    let mut dark = picture.dark();
    if inverted {
        for dark in &mut dark {
            *dark = !*dark;
        }
    }
    if !(3..=MOST_MARKS).contains(&finders::count(&dark, picture.width, MOST_MARKS)) {
        return Err(PictureProblem::NoCode);
    }
    let is_dark = |x: usize, y: usize| dark.get(y * picture.width + x).is_some_and(|dark| *dark);
    let mut prepared = PreparedImage::prepare_from_bitmap(picture.width, picture.height, is_dark);
    let mut problem = PictureProblem::NoCode;
    for grid in prepared.detect_grids().iter().take(MOST_CODES) {
        let mut content = Vec::new();
        if grid.decode_to(&mut content).is_err() {
            problem = PictureProblem::Unreadable;
            continue;
        }
        match log_of(&content) {
            Err(PictureProblem::NoLog) if problem == PictureProblem::NoCode => problem = PictureProblem::NoLog,
            Err(PictureProblem::NoLog) => {}
            other => return other,
        }
    }
    Err(problem)
}

/// What a code holds: an address, or the lines themselves where the kernel was built without one.
fn log_of(content: &[u8]) -> Result<PanicLog, PictureProblem> {
    let text = String::from_utf8_lossy(content);
    if let Some(log) = read_address(&text) {
        return Ok(log?);
    }
    let is_log = text.lines().count() > 1 && text.lines().any(|line| line.starts_with(['[', '<']));
    if is_log { Ok(PanicLog { text: text.into_owned(), ..PanicLog::default() }) } else { Err(PictureProblem::NoLog) }
}
