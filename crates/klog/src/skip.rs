//! Functions that are never to blame: they report, they trap, or they do on behalf of their caller what it asked for.
//!
//! Each family is one that a kernel developer would name. A function is matched by its base name, without compiler
//! suffixes. Must never hold the name of a function because of one particular log.

/// Prefixes: any function whose name begins so.
const PREFIXES: &[&str] = &[
    // reporting
    "dump_stack",
    "show_stack",
    "show_regs",
    "print_",
    "report_bug",
    "warn_slowpath",
    "__warn",
    "vpanic",
    "nmi_panic",
    "oops_",
    "die_",
    "__die",
    "dump_backtrace",
    "__show_regs",
    "check_panic_on_warn",
    // sanitizers and checkers
    "kasan_",
    "__kasan_",
    "__asan_",
    "__hwasan_",
    "kmsan_",
    "__msan_",
    "kcsan_",
    "__tsan_",
    "__ubsan_",
    "ubsan_",
    "check_memory_region",
    "fortify_panic",
    "__fortify_",
    "refcount_",
    "__refcount_",
    "usercopy_abort",
    "__check_object_size",
    "check_heap_object",
    "debug_check_",
    "debug_object_",
    "debug_print_object",
    // entry and exception code
    "asm_exc_",
    "exc_",
    "asm_sysvec_",
    "asm_common_interrupt",
    "do_error_trap",
    "do_trap",
    "do_invalid_op",
    "handle_bug",
    "fixup_bug",
    "invalid_op",
    "el1_",
    "el1h_",
    "do_mem_abort",
    "do_undefinstr",
    "do_page_fault",
    "do_translation_fault",
    "__do_kernel_fault",
    "do_DataAbort",
    "__dabt_svc",
    "__pabt_svc",
    "__und_svc",
    "page_fault_oops",
    "bad_area",
    "no_context",
    "handle_stack_overflow",
    // locks
    "_raw_",
    "do_raw_",
    "__raw_spin",
    "queued_spin_",
    "queued_read_",
    "queued_write_",
    "native_queued_",
    "mutex_lock",
    "__mutex_",
    "down_read",
    "down_write",
    "lock_acquire",
    "__lock_acquire",
];

/// Whole names: library routines that touch what their caller gave them.
const NAMES: &[&str] = &[
    "panic",
    "die",
    "memcpy",
    "__memcpy",
    "memcpy_orig",
    "memcpy_erms",
    "memmove",
    "__memmove",
    "memset",
    "__memset",
    "memset_erms",
    "memset_orig",
    "memcmp",
    "bcmp",
    "memchr",
    "memscan",
    "rep_movs_alternative",
    "strlen",
    "strnlen",
    "strcmp",
    "strncmp",
    "strcpy",
    "strncpy",
    "strscpy",
    "strlcpy",
    "strchr",
    "strrchr",
    "strstr",
    "strcasecmp",
    "__list_add_valid",
    "__list_del_entry_valid",
    "__list_add_valid_or_report",
    "__list_del_entry_valid_or_report",
    "list_del",
    "list_add",
    "__rb_insert_augmented",
    "rb_insert_color",
    "rb_erase",
    "rb_next",
    "rb_first",
    "copy_from_user",
    "copy_to_user",
    "_copy_from_user",
    "_copy_to_user",
    "__copy_user",
    "copy_user_generic",
    "kfree",
    "kvfree",
    "vfree",
    "kmem_cache_free",
    "kobject_put",
    "kobject_get",
    "kref_put",
    "kref_get",
    "string",
    "vsnprintf",
    "number",
    "pointer",
    "find_next_bit",
    "_find_next_bit",
    "complete",
    "complete_all",
    "ret_from_fork",
    "ret_from_fork_asm",
    "__bad_stack",
    "__switch_to",
];

/// True for a function that is not to blame.
pub(crate) fn is_innocent(base_name: &str) -> bool {
    PREFIXES.iter().any(|prefix| base_name.starts_with(prefix)) || NAMES.contains(&base_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families() {
        for name in ["dump_stack_lvl", "__warn", "memcpy_erms", "_raw_spin_lock_irqsave", "asm_exc_page_fault", "panic"]
        {
            assert!(is_innocent(name), "{name}");
        }
        for name in ["guest_null_write", "ext4_writepages", "irq_work", "number_of_things", "die"] {
            assert_eq!(is_innocent(name), name == "die", "{name}");
        }
    }
}
