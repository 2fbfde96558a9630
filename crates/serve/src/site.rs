//! The table of files that is served: complete before the first request, read-only afterwards.
//! It must never answer with one file where another was asked for: a missing file is missing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use crate::content_type::content_type;
use crate::headers::HeaderRules;

/// Directories nested deeper than this are not a site of ours.
const MAX_DEPTH: usize = 8;

/// The files of a site, by path, with the headers that go with them.
#[derive(Clone, Debug, Default)]
pub struct Site {
    files: BTreeMap<Cow<'static, str>, Cow<'static, [u8]>>,
    headers: HeaderRules,
}

/// One answer out of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    pub(crate) content_type: &'static str,
    pub(crate) body: &'a [u8],
}

impl Site {
    /// A site without files.
    pub fn new(headers: HeaderRules) -> Self {
        Self { files: BTreeMap::new(), headers }
    }

    /// Adds a file under its name relative to the site's root, such as `v/0123/ui.js`.
    pub fn add(&mut self, name: impl Into<Cow<'static, str>>, body: impl Into<Cow<'static, [u8]>>) {
        self.files.insert(name.into(), body.into());
    }

    /// Reads all files below a directory. Names that are not UTF-8, and links, are left out.
    pub fn load(directory: &Path, headers: HeaderRules) -> io::Result<Self> {
        let mut site = Self::new(headers);
        site.load_below(directory, "", MAX_DEPTH)?;
        Ok(site)
    }

    fn load_below(&mut self, directory: &Path, prefix: &str, depth: usize) -> io::Result<()> {
        if depth == 0 {
            return Err(io::Error::other(format!("{} is nested too deeply to be a site", directory.display())));
        }
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let name = format!("{prefix}{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.load_below(&entry.path(), &format!("{name}/"), depth - 1)?;
            } else if kind.is_file() {
                self.add(name, fs::read(entry.path())?);
            }
        }
        Ok(())
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The file for an absolute request path; for a directory it is the `index.html` in it.
    pub(crate) fn find(&self, path: &str) -> Option<Found<'_>> {
        let name = path.strip_prefix('/')?;
        let name = if name.is_empty() || name.ends_with('/') {
            Cow::Owned(format!("{name}index.html"))
        } else {
            Cow::Borrowed(name)
        };
        let name = name.as_ref();
        let body = self.files.get(name)?;
        Some(Found { content_type: content_type(name), body })
    }

    pub(crate) fn headers(&self, path: &str) -> Vec<(&str, &str)> {
        self.headers.for_path(path)
    }
}

#[cfg(test)]
mod tests {
    use super::Site;
    use crate::HeaderRules;

    fn site() -> Site {
        let mut site = Site::new(HeaderRules::default());
        site.add("index.html", b"page".as_slice());
        site.add("lab/index.html", b"copy".as_slice());
        site.add("v/1/ui.js", b"code".as_slice());
        site
    }

    #[test]
    fn a_directory_is_the_page_in_it() {
        assert_eq!(site().find("/").unwrap().body, b"page");
        assert_eq!(site().find("/lab/").unwrap().body, b"copy");
        assert_eq!(site().find("/v/1/ui.js").unwrap().content_type, "text/javascript; charset=utf-8");
    }

    #[test]
    fn what_is_not_in_the_table_is_missing() {
        for path in ["/v/2/ui.js", "/v/1/", "/v/1", "", "index.html", "/../Cargo.toml", "/v/1/../../index.html", "//"] {
            assert_eq!(site().find(path), None, "{path}");
        }
    }

    #[test]
    fn a_directory_is_loaded_with_relative_names() {
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let site = Site::load(here, HeaderRules::default()).unwrap();
        assert!(site.find("/src/site.rs").is_some());
        assert!(site.find("/Cargo.toml").is_some());
    }
}
