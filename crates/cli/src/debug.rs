//! Files of symbols, debug information and source, handed to who looks them up.
//!
//! This module must never open a file of a folder before something asks for it: a debug package has thousands.

use crate::input::{self, FileSource};
use crate::walk::{self, Found};
use crate::{Failure, note, spool};
use oopscope_dwarf::NoStore;
use oopscope_protocol::{Event, Request};
use oopscope_session::{Input, Session};
use oopscope_source::{ReadAt, ReadError};
use oopscope_symbolize::{Given, Symbolizer};
use std::cell::OnceCell;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Gives a session the files under these paths.
pub(crate) fn attach(session: &mut Session, paths: &[OsString]) -> Result<(), Failure> {
    let inputs = files(paths)?.into_iter().map(|(name, source)| Input { name, source: Box::new(source) }).collect();
    let mut answers = session.request(1, Request::Symbols { report: None }, inputs);
    loop {
        for answer in answers {
            match answer.event {
                Event::Symbols(_) => {
                    session.symbol_notes().iter().for_each(|text| note(text));
                    return Ok(());
                }
                Event::Failed(problem) => return Err(problem.into()),
                _ => {}
            }
        }
        if !session.is_busy() {
            return Ok(());
        }
        answers = session.step();
    }
}

/// The files under these paths, each with its name: of one that was named itself without its folder, of one in a folder
/// with its path from that folder on.
pub(crate) fn files(paths: &[OsString]) -> Result<Vec<(String, Lazy)>, Failure> {
    let mut all = Vec::new();
    for top in paths {
        let top = Path::new(top);
        let found = walk::files(&[top.as_os_str().to_owned()]);
        if found.is_empty() {
            note(&format!("{}: there are no files in it", input::shown(top.as_os_str())));
        }
        for Found { path, problem, named } in found {
            // What was named itself is opened at once, to say so where that is not permitted; but not a pipe, whose writer goes
            // away when it is closed again.
            let denied = || (named && path.is_file()).then(|| File::open(&path).err()).flatten();
            match problem.or_else(denied) {
                Some(error) if named => {
                    return Err(Failure::Message(format!(
                        "{}: {}",
                        input::shown(path.as_os_str()),
                        input::reason(&error)
                    )));
                }
                Some(error) => note(&format!("{}: {}", input::shown(path.as_os_str()), input::reason(&error))),
                None => all.push((name_of(top, &path, named), Lazy { path, source: OnceCell::new() })),
            }
        }
    }
    Ok(all)
}

/// Those of the paths that are no symbols: `--debug vmlinux dmesg.txt` names a log, too.
pub(crate) fn logs(paths: &[OsString]) -> (Vec<OsString>, Vec<OsString>) {
    let is_log = |path: &OsString| {
        let path = Path::new(path);
        if !path.is_file() {
            return false;
        }
        let bytes = Lazy { path: path.to_owned(), source: OnceCell::new() };
        let given = Given { name: name_of(path, path, true), bytes: Rc::new(bytes) };
        !Symbolizer::new(Rc::new(NoStore)).add(vec![given]).is_empty()
    };
    paths.iter().cloned().partition(is_log)
}

fn name_of(top: &Path, path: &Path, named: bool) -> String {
    let whole = path.file_name().unwrap_or(path.as_os_str());
    if named {
        return input::shown(whole);
    }
    let within = path.strip_prefix(top).unwrap_or(path);
    let folder = top.file_name().map_or_else(|| ".".to_owned(), input::shown);
    format!("{folder}/{}", input::shown(within.as_os_str()))
}

/// A file that is opened when it is first read.
pub(crate) struct Lazy {
    path: PathBuf,
    source: OnceCell<Result<Box<dyn ReadAt>, ReadError>>,
}

impl Lazy {
    fn source(&self) -> Result<&dyn ReadAt, ReadError> {
        let opened = self.source.get_or_init(|| open(&self.path).map_err(|error| read_error(&error)));
        opened.as_ref().map(|source| &**source).map_err(|error| *error)
    }
}

impl ReadAt for Lazy {
    fn len(&self) -> u64 {
        self.source().map_or(0, ReadAt::len)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        self.source()?.read_at(offset, buf)
    }
}

fn open(path: &Path) -> io::Result<Box<dyn ReadAt>> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    // A pipe has no positions (`--debug <(xz -dc vmlinux.xz)`), and files of /proc say that they are empty (kallsyms).
    if metadata.file_type().is_fifo() || metadata.is_file() && metadata.len() == 0 {
        return spool::spool(&mut file);
    }
    Ok(Box::new(FileSource::new(file, &metadata)?))
}

fn read_error(error: &io::Error) -> ReadError {
    match error.kind() {
        ErrorKind::NotFound => ReadError::Missing,
        ErrorKind::PermissionDenied => ReadError::Denied { offset: 0 },
        _ => ReadError::Io { offset: 0 },
    }
}
