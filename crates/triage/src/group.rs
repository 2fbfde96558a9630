//! Digests into groups: the same coarse signature is one group, the same strict one a variant in it. Must never merge
//! what has no signature with what has one.

use crate::digest::{Digest, Item};
use crate::kernel;
use oopscope_report::Severity;
use oopscope_report::triage::{Example, Group, Seen, SeenBy, Totals, Triage, Unreadable, Variant};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Kernels that a group names.
const KERNELS: usize = 4;
/// Variants that a group lists.
const VARIANTS: usize = 16;

/// What is shown, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Groups with fewer reports are left out.
    pub min_count: u64,
    /// Only reports of these kinds, by their short names; all when there is none.
    pub kinds: Vec<String>,
    /// The order of the groups.
    pub sort: Sort,
    /// The most groups, and the most unreadable files, that are listed; all when absent.
    pub most: Option<usize>,
}

/// The order of groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By the number of files, then by severity.
    #[default]
    Count,
    /// By severity, then by the number of files.
    Severity,
    /// The last seen first.
    Recent,
}

/// Groups the reports of files, which are taken in the order of their numbers.
pub fn group(mut digests: Vec<Digest>, options: &Options) -> Triage {
    // Stable: the members of an archive keep their order.
    digests.sort_by_key(Digest::number);
    let mut totals = Totals::default();
    let mut unreadable = Vec::new();
    let mut groups: BTreeMap<Key, Growing> = BTreeMap::new();
    for (nth, digest) in digests.into_iter().enumerate() {
        totals.files += 1;
        totals.bytes += digest.bytes;
        totals.reports_not_kept += digest.reports_not_kept;
        let items = match digest.outcome {
            Ok(items) => items,
            Err(reason) => {
                totals.unreadable += 1;
                unreadable.push(Unreadable { path: digest.file.path, file: digest.file.number, reason });
                continue;
            }
        };
        *(if items.is_empty() { &mut totals.silent } else { &mut totals.with_reports }) += 1;
        for item in items {
            totals.reports += item.times;
            if options.kinds.is_empty() || options.kinds.iter().any(|kind| kind == item.kind.name()) {
                let example = Example {
                    path: digest.file.path.clone(),
                    file: digest.file.number,
                    report: item.index,
                    line: item.line,
                };
                groups.entry(Key::of(&item)).or_default().add(nth, item, example);
            }
        }
    }
    let mut groups: Vec<Group> = groups.into_iter().map(|(key, group)| group.finish(key)).collect();
    groups.retain(|group| group.reports >= options.min_count);
    totals.groups = groups.len() as u64;
    sort(&mut groups, options.sort);
    if let Some(most) = options.most {
        groups.truncate(most);
        unreadable.truncate(most);
    }
    Triage { totals, groups, unreadable }
}

fn sort(groups: &mut [Group], sort: Sort) {
    let urgency = |group: &Group| {
        let (files, reports) = (Reverse(group.files), Reverse(group.reports));
        let severity = Reverse(group.severity);
        match sort {
            Sort::Count => (Reverse(0_i64), files, severity, reports),
            Sort::Severity => (Reverse(severity_number(group.severity)), files, severity, reports),
            Sort::Recent => (Reverse(group.last.map_or(i64::MIN, |seen| seen.unix)), files, severity, reports),
        }
    };
    // What is together for its title alone comes after what is known to be the same.
    groups.sort_by(|a, b| {
        (a.coarse.is_none(), urgency(a), &a.title, &a.coarse).cmp(&(
            b.coarse.is_none(),
            urgency(b),
            &b.title,
            &b.coarse,
        ))
    });
}

const fn severity_number(severity: Severity) -> i64 {
    match severity {
        Severity::Warning => 0,
        Severity::Error => 1,
        Severity::Fatal => 2,
    }
}

/// By what reports are put together.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Signed { version: String, coarse: String },
    Unsigned { kind: String, title: String },
}

impl Key {
    fn of(item: &Item) -> Self {
        match &item.signature {
            Some(signature) => Self::Signed { version: signature.version.clone(), coarse: signature.coarse.clone() },
            None => Self::Unsigned { kind: item.kind.name().to_owned(), title: item.title.clone() },
        }
    }
}

/// How many reports in how many files. Files come one after the other.
#[derive(Default)]
struct Count {
    reports: u64,
    files: u64,
    last: Option<usize>,
}

impl Count {
    fn add(&mut self, nth: usize, times: u64) {
        self.reports += times;
        if self.last != Some(nth) {
            self.files += 1;
            self.last = Some(nth);
        }
    }
}

#[derive(Default)]
struct GrowingVariant {
    count: Count,
    parts: Vec<String>,
    example: Example,
}

/// A group that grows.
#[derive(Default)]
struct Growing {
    count: Count,
    titles: BTreeMap<String, u64>,
    corrupted: u64,
    severity: Severity,
    kernels: BTreeSet<String>,
    first: Option<Seen>,
    last: Option<Seen>,
    variants: BTreeMap<String, GrowingVariant>,
    /// The report to look at, with its place.
    best: Option<(Item, Example)>,
}

impl Growing {
    fn add(&mut self, nth: usize, item: Item, example: Example) {
        self.count.add(nth, item.times);
        *self.titles.entry(item.title.clone()).or_default() += item.times;
        self.corrupted += if item.corrupted { item.times } else { 0 };
        self.severity = self.severity.max(item.severity);
        self.kernels.extend(item.kernel.clone());
        self.first = earlier(self.first, item.seen);
        self.last = later(self.last, item.seen);
        if let Some(signature) = &item.signature {
            let variant = self.variants.entry(signature.strict.clone()).or_default();
            if variant.parts.is_empty() {
                variant.parts.clone_from(&signature.parts);
                variant.example.clone_from(&example);
            }
            variant.count.add(nth, item.times);
        }
        if self.best.as_ref().is_none_or(|(best, _)| best.corrupted && !item.corrupted) {
            self.best = Some((item, example));
        }
    }

    fn finish(self, key: Key) -> Group {
        let (version, coarse) = match key {
            Key::Signed { version, coarse } => (Some(version), Some(coarse)),
            Key::Unsigned { .. } => (None, None),
        };
        let mut kernels: Vec<String> = self.kernels.into_iter().collect();
        kernels.sort_by(|a, b| kernel::compare(b, a));
        let older_kernels = kernels.len().saturating_sub(KERNELS) as u64;
        kernels.truncate(KERNELS);
        let title = self.titles.iter().max_by_key(|(title, times)| (**times, Reverse(title.as_str())));
        let mut variants: Vec<Variant> = self
            .variants
            .into_iter()
            .map(|(strict, GrowingVariant { count, parts, example })| Variant {
                strict,
                parts,
                reports: count.reports,
                files: count.files,
                example,
            })
            .collect();
        variants.sort_by_key(|variant| (Reverse(variant.files), Reverse(variant.reports)));
        let more_variants = variants.len().saturating_sub(VARIANTS) as u64;
        variants.truncate(VARIANTS);
        let mut group = Group {
            coarse,
            version,
            title: title.map(|(title, _)| title.clone()).unwrap_or_default(),
            severity: self.severity,
            reports: self.count.reports,
            files: self.count.files,
            corrupted: self.corrupted,
            kernels,
            older_kernels,
            first: self.first,
            last: self.last,
            variants,
            more_variants,
            ..Group::default()
        };
        if let Some((item, example)) = self.best {
            group.kind = item.kind;
            group.culprit = item.culprit;
            group.module = item.module;
            group.subsystem = item.subsystem;
            group.example = example;
        }
        group
    }
}

fn earlier(a: Option<Seen>, b: Option<Seen>) -> Option<Seen> {
    pick(a, b, |a, b| b.unix < a.unix)
}

fn later(a: Option<Seen>, b: Option<Seen>) -> Option<Seen> {
    pick(a, b, |a, b| b.unix > a.unix)
}

/// A wall clock in the log tells when it happened, a file only when it was written: the former counts where there is
/// one.
fn pick(a: Option<Seen>, b: Option<Seen>, better: fn(Seen, Seen) -> bool) -> Option<Seen> {
    let (Some(a), Some(b)) = (a, b) else { return a.or(b) };
    let of_file = |seen: Seen| seen.by == SeenBy::File;
    Some(match (of_file(a), of_file(b)) {
        (true, false) => b,
        (false, true) => a,
        _ if better(a, b) => b,
        _ => a,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{File, digest, unreadable};
    use oopscope_report::{Kind, LogFacts, Report, Signature};

    fn report(title: &str, signature: Option<(&str, &str)>, severity: Severity) -> Report {
        Report {
            kind: Kind::new("warning"),
            title: title.to_owned(),
            severity,
            signature: signature.map(|(coarse, strict)| Signature {
                version: "v".to_owned(),
                coarse: coarse.to_owned(),
                strict: strict.to_owned(),
                parts: vec![strict.to_owned()],
            }),
            ..Report::default()
        }
    }

    fn file(number: u64, reports: &[Report]) -> Digest {
        let file = File { path: format!("log{number}"), number, modified: Some(1000 + i64::try_from(number).unwrap()) };
        digest(file, reports, &LogFacts { bytes: 10, ..LogFacts::default() })
    }

    fn titles(triage: &Triage) -> Vec<&str> {
        triage.groups.iter().map(|group| group.title.as_str()).collect()
    }

    #[test]
    fn the_same_coarse_signature_is_one_group_and_the_strict_ones_are_its_variants() {
        let (warning, fatal) = (Severity::Warning, Severity::Fatal);
        let mut twice = report("a", Some(("A", "1")), warning);
        twice.repeats = 4;
        let logs = vec![
            file(2, &[report("b", Some(("B", "1")), fatal)]),
            file(0, &[twice, report("a", Some(("A", "2")), fatal)]),
            file(1, &[report("a", Some(("A", "2")), warning)]),
            file(3, &[]),
            unreadable(File { path: "gone".to_owned(), number: 4, modified: None }, "it is gone"),
        ];
        let triage = group(logs, &Options::default());
        assert_eq!(titles(&triage), ["a", "b"]);
        let a = &triage.groups[0];
        assert_eq!((a.files, a.reports, a.severity), (2, 7, fatal));
        assert_eq!(
            a.variants.iter().map(|v| (v.strict.as_str(), v.files, v.reports)).collect::<Vec<_>>(),
            [("2", 2, 2), ("1", 1, 5)]
        );
        assert_eq!((a.example.path.as_str(), a.example.file), ("log0", 0));
        assert_eq!((a.first.unwrap().unix, a.last.unwrap().unix), (1000, 1001));
        let t = &triage.totals;
        assert_eq!((t.files, t.with_reports, t.silent, t.unreadable, t.reports, t.bytes), (5, 3, 1, 1, 8, 40));
        assert_eq!(triage.unreadable[0].path, "gone");
    }

    #[test]
    fn reports_without_a_signature_are_never_with_those_that_have_one_and_come_last() {
        let logs = (0..5).map(|number| file(number, &[report("x", None, Severity::Fatal)]));
        let logs = logs.chain([file(9, &[report("x", Some(("A", "1")), Severity::Warning)])]).collect();
        let triage = group(logs, &Options::default());
        assert_eq!(
            triage.groups.iter().map(|group| (group.coarse.is_some(), group.files)).collect::<Vec<_>>(),
            [(true, 1), (false, 5)]
        );
    }

    #[test]
    fn options_choose_and_sort() {
        let (warning, fatal) = (Severity::Warning, Severity::Fatal);
        let logs = || {
            vec![
                file(0, &[report("often", Some(("A", "1")), warning)]),
                file(1, &[report("often", Some(("A", "1")), warning)]),
                file(2, &[report("bad", Some(("B", "1")), fatal)]),
            ]
        };
        let by = |sort| Options { sort, ..Options::default() };
        assert_eq!(titles(&group(logs(), &by(Sort::Count))), ["often", "bad"]);
        assert_eq!(titles(&group(logs(), &by(Sort::Severity))), ["bad", "often"]);
        assert_eq!(titles(&group(logs(), &by(Sort::Recent))), ["bad", "often"]);
        assert_eq!(titles(&group(logs(), &Options { min_count: 2, ..Options::default() })), ["often"]);
        assert!(group(logs(), &Options { kinds: vec!["oops".to_owned()], ..Options::default() }).groups.is_empty());
        let cut = group(logs(), &Options { most: Some(1), ..Options::default() });
        assert_eq!((cut.groups.len(), cut.totals.groups), (1, 2));
    }

    #[test]
    fn a_logs_own_clock_counts_before_the_files() {
        let mut dated = report("a", Some(("A", "1")), Severity::Warning);
        dated.wall_clock = Some("1970-01-01T00:00:05Z".to_owned());
        let logs = vec![file(0, &[report("a", Some(("A", "1")), Severity::Warning)]), file(1, &[dated])];
        let triage = group(logs, &Options::default());
        let seen = Some(Seen { unix: 5, by: SeenBy::Log });
        assert_eq!((triage.groups[0].first, triage.groups[0].last), (seen, seen));
    }
}
