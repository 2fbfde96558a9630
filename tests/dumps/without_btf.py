#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds what Oopscope says of a kernel without BTF, with its vmlinux, against what it says of the same kernel with BTF.

    tests/dumps/without_btf.py                     the dumps below
    tests/dumps/without_btf.py NAME=KERNEL...      these: 612-sysrq.elf=6.12
    OOPSCOPE=COMMAND tests/dumps/without_btf.py    this command, not $CARGO_TARGET_DIR/release/oopscope

A dump is copied and the header of the kernel's BTF in its memory is made zeros: types then come out of the vmlinux's debug
information. The documents of both have to be the same but for `EXPECTED`, and so have the answers to `ASKED`. Exit status
1: they are not.

`run` runs this behind the matrix, for those of the dumps that were made. A dump in which memory is packed can't be changed so.
"""

import json
import mmap
import os
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("OOPSCOPE_DUMPS") or os.path.expanduser("~/.cache/kernel-guests")
DUMPS = {"612-sysrq.elf": "6.12", "612arm64-sysrq.elf": "6.12-arm64"}
MAGIC = b"\x9f\xeb\x01\x00\x18\x00\x00\x00"  # btf_header: magic, version, flags, hdr_len (Documentation/bpf/btf.rst)
LEAST = 1 << 20  # bytes of a kernel's BTF; those of modules are smaller
MOST = 20  # differences that are shown
EXPECTED = ("dump.parts", "dump.name")  # the copy's own name
ASKED = ["bt", "bt -a", "ps", "mod", "struct task_struct", "struct page", "p init_task"]


def without_btf(source, folder):
    """A copy of a dump, under its own name, whose kernel has no BTF."""
    copy = os.path.join(folder, os.path.basename(source))
    shutil.copyfile(source, copy)
    os.chmod(copy, 0o600)
    gone = 0
    with open(copy, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        at = memory.find(MAGIC)
        while at >= 0:
            _, types, _, strings = struct.unpack_from("<IIII", memory, at + 8)
            if types + strings >= LEAST and types == struct.unpack_from("<I", memory, at + 16)[0]:
                memory[at:at + 24] = bytes(24)
                gone += 1
            at = memory.find(MAGIC, at + 8)
    if not gone:
        sys.exit(f"without_btf: no BTF was found in {source}")
    return copy


def ask(command, dump, vmlinux, lines=()):
    words = [command, "core", dump, *vmlinux, "--format", "json", *(word for line in lines for word in ("-c", line))]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600)
    try:
        return json.loads(done.stdout)
    except ValueError as why:
        sys.exit(f"without_btf: {dump}: its answer is no JSON ({why}): {done.stderr[-500:]}")


def differences(one, other, path=""):
    """Yields (path, one, other) of each leaf that differs."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in dict.fromkeys([*one, *other]):
            yield from differences(one.get(name, "nothing"), other.get(name, "nothing"), f"{path}.{name}".lstrip("."))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other)):
            yield from differences(*pair, f"{path}[{index}]")
    elif one != other:
        yield path, one, other


def main(words):
    if "--help" in words or "-h" in words:
        print(__doc__)
        return
    command = os.environ.get("OOPSCOPE") or os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "..", "..", "target")), "release", "oopscope")
    dumps, bad = dict(word.split("=", 1) for word in words) or DUMPS, 0
    for name, kernel in dumps.items():
        dump, vmlinux = os.path.join(CACHE, "dumps", name), [os.path.join(CACHE, kernel, "vmlinux")]
        if not all(map(os.path.isfile, [dump, *vmlinux])):
            print(f"{name:30}  not made")
            continue
        with tempfile.TemporaryDirectory(dir=CACHE, prefix="without-btf-") as folder:
            copy = without_btf(dump, folder)
            if not any("BTF" in row["what"] for row in ask(command, copy, []).get("unread", [])):
                sys.exit(f"without_btf: {name} still has types")
            found = list(differences(ask(command, dump, vmlinux), ask(command, copy, vmlinux)))
            answers = ask(command, dump, vmlinux, ASKED), ask(command, copy, vmlinux, ASKED)
        found += differences(*answers, "answers")
        found = [row for row in found if not row[0].startswith(EXPECTED)]
        bad += len(found)
        print(f"{name:30}without BTF: {len(found)} differences")
        for path, one, other in found[:MOST]:
            print(f"    {path}: with BTF {str(one)[:150]}, without {str(other)[:150]}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
