# SPDX-License-Identifier: MIT OR Apache-2.0
"""Random addresses of kernels and modules: file, line and chain of inlined functions, ours against LLVM's and GNU's."""

import fnmatch
import os
import subprocess
import tempfile

import oracles

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ENOUGH = 0.995


def program():
    """crates/dwarf's example: addresses in, lines out."""
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    subprocess.run(["cargo", "build", "--release", "-q", "-p", "oopscope-dwarf", "--example", "addresses"], cwd=ROOT, check=True)
    return os.path.join(target, "release", "examples", "addresses")


def ours(command, path, places, relocatable):
    """[[(function, file, line)] of each place], and what it cost."""
    text = "".join(f"{number}:{address:#x}\n" if relocatable else f"{address:#x}\n" for number, address in places)
    done = subprocess.run([command, path], input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-500:])
    rows = []
    for block in done.stdout.split("\n\n"):
        told = block.split("\n")[1:]
        if block.strip():
            parts = [line.split("\t") for line in told]
            rows.append([("error", line[0], 0) if len(line) != 4 else ("" if line[0] == "??" else line[0], oracles.tidy(line[1]), int(line[2])) for line in parts])
    return [[frame for frame in row if frame != ("", "", 0)] for row in rows], done.stderr.strip().splitlines()[-1]


def where(mine, theirs):
    """In which way two chains differ."""
    if not mine or not theirs:
        return "nothing-here" if not mine else "nothing-there"
    if len(mine) != len(theirs):
        return "depth"
    for what, part in ("function", 0), ("file", 1), ("line", 2):
        if any(one[part] != other[part] for one, other in zip(mine, theirs)):
            return what
    return None


def gnus(mine, theirs):
    """The same of GNU's answer. Where debug information names no function it takes the symbol table's name, or a line 0 for
    nothing: neither is an answer about lines. It does not demangle."""
    if not mine and len(theirs) == 1 and theirs[0][2] == 0:
        return None
    if len(mine) == len(theirs):
        theirs = [(one[0] if not one[0] or other[0].startswith("_R") else other[0], *other[1:]) for one, other in zip(mine, theirs)]
    return where(mine, theirs) if mine or theirs else None


def text(chain):
    return " < ".join(f"{function} {os.path.basename(file)}:{line}" for function, file, line in chain) or "nothing"


def explained():
    """DIFFERENCES: rows of (file, whose answer, how it differs, function) with wildcards."""
    rows = []
    for line in open(os.path.join(HERE, "DIFFERENCES")):
        words = line.split()
        if words and not line.startswith("#") and words[0] == "lines":
            rows.append(tuple(words[1:5]))
    return rows


def subjects(make):
    found = {kernel: make.vmlinux(kernel) for kernel in make.KERNELS}
    found.update({f"{kernel}/{name}": make.module(kernel, name) for kernel, names in make.MODULES.items() for name in names})
    return found


def compare(name, path, count, command, cache):
    places = oracles.chosen(path, count)
    relocatable = oracles.is_relocatable(path)
    key = f"{name.replace('/', '-')}-{oracles.digest(places)}"
    mine, cost = ours(command, path, places, relocatable)
    with tempfile.TemporaryDirectory() as work:
        file, bases = path, None
        if relocatable:
            file = os.path.join(work, "linked")
            bases = oracles.linked(path, file)
        at = [address + (bases[number] if bases else 0) for number, address in places]
        llvm = oracles.kept(cache, f"{key}-llvm", path, lambda: oracles.llvm(file, at))
        gnu = oracles.kept(cache, f"{key}-gnu", path, lambda: oracles.gnu(file, at, oracles.CROSS.get(name, "")))
    if not len(mine) == len(llvm) == len(gnu) == len(places):
        raise RuntimeError(f"{len(places)} questions, {len(mine)}, {len(llvm)} and {len(gnu)} answers")
    return places, mine, llvm, gnu, cost


def run(make, words, count, flags):
    command, known, bad = program(), explained(), 0
    cache = os.path.join(make.CACHE, "oracle-symbols")
    print(f"{'':18}{'addresses':>10}{'as LLVM':>10}{'as GNU':>10}{'as either':>10}{'unexplained':>12}")
    for name, path in subjects(make).items():
        if words and not any(fnmatch.fnmatchcase(name, word) for word in words):
            continue
        if not os.path.isfile(path):
            print(f"{name:18} is not there")
            continue
        try:
            places, mine, llvm, gnu, cost = compare(name, path, count, command, cache)
        except RuntimeError as why:
            print(f"{name:18} {why}")
            bad += 1
            continue
        same, shown, alone, unexplained = dict(llvm=0, gnu=0, either=0), {}, {}, 0
        for place, one, two, three in zip(places, mine, llvm, gnu):
            how = dict(llvm=where(one, two) if one or two else None, gnu=gnus(one, three))
            if how["gnu"] is not None and how["llvm"] is None:
                alone[how["gnu"]] = alone.get(how["gnu"], 0) + 1
            same["llvm"] += how["llvm"] is None
            same["gnu"] += how["gnu"] is None
            same["either"] += how["llvm"] is None or how["gnu"] is None
            if how["llvm"] is None:
                continue
            agrees = "gnu" if how["gnu"] is None else "theirs" if two == three else "nobody"
            function = (one or two or three)[-1][0] or "-"
            rows = [row for row in known if fnmatch.fnmatchcase(name, row[0]) and row[1] in (agrees, "*") and row[2] in (how["llvm"], "*") and fnmatch.fnmatchcase(function, row[3])]
            unexplained += not rows
            if not rows or "--explained" in flags:
                shown.setdefault((how["llvm"], agrees), []).append(f"{place[1]:#x} ({place[0]}) ours {text(one)} | llvm {text(two)} | gnu {text(three)}")
        total = len(places)
        good = same["llvm"] / total >= ENOUGH and not unexplained
        bad += not good
        print(f"{name:18}{total:10}{same['llvm'] / total:10.2%}{same['gnu'] / total:10.2%}{same['either'] / total:10.2%}{unexplained:12}   {cost}; GNU alone differs in {alone}", flush=True)
        for (how, agrees), found in sorted(shown.items()):
            print(f"    {how}, {agrees}: {len(found)}")
            for line in found if "--verbose" in flags else found[:3]:
                print(f"        {line}")
    return bad
