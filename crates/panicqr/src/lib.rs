//! The kernel log inside the QR code that a DRM panic screen shows: from the code's address, or from a picture of it.
//!
//! Since Linux 6.12 drm_panic can show the end of the kernel's log as a QR code (drivers/gpu/drm/drm_panic_qr.rs, "drm/panic:
//! Add a QR code panic screen"): bare text, or an address whose fragment carries the text, compressed, as decimal
//! digits. This crate must never ask a network for anything: the fragment is all there is. Pictures and digits are
//! untrusted, and everything made of them is bounded.
#![forbid(unsafe_code)]

mod address;
mod digits;
mod finders;
mod inflate;
mod picture;
mod png;
mod scan;

pub use address::{AddressProblem, find_address, read_address};
pub use picture::{LARGEST as LARGEST_PICTURE, PictureForm};
pub use scan::{PictureProblem, read_picture};

/// The end of a kernel's log, out of a QR code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PanicLog {
    /// Its lines.
    pub text: String,
    /// `x86_64`, where the address tells.
    pub architecture: Option<String>,
    /// The kernel's release, where the address tells.
    pub release: Option<String>,
    /// The distribution, where the address tells.
    pub distribution: Option<String>,
    /// The text ends before its end: the address was cut.
    pub cut: bool,
}
