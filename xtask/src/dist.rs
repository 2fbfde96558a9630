//! Puts the deployable site together: what changes from build to build under `v/<build-id>/`, and the few files
//! with lasting addresses beside it. It must never leave a directory that is only half of a site.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::inputs;
use crate::run::run;
use crate::wasm::{self, Module};
use crate::workspace::{self, Workspace};

/// Files of `www/` that belong to one build.
const OF_THE_BUILD: &[&str] = &["boot.js", "drive.js", "keep.js", "worker.js", "vmcore-worker.js", "style.css"];
/// Files of `www/` with lasting addresses that work offline too.
const LASTING: &[&str] = &["index.html", "manifest.webmanifest", "icons"];
/// A dump to look at: its name in the build, and the file. Asked for when somebody presses the button, and not kept.
const EXAMPLE: (&str, &str) = ("example.vmcore", "tests/fixtures/dumps/small.vmcore");
/// What the npm package holds of a module besides what is committed in `pkg/`: these endings to its name.
const PACKED: &[&str] = &[".js", ".d.ts", "_bg.wasm", "_bg.wasm.d.ts"];

/// A site that was built.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) directory: PathBuf,
    pub(crate) build_id: String,
}

impl Site {
    /// A file of the build.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join("v").join(&self.build_id).join(name)
    }
}

/// Builds the site into a directory, replacing what was there.
pub(crate) fn build(workspace: &Workspace, directory: &Path) -> Result<Site> {
    let optimised = wasm::prepare(workspace)?;
    let build_id = inputs::build_id(workspace, optimised)?;
    let mut modules = Vec::new();
    for module in wasm::MODULES {
        modules.push((module, wasm::build(workspace, module, &build_id, optimised)?));
    }
    let files = collect(workspace, &build_id, &modules)?;
    replace(directory, &files)?;
    for (module, built) in modules.iter().filter(|(module, _)| module.is_packed) {
        for ending in PACKED {
            let name = format!("{}{ending}", module.name);
            workspace::write(&workspace.path("pkg").join(&name), &workspace::read(&built.join(&name))?)?;
        }
    }
    Ok(Site { directory: directory.to_owned(), build_id })
}

/// Builds the command with the site inside it.
pub(crate) fn build_cli(workspace: &Workspace, site: &Site, profile: &str) -> Result<PathBuf> {
    let directory = fs::canonicalize(&site.directory).map_err(Error::io("find", &site.directory))?;
    run(workspace
        .cargo()
        .args(["build", "--package", "oopscope", "--features", "page", "--profile", profile])
        .env("OOPSCOPE_DIST", directory)
        .env("OOPSCOPE_BUILD_ID", &site.build_id))?;
    Ok(workspace.target(&format!("{profile}/oopscope{}", std::env::consts::EXE_SUFFIX)))
}

/// All files of the site, by their names relative to its root.
fn collect(workspace: &Workspace, build_id: &str, modules: &[(Module, PathBuf)]) -> Result<BTreeMap<String, Vec<u8>>> {
    let www = workspace.path("www");
    let version_directory = format!("v/{build_id}");
    let mut files = BTreeMap::new();
    for name in OF_THE_BUILD {
        files.insert(format!("{version_directory}/{name}"), workspace::read(&www.join(name))?);
    }
    for (module, directory) in modules {
        for name in [format!("{}.js", module.name), format!("{}_bg.wasm", module.name)] {
            files.insert(format!("{version_directory}/{name}"), workspace::read(&directory.join(&name))?);
        }
    }
    for lasting in LASTING {
        for name in workspace::files_below(&www, lasting)? {
            let bytes = workspace::read(&www.join(&name))?;
            files.insert(name, bytes);
        }
    }
    fill_in(&mut files, "index.html", &[("{{BUILD_ID}}", build_id)])?;

    // What the service worker keeps, with the hashes it has the browser check.
    let hashes: BTreeMap<&str, String> = files.iter().map(|(name, bytes)| (name.as_str(), integrity(bytes))).collect();
    let list = serde_json::json!({ "build": build_id, "files": hashes });
    let list = format!("{list:#}\n").into_bytes();
    let list_hash = integrity(&list);
    files.insert(format!("{version_directory}/files.json"), list);

    let (name, path) = EXAMPLE;
    files.insert(format!("{version_directory}/{name}"), workspace::read(&workspace.path(path))?);
    files.insert("sw.js".to_owned(), workspace::read(&www.join("sw.js"))?);
    fill_in(&mut files, "sw.js", &[("{{BUILD_ID}}", build_id), ("{{FILES_INTEGRITY}}", &list_hash)])?;
    let version = serde_json::json!({ "build": build_id, "version": env!("CARGO_PKG_VERSION") });
    files.insert("version.json".to_owned(), format!("{version}\n").into_bytes());
    Ok(files)
}

/// Puts values in the place of their marks; each mark must be there.
fn fill_in(files: &mut BTreeMap<String, Vec<u8>>, name: &str, values: &[(&str, &str)]) -> Result<()> {
    let wrong = |words: &str| Error::Unexpected(format!("www/{name}: {words}"));
    let bytes = files.get_mut(name).ok_or_else(|| wrong("missing"))?;
    let mut text = String::from_utf8(std::mem::take(bytes)).map_err(|_| wrong("not UTF-8"))?;
    for (mark, value) in values {
        if !text.contains(mark) {
            return Err(wrong(&format!("{mark} is gone")));
        }
        text = text.replace(mark, value);
    }
    *bytes = text.into_bytes();
    Ok(())
}

/// The bytes' hash as browsers want it in `integrity`.
fn integrity(bytes: &[u8]) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(bytes)))
}

/// Writes the site beside its place and then swaps the two, so that a reader sees the old one or the new one.
fn replace(directory: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    let beside = |suffix: &str| {
        let mut name = directory.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{suffix}-{}", std::process::id()));
        directory.with_file_name(name)
    };
    let (new, old) = (beside("new"), beside("old"));
    for (name, bytes) in files {
        workspace::write(&new.join(name), bytes)?;
    }
    let had_one = directory.exists();
    if had_one {
        if !directory.join("version.json").exists() {
            let _ = fs::remove_dir_all(&new);
            let words = format!("{} exists and is not a site of ours: choose another --out", directory.display());
            return Err(Error::Unexpected(words));
        }
        fs::rename(directory, &old).map_err(Error::io("move away", directory))?;
    }
    fs::rename(&new, directory).map_err(Error::io("put in place", directory))?;
    if had_one {
        fs::remove_dir_all(&old).map_err(Error::io("remove", &old))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{fill_in, integrity};

    #[test]
    fn integrity_is_what_browsers_check() {
        // RFC 6234's "abc".
        assert_eq!(integrity(b"abc"), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn a_mark_that_is_gone_is_an_error() {
        let mut files = BTreeMap::from([("x".to_owned(), b"{{A}} and {{A}}".to_vec())]);
        fill_in(&mut files, "x", &[("{{A}}", "1")]).unwrap();
        assert_eq!(files["x"], b"1 and 1");
        assert!(fill_in(&mut files, "x", &[("{{A}}", "1")]).is_err());
    }
}
