//! Pictures of formats that the browser reads and the engine does not (JPEG, WebP, AVIF, HEIC where the system has it), made
//! into one that the engine reads: a decoder of ours would be downloaded by everyone. Must never look for anything in a
//! picture.

use super::{document, window};
use js_sys::futures::JsFuture;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, File, HtmlCanvasElement, ImageBitmap};

/// The longest side of what is handed over, in pixels: enough for the densest QR code on a screen.
const MAX_SIDE: f64 = 4096.0;

/// The files, with the pictures among them as the engine reads them. What the browser can't decode stays as it is: the
/// engine says what it is then.
pub(crate) async fn readable(files: Vec<File>) -> Vec<File> {
    let mut out = Vec::with_capacity(files.len());
    for file in files {
        let converted = if needs_browser(&file.type_()) { gray(&file).await.ok() } else { None };
        out.push(converted.unwrap_or(file));
    }
    out
}

/// True for a file that is not handed over as it is.
pub(crate) fn needs_browser(mime: &str) -> bool {
    let engine_reads = ["image/png", "image/x-portable-graymap", "image/svg+xml"];
    mime.starts_with("image/") && !engine_reads.contains(&mime)
}

async fn gray(file: &File) -> Result<File, JsValue> {
    let bitmap: ImageBitmap = JsFuture::from(window().create_image_bitmap_with_blob(file)?).await?.unchecked_into();
    let (width, height) = (f64::from(bitmap.width()), f64::from(bitmap.height()));
    let scale = (MAX_SIDE / width.max(height)).min(1.0);
    let side = |length: f64| u32::try_from(crate::num::to_u64((length * scale).round())).unwrap_or(1).max(1);
    let (width, height) = (side(width), side(height));
    let canvas: HtmlCanvasElement = document().create_element("canvas")?.unchecked_into();
    canvas.set_width(width);
    canvas.set_height(height);
    let context: CanvasRenderingContext2d = canvas.get_context("2d")?.ok_or(JsValue::UNDEFINED)?.unchecked_into();
    // Transparent is white, as it is on most pages.
    context.set_fill_style_str("white");
    context.fill_rect(0.0, 0.0, f64::from(width), f64::from(height));
    context.draw_image_with_image_bitmap_and_dw_and_dh(&bitmap, 0.0, 0.0, f64::from(width), f64::from(height))?;
    let pixels = context.get_image_data(0.0, 0.0, f64::from(width), f64::from(height))?.data();
    let bytes = graymap(width, height, &pixels);
    let parts = Array::of1(&Uint8Array::from(bytes.as_slice()));
    File::new_with_u8_array_sequence(&parts, &format!("{}.pgm", file.name()))
}

/// A picture of red, green, blue and opacity as a portable graymap (`P5`).
fn graymap(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut out = format!("P5\n{width} {height}\n255\n").into_bytes();
    out.extend(pixels.chunks_exact(4).map(|pixel| {
        let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
        // Rec. 601's weights in 256ths; their sum is 256, so that a byte it stays.
        u8::try_from((77 * red + 150 * green + 29 * blue) >> 8).unwrap_or(u8::MAX)
    }));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graymap_has_a_byte_a_pixel_after_its_head() {
        let pixels = [0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 255];
        assert_eq!(graymap(3, 1, &pixels), b"P5\n3 1\n255\n\x00\xff\x4c");
    }

    #[test]
    fn what_the_engine_reads_itself_is_left_alone() {
        for (mime, wanted) in
            [("image/png", false), ("image/jpeg", true), ("image/webp", true), ("text/plain", false), ("", false)]
        {
            assert_eq!(needs_browser(mime), wanted, "{mime}");
        }
    }
}
