//! One packed page to its bytes. Must never give more or less than a page, nor believe a size that a stream tells.

use crate::{Codec, Corruption};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use ruzstd::decoding::FrameDecoder;

/// What decoders keep from one page to the next.
#[derive(Default)]
pub(crate) struct Unpacker {
    inflate: Option<Box<DecompressorOxide>>,
    zstd: Option<Box<FrameDecoder>>,
    snappy: Option<snap::raw::Decoder>,
}

/// The largest window that a zstd frame may ask for: a page's frame asks for a page.
const MOST_WINDOW: u64 = 1 << 20;

impl Unpacker {
    /// Fills `page` with what `packed` holds.
    pub(crate) fn unpack(&mut self, codec: Codec, packed: &[u8], page: &mut [u8]) -> Result<(), Corruption> {
        let size = match codec {
            Codec::None => {
                let size = u32::try_from(packed.len()).unwrap_or(u32::MAX);
                if packed.len() != page.len() {
                    return Err(Corruption::Size { size });
                }
                page.copy_from_slice(packed);
                Some(page.len())
            }
            Codec::Zlib => self.inflate(packed, page),
            Codec::Lzo => lzo::decompress_into(packed, page).ok(),
            Codec::Snappy => {
                let length = snap::raw::decompress_len(packed).ok().filter(|&length| length == page.len());
                length.and_then(|_| self.snappy.get_or_insert_default().decompress(packed, page).ok())
            }
            Codec::Zstd => {
                let decoder = self.zstd.get_or_insert_with(|| {
                    let mut decoder = FrameDecoder::new();
                    decoder.set_max_window_size(MOST_WINDOW);
                    Box::new(decoder)
                });
                decoder.decode_all(packed, page).ok()
            }
        };
        if size == Some(page.len()) { Ok(()) } else { Err(Corruption::Stream { codec }) }
    }

    fn inflate(&mut self, packed: &[u8], page: &mut [u8]) -> Option<usize> {
        let inflate = self.inflate.get_or_insert_default();
        inflate.init();
        let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, _, size) = decompress(inflate, packed, page, 0, flags);
        (status == TINFLStatus::Done).then_some(size)
    }
}
