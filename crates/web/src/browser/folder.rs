//! The files of a folder that was dropped. Must never read them, nor take more of them than it is told to.

use super::set_folder_path;
use js_sys::futures::JsFuture;
use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{File, FileSystemDirectoryEntry, FileSystemDirectoryReader, FileSystemEntry, FileSystemFileEntry};
use yew::Callback;

/// Folders inside folders that are looked into.
const MAX_DEPTH: u32 = 32;

/// After so many files it is told how many there are.
const TELL: usize = 500;

/// What a folder holds.
#[derive(Default)]
pub(crate) struct Found {
    /// The files with their paths.
    pub(crate) files: Vec<(String, File)>,
    /// True when there are more.
    pub(crate) more: bool,
    /// Files and folders that the browser would not open.
    pub(crate) refused: u64,
}

/// The files of `roots` and of the folders among them. `most` is told each file's path and says how
/// many are taken; `told` gets their number now and then.
pub(crate) async fn files(
    roots: Vec<FileSystemEntry>,
    mut most: impl FnMut(&str) -> usize,
    told: Callback<usize>,
) -> Found {
    let mut found = Found::default();
    let mut waiting = vec![(0, roots)];
    let mut said = 0;
    while let Some((depth, entries)) = waiting.pop() {
        let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(FileSystemEntry::is_directory);
        // Asked for all at once: to ask the browser for one after the other takes a minute for a tree of source.
        let asked: Array = files.iter().map(file).collect();
        let answers: Array = match JsFuture::from(Promise::all(&asked)).await {
            Ok(answers) => answers.unchecked_into(),
            Err(_) => Array::new(),
        };
        for (entry, answer) in files.iter().zip(answers.iter()) {
            let Ok(file) = answer.dyn_into::<File>() else {
                found.refused += 1;
                continue;
            };
            let path = entry.full_path();
            let path = path.trim_start_matches('/');
            if found.files.len() >= most(path) {
                found.more = true;
                return found;
            }
            if path.contains('/') {
                set_folder_path(&file, path);
            }
            found.files.push((path.to_owned(), file));
        }
        if found.files.len() >= said + TELL {
            said = found.files.len();
            told.emit(said);
        }
        for folder in folders {
            // What git keeps there is neither a log nor source.
            if depth == MAX_DEPTH || folder.name() == ".git" {
                continue;
            }
            match self::entries(folder.unchecked_into()).await {
                Ok(inner) => waiting.push((depth + 1, inner)),
                Err(_) => found.refused += 1,
            }
        }
    }
    found
}

async fn entries(folder: FileSystemDirectoryEntry) -> Result<Vec<FileSystemEntry>, JsValue> {
    let reader = folder.create_reader();
    let mut all = Vec::new();
    // The browser gives a hundred or so at a time, and none at the end.
    loop {
        let some: Array = next(&reader).await?.unchecked_into();
        if some.length() == 0 {
            return Ok(all);
        }
        all.extend(some.iter().map(JsCast::unchecked_into::<FileSystemEntry>));
    }
}

async fn next(reader: &FileSystemDirectoryReader) -> Result<JsValue, JsValue> {
    JsFuture::from(Promise::new(&mut |resolve, reject| {
        // What goes wrong comes to `reject`.
        let _ = reader.read_entries_with_callback_and_callback(&resolve, &reject);
    }))
    .await
}

/// A promise of an entry's file; of what was refused it gives the error.
fn file(entry: &FileSystemEntry) -> JsValue {
    let entry: &FileSystemFileEntry = entry.unchecked_ref();
    Promise::new(&mut |resolve, _| {
        entry.file_with_callback_and_callback(&resolve, &resolve);
    })
    .into()
}
