//! The last files' handles, kept by the browser in its own database so that they can be opened again. Must never
//! keep bytes. Where the browser has no such handles or no database, nothing is kept and nothing is offered.

use super::window;
use js_sys::futures::JsFuture;
use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    File, FileSystemFileHandle, IdbDatabase, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransactionMode,
};

const DATABASE: &str = "oopscope";
const STORE: &str = "recent";
const KEY: &str = "last";

/// Keeps the handles in the place of those kept before; true when they were kept.
pub(crate) async fn keep(handles: &[FileSystemFileHandle]) -> bool {
    async {
        let store = store(IdbTransactionMode::Readwrite).await?;
        let handles: Array = handles.iter().collect();
        done(&store.put_with_key(&handles, &JsValue::from_str(KEY))?).await
    }
    .await
    .is_ok()
}

/// The handles that were kept.
pub(crate) async fn kept() -> Vec<FileSystemFileHandle> {
    let kept = async {
        let store = store(IdbTransactionMode::Readonly).await?;
        done(&store.get(&JsValue::from_str(KEY))?).await
    };
    kept.await
        .ok()
        .and_then(|value| value.dyn_into::<Array>().ok())
        .map_or_else(Vec::new, |handles| handles.iter().filter_map(|handle| handle.dyn_into().ok()).collect())
}

/// The files of the handles, as they are now. Asks the user for permission where the browser wants that, which it
/// allows only while it handles a click.
pub(crate) async fn files(handles: &[FileSystemFileHandle]) -> Result<Vec<File>, JsValue> {
    let mut files = Vec::with_capacity(handles.len());
    for handle in handles {
        let ask = Reflect::get(handle, &JsValue::from_str("requestPermission"))?;
        if let Some(ask) = ask.dyn_ref::<js_sys::Function>() {
            let how = Object::new();
            Reflect::set(&how, &JsValue::from_str("mode"), &JsValue::from_str("read"))?;
            let answer = JsFuture::from(ask.call1(handle, &how)?.unchecked_into::<Promise>()).await?;
            if answer.as_string().as_deref() != Some("granted") {
                return Err(js_sys::Error::new("the browser was not allowed to read it").into());
            }
        }
        files.push(JsFuture::from(handle.get_file()).await?.unchecked_into());
    }
    Ok(files)
}

async fn store(mode: IdbTransactionMode) -> Result<IdbObjectStore, JsValue> {
    let factory = window().indexed_db()?.ok_or(JsValue::UNDEFINED)?;
    let request = factory.open_with_u32(DATABASE, 1)?;
    let upgrade = {
        let request = request.clone();
        Closure::once_into_js(move || {
            if let Some(database) = request.result().ok().and_then(|result| result.dyn_into::<IdbDatabase>().ok()) {
                // Fails only when the store is there already.
                let _ = database.create_object_store(STORE);
            }
        })
    };
    request.unchecked_ref::<IdbOpenDbRequest>().set_onupgradeneeded(Some(upgrade.unchecked_ref()));
    let database: IdbDatabase = done(&request).await?.unchecked_into();
    database.transaction_with_str_and_mode(STORE, mode)?.object_store(STORE)
}

/// The result of a request, once it is there.
async fn done(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(promise).await?;
    request.result()
}
