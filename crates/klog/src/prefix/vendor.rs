//! What vendors' kernels for Android write besides printk's own: CPU, PID and name of who printed.
//!
//! None of it is upstream; the forms are those of published logs. Must never take a bracket that the kernel's own
//! messages begin with.

use super::{Caller, Prefix, after_space, bracketed, is_number, printk};

pub(super) fn strip<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    if prefix.time.is_none() {
        return huawei(text, prefix);
    }
    if prefix.caller.is_some() {
        return None;
    }
    let (caller, rest) = mediatek(text).or_else(|| samsung(text)).or_else(|| qualcomm(text))?;
    prefix.caller = Some(caller);
    Some(rest)
}

/// The idle task has PID 0 on every CPU: its lines are told apart by the CPU.
fn caller(cpu: u32, pid: u32) -> Caller {
    if pid == 0 { Caller::Cpu(cpu) } else { Caller::Task(pid) }
}

/// `[  123.456789]  (0)[123:kworker/0:1]message`, with `-` before it where interrupts are off.
fn mediatek(text: &str) -> Option<(Caller, &str)> {
    let text = text.strip_prefix(' ').unwrap_or(text);
    let (cpu, rest) = text.strip_prefix('-').unwrap_or(text).strip_prefix('(')?.split_once(')')?;
    let (inside, rest) = bracketed(rest)?;
    let (pid, name) = inside.split_once(':')?;
    (is_number(cpu) && is_number(pid) && !name.is_empty()).then_some(())?;
    Some((caller(cpu.parse().ok()?, pid.parse().ok()?), rest))
}

/// `[   37.955263]  [4:SdpManagerServi: 3874] message`.
fn samsung(text: &str) -> Option<(Caller, &str)> {
    let (inside, rest) = bracketed(text.strip_prefix(' ').unwrap_or(text))?;
    let (cpu, rest_inside) = inside.split_once(':')?;
    let (name, pid) = rest_inside.rsplit_once(':')?;
    let pid = pid.trim_start();
    (cpu.len() <= 3 && is_number(cpu) && is_number(pid) && !name.trim().is_empty()).then_some(())?;
    Some((caller(cpu.parse().ok()?, pid.parse().ok()?), after_space(rest)))
}

/// `[    1.234567] (CPU:0-pid:1:swapper/0) message`.
fn qualcomm(text: &str) -> Option<(Caller, &str)> {
    let (inside, rest) = text.strip_prefix("(CPU:")?.split_once(") ")?;
    let (cpu, rest_inside) = inside.split_once("-pid:")?;
    let (pid, _name) = rest_inside.split_once(':')?;
    Some((caller(cpu.parse().ok()?, pid.parse().ok()?), rest))
}

/// `[   12.345678s][pid:307,cpu0,kworker/0:1]message`.
fn huawei<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    let (inside, rest) = bracketed(text)?;
    let time = printk::time(inside.strip_suffix('s')?)?;
    prefix.time = Some(time);
    let who = bracketed(rest).and_then(|(inside, rest)| {
        let (pid, rest_inside) = inside.strip_prefix("pid:")?.split_once(",cpu")?;
        let cpu = rest_inside.split(',').next()?;
        Some((caller(cpu.parse().ok()?, pid.parse().ok()?), rest))
    });
    let Some((caller, rest)) = who else { return Some(after_space(rest)) };
    prefix.caller = Some(caller);
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::super::strip;
    use super::*;

    #[track_caller]
    fn check(line: &str, caller: Caller, text: &str) {
        let (prefix, rest) = strip(line);
        assert_eq!((prefix.caller, &*rest), (Some(caller), text), "{line}");
        assert!(prefix.time.is_some_and(|time| time > 1.0), "{line}: {prefix:?}");
    }

    #[test]
    fn who_printed_by_vendor() {
        check("<6>[  123.456789]  (0)[123:kworker/0:1] f+0x1/0x2", Caller::Task(123), " f+0x1/0x2");
        check("[  123.456789] -(3)[0:swapper/3]x", Caller::Cpu(3), "x");
        check("[   37.955263]  [4:SdpManagerServi: 3874]  f+0x1/0x2", Caller::Task(3874), " f+0x1/0x2");
        check("[   37.955263] [2:      swapper/2:    0] x", Caller::Cpu(2), "x");
        check("<4>[    1.234567] (CPU:0-pid:17:init) x", Caller::Task(17), "x");
        check("[   12.345678s][pid:307,cpu0,kworker/0:1]x", Caller::Task(307), "x");
    }

    #[test]
    fn what_is_the_message_s_own_stays() {
        for message in ["[drm:foo] x", "[<ffffffff81000000>] f+0x1/0x2", "(null)", "[1:2] x", "(1 of 2) x"] {
            let line = format!("[    1.500000] {message}");
            let (prefix, rest) = strip(&line);
            assert_eq!((&*rest, prefix.caller), (message, None));
        }
    }
}
