//! Where the sections of a module were loaded: what the kernel shows in /sys/module/NAME/sections. Must never guess the place
//! of a section that the kernel does not tell.

use crate::error::ObjectError;
use crate::loaded::Loaded;
use crate::object::Object;
use crate::{Kernel, MemoryError};
use std::collections::BTreeMap;

/// The most sections of a module: one that was built with a section for each function has some thousands.
const MOST: u64 = 1 << 14;

/// The longest name of a section.
const LONGEST: u64 = 512;

impl Kernel {
    /// Names of a module's sections with their addresses.
    pub(crate) fn module_sections(&self, module: &Loaded) -> Result<BTreeMap<String, u64>, String> {
        let read = || -> Result<BTreeMap<String, u64>, ObjectError> {
            let attrs = self.at("struct module", module.address)?.member("sect_attrs")?.deref()?;
            sections(&attrs)
        };
        read().map_err(|error| format!("where the sections of {} lie is not told: {error}", module.name))
    }
}

fn sections(attrs: &Object<'_>) -> Result<BTreeMap<String, u64>, ObjectError> {
    let all = attrs.member("attrs")?;
    let count = if attrs.has("nsections") {
        attrs.member("nsections")?.u64()?
    } else {
        // Since 6.14 (d8959b947a8d "module: sysfs: Drop member 'module_sect_attrs::nsections'").
        listed(attrs)?
    };
    let mut found = BTreeMap::new();
    for number in 0..count.min(MOST) {
        let one = all.element(number)?;
        let (name, address) = if one.has("battr") {
            // Since 5.8 (ed66f991bb19 "module: Refactor section attr into bin attribute").
            (one.member("battr.attr.name")?, one.member("address")?)
        } else if one.has("address") {
            (one.member("name")?, one.member("address")?)
        } else {
            // Since 6.14 (34f5ec0f8252 "module: sysfs: Drop 'struct module_sect_attr'"): the attributes alone.
            (one.member("attr.name")?, one.member("private")?)
        };
        let at = name.pointer()?;
        let memory = |error: MemoryError| ObjectError::Memory { what: format!("the name of section {number}"), error };
        let name = attrs.kernel().string(at, LONGEST).map_err(memory)?;
        found.insert(name, address.u64()?);
    }
    Ok(found)
}

/// How many attributes a group lists, up to the null pointer at its end.
fn listed(attrs: &Object<'_>) -> Result<u64, ObjectError> {
    // `bin_attrs_new` was beside it in a union for a while (6.14 to 6.17).
    let list = attrs.member("grp.bin_attrs")?.u64()?;
    let kernel = attrs.kernel();
    let size = u64::from(kernel.layout().pointer);
    for number in 0..MOST {
        let at = list.wrapping_add(number * size);
        let memory = |error: MemoryError| ObjectError::Memory { what: format!("attribute {number}"), error };
        if kernel.pointer(at).map_err(memory)? == 0 {
            return Ok(number);
        }
    }
    Ok(MOST)
}

/// The longest build-id.
const LONGEST_ID: u32 = 64;

impl Kernel {
    /// A module's build-id as hex digits: what the kernel has kept of it since 5.14 ("module: add printk formats to add
    /// module build ID to stacktraces"), else its note in memory.
    pub fn module_build_id(&self, module: &Loaded) -> Option<String> {
        let object = self.at("struct module", module.address).ok()?;
        if let Ok(id) = object.member("build_id").and_then(|id| id.bytes(id.size()?.min(LONGEST_ID.into()))) {
            let id = id.iter().any(|byte| *byte != 0).then(|| crate::build_id::hex(&id));
            if id.is_some() {
                return id;
            }
        }
        let note = *self.module_sections(module).ok()?.get(".note.gnu.build-id")?;
        let (name, size, kind) = (self.u32(note).ok()?, self.u32(note + 4).ok()?, self.u32(note + 8).ok()?);
        // NT_GNU_BUILD_ID (include/uapi/linux/elf.h), of "GNU".
        if (name, kind) != (4, 3) || size > LONGEST_ID {
            return None;
        }
        let mut id = vec![0; usize::try_from(size).ok()?];
        self.read(note + 16, &mut id).ok()?;
        Some(crate::build_id::hex(&id))
    }
}
