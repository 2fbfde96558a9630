//! Files as sources for the session, read by position.
//!
//! This module must never read a whole file, and never go on with one that is not what it was.

use crate::{Failure, cost, spool};
use oopscope_session::Input;
use oopscope_source::{ReadAt, ReadError};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, IsTerminal};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::SystemTime;

/// Sources for the files that were named; standard input for `-` and where none was.
pub(crate) fn all(files: &[OsString]) -> Result<Vec<Input>, Failure> {
    if files.is_empty() && io::stdin().is_terminal() {
        return Err(Failure::Message("give a log: oopscope log FILE, or: dmesg | oopscope log".into()));
    }
    let dash = [OsString::from("-")];
    let files = if files.is_empty() { &dash } else { files };
    files.iter().map(|name| one(name)).collect()
}

fn one(name: &OsStr) -> Result<Input, Failure> {
    // The address of a panic screen's QR code, as a telephone reads it: the log is in the address itself.
    if let Some(address) = name.to_str().filter(|text| oopscope_panicqr::find_address(text).is_some()) {
        return Ok(Input::from_bytes("", address.as_bytes().to_vec()));
    }
    open(name).map_err(|error| Failure::Message(format!("{}: {}", shown(name), reason(&error))))
}

/// A source for one file; standard input for `-`.
pub(crate) fn open(name: &OsStr) -> io::Result<Input> {
    let source: Box<dyn ReadAt> = if name == "-" {
        spool::spool(&mut io::stdin().lock())?
    } else {
        let mut file = File::open(name)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        // A pipe has no positions, and files of /proc and /sys say that they are empty.
        if metadata.is_file() && metadata.len() > 0 {
            Box::new(FileSource::new(file, &metadata)?)
        } else {
            spool::spool(&mut file)?
        }
    };
    // The last part of the path, as a browser has it: the same log gives the same text there and here.
    let last = Path::new(name).file_name().unwrap_or(name);
    Ok(Input { name: shown(last), source })
}

/// A name that does no harm in a terminal.
pub(crate) fn shown(name: &OsStr) -> String {
    name.to_string_lossy().chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Why a file can't be read, in words.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".into(),
        ErrorKind::PermissionDenied => "reading it is not permitted; try sudo, or copy the file".into(),
        ErrorKind::IsADirectory => "it is a directory; name the log files inside it".into(),
        _ => format!("it can't be read: {error}"),
    }
}

/// A file, read with pread.
pub(crate) struct FileSource {
    file: File,
    len: u64,
    modified: SystemTime,
}

impl FileSource {
    /// The file as it is now.
    pub(crate) fn new(file: File, metadata: &Metadata) -> io::Result<Self> {
        cost::opened(metadata.len());
        Ok(Self { len: metadata.len(), modified: metadata.modified()?, file })
    }

    /// A log that has grown is still the log that was opened; anything else makes positions untrue.
    fn has_changed(&self) -> io::Result<bool> {
        let now = self.file.metadata()?;
        Ok(now.len() < self.len || (now.len() == self.len && now.modified()? != self.modified))
    }
}

impl ReadAt for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = left.min(buf.len());
        let mut done = 0;
        while done < wanted {
            let at = offset + done as u64;
            match self.file.read_at(&mut buf[done..wanted], at) {
                Ok(0) => return Err(ReadError::Changed { offset: at }),
                Ok(n) => done += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(read_error(&error, at)),
            }
        }
        match self.has_changed() {
            Ok(false) => {
                cost::read(done);
                Ok(done)
            }
            Ok(true) => Err(ReadError::Changed { offset }),
            Err(error) => Err(read_error(&error, offset)),
        }
    }
}

fn read_error(error: &io::Error, offset: u64) -> ReadError {
    match error.kind() {
        ErrorKind::IsADirectory => ReadError::Directory,
        ErrorKind::NotFound => ReadError::Missing,
        ErrorKind::PermissionDenied => ReadError::Denied { offset },
        _ => ReadError::Io { offset },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek, Write};
    use std::time::Duration;

    /// A file with some text, and a source over it.
    fn source(name: &str) -> (File, FileSource) {
        let path = std::env::temp_dir().join(format!("oopscope-test-{}-{name}", std::process::id()));
        let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        file.write_all(b"0123456789").unwrap();
        let source = FileSource::new(file.try_clone().unwrap(), &file.metadata().unwrap()).unwrap();
        (file, source)
    }

    fn read(source: &FileSource) -> Result<usize, ReadError> {
        source.read_at(2, &mut [0; 100])
    }

    #[test]
    fn a_log_that_grows_is_still_the_same_log() {
        let (mut file, source) = source("grows");
        assert_eq!(read(&source), Ok(8));
        file.write_all(b"more").unwrap();
        assert_eq!(read(&source), Ok(8));
        assert_eq!(source.read_at(10, &mut [0; 4]), Ok(0), "what was appended does not belong to it");
    }

    #[test]
    fn a_file_that_was_cut_or_written_over_is_another() {
        let (file, cut) = source("cut");
        file.set_len(5).unwrap();
        assert_eq!(read(&cut), Err(ReadError::Changed { offset: 5 }));

        let (mut file, rewritten) = source("rewritten");
        file.rewind().unwrap();
        file.write_all(b"abc").unwrap();
        file.set_modified(SystemTime::now() + Duration::from_secs(5)).unwrap();
        assert_eq!(read(&rewritten), Err(ReadError::Changed { offset: 2 }));
    }
}
