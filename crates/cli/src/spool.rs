//! What has no positions (a pipe, standard input) made readable by position.
//!
//! Kept in memory up to [`IN_MEMORY`], beyond that in a temporary file whose name is removed at once. This module
//! must never leave a file behind.

use crate::input::FileSource;
use oopscope_source::ReadAt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;

/// Bytes that are held in memory.
const IN_MEMORY: u64 = 64 << 20;

/// Reads a stream to its end.
pub(crate) fn spool(stream: &mut dyn Read) -> io::Result<Box<dyn ReadAt>> {
    let mut head = Vec::new();
    Read::take(&mut *stream, IN_MEMORY).read_to_end(&mut head)?;
    let mut next = [0];
    if read_some(stream, &mut next)? == 0 {
        return Ok(Box::new(head));
    }
    let mut file = nameless_file()?;
    file.write_all(&head)?;
    drop(head);
    file.write_all(&next)?;
    io::copy(stream, &mut file)?;
    let metadata = file.metadata()?;
    Ok(Box::new(FileSource::new(file, &metadata)?))
}

fn read_some(stream: &mut dyn Read, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(buf) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// A file that nobody else can open, and that is gone when it is closed.
fn nameless_file() -> io::Result<File> {
    const TRIES: u32 = 100;
    let directory = std::env::temp_dir();
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for n in 0..TRIES {
        let path = directory.join(format!("oopscope-{}-{n}", std::process::id()));
        match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(source: &dyn ReadAt) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(source.len()).unwrap()];
        let n = source.read_at(0, &mut bytes).unwrap();
        bytes.truncate(n);
        bytes
    }

    #[test]
    fn a_short_stream_stays_in_memory() {
        assert_eq!(whole(&*spool(&mut b"a\nb\n".as_slice()).unwrap()), b"a\nb\n");
        assert!(spool(&mut io::empty()).unwrap().is_empty());
    }

    #[test]
    fn a_long_stream_goes_to_a_file_and_loses_nothing() {
        let source = spool(&mut io::repeat(b'x').take(IN_MEMORY + 3)).unwrap();
        assert_eq!(source.len(), IN_MEMORY + 3);
        let mut tail = [0; 8];
        assert_eq!(source.read_at(IN_MEMORY - 2, &mut tail), Ok(5));
        assert_eq!(&tail[..5], b"xxxxx");
    }
}
