//! Whether a file goes on where the file before it stops: a log that was cut into pieces, by the kernel's own time stamps.
//!
//! Must never join what may be of two machines or two boots: a report that is cut in two is seen to be cut, one that is
//! tied to another machine's report is a lie.

/// Bytes at the end of a file that are looked at.
pub const TAIL: usize = 1024;

/// The longest silence between two pieces, in microseconds. The lines of a report come in a burst; where a log is cut
/// between two bursts, nothing is lost when the pieces stay apart.
const SILENCE: u64 = 1_000_000;

/// Bytes before the brackets: a level, or what a syslog daemon writes.
const PREFIX: usize = 80;

/// What a boot begins with (init/version-timestamp.c, `linux_banner`).
const BANNER: &[u8] = b"Linux version ";

/// True when the first line of `head` that has the kernel's time follows closely on the last one of `tail`.
pub fn goes_on(tail: &[u8], head: &[u8]) -> bool {
    if head.windows(BANNER.len()).any(|window| window == BANNER) {
        return false;
    }
    let last = tail.rsplit(|&byte| byte == b'\n').find_map(time);
    let first = head.split(|&byte| byte == b'\n').find_map(time);
    last.zip(first).is_some_and(|(last, first)| first.checked_sub(last).is_some_and(|silence| silence <= SILENCE))
}

/// The microseconds in `[    3.570314]` (kernel/printk/printk.c, `print_time`), the caller's id after it or not.
fn time(line: &[u8]) -> Option<u64> {
    let open = line.iter().take(PREFIX).position(|&byte| byte == b'[')?;
    let stamp = line[open + 1..].trim_ascii_start();
    let end = stamp.iter().take(24).position(|&byte| byte == b']')?;
    let (seconds, fraction) = str::from_utf8(&stamp[..end]).ok()?.split_once('.')?;
    if fraction.len() != 6 || !fraction.bytes().chain(seconds.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    seconds.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(fraction.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::goes_on;

    #[test]
    fn a_piece_goes_on_where_the_one_before_stops() {
        let tail = b"[    3.570313] RIP: 0010:f+0x1/0x2\n[    3.570314][    T1] CR2: 0000000000000000\n";
        assert!(goes_on(tail, b"[    3.570314] Call Trace:\n[    3.570315]  g+0x1/0x2\n"));
        assert!(goes_on(tail, b"d000000\n<4>[    3.571000] Call Trace:\n"), "cut in the middle of a line");
        assert!(goes_on(
            tail,
            b"Nov 21 10:00:00 host kernel: [    4.1] x\nNov 21 10:00:00 host kernel: [    3.600000] y"
        ));
    }

    #[test]
    fn what_may_be_another_machine_s_stays_apart() {
        let tail = b"[    3.570314] CR2: 0000000000000000\n";
        for head in [
            &b"[    3.570313] Call Trace:\n"[..],
            b"[    4.570315] Call Trace:\n",
            b"Call Trace:\n g+0x1/0x2\n",
            b"[    3.570315] x\n[    0.000000] Linux version 6.1.0\n",
            b"[99999999999999999999.000000] x\n",
            b"",
        ] {
            assert!(!goes_on(tail, head), "{}", String::from_utf8_lossy(head));
        }
        assert!(!goes_on(b"no time\n", b"[    3.570314] Call Trace:\n"));
    }
}
