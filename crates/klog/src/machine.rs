//! Lines that one architecture prints in a way of its own, and that mean something only together with the lines before
//! them: rows of registers without names, code on lines of its own, an address that is only a page.
//!
//! `read` hands every line of a report's body to this first. Must never take a line whose form another architecture
//! uses for something else: the line before it must have announced it.

use crate::arch::{self, Decoded, Trapped};
use crate::grammar::disassembly::{self, Row};
use crate::grammar::{code, fault, frame, old_task, registers};
use crate::{address, grammar};
use oopscope_report::{Access, AccessKind, AddressClass, Arch, Code, Detail, Instruction, Listing, Register, Report};

/// What has been read of such lines.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    /// The number of the next general register: s390 names the first row alone.
    next_register: Option<usize>,
    /// Words of code may follow: `Instruction dump:` of powerpc and sparc.
    dump: bool,
    /// The next frame is where the last branch came from, no part of the trace.
    breaking_event: bool,
    /// s390: the page, with the line, and what tells which access it was.
    failing: Option<(u64, u64)>,
    teid: Option<u64>,
    /// powerpc: the instruction's address, with digits and line.
    faulting: Option<(u64, usize, u64)>,
    /// s390's own disassembly, each row with its address.
    rows: Vec<(u64, Instruction)>,
    /// Where the PSW points in `rows`, and what is before it.
    at_psw: Option<usize>,
    before_psw: Option<usize>,
}

/// Where a faulting address was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) value: u64,
    pub(crate) digits: usize,
    pub(crate) line: u64,
    /// The value is a page's alone.
    pub(crate) page: bool,
}

/// s390 disassembles at most eight instructions (arch/s390/kernel/dis.c `show_code`).
const MOST_ROWS: usize = 32;
/// sparc and powerpc dump at most 16 words.
const MOST_UNITS: usize = 64;

impl Machine {
    /// Takes a line if it is one of those. The report's registers, code and details are filled in.
    pub(crate) fn line(&mut self, text: &str, n: u64, report: &mut Report) -> bool {
        if std::mem::take(&mut self.breaking_event)
            && let Some(frame) = frame::parse(text)
        {
            report.details.push(breaking_event(&frame, text, n));
            return true;
        }
        if let Some(from) = self.next_register
            && let Some(row) = registers::continued(text, from)
        {
            self.next_register = Some(from + row.len());
            report.registers.extend(row.into_iter().map(|register| register_of(&register, n)));
            return true;
        }
        if self.dump {
            if let (Some(more), Some(code)) = (code::continued(text), &mut report.code)
                && code.units.len() + more.units.len() <= MOST_UNITS
            {
                let trap = more.trap.and_then(|at| u32::try_from(code.units.len() + at).ok());
                code.trap = code.trap.or(trap);
                code.units.extend(more.units.iter().map(|unit| (*unit).to_owned()));
                return true;
            }
            self.dump = false;
        }
        self.announced(text, n, report)
    }

    /// Lines that announce what the next ones are, and those that stand for themselves.
    fn announced(&mut self, text: &str, n: u64, report: &mut Report) -> bool {
        let trimmed = text.trim_start();
        if trimmed.starts_with("Last Breaking-Event-Address:") {
            self.breaking_event = true;
            return true;
        }
        if trimmed.starts_with("Krnl GPRS:") {
            self.next_register = Some(4);
            return false;
        }
        if trimmed.starts_with("Instruction dump:") || trimmed.starts_with("Instruction DUMP:") {
            self.dump = true;
            return false;
        }
        if let Some(row) = disassembly::parse(text) {
            self.row(row, n, report);
            return true;
        }
        if let Some((page, teid)) = fault::failing(text) {
            self.failing.get_or_insert((page, n));
            self.teid = self.teid.or(teid);
            return true;
        }
        if let Some((value, digits)) = fault::faulting_instruction(text) {
            self.faulting.get_or_insert((value, digits, n));
            return true;
        }
        if let Some(task) = old_task::powerpc(text)
            && report.comm.is_none()
        {
            (report.comm, report.pid) = (Some(task.comm.to_owned()), Some(task.pid));
            (report.cpu, report.task_line) = (report.cpu.or(task.cpu), Some(n));
            return true;
        }
        if report.kernel.is_none()
            && let Some(release) = old_task::release(text)
        {
            report.kernel = Some(release.to_owned());
        }
        false
    }

    fn row(&mut self, row: Row<'_>, n: u64, report: &mut Report) {
        let code = report.code.get_or_insert_with(|| Code { line: n, ..Code::default() });
        match row {
            Row::Problem(words) => code.problem = Some(words.to_owned()),
            Row::Instruction(row) => {
                // A second disassembly in the same report is of another frame.
                if self.rows.len() >= MOST_ROWS || self.rows.last().is_some_and(|(last, _)| *last >= row.address) {
                    return;
                }
                if row.at_psw {
                    self.at_psw = Some(self.rows.len());
                } else if row.before_psw {
                    self.before_psw = Some(self.rows.len());
                }
                code.units.push(row.bytes.to_owned());
                let instruction =
                    Instruction { bytes: row.bytes.to_owned(), text: row.text.to_owned(), ..Instruction::default() };
                self.rows.push((row.address, instruction));
            }
        }
    }

    /// The faulting address where no line announced it. `access` is what the trap's code says.
    pub(crate) fn address(&self, arch: Option<Arch>, access: AccessKind, registers: &[Register]) -> Option<Found> {
        if let Some((value, line)) = self.failing {
            return Some(Found { value, digits: 16, line, page: true });
        }
        if access == AccessKind::Execute
            && let Some((value, digits, line)) = self.faulting
        {
            return Some(Found { value, digits, line, page: false });
        }
        // Only an access leaves an address; the register holds an old one otherwise.
        let names = arch.filter(|_| access != AccessKind::Unknown).map_or(&[][..], arch::fault_address);
        let register = registers.iter().find(|register| names.contains(&register.name.as_str()))?;
        let value = grammar::hex(&register.value)?;
        Some(Found { value, digits: register.value.len().saturating_sub(2), line: register.line, page: false })
    }

    /// Decodes the trap's own code.
    pub(crate) fn decode(&self, arch: Arch, mut trapped: Trapped, report: &Report) -> Option<(String, Decoded)> {
        trapped.teid = self.teid;
        let (code, mut decoded) = arch::decode(arch, trapped, &report.registers)?;
        // Fetching is reading, too: where the page is the PSW's own, it was the fetch that failed.
        if arch == Arch::S390x
            && decoded.access == AccessKind::Read
            && let Some((page, _)) = self.failing
            && report.registers.iter().any(|register| {
                register.name == "PSW addr" && grammar::hex(&register.value).is_some_and(|psw| psw & !0xfff == page)
            })
        {
            decoded.access = AccessKind::Execute;
        }
        Some((code, decoded))
    }

    /// Makes the kernel's own disassembly a listing. `code` is s390's interruption code, which says where the PSW points.
    /// Without one it is a warning's monitor event, after which the PSW points behind it, or a stack overflow.
    pub(crate) fn finish(&mut self, code: Option<u64>, dies: bool, report: &mut Report) {
        let at_instruction = code.map_or(dies, arch::s390::psw_is_at_instruction);
        let trap = if at_instruction { self.at_psw } else { self.before_psw };
        let (Some(trap), Some(code)) = (trap, &mut report.code) else { return };
        let Some(base) = self.rows.get(trap).map(|(address, _)| *address) else { return };
        code.trap = u32::try_from(trap).ok();
        let mut instructions = Vec::new();
        for (at, (address, mut instruction)) in std::mem::take(&mut self.rows).into_iter().enumerate() {
            let Ok(offset) = i32::try_from(i128::from(address) - i128::from(base)) else { return };
            instruction.offset = offset;
            instruction.trap = at == trap;
            instructions.push(instruction);
        }
        code.listing = Some(Listing { instructions, skipped: 0, guessed: false });
    }
}

/// Classifies a faulting address.
pub(crate) fn classify(
    found: &Found,
    arch: Option<Arch>,
    report: &Report,
    announced: Option<&str>,
) -> address::Meaning {
    if report.kind.name() == "stack-overflow" {
        let words = "the guard page beside a kernel stack".to_owned();
        return address::Meaning { class: AddressClass::StackGuard, words };
    }
    if found.page {
        // `… in virtual kernel address space`, `… in virtual user address space`.
        let kernel = announced.and_then(|what| match what {
            "pointer dereference" => Some(true),
            "paging request" => Some(false),
            _ => None,
        });
        return address::classify_page(found.value, kernel);
    }
    address::classify_as(found.value, arch, address::is_64(arch, &report.registers))
}

/// What the trapping instruction of sparc did, where the report has its word.
pub(crate) fn sparc_access(report: &Report) -> Option<AccessKind> {
    let code = report.code.as_ref()?;
    let word = code.units.get(usize::try_from(code.trap?).ok()?)?;
    let access = arch::sparc::access(u32::from_str_radix(word, 16).ok()?);
    (access != AccessKind::Unknown).then_some(access)
}

/// Why the sort of an access is known on sparc.
pub(crate) const FROM_THE_INSTRUCTION: &str =
    "the kernel does not say which access it was: the trapping instruction does";

/// sparc announces a NULL pointer without saying at which address.
pub(crate) fn access_without_address(
    report: &Report,
    kind: AccessKind,
    what: Option<&str>,
    line: u64,
) -> Option<Access> {
    if report.arch != Some(Arch::Sparc) || what != Some("NULL pointer dereference") {
        return None;
    }
    let of_instruction = sparc_access(report).filter(|_| kind == AccessKind::Unknown);
    Some(Access {
        kind: of_instruction.unwrap_or(kind),
        address: None,
        class: AddressClass::NullPage,
        meaning: "in the NULL page: the kernel does not say how far from zero".to_owned(),
        guessed: of_instruction.map(|_| FROM_THE_INSTRUCTION.to_owned()),
        line,
        kind_line: None,
    })
}

fn breaking_event(frame: &frame::Frame<'_>, text: &str, n: u64) -> Detail {
    let place = text.trim().trim_start_matches(['(', '[', '<']);
    let value = match frame.place.function {
        Some(_) => place.split_once(">] ").map_or(place, |(_, place)| place).trim().to_owned(),
        None => frame.place.address.map_or_else(String::new, |address| format!("{address:#018x}")),
    };
    Detail {
        name: "last branch from".to_owned(),
        value,
        meaning: Some("where the processor last branched from before the interruption".to_owned()),
        line: n,
    }
}

/// A register of a line, as the report has it.
pub(crate) fn register_of(register: &registers::Register<'_>, line: u64) -> Register {
    Register {
        name: register.name.to_owned(),
        value: format!("0x{:0width$x}", register.value, width = register.digits),
        note: None,
        line,
    }
}
