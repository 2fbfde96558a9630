# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds what Oopscope says of a dump against what another debugger says of it, and against the guest's console.

A difference is (part, key, words): key names what differs as long as the same kernel crashes in the same way (a task's
name, a structure's member, a CPU), so that ../dumps/DIFFERENCES can name it; words are for the reader.
"""

import re

KERNEL_SPACE = 1 << 63
FARTHEST = 1 << 20  # from a function's beginning to what may still be in it
PARTS = ["system", "panic", "panic-frames", "trace", "cpu-frames", "task-frames", "tasks", "modules", "log", "console", "values"]


class Comparison:
    """Counts what was compared, and collects what differs."""

    def __init__(self):
        self.compared = dict.fromkeys(PARTS, 0)
        self.differences = []

    def same(self, part, key, ours, theirs, what=""):
        self.compared[part] += 1
        if ours != theirs:
            self.differs(part, key, f"{what}{': ' if what else ''}ours {short(ours)}, theirs {short(theirs)}")

    def differs(self, part, key, words):
        self.differences.append((part, key, words))


def short(thing):
    said = hex(thing) if isinstance(thing, int) and not isinstance(thing, bool) and thing > 0xffff else str(thing)
    return said if len(said) < 160 else said[:150] + " …"


def number(text):
    return int(text, 16) if isinstance(text, str) and text.startswith("0x") else int(text)


# ---- stacks --------------------------------------------------------------------------------------------------------


def our_frames(frames):
    return [frame for frame in frames if number(frame["address"]) >= KERNEL_SPACE and not frame.get("inlined")]


def same_frame(ours, theirs):
    """The same place, and a name that the symbol table has for it (a function may have several)."""
    if number(ours["address"]) != number(theirs["pc"]):
        return False
    names = {theirs.get("symbol"), theirs["function"], *(name for name, offset in theirs["names"] if offset < FARTHEST)} - {None}
    return ours.get("function") in names or not names and not ours.get("function")


def shown(frames):
    return " < ".join(frames) or "nothing"


def compare_frames(out, part, key, ours, theirs):
    out.compared[part] += 1
    if isinstance(theirs, dict):
        if ours:
            out.differs(part, key, f"theirs failed ({theirs['failed']}), ours {len(ours)} frames")
        return
    ours, cut = our_frames(ours), bool(theirs) and "cut" in theirs[-1]
    theirs = [frame for frame in theirs[:len(theirs) - cut] if not frame["inlined"]]
    if cut and len(ours) > len(theirs):
        ours = ours[:len(theirs)]
    if len(ours) == len(theirs) and all(map(same_frame, ours, theirs)):
        return
    at = next((index for index, pair in enumerate(zip(ours, theirs)) if not same_frame(*pair)), min(len(ours), len(theirs)))
    name = lambda frame: f"{frame.get('function')}+{frame.get('offset', 0):#x} {frame['address']} ({frame.get('trust')})"
    their_name = lambda frame: f"{frame.get('symbol') or frame['function']} {frame['pc']}"
    out.differs(part, key if ours else f"{key} unread", f"from frame {at} of {len(ours)} and {len(theirs)}: ours {shown(map(name, ours[at:at + 3]))}; theirs {shown(map(their_name, theirs[at:at + 3]))}")


def trace_on_console(data):
    """The frames of the last trace that the kernel itself printed, as (function, offset), without those that it doubts."""
    text = re.sub(r"(?m)^\[ *\d+\.\d{6}\](\[ *[TC]\d+\])? ?", "", data.decode("utf-8", "replace").replace("\r", ""))
    text = text.partition("---[ end Kernel panic")[0]
    found = []
    for line in re.split(r"Call [Tt]race:", text)[-1].split("\n") if re.search(r"Call [Tt]race:", text) else []:
        if line.startswith(("Modules linked in", "---[", "Kernel Offset")):
            break
        frame = re.match(r"^ ([\w.$]+)\+(0x[0-9a-f]+)/0x[0-9a-f]+( \[[^\]]+\])?( \([A-Z ]+\))?$", line)
        if frame:
            found.append((frame[1], int(frame[2], 16)))
    return found


def compare_trace(out, ours, console):
    """What ran on is innermost in ours; from the first frame that both have, all that the kernel vouched for must be there."""
    ours = [(frame.get("function"), frame["offset"]) for frame in ours]
    theirs = trace_on_console(console)
    begin = next((index for index, frame in enumerate(theirs) if frame in ours), len(theirs))
    at = 0
    for frame in theirs[begin:]:
        out.compared["trace"] += 1
        if frame not in ours[at:]:
            out.differs("trace", frame[0], f"{frame[0]}+{frame[1]:#x} is not in ours where the kernel has it")
        else:
            at += ours[at:].index(frame) + 1
    if theirs and begin == len(theirs):
        out.differs("trace", "all", f"none of the {begin} frames of the kernel's trace is in ours")


# ---- values --------------------------------------------------------------------------------------------------------


class Array:
    """An array of ours: how many elements it has, those that are shown, and its text where it holds one."""

    def __init__(self, value):
        self.count, self.elements, self.string = int(value["count"]), [our_value(element) for element in value["elements"]], value.get("string")

    def differences(self, theirs, path):
        while theirs and isinstance(theirs[0], list) and not isinstance((self.elements or [None])[0], Array):
            theirs = [one for row in theirs for one in row]  # BTF has an array of arrays as one array
        if self.count != len(theirs):
            yield f"{path}[]", f"{self.count} elements", f"{len(theirs)} elements"
        elif self.elements or self.string is None:
            if not self.elements and theirs:
                yield f"{path}[]", "no element is shown", f"{len(theirs)} elements"
            for index, pair in enumerate(zip(self.elements, theirs)):
                yield from where_they_differ(*pair, f"{path}[{index}]")
        else:
            text = bytes(letter % 256 for letter in theirs).partition(b"\0")[0].decode("utf-8", "replace")
            if self.string != text:
                yield path, self.string, text


def our_value(value):
    """A value of ours as theirs are: numbers, lists and objects; members without a name dissolved."""
    kind = value["kind"]
    if kind in ("integer", "enum"):
        return int(value["value"])
    if kind == "float":
        return float(value["value"])
    if kind == "bool":
        return int(value["value"])
    if kind == "pointer":
        return number(value["value"])
    if kind == "array":
        return Array(value)
    if kind == "struct":
        members = {}
        for member in value["members"]:
            inner = our_value(member["value"])
            if member["name"]:
                members[member["name"]] = inner
            elif isinstance(inner, dict):
                members.update(inner)
        return members
    return f"unread: {value.get('why')}"


def where_they_differ(ours, theirs, path=""):
    """Yields (path, ours, theirs) of each leaf that differs."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in dict.fromkeys([*theirs, *ours]):
            if name not in ours or name not in theirs:
                yield f"{path}.{name}", ours.get(name, "no such member"), theirs.get(name, "no such member")
            else:
                yield from where_they_differ(ours[name], theirs[name], f"{path}.{name}")
    elif isinstance(ours, Array) and isinstance(theirs, list):
        yield from ours.differences(theirs, path)
    elif ours != theirs:
        yield path, ours, theirs


def question(asked):
    """The commands that ask for one of their values."""
    if asked["ask"] in ("struct", "union"):
        return [f"{asked['ask']} {asked['type']} {asked['address']}"]
    if asked["ask"] == "percpu":
        return [f"p {asked['name']}:{asked['cpu']}"]
    return [f"p {asked['name']}", f"rd -{8 * asked['size']} {asked['address']} 1"]


def compare_value(out, asked, answers):
    """A global's type is in no dump: where ours does not know it, its bytes are compared."""
    key = f"{asked['ask']} {asked.get('type') if 'via' in asked else asked.get('name')}"
    out.compared["values"] += 1
    first = answers[0]
    values = first.get("values", [])
    if not values and len(answers) > 1:
        rows = answers[1].get("words", [])
        words = [word for row in rows for word in row["words"]]
        bits = 8 * asked["size"]
        if not words or number(words[0]) != asked["value"] % (1 << bits):
            out.differs("values", key, f"bytes: ours {words}, theirs {short(asked['value'])}; {first.get('problem')}")
        return "bytes"
    if not values:
        out.differs("values", key, f"no answer: {first.get('problem')}")
        return "none"
    for path, ours, theirs in where_they_differ(our_value(values[0]), asked["value"]):
        plain = re.sub(r"\[\d+\]", "[]", path)
        unread = " unread" if isinstance(ours, str) and ours.startswith("unread: ") else ""
        out.differs("values", f"{key}{plain}{unread}", f"at {asked.get('address', asked.get('cpu'))}, {path}: ours {short(ours)}, theirs {short(theirs)}")
        break  # one of a value is enough to look at it
    return "value"


# ---- the log -------------------------------------------------------------------------------------------------------


def microseconds(record):
    return int(record["time"] * 1e9 + 0.5) // 1000


def console_lines(records, caller):
    """What a console prints of our records (print_prefix of kernel/printk/printk.c: the prefix stands before each line)."""
    for record in records:
        time = microseconds(record)
        prefix = f"[{time // 1000000:5}.{time % 1000000:06}]" + (f"[{record['caller']:>6}]" if caller else "")
        for line in record["text"].split("\n"):
            yield f"{prefix} {line}"


def said_on_console(data):
    """The kernel's lines on the serial console, up to where a second kernel begins. User space writes there, too."""
    lines, booted = [], None
    for line in data.decode("utf-8", "replace").replace("\r", "").split("\n"):
        found = re.search(r"\[ *\d+\.\d{6}\](\[ *[TC]\d+\])? .*$|\[ *\d+\.\d{6}\](\[ *[TC]\d+\])? ?$", line)
        if found:
            line = found[0]
            banner = re.search(r"\] Linux version \d", line)
            if banner and booted:
                break
            booted = booted or banner
            lines.append(line)
    return lines


def compare_log(out, ours, theirs, console):
    for part, left, right in (
        ("log", [(microseconds(record), record["level"], record["text"]) for record in ours], [(record["time"] // 1000, record["level"], record["text"]) for record in theirs]),
        ("console", list(console_lines(ours, caller=True)) if re.search(rb"\n\[ *\d+\.\d+\]\[ *[TC]\d+\] ", console) else list(console_lines(ours, caller=False)), said_on_console(console)),
    ):
        if part == "console" and not right:
            continue
        if part == "console":
            left, right = [line.rstrip() for line in left], [line.rstrip() for line in right]
        out.compared[part] += len(right)
        there, here = set(left), set(right)
        for line in right:
            if line not in there:
                out.differs(part, "theirs alone", short(line))
        for line in left:
            if line not in here:
                out.differs(part, "ours alone", short(line))
        if part == "log" and there == here and left != right:
            out.differs(part, "order", "the same records in another order")


# ---- all of it -----------------------------------------------------------------------------------------------------


def compare(document, answers, theirs, console):
    """`document` is ours, `answers` those to `questions(theirs)`, `console` the bytes of the guest's serial console."""
    out = Comparison()
    system = document["system"]
    for ours_name, name in ("release", "release"), ("version", "version"), ("machine", "machine"), ("hostname", "nodename"):
        out.same("system", name, system.get(ours_name), theirs["system"][name])
    out.same("system", "cpus online", [cpu["number"] for cpu in document["cpus"] if cpu["online"]], theirs["system"]["cpus"])

    panic = document.get("panic") or {}
    if "failed" in theirs["panic"]:
        out.differs("panic", "task", f"theirs failed: {theirs['panic']['failed']}") if not panic else None
    else:
        for name in "pid", "comm", "cpu":
            out.same("panic", name, panic.get(name), theirs["panic"][name])
        compare_frames(out, "panic-frames", "panic", panic.get("backtrace", []), theirs["panic"]["frames"])

    compare_trace(out, panic.get("backtrace", []), console)

    cpus = {str(cpu["number"]): cpu["backtrace"] for cpu in document["cpus"]}
    for cpu, told in theirs["cpus"].items():
        ours = cpus.get(cpu, {})
        out.same("cpu-frames", f"cpu {cpu} task", number((ours.get("task") or {}).get("address", "0x0")), number(told["task"]))
        compare_frames(out, "cpu-frames", f"cpu {cpu}", ours.get("frames", []), told["frames"])

    ours = {number(task["address"]): task for task in document["tasks"]}
    names = {}
    for task in theirs["tasks"]:
        names[task["address"]] = f"{task['comm']}"
        mine = ours.pop(number(task["address"]), None)
        out.compared["tasks"] += 1
        if mine is None:
            out.differs("tasks", task["comm"], f"pid {task['pid']} is not in ours")
            continue
        for name in "pid", "tgid", "ppid", "comm", "state", "cpu":
            if mine.get(name) != task[name]:
                unread = " unread" if mine.get(name) in (None, "") else ""
                out.differs("tasks", f"{task['comm']} {name}{unread}", f"pid {task['pid']}: ours {mine.get(name)}, theirs {task[name]}")
    for mine in ours.values():
        out.differs("tasks", mine["comm"], f"pid {mine['pid']} at {mine['address']} is in ours alone")

    ours = {module["name"]: module for module in document["modules"]}
    for module in theirs["modules"]:
        mine = ours.pop(module["name"], None)
        out.compared["modules"] += 1
        if mine is None:
            out.differs("modules", module["name"], "not in ours")
            continue
        for name, value in ("base", number(module["base"])), ("size", module["size"]), ("address", number(module["address"])):
            if number(mine[name]) != value:
                out.differs("modules", f"{module['name']} {name}", f"ours {mine[name]}, theirs {value:#x}")
    for name in ours:
        out.differs("modules", name, "in ours alone")

    compare_log(out, document["log"], theirs["log"], console)

    at = iter(answers)
    for address, frames in theirs["stacks"].items():
        answer = next(at)
        found = answer.get("backtraces", [])
        if not found and not isinstance(frames, dict):
            out.compared["task-frames"] += 1
            out.differs("task-frames", names.get(address, address), f"no answer: {answer.get('problem')}")
        else:
            compare_frames(out, "task-frames", names.get(address, address), found[0]["frames"] if found else [], frames)
    how = {}
    for asked in theirs["values"]:
        kind = compare_value(out, asked, [next(at) for _ in question(asked)])
        how[kind] = how.get(kind, 0) + 1
    return out, how


def questions(theirs):
    """The commands that ours is asked, in the order in which `compare` wants the answers."""
    return [f"bt {address}" for address in theirs["stacks"]] + [command for asked in theirs["values"] for command in question(asked)]
