//! One packed block without a header that says how: what pstore keeps.
//!
//! Must never take a guess for the answer: what comes out has to be text to the last byte.

use miniz_oxide::inflate::{decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit};

/// The largest block that is unpacked: pstore's records have some ten KiB (`kmsg_bytes`, 10 KiB by default).
pub const BLOCK_LIMIT: usize = 4 << 20;

/// A way to unpack.
type Way = fn(&[u8]) -> Option<Vec<u8>>;

/// Unpacks a record that pstore could not (`dmesg-ramoops-0.enc.z`): fs/pstore/platform.c has packed with zlib's
/// format, with bare deflate, and in kernels before 6.6 with whatever `pstore.compress` named, LZO and LZ4 among them.
/// None when it is none of these, or what comes out is no text.
pub fn decompress_block(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() > BLOCK_LIMIT {
        return None;
    }
    let ways: [Way; 4] = [
        |bytes| decompress_to_vec_zlib_with_limit(bytes, BLOCK_LIMIT).ok(),
        |bytes| decompress_to_vec_with_limit(bytes, BLOCK_LIMIT).ok(),
        |bytes| {
            let mut out = vec![0; (bytes.len() * 255).min(BLOCK_LIMIT)];
            let n = lz4_flex::block::decompress_into(bytes, &mut out).ok()?;
            out.truncate(n);
            Some(out)
        },
        |bytes| lzo::decompress(bytes, BLOCK_LIMIT).ok(),
    ];
    ways.into_iter().filter_map(|way| way(bytes)).find(|out| is_text(out))
}

fn is_text(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes.contains(&b'\n')
        && bytes.iter().all(|&byte| byte >= b' ' || matches!(byte, b'\n' | b'\r' | b'\t' | 0x1b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};

    const TEXT: &[u8] = b"Panic#1 Part1\n<4>[    1.000000] BUG: x\n<4>[    1.000000] BUG: x\n";

    #[test]
    fn what_pstore_packs_with() {
        assert_eq!(decompress_block(&compress_to_vec_zlib(TEXT, 6)).as_deref(), Some(TEXT));
        assert_eq!(decompress_block(&compress_to_vec(TEXT, 6)).as_deref(), Some(TEXT));
        // lz4: a token for 6 literals, then its bytes (doc/lz4_Block_format.md).
        assert_eq!(decompress_block(b"\x60Oops:\n").as_deref(), Some(&b"Oops:\n"[..]));
        // lzo1x: 17 + 6 literals, then the end mark.
        assert_eq!(decompress_block(b"\x17Oops:\n\x11\0\0").as_deref(), Some(&b"Oops:\n"[..]));
    }

    #[test]
    fn what_is_packed_otherwise_is_refused() {
        assert_eq!(decompress_block(b""), None);
        assert_eq!(decompress_block(TEXT), None);
        assert_eq!(decompress_block(&compress_to_vec_zlib(b"\0\x01\x02\n", 6)), None);
        let whole = compress_to_vec_zlib(TEXT, 6);
        assert_eq!(decompress_block(&whole[..whole.len() - 9]), None);
    }
}
