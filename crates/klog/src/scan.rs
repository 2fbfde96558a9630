//! The scan: blocks of a log go in, reports come out, at the speed of a search for a few literals.
//!
//! Between reports no line is looked at: an Aho-Corasick automaton finds the literals that can begin one, and newlines
//! are counted. Only from such a line on, until no report is open, are lines parsed. Results must never depend on
//! where blocks end.

use crate::explain::{self, Surroundings};
use crate::facts::Facts;
use crate::index::LineIndex;
use crate::kinds;
use crate::line::Line;
use crate::links::{self, Said};
use crate::read;
use crate::segment::{Segment, Segmenter};
use crate::sequence::{self, BootEnd, BootEnds};
use crate::{about, blame_file, context, culprit, damage, prefix, signature, subsystem};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use memchr::{memchr, memchr_iter, memchr2, memrchr};
use oopscope_report::{Boot, LogFacts, Report, Severity};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Bounds on what is kept of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Reports kept in full; later ones are only counted.
    pub reports: usize,
    /// Memory for kept reports, roughly, in bytes; reports beyond it are only counted, too.
    pub report_bytes: usize,
    /// Bytes of one line that are looked at.
    pub line_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { reports: 1000, report_bytes: 64 << 20, line_bytes: 16 << 10 }
    }
}

/// Lines that tell about a boot.
const BOOT: [&str; 4] = ["Linux version ", "ommand line: ", "DMI: ", "Machine model: "];
/// A fuzzer's program, which runs only where a kernel does: a pointer argument in syzkaller's notation.
const PROGRAM: &str = "&(0x7f";
/// Boots remembered.
const MOST_BOOTS: usize = 1000;
/// Bytes that are searched at once between reports.
const CHUNK: usize = 64 << 10;

/// Finds the reports in a log that is pushed through it.
#[derive(Debug)]
pub struct Scanner {
    limits: Limits,
    finder: AhoCorasick,
    segmenter: Segmenter,
    /// The beginning of a line whose end has not come yet, as far as it is looked at, and its whole length.
    carry: Vec<u8>,
    carry_len: u64,
    /// Number of the line at the current position, and its offset.
    line: u64,
    offset: u64,
    index: LineIndex,
    log: LogFacts,
    boot: u32,
    ends: BootEnds,
    /// Last time stamp seen in this boot, with its line.
    last_time: Option<(u64, f64)>,
    /// What the kept reports weigh.
    weight: usize,
    /// `reports[i]` belongs to `facts[i]`, whose own report is empty meanwhile.
    reports: Vec<Report>,
    facts: Vec<Facts>,
    /// Boot, title and offset in the culprit of reports that were not fatal, to count repeats.
    seen: BTreeMap<(u32, String, Option<u64>), usize>,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Scanner {
    /// A scanner with nothing seen.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            finder: finder(),
            segmenter: Segmenter::default(),
            carry: Vec::new(),
            carry_len: 0,
            line: 1,
            offset: 0,
            index: LineIndex::default(),
            log: LogFacts::default(),
            boot: 0,
            ends: BootEnds::new(),
            last_time: None,
            weight: 0,
            reports: Vec::new(),
            facts: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    /// The next bytes of the log; blocks may end anywhere.
    pub fn push(&mut self, bytes: &[u8]) {
        self.log.bytes += bytes.len() as u64;
        self.log.nul_bytes += memchr_iter(0, bytes).count() as u64;
        let mut rest = bytes;
        if self.carry_len > 0 {
            let Some(at) = memchr(b'\n', rest) else { return self.carry(rest) };
            self.carry(&rest[..at]);
            self.carried_line(1);
            rest = &rest[at + 1..];
        }
        let whole = memrchr(b'\n', rest).map_or(0, |at| at + 1);
        self.lines(&rest[..whole]);
        self.carry(&rest[whole..]);
    }

    /// Another file begins, which does not go on with the one before: what is open ends here, and nothing that follows
    /// is of the same boot. The bytes until now must end with a line.
    pub fn begin_file(&mut self) {
        self.segmenter.end();
        self.take_finished();
        self.note_end_of_boot();
        if !self.log.boots.is_empty() || !self.reports.is_empty() {
            self.boot += 1;
            self.segmenter.boot(self.boot);
        }
        self.last_time = None;
    }

    /// The end of the log: closes what is open and links causes with consequences.
    pub fn finish(&mut self) {
        if self.carry_len > 0 {
            self.carried_line(0);
        }
        self.segmenter.end();
        self.take_finished();
        self.note_end_of_boot();
        let mut both: Vec<_> =
            std::mem::take(&mut self.reports).into_iter().zip(std::mem::take(&mut self.facts)).collect();
        both.sort_by_key(|(report, _)| report.first_line);
        (self.reports, self.facts) = both.into_iter().unzip();
        links::tie(&mut self.reports, &self.facts.iter().map(Said::of).collect::<Vec<_>>());
        for at in 0..self.reports.len() {
            self.explain(at);
        }
    }

    /// Reports found until now, in the order in which they ended. [`Scanner::finish`] sorts them by their first
    /// lines and fills in what only the whole log tells.
    pub fn reports(&self) -> &[Report] {
        &self.reports
    }

    /// The reports, when all is done.
    pub fn into_reports(self) -> Vec<Report> {
        self.reports
    }

    /// Facts about the log until now. `name` and `incomplete` are the caller's to fill in.
    pub fn facts(&self) -> LogFacts {
        LogFacts { lines: self.line - 1 + u64::from(self.carry_len > 0), ..self.log.clone() }
    }

    /// Where lines begin, sparsely.
    pub fn index(&self) -> &LineIndex {
        &self.index
    }

    /// Keeps the beginning of a line, as far as it will be looked at.
    fn carry(&mut self, bytes: &[u8]) {
        let room = self.limits.line_bytes.saturating_sub(self.carry.len()).min(bytes.len());
        self.carry.extend_from_slice(&bytes[..room]);
        self.carry_len += bytes.len() as u64;
    }

    /// The carried line is whole; `newline` is 1 unless the log ended without one.
    fn carried_line(&mut self, newline: u64) {
        let bytes = std::mem::take(&mut self.carry);
        let len = std::mem::take(&mut self.carry_len);
        if self.segmenter.is_idle() && !self.finder.is_match(&bytes) {
            self.count(&bytes, len);
            self.note_time(&bytes, self.line);
        } else {
            self.parse_line(&bytes, len);
        }
        self.line += 1;
        self.offset += len + newline;
        // Room for the next one, without holding on to what a long line took.
        self.carry = bytes;
        self.carry.clear();
        self.carry.shrink_to(4 << 10);
    }

    /// Whole lines.
    fn lines(&mut self, lines: &[u8]) {
        let mut rest = lines;
        while !rest.is_empty() {
            if !self.segmenter.is_idle() {
                rest = self.one_line(rest);
                continue;
            }
            // A chunk that ends with a line.
            let end = if rest.len() <= CHUNK {
                rest.len()
            } else {
                match memrchr(b'\n', &rest[..CHUNK]) {
                    Some(at) => at + 1,
                    None => CHUNK + memchr(b'\n', &rest[CHUNK..]).map_or(rest.len() - CHUNK, |at| at + 1),
                }
            };
            self.index.note(self.line, self.offset);
            match self.finder.find(&rest[..end]) {
                None => {
                    self.skip(&rest[..end]);
                    rest = &rest[end..];
                }
                Some(hit) => {
                    let start = memrchr(b'\n', &rest[..hit.start()]).map_or(0, |at| at + 1);
                    self.skip(&rest[..start]);
                    rest = self.one_line(&rest[start..]);
                }
            }
        }
    }

    /// Parses the first line of `rest` and gives what follows.
    fn one_line<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        self.index.note(self.line, self.offset);
        self.parse_line(&rest[..end], end as u64);
        self.line += 1;
        self.offset += end as u64 + 1;
        rest.get(end + 1..).unwrap_or_default()
    }

    /// Counts lines that are of no interest.
    fn skip(&mut self, lines: &[u8]) {
        let ascii = lines.is_ascii();
        let mut start = 0;
        for end in memchr_iter(b'\n', lines) {
            if !ascii || end - start > self.limits.line_bytes {
                self.count(&lines[start..end], (end - start) as u64);
            }
            start = end + 1;
            self.line += 1;
        }
        self.offset += lines.len() as u64;
        self.note_last_time(lines);
        self.segmenter.expire(self.line);
        self.take_finished();
    }

    /// Remembers the time of the last line that has one. `self.line` is the number of the line after `lines`.
    fn note_last_time(&mut self, lines: &[u8]) {
        let mut rest = lines;
        let mut number = self.line;
        while let Some(end) = rest.len().checked_sub(1) {
            let from = memrchr(b'\n', &rest[..end]).map_or(0, |at| at + 1);
            number -= 1;
            if self.note_time(&rest[from..end], number) {
                return;
            }
            rest = &rest[..from];
        }
    }

    fn count(&mut self, line: &[u8], len: u64) {
        let seen = &line[..line.len().min(self.limits.line_bytes)];
        let cut = len > self.limits.line_bytes as u64;
        self.log.lines_cut += u64::from(cut);
        let valid = match std::str::from_utf8(seen) {
            Ok(_) => true,
            // A character that the limit cut in two is not the log's fault.
            Err(error) => cut && error.error_len().is_none(),
        };
        self.log.lines_not_utf8 += u64::from(!valid);
    }

    /// Remembers the time stamp at the beginning of a line; true when there is one.
    fn note_time(&mut self, line: &[u8], number: u64) -> bool {
        let head = &line[..line.len().min(96)];
        // Every prefix with a time has one of these.
        if memchr2(b'[', b';', head).is_none() {
            return false;
        }
        let time = prefix::strip(&String::from_utf8_lossy(head)).0.time;
        self.last_time = time.map(|time| (number, time)).or(self.last_time);
        time.is_some()
    }

    fn parse_line(&mut self, bytes: &[u8], len: u64) {
        self.count(bytes, len);
        let bytes = &bytes[..bytes.len().min(self.limits.line_bytes)];
        let hit = self.finder.is_match(bytes);
        let line = Line::new(self.line, bytes);
        self.last_time = line.prefix.time.map(|time| (line.number, time)).or(self.last_time);
        if hit {
            self.boot_line(&line);
            self.segmenter.kernel_ran |= self.last_time.is_some() || self.boot > 0 || line.text.contains(PROGRAM);
        }
        self.segmenter.line(line, hit);
        self.take_finished();
    }

    /// `Linux version …` begins a boot; some lines after it tell about it.
    fn boot_line(&mut self, line: &Line) {
        let text = line.text.trim_start();
        if let Some(rest) = text.strip_prefix("Linux version ") {
            self.note_end_of_boot();
            // Reports before the first banner are of a boot whose banner the log does not have.
            if !self.log.boots.is_empty() || !self.reports.is_empty() || !self.segmenter.is_idle() {
                self.boot += 1;
            }
            self.segmenter.boot(self.boot);
            self.take_finished();
            self.last_time = line.prefix.time.map(|time| (line.number, time));
            if self.log.boots.len() < MOST_BOOTS {
                self.log.boots.push(Boot {
                    number: self.boot,
                    line: line.number,
                    kernel: rest.split(' ').next().unwrap_or(rest).to_owned(),
                    banner: text.to_owned(),
                    ..Boot::default()
                });
            }
            return;
        }
        let Some(boot) = self.log.boots.last_mut() else { return };
        let text = text
            .strip_prefix("Kernel command line: ")
            .map_or_else(|| text.strip_prefix("Command line: "), Some)
            .map_or_else(
                || {
                    text.strip_prefix("DMI: ")
                        .or_else(|| text.strip_prefix("Machine model: "))
                        .map(|machine| (false, machine))
                },
                |command| Some((true, command)),
            );
        match text {
            Some((true, command)) => boot.command_line.get_or_insert_with(|| command.to_owned()),
            Some((false, machine)) => boot.machine.get_or_insert_with(|| machine.to_owned()),
            None => return,
        };
    }

    fn note_end_of_boot(&mut self) {
        if self.ends.len() < MOST_BOOTS {
            let end = BootEnd { line: self.line.saturating_sub(1), time: self.last_time };
            self.ends.insert(self.boot, end);
        }
    }

    fn take_finished(&mut self) {
        for segment in self.segmenter.take_finished() {
            self.report(segment);
        }
    }

    fn report(&mut self, segment: Segment) {
        let Some(mut facts) = make(segment) else { return };
        let key = (facts.report.boot, facts.report.title.clone(), facts.report.culprit.as_ref().and_then(|c| c.offset));
        if facts.report.severity != Severity::Fatal
            && let Some(&at) = self.seen.get(&key)
        {
            self.reports[at].repeats += 1;
            return;
        }
        let weight = self.weight + weigh(&facts.report);
        if self.reports.len() >= self.limits.reports || weight > self.limits.report_bytes {
            self.log.reports_not_kept += 1;
            return;
        }
        self.weight = weight;
        if facts.report.severity != Severity::Fatal {
            self.seen.insert(key, self.reports.len());
        }
        explain::prepare(&mut facts);
        // What the words need of the lines has been read; a thousand reports' lines are too much to keep.
        facts.lines = Vec::new();
        self.reports.push(std::mem::take(&mut facts.report));
        self.facts.push(facts);
        self.explain(self.reports.len() - 1);
    }

    /// Writes the words of a report by what is known until now.
    fn explain(&mut self, at: usize) {
        let around = sequence::surroundings(&self.reports, at, &self.ends);
        explain_with(&mut self.facts[at], &mut self.reports[at], &around);
    }
}

fn explain_with(facts: &mut Facts, report: &mut Report, around: &Surroundings) {
    std::mem::swap(&mut facts.report, report);
    facts.report.may_follow_from = around.cause.map(|(index, _)| index);
    explain::explain(facts, around);
    std::mem::swap(&mut facts.report, report);
}

/// The automaton of all literals. Made once: to make it takes longer than to read a small log, and triage reads
/// thousands of those.
fn finder() -> AhoCorasick {
    static FINDER: OnceLock<AhoCorasick> = OnceLock::new();
    let make = || {
        let literals = kinds::RULES
            .iter()
            .flat_map(|rule| rule.headers)
            .chain(&kinds::MARKS)
            .chain(&BOOT)
            .chain(std::iter::once(&PROGRAM));
        AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .match_kind(MatchKind::LeftmostFirst)
            .build(literals)
            .expect("a few hundred short literals make a small automaton")
    };
    FINDER.get_or_init(make).clone()
}

/// A segment to a report without its words; None for what turned out to be none.
fn make(segment: Segment) -> Option<Facts> {
    let mut facts = read::read(segment);
    if !(facts.rule.confirms)(&facts) {
        return None;
    }
    context::find(&mut facts);
    culprit::find(&mut facts);
    let titles = (facts.rule.titles)(&facts);
    facts.report.corrupted_reason = damage::find(&facts, &titles);
    facts.report.corrupted = facts.report.corrupted_reason.is_some();
    facts.report.title = titles.title;
    facts.report.alt_titles = titles.alts;
    if facts.report.severity != Severity::Fatal {
        facts.report.severity = (facts.rule.severity)(&facts);
    }
    let details = (facts.rule.details)(&facts);
    facts.report.details.extend(details);
    blame_file::put(&mut facts);
    facts.report.subsystem = subsystem::of(&facts.report);
    facts.report.signature = signature::of(&facts.report);
    facts.report.explanation.about = about::paragraphs(facts.rule.about);
    Some(facts)
}

/// What a report takes of memory, roughly: its lists.
fn weigh(report: &Report) -> usize {
    let frames: usize =
        report.stacks.iter().map(|stack| 256 + 320 * stack.frames.len() + 128 * stack.registers.len()).sum();
    let listing = report.code.as_ref().map_or(0, |code| 320 * crate::listing::likely_length(code));
    4096 + listing + frames + 128 * report.registers.len() + 96 * report.modules.len()
}
