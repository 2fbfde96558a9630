//! What a client sees of the server, over a real connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use oopscope_serve::{HeaderRules, Server, Site};

const RULES: &str = "[[headers]]\nfor = \"/*\"\n[headers.values]\nX-Everywhere = \"yes\"\n\
                     [[headers]]\nfor = \"/v/*\"\n[headers.values]\nCache-Control = \"immutable\"\n";

fn start() -> SocketAddr {
    let mut site = Site::new(HeaderRules::parse(RULES).unwrap());
    site.add("index.html", b"<!doctype html>".as_slice());
    site.add("v/1/big.wasm", vec![7; 300_000]);
    let server = Server::on_loopback(0, site).unwrap();
    let address = server.address().unwrap();
    thread::spawn(|| server.run());
    address
}

fn ask(address: SocketAddr, request: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let body = answer.split_off(end + 4);
    (String::from_utf8(answer).unwrap(), body)
}

fn get(address: SocketAddr, path: &str) -> (String, Vec<u8>) {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n"))
}

#[test]
fn a_file_comes_whole_with_its_headers() {
    let (head, body) = get(start(), "/v/1/big.wasm");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    for header in
        ["Content-Type: application/wasm", "Content-Length: 300000", "X-Everywhere: yes", "Cache-Control: immutable"]
    {
        assert!(head.contains(header), "{header} in {head}");
    }
    assert_eq!(body, vec![7; 300_000]);
}

#[test]
fn the_root_is_the_page_with_any_query() {
    assert_eq!(get(start(), "/?opened=by-link").1, b"<!doctype html>");
}

#[test]
fn head_has_the_length_and_no_body() {
    let address = start();
    let (head, body) = ask(address, &format!("HEAD / HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    assert!(head.contains("Content-Length: 15"), "{head}");
    assert_eq!(body, b"");
}

#[test]
fn a_missing_file_is_a_404_that_no_cache_keeps() {
    let address = start();
    for path in ["/v/2/ui.js", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "/index.html/"] {
        let (head, body) = get(address, path);
        assert!(head.starts_with("HTTP/1.1 404 "), "{path}: {head}");
        assert!(head.contains("Cache-Control: no-store") && !head.contains("immutable"), "{head}");
        assert_ne!(body, b"<!doctype html>");
    }
}

#[test]
fn other_hosts_and_methods_are_refused() {
    let address = start();
    let status = |request: &str| ask(address, request).0.lines().next().unwrap_or_default().to_owned();
    assert_eq!(status("GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n"), "HTTP/1.1 421 Misdirected Request");
    assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 421 Misdirected Request");
    assert_eq!(status("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "HTTP/1.1 405 Method Not Allowed");
    assert_eq!(status("nonsense\r\n\r\n"), "HTTP/1.1 400 Bad Request");
}

#[test]
fn an_endless_head_is_cut_off() {
    // Exactly what the server reads before it gives up, so that nothing is left unread that would reset the connection.
    let request = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(18 * 1024 - 19));
    let (head, _) = ask(start(), &request);
    assert!(head.starts_with("HTTP/1.1 431 "), "{head}");
}
