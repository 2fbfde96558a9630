//! Functions that are never to blame: they report, they trap, or they do on behalf of their caller what it asked for.
//!
//! Each family is one that a kernel developer would name, and says in words why its members are innocent. A function is
//! matched by its base name, without compiler suffixes. Must never hold the name of a function because of one
//! particular log.
//!
//! Which families a crash's title passes over is the field's common practice, set by syzkaller's reporter
//! (pkg/report/linux.go): the same bug must get the same name from both.

use aho_corasick::AhoCorasick;
use std::sync::OnceLock;

/// A family of innocent functions.
struct Family {
    /// What its members are, to be read after "it is".
    what: &'static str,
    /// Parts of names: `^` in front binds to the beginning, `$` behind to the end.
    names: &'static [&'static str],
}

static FAMILIES: &[Family] = &[
    Family {
        what: "a sanitizer's own function",
        names: &[
            "__sanitizer",
            "__asan",
            "kasan",
            "hwasan",
            "__msan",
            "kmsan",
            "kcsan_setup_watchpoint",
            "^kcsan_",
            "^__tsan_",
            "^__ubsan_",
            "^ubsan_",
            "check_memory_region",
            "check_heap_object",
            "check_object",
            "read_word_at_a_time",
            "read_once_word_nocheck",
            "read_once_nocheck",
            "write_once_nocheck",
            "stack_trace_consume_entry",
            "arch_stack_walk",
            "stack_trace_save",
        ],
    },
    Family {
        what: "part of the reporting of a crash",
        names: &[
            "print_address_description",
            "^panic",
            "^vpanic",
            "^nmi_panic",
            "^check_panic_on_warn$",
            "^skb_panic$",
            "^skb_over_panic$",
            "^skb_under_panic$",
            "^fortify_panic$",
            "^rust_panic",
            "^unwind_backtrace$",
            "report_bug",
            "fixup_bug",
            "handle_bug",
            "print_report",
            "print_usage_bug",
            "print_unlock",
            "print_tainted",
            "imbalance_bug",
            "show_stack",
            "show_regs",
            "dump_stack",
            "walk_stack",
            "dump_backtrace",
            "warn_slowpath",
            "warn_alloc",
            "warn_bogus",
            "__warn",
            "__fortify_report",
            "assertfail",
            "^get_taint$",
            "^bad_page$",
            "^free_page_is_bad",
            "^oops_enter$",
            "^oops_exit$",
            "^oops_begin$",
            "^oops_end$",
            "^die$",
            "^die_",
            "^__die",
            "^rust_begin_unwind$",
            "__rustc::rust_begin_unwind",
            "^core::panicking::",
        ],
    },
    Family {
        what: "part of the trap's or interrupt's entry",
        names: &[
            "invalid_op",
            "do_error",
            "_trap$",
            "do_trap",
            "program_check_exception",
            "program_check_common",
            "do_kernel_fault",
            "do_translation_fault",
            "do_mem_abort",
            "el1_abort",
            "el1h_64_sync",
            "el1h_64_sync_handler",
            "^asm_exc_",
            "^exc_",
            "^asm_sysvec_",
            "^asm_common_interrupt$",
            "^do_undefinstr",
            "^do_page_fault$",
            "^__do_kernel_fault$",
            "^do_DataAbort$",
            "^__dabt_svc$",
            "^__pabt_svc$",
            "^__und_svc$",
            "^page_fault_oops$",
            "^no_context$",
            "^el1_undef$",
            "^el1_dbg$",
            "^el1_bti$",
            "^do_el1_undef$",
            "^do_debug_exception$",
            "^brk_handler$",
            "^bug_handler$",
            "_indirect_thunk_",
        ],
    },
    Family {
        what: "a memory allocator's function",
        names: &[
            "alloc_page",
            "malloc",
            "zalloc",
            "calloc",
            "krealloc",
            "kmem_cache",
            "allocate_slab",
            "__alloc_frozen_pages_noprof",
            "folio_alloc",
            "folio_unlock",
            "filemap_alloc_folio",
            "__filemap_get_folio",
            "find_or_create_page",
            "do_read_cache_folio",
            "read_cache_page",
            "pagecache_get_page",
            "grab_cache_page_write_begin",
            "^slab_",
            "^__slab_",
            "^___slab_",
            "^do_slab_",
            "^free_to_partial_list$",
            "^check_bytes_and_report$",
            "^object_err$",
            "^__object_err$",
            "^slab_err$",
            "^free_debug_processing$",
            "^alloc_debug_processing$",
            "^free_consistency_checks$",
            "^check_slab$",
            "^on_freelist$",
            "^kfree$",
            "^kvfree$",
            "^vfree$",
            "kfree_skb",
            "ida_free",
            "find_lock_entries",
            "truncate_inode_pages_range",
            "__phys_addr",
        ],
    },
    Family {
        what: "a lock's own function",
        names: &[
            "lockdep",
            "lock_acquire",
            "lock_release",
            "lock_class",
            "mark_lock",
            "reacquire_held_locks",
            "mark_held_locks",
            "raw_spin_rq",
            "spin_lock",
            "spin_trylock",
            "spin_unlock",
            "read_lock",
            "read_trylock",
            "write_lock",
            "write_trylock",
            "read_unlock",
            "write_unlock",
            "^down$",
            "down_read",
            "down_write",
            "down_trylock",
            "up_read",
            "up_write",
            "^mutex_",
            "^__mutex_",
            "^rt_mutex_",
            "^native_queued_",
            "^queued_spin_",
            "^queued_read_",
            "^queued_write_",
            "owner_on_cpu",
            "osq_lock",
            "osq_unlock",
            "lock_page$",
            "^lock_page",
            "^unlock_page",
            "seqprop_assert",
            "bh_enable",
            "bh_disable",
            "trace_hardirq",
            "trace_softirq",
            "lockdep_hardirq",
            "lockdep_softirq",
            "perf_trace",
        ],
    },
    Family {
        what: "an atomic or reference counting primitive",
        names: &[
            "atomic_dec",
            "atomic_inc",
            "atomic_read",
            "atomic_set",
            "atomic_or",
            "atomic_xor",
            "atomic_and",
            "atomic_add",
            "atomic_sub",
            "atomic_fetch",
            "atomic_xchg",
            "atomic_cmpxchg",
            "atomic_try",
            "atomic64_dec",
            "atomic64_inc",
            "atomic64_read",
            "atomic64_set",
            "atomic64_or",
            "atomic64_xor",
            "atomic64_and",
            "atomic64_add",
            "atomic64_sub",
            "atomic64_fetch",
            "atomic64_xchg",
            "atomic64_cmpxchg",
            "atomic64_try",
            "set_bit",
            "clear_bit",
            "change_bit",
            "test_bit",
            "^_find_next_bit$",
            "^find_next_bit$",
            "^refcount_",
            "^__refcount_",
            "^kref_",
            "ref_tracker",
            "^iput$",
            "^iput_final$",
            "^ihold$",
            "fast_dput",
            "dput",
            "drop_nlink",
            "^put_device$",
            "cleanup_srcu_struct",
        ],
    },
    Family {
        what: "a memory or string routine that works on what its caller hands it",
        names: &[
            "memcpy",
            "memcmp",
            "memset",
            "memchr",
            "memmove",
            "memdup",
            "^memscan$",
            "^bcmp$",
            "^rep_movs_alternative$",
            "strcmp",
            "strncmp",
            "^strcasecmp$",
            "strcpy",
            "strlcpy",
            "strncpy",
            "strscpy",
            "strlen",
            "strstr",
            "strnstr",
            "strnlen",
            "strchr",
            "^strrchr$",
            "strdup",
            "strndup",
            "string",
            "pointer",
            "^number$",
            "snprintf",
            "scnprintf",
            "kasprintf",
            "kvasprintf",
            "hex_dump_to_buffer",
            "crc_itu_t",
        ],
    },
    Family {
        what: "a copy to or from user space or an iterator on behalf of its caller",
        names: &[
            "copy_to_user",
            "copy_from_user",
            "^copy_user_generic",
            "^__copy_user",
            "copy_to_iter",
            "copy_from_iter",
            "copy_page_to_iter",
            "copy_page_from_iter",
            "copy_folio_to_iter",
            "^copyin$",
            "^copyout$",
            "put_user",
            "get_user",
            "might_fault",
            "might_sleep",
            "__might_resched",
            "extract_user_to_sg",
            "extract_iter_to_sg",
            "^usercopy_abort$",
            "^__check_object_size$",
            "^__copy_overflow$",
        ],
    },
    Family {
        what: "a list, tree or table operation on what its caller hands it",
        names: &[
            "list_add",
            "list_del",
            "list_replace",
            "list_move",
            "list_splice",
            "^rb_",
            "^__rb_",
            "^klist_",
            "xas_start",
            "xas_load",
            "xas_find",
            "rhashtable_lookup",
        ],
    },
    Family {
        what: "part of printing a message",
        names: &[
            "printk",
            "va_format",
            "dev_info",
            "dev_notice",
            "dev_warn",
            "dev_err",
            "dev_alert",
            "dev_crit",
            "dev_emerg",
            "print_hex_dump",
        ],
    },
    Family {
        what: "a timer's or work queue's function that acts on its caller's object",
        names: &[
            "debug_object",
            "timer_is_static_object",
            "work_is_static_object",
            "del_timer",
            "lock_timer_base",
            "__timer_delete_sync",
            "sk_stop_timer_sync",
            "__mod_timer",
            "flush_work",
            "__cancel_work_timer",
            "cancel_work_sync",
            "try_to_grab_pending",
            "flush_workqueue",
            "drain_workqueue",
            "destroy_workqueue",
            "queue_work",
            "insert_work",
            "__queue_delayed_work",
            "queue_delayed_work_on",
            "kthread_stop",
        ],
    },
    Family {
        what: "a wait or a wake-up on its caller's object",
        names: &["__wake_up", "finish_wait", "^complete$", "^complete_all$", "wait_for_completion"],
    },
    Family {
        what: "the driver core's handling of its caller's object",
        names: &[
            "kobject_",
            "add_uevent_var",
            "get_device_parent",
            "device_add",
            "device_del",
            "device_unregister",
            "device_destroy",
            "device_release",
            "devres_release_all",
            "hwrng_unregister",
            "i2c_del_adapter",
            "__unregister_client",
            "device_for_each_child",
            "rollback_registered",
            "unregister_netdev",
            "sysfs_remove",
            "device_remove_file",
            "tty_unregister_device",
        ],
    },
    Family {
        what: "the USB core's handling of its caller's request",
        names: &[
            "dummy_urb_enqueue",
            "usb_kill_urb",
            "usb_kill_anchored_urbs",
            "usb_control_msg",
            "usb_hcd_submit_urb",
            "usb_submit_urb",
        ],
    },
    Family {
        what: "an access to a device register or a buffer on behalf of its caller",
        names: &[
            "readb$",
            "readw$",
            "readl$",
            "readq$",
            "writeb$",
            "writew$",
            "writel$",
            "writeq$",
            "logic_in",
            "logic_out",
            "mark_buffer_dirty",
        ],
    },
    Family {
        what: "a delay that its caller asked for",
        names: &[
            "^delay_tsc$",
            "^delay_loop$",
            "^delay_halt",
            "^__delay$",
            "^__const_udelay$",
            "^__udelay$",
            "^__loop_delay$",
        ],
    },
    Family {
        what: "where a task or processor starts, not where anything went wrong",
        names: &["^ret_from_fork", "^__switch_to$", "^__bad_stack$"],
    },
];

/// Why a function is not to blame, in words to be read after "it is"; None for one that may be.
pub(crate) fn why_innocent(base_name: &str) -> Option<&'static str> {
    static FINDER: OnceLock<(AhoCorasick, Vec<(&'static str, &'static str)>)> = OnceLock::new();
    let (finder, patterns) = FINDER.get_or_init(|| {
        let patterns: Vec<(&str, &str)> =
            FAMILIES.iter().flat_map(|family| family.names.iter().map(|name| (*name, family.what))).collect();
        let literals = patterns.iter().map(|(pattern, _)| pattern.trim_matches(['^', '$']));
        (AhoCorasick::new(literals).expect("a few hundred short literals"), patterns)
    });
    finder
        .find_overlapping_iter(base_name)
        .find_map(|found| {
            let (pattern, what) = patterns[found.pattern().as_usize()];
            is_bound(pattern, found.start() == 0, found.end() == base_name.len()).then_some(what)
        })
        .or_else(|| is_crc(base_name).then_some("a checksum over what its caller hands it"))
        .or_else(|| is_panic_helper(base_name).then_some("a subsystem's own way into panic()"))
}

/// True for a function of the kernel's core that is not to blame.
pub(crate) fn is_innocent(base_name: &str) -> bool {
    why_innocent(base_name).is_some()
}

/// Cores of subsystems that may be modules.
const CORES: &[&str] = &["usbcore", "i2c_core", "rng_core", "tty", "kasan"];

/// True for the module of a subsystem's core.
pub(crate) fn is_core(module: &str) -> bool {
    CORES.contains(&module)
}

/// The same for a function that lies in a module. The families are of the kernel's core: a driver's own `foo_list_add` or
/// `foo_strcpy` is the driver, whatever it is called.
pub(crate) fn why_innocent_in(module: Option<&str>, base_name: &str) -> Option<&'static str> {
    match module {
        Some(module) if !is_core(module) => None,
        _ => why_innocent(base_name),
    }
}

/// True when a name has one of `parts`, each with `^` and `$` as in [`FAMILIES`].
pub(crate) fn is_one_of(parts: &[&str], name: &str) -> bool {
    parts.iter().any(|part| {
        let literal = part.trim_matches(['^', '$']);
        name.match_indices(literal).any(|(at, _)| is_bound(part, at == 0, at + literal.len() == name.len()))
    })
}

fn is_bound(pattern: &str, at_start: bool, at_end: bool) -> bool {
    (at_start || !pattern.starts_with('^')) && (at_end || !pattern.ends_with('$'))
}

/// `crc32_le`, `crc16`: any width.
fn is_crc(name: &str) -> bool {
    name.strip_prefix("crc").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// `__reiserfs_panic`, `__fortify_panic`: helpers, by their underscores, whose name says that they only report.
fn is_panic_helper(name: &str) -> bool {
    name.starts_with("__") && name.ends_with("_panic")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families() {
        for name in [
            "dump_stack_lvl",
            "__warn",
            "memcpy_erms",
            "_raw_spin_lock_irqsave",
            "asm_exc_page_fault",
            "panic",
            "die",
            "crc32_le",
            "__kmalloc",
            "kzalloc_noprof",
            "xas_load",
        ] {
            assert!(is_innocent(name), "{name}");
        }
        for name in ["guest_null_write", "ext4_writepages", "irq_work", "number_of_things", "diet", "crcx", "my_down"] {
            assert!(!is_innocent(name), "{name}");
        }
    }

    #[test]
    fn a_drivers_own_functions_are_the_driver() {
        assert_eq!(why_innocent_in(Some("my_driver"), "my_list_add"), None);
        assert!(why_innocent_in(Some("usbcore"), "usb_submit_urb").is_some());
        assert!(why_innocent_in(None, "__list_add_valid").is_some());
    }

    #[test]
    fn bounds() {
        assert!(is_one_of(&["^skb_"], "skb_pull") && !is_one_of(&["^skb_"], "kfree_skb_x"));
        assert!(is_one_of(&["_encrypt$"], "aes_encrypt") && !is_one_of(&["_encrypt$"], "aes_encrypt_x"));
        assert!(is_one_of(&["sched"], "io_schedule"));
    }
}
