//! The kernel's taint letters, for what reads logs and what reads dumps. Must never hold a letter that only one
//! distribution gives two meanings.

/// Letter, the kernel's name without `TAINT_`, the meaning (kernel/panic.c `taint_flags` and
/// Documentation/admin-guide/tainted-kernels.rst): in the order of the kernel's bits, `J` (6.15) as far as it goes; what
/// distributions add comes last.
pub const TAINT_FLAGS: [(char, &str, &str); 21] = [
    ('P', "PROPRIETARY_MODULE", "a proprietary module was loaded"),
    ('F', "FORCED_MODULE", "a module was loaded by force"),
    ('S', "CPU_OUT_OF_SPEC", "the processor or system is outside its specification"),
    ('R', "FORCED_RMMOD", "a module was unloaded by force"),
    ('M', "MACHINE_CHECK", "the processor reported a machine check: suspect the hardware"),
    ('B', "BAD_PAGE", "a bad page was found, or a sanitizer has reported: memory may be corrupt"),
    ('U', "USER", "set on request from user space"),
    ('D', "DIE", "the kernel has died before: look for an earlier Oops or BUG"),
    ('A', "OVERRIDDEN_ACPI_TABLE", "an ACPI table was overridden by the user"),
    ('W', "WARN", "the kernel has warned before: look for an earlier WARNING"),
    ('C', "CRAP", "a staging driver was loaded"),
    ('I', "FIRMWARE_WORKAROUND", "a workaround for the firmware is in effect"),
    ('O', "OOT_MODULE", "a module from outside the kernel's tree was loaded"),
    ('E', "UNSIGNED_MODULE", "an unsigned module was loaded"),
    ('L', "SOFTLOCKUP", "a soft lockup was reported before"),
    ('K', "LIVEPATCH", "the kernel has been live patched"),
    ('X', "AUX", "set by the distribution, for its own purpose"),
    ('T', "RANDSTRUCT", "built with randomised structure layouts"),
    ('N', "TEST", "an in-kernel test has run"),
    ('J', "FWCTL", "user space used fwctl's debugging commands on a device"),
    ('H', "UNSUPPORTED_HARDWARE", "Red Hat: the hardware is not supported"),
];
