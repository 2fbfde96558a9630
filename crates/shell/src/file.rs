//! A `File` or `Blob` as a source: `FileReaderSync` over `Blob.slice`.
//!
//! This module must never read more than it was asked for: a file may be larger than all memory.

use js_sys::{Reflect, Uint8Array};
use oopscope_source::{ReadAt, ReadError};
use wasm_bindgen::JsValue;
use web_sys::{Blob, FileReaderSync};

/// The browser reads at most this much at once; a read of 2 GiB fails.
const LARGEST_READ: usize = 64 << 20;

/// Bytes of a file that the user gave to the page.
pub struct FileSource {
    blob: Blob,
    len: u64,
}

impl FileSource {
    /// The bytes of `blob`, with the size that it has now.
    pub fn new(blob: Blob) -> Self {
        let len = whole(blob.size());
        Self { blob, len }
    }

    fn slice(&self, from: u64, to: u64) -> Result<Uint8Array, JsValue> {
        let slice = self.blob.slice_with_f64_and_f64(number(from), number(to))?;
        let buffer = FileReaderSync::new()?.read_as_array_buffer(&slice)?;
        Ok(Uint8Array::new(&buffer))
    }

    /// A file that is gone says that its size is 0; only reading it tells that from an empty one.
    fn check_empty(&self) -> Result<usize, ReadError> {
        let buffer = FileReaderSync::new().and_then(|reader| reader.read_as_array_buffer(&self.blob));
        let buffer = buffer.map_err(|error| reason(&error, 0))?;
        if buffer.byte_length() == 0 { Ok(0) } else { Err(ReadError::Changed { offset: 0 }) }
    }
}

impl ReadAt for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        if self.len == 0 {
            return self.check_empty();
        }
        let mut done = 0;
        for piece in buf.chunks_mut(LARGEST_READ) {
            let from = offset.saturating_add(done as u64).min(self.len);
            let to = from.saturating_add(piece.len() as u64).min(self.len);
            if from == to {
                break;
            }
            let bytes = self.slice(from, to).map_err(|error| reason(&error, from))?;
            let n = bytes.length() as usize;
            let Some(room) = piece.get_mut(..n) else { return Err(ReadError::Io { offset: from }) };
            bytes.copy_to(room);
            done += n;
            if from + (n as u64) < to {
                return Err(ReadError::Changed { offset: from + n as u64 });
            }
        }
        Ok(done)
    }
}

/// Why a read failed, by the name of the `DOMException`.
fn reason(error: &JsValue, offset: u64) -> ReadError {
    let name = Reflect::get(error, &JsValue::from_str("name")).ok().and_then(|name| name.as_string());
    match name.as_deref() {
        // A `File` is a snapshot: what was written to the file since makes it unreadable. Where the permission to
        // read was taken back meanwhile browsers say the same.
        Some("NotReadableError") => ReadError::Changed { offset },
        Some("NotFoundError") => ReadError::Missing,
        Some("SecurityError" | "NotAllowedError") => ReadError::Denied { offset },
        _ => ReadError::Io { offset },
    }
}

/// An offset as JS has it: exact below 2^53, which no file reaches.
#[expect(clippy::cast_precision_loss, reason = "file sizes are below 2^53")]
fn number(offset: u64) -> f64 {
    offset as f64
}

/// A size as JS has it, as the whole number it is.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "Blob.size is a whole number below 2^53")]
fn whole(size: f64) -> u64 {
    size as u64
}
