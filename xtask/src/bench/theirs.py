# SPDX-License-Identifier: MIT OR Apache-2.0
"""What `cargo xtask bench` has drgn do beside ours: the panicking task's stack and the list of tasks, of a dump with the
kernel's debugging symbols. Usage: theirs.py DUMP VMLINUX. Must do no more than ours is asked for, and no less."""

import sys

import drgn
from drgn.helpers.linux.cpumask import for_each_present_cpu
from drgn.helpers.linux.mm import task_rss
from drgn.helpers.linux.panic import panic_task
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.sched import idle_task, task_cpu, task_state_to_char

dump, vmlinux = sys.argv[1:]
program = drgn.Program()
program.set_core_dump(dump)
program.load_debug_info([vmlinux])

task = panic_task(program)
print(f"PID: {task.pid.value_()}  TASK: {task.value_():x}  CPU: {task_cpu(task)}  COMMAND: {task.comm.string_()!r}")
print(program.stack_trace(task))
idle = [idle_task(program, cpu) for cpu in for_each_present_cpu(program)]
for task in [*idle, *for_each_task(program)]:
    mm = task.mm.read_()
    size, resident = (mm.total_vm.value_() * 4, task_rss(task).total * 4) if mm else (0, 0)
    parent, comm = task.real_parent.tgid.value_(), task.comm.string_().decode("utf-8", "backslashreplace")
    print(task.pid.value_(), parent, task_cpu(task), f"{task.value_():x}", task_state_to_char(task), size, resident, comm)
