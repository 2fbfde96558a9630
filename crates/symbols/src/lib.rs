//! Names, types and unwind tables out of bytes that it is handed. Must never read memory by itself.
#![forbid(unsafe_code)]
