//! How files and text come into the page: dropped, pasted, picked, or handed over by the system. Must never read
//! them: it passes the browser's references on.

use super::global;
use js_sys::futures::JsFuture;
use js_sys::{Array, Function, Object, Promise, Reflect};
use oopscope_protocol::Problem;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DataTransfer, File, FileList, FileSystemFileHandle};
use yew::Callback;

/// Files taken at once; more are refused with a word.
const MAX_FILES: usize = 64;

/// What was given.
pub(crate) enum Given {
    /// Files, and the promises of their handles where the browser has such.
    Files(Vec<File>, Vec<Promise>),
    /// Text.
    Text(String),
    /// Nothing that could be opened.
    Nothing,
    /// Something that is not opened, and why.
    Refused(Problem),
}

/// Takes what was dropped or pasted. Must be called while the event is being handled: afterwards it is empty.
pub(crate) fn take(data: &DataTransfer) -> Given {
    let items = data.items();
    let mut handles = Vec::new();
    for index in 0..items.length().min(1000) {
        let Some(item) = items.get(index).filter(|item| item.kind() == "file") else { continue };
        if let Ok(Some(entry)) = item.webkit_get_as_entry()
            && entry.is_directory()
        {
            return Given::Refused(directory(&entry.name()));
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
    let files = data.files().map_or_else(Vec::new, |list| list_files(&list));
    if files.len() > MAX_FILES {
        return Given::Refused(too_many(files.len()));
    }
    if !files.is_empty() {
        return Given::Files(files, handles);
    }
    match data.get_data("text/plain") {
        Ok(text) if !text.trim().is_empty() => Given::Text(text),
        _ => Given::Nothing,
    }
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

fn directory(name: &str) -> Problem {
    Problem {
        code: "directory".to_owned(),
        message: format!("{name} is a folder, and folders are not opened yet."),
        advice: "Drop the log files themselves; several at once are read as one log, in the order of the drop."
            .to_owned(),
    }
}

fn too_many(count: usize) -> Problem {
    Problem {
        code: "bad-request".to_owned(),
        message: format!("{count} files at once are too many."),
        advice: format!("Drop at most {MAX_FILES}: they are read as one log."),
    }
}
