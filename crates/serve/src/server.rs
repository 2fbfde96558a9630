//! Accepts connections and answers each with one file. It must never let a client hold a thread for longer than
//! the time limits below, nor open more threads than the limit: one request a connection, then it is closed.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::hosts::Hosts;
use crate::request::{self, MAX_HEAD, Method};
use crate::site::Site;

/// Connections answered at the same time; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 64;
/// Time for a client to send its request.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Time for a client to take the answer.
const BODY_TIME: Duration = Duration::from_mins(2);
/// Bytes written between two looks at the clock.
const WRITE_STEP: usize = 64 * 1024;
/// How long to wait when all threads are busy, or when accepting fails because the process has no descriptor left.
const PAUSE: Duration = Duration::from_millis(20);

/// A server that is bound to its address.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    site: Arc<Site>,
    hosts: Hosts,
}

impl Server {
    /// Binds to a port of the loopback (0: any free one) and answers to the loopback's names alone.
    pub fn on_loopback(port: u16, site: Site) -> io::Result<Self> {
        Self::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), site, Hosts::Loopback)
    }

    /// Binds to an address.
    pub fn bind(address: SocketAddr, site: Site, hosts: Hosts) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address)?, site: Arc::new(site), hosts })
    }

    /// The address it is bound to, with the port that was found.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until the process ends.
    pub fn run(self) -> ! {
        let busy = Arc::new(AtomicUsize::new(0));
        loop {
            if busy.load(Ordering::Acquire) >= MAX_CONNECTIONS {
                thread::sleep(PAUSE);
                continue;
            }
            let Ok((stream, _)) = self.listener.accept() else {
                thread::sleep(PAUSE);
                continue;
            };
            let slot = Slot::take(&busy);
            let (site, hosts) = (Arc::clone(&self.site), self.hosts);
            // When no thread can be had the closure is dropped: that closes the connection and frees the slot.
            let _ = thread::Builder::new().name("http".to_owned()).spawn(move || {
                let _slot = slot;
                // A client that goes away in the middle is its own affair.
                let _ = answer(stream, &site, hosts);
            });
        }
    }
}

/// One of the [`MAX_CONNECTIONS`], given back when dropped.
struct Slot(Arc<AtomicUsize>);

impl Slot {
    fn take(busy: &Arc<AtomicUsize>) -> Self {
        busy.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(busy))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An answer without a file, in words for whoever reads it in a terminal.
#[derive(Clone, Copy)]
struct Refusal {
    status: &'static str,
    words: &'static str,
}

const BAD: Refusal = Refusal { status: "400 Bad Request", words: "This is not an HTTP/1 request.\n" };
const TOO_LONG: Refusal = Refusal { status: "431 Request Header Fields Too Large", words: "Request too long.\n" };
const MISSING: Refusal = Refusal { status: "404 Not Found", words: "There is no such file.\n" };
const METHOD: Refusal = Refusal { status: "405 Method Not Allowed", words: "Only GET and HEAD.\n" };
const HOST: Refusal = Refusal {
    status: "421 Misdirected Request",
    words: "This server answers to localhost, 127.0.0.1 and [::1] alone.\n",
};

fn answer(mut stream: TcpStream, site: &Site, hosts: Hosts) -> io::Result<()> {
    let Some(head) = read_head(&mut stream)? else {
        return refuse(&mut stream, site, "/", Method::Get, TOO_LONG);
    };
    let Ok(request) = request::parse(&head) else {
        return refuse(&mut stream, site, "/", Method::Get, BAD);
    };
    let refusal = if !hosts.allows(request.host.as_deref()) {
        HOST
    } else if request.method == Method::Other {
        METHOD
    } else if let Some(found) = site.find(&request.path) {
        let headers = site.headers(&request.path);
        return write(&mut stream, request.method, "200 OK", found.content_type, &headers, found.body);
    } else {
        MISSING
    };
    refuse(&mut stream, site, &request.path, request.method, refusal)
}

/// The request up to its empty line; nothing when it is longer than [`MAX_HEAD`].
fn read_head(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let deadline = Instant::now() + HEAD_TIME;
    let mut head = Vec::new();
    let mut piece = [0; 2048];
    loop {
        stream.set_read_timeout(Some(time_left(deadline)?))?;
        let length = stream.read(&mut piece)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(piece.get(..length).unwrap_or_default());
        if let Some(end) = request::head_end(&head) {
            head.truncate(end);
            return Ok((head.len() <= MAX_HEAD).then_some(head));
        }
        if head.len() > MAX_HEAD {
            return Ok(None);
        }
    }
}

fn refuse(stream: &mut TcpStream, site: &Site, path: &str, method: Method, refusal: Refusal) -> io::Result<()> {
    let mut headers = site.headers(path);
    // `immutable` is for files: a cache that kept a refusal would outlive the reason for it.
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("cache-control"));
    headers.push(("Cache-Control", "no-store"));
    write(stream, method, refusal.status, "text/plain; charset=utf-8", &headers, refusal.words.as_bytes())
}

fn write(
    stream: &mut TcpStream,
    method: Method,
    status: &str,
    content_type: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("Connection: close\r\n\r\n");
    let deadline = Instant::now() + BODY_TIME;
    let body = if method == Method::Head { &[] } else { body };
    for step in head.as_bytes().chunks(WRITE_STEP).chain(body.chunks(WRITE_STEP)) {
        stream.set_write_timeout(Some(time_left(deadline)?))?;
        stream.write_all(step)?;
    }
    stream.shutdown(std::net::Shutdown::Write)
}

fn time_left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}
