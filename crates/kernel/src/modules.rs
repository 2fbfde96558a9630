//! Modules as `mod` shows them: what they are, how large, who uses them. Must never hold their symbols.

use crate::build_id::hex;
use crate::{Kernel, Object, ObjectError, fields, taint};
use oopscope_report::vmcore::{Address, Module, Unread};

/// `MODULE_NAME_LEN` is 56 on 64-bit kernels; versions are short as well.
const LONGEST_VERSION: u64 = 128;
/// Users of one module.
const MOST_USERS: usize = 4096;
/// `MOD_MEM_NUM_TYPES` is 7.
const MOST_PARTS: u64 = 16;
/// `MODULE_REF_BASE`: the reference that a module holds to itself.
const OWN_REFERENCE: i64 = 1;

/// The modules, that loaded last first, and what could not be read.
pub fn modules(kernel: &Kernel) -> (Vec<Module>, Vec<Unread>) {
    let mut modules = Vec::new();
    let mut unread = Vec::new();
    let Some(head) = kernel.symbol("modules") else {
        // Without CONFIG_MODULES there are none.
        if !fields::has_symbols(kernel) {
            unread.push(fields::without_symbols("the modules"));
        }
        return (modules, unread);
    };
    for object in kernel.list(head, "struct module", "list") {
        match object {
            Ok(object) => modules.push(module(&object.load().unwrap_or(object))),
            Err(error) => {
                let what = if modules.is_empty() { "the modules" } else { "the rest of the modules" };
                unread.push(Unread { what: what.to_owned(), why: error.to_string() });
            }
        }
    }
    (modules, unread)
}

fn module(object: &Object<'_>) -> Module {
    let mut unread = Vec::new();
    let mut module = Module { address: Address(object.address()), ..Module::default() };
    // A member that this kernel does not have is not told; one that cannot be read is said to be unread.
    let mut keep = |what: &str, error: ObjectError| {
        if !matches!(error, ObjectError::NoMember { .. }) {
            unread.push(format!("{what}: {error}"));
        }
    };
    match object.member("name").and_then(|name| name.string()) {
        Ok(name) => module.name = name,
        Err(error) => keep("name", error),
    }
    match memory(object) {
        Ok(memory) => {
            module.base = Address(memory.base);
            module.size = memory.size;
            module.text_size = Some(memory.text);
        }
        Err(error) => keep("memory", error),
    }
    match object.member("state").and_then(|state| state.enum_name()) {
        Ok(name) => module.state = name.map(|name| name.trim_start_matches("MODULE_STATE_").to_lowercase()),
        Err(error) => keep("state", error),
    }
    match object.member("taints").and_then(|taints| taints.u64()) {
        Ok(bits) => module.taint = taint::letters(object.kernel(), bits),
        Err(error) => keep("taints", error),
    }
    match users(object) {
        Ok(users) => module.users = users,
        Err(error) => keep("users", error),
    }
    match used_by(object, &mut module.used_by) {
        Ok(()) => {}
        Err(error) => keep("used by", error),
    }
    match text(object, "version") {
        Ok(version) => module.version = version,
        Err(error) => keep("version", error),
    }
    // 5.14, commit "module: add printk formats to add module build ID to stacktraces".
    match object.member("build_id").and_then(|id| id.bytes(id.size()?.min(32))) {
        Ok(id) => module.build_id = id.iter().any(|byte| *byte != 0).then(|| hex(&id)),
        Err(error) => keep("build_id", error),
    }
    module.unread = unread;
    module
}

/// A module's memory.
struct Memory {
    base: u64,
    size: u64,
    text: u64,
}

/// All parts together, that of the initialisation too while it has not been freed.
fn memory(module: &Object<'_>) -> Result<Memory, ObjectError> {
    let number = |path: &str| module.member(path).and_then(|member| member.u64());
    if module.has("mem") {
        // 6.4, commit "module: replace module_layout with module_memory". MOD_TEXT is the first.
        let parts = module.member("mem")?;
        let text = parts.element(0)?;
        let mut size = 0_u64;
        for kind in 0..parts.count().unwrap_or(0).min(MOST_PARTS) {
            size = size.saturating_add(parts.element(kind)?.member("size")?.u64()?);
        }
        return Ok(Memory { base: text.member("base")?.u64()?, size, text: text.member("size")?.u64()? });
    }
    if module.has("core_layout") {
        // 4.5, commit "module: use a structure to encapsulate layout."
        let init = number("init_layout.size").unwrap_or(0);
        return Ok(Memory {
            base: number("core_layout.base")?,
            size: number("core_layout.size")?.saturating_add(init),
            text: number("core_layout.text_size")?,
        });
    }
    Ok(Memory {
        base: number("module_core")?,
        size: number("core_size")?.saturating_add(number("init_size").unwrap_or(0)),
        text: number("core_text_size")?,
    })
}

/// `module_refcount`. 3.19, commit "module: Replace module_ref with atomic_t refcnt"; before, each CPU counted for itself,
/// which is not read. Without `CONFIG_MODULE_UNLOAD` nobody counts.
fn users(module: &Object<'_>) -> Result<Option<i64>, ObjectError> {
    if !module.has("refcnt.counter") {
        return Ok(None);
    }
    Ok(Some(module.member("refcnt.counter")?.i64()? - OWN_REFERENCE))
}

/// The modules that use this one, in the kernel's order.
fn used_by(module: &Object<'_>, names: &mut Vec<String>) -> Result<(), ObjectError> {
    let head = module.member("source_list")?.address();
    for usage in module.kernel().list(head, "struct module_use", "source_list").take(MOST_USERS) {
        let usage = usage
            .map_err(|error| ObjectError::Types { name: "module.source_list".to_owned(), why: error.to_string() })?;
        names.push(usage.member("source")?.deref()?.member("name")?.string()?);
    }
    Ok(())
}

/// A string that a member points to; `None` for NULL.
fn text(module: &Object<'_>, member: &str) -> Result<Option<String>, ObjectError> {
    let pointer = module.member(member)?.pointer()?;
    if pointer == 0 {
        return Ok(None);
    }
    let text = module.kernel().string(pointer, LONGEST_VERSION);
    text.map(Some).map_err(|error| ObjectError::Memory { what: format!("module.{member}"), error })
}
