//! The source view: lines around a place, out of a folder of source that was given.
//!
//! Must never say that the lines are those that were compiled: nothing in a source file tells.

use crate::{Given, names};
use oopscope_source::ReadAt;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The largest source file that is read. The kernel's largest, lists of registers, have some tens of megabytes.
const LARGEST: u64 = 64 << 20;

/// The longest line that is given.
const LONGEST: usize = 4096;

/// The most lines around.
const MOST_AROUND: u32 = 1000;

/// Lines of a source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The file, as it was given.
    pub path: String,
    /// Number of the first of `lines`, from 1.
    pub first: u32,
    /// The lines, without their ends; what is no UTF-8 is replaced.
    pub lines: Vec<String>,
    /// What must be known about them: that they could not be verified, that several files would fit.
    pub note: Option<String>,
}

/// A source file: its path and its bytes.
type Source = (String, Rc<dyn ReadAt>);

/// The source files that were given, by their names without folders.
#[derive(Default)]
pub(crate) struct Sources {
    by_name: BTreeMap<String, Vec<Source>>,
    count: usize,
}

impl Sources {
    /// One more file.
    pub(crate) fn add(&mut self, given: &Given) {
        let files = self.by_name.entry(names::last(&given.name).to_owned()).or_default();
        files.push((given.name.clone(), Rc::clone(&given.bytes)));
        self.count += 1;
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Lines around a place.
    pub(crate) fn excerpt(&self, file: &str, line: u32, around: u32) -> Option<Excerpt> {
        let candidates = self.by_name.get(names::last(file))?;
        let most = candidates.iter().map(|(path, _)| same_end(path, file)).max()?;
        let mut best = candidates.iter().filter(|(path, _)| same_end(path, file) == most);
        let (path, bytes) = best.next()?;
        let others = best.count();
        let text = whole(&**bytes)?;
        let around = around.min(MOST_AROUND);
        let first = line.saturating_sub(around).max(1);
        let last = line.saturating_add(around);
        let skipped = usize::try_from(first - 1).ok()?;
        let wanted = usize::try_from(last - first).ok()? + 1;
        let all = text.split(|&byte| byte == b'\n');
        let lines: Vec<String> = all.skip(skipped).take(wanted).map(shown).collect();
        let mut notes = vec!["nothing tells whether this is the source that was compiled".to_owned()];
        let depth = file.split('/').filter(|part| !part.is_empty()).count();
        if most < depth {
            notes.push(format!("only the end of its path is that of {file}"));
        }
        if others > 0 {
            let s = if others == 1 { "" } else { "s" };
            notes.push(format!("{others} other file{s} would fit as well"));
        }
        let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        if first.saturating_add(count) <= line {
            notes.push(format!("it has no line {line}: it is another version of the file"));
        }
        Some(Excerpt { path: path.clone(), first, lines, note: Some(notes.join("; ")) })
    }
}

/// How many parts of two paths are the same, from the end.
fn same_end(one: &str, other: &str) -> usize {
    one.rsplit('/').zip(other.rsplit('/')).take_while(|(one, other)| one == other && !one.is_empty()).count()
}

fn whole(bytes: &dyn ReadAt) -> Option<Vec<u8>> {
    let size = usize::try_from(bytes.len().min(LARGEST)).ok()?;
    let mut text = vec![0; size];
    let done = bytes.read_at(0, &mut text).ok()?;
    text.truncate(done);
    Some(text)
}

fn shown(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(&line[..line.len().min(LONGEST)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> Sources {
        let mut sources = Sources::default();
        for (name, text) in files {
            sources.add(&Given { name: (*name).to_owned(), bytes: Rc::new(text.as_bytes().to_vec()) });
        }
        sources
    }

    #[test]
    fn the_file_with_the_longest_same_end_is_taken() {
        let sources = sources(&[
            ("linux/fs/ext4/inode.c", "a\nb\nc\r\nd\ne\n"),
            ("linux/fs/ext2/inode.c", "x\n"),
            ("linux/fs/inode.c", "y\n"),
        ]);
        let excerpt = sources.excerpt("fs/ext4/inode.c", 3, 1).unwrap();
        assert_eq!((excerpt.path.as_str(), excerpt.first), ("linux/fs/ext4/inode.c", 2));
        assert_eq!(excerpt.lines, ["b", "c", "d"]);
        assert_eq!(excerpt.note.as_deref(), Some("nothing tells whether this is the source that was compiled"));
        assert!(sources.excerpt("fs/ext4/super.c", 3, 1).is_none());
        let other = sources.excerpt("fs/xfs/inode.c", 1, 0).unwrap();
        assert!(other.note.unwrap().contains("2 other files would fit"));
        let short = sources.excerpt("fs/inode.c", 100, 2).unwrap();
        assert!(short.note.unwrap().contains("no line 100"));
    }
}
