//! Register lines of every architecture: `RAX: 0000… RBX: …`, `x29: … x28: …`, `GPR00: …`, `$ 0   : …`, `pc 9000… ra …`.
//!
//! A line is one only when everything on it fits: must never take a register out of a message.

use super::{frame, hex};

/// One register of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Register<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: u64,
    /// Hex digits printed: the register's width.
    pub(crate) digits: usize,
}

/// Names that x86 prints (arch/x86/kernel/process_64.c and process_32.c, `__show_regs`).
const X86: &[&str] = &[
    "RSP", "EFLAGS", "ORIG_RAX", "RAX", "RBX", "RCX", "RDX", "RSI", "RDI", "RBP", "R08", "R09", "R10", "R11", "R12",
    "R13", "R14", "R15", "FS", "GS", "knlGS", "CS", "DS", "ES", "SS", "CR0", "CR2", "CR3", "CR4", "CR8", "DR0", "DR1",
    "DR2", "DR3", "DR6", "DR7", "PKRU", "EAX", "EBX", "ECX", "EDX", "ESI", "EDI", "EBP", "ESP", "EIP", "RIP", "R8",
    "R9", "SSP", "PKRS", "FLAGS", // i386 until 2.6.25
    "eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "ds", "es", "fs", "gs", "ss",
];
/// Names that arm64 and arm print beside the numbered ones (`__show_regs` of both).
const ARM: &[&str] = &["sp", "pstate", "psr", "ip", "fp", "lr", "pc", "pmr", "pmr_save", "xPSR"];
/// riscv (arch/riscv/kernel/process.c `__show_regs`) beside the numbered ones.
const RISCV: &[&str] = &["epc", "ra", "gp", "tp", "status", "badaddr", "cause"];
/// powerpc (arch/powerpc/kernel/process.c `__show_regs`; `SOFTE` before 4.20, `DEAR` and `ESR` on Book E).
const PPC: &[&str] = &[
    "NIP",
    "LR",
    "CTR",
    "MSR",
    "CR",
    "XER",
    "CFAR",
    "DAR",
    "DSISR",
    "DEAR",
    "ESR",
    "IRQMASK",
    "SOFTE",
    "TRAP",
    "REGS",
    "PACATMSCRATCH",
];
/// sparc (arch/sparc/kernel/process_64.c and process_32.c `show_regs`) beside the windowed ones.
const SPARC: &[&str] = &["TSTATE", "TPC", "TNPC", "Y", "ret_pc", "PSR", "PC", "NPC"];
/// mips (arch/mips/kernel/traps.c `__show_regs`) beside the numbered ones.
const MIPS: &[&str] = &["Hi", "Lo", "Acx", "Status", "Cause", "BadVA", "PrId", "epc", "ra"];
/// loongarch (arch/loongarch/kernel/traps.c `__show_regs`; lower case, with `CSR ` before them, until 6.2).
const LOONGARCH: &[&str] =
    &["ERA", "CRMD", "PRMD", "EUEN", "ECFG", "ESTAT", "BADV", "PRID", "era", "crmd", "prmd", "euen", "ecfg", "estat"];
/// parisc (arch/parisc/kernel/traps.c `show_regs`).
const PARISC: &[&str] = &["IIR", "ISR", "IOR", "CR30", "CR31", "ORIG_R28"];

/// Registers by number, for architectures that print the number of the first one of a row.
const R: [&str; 32] = [
    "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "r16", "r17",
    "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "r31",
];
const SR: [&str; 8] = ["sr0", "sr1", "sr2", "sr3", "sr4", "sr5", "sr6", "sr7"];
const DOLLAR: [&str; 32] = [
    "$0", "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$16", "$17",
    "$18", "$19", "$20", "$21", "$22", "$23", "$24", "$25", "$26", "$27", "$28", "$29", "$30", "$31",
];

fn is_register(name: &str) -> bool {
    let numbered = |prefix: &str, most: u8| {
        name.strip_prefix(prefix).and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| n <= most)
    };
    [X86, ARM, RISCV, PPC, SPARC, MIPS, LOONGARCH, PARISC].iter().any(|names| names.contains(&name))
        || [("x", 30), ("r", 15), ("t", 6), ("s", 11), ("a", 7), ("g", 7), ("o", 5), ("l", 7), ("i", 7)]
            .iter()
            .any(|&(prefix, most)| numbered(prefix, most))
}

/// Registers whose value may be printed with less than four digits: a small mask, not an address.
fn is_narrow(name: &str) -> bool {
    matches!(name, "IRQMASK" | "SOFTE")
}

/// All registers of a line; empty when it is no register line. Every word must fit: `NAME: value`, where a value
/// may carry a segment (`0018:ffff…`), brackets (`[<8015df40>]`) or a decoded form in parentheses after it.
pub(crate) fn parse(text: &str) -> Vec<Register<'_>> {
    let text = text.trim();
    if let Some(found) = row(text).or_else(|| pairs(text)).or_else(|| psw(text)).or_else(|| queues(text)) {
        return found;
    }
    let mut found = named(text.strip_prefix("CSR ").unwrap_or(text));
    // Where on the stack powerpc keeps what it prints is no register.
    found.retain(|register| register.name != "REGS");
    found
}

/// `NAME: value NAME: value`.
fn named(text: &str) -> Vec<Register<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some((name, after)) = rest.split_once(':') else {
            // `Y: 00000000    Not tainted`, `TRAP: 0300   Not tainted  (6.1.0)`, `epc   : 80012344 f+0x4/0x20`.
            let is_place = frame::place(rest).is_some() || rest.starts_with("0x") && hex(rest).is_some();
            return if is_taint(rest) || is_place { found } else { Vec::new() };
        };
        let name = name.trim_end();
        if !is_register(name) {
            // `PSR: … Y: 00000000    Tainted: G`, i386's `EIP: 0060:[<c10a1234>] EFLAGS: 00010286 CPU: 0`.
            return if is_taint(rest) || rest.starts_with("CPU: ") { found } else { Vec::new() };
        }
        let after = after.trim_start();
        let end = after.find([' ', '\t']).unwrap_or(after.len());
        let word = &after[..end];
        let Some((value, digits)) = value(word, is_narrow(name)) else {
            // `pc : func+0x1/0x2`, `EFLAGS:` cut off: what was read before it still counts.
            return if found.is_empty() { Vec::new() } else { found };
        };
        found.push(Register { name, value, digits });
        rest = decoded(after[end..].trim_start());
    }
    found
}

/// What follows a value and its decoded form: `(nZCv daif …)` of arm64, `<SF,EE,…>` of powerpc, `[PIL] (IS= …)` of
/// loongarch, `KERNEL EXL IE` of mips.
fn decoded(mut rest: &str) -> &str {
    for (open, close) in [('[', ']'), ('(', ')'), ('<', '>')] {
        if rest.starts_with(open) {
            rest = rest.split_once(close).map_or("", |(_, rest)| rest).trim_start();
        }
    }
    let is_flag = |word: &str| {
        matches!(word, "KX" | "SX" | "UX" | "USER" | "SUPERVISOR" | "KERNEL" | "BAD_MODE" | "ERL" | "EXL" | "IE")
            || matches!(word, "KUo" | "IEo" | "KUp" | "IEp" | "KUc" | "IEc")
    };
    if rest.split_ascii_whitespace().all(is_flag) { "" } else { rest }
}

fn is_taint(text: &str) -> bool {
    text.starts_with("Not tainted") || text.starts_with("Tainted: ")
}

fn value(word: &str, narrow: bool) -> Option<(u64, usize)> {
    let word = word.trim_start_matches("[<").trim_end_matches(">]").trim_end_matches(',');
    let word = word.split_once('(').map_or(word, |(value, _)| value);
    let word = word.rsplit_once(':').map_or(word, |(_, value)| value.trim_start_matches("[<"));
    let digits = word.trim_start_matches("0x");
    (digits.len() >= 4 || narrow).then(|| hex(digits)).flatten().map(|value| (value, digits.len()))
}

/// A row that names its first register: `GPR04: v v v v` of powerpc (8 values on 32 bits), `$ 4   : v v v v` of mips
/// (k0 and k1, `$26` and `$27`, are left blank), `r04-07  v v v v` and `sr00-03  v …` of parisc, `Krnl GPRS: v v v v` of
/// s390.
fn row(text: &str) -> Option<Vec<Register<'_>>> {
    let (names, first, rest) = if let Some(rest) = text.strip_prefix("GPR") {
        let (number, rest) = rest.split_once(':')?;
        (&R[..], number.parse::<usize>().ok()?, rest)
    } else if let Some(rest) = text.strip_prefix('$') {
        let (number, rest) = rest.split_once(':')?;
        (&DOLLAR[..], number.trim().parse::<usize>().ok()?, rest)
    } else if let Some(rest) = text.strip_prefix("Krnl GPRS:") {
        (&R[..], 0, rest)
    } else {
        let (head, rest) = text.split_once(' ')?;
        let (names, numbers) = match head.strip_prefix("sr") {
            Some(numbers) => (&SR[..], numbers),
            None => (&R[..], head.strip_prefix('r')?),
        };
        let (from, to) = numbers.split_once('-')?;
        let (from, to) = (from.parse::<usize>().ok()?, to.parse::<usize>().ok()?);
        (to == from + 3).then_some((names, from, rest))?
    };
    values(names.get(first..)?, rest)
}

/// Values of one width, in order, for registers in order.
fn values<'a>(names: &[&'static str], text: &'a str) -> Option<Vec<Register<'a>>> {
    let mut found: Vec<Register<'a>> = Vec::new();
    for word in text.split_ascii_whitespace() {
        let value = hex(word).filter(|_| matches!(word.len(), 8 | 16))?;
        let name = names.get(found.len())?;
        found.push(Register { name, value, digits: word.len() });
    }
    (!found.is_empty() && found.len() <= 8).then_some(found)
}

/// s390 prints sixteen registers in four rows, of which only the first has a name: the row after `r{from - 1}`.
pub(crate) fn continued(text: &str, from: usize) -> Option<Vec<Register<'_>>> {
    matches!(from, 4 | 8 | 12).then(|| values(&R[from..from + 4], text)).flatten().filter(|row| row.len() == 4)
}

/// loongarch: `pc 9000… ra 9000… tp … sp …`, four names and values without a colon.
fn pairs(text: &str) -> Option<Vec<Register<'_>>> {
    let mut words = text.split_ascii_whitespace();
    let mut found = Vec::new();
    while let Some(name) = words.next() {
        let known = matches!(name, "pc" | "ra" | "tp" | "sp" | "u0")
            || matches!(name.as_bytes(), [b'a', b'0'..=b'7'] | [b't', b'0'..=b'8'] | [b's', b'0'..=b'9']);
        let word = words.next().filter(|word| known && matches!(word.len(), 8 | 16))?;
        found.push(Register { name, value: hex(word)?, digits: word.len() });
    }
    (found.len() == 4).then_some(found)
}

/// s390's `Krnl PSW : mask address (sym)`, and parisc's `PSW: 0000…1111 Not tainted` in binary.
fn psw(text: &str) -> Option<Vec<Register<'_>>> {
    if let Some(rest) = text.strip_prefix("Krnl PSW : ") {
        let mut words = rest.split(' ');
        let mut next = |name| {
            let word = words.next()?;
            (matches!(word.len(), 8 | 16)).then(|| hex(word)).flatten().map(|value| Register {
                name,
                value,
                digits: word.len(),
            })
        };
        return Some(vec![next("PSW mask")?, next("PSW addr")?]);
    }
    let rest = text.strip_prefix("PSW: ")?;
    let (bits, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let whole = bits.len() == 32 && (rest.is_empty() || is_taint(rest.trim_start()));
    let value = u64::from_str_radix(bits, 2).ok().filter(|_| whole)?;
    Some(vec![Register { name: "PSW", value, digits: 8 }])
}

/// parisc: `IASQ: v v IAOQ: v v`, the two ends of the instruction address queue, and ` CPU:        0   CR30: v CR31: v`.
fn queues(text: &str) -> Option<Vec<Register<'_>>> {
    if let Some(rest) = text.strip_prefix("CPU: ") {
        let (number, rest) = rest.trim_start().split_once(' ')?;
        let rest = rest.trim_start();
        let ok = number.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with("CR30: ");
        return ok.then(|| parse(rest));
    }
    let (spaces, offsets) = text.strip_prefix("IASQ: ")?.split_once(" IAOQ: ")?;
    let mut found = values(&["IASQ[0]", "IASQ[1]"], spaces)?;
    found.extend(values(&["IAOQ[0]", "IAOQ[1]"], offsets)?);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[(&str, u64)]) {
        let got: Vec<_> = parse(text).iter().map(|r| (r.name, r.value)).collect();
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn x86_and_arm() {
        check("RSP: 0018:ffffc8c7c00d0fb0 EFLAGS: 00000006", &[("RSP", 0xffff_c8c7_c00d_0fb0), ("EFLAGS", 6)]);
        check(
            "RSP: 002b:00007ffe EFLAGS: 00000246 ORIG_RAX: ffffffffffffffda",
            &[("RSP", 0x7ffe), ("EFLAGS", 0x246), ("ORIG_RAX", u64::MAX - 0x25)],
        );
        check(
            "FS:  0000000001234000(0000) GS:ffff888000000000(0000) knlGS:0000000000000000",
            &[("FS", 0x123_4000), ("GS", 0xffff_8880_0000_0000), ("knlGS", 0)],
        );
        check(
            "CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033",
            &[("CS", 0x10), ("DS", 0), ("ES", 0), ("CR0", 0x8005_0033)],
        );
        check(
            "x11: 0000000000080000 x10: 0000000000001378 x9 : efff800000000000",
            &[("x11", 0x8_0000), ("x10", 0x1378), ("x9", 0xefff_8000_0000_0000)],
        );
        check("pstate: 80402009 (Nzcv daif +PAN -UAO)", &[("pstate", 0x8040_2009)]);
        check(
            "pc : [<8015df40>]    lr : [<801559ec>]    psr: 60000093",
            &[("pc", 0x8015_df40), ("lr", 0x8015_59ec), ("psr", 0x6000_0093)],
        );
        check("EIP: 0060:[<c10a1234>] EFLAGS: 00010286 CPU: 0", &[("EIP", 0xc10a_1234), ("EFLAGS", 0x1_0286)]);
        check("eax: 00000100   ebx: f8a0b280", &[("eax", 0x100), ("ebx", 0xf8a0_b280)]);
        check("EFLAGS: 00010246   (2.6.18-6-686 #1) ", &[("EFLAGS", 0x1_0246)]);
        check("EIP:    0060:[<c10a1234>]    Tainted: P      VLI", &[("EIP", 0xc10a_1234)]);
        check("sp : ffff80008c597650", &[("sp", 0xffff_8000_8c59_7650)]);
    }

    #[test]
    fn riscv() {
        check(
            "epc : ffffffff80201234 ra : ffffffff80201230 sp : ff20000000013d00",
            &[("epc", 0xffff_ffff_8020_1234), ("ra", 0xffff_ffff_8020_1230), ("sp", 0xff20_0000_0001_3d00)],
        );
        check(" s11: 0000000000000001 t3 : 0000000000000002", &[("s11", 1), ("t3", 2)]);
        check(
            "status: 0000000200000120 badaddr: 0000000000000008 cause: 000000000000000f",
            &[("status", 0x2_0000_0120), ("badaddr", 8), ("cause", 15)],
        );
    }

    #[test]
    fn powerpc() {
        check("REGS: c0000000fe5d3a00 TRAP: 0300   Not tainted  (6.1.0)", &[("TRAP", 0x300)]);
        check("REGS: c0000000fe5d3a00 TRAP: 0300   Tainted: G           OE   (6.1.0)", &[("TRAP", 0x300)]);
        check(
            "MSR:  8000000000009033 <SF,EE,ME,IR,DR,RI,LE>  CR: 28002282  XER: 20040000",
            &[("MSR", 0x8000_0000_0000_9033), ("CR", 0x2800_2282), ("XER", 0x2004_0000)],
        );
        check(
            "CFAR: c000000000a1b2c0 DAR: 0000000000000100 DSISR: 42000000 IRQMASK: 0 ",
            &[("CFAR", 0xc000_0000_00a1_b2c0), ("DAR", 0x100), ("DSISR", 0x4200_0000), ("IRQMASK", 0)],
        );
        check("DAR: 00000100, DSISR: 42000000", &[("DAR", 0x100), ("DSISR", 0x4200_0000)]);
        check("NIP:  c0008000 LR: c0008004 CTR: 00000000", &[("NIP", 0xc000_8000), ("LR", 0xc000_8004), ("CTR", 0)]);
        let got = parse("GPR08: 00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008 ");
        assert_eq!((got.len(), got[7].name, got[7].value, got[7].digits), (8, "r15", 8, 8));
    }

    #[test]
    fn s390() {
        check(
            "Krnl PSW : 0704c00180000000 000003ff800123ac (f+0x2c/0x120 [m])",
            &[("PSW mask", 0x0704_c001_8000_0000), ("PSW addr", 0x3ff_8001_23ac)],
        );
        let row = "0000000000000001 0000000000000002 0000000000000003 0000000000000004";
        check(&format!("Krnl GPRS: {row}"), &[("r0", 1), ("r1", 2), ("r2", 3), ("r3", 4)]);
        let next: Vec<_> = continued(row, 12).unwrap().iter().map(|r| (r.name, r.value)).collect();
        assert_eq!(next, [("r12", 1), ("r13", 2), ("r14", 3), ("r15", 4)]);
        assert_eq!((continued(row, 16), continued("0000000000000001", 4)), (None, None));
    }

    #[test]
    fn mips_and_loongarch() {
        check(
            "$ 4   : 00000000 80a10000 00000001 ffffffff",
            &[("$4", 0), ("$5", 0x80a1_0000), ("$6", 1), ("$7", 0xffff_ffff)],
        );
        check("$24   : 00000000 80123456                  ", &[("$24", 0), ("$25", 0x8012_3456)]);
        check("Status: 1100ff03\tKERNEL EXL IE ", &[("Status", 0x1100_ff03)]);
        check("Cause : 00800008 (ExcCode 02)", &[("Cause", 0x80_0008)]);
        check("PrId  : 0001992f (MIPS 1004Kc)", &[("PrId", 0x1_992f)]);
        check("Hi    : 00000007", &[("Hi", 7)]);
        check("epc   : 80012344 f+0x4/0x20 [m]", &[("epc", 0x8001_2344)]);
        check("ra    : 00000000 0x0", &[("ra", 0)]);
        check("epc   : 6b6b6b6b 0x6b6b6b6b", &[("epc", 0x6b6b_6b6b)]);
        check("  ERA: 9000000000200b2c f+0x2c/0x120", &[("ERA", 0x9000_0000_0020_0b2c)]);
        check(
            "pc 9000000000200b2c ra 9000000000200b28 tp 9000000100a38000 sp 9000000100a3bd40",
            &[
                ("pc", 0x9000_0000_0020_0b2c),
                ("ra", 0x9000_0000_0020_0b28),
                ("tp", 0x9000_0001_00a3_8000),
                ("sp", 0x9000_0001_00a3_bd40),
            ],
        );
        check("ESTAT: 00010000 [PIL] (IS= ECode=1 EsubCode=0)", &[("ESTAT", 0x1_0000)]);
        check(" CRMD: 000000b0 (PLV0 -IE -DA +PG DACF=CC DACM=CC -WE)", &[("CRMD", 0xb0)]);
        check("CSR estat: 00010000", &[("estat", 0x1_0000)]);
    }

    #[test]
    fn sparc_and_parisc() {
        check(
            "TSTATE: 0000004411001606 TPC: 0000000000452a9c TNPC: 0000000000452aa0 Y: 00000000    Not tainted",
            &[("TSTATE", 0x44_1100_1606), ("TPC", 0x45_2a9c), ("TNPC", 0x45_2aa0), ("Y", 0)],
        );
        check(
            "o4: 0000000000000000 o5: 0000000000000001 sp: fff8000100a2b2c1 ret_pc: 0000000000452a90",
            &[("o4", 0), ("o5", 1), ("sp", 0xfff8_0001_00a2_b2c1), ("ret_pc", 0x45_2a90)],
        );
        check("r04-07  00000001 00000002 00000003 00000004", &[("r4", 1), ("r5", 2), ("r6", 3), ("r7", 4)]);
        check("sr00-03  00000001 00000002 00000003 00000004", &[("sr0", 1), ("sr1", 2), ("sr2", 3), ("sr3", 4)]);
        check("PSW: 00000000000001001111111100001111 Not tainted", &[("PSW", 0x4_ff0f)]);
        check(
            "IASQ: 00000000 00000000 IAOQ: 102a3b4c 102a3b50",
            &[("IASQ[0]", 0), ("IASQ[1]", 0), ("IAOQ[0]", 0x102a_3b4c), ("IAOQ[1]", 0x102a_3b50)],
        );
        check(" IIR: 0f80109c    ISR: 00000000  IOR: 00000100", &[("IIR", 0xf80_109c), ("ISR", 0), ("IOR", 0x100)]);
        check(" CPU:        1   CR30: 4f8a0000 CR31: ffff55ff", &[("CR30", 0x4f8a_0000), ("CR31", 0xffff_55ff)]);
    }

    #[test]
    fn others_are_none() {
        for text in [
            "",
            "pc : vgic_get_irq+0x7c/0x3d4",
            "usb: 12345678",
            "Call Trace:",
            "CPU: 0001",
            "R13",
            "CPU: 1 PID: 121 Comm: insmod",
            "$ cat: 1234",
            "GPR99: 00000000",
            "GPR00: 0000",
            "r00-07 00000000",
            "a0 is not a register",
            "Status: 1234 of something",
        ] {
            check(text, &[]);
        }
    }
}
