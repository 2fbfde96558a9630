//! How files and text come into the page: dropped, pasted, picked, or handed over by the system. Must never read
//! them: it passes the browser's references on.

use super::global;
use js_sys::futures::JsFuture;
use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DataTransfer, File, FileList, FileSystemEntry, FileSystemFileHandle};
use yew::Callback;

/// Things of one drop that are looked at: a browser gives no more by itself.
const MAX_ITEMS: u32 = 20_000;

/// What was given.
pub(crate) enum Given {
    /// Files, and the promises of their handles where the browser has such.
    Files(Vec<File>, Vec<Promise>),
    /// Folders, and what was dropped with them.
    Folders(Vec<FileSystemEntry>),
    /// Text.
    Text(String),
    /// Nothing that could be opened.
    Nothing,
}

/// Takes what was dropped or pasted. Must be called while the event is being handled: afterwards it is empty.
pub(crate) fn take(data: &DataTransfer) -> Given {
    let items = data.items();
    let (mut handles, mut entries) = (Vec::new(), Vec::new());
    for index in 0..items.length().min(MAX_ITEMS) {
        let Some(item) = items.get(index).filter(|item| item.kind() == "file") else { continue };
        if let Ok(Some(entry)) = item.webkit_get_as_entry() {
            entries.push(entry);
        }
        let as_handle = Reflect::get(&item, &JsValue::from_str("getAsFileSystemHandle")).ok();
        if let Some(promise) = as_handle
            .and_then(|method| method.dyn_into::<Function>().ok())
            .and_then(|method| method.call0(&item).ok())
            .and_then(|promise| promise.dyn_into::<Promise>().ok())
        {
            handles.push(promise);
        }
    }
    if entries.iter().any(FileSystemEntry::is_directory) {
        return Given::Folders(entries);
    }
    let files = data.files().map_or_else(Vec::new, |list| list_files(&list));
    // Office programs put a picture of the text beside the text.
    let only_pictures = files.iter().all(|file| file.type_().starts_with("image/"));
    let is_text = files.is_empty() || (only_pictures && has_text(data));
    if !is_text {
        return Given::Files(files, handles);
    }
    match data.get_data("text/plain") {
        Ok(text) if !text.trim().is_empty() => Given::Text(text),
        _ => Given::Nothing,
    }
}

/// True for what is files or a picture and no text.
pub(crate) fn has_only_files(data: &DataTransfer) -> bool {
    data.files().is_some_and(|files| files.length() > 0) && !has_text(data)
}

fn has_text(data: &DataTransfer) -> bool {
    data.get_data("text/plain").is_ok_and(|text| !text.trim().is_empty())
}

/// A file's path in the folder that was chosen with it, or its name.
pub(crate) fn path(file: &File) -> String {
    super::folder_path(file).unwrap_or_else(|| file.name())
}

/// The files of a file input.
pub(crate) fn list_files(list: &FileList) -> Vec<File> {
    (0..list.length()).filter_map(|index| list.get(index)).collect()
}

/// The handles that the promises give; those that fail are left out, as they only serve to open again later.
pub(crate) async fn handles(promises: Vec<Promise>) -> Vec<FileSystemFileHandle> {
    let mut handles = Vec::with_capacity(promises.len());
    for promise in promises {
        if let Some(handle) = JsFuture::from(promise).await.ok().and_then(|handle| handle.dyn_into().ok()) {
            handles.push(handle);
        }
    }
    handles
}

/// The browser's own file picker that gives handles; nothing where there is none. An error is the user's "no".
pub(crate) fn picker() -> Option<Promise> {
    let picker: Function = global("showOpenFilePicker")?.dyn_into().ok()?;
    let options = Object::new();
    Reflect::set(&options, &JsValue::from_str("multiple"), &JsValue::TRUE).ok()?;
    picker.call1(&JsValue::UNDEFINED, &options).ok()?.dyn_into().ok()
}

/// The handles that a picker's promise gives.
pub(crate) async fn picked(promise: Promise) -> Vec<FileSystemFileHandle> {
    JsFuture::from(promise)
        .await
        .ok()
        .and_then(|handles| handles.dyn_into::<Array>().ok())
        .map_or_else(Vec::new, |handles| handles.iter().filter_map(|handle| handle.dyn_into().ok()).collect())
}

/// Takes the files with which the system starts the installed page. Quiet where the browser has no such thing.
pub(crate) fn on_launch(take: Callback<Vec<FileSystemFileHandle>>) {
    let Some(queue) = global("launchQueue") else { return };
    let Some(set_consumer) =
        Reflect::get(&queue, &JsValue::from_str("setConsumer")).ok().and_then(|f| f.dyn_into::<Function>().ok())
    else {
        return;
    };
    let consumer = Closure::<dyn FnMut(JsValue)>::new(move |parameters: JsValue| {
        let files = Reflect::get(&parameters, &JsValue::from_str("files")).ok();
        let handles: Vec<_> = files
            .and_then(|files| files.dyn_into::<Array>().ok())
            .map_or_else(Vec::new, |files| files.iter().filter_map(|handle| handle.dyn_into().ok()).collect());
        if !handles.is_empty() {
            take.emit(handles);
        }
    });
    // The queue lives as long as the page, and so must its consumer.
    let _ = set_consumer.call1(&queue, &consumer.into_js_value());
}
