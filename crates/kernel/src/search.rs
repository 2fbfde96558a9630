//! VMCOREINFO where the dump has no note of it: the kernel keeps it in a page of its own, and as a finished note in
//! another (`vmcoreinfo_data` and `vmcoreinfo_note`, kernel/vmcore_info.c). Must never take one that memory contradicts:
//! the kernel that was to be started after a crash has one of its own, and so have pages that were freed.

use crate::arch::{self, Arch};
use crate::error::KernelError;
use crate::vmcoreinfo::{LONGEST, VmcoreInfo};
use oopscope_dump::{Dump, Progress};

/// It begins with this, since it exists (Linux 2.6.24).
const BEGINNING: &[u8] = b"OSRELEASE=";
/// A note's header has three words; VMCOREINFO's name takes twelve bytes.
const NOTE_BEGINS: usize = 24;
/// The smallest page of any kernel: what begins a page begins one of these.
const PAGE: u64 = 4096;
const PAGE_BYTES: usize = 4096;
/// `struct new_utsname`'s fields have this many bytes each (include/uapi/linux/utsname.h); `release` is the third.
const UTS_FIELD: u64 = 65;
const UTS_BYTES: usize = 65;
/// More candidates than this are not tried.
const MOST: usize = 64;

/// Finds VMCOREINFO in memory, and the architecture that its own entries prove.
pub(crate) fn vmcoreinfo(
    dump: &Dump,
    tick: &mut dyn FnMut(Progress) -> bool,
) -> Result<(VmcoreInfo, Box<dyn Arch>), KernelError> {
    let ranges = dump.ranges();
    let total = ranges.iter().map(|range| range.end.saturating_sub(range.start)).fold(0, u64::saturating_add);
    let stage = "searching VMCOREINFO in memory";
    if !tick(Progress { stage, done: 0, total }) {
        return Err(KernelError::Cancelled);
    }
    let mut done = 0;
    let mut tried = 0;
    let mut error = None;
    let mut second = None;
    let mut unproven = None;
    for range in ranges {
        let mut at = range.start;
        while let Some(run) = dump.present(at).filter(|run| run.start < range.end) {
            let mut page = run.start.next_multiple_of(PAGE);
            while page < run.end.min(range.end) {
                if let Some(text) = text_at(dump, page).filter(|_| tried < MOST) {
                    tried += 1;
                    let info = VmcoreInfo::parse(&text, &format!("memory at physical {page:#x}"));
                    match candidate(dump, &info) {
                        // CRASHTIME is written by the kernel that crashed, as the last thing.
                        Ok((arch, true)) if info.text("CRASHTIME").is_some() => return Ok((info, arch)),
                        Ok((arch, true)) => second = second.or(Some((info, arch))),
                        Ok((_, false)) => {}
                        // It does not say where its page tables lie (Linux before 4.10), or not rightly.
                        Err(KernelError::NoPageTables { .. }) => unproven = unproven.or(Some(info)),
                        Err(why) => error = error.or(Some(why)),
                    }
                }
                page += PAGE;
                let so_far = done + (page - range.start);
                if page.is_multiple_of(1 << 20) && !tick(Progress { stage, done: so_far, total }) {
                    return Err(KernelError::Cancelled);
                }
            }
            at = run.end.max(at.saturating_add(1));
        }
        done += range.end.saturating_sub(range.start);
    }
    if let Some(found) = second {
        return Ok(found);
    }
    let info = unproven.ok_or_else(|| error.unwrap_or(KernelError::NoVmcoreinfo { searched: total }))?;
    let arch = arch::open(dump, &info, tick)?;
    if agrees(dump, &info, &*arch) { Ok((info, arch)) } else { Err(KernelError::NoVmcoreinfo { searched: total }) }
}

/// The text that begins at a page, as it is or as a note.
fn text_at(dump: &Dump, page: u64) -> Option<Vec<u8>> {
    let mut head = [0; NOTE_BEGINS + BEGINNING.len()];
    dump.read(page, &mut head).ok()?;
    let begins = if head.starts_with(BEGINNING) {
        0
    } else if &head[12..22] == b"VMCOREINFO" && head[NOTE_BEGINS..] == *BEGINNING {
        NOTE_BEGINS
    } else {
        return None;
    };
    let mut text = Vec::new();
    for number in 0..LONGEST as u64 / PAGE {
        let mut bytes = [0; PAGE_BYTES];
        if dump.read(page + number * PAGE, &mut bytes).is_err() {
            break;
        }
        let bytes = &bytes[if number == 0 { begins } else { 0 }..];
        text.extend_from_slice(bytes);
        if bytes.contains(&0) {
            break;
        }
    }
    Some(text)
}

/// What memory says of a candidate that is to prove itself: its page tables are not searched.
fn candidate(dump: &Dump, info: &VmcoreInfo) -> Result<(Box<dyn Arch>, bool), KernelError> {
    let arch = arch::open(dump, info, &mut |_| false).map_err(|error| match error {
        KernelError::Cancelled => KernelError::NoPageTables { why: "they are not where VMCOREINFO says" },
        error => error,
    })?;
    let agrees = agrees(dump, info, &*arch);
    Ok((arch, agrees))
}

/// Whether page tables lead to `init_uts_ns`, and the release there is what VMCOREINFO says.
fn agrees(dump: &Dump, info: &VmcoreInfo, arch: &dyn Arch) -> bool {
    let release = || {
        let name = info.symbol("init_uts_ns")?.checked_add(info.offset("uts_namespace.name")?)?;
        let at = arch::walk(arch, dump, arch.kernel_root(), name, &mut |_| ()).ok()?.at(name);
        let mut bytes = [0; UTS_BYTES];
        dump.read(at + 2 * UTS_FIELD, &mut bytes).ok()?;
        let end = bytes.iter().position(|&byte| byte == 0)?;
        Some(bytes[..end].to_vec())
    };
    release().is_some_and(|release| info.text("OSRELEASE").is_some_and(|told| told.as_bytes() == release))
}
