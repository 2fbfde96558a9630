//! Where things are, and small file operations that name their path when they fail. It must never depend on the
//! directory that xtask was started in.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};

/// The places of this checkout.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    /// Path of this very program. Asked for at the start: a build that replaces it must not make it unknown.
    xtask: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().ok_or_else(|| Error::Unexpected("xtask has no parent directory".to_owned()))?;
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(directory) => root.join(directory),
            None => root.join("target"),
        };
        let xtask = env::current_exe().map_err(Error::io("find the program of", root))?;
        Ok(Self { root: root.to_owned(), target, xtask })
    }

    pub(crate) fn xtask(&self) -> &Path {
        &self.xtask
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside the checkout.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A path inside cargo's target directory.
    pub(crate) fn target(&self, relative: &str) -> PathBuf {
        self.target.join(relative)
    }

    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// A program to be run in the checkout's root.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// The cargo that runs xtask.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // These are about the xtask package; a build must not depend on who started it.
        for (name, _) in env::vars_os() {
            let told = name.to_string_lossy();
            if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(Error::io("read", path))
}

pub(crate) fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(Error::io("read", path))
}

/// Writes a file and the directories above it; a file that has these bytes already is not touched.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|known| known == bytes) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    }
    fs::write(path, bytes).map_err(Error::io("write", path))
}

/// All files below a path (or the file itself), sorted, with `/` between the parts; links, `node_modules` and what
/// begins with a dot are left out.
pub(crate) fn files_below(root: &Path, relative: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![relative.to_owned()];
    while let Some(name) = open.pop() {
        let path = root.join(&name);
        let kind = fs::symlink_metadata(&path).map_err(Error::io("look at", &path))?;
        if kind.is_file() {
            found.push(name);
        } else if kind.is_dir() {
            for entry in fs::read_dir(&path).map_err(Error::io("list", &path))? {
                let entry = entry.map_err(Error::io("list", &path))?;
                let Ok(child) = entry.file_name().into_string() else { continue };
                if !child.starts_with('.') && child != "node_modules" {
                    open.push(format!("{name}/{child}"));
                }
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}
