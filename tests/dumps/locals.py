#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds lines, inlined functions and variables of frames against what another debugger says of them.

    tests/dumps/locals.py                    the dumps below
    tests/dumps/locals.py NAME=KERNEL...     these: 612-sysrq.elf=6.12
    tests/dumps/locals.py --verbose ...      every difference, those that DIFFERENCES explains too
    tests/dumps/locals.py --passed ...       also the values that callers told, for which the other debugger does not ask
    OOPSCOPE=COMMAND tests/dumps/locals.py   this command, not $CARGO_TARGET_DIR/release/oopscope

Of each dump: the panicking task's stack and those of as many others as it takes for twenty frames with variables and
more. Exit status 1: they differ where DIFFERENCES (rows of the part `locals`) does not explain it.

The other debugger is drgn, in the environment that `run` makes; its answers are kept in `oracle` beside the dumps.
"""

import fnmatch
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("OOPSCOPE_DUMPS") or os.path.expanduser("~/.cache/kernel-guests")
DUMPS = {
    "small.vmcore": "6.12-small",
    "510-sysrq.elf": "5.10",
    "510-irq.elf": "5.10",
    "61-sysrq.elf": "6.1",
    "61-irq.elf": "6.1",
    "612-sysrq.elf": "6.12",
    "612-irq.elf": "6.12",
    "612-sysrq-d31-zstd.vmcore": "6.12",
    "7-sysrq.elf": "7",
    "7-irq.elf": "7",
    "612arm64-sysrq.elf": "6.12-arm64",
    "612arm64-irq.elf": "6.12-arm64",
}
TASKS = 40  # of each dump
verbose_passed = "--passed" in sys.argv
DEEP = 3  # levels of structures
WIDE = 16  # elements of arrays


# ---- theirs: this file again, in the debugger's environment --------------------------------------------------------


def oracle(dump, vmlinux, modules):
    import drgn

    prog = drgn.Program()
    prog.set_core_dump(dump)
    prog.load_debug_info([vmlinux, *modules])

    def value(obj, depth=0):
        kind = obj.type_
        while kind.kind == drgn.TypeKind.TYPEDEF:
            kind = kind.type
        kinds = drgn.TypeKind
        try:
            if kind.kind in (kinds.INT, kinds.BOOL, kinds.ENUM, kinds.POINTER):
                return int(obj.value_())
            if kind.kind in (kinds.STRUCT, kinds.UNION):
                if depth >= DEEP or kind.members is None:
                    return "…"
                return {m.name: value(obj.member_(m.name), depth + 1) for m in kind.members if m.name}
            if kind.kind == kinds.ARRAY:
                return [value(obj[i], depth + 1) for i in range(min(kind.length or 0, WIDE))]
        except (drgn.FaultError, drgn.ObjectAbsentError):
            return "unread"
        except (TypeError, ValueError) as why:
            return f"? {why}"
        return "…"

    def frame(f):
        out = {"name": f.name, "inlined": f.is_inline, "locals": {}}
        try:
            out["pc"] = f.pc
        except LookupError:
            pass
        try:
            source = f.source()
            out["file"], out["line"] = source[0], source[1]
        except LookupError:
            pass
        try:
            names = f.locals()
        except Exception as why:
            names, out["problem"] = [], str(why)
        for name in names:
            try:
                obj = f[name]
                out["locals"][name] = {"absent": True} if obj.absent_ else {"value": value(obj), "address": obj.address_}
            except Exception as why:
                out["locals"][name] = {"problem": str(why)}
        return out

    from drgn.helpers.linux.pid import for_each_task

    stacks = {}
    tasks = [prog.crashed_thread().object] + list(for_each_task(prog))[:TASKS]
    for task in tasks:
        try:
            trace = prog.stack_trace(task)
        except Exception as why:
            stacks[hex(task.value_())] = {"problem": str(why)}
            continue
        stacks[hex(task.value_())] = {"comm": task.comm.string_().decode(), "frames": [frame(f) for f in trace]}
    json.dump(stacks, sys.stdout)


def theirs(name, dump, vmlinux, modules):
    out = os.path.join(CACHE, "oracle", f"{name}.locals.json")
    newest = max(map(os.path.getmtime, [__file__, dump, vmlinux]))
    if not os.path.isfile(out) or os.path.getmtime(out) < newest:
        os.makedirs(os.path.dirname(out), exist_ok=True)
        python = os.path.join(CACHE, "venv", "bin", "python3")
        command = [python, "-B", __file__, "--oracle", dump, vmlinux, *modules]
        text = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        with open(out, "wb") as file:
            file.write(text)
    return json.load(open(out))


# ---- ours ----------------------------------------------------------------------------------------------------------


def ours(dump, vmlinux, modules, tasks):
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(os.path.dirname(os.path.dirname(HERE)), "target"))
    command = os.environ.get("OOPSCOPE") or os.path.join(target, "release", "oopscope")
    words = [command, "core", dump, vmlinux, *modules, "--format", "json"]
    for task in tasks:
        words += ["-c", f"locals -p {task}"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    found = json.loads(done.stdout)["outputs"]
    return [output.get("locals", []) for output in found]


def plain(value, depth=0):
    kind = value["kind"]
    if kind in ("integer", "enum"):
        return int(value["value"])
    if kind == "bool":
        return int(value["value"])
    if kind == "pointer":
        return int(value["value"], 16)
    if kind == "struct":
        if depth >= DEEP:
            return "…"
        return {m["name"]: plain(m["value"], depth + 1) for m in value["members"] if m["name"]}
    if kind == "array":
        if value.get("string") is not None:
            return value["string"]
        return [plain(element, depth + 1) for element in value["elements"][:WIDE]]
    if kind == "unread":
        return "unread"
    return "…"


def same(ours, theirs):
    if isinstance(ours, str) and isinstance(theirs, list):
        text = bytes(n & 0xFF for n in theirs if isinstance(n, int)).split(b"\0")[0]
        return ours.encode()[: len(text)] == text or ours == "unread" and "unread" in theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return all(same(ours[name], theirs[name]) for name in ours.keys() & theirs.keys())
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, int) and isinstance(theirs, int):
        return (ours - theirs) % (1 << 64) == 0
    return ours == theirs or "…" in (ours, theirs) or isinstance(theirs, str) and theirs.startswith("?")


# ---- the comparison ------------------------------------------------------------------------------------------------


def groups(frames, address):
    """Frames of one address together: the innermost first, how often it has come before beside it."""
    out, seen = {}, {}
    last = None
    for frame in frames:
        at = address(frame)
        if last is None or at != last or not out[key][-1][1]:
            seen[at] = seen.get(at, 0) + 1
            key = (at, seen[at])
            out[key] = []
        out[key].append((frame, bool(frame.get("inlined", frame.get("frame", {}).get("inlined", False)))))
        last = at
    return {key: [frame for frame, _ in group] for key, group in out.items()}


def compare(name, mine, told, out):
    for (task, their), our in zip(told.items(), mine):
        if "frames" not in their:
            continue
        left = groups([f for f in their["frames"] if f.get("pc", 0) >> 63], lambda f: f["pc"])
        right = groups(our, lambda f: int(f["frame"]["address"], 16))
        for key, group in left.items():
            if key not in right:
                out.count("stack frame", False, f"{their['comm']}/{group[-1]['name']}", "we have no such frame")
                continue
            of_us = right[key]
            if any("line" in f for f in group):
                chain = [(f["name"] if f["inlined"] else None, os.path.basename(f.get("file", "")), f.get("line")) for f in group]
                ours = [
                    (f["frame"].get("function") if f["frame"].get("inlined") else None, os.path.basename(f["frame"].get("file", "")), f["frame"].get("line"))
                    for f in of_us
                ]
                out.count("line", chain == ours, f"{group[-1]['name']}", f"ours {ours}, theirs {chain}")
            if len(group) != len(of_us):
                continue
            for ours_frame, their_frame in zip(of_us, group):
                variables = {}
                for variable in ours_frame["variables"]:
                    variables.setdefault(variable["name"], []).append(variable)
                for variable, theirs_value in their_frame["locals"].items():
                    key_words = f"{their_frame['name']}/{variable}"
                    if "problem" in theirs_value:
                        continue
                    ours_all = variables.pop(variable, None)
                    if ours_all is None:
                        out.count("locals", False, key_words, f"we do not have it; theirs {theirs_value}")
                        continue
                    # The innermost block's hides those of the blocks around it.
                    ours_one = ours_all[-1]
                    have = "value" in ours_one
                    if theirs_value.get("absent") and ours_one.get("from") == "what the caller passed":
                        # The other debugger does not ask callers.
                        out.count("passed", True, key_words, "")
                        if verbose_passed:
                            print(f"    passed {key_words} = {plain(ours_one['value'])}")
                    elif theirs_value.get("absent"):
                        out.count("locals", not have, key_words, f"ours {ours_one.get('value')} [{ours_one.get('from')}], theirs absent")
                    elif not have:
                        unread = theirs_value["value"] == "unread"
                        out.count("locals", unread, key_words, f"ours {ours_one.get('why')}, theirs {str(theirs_value['value'])[:80]}")
                    else:
                        value = plain(ours_one["value"])
                        out.count("locals", same(value, theirs_value["value"]), key_words, f"ours {str(value)[:120]}, theirs {str(theirs_value['value'])[:120]}")
                for variable in variables:
                    if their_frame.get("problem") is None:
                        out.count("locals", False, f"{their_frame['name']}/{variable}", f"they do not have it; ours {variables[variable][-1].get('why', 'a value')}")


class Out:
    def __init__(self, name, known, verbose):
        self.name, self.known, self.verbose = name, known, verbose
        self.counts, self.bad, self.shown = {}, 0, set()

    def count(self, part, good, key, words):
        row = self.counts.setdefault(part, [0, 0, 0])
        row[0] += 1
        if good:
            return
        explained = any(fnmatch.fnmatchcase(self.name, d) and fnmatch.fnmatchcase(f"{part} {key}".replace(" ", "-"), k) for d, p, k in self.known if p == "locals")
        row[2 if explained else 1] += 1
        self.bad += not explained
        if (self.verbose or not explained) and (part, key) not in self.shown:
            self.shown.add((part, key))
            print(f"  {self.name}: {part} {key}: {words}{' (explained)' if explained else ''}")


def main(words):
    if words[:1] == ["--oracle"]:
        return oracle(words[1], words[2], words[3:])
    if "--help" in words:
        print(__doc__)
        return 0
    verbose = "--verbose" in words
    chosen = dict(word.split("=") for word in words if "=" in word) or DUMPS
    known = []
    for line in open(os.path.join(HERE, "DIFFERENCES")):
        if line.strip() and not line.startswith("#"):
            known.append(tuple(line.strip().split(None, 2)))
    bad = 0
    for name, kernel in chosen.items():
        dump, vmlinux = os.path.join(CACHE, "dumps", name), os.path.join(CACHE, kernel, "vmlinux")
        module = os.path.join(CACHE, kernel, "module", "oops_guest.ko")  # with debug information, where it was built here
        modules = [module] if os.path.isfile(module) else []
        told = theirs(name, dump, vmlinux, modules)
        out = Out(name, known, verbose)
        compare(name, ours(dump, vmlinux, modules, told), told, out)
        cells = ", ".join(f"{part} {row[0]} ({row[1]} differ, {row[2]} explained)" for part, row in out.counts.items())
        print(f"{name:28} {cells}")
        bad += out.bad
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
