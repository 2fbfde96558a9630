//! The page's icon, carried by the page. Must never be an address: browsers ask for the icon's address again whenever
//! the fragment changes, and after it has loaded this page makes no requests.

use super::document;

const SVG: &str = include_str!("../../../../www/icons/oopscope.svg");

/// Puts the icon's own bytes in the place of its address.
pub(crate) fn carry() {
    let encoded = js_sys::encode_uri_component(SVG);
    if let Ok(Some(link)) = document().query_selector("link[rel=icon]") {
        // Fails only for an attribute's name that is none.
        let _ = link.set_attribute("href", &format!("data:image/svg+xml,{encoded}"));
    }
}
