//! Targets for what finds its way in a kernel's memory: VMCOREINFO, and page tables that lead anywhere.
//!
//! Like the others they must never depend on chance.

use oopscope_dump::{Dump, PageError, Part};
use oopscope_kernel::arch::aarch64::Aarch64;
use oopscope_kernel::arch::x86_64::{START_KERNEL_MAP, X86_64};
use oopscope_kernel::arch::{self, Arch, Words};
use oopscope_kernel::{Kernel, MemoryError, VmcoreInfo};

/// The most memory of an input, in bytes.
const MEMORY: usize = 256 << 10;
/// Reads of these lengths are tried everywhere.
const LENGTHS: [usize; 3] = [1, 8, 9000];

/// Any bytes are VMCOREINFO; what is understood of them is the same when it is written anew. With them as its note a dump
/// opens as a kernel, or a sentence says why not.
pub fn vmcoreinfo(bytes: &[u8]) {
    let info = VmcoreInfo::parse(bytes, "a note");
    for (name, address) in info.symbols() {
        assert_eq!(info.symbol(name), Some(address));
    }
    let lines = info.symbols().map(|(name, address)| format!("SYMBOL({name})={address:x}\n"));
    let again = lines.collect::<String>();
    let parsed = VmcoreInfo::parse(again.as_bytes(), "a note");
    // A name may hold what ends a line's key: such a line is read otherwise.
    if !info.symbols().any(|(name, _)| name.contains(['=', '\r'])) && again.len() < oopscope_kernel::vmcoreinfo::LONGEST
    {
        assert!(parsed.symbols().eq(info.symbols()), "{again}");
    }
    assert!(info.page_size().is_none_or(u64::is_power_of_two));
    for machine in [62, 183, 243] {
        open(bytes, &[0; 8192], machine);
    }
}

/// The first byte chooses an architecture; the rest is memory, and its beginning the root of the page tables.
pub fn page_walk(bytes: &[u8]) {
    let Some((&first, memory)) = bytes.split_first() else { return };
    let memory = &memory[..memory.len().min(MEMORY)];
    let tiled = Tiled(memory);
    let arm = |page_shift, bits| -> Box<dyn Arch> { Box::new(Aarch64::new(0, page_shift, bits)) };
    let arch: Box<dyn Arch> = match first % 8 {
        0 => Box::new(X86_64::new(0, 0, false, 0)),
        1 => Box::new(X86_64::new(0, 0, true, 1 << 47)),
        2 => arm(12, 48),
        3 => arm(12, 52),
        4 => arm(14, 47),
        5 => arm(14, 52),
        6 => arm(16, 52),
        _ => arm(12, 39),
    };
    for address in addresses(memory) {
        let Some(canonical) = arch.canonical(address) else { continue };
        let mut steps = 0;
        match arch::walk(&*arch, &tiled, 0, canonical, &mut |_| steps += 1) {
            Ok(leaf) => {
                assert!(canonical.wrapping_sub(leaf.start) < leaf.size, "{canonical:#x} is not in {leaf:x?}");
                assert!(leaf.physical.is_multiple_of(leaf.size), "{leaf:x?}");
                assert!(leaf.at(canonical) < 1 << 52, "{leaf:x?}");
            }
            Err(error) => assert_eq!(error.address(), canonical),
        }
        assert!(steps <= arch.levels().len(), "{steps} steps");
    }
    let note = if first.is_multiple_of(2) {
        format!(
            "OSRELEASE=1\nPAGESIZE=4096\nSYMBOL(init_top_pgt)={START_KERNEL_MAP:x}\nSYMBOL(_stext)={:x}\n\
             OFFSET(uts_namespace.name)=0\nNUMBER(phys_base)=0\n",
            START_KERNEL_MAP + 4096
        )
    } else {
        let base = 0xffff_8000_1000_0000_u64;
        format!(
            "OSRELEASE=1\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)={base:x}\nSYMBOL(_stext)={:x}\nNUMBER(VA_BITS)=48\n\
             NUMBER(PHYS_OFFSET)=0\nNUMBER(kimage_voffset)={base:#x}\n",
            base + 4096
        )
    };
    open(note.as_bytes(), memory, if first.is_multiple_of(2) { 62 } else { 183 });
}

/// Memory without end: the same again and again, so that every table's address leads to bytes.
struct Tiled<'a>(&'a [u8]);

impl Words for Tiled<'_> {
    fn word(&self, physical: u64) -> Result<u64, PageError> {
        let length = self.0.len() as u64;
        if length < 8 {
            return Err(PageError::NotRam { physical });
        }
        let at = usize::try_from(physical % (length - 7)).unwrap_or(0);
        Ok(u64::from_le_bytes(self.0[at..at + 8].try_into().unwrap_or_default()))
    }

    fn half(&self, physical: u64) -> Result<u64, PageError> {
        Ok(self.word(physical)? & 0xffff_ffff)
    }
}

/// Addresses worth a try: the ends of all regions, and what stands in the memory itself.
fn addresses(memory: &[u8]) -> Vec<u64> {
    let fixed = [0, 4095, u64::MAX, u64::MAX - 4095, START_KERNEL_MAP, START_KERNEL_MAP + 4096, 1 << 47, (1 << 47) - 1];
    let halves = [0xffff_8000_0000_0000, 0xffff_8000_1000_0000, 0xffff_0000_0000_0000, 0xff00_0000_0000_0000];
    let own = memory.chunks_exact(8).take(32).map(|word| u64::from_le_bytes(word.try_into().unwrap_or_default()));
    let own = own.flat_map(|word| [word, word | 0xffff << 48]);
    fixed.into_iter().chain(halves).chain(own).collect()
}

/// Opens a core with this note and this memory from address 0 on as a kernel, and reads of it.
fn open(note: &[u8], memory: &[u8], machine: u16) {
    let part = Part { name: "made".to_owned(), bytes: Box::new(core(note, memory, machine)) };
    let Ok(dump) = Dump::open(vec![part], &mut |_| true) else { return };
    let mut kernel = match Kernel::open(dump, &mut |_| true) {
        Ok(kernel) => kernel,
        Err(error) => {
            assert!(error.to_string().len() > 8, "{error:?} says nothing");
            return;
        }
    };
    assert!(kernel.load_symbols(&mut |_| true).is_ok(), "nobody cancelled it");
    for address in addresses(memory) {
        let way = kernel.translation(address);
        assert!(way.steps.len() <= kernel.arch().levels().len());
        for length in LENGTHS {
            let mut bytes = vec![0; length];
            let Err(error) = kernel.read(address, &mut bytes) else { continue };
            let behind = error.address().wrapping_sub(address);
            assert!(behind < length as u64, "{error} while reading {length} bytes at {address:#x}");
        }
        match kernel.string(address, 300) {
            Ok(text) => assert!(text.len() <= 900, "{} bytes", text.len()),
            Err(MemoryError::Endless { limit, .. }) => assert_eq!(limit, 300),
            Err(_) => {}
        }
        // It ends, whatever it is.
        let mut entries = kernel.list_addresses(address);
        let count = entries.by_ref().take(100_000).count();
        assert!(count < 100_000, "memory of {} bytes cannot hold so long a list", memory.len());
        assert_eq!(kernel.name_of(address), None, "there are no symbols");
    }
}

/// An ELF core of one segment.
fn core(note: &[u8], memory: &[u8], machine: u16) -> Vec<u8> {
    let note_size = 24 + note.len().next_multiple_of(4);
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0".to_vec();
    file.extend_from_slice(&machine.to_le_bytes());
    file.extend_from_slice(&1_u32.to_le_bytes());
    for word in [0_u64, 64, 0] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    for half in [0_u16, 0, 64, 56, 2, 0, 0, 0] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    let size = memory.len().next_multiple_of(4096) as u64;
    for (kind, offset, size) in [(4_u32, 176, note_size as u64), (1, 176 + note_size as u64, size)] {
        file.extend_from_slice(&kind.to_le_bytes());
        file.extend_from_slice(&7_u32.to_le_bytes());
        for word in [offset, 0, 0, size, size, 0] {
            file.extend_from_slice(&word.to_le_bytes());
        }
    }
    for word in [11, u32::try_from(note.len()).unwrap_or(0), 0] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    file.extend_from_slice(b"VMCOREINFO\0\0");
    file.extend_from_slice(note);
    file.resize(176 + note_size, 0);
    file.extend_from_slice(memory);
    file.resize(file.len() + (memory.len().next_multiple_of(4096) - memory.len()), 0);
    file
}
