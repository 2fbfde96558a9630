//! `oopscope cache`, and the folder in which indexes of debug information are kept between two runs.
//!
//! This module must never fail for want of the folder: what is not kept is made anew.

use crate::args::CacheOptions;
use crate::{Failure, Outcome, print};
use oopscope_dwarf::{NoStore, Store};
use oopscope_protocol::Kept;
use oopscope_session::Keep;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

/// Bytes that are kept; the oldest go first.
const LIMIT: u64 = 256 << 20;

/// The longest name.
const LONGEST: usize = 120;

/// The folder.
pub(crate) struct Cache {
    folder: PathBuf,
}

/// What keeps indexes: the folder, or nothing where there is none or it is not wanted.
pub(crate) fn store(is_wanted: bool) -> Rc<dyn Keep> {
    match folder().filter(|_| is_wanted) {
        Some(folder) => Rc::new(Cache { folder }),
        None => Rc::new(NoStore),
    }
}

/// Where it lies: `$XDG_CACHE_HOME/oopscope`, or else `~/.cache/oopscope` (XDG Base Directory Specification).
fn folder() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(base.join("oopscope"))
}

/// A file of the folder.
struct Item {
    path: PathBuf,
    size: u64,
    modified: SystemTime,
}

impl Cache {
    /// A name's file; none for what is no name.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let ok = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        let good = !name.is_empty() && name.len() <= LONGEST && name.bytes().all(ok) && !name.starts_with('.');
        good.then(|| self.folder.join(name))
    }

    fn items(&self) -> Vec<Item> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let item = |entry: fs::DirEntry| {
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some(Item { path: entry.path(), size: metadata.len(), modified: metadata.modified().ok()? })
        };
        entries.filter_map(item).collect()
    }

    /// Writes a file beside its place and then puts it there: another process never sees half of one.
    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let beside = self.folder.join(format!(".{}", std::process::id()));
        let mut file = fs::File::create(&beside)?;
        let written = file.write_all(bytes).and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            // What can't be taken away is small, and is written over the next time.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    /// Takes out the oldest until the rest has no more than `limit` bytes.
    fn prune(&self, limit: u64) -> u64 {
        let mut items = self.items();
        items.sort_by_key(|item| item.modified);
        let mut total: u64 = items.iter().map(|item| item.size).sum();
        let mut gone = 0;
        for item in items {
            if total <= limit {
                break;
            }
            if fs::remove_file(&item.path).is_ok() {
                total -= item.size;
                gone += item.size;
            }
        }
        gone
    }
}

impl Store for Cache {
    fn get(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.path(name)?;
        let file = fs::File::open(&path).ok()?;
        if file.metadata().ok()?.len() > LIMIT {
            return None;
        }
        let bytes = fs::read(&path).ok()?;
        // What is used stays; where the time can't be set it goes a little earlier.
        let _ = file.set_modified(SystemTime::now());
        Some(bytes)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        if let Some(path) = self.path(name).filter(|_| bytes.len() as u64 <= LIMIT) {
            // What is not kept is made anew.
            let _ = self.write(&path, bytes);
            self.prune(LIMIT);
        }
    }
}

impl Keep for Cache {
    fn forget(&self) {
        self.prune(0);
    }

    fn kept(&self) -> Kept {
        Kept { bytes: Some(self.items().iter().map(|item| item.size).sum()), problem: None }
    }
}

/// Runs the command.
pub(crate) fn run(options: &CacheOptions) -> Result<Outcome, Failure> {
    let Some(folder) = folder() else {
        return Err(Failure::Message("there is no folder for a cache: neither XDG_CACHE_HOME nor HOME is set".into()));
    };
    let cache = Cache { folder };
    let shown = cache.folder.display();
    if options.forget {
        let gone = cache.prune(0);
        return print(&format!("{shown}: {gone} bytes forgotten\n"));
    }
    let items = cache.items();
    let bytes: u64 = items.iter().map(|item| item.size).sum();
    let s = if items.len() == 1 { "" } else { "s" };
    print(&format!("{shown}: {} file{s}, {bytes} bytes of at most {LIMIT}\n", items.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_oldest_go_first_and_odd_names_nowhere() {
        let folder = std::env::temp_dir().join(format!("oopscope-test-cache-{}", std::process::id()));
        let cache = Cache { folder: folder.clone() };
        for (age, name) in ["old", "older", "new"].into_iter().zip([20, 30, 10]).map(|(name, age)| (age, name)) {
            cache.put(name, &[0; 100]);
            let file = fs::File::options().write(true).open(folder.join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        assert_eq!(cache.prune(250), 100);
        assert_eq!(cache.get("older"), None);
        assert_eq!(cache.get("old"), Some(vec![0; 100]));
        // It was used last.
        assert_eq!(cache.prune(100), 100);
        assert_eq!((cache.get("new"), cache.get("old").is_some()), (None, true));
        cache.put("../elsewhere", &[1]);
        cache.put(".hidden", &[1]);
        assert_eq!((cache.items().len(), cache.kept().bytes), (1, Some(100)));
        cache.forget();
        assert_eq!(cache.items().len(), 0);
        fs::remove_dir(&folder).unwrap();
    }
}
