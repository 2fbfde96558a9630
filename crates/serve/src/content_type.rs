//! Tells a file's media type by the end of its name. It must never look at the bytes: with `nosniff` a browser
//! takes the answer at its word, so it has to be the same for every build.

/// The value of `Content-Type` for a file name; `application/octet-stream` where the ending is not one of the site's.
pub fn content_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::content_type;

    #[test]
    fn wasm_has_the_type_that_streaming_compilation_asks_for() {
        assert_eq!(content_type("v/0/engine_bg.wasm"), "application/wasm");
    }

    #[test]
    fn unknown_endings_are_bytes() {
        assert_eq!(content_type("README"), "application/octet-stream");
        assert_eq!(content_type("v.1/README"), "application/octet-stream");
    }
}
