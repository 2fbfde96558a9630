//! Per-CPU memory and the sets of CPUs. Must never take a CPU for one that the kernel did not think possible.

use crate::Kernel;
use crate::error::ObjectError;
use crate::object::Object;

/// The most CPUs that a kernel can be built for is 8192; this bounds a mask that lies.
const MOST_CPUS: u32 = 1 << 14;

impl Kernel {
    /// Address of a CPU's copy of a per-CPU variable: the variable's address plus the CPU's `__per_cpu_offset`. This holds
    /// whether such variables were linked from 0 on (x86-64 until Linux 6.14) or amid the image (all others; since
    /// 9d7de2aa8b41 "x86/percpu/64: Use relative percpu offsets" x86-64 too).
    pub fn per_cpu(&self, symbol: &str, cpu: u32) -> Result<u64, ObjectError> {
        let base = self.symbol(symbol).ok_or_else(|| ObjectError::NoSymbol { name: symbol.to_owned() })?;
        Ok(self.layout.wrap(base.wrapping_add(self.per_cpu_offset(cpu)?)))
    }

    /// What is added to a per-CPU variable's address for a CPU.
    pub fn per_cpu_offset(&self, cpu: u32) -> Result<u64, ObjectError> {
        // A kernel for one CPU has no such table, and the variables themselves.
        let Some(table) = self.symbol("__per_cpu_offset") else {
            return if cpu == 0 && self.kallsyms.is_some() { Ok(0) } else { Err(ObjectError::NoCpu { cpu }) };
        };
        let offsets = self.percpu.get_or_init(|| self.read_offsets(table));
        usize::try_from(cpu).ok().and_then(|cpu| *offsets.get(cpu)?).ok_or(ObjectError::NoCpu { cpu })
    }

    /// The offsets of the CPUs that are possible: before the others' memory exists, x86 has the image's own there, other
    /// architectures 0.
    fn read_offsets(&self, table: u64) -> Vec<Option<u64>> {
        let possible = self.cpu_mask("possible");
        let count = possible.as_ref().map_or(1, |cpus| cpus.last().map_or(0, |&last| last + 1));
        (0..count)
            .map(|cpu| {
                let listed = possible.as_ref().is_ok_and(|cpus| cpus.binary_search(&cpu).is_ok());
                let at = table.wrapping_add(u64::from(cpu) * u64::from(self.layout.pointer));
                self.pointer(at).ok().filter(|_| listed || possible.is_err())
            })
            .collect()
    }

    /// A CPU's copy of a per-CPU variable as its type: BTF has the types of these, DWARF has all.
    pub fn per_cpu_object(&self, symbol: &str, cpu: u32) -> Result<Object<'_>, ObjectError> {
        let address = self.per_cpu(symbol, cpu)?;
        if let Some((types, id)) = self.types().zip(self.variable_type(symbol)) {
            return Ok(self.at_id(types, id, address));
        }
        let type_name = oopscope_symbols::globals::type_of(symbol);
        self.at(type_name.ok_or_else(|| ObjectError::UntypedSymbol { name: symbol.to_owned() })?, address)
    }

    /// How many numbers of CPUs there can be (`nr_cpu_ids`); none where it is a constant of the build.
    pub fn nr_cpu_ids(&self) -> Option<u32> {
        let count = self.u32(self.symbol("nr_cpu_ids")?).ok()?;
        (1..=MOST_CPUS).contains(&count).then_some(count)
    }

    /// Numbers of the CPUs that were online, ascending.
    pub fn cpus_online(&self) -> Result<Vec<u32>, ObjectError> {
        self.cpu_mask("online")
    }

    /// Numbers of the CPUs that were present.
    pub fn cpus_present(&self) -> Result<Vec<u32>, ObjectError> {
        self.cpu_mask("present")
    }

    /// Numbers of the CPUs that could have come.
    pub fn cpus_possible(&self) -> Result<Vec<u32>, ObjectError> {
        self.cpu_mask("possible")
    }

    /// `__cpu_online_mask` since Linux 4.5 (5aec01b834fd "kernel/cpu.c: eliminate cpu_*_mask"), `cpu_online_bits` before.
    fn cpu_mask(&self, which: &str) -> Result<Vec<u32>, ObjectError> {
        let new = format!("__cpu_{which}_mask");
        let old = format!("cpu_{which}_bits");
        let Some(address) = self.symbol(&new).or_else(|| self.symbol(&old)) else {
            return if self.kallsyms.is_some() && self.symbol("__per_cpu_offset").is_none() {
                Ok(vec![0])
            } else {
                Err(ObjectError::NoSymbol { name: new })
            };
        };
        let bits = self.nr_cpu_ids().map(u64::from).or_else(|| Some(self.size_of("struct cpumask")? * 8));
        let bits = bits.unwrap_or(64).min(u64::from(MOST_CPUS));
        let width = u64::from(self.layout.pointer);
        let mut bytes = vec![0; usize::try_from(bits.div_ceil(width * 8) * width).unwrap_or(0)];
        self.read(address, &mut bytes).map_err(|error| ObjectError::Memory { what: new, error })?;
        let words = bytes.chunks_exact(usize::from(self.layout.pointer)).map(|word| self.layout.long(word));
        let mut cpus = Vec::new();
        for (first, word) in (0..).step_by(usize::from(self.layout.pointer) * 8).zip(words) {
            cpus.extend((0..64).filter(|bit| word >> bit & 1 == 1).map(|bit| first + bit));
        }
        cpus.retain(|&cpu: &u32| u64::from(cpu) < bits);
        Ok(cpus)
    }
}
