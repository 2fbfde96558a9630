# SPDX-License-Identifier: MIT OR Apache-2.0
"""The guests' logs: which frames get lines, and which lines, ours against the kernel's own decode_stacktrace.sh and faddr2line,
and against what is right.

What is right is worked out apart from both: the symbol of that name whose distance to the next one is the size in the log; the
byte before a return address, the address itself where the instruction was interrupted; LLVM's symbolizer for that address.
"""

import fnmatch
import glob
import os
import re
import shutil
import subprocess
import tempfile

import oracles

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FIXTURES = os.path.join(os.path.dirname(HERE), "fixtures", "guests")
GUESTS = os.environ.get("OOPSCOPE_GUESTS") or os.path.expanduser("~/.cache/oopscope-guests")
PLACE = re.compile(r"(?P<exact>RIP: [0-9a-f]{4}:|pc : |IP: |Call Trace: .*)?(?P<name>[^\s+:(]+)\+0x(?P<offset>[0-9a-f]+)/0x(?P<size>[0-9a-f]+)(?: \[(?P<module>[A-Za-z0-9_]+)[^\]]*\])?")
# The kernel names the source itself
NAMED = re.compile(r"WARNING: (?:.* at )?\S+\.[chS]:\d+ ")
SOURCE = re.compile(r"([^\s()]+\.(?:c|h|S|rs)):(\d+|\?)")


def oopscope():
    if "OOPSCOPE" in os.environ:
        return os.environ["OOPSCOPE"]
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    subprocess.run(["cargo", "build", "--release", "-q", "-p", "oopscope"], cwd=ROOT, check=True)
    return os.path.join(target, "release", "oopscope")


def subjects(make, kernel):
    """Logs of that very kernel: of the fixtures, and what the dumps' guests said."""
    release = open(os.path.join(make.CACHE, kernel, "release")).read().strip()
    # The journal's JSON is no text whose lines could be kept
    found = [path for path in sorted(glob.glob(os.path.join(FIXTURES, kernel, "*.log"))) if not open(path, "rb").read(1) == b"{"]
    for path in sorted(glob.glob(os.path.join(make.CACHE, "dumps", "*.serial"))):
        told = open(path, errors="replace").read()
        if f"Linux version {release} " in told:
            found.append(path)
    return found


# ---- what is right -------------------------------------------------------------------------------------------------


class Truth:
    """Files with debug information, asked by name, offset and size."""

    def __init__(self, kernel, vmlinux, folder, work):
        self.kernel, self.vmlinux, self.folder, self.work = kernel, vmlinux, folder, work
        self.tables, self.asked = {}, {}

    def file(self, module):
        if module is None:
            return self.vmlinux
        path = os.path.join(self.folder, f"{module}.ko")
        return path if os.path.isfile(path) else None

    def table(self, path):
        """name -> [(section, address, size)]: the size is that to the next symbol of the section, as the kernel counts."""
        if path not in self.tables:
            rows, ends = [], {number: address + size for number, _, address, size in oracles.sections(path)}
            for line in oracles.output(["readelf", "-sW", path]).splitlines():
                words = line.split()
                if len(words) == 8 and words[6].isdigit() and int(words[6]) in ends and words[3] in ("FUNC", "NOTYPE") and not re.match(r"\.L|L0|\$", words[7]):
                    rows.append((int(words[6]), int(words[1], 16), words[7]))
            starts = {}
            for section, address, _ in rows:
                starts.setdefault(section, set()).add(address)
            after = {section: dict(zip(sorted(all), [*sorted(all)[1:], ends[section]])) for section, all in starts.items()}
            table = {}
            for section, address, name in rows:
                table.setdefault(name, set()).add((section, address, after[section][address] - address))
            bases, linked = None, path
            if oracles.is_relocatable(path):
                linked = os.path.join(self.work, f"{os.path.basename(path)}.linked")
                # Only LLVM's symbolizer reads it, so that any linker for the architecture would do
                bases = oracles.linked(path, linked, oracles.CROSS.get(self.kernel, ""))
            self.tables[path] = (table, bases, linked)
        return self.tables[path]

    def places(self, key):
        """Addresses in the linked file that it may mean."""
        name, offset, size, module, exact = key
        path = self.file(module)
        if path is None:
            return None, []
        table, bases, linked = self.table(path)
        # The last function of a module's section reaches, for the kernel, up to the next section or the end of its pages.
        last = lambda have: bases and have < size < have + 0x2000 and (size % 0x1000 == 0 or not offset > have)
        here = table.get(name, ())
        fit = [(section, address) for section, address, have in here if have == size] or [(section, address) for section, address, have in here if last(have)]
        back = 0 if exact else 1
        return linked, sorted(address + offset - back + (bases[section] if bases else 0) for section, address in fit)

    def ask(self, keys):
        """Asks for all at once: key -> [[(file, line) innermost first] of each place]."""
        wanted = {}
        for key in keys:
            linked, places = self.places(key)
            for place in places:
                wanted.setdefault(linked, set()).add(place)
        for linked, places in wanted.items():
            places = sorted(places)
            for place, row in zip(places, oracles.llvm(linked, places)):
                self.asked[linked, place] = [(os.path.basename(file), line) for _, file, line in row if file]
        answers = {}
        for key in keys:
            linked, places = self.places(key)
            answers[key] = [self.asked[linked, place] for place in places]
        return answers


# ---- frames of a log -----------------------------------------------------------------------------------------------


def frame(line):
    """What a line names: (name, offset, size, module, exact), where it names one."""
    found = PLACE.search(line)
    if not found:
        return None
    exact = bool(re.match(r"(?:RIP|pc |IP)", found["exact"] or "")) or bool(re.search(r"\b(?:pc : |RIP: |IP: )", line[: found.end()]))
    return found["name"], int(found["offset"], 16), int(found["size"], 16), found["module"], exact


def annotated(command, log, debug):
    """Ours: what stands behind each line that names a place: [(line, [(file, line number) innermost first])]."""
    done = subprocess.run([command, "symbolize", log, *(word for path in debug for word in ("--debug", path))], capture_output=True)
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(done.stderr.decode(errors="replace")[-300:])
    before = open(log, "rb").read().decode("utf-8", "replace").split("\n")
    after = done.stdout.decode("utf-8", "replace").split("\n")
    rows, at, inlined = [], 0, []
    for line in before:
        while at < len(after) and after[at] != line and "[inline]" in after[at] and "[inline]" not in line:
            inlined.append(source(after[at]))
            at += 1
        if at >= len(after):
            raise RuntimeError("lines of the log are missing")
        told = after[at]
        at += 1
        added = ""
        if told != line:
            # What was put in: everything else must be there as it was
            start = next((n for n, (one, other) in enumerate(zip(line, told)) if one != other), min(len(line), len(told)))
            end = len(line) - start
            if told[:start] + told[len(told) - end :] != line:
                raise RuntimeError(f"a line is not kept: {line!r} became {told!r}")
            added = told[start : len(told) - end]
        if named := frame(line):
            rows.append((line, named, [*inlined, source(added)] if added else []))
        inlined = []
    return rows, done.stderr.decode(errors="replace")


def source(text):
    found = SOURCE.search(text)
    return (os.path.basename(found[1]), int(found[2]) if found[2] != "?" else 0) if found else ("", 0)


# ---- theirs --------------------------------------------------------------------------------------------------------


def tools(work, make, kernel, vmlinux, folder):
    """LLVM's tools under the names that the script asks for. It starts nm for every name and addr2line for every address: these
    answer out of files, so that it takes minutes and not hours. What they answer is what the tools themselves print."""
    home = os.path.join(work, "tools") + "/"
    os.makedirs(home)
    os.symlink("/usr/bin/llvm-readelf-19", f"{home}llvm-readelf")
    for path in [vmlinux, *glob.glob(f"{folder}/*.ko")]:
        with open(f"{home}{path.replace('/', '_')}.nm", "w") as out:
            out.write(oracles.output(["llvm-nm-19", path]))
    with open(f"{home}llvm-nm", "w") as out:
        out.write(f'#!/bin/sh\ncat "{home}$(echo "$1" | tr / _).nm"\n')
    with open(f"{home}llvm-addr2line", "w") as out:  # -i -e FILE ADDRESS
        out.write(f'#!/bin/sh\nif grep -q "^$3 $4 " {home}lines; then grep "^$3 $4 " {home}lines | cut -d" " -f3-; else exec llvm-addr2line-19 "$@"; fi\n')
    for name in "llvm-nm", "llvm-addr2line":
        os.chmod(f"{home}{name}", 0o755)
    return home


def first_symbols(path, home):
    """The address of the first `t` or `T` of each name, which is what the script takes."""
    found = {}
    for line in open(f"{home}{path.replace('/', '_')}.nm"):
        words = line.split()
        if len(words) == 3 and words[1] in "tT":
            found.setdefault(words[2], int(words[0], 16))
    return found


def decoded(make, kernel, keys, vmlinux, folder, work):
    """The script's answer to each place: {(name, offset, size, module): [(file, line)]}."""
    home = tools(work, make, kernel, vmlinux, folder)
    wanted = {}
    for name, offset, _, module in keys:
        path = vmlinux if module is None else os.path.join(folder, f"{module}.ko")
        if os.path.isfile(path):
            wanted.setdefault(path, []).append((name, offset))
    with open(f"{home}lines", "w") as out:
        for path, places in wanted.items():
            starts = first_symbols(path, home)
            addresses = sorted({starts[name] + offset for name, offset in places if name in starts} | ({starts["kernel_init"]} if "kernel_init" in starts else set()))
            told = oracles.output(["llvm-addr2line-19", "-a", "-i", "-e", path], "".join(f"{address:#x}\n" for address in addresses))
            address = None
            for line in told.splitlines():
                if re.fullmatch("0x[0-9a-f]+", line):
                    address = int(line, 16)
                else:
                    out.write(f"{path} {address:x} {line}\n")
    text = "".join(f" {name}+{offset:#x}/{size:#x}{f' [{module}]' if module else ''}\n" for name, offset, size, module in keys)
    script = os.path.join(make.scripts(), "decode_stacktrace.sh")
    done = subprocess.run([script, vmlinux, "auto", folder], input=text, capture_output=True, text=True, env=dict(os.environ, LLVM=home, TMPDIR=work), cwd=work)
    told = done.stdout.splitlines()
    if len(told) != len(keys):
        raise RuntimeError(f"decode_stacktrace.sh answered {len(told)} lines to {len(keys)}: {done.stderr[-300:]}")
    answers = {}
    for key, line in zip(keys, told):
        found = re.search(r"\((\S+:[\d?]+(?: \([^)]*\))?(?: \S+:[\d?]+(?: \([^)]*\))?)*)\)", line)
        answers[key] = [(os.path.basename(file), int(number) if number.isdigit() else 0) for file, number in re.findall(r"(\S+):(\d+|\?)", found[1])] if found else []
    return answers


def faddr2line(make, path, places, cross):
    """faddr2line's answers about one file: {place: [[(file, line) innermost first] of each symbol of that name and size]}.

    It starts readelf several times for every place: what that prints is kept, as for the other script."""
    with tempfile.TemporaryDirectory() as home:
        with open(f"{home}/readelf", "w") as out:
            out.write(f'#!/bin/sh\nkept="{home}/$(echo "$*" | tr "/ " __)"\n[ -f "$kept" ] || /usr/bin/readelf "$@" >"$kept"\ncat "$kept"\n')
        os.chmod(f"{home}/readelf", 0o755)
        # GNU's: with LLVM's the script waits for ever for an answer
        os.symlink(shutil.which(f"{cross}addr2line"), f"{home}/addr2line")
        done = subprocess.run([os.path.join(make.scripts(), "faddr2line"), path, *places], capture_output=True, text=True, env=dict(os.environ, CROSS_COMPILE=f"{home}/"))
    answers, at = {place: [] for place in places}, None
    for line in done.stdout.splitlines():
        if line.endswith(":") and "+0x" in line:
            at = line[:-1]
            answers.setdefault(at, []).append([])
        elif found := re.search(r" at (\S+):(\d+|\?)", line):
            answers[at][-1].append((os.path.basename(found[1]), int(found[2]) if found[2] != "?" else 0))
    return answers


# So many places of a kernel or module are asked beside those whose name is there more than once: each costs seconds.
SOME = 8


def by_faddr2line(make, truth, seen):
    """Ours against it, of names that are there twice and of some others: lines that say where they differ."""
    found, compared = [], 0
    for path in [truth.vmlinux, *sorted(filter(os.path.isfile, {truth.file(key[3]) or "" for key in seen if key[3]}))]:
        table = truth.table(path)[0]
        keys = sorted((key for key, ours in seen.items() if truth.file(key[3]) == path and key[1] and any(ours)), key=str)
        twice = [key for key in keys if len(table.get(key[0], ())) > 1]
        keys = [*twice, *[key for key in keys if key not in twice][:: max(1, len(keys) // SOME)]]
        # It looks up what it is given: of a return address the byte before has to be asked for
        places = {key: f"{key[0]}+{key[1] - (not key[4]):#x}/{key[2]:#x}" for key in keys}
        told = faddr2line(make, path, sorted(set(places.values())), oracles.CROSS.get(truth.kernel, ""))
        for key, place in places.items():
            answers = told.get(place, [])
            compared += bool(answers)
            for ours in {tuple(one) for one in seen[key] if one}:
                if answers and list(ours) not in answers:
                    found.append((key, f"{place}: ours {list(ours)} | faddr2line {answers}"))
    return compared, found


# ---- all of it -----------------------------------------------------------------------------------------------------


def explained():
    """DIFFERENCES: rows of (kernel, sort, function) with wildcards."""
    rows = []
    for line in open(os.path.join(HERE, "DIFFERENCES")):
        words = line.split()
        if words and not line.startswith("#") and words[0] == "logs":
            rows.append(tuple(words[1:4]))
    return rows


def run(make, words, flags):
    command, known, bad = oopscope(), explained(), 0
    print(f"{'':14}{'logs':>6}{'places':>8}{'other build':>12}{'ours':>8}{'theirs':>8}{'both same':>11}{'ours right':>12}{'theirs right':>14}{'unexplained':>12}")
    for kernel in make.KERNELS:
        vmlinux, folder = make.vmlinux(kernel), os.path.join(GUESTS, kernel, "module")
        paths = [path for path in subjects(make, kernel) if not words or any(word in path for word in words)]
        if not os.path.isfile(vmlinux) or not paths:
            continue
        with tempfile.TemporaryDirectory() as work:
            bad += compare(make, kernel, os.path.realpath(vmlinux), folder, paths, work, command, known, flags)
    return bad


def contradicted(rows, right):
    """Modules that are of another build by what the log says itself: the line of a BUG or WARNING is that of the RIP behind it."""
    found, named = set(), {}
    for path, line, key, _ in rows:
        if path not in named:
            text = open(path, "rb").read().decode("utf-8", "replace")
            named[path] = [(os.path.basename(file), int(number)) for file, number in re.findall(r"(?:kernel BUG at |WARNING: (?:.* at )?)(\S+\.[chS]):(\d+)", text)]
        # Of the first of a log alone: which RIP belongs to which is not worked out here
        if key[3] and key[4] and len(named[path]) == 1 and right[key] and not any(named[path][0] in chain for chain in right[key]):
            if any(named[path][0][0] == file for chain in right[key] for file, _ in chain):
                found.add((path, key[3]))
    return found


def compare(make, kernel, vmlinux, folder, paths, work, command, known, flags):
    rows, seen = [], {}
    for path in paths:
        found, said = annotated(command, path, [vmlinux, folder])
        for line, key, ours in found:
            rows.append((path, line, key, ours))
            seen.setdefault(key, []).append(ours)
    truth = Truth(kernel, vmlinux, folder, work)
    right = truth.ask(list(seen))
    # The modules are built anew when their sources change, and some logs are of before: a file whose functions have other sizes
    # than the log's is another build, and no line must be taken from it.
    others = {(path, key[3]) for path, _, key, _ in rows if key[3] and key[2] < 1 << 31 and truth.file(key[3]) and not right[key]}
    others |= contradicted(rows, right)
    theirs = decoded(make, kernel, sorted({key[:4] for key in seen}, key=str), vmlinux, folder, work)
    counts = dict(other_build=0, ours=0, theirs=0, same=0, right=0, their_right=0)
    shown, unexplained = {}, 0
    for path, line, key, ours in rows:
        they = theirs[key[:4]]
        if (path, key[3]) in others:
            counts["other_build"] += 1
            they, answers = [], []
        else:
            answers = right[key]
        counts["ours"] += bool(ours) or bool(NAMED.search(line))
        counts["theirs"] += bool(they)
        counts["same"] += bool(ours) and ours == they
        counts["right"] += bool(ours) and ours in answers
        counts["their_right"] += bool(they) and they in answers
        if ours and ours in answers:
            continue
        # arm64's trace begins with the interrupted instruction itself
        if ours and ours in right.get((*key[:4], True), ()):
            counts["right"] += 1
            continue
        if not ours and (not they or NAMED.search(line)):
            continue
        sort = "other-build" if (path, key[3]) in others else "none" if not ours else "ambiguous" if len(answers) > 1 else "wrong" if answers else "no-truth"
        matching = [row for row in known if fnmatch.fnmatchcase(kernel, row[0]) and row[1] == sort and fnmatch.fnmatchcase(key[0], row[2])]
        unexplained += not matching
        if not matching or "--explained" in flags:
            shown.setdefault(sort, {}).setdefault(key, []).append(f"{os.path.basename(path)}: {line.strip()[:100]} | ours {ours} | theirs {they} | right {answers}")
    print(f"{kernel:14}{len(paths):6}{len(rows):8}{counts['other_build']:12}{counts['ours']:8}{counts['theirs']:8}{counts['same']:11}{counts['right']:12}{counts['their_right']:14}{unexplained:12}", flush=True)
    compared, differing = by_faddr2line(make, truth, {key: ours for key, ours in seen.items() if not any((path, key[3]) in others for path in paths)})
    for key, what in differing:
        matching = [row for row in known if fnmatch.fnmatchcase(kernel, row[0]) and row[1] == "faddr2line" and fnmatch.fnmatchcase(key[0], row[2])]
        unexplained += not matching
        if not matching or "--explained" in flags:
            shown.setdefault("faddr2line", {}).setdefault(key, []).append(what)
    print(f"{'':14}faddr2line: {compared} places, {len(differing)} differ")
    for sort, found in sorted(shown.items()):
        print(f"    {sort}: {sum(map(len, found.values()))} of {len(found)} places")
        for lines in list(found.values()) if "--verbose" in flags else list(found.values())[:4]:
            print(f"        {lines[0]}")
    return unexplained
