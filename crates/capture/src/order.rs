//! Files that are parts of one log, put into the order in which the log was written: pstore's records, rotated logs.
//!
//! Must never put together what does not say that it belongs together: all else stays in the order in which it came.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Bytes of a file's beginning that are looked at.
pub const HEAD: usize = 256;

/// A file as far as its place is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Its name, without folders.
    pub name: &'a str,
    /// Its beginning, unpacked: [`HEAD`] bytes or all there are.
    pub head: &'a [u8],
}

/// The order of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ordered {
    /// Indices of the pieces, oldest first.
    pub order: Vec<usize>,
    /// `goes_on[i]`: what stands at place `i` of `order` goes on with what the place before ends with.
    pub goes_on: Vec<bool>,
    /// How many of the first of `order` say themselves where they belong; the others stand behind one another as they came.
    pub parts: usize,
    /// What a reader should know: how they were put together, which parts are missing.
    pub notes: Vec<String>,
}

/// Where a file belongs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// A part of a dump by pstore.
    Part {
        /// Seconds since 1970, where the name tells; dumps of several boots lie in one folder.
        time: u64,
        count: u64,
        reason: String,
        /// 1 is the newest.
        part: Reverse<u64>,
    },
    /// A log that was rotated away: the oldest has the highest number, or the earliest date.
    Rotated { base: String, age: Reverse<u64>, date: String },
}

/// What parts of one log have in common.
fn group(place: &Place) -> (u64, u64, &str) {
    match place {
        Place::Part { time, count, reason, .. } => (*time, *count, reason),
        Place::Rotated { base, .. } => (0, 0, base),
    }
}

/// Puts files into order. Those that are no parts keep their places behind one another, after the dumps.
pub fn order(pieces: &[Piece<'_>]) -> Ordered {
    let mut places: Vec<_> = pieces.iter().map(|piece| part(piece).or_else(|| rotated(piece.name))).collect();
    align_times(&mut places);
    let mut mates = BTreeMap::new();
    let mut twins = BTreeMap::new();
    for place in places.iter().flatten() {
        *mates.entry(group(place)).or_insert(0) += 1;
        *twins.entry(place).or_insert(0) += 1;
    }
    // A log without mates is no rotated one, whatever its name looks like, nor are two of one name: they come from two
    // folders. A part is one even alone.
    let is_part = |index: usize| match &places[index] {
        Some(place @ Place::Rotated { .. }) => mates[&group(place)] > 1 && twins[place] == 1,
        place => place.is_some(),
    };
    let (mut parts, rest): (Vec<_>, Vec<_>) = (0..pieces.len()).partition(|index| is_part(*index));
    parts.sort_by(|a, b| places[*a].cmp(&places[*b]));
    let mut ordered = Ordered { goes_on: vec![false; pieces.len()], ..Ordered::default() };
    for (at, pair) in parts.windows(2).enumerate() {
        let (Some(before), Some(after)) = (&places[pair[0]], &places[pair[1]]) else { continue };
        ordered.goes_on[at + 1] = group(before) == group(after);
        if let (Place::Part { part: Reverse(before), .. }, Place::Part { part: Reverse(after), count, reason, .. }) =
            (before, after)
            && ordered.goes_on[at + 1]
        {
            ordered.notes.extend(gap(reason, *count, *before, *after));
        }
    }
    ordered.notes.extend(beginnings(&parts, &places, pieces));
    let moved = !parts.is_sorted();
    if moved {
        ordered.notes.insert(0, "The parts were put into the order in which they were written.".to_owned());
    }
    ordered.parts = parts.len();
    ordered.order = parts;
    ordered.order.extend(rest);
    ordered
}

/// Gives the parts of one dump one time: writing them takes longer than a second, and each has its own in its name. A
/// dump of another boot with the same number is made minutes later at least.
fn align_times(places: &mut [Option<Place>]) {
    const SAME_DUMP: u64 = 60;
    let mut parts: Vec<_> = places
        .iter_mut()
        .flatten()
        .filter_map(|place| match place {
            Place::Part { time, count, reason, .. } => Some((reason.clone(), *count, time)),
            Place::Rotated { .. } => None,
        })
        .collect();
    parts.sort();
    let mut first: Option<(String, u64, u64)> = None;
    for (reason, count, time) in parts {
        match &first {
            Some((r, c, t)) if *r == reason && *c == count && *time - *t <= SAME_DUMP => *time = *t,
            _ => first = Some((reason, count, *time)),
        }
    }
}

/// Parts that are missing between two.
fn gap(reason: &str, count: u64, before: u64, after: u64) -> Option<String> {
    let missing = before.checked_sub(after)?.checked_sub(1).filter(|missing| *missing > 0)?;
    Some(match missing {
        1 => format!("Part {} of {reason}#{count} is missing: there is a gap in the log.", after + 1),
        _ => {
            format!("Parts {} to {} of {reason}#{count} are missing: there is a gap in the log.", after + 1, before - 1)
        }
    })
}

/// Dumps whose newest part is missing: what was printed last is not there.
fn beginnings(parts: &[usize], places: &[Option<Place>], pieces: &[Piece<'_>]) -> Vec<String> {
    let mut notes = Vec::new();
    for (at, index) in parts.iter().enumerate() {
        let Some(Place::Part { time, count, reason, part: Reverse(part) }) = &places[*index] else { continue };
        let next = parts.get(at + 1).and_then(|next| places[*next].as_ref());
        let is_last = !matches!(next, Some(Place::Part { time: t, count: c, reason: r, .. }) if (t, c, r) == (time, count, reason));
        if is_last && *part > 1 {
            notes.push(format!(
                "{}: Part1 of {reason}#{count} is missing, which holds the lines printed last.",
                pieces[*index].name
            ));
        }
    }
    notes
}

/// A part by its first line, `Panic#1 Part1` (fs/pstore/platform.c, `pstore_dump`: `"%s#%d Part%u\n"`); ramoops and
/// crash kernels may have put a line with the time before it.
fn part(piece: &Piece<'_>) -> Option<Place> {
    let head = &piece.head[..piece.head.len().min(HEAD)];
    let mut lines = head.split(|&b| b == b'\n').take(2);
    let (reason, count, part) = lines.find_map(heading)?;
    Some(Place::Part { time: time_of(piece.name), count, reason, part: Reverse(part) })
}

fn heading(line: &[u8]) -> Option<(String, u64, u64)> {
    let (reason, rest) = str::from_utf8(line).ok()?.trim_end().split_once('#')?;
    let (count, part) = rest.split_once(" Part")?;
    // kmsg_dump_reason_str: Panic, Oops, Emergency, Shutdown, Unknown.
    let is_word = !reason.is_empty() && reason.len() <= 16 && reason.bytes().all(|b| b.is_ascii_alphabetic());
    is_word.then(|| Some((reason.to_owned(), count.parse().ok()?, part.parse().ok()?)))?
}

/// When a dump was made, by the name that the EFI driver gives it: `dmesg-efi-` and the seconds, the part in two digits
/// and the count in three (drivers/firmware/efi/efi-pstore.c, `generic_id`: `(timestamp * 100 + part) * 1000 + count`).
fn time_of(name: &str) -> u64 {
    let digits =
        name.split_once("efi").map(|(_, rest)| rest.trim_start_matches(['_', 'p', 's', 't', 'o', 'r', 'e', '-']));
    let digits = digits.map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default());
    let id: u64 = digits.and_then(|digits| digits.parse().ok()).unwrap_or(0);
    // Shorter ones are of other drivers, and count something else.
    if id >= 100_000_000_000_000 { id / 100_000 } else { 0 }
}

/// `kern.log.2.gz`, `kern.log.1`, `kern.log`; `messages-20260817.xz`, `messages`.
fn rotated(name: &str) -> Option<Place> {
    let name = ["gz", "xz", "zst", "lz4"]
        .into_iter()
        .find_map(|end| name.strip_suffix(end)?.strip_suffix('.'))
        .unwrap_or(name);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let place = |base: &str, age, date: &str| Place::Rotated {
        base: base.to_owned(),
        age: Reverse(age),
        date: date.to_owned(),
    };
    if let Some((base, number)) = name.rsplit_once('.')
        && number.len() <= 3
        && digits(number)
    {
        return Some(place(base, number.parse().ok()?, ""));
    }
    if let Some((base, date)) = name.rsplit_once('-')
        && date.len() == 8
        && digits(date)
    {
        return Some(place(base, 0, date));
    }
    // The one that is still written to is the newest: no date is as late as this.
    (!name.is_empty()).then(|| place(name, 0, "now"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(files: &[(&str, &str)]) -> (Vec<String>, Ordered) {
        let pieces: Vec<_> = files.iter().map(|(name, head)| Piece { name, head: head.as_bytes() }).collect();
        let ordered = order(&pieces);
        (ordered.order.iter().map(|index| files[*index].0.to_owned()).collect(), ordered)
    }

    #[test]
    fn parts_of_pstore_come_oldest_first() {
        let files = [
            ("dmesg-efi-179526449601001", "Oops#1 Part1\n<4>x"),
            ("dmesg-efi-179526449701002", "Panic#2 Part1\nx"),
            ("dmesg-efi-179526449702001", "Oops#1 Part2\nx"),
            ("dmesg-efi-179526449702002", "Panic#2 Part2\nx"),
        ];
        let (names, ordered) = ordered(&files);
        assert_eq!(names, [files[2].0, files[0].0, files[3].0, files[1].0]);
        assert_eq!(ordered.goes_on, [false, true, false, true]);
        assert_eq!(ordered.notes.len(), 1);
    }

    #[test]
    fn gaps_are_told() {
        let (names, ordered) = ordered(&[
            ("dmesg-ramoops-0", "====1795264496.123456-D\nPanic#1 Part2\nx"),
            ("dmesg-ramoops-1", "Panic#1 Part6\nx"),
            ("dmesg-ramoops-2", "Panic#1 Part4\nx"),
        ]);
        assert_eq!(names, ["dmesg-ramoops-1", "dmesg-ramoops-2", "dmesg-ramoops-0"]);
        let notes = ordered.notes.join("\n");
        for wanted in ["Part 5 of Panic#1 is missing", "Part 3 of Panic#1", "Part1 of Panic#1"] {
            assert!(notes.contains(wanted), "{notes}");
        }
    }

    #[test]
    fn rotated_logs_come_oldest_first() {
        let files = [("kern.log", ""), ("kern.log.1", ""), ("kern.log.10.gz", ""), ("kern.log.2.gz", "")];
        assert_eq!(ordered(&files).0, ["kern.log.10.gz", "kern.log.2.gz", "kern.log.1", "kern.log"]);
        let files = [("messages", ""), ("messages-20261101.xz", ""), ("messages-20261025.xz", "")];
        assert_eq!(ordered(&files).0, ["messages-20261025.xz", "messages-20261101.xz", "messages"]);
    }

    #[test]
    fn what_is_no_part_stays_as_it_was_given() {
        let files = [("b.log", "x"), ("dmesg", "x"), ("dmesg", "x"), ("c.log.1", "Panic#x Part1"), ("x", "a#1 Part")];
        let (names, ordered) = ordered(&files);
        assert_eq!(names, ["b.log", "dmesg", "dmesg", "c.log.1", "x"]);
        assert_eq!((ordered.goes_on, ordered.notes), (vec![false; 5], Vec::new()));
        assert_eq!(order(&[]), Ordered::default());
    }
}
