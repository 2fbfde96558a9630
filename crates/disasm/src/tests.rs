//! Listings of whole reports: the mark, the values beside the operands, and the reasons for having none.

use super::*;
use oopscope_report::{Access, AccessKind, AddressClass, Code, Frame, FrameRole, Register, Stack};

fn report(arch: Arch, line: &str, registers: &[(&str, &str)]) -> Report {
    let words: Vec<&str> = line.split(' ').collect();
    let trap = words.iter().position(|word| word.starts_with(['<', '('])).and_then(|at| u32::try_from(at).ok());
    let units = words.iter().map(|word| word.trim_matches(['<', '>', '(', ')']).to_owned()).collect();
    let register = |(name, value): &(&str, &str)| Register {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
        line: 11,
        ..Register::default()
    };
    Report {
        arch: Some(arch),
        code: Some(Code { units, trap, line: 10, ..Code::default() }),
        registers: registers.iter().map(register).collect(),
        ..Report::default()
    }
}

fn faulting(mut report: Report, address: &str) -> Report {
    report.access = Some(Access {
        kind: AccessKind::Read,
        address: Some(address.to_owned()),
        class: AddressClass::NullPage,
        meaning: String::new(),
        guessed: None,
        line: 1,
        kind_line: None,
    });
    report
}

fn at(mut report: Report, function: &str, offset: u64, size: u64, role: FrameRole, address: Option<&str>) -> Report {
    let frame = Frame {
        function: Some(function.to_owned()),
        offset: Some(offset),
        size: Some(size),
        address: address.map(str::to_owned),
        role,
        line: 9,
        ..Frame::default()
    };
    report.stacks.push(Stack { frames: vec![frame], ..Stack::default() });
    report
}

/// The texts, the marked one with `> `, each with its notes.
fn shown(report: &Report) -> Vec<String> {
    let listing = list(report).unwrap();
    let line = |one: &Instruction| {
        let mark = if one.trap { "> " } else { "" };
        let notes = one.notes.join("; ");
        let blank = if notes.is_empty() { "" } else { " # " };
        format!("{mark}{}{blank}{notes}", one.text)
    };
    listing.instructions.iter().map(line).collect()
}

#[test]
fn the_faulting_address_is_that_of_the_operand() {
    let report = report(Arch::X86_64, "<48> 8b 47 10", &[("RAX", "0x5"), ("RDI", "0x0")]);
    let lines = shown(&faulting(report, "0x10"));
    assert_eq!(lines, ["> mov 0x10(%rdi),%rax # 0x10(%rdi) = 0x10, the faulting address; rdi = 0x0"]);
}

#[test]
fn an_address_inside_the_access_is_told_too() {
    let report = report(Arch::X86_64, "<48> 8b 47 10", &[("RDI", "0xffe")]);
    let notes = &shown(&faulting(report, "0x1010"))[0];
    assert!(notes.contains("0x10(%rdi) = 0x100e, and the faulting address 0x1010 is 0x2 into it"), "{notes}");
}

#[test]
fn a_value_holds_back_to_where_the_register_was_changed() {
    // mov %rdi,%rbx; mov %rsi,%rdi; mov 0x8(%rbx),%rax; mov (%rax),%edx
    let bytes = "48 89 fb 48 89 f7 48 8b 43 08 <8b> 10";
    let report = report(Arch::X86_64, bytes, &[("RAX", "0x0"), ("RBX", "0x1000"), ("RDI", "0x2"), ("RSI", "0x2")]);
    let mut report = faulting(report, "0x0");
    report.code.as_mut().unwrap().units.splice(0..0, std::iter::repeat_n("90".to_owned(), 20));
    report.code.as_mut().unwrap().trap = Some(30);
    let lines = shown(&report);
    let lines: Vec<&str> = lines.iter().map(String::as_str).filter(|line| *line != "nop").collect();
    assert_eq!(
        lines,
        [
            // rdi is another one by the time of the trap.
            "mov %rdi,%rbx # sets rbx = 0x1000",
            "mov %rsi,%rdi # sets rdi = 0x2; rsi = 0x2",
            "mov 0x8(%rbx),%rax # sets rax = 0x0; 0x8(%rbx) = 0x1008",
            "> mov (%rax),%edx # (%rax) = 0x0, the faulting address; rax = 0x0",
        ]
    );
}

#[test]
fn nothing_is_known_behind_a_call() {
    // mov %rsi,%rbx; call; mov (%rax),%edx
    let report = report(Arch::I386, "89 f3 e8 00 01 00 00 <8b> 10", &[("EAX", "0x00000000"), ("EBX", "0x00000007")]);
    let lines = shown(&report);
    assert!(lines.iter().all(|line| !line.contains("ebx = ")), "{lines:?}");
    assert!(lines.last().unwrap().ends_with("(%eax) = 0x0; eax = 0x0"), "{lines:?}");
}

#[test]
fn branches_go_to_places_of_the_function_or_relative_to_themselves() {
    let inside = at(report(Arch::X86_64, "<74> 10", &[]), "f", 0x20, 0x100, FrameRole::Pc, None);
    assert_eq!(shown(&inside), ["> je f+0x32"]);
    let outside = at(report(Arch::X86_64, "<e8> 00 10 00 00", &[]), "f", 0x20, 0x100, FrameRole::Pc, None);
    assert_eq!(shown(&outside), ["> call .+0x1005"]);
    let address = Some("0xffffffff81000020");
    let known = at(report(Arch::X86_64, "<74> 10", &[]), "f", 0x20, 0x100, FrameRole::Pc, address);
    assert_eq!(shown(&known), ["> je 0xffffffff81000032 # to f+0x32"]);
}

#[test]
fn per_cpu_data_and_fixed_addresses() {
    // mov %gs:0x28,%rax
    let bytes = "<65> 48 8b 04 25 28 00 00 00";
    let with = report(Arch::X86_64, bytes, &[("GS", "0xffff888000000000")]);
    assert!(shown(&with)[0].contains("%gs:0x28 = 0xffff888000000028"), "{:?}", shown(&with));
    assert!(shown(&report(Arch::X86_64, bytes, &[]))[0].contains("is per-CPU data: its address can't be computed"));
    let fixed = report(Arch::X86_64, "<48> 8b 05 10 00 00 00", &[]);
    assert!(shown(&fixed)[0].contains("0x10(%rip) is a fixed address, which the report does not give"));
}

#[test]
fn traps_are_named() {
    assert!(shown(&report(Arch::X86_64, "<0f> 0b", &[]))[0].contains("BUG() and WARN()"));
    assert!(shown(&report(Arch::Arm64, "aa1e03e9 (d4210000)", &[]))[1].starts_with("> brk #0x800 # the trap"));
    assert!(shown(&report(Arch::Arm, "(e7f001f2)", &[]))[0].starts_with("> udf #18 # the trap"));
    assert!(shown(&report(Arch::Riscv, "4501 (9002)", &[]))[1].starts_with("> ebreak # the trap"));
    // What has no decoder has its traps.
    assert!(shown(&report(Arch::Mips, "27bdffe8 <0200000d>", &[]))[0].starts_with("> break 512 # the trap"));
    assert!(list(&report(Arch::Mips, "27bdffe8 <8c430000>", &[])).unwrap_err().contains("no disassembler for mips"));
}

#[test]
fn other_architectures_have_their_addresses() {
    let arm64 = faulting(report(Arch::Arm64, "(f9400420)", &[("x1", "0x0000000000000000")]), "0x8");
    assert_eq!(shown(&arm64), ["> ldr x0, [x1, #8] # [x1, #8] = 0x8, the faulting address; x1 = 0x0"]);
    let arm = faulting(report(Arch::Arm, "(e5932010)", &[("r3", "0x00000000")]), "0x10");
    assert_eq!(shown(&arm), ["> ldr r2, [r3, #16] # [r3, #16] = 0x10, the faulting address; r3 = 0x0"]);
    let riscv = faulting(report(Arch::Riscv, "(6118)", &[("a0", "0x0000000000000000")]), "0x0");
    assert_eq!(shown(&riscv), ["> ld a4,0(a0) # 0(a0) = 0x0, the faulting address; a0 = 0x0"]);
    let ppc = faulting(report(Arch::Ppc, "<e9230010>", &[("GPR03", "0x0000000000000000")]), "0x10");
    assert_eq!(shown(&ppc), ["> ld r9,16(r3) # 16(r3) = 0x10, the faulting address; r3 = 0x0"]);
    let negative = report(Arch::Arm64, "(b863d840)", &[("x2", "0x1000"), ("x3", "0xffffffff")]);
    assert!(shown(&negative)[0].contains("[x2, w3, sxtw #2] = 0xffc"), "{:?}", shown(&negative));
}

#[test]
fn thumb_has_halfwords_and_blocks() {
    // it eq; moveq r0, #0; ldr r0, [r3]
    // The first halfword may be the end of a longer instruction, and is left out.
    let lines = shown(&report(Arch::Arm, "4770 bf08 2000 (6818) bd10", &[("r3", "0x00000004")]));
    assert_eq!(lines[..2], ["it eq", "moveq r0, #0"]);
    assert_eq!(lines[2], "> ldr r0, [r3, #0] # [r3, #0] = 0x4; r3 = 0x4");
}

#[test]
fn reasons() {
    let mut unknown = report(Arch::X86_64, "<90>", &[]);
    unknown.arch = None;
    assert!(list(&unknown).unwrap_err().contains("for which architecture"));
    assert!(list(&report(Arch::X86_64, "90 90", &[])).unwrap_err().contains("did not mark"));
    assert!(list(&report(Arch::Arm64, "aa1e03e9 (????????)", &[])).unwrap_err().contains("could not read"));
    assert!(list(&report(Arch::X86_64, "90909090 <0f0b9090>", &[])).unwrap_err().contains("units of 4 bytes"));
    assert!(list(&report(Arch::Arm64, "90 <0f>", &[])).unwrap_err().contains("units of 1 bytes"));
    // A call of four bytes, of five.
    assert!(list(&report(Arch::X86_64, "90 <e8> 00 00", &[])).is_err());
    let user = at(report(Arch::X86_64, "<0f> 05", &[]), "f", 0, 1, FrameRole::User, Some("0x8048000"));
    assert!(list(&user).unwrap_err().contains("32- or a 64-bit program"));
    assert!(list(&Report::default()).unwrap_err().contains("no code bytes"));
}

/// i386 pads with zeros between functions: they are no sign of bytes out of step.
#[test]
fn zeros_between_functions_are_passed() {
    let bytes = "00 b8 bd 32 7f e0 e8 74 0c 89 fd 5d c3 66 90 b8 c8 52 7f e0 e8 96 09 89 fd eb e1 00 00 00 00 3e 8d 74 \
                 26 00 55 b8 00 01 00 00 <c7> 00 78 00 00 00 89 e5 5d c3";
    let listing = list(&report(Arch::I386, bytes, &[])).unwrap();
    assert!(!listing.guessed && listing.skipped < 20, "{} {}", listing.guessed, listing.skipped);
    let texts: Vec<&str> = listing.instructions.iter().map(|one| one.text.as_str()).collect();
    assert!(texts.contains(&"lea %ds:0x0(%esi,%eiz,1),%esi"), "{texts:?}");
}

/// The registers of an exception frame in the trace are others than those at the trap.
#[test]
fn only_the_report_s_own_registers_are_at_the_trap() {
    let mut own =
        report(Arch::Ppc, "39200100 <91490000>", &[("r9", "0x0000000000000100"), ("r10", "0x0000000000000078")]);
    let register = Register { name: "r9".to_owned(), value: "0x0".to_owned(), line: 10, ..Register::default() };
    own.stacks.push(Stack { registers: vec![register], ..Stack::default() });
    let lines = shown(&own);
    assert_eq!(lines, ["li r9,256 # sets r9 = 0x100", "> stw r10,0(r9) # 0(r9) = 0x100; r9 = 0x100; r10 = 0x78"]);
}

#[test]
fn what_a_repeated_instruction_has_used_up_is_not_told_of_earlier_ones() {
    // mov $0x20,%ecx; mov %rsi,%rdi; rep stos
    let mut report = report(Arch::X86_64, "<f3> 48 ab", &[("RDI", "0x5000"), ("RSI", "0x1000"), ("RCX", "0x3")]);
    let code = report.code.as_mut().unwrap();
    let before = "90 ".repeat(20) + "b9 20 00 00 00 48 89 f7";
    code.units.splice(0..0, before.split(' ').map(str::to_owned));
    code.trap = Some(28);
    let lines = shown(&report);
    assert!(lines.contains(&"mov $0x20,%ecx".to_owned()), "{lines:?}");
    assert!(lines.contains(&"mov %rsi,%rdi # rsi = 0x1000".to_owned()), "{lines:?}");
}

#[test]
fn a_breakpoint_lies_before_the_mark() {
    let mut report = report(Arch::I386, "cc <c3>", &[]);
    report.trap = Some(oopscope_report::Trap { name: "int3".to_owned(), ..oopscope_report::Trap::default() });
    assert!(shown(&report).last().unwrap().ends_with("the int3 just before it is what trapped"));
}

/// wasm cannot unwind: a decoder that panics takes the engine with it. yaxpeax-arm did on these.
#[test]
fn no_word_makes_a_decoder_panic() {
    // LDRD, STRD and their neighbours, with r15 where a pair begins; every other bit of the pattern.
    for bits in 0..1_u32 << 16 {
        let word = 0xe000_f090 | (bits >> 11 & 0x1f) << 20 | (bits >> 7 & 15) << 16 | (bits & 0x7f) << 5 & 0xfff;
        let units = vec![format!("{word:08x}")];
        let code = Code { units, trap: Some(0), ..Code::default() };
        let report = Report { arch: Some(Arch::Arm), code: Some(code), ..Report::default() };
        assert_eq!(list(&report).unwrap().instructions.len(), 1, "{word:08x}");
    }
    // Any words: a multiplicative walk over all of them.
    let mut word = 1_u32;
    for _ in 0..5_000 {
        word = word.wrapping_mul(2_891_336_453).wrapping_add(0x9e37_79b9);
        for arch in [Arch::Arm64, Arch::Arm, Arch::Riscv, Arch::Ppc] {
            let code = Code { units: vec![format!("{word:08x}")], trap: Some(0), ..Code::default() };
            list(&Report { arch: Some(arch), code: Some(code), ..Report::default() }).unwrap();
        }
    }
}
