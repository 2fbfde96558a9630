//! Reads the head of an HTTP/1 request out of bytes. It must never hold more than the few words the server needs,
//! and never accept what two readers could understand in two ways.

use thiserror::Error;

/// The longest request head that is read.
pub(crate) const MAX_HEAD: usize = 16 * 1024;

/// What the server needs of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Absolute path without query, as it was sent (still percent-encoded).
    pub(crate) path: String,
    pub(crate) host: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an HTTP/1 request")]
pub(crate) struct BadRequest;

/// Where the head ends, after its empty line.
pub(crate) fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|start| start + 4)
}

/// Reads a whole head, up to and with its empty line.
pub(crate) fn parse(head: &[u8]) -> Result<Request, BadRequest> {
    let head = str::from_utf8(head).map_err(|_| BadRequest)?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(BadRequest);
    };
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") || !target.starts_with('/') {
        return Err(BadRequest);
    }
    let method = match method {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        _ => Method::Other,
    };
    let path = target.split(['?', '#']).next().unwrap_or_default().to_owned();
    let mut host = None;
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or(BadRequest)?;
        if name.eq_ignore_ascii_case("host") && host.replace(value.trim().to_owned()).is_some() {
            return Err(BadRequest);
        }
    }
    Ok(Request { method, path, host })
}

#[cfg(test)]
mod tests {
    use super::{BadRequest, Method, Request, head_end, parse};

    #[test]
    fn query_is_not_part_of_the_path() {
        let head = b"GET /index.html?x=1 HTTP/1.1\r\nHOST: localhost:1 \r\nA: b\r\n\r\n";
        let expected =
            Request { method: Method::Get, path: "/index.html".to_owned(), host: Some("localhost:1".to_owned()) };
        assert_eq!(parse(head), Ok(expected));
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        for head in [
            "GET  / HTTP/1.1\r\n\r\n",
            "GET / HTTP/2\r\n\r\n",
            "GET http://localhost/ HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "\r\n\r\n",
        ] {
            assert_eq!(parse(head.as_bytes()), Err(BadRequest), "{head:?}");
        }
        assert_eq!(parse(b"GET /\xff HTTP/1.1\r\n\r\n"), Err(BadRequest));
    }

    #[test]
    fn a_head_ends_at_its_empty_line() {
        assert_eq!(head_end(b"GET / HTTP/1.1\r\n\r\nrest"), Some(18));
        assert_eq!(head_end(b"GET / HTTP/1.1\r\n"), None);
    }
}
