//! Kinds of reports of which there is no capture, written by hand from the kernel's format strings (tests/fixtures/kinds),
//! against what those strings mean; and lines that only look like such reports.

#[expect(dead_code, reason = "no snapshots here")]
mod harness;

use oopscope_klog::parse;
use oopscope_report::Report;
use std::path::PathBuf;

fn fixtures() -> Vec<PathBuf> {
    let logs = harness::logs("kinds");
    assert!(logs.len() > 15, "only {} fixtures", logs.len());
    logs
}

#[test]
fn what_the_format_strings_mean_is_found() {
    harness::check_expectations(&fixtures(), &[], differences);
}

fn differences(report: &Report, expect: &toml::Table) -> Vec<String> {
    let severity = format!("{:?}", report.severity).to_lowercase();
    let mut wrong = Vec::new();
    for (key, got) in [("kind", report.kind.name()), ("title", &report.title), ("severity", &severity)] {
        let want = expect.get(key).and_then(toml::Value::as_str);
        if let Some(want) = want.filter(|want| *want != got) {
            wrong.push(format!("{key}: want {want}, got {got}"));
        }
    }
    if report.corrupted {
        wrong.push(format!("corrupted: {:?}", report.corrupted_reason));
    }
    wrong
}

#[test]
fn a_bank_of_a_machine_check_is_decoded() {
    let log = "[    7.787874] mce: [Hardware Error]: CPU 0: Machine Check Exception: 5 Bank 9: be00000000000135\n\
        [    7.790762] mce: [Hardware Error]: Machine check: Processor Context Corrupt\n\
        [    7.790891] Kernel panic - not syncing: Fatal local machine check\n";
    let (reports, _) = parse(log.as_bytes());
    let status = reports[0].details.iter().find(|detail| detail.name == "status").expect("the bank's status");
    let meaning = status.meaning.as_deref().unwrap_or_default();
    assert!(meaning.contains("cache error") && meaning.contains("PCC") && meaning.contains("UC"), "{meaning}");
    assert_eq!((reports.len(), reports[0].panic.is_some()), (1, true));
}

#[test]
fn the_biggest_tasks_of_an_oom_kill_are_named() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/kinds/oom/old_score.log");
    let log = harness::read(&path);
    let (reports, _) = parse(&log);
    let of = |name: &str| {
        reports[0].details.iter().filter(|detail| detail.name == name).map(|d| d.value.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of("big task"), ["mysqld[1200]: 401000 pages", "php-fpm7.3[1300]: 52000 pages"]);
    assert!(of("killed").iter().any(|killed| killed.contains("anon-rss:1604000kB")), "{:?}", of("killed"));
}

/// An allocation that fails while a report is being printed is no report of its own, and does not end that one.
#[test]
fn a_state_in_the_middle_of_a_report_is_none() {
    let log = "[    1.000001][    T7] BUG: KASAN: use-after-free in f+0x1/0x20\n\
        [    1.000002][    T7] Read of size 8 at addr ffff888100000000 by task a/7\n\
        [    1.000003][    T7] a: page allocation failure: order:0, mode:0x820(GFP_ATOMIC), nodemask=(null)\n\
        [    1.000004][    T7] Call Trace:\n\
        [    1.000005][    T7]  g+0x1/0x20\n";
    let (reports, _) = parse(log.as_bytes());
    assert_eq!(reports.iter().map(|report| report.kind.name()).collect::<Vec<_>>(), ["kasan"]);
}

#[test]
fn what_only_looks_like_one_is_none() {
    for line in [
        "[    1.0] EDAC MC: Ver: 3.0.0",
        "[    1.0] EDAC MC0: Giving out device to module skx_edac controller x: DEV y (INTERRUPT)",
        "[    1.0] pcieport 0000:00:1c.0: AER: enabled with IRQ 24",
        "[    1.0] mce: [Hardware Error]: TSC 0 ADDR 3f1d6000 MISC 8c",
        "[    1.0] watchdog: watchdog0: watchdog did not stop!",
        "[    1.0] NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.",
        "[    1.0] systemd[1]: x.service: A process of this unit has been killed by the OOM killer.",
        "[    1.0] kmemleak: Kernel memory leak detector initialized",
        "[    1.0] BERT: Total records found: 1",
        "[    1.0] DMA-API: preallocated 65536 debug entries",
        "[    1.0] genirq: Threaded irq requested with handler=NULL",
        "[    1.0] e1000e 0000:00:1f.6 eno1: NIC Link is Up 1000 Mbps",
    ] {
        assert_eq!(parse(line.as_bytes()).0, [], "{line}");
    }
}
