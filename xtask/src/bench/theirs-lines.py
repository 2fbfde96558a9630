# SPDX-License-Identifier: MIT OR Apache-2.0
"""What `cargo xtask bench symbols` has drgn do beside ours: the panicking task's stack with source lines, of a dump with the
kernel's debugging symbols. Usage: theirs-lines.py DUMP VMLINUX."""

import sys

import drgn
from drgn.helpers.linux.panic import panic_task

dump, vmlinux = sys.argv[1:]
program = drgn.Program()
program.set_core_dump(dump)
program.load_debug_info([vmlinux])
print(program.stack_trace(panic_task(program)))
