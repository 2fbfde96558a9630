//! The files of a folder that was dropped. Must never read them, nor take more of them than are triaged at once.

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
    /// The files with their paths, ordered by these.
    pub(crate) files: Vec<(String, File)>,
    /// True when there are more.
    pub(crate) more: bool,
    /// Files and folders that the browser would not open.
    pub(crate) refused: u64,
}

/// The files of `roots` and of the folders among them, at most `most`. `told` gets their number now and then.
pub(crate) async fn files(roots: Vec<FileSystemEntry>, most: usize, told: Callback<usize>) -> Found {
    let mut found = Found::default();
    let mut waiting: Vec<(u32, FileSystemEntry)> = roots.into_iter().map(|root| (0, root)).collect();
    while let Some((depth, entry)) = waiting.pop() {
        if entry.is_directory() && depth < MAX_DEPTH {
            match entries(entry.unchecked_into()).await {
                Ok(inner) => waiting.extend(inner.into_iter().map(|inner| (depth + 1, inner))),
                Err(_) => found.refused += 1,
            }
        } else if found.files.len() == most {
            found.more = true;
            break;
        } else {
            let path = entry.full_path();
            match file(&entry.unchecked_into()).await {
                Ok(file) => found.files.push((path.trim_start_matches('/').to_owned(), file)),
                Err(_) => found.refused += 1,
            }
            if found.files.len().is_multiple_of(TELL) {
                told.emit(found.files.len());
            }
        }
    }
    found.files.sort_by(|a, b| a.0.cmp(&b.0));
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

async fn file(entry: &FileSystemFileEntry) -> Result<File, JsValue> {
    let file = JsFuture::from(Promise::new(&mut |resolve, reject| {
        entry.file_with_callback_and_callback(&resolve, &reject);
    }));
    Ok(file.await?.unchecked_into())
}
