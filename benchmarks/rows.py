# SPDX-License-Identifier: Apache-2.0
"""What is measured: the rows of the table, with their budgets, and the work that fills them. Each work is done by every side in
the same words (dom0s.py)."""

import dataclasses
import re
import subprocess

from dom0s import PARTS, RAMDISK, TOP, ThinDom0
from store_bench import LINE

IMAGE = TOP / "build/virt/thin-dom0"
COUNTED = "counted"  # time by a clock of instructions, two nanoseconds each: the same on every host
WALL = "wall"  # the host's time
EXACT = "exact"  # no time at all


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    unit: str
    clock: str
    # At most one of the three: how many times better than a Linux Dom0 with oxenstored, or by itself.
    ratio: float = None
    most: float = None
    least: float = None

    @property
    def more_is_better(self):
        return self.unit.endswith("/s") or self.least is not None

    def budget(self):
        if self.ratio:
            return f"{self.ratio:g} times better"
        return f"at most {self.most:g}" if self.most else f"at least {self.least:g}" if self.least else ""


STORE_KINDS = {"READ": "READ", "WRITE": "WRITE", "DIRECTORY": "DIRECTORY of 16", "TRANSACTION": "transaction of one WRITE"}
COUNTS = 0, 1, 4, 16  # of guests
# Of benchmarks/linux/pv-guest-measure.
PV_KINDS = {"disk_read": "its PV disk is read", "disk_write": "its PV disk is written",
            "receive": "it receives over its PV network", "send": "it sends over its PV network"}

ROWS = {row.name: row for row in (
    Row("start", "from Xen's hand-over to the prompt, or to all services of Linux", "s", COUNTED, ratio=50),
    Row("create_small", "create a guest of 16 MB", "ms", COUNTED, ratio=20),
    Row("destroy_small", "destroy the guest of 16 MB", "ms", COUNTED),
    Row("create_linux", "create a guest of 128 MB with Linux' kernel (38 MB)", "ms", COUNTED),
    Row("destroy_linux", "destroy that of 128 MB", "ms", COUNTED),
    Row("create_2g", "create a guest of 2 GB", "ms", COUNTED),
    Row("destroy_2g", "destroy that of 2 GB", "ms", COUNTED),
    Row("create_16", "create 16 guests of 16 MB, in a row", "ms", COUNTED),
    Row("memory_given", "memory that Xen gave Dom0", "MB", EXACT, most=16),
    *(Row(f"memory_{count}", f"used of it with {count} guests" if count != 1 else "used of it with 1 guest", "MB", EXACT)
      for count in COUNTS),
    Row("guest_cost", "memory that Xen needs for a guest of 16 MB, above these", "KB", EXACT),
    Row("image", "image of Dom0, with its root file system, without guests", "KB", EXACT, most=512),
    *(Row(f"store_{kind}_{what}", f"store, {title}: {what}", "us", COUNTED, ratio=5 if what == "median" else None)
      for kind, title in STORE_KINDS.items() for what in ("median", "p99")),
    *(Row(f"busy_{kind}_{what}", f"store, while Dom0 creates guests, {title}: {what}", "us", COUNTED)
      for kind, title in STORE_KINDS.items() for what in ("median", "p99")),
    Row("console", "output of a guest into its console", "KB/s", COUNTED),
    *(Row(f"pv_{kind}", f"a Linux guest of a Linux driver domain: {title}", "MB/s", COUNTED) for kind, title in PV_KINDS.items()),
    Row("wall_start", "from Xen's hand-over to the prompt, or to all services of Linux", "s", WALL, ratio=50),
    Row("wall_create_small", "create a guest of 16 MB", "ms", WALL, ratio=20),
    Row("wall_destroy_small", "destroy the guest of 16 MB", "ms", WALL),
    Row("wall_create_linux", "create a guest of 128 MB with Linux' kernel (38 MB)", "ms", WALL),
    Row("wall_destroy_linux", "destroy that of 128 MB", "ms", WALL),
    *(Row(f"wall_pv_{kind}", f"a Linux guest of a Linux driver domain: {title}", "MB/s", WALL)
      for kind, title in PV_KINDS.items()),
    Row("idle", "CPU time of an idle Dom0 in a minute", "ms", COUNTED),
    Row("block", "a kernel loaded from a disk of 40 MB/s, by the device's own rate", "ratio", WALL, least=0.9),
)}


class Record:
    """What a side's work found: values of rows."""

    def __init__(self):
        self.values = {}

    def add(self, row, value):
        self.values.setdefault(row, []).append(value)


def start(dom0, record, quick):
    record.add("start", dom0.ready_seconds)


def create(dom0, record, quick):
    dom0.read_ahead("vmlinuz")
    for configuration, tries in ("small", 4), ("linux", 2), ("2g", 1):
        for _ in range(1 if quick else tries):
            record.add(f"create_{configuration}", dom0.create(configuration, "measured") * 1000)
            record.add(f"destroy_{configuration}", dom0.destroy("measured") * 1000)


def wall(dom0, record, quick):
    dom0.read_ahead("vmlinuz")
    record.add("wall_start", dom0.ready_seconds)
    for configuration, tries in ("small", 7), ("linux", 4):
        for attempt in range(tries):
            create, destroy = dom0.create(configuration, "measured") * 1000, dom0.destroy("measured") * 1000
            if attempt:  # the first one has QEMU translate the code
                record.add(f"wall_create_{configuration}", create)
                record.add(f"wall_destroy_{configuration}", destroy)


def guests(dom0, record, quick):
    record.add("memory_given", dom0.memory()[0] / 1024)
    free, names, seconds = {}, [], 0
    for count in COUNTS:
        more = [f"g{n}" for n in range(len(names), count)]
        seconds += dom0.create_many("small", more)
        names += more
        free[count] = dom0.free_memory()
        record.add(f"memory_{count}", dom0.memory()[1] / 1024)
    record.add("create_16", seconds * 1000)
    # Without the first ones, with which Xen and Dom0 allocate what they keep.
    record.add("guest_cost", (free[4] - free[16]) / 12 - 16 * 1024)
    dom0.destroy_many(names)


def store_figures(output, number, record, prefix):
    output = output[output.index(f"bench: begin {number}\n"):]
    assert "WRONG" not in output, output
    for kind, _, median, p99, *_ in LINE.findall(output):
        if kind in STORE_KINDS:
            record.add(f"{prefix}_{kind}_median", float(median))
            record.add(f"{prefix}_{kind}_p99", float(p99))


def asker(dom0):
    """A guest that asks the store when it is ordered to; the path of the node that says which order it has obeyed."""
    dom0.create("bench", "asker", paused=False)
    dom0.wait_printed("asker", "bench: end 0")
    return f"/local/domain/{dom0.domain_of('asker')}/data/done"


def store(dom0, record, quick):
    asker(dom0)
    dom0.order("/bench", f"1 count={100 if quick else 300}")
    store_figures(dom0.wait_printed("asker", "bench: end 1"), 1, record, "store")
    dom0.destroy("asker")


def busy(dom0, record, quick):
    done = asker(dom0)
    dom0.order("/bench", "2 count=300")
    dom0.busy_until(done, 2, "linux")
    store_figures(dom0.wait_printed("asker", "bench: end 2"), 2, record, "busy")
    dom0.destroy("asker")


def console(dom0, record, quick):
    dom0.create("flood", "talker", paused=False)
    dom0.wait_ended("talker")
    found = re.search(r"flood: (\d+) bytes in (\d+) us", dom0.wait_printed("talker", "flood: "))
    record.add("console", float(found[1]) / 1024 / (float(found[2]) / 1e6))
    dom0.destroy("talker")


def idle(dom0, record, quick):
    minutes = 10
    record.add("idle", dom0.idle_cpu(60 * minutes) * 1000 / minutes)


def pv(dom0, record, quick, prefix="pv"):
    """Between two domains, so that the control domain has no part in it."""
    dom0.create("domd", "DomD", paused=False)
    dom0.wait_printed("DomD", "DomD: serves")
    dom0.create("guest", "guest", paused=False)
    output = dom0.wait_printed("guest", "pv: end")
    assert "pv: failed" not in output, output
    times = re.findall(r"([\d.]+)\] pv: (\w+) (\d+) begins\n+\[ *([\d.]+)\] pv: \2 \3 ends$", output, re.M)
    assert {kind for _, kind, *_ in times} == set(PV_KINDS), output
    for begin, kind, megabytes, end in times[len(PV_KINDS):]:  # without the first of each, with which Linux allocates what it keeps
        record.add(f"{prefix}_{kind}", int(megabytes) / (float(end) - float(begin)))
    dom0.destroy("guest")
    dom0.destroy("DomD")


def wall_pv(dom0, record, quick):
    pv(dom0, record, quick, "wall_pv")


def image(side):
    record = Record()
    if side is ThinDom0:
        size = subprocess.run([TOP / "scripts/size-check.py", f"{IMAGE}.elf", f"{IMAGE}.bin"], capture_output=True, text=True,
                              check=True).stdout
        record.add("image", int(re.search(r": (\d+) KB", size)[1]))
    else:
        record.add("image", ((PARTS / "linux/vmlinuz-6.1").stat().st_size + RAMDISK.stat().st_size) / 1024)
    return record


# What is done in a machine that counts, by the names that --only takes; the others have a machine of their own, or need none.
# In this order: the memory is that of a Dom0 that has just started.
WORKS = {"start": start, "guests": guests, "create": create, "store": store, "busy": busy, "console": console, "idle": idle,
         "pv": pv}
NAMES = [*WORKS, "wall", "image", "block"]
SLOW = {"busy", "wall", "idle", "pv", "block"}  # not part of --quick
