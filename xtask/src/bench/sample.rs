//! Makes the logs to measure with: the real crashes of the fixtures, far apart in lines of everyday kernel messages.
//! It must give the same bytes on every machine, or figures could not be compared.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::workspace::{self, Workspace};

/// Size of the big log: at least this.
const BIG: u64 = 256 << 20;
/// Everyday lines between two crashes.
const LINES_BETWEEN: u64 = 20_000;
/// Size of the small log, about: one crash with what was printed before it.
const SMALL: usize = 10_000;

/// A log to measure with.
pub(crate) struct Sample {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

/// The big log.
pub(crate) fn make(workspace: &Workspace) -> Result<Sample> {
    let crashes = fixtures(workspace)?;
    let path = workspace.target("bench/big.log");
    workspace::write(&path, b"")?;
    let failed = || Error::io("write", &path);
    let mut out = BufWriter::new(File::create(&path).map_err(failed())?);
    let mut noise = Noise::new();
    let mut bytes = 0;
    for crash in crashes.iter().cycle() {
        for _ in 0..LINES_BETWEEN {
            let line = noise.line();
            out.write_all(line.as_bytes()).map_err(failed())?;
            bytes += line.len() as u64;
        }
        out.write_all(crash).map_err(failed())?;
        bytes += crash.len() as u64;
        if bytes >= BIG {
            break;
        }
    }
    out.flush().map_err(failed())?;
    Ok(Sample { path, bytes })
}

/// The small log: the end of a serial log with an Oops in an interrupt.
pub(crate) fn small(workspace: &Workspace) -> Result<Sample> {
    let log = workspace::read(&workspace.path("tests/fixtures/guests/6.1/irq_null_write.log"))?;
    let cut = log.len().saturating_sub(SMALL);
    let start = log.iter().skip(cut).position(|byte| *byte == b'\n').map_or(cut, |end| cut + end + 1);
    let end = log.get(start..).unwrap_or_default();
    let path = workspace.target("bench/small.log");
    workspace::write(&path, end)?;
    Ok(Sample { path, bytes: end.len() as u64 })
}

fn fixtures(workspace: &Workspace) -> Result<Vec<Vec<u8>>> {
    let mut logs = Vec::new();
    for name in workspace::files_below(workspace.root(), "tests/fixtures/guests")? {
        if Path::new(&name).extension().is_some_and(|ending| ending == "log") {
            let mut log = workspace::read(&workspace.path(&name))?;
            log.push(b'\n');
            logs.push(log);
        }
    }
    if logs.is_empty() {
        return Err(Error::Unexpected("tests/fixtures/guests holds no log".to_owned()));
    }
    Ok(logs)
}

/// Everyday kernel messages with changing numbers.
struct Noise {
    state: u64,
    microseconds: u64,
}

impl Noise {
    fn new() -> Self {
        Self { state: 0x9e37_79b9_7f4a_7c15, microseconds: 0 }
    }

    /// xorshift64: the same numbers everywhere.
    fn number(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn line(&mut self) -> String {
        self.microseconds += self.number() % 50_000;
        let (seconds, rest) = (self.microseconds / 1_000_000, self.microseconds % 1_000_000);
        let number = self.number();
        let (a, b, c) = (number % 97, number / 97 % 4096, number >> 20);
        let words = match number % 8 {
            0 => format!("usb 1-{a}: new high-speed USB device number {b} using xhci_hcd"),
            1 => format!("EXT4-fs (sda{a}): mounted filesystem with ordered data mode. Quota mode: none."),
            2 => format!("audit: type=1400 audit({c}.{b:03}:{a}): apparmor=\"STATUS\" operation=\"profile_load\""),
            3 => format!("e1000e 0000:00:1f.{a} eth{a}: NIC Link is Up 1000 Mbps Full Duplex, Flow Control: Rx/Tx"),
            4 => format!("systemd[1]: Started session-{b}.scope - Session {b} of User root."),
            5 => format!("IPv6: ADDRCONF(NETDEV_CHANGE): veth{b:x}: link becomes ready"),
            6 => format!("nvme nvme{a}: {b}/0/0 default/read/poll queues, {c} blocks"),
            _ => format!("TCP: request_sock_TCP: Possible SYN flooding on port {b}. Sending cookies. id {c:016x}"),
        };
        format!("[{seconds:5}.{rest:06}] {words}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::Noise;

    #[test]
    fn noise_is_the_same_everywhere() {
        let mut noise = Noise::new();
        let lines: Vec<String> = (0..1000).map(|_| noise.line()).collect();
        let mut again = Noise::new();
        assert!(lines.iter().all(|line| *line == again.line()));
        assert!(lines.iter().all(|line| line.starts_with('[') && line.ends_with('\n')));
        assert_ne!(lines[0], lines[8]);
    }
}
