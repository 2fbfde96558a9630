# SPDX-License-Identifier: MIT OR Apache-2.0
"""What other symbolizers say of addresses. Used by `run`; their answers are kept, for GNU's takes minutes."""

import hashlib
import json
import os
import random
import re
import subprocess
import tempfile

SYMBOLIZER = "llvm-symbolizer-19"
CROSS = {"6.12-arm64": "aarch64-linux-gnu-"}


def output(command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-500:]}")
    return done.stdout


def sections(path):
    """The sections that hold code: (number, name, address, size)."""
    told = output(["readelf", "-SW", path])
    found = re.findall(r"^ *\[ *(\d+)\] (\S+) +PROGBITS +([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+) \S+ +(\w+)", told, re.M)
    return [(int(number), name, int(address, 16), int(size, 16)) for number, name, address, size, flags in found if "X" in flags and "A" in flags and int(size, 16)]


def is_relocatable(path):
    with open(path, "rb") as file:
        return file.read(18)[16] == 1


def linked(path, out, cross=""):
    """A module whose sections have addresses of their own, for the others know only one section that begins at 0.

    Returns {section's number: its address}."""
    at, bases, script = 0x1000000, {}, []
    for number, name, _, size in sections(path):
        bases[number] = at
        script.append(f"{name} {at:#x} : {{ *({name}) }}")
        at = (at + size + 0xFFF) & ~0xFFF
    with tempfile.NamedTemporaryFile("w", suffix=".lds") as lds:
        lds.write("SECTIONS {\n" + "\n".join(script) + "\n}\n")
        lds.flush()
        output([f"{cross}ld", "-e", "0", "--unresolved-symbols=ignore-all", "--no-relax", "--no-warn-rwx-segments", "-T", lds.name, "-o", out, path])
    return bases


def chosen(path, count):
    """Random addresses of code, always the same of one file: [(section's number, address in the file)], sorted."""
    code = sections(path)
    dice = random.Random(os.path.basename(os.path.dirname(path)) + os.path.basename(path))
    total = sum(size for _, _, _, size in code)
    found = set()
    count = min(count, total // 2)
    while len(found) < count:
        at = dice.randrange(total)
        for number, _, address, size in code:
            if at < size:
                found.add((number, address + at))
                break
            at -= size
    return sorted(found)


def tidy(path):
    return os.path.normpath(path) if path not in ("", "??") else ""


def llvm(path, addresses):
    """Innermost first: [[(function, file, line)] of each address]. Functions have the source's names; those of Rust, where that is
    a word without its path, their demangled ones."""
    rows = ask_llvm(path, addresses, "short")
    rust = [at for at, row in enumerate(rows) if any(file.endswith(".rs") for _, file, _ in row)]
    if rust:
        for at, row in zip(rust, ask_llvm(path, [addresses[at] for at in rust], "linkage")):
            rows[at] = row
    return rows


def ask_llvm(path, addresses, names):
    told = output([SYMBOLIZER, f"--obj={path}", "--inlines", f"--functions={names}", "--output-style=JSON"], "".join(f"{address:#x}\n" for address in addresses))
    rows = []
    for line in told.splitlines():
        answer = json.loads(line)
        frames = [(frame["FunctionName"], tidy(frame["FileName"]), frame["Line"]) for frame in answer.get("Symbol", [])]
        rows.append([frame for frame in frames if frame != ("", "", 0)])
    return rows


def gnu(path, addresses, cross=""):
    """The same of addr2line."""
    told = output([f"{cross}addr2line", "-a", "-f", "-i", "-e", path], "".join(f"{address:#x}\n" for address in addresses))
    rows, lines = [], iter(told.splitlines())
    function = None
    for line in lines:
        if re.fullmatch(r"0x[0-9a-f]+", line) and function is None:
            rows.append([])
        elif function is None:
            function = line
        else:
            file, _, number = re.sub(r" \(discriminator \d+\)$", "", line).rpartition(":")
            number = int(number) if number.isdigit() else 0
            if file not in ("", "??"):
                rows[-1].append(("" if function == "??" else function, tidy(file), number))
            function = None
    return rows


def kept(cache, name, path, make):
    """An answer that is kept until the file changes."""
    stamp = f"{os.path.getsize(path)}-{int(os.path.getmtime(path))}"
    out = os.path.join(cache, f"{name}.json")
    if os.path.isfile(out):
        told = json.load(open(out))
        if told["of"] == stamp:
            return [[tuple(frame) for frame in row] for row in told["rows"]]
    rows = make()
    os.makedirs(cache, exist_ok=True)
    with open(f"{out}.part", "w") as file:
        json.dump(dict(of=stamp, rows=rows), file)
    os.rename(f"{out}.part", out)
    return rows


def digest(addresses):
    return hashlib.sha256(json.dumps(addresses).encode()).hexdigest()[:8]
