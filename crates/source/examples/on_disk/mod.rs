//! A file by position, for the programs for developers beside the crates. Must never be used but by those: the core reads no
//! files.

use oopscope_source::{ReadAt, ReadError};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// A file read by position, with its size.
pub(crate) struct OnDisk(File, u64);

impl OnDisk {
    /// Opens a file.
    pub(crate) fn open(name: &str) -> io::Result<Self> {
        let file = File::open(name)?;
        let length = file.metadata()?.len();
        Ok(Self(file, length))
    }
}

impl ReadAt for OnDisk {
    fn len(&self) -> u64 {
        self.1
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let mut done = 0;
        while done < buf.len() {
            match self.0.read_at(&mut buf[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(more) => done += more,
                Err(_) => return Err(ReadError::Io { offset }),
            }
        }
        Ok(done)
    }
}
