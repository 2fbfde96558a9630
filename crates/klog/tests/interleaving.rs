//! Reports into which other messages run: told apart by caller ids where there are any, else marked as a guess.

use oopscope_klog::parse;

fn log(caller: [&str; 2], between: &str) -> String {
    let line = |who: &str, text: &str| format!("[   12.500000]{who} {text}\n");
    let mut log = String::new();
    for text in [
        "WARNING: CPU: 1 PID: 77 at mm/x.c:12 warn_here+0x1/0x20",
        "CPU: 1 PID: 77 Comm: reader Not tainted 6.1.0 #1",
        "RIP: 0010:warn_here+0x1/0x20",
        "Call Trace:",
        " <TASK>",
        " caller_of_it+0x1/0x20",
    ] {
        log += &line(caller[0], text);
    }
    log += &line(caller[1], between);
    for text in
        [" outer_caller+0x1/0x20", " do_syscall_64+0x1/0x20", " </TASK>", "---[ end trace 0000000000000000 ]---"]
    {
        log += &line(caller[0], text);
    }
    log
}

#[test]
fn a_message_in_the_middle_of_a_trace_makes_it_a_guess() {
    let (reports, _) = parse(log(["", ""], "usb 1-1: new high-speed USB device number 2").as_bytes());
    assert_eq!(reports.len(), 1);
    assert!(reports[0].interleaved);
    let notice = reports[0].notices.iter().find(|notice| notice.prose.plain().contains("runs into this report"));
    let notice = notice.expect("a notice says so");
    assert!(notice.prose.0.iter().any(|span| span.guess), "{notice:?}");
    assert_eq!(notice.prose.0[0].line, Some(7));
    let functions: Vec<_> = reports[0].stacks.iter().flat_map(|stack| &stack.frames).collect();
    assert!(functions.iter().any(|frame| frame.function.as_deref() == Some("outer_caller")), "{functions:?}");
}

#[test]
fn with_caller_ids_nothing_is_guessed() {
    let (reports, _) = parse(log(["[   T77]", "[    T9]"], "usb 1-1: new high-speed USB device number 2").as_bytes());
    assert_eq!(reports.len(), 1);
    assert!(!reports[0].interleaved);
    assert!(reports[0].notices.iter().all(|notice| !notice.prose.plain().contains("runs into this report")));
}

#[test]
fn a_whole_trace_is_no_guess() {
    let (reports, _) = parse(log(["", ""], " middle_caller+0x1/0x20").as_bytes());
    assert!(!reports[0].interleaved);
}
