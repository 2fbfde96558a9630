//! Host names that the words around them announce.
//!
//! This file must never take a value for a host because of a word that kernel messages use for other things too
//! (`host`, `server`, `domain` by themselves).

use super::super::email;
use super::super::scan::{contains, is_one_of, is_word, line_before, stands_at};
use super::name;
use std::ops::Range;

/// What stands right before a host name, in lower case. The character that comes last in each is looked for first.
const BEFORE: [&str; 16] = [
    "hostname set to <",
    "set hostname to <",
    "hostname=",
    "hostname: ",
    "nodename: ",
    "nis-domain=",
    "nfs: server ",
    "nfs4: server ",
    "lockd: server ",
    "rpc: server ",
    "nfsroot=",
    "root=nfs:",
    "root=nfs4:",
    "syslogd@",
    "hostname=\"",
    "attempting to mount //",
];

/// Whose machine it is does not matter to anybody: only the host is hidden behind them.
const COMMON_USERS: [&str; 2] = ["root", "syslogd"];

/// User and host of kernels that public distributions build, where the host has no domain.
const BUILDERS: [&str; 8] = [
    "buildd@",
    "build@proxmox",
    "geeko@buildhost",
    "linux@archlinux",
    "builder@buildhost",
    "nixbld@localhost",
    "buildozer@",
    "root@buildkitsandbox",
];

pub(super) fn find(line: &str) -> Vec<Range<usize>> {
    let bytes = line.as_bytes();
    let mut found = announced(bytes);
    found.extend(shares(bytes));
    found.extend(iscsi(line));
    found.extend(ip_parameter(line));
    found.extend(volume_groups(bytes));
    let once = [ip_config(bytes), builder(line), uname(line), prompt(bytes), login(bytes), terminal(bytes)];
    found.extend(once.into_iter().flatten());
    found.retain(|range| !range.is_empty());
    found
}

fn named_at(bytes: &[u8], start: usize) -> Range<usize> {
    start..start + name(bytes, start)
}

fn announced(bytes: &[u8]) -> Vec<Range<usize>> {
    let longest = BEFORE.iter().map(|before| before.len()).max().unwrap_or_default();
    let ends = memchr::memchr3_iter(b'=', b' ', b'<', bytes).chain(memchr::memchr3_iter(b':', b'@', b'/', bytes));
    let ends = ends.chain(memchr::memchr_iter(b'"', bytes));
    ends.map(|end| end + 1)
        .filter(|&end| {
            let head = &bytes[end.saturating_sub(longest)..end];
            BEFORE.iter().any(|before| {
                head.len() >= before.len() && head[head.len() - before.len()..].eq_ignore_ascii_case(before.as_bytes())
            })
        })
        .map(|end| named_at(bytes, end))
        .collect()
}

/// Servers in `\\server\share`.
fn shares(bytes: &[u8]) -> Vec<Range<usize>> {
    memchr::memmem::find_iter(bytes, b"\\\\")
        .filter(|&start| start == 0 || !(is_word(bytes[start - 1]) || bytes[start - 1] == b'\\'))
        .filter_map(|start| {
            let range = named_at(bytes, start + 2);
            let in_message_of_cifs = contains(line_before(bytes, start, 16), "cifs");
            (in_message_of_cifs || bytes.get(range.end) == Some(&b'\\')).then_some(range)
        })
        .collect()
}

/// `iqn.2003-01.com.example:storage`, and NVMe's `nqn.…`: what follows the date names the owner.
fn iscsi(line: &str) -> Vec<Range<usize>> {
    const DISCOVERY: &str = "org.nvmexpress.discovery";
    let bytes = line.as_bytes();
    memchr::memmem::find_iter(bytes, b"qn.")
        .filter(|&at| at > 0 && matches!(bytes[at - 1], b'i' | b'n') && (at < 2 || !is_word(bytes[at - 2])))
        .filter_map(|at| {
            let date = bytes.get(at + 3..at + 11)?;
            let is_date = date.iter().enumerate().all(|(index, byte)| match index {
                4 => matches!(byte, b'-' | b'.'),
                7 => *byte == b'.',
                _ => byte.is_ascii_digit(),
            });
            let start = at + 11;
            let rest = bytes[start..].iter().take(255);
            let length = rest.take_while(|byte| byte.is_ascii_alphanumeric() || b".:-_".contains(byte)).count();
            let length = bytes[start..start + length].iter().rposition(u8::is_ascii_alphanumeric)? + 1;
            (is_date && &bytes[start..start + length] != DISCOVERY.as_bytes()).then_some(start..start + length)
        })
        .collect()
}

/// The fifth part of the kernel's parameter `ip=client:server:gateway:netmask:host:device:…`.
fn ip_parameter(line: &str) -> Vec<Range<usize>> {
    const LONGEST: usize = 400;
    let bytes = line.as_bytes();
    memchr::memmem::find_iter(bytes, b"ip=")
        .filter(|&at| at == 0 || bytes[at - 1] == b' ')
        .filter_map(|at| {
            let start = at + 3;
            let value = &bytes[start..bytes.len().min(start + LONGEST)];
            let value = &value[..value.iter().position(|&byte| byte == b' ').unwrap_or(value.len())];
            let fourth = memchr::memchr_iter(b':', value).nth(3)?;
            let range = named_at(bytes, start + fourth + 1);
            (bytes.get(range.end) == Some(&b':')).then_some(range)
        })
        .collect()
}

/// `rd.lvm.lv=rhel_web3/root`, `/dev/mapper/rhel_web3-root`: how Red Hat's installer names a volume group.
fn volume_groups(bytes: &[u8]) -> Vec<Range<usize>> {
    const PLACES: [&[u8]; 2] = [b"rd.lvm.lv=", b"/dev/mapper/"];
    const DISTRIBUTIONS: [&[u8]; 8] =
        [b"rhel_", b"centos_", b"cs_", b"fedora_", b"rl_", b"almalinux_", b"ol_", b"rocky_"];
    let behind = |place: &[u8], start: usize| {
        let rest = &bytes[start..];
        let start = start + DISTRIBUTIONS.iter().find(|name| rest.starts_with(name))?.len();
        let end = start + name(bytes, start);
        // The mapper writes `-` inside a name twice, and once before the volume.
        let volume = |at: &usize| bytes[*at] == b'-' && bytes[at - 1] != b'-' && bytes.get(at + 1) != Some(&b'-');
        let end = if place.starts_with(b"/") { (start + 1..end).find(volume).unwrap_or(end) } else { end };
        Some(start..end)
    };
    let places = PLACES.iter().flat_map(|place| {
        memchr::memmem::find_iter(bytes, place).filter_map(move |at| behind(place, at + place.len()))
    });
    places.collect()
}

/// `host=web-3, domain=acme-devices.com, nis-domain=(none)`: how the kernel's own IP configuration says what it got.
fn ip_config(bytes: &[u8]) -> Option<Range<usize>> {
    let at = memchr::memmem::find(bytes, b"host=")?;
    let range = named_at(bytes, at + 5);
    let end = at + 5 + bytes[at + 5..].iter().position(|&byte| byte == b',')?;
    stands_at(bytes, end, ", domain=").then_some(range)
}

/// `Linux version 6.6.0 (jane@buildbox) (gcc …`.
fn builder(line: &str) -> Option<Range<usize>> {
    const BANNER: &str = "Linux version ";
    let start = line.find(BANNER)? + BANNER.len();
    let start = start + line[start..].find(" (")? + 2;
    let end = start + line[start..].find(')')?;
    let who = &line[start..end];
    let (user, host) = who.split_once('@')?;
    let is_public = BUILDERS.iter().any(|known| who.starts_with(known));
    let is_address = email::shape(who.as_bytes(), user.len()).is_some();
    let range = hidden_part(start, user, name(host.as_bytes(), 0));
    (!is_public && !is_address && !user.contains(' ')).then_some(range)
}

/// User and host, or the host alone behind a user that everyone has.
fn hidden_part(start: usize, user: &str, host: usize) -> Range<usize> {
    let end = start + user.len() + 1 + host;
    if host == 0 {
        start..start
    } else if is_one_of(user.as_bytes(), &COMMON_USERS) {
        start + user.len() + 1..end
    } else {
        start..end
    }
}

/// What `uname -a` prints: `Linux web-3 6.1.0-13-amd64 #1 SMP …`.
fn uname(line: &str) -> Option<Range<usize>> {
    const SYSTEM: &str = "Linux ";
    let at = line.find(SYSTEM)?;
    let start = at + SYSTEM.len();
    let range = named_at(line.as_bytes(), start);
    let release = line[range.end..].strip_prefix(' ')?;
    let (release, version) = release.split_once(' ')?;
    let is_release = release.starts_with(|first: char| first.is_ascii_digit()) && release.contains('.');
    (is_release && version.starts_with('#')).then_some(range)
}

/// The prompt of a shell: `root@web-3:~# dmesg`, `[jane@web-3 linux]$ make`.
fn prompt(bytes: &[u8]) -> Option<Range<usize>> {
    const WITHIN: usize = 80;
    let start = escapes(bytes);
    let start = start + usize::from(bytes.get(start) == Some(&b'['));
    let user = bytes[start..].iter().take(32).take_while(|&&byte| is_word(byte) || matches!(byte, b'-' | b'.')).count();
    if user == 0 || bytes.get(start + user) != Some(&b'@') {
        return None;
    }
    let host = name(bytes, start + user + 1);
    let end = start + user + 1 + host;
    let rest = &bytes[end..bytes.len().min(end + WITHIN)];
    let is_prompt = matches!(rest.first(), Some(b':' | b' ')) && rest.iter().any(|byte| matches!(byte, b'#' | b'$'));
    let user = str::from_utf8(&bytes[start..start + user]).ok()?;
    is_prompt.then(|| hidden_part(start, user, host))
}

/// Length of the terminal's escape sequences at the beginning of a line.
fn escapes(bytes: &[u8]) -> usize {
    const MOST: usize = 64;
    let mut at = 0;
    while at < MOST && bytes[at..].starts_with(b"\x1b[") {
        let Some(last) = bytes[at + 2..].iter().take(MOST).position(u8::is_ascii_alphabetic) else { break };
        at += 2 + last + 1;
    }
    at
}

/// `web-3 login: root`.
fn login(bytes: &[u8]) -> Option<Range<usize>> {
    let range = named_at(bytes, escapes(bytes));
    bytes[range.end..].starts_with(b" login:").then_some(range)
}

/// What a serial console shows before it asks for a login: `Debian GNU/Linux 12 web-3 ttyS0`.
fn terminal(bytes: &[u8]) -> Option<Range<usize>> {
    const TERMINALS: [&[u8]; 6] = [b"ttyS", b"ttyAMA", b"tty", b"hvc", b"ttymxc", b"ttyPS"];
    let line = bytes.trim_ascii_end();
    let space = memchr::memrchr(b' ', line)?;
    let device = &line[space + 1..];
    let is_terminal = TERMINALS.iter().any(|known| {
        let number = device.strip_prefix(*known);
        number.is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
    });
    let start = memchr::memrchr(b' ', &line[..space])? + 1;
    let distribution = contains(&line[..start.min(40)], "linux") && !line.starts_with(b"[");
    (is_terminal && distribution && start + name(line, start) == space).then_some(start..space)
}
