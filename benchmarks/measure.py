#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The work of ./bench, which sets up and builds before: measures the sides in turn, and writes what was found."""

import argparse
import concurrent.futures
import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "benchmarks"), str(TOP / "tests/system")]
sys.dont_write_bytecode = True

import load  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402
from dom0s import CARD, FOLDER, IMAGE, PARTS, RAMDISK, SIDES, ThinDom0  # noqa: E402

RESULTS = TOP / "benchmarks/results"
CONFIGURATIONS = {
    "small": 'kernel = "sync.bin"\nmemory = 16\n',
    "linux": 'kernel = "vmlinuz"\nmemory = 128\n',
    "2g": 'kernel = "sync.bin"\nmemory = 2048\n',
    "bench": 'kernel = "bench.bin"\nmemory = 16\n',
    "domd": 'kernel = "vmlinuz"\nramdisk = "domd.gz"\ncmdline = "console=hvc0 quiet"\nmemory = 384\ndriver_domain = 1\n',
    "guest": 'kernel = "vmlinuz"\nramdisk = "guest.gz"\ncmdline = "console=hvc0 quiet"\nmemory = 256\n'
             'vif = [ "backend=DomD,bridge=xenbr0" ]\ndisk = [ "backend=DomD,vdev=xvda,access=rw,target=/served/64M" ]\n',
    "flood": 'kernel = "flood.bin"\nmemory = 16\ncmdline = "bytes=50000"\non_poweroff = "preserve"\n',
}
CARD_LIST = """\
[boot 16M]
[dom0 128M]
guests/sync.bin dom0/sync.bin
guests/bench.bin dom0/bench.bin
guests/flood.bin dom0/flood.bin
linux/vmlinuz-6.12 dom0/vmlinuz
domd.gz dom0/domd.gz
guest.gz dom0/guest.gz
"""
GUESTS = TOP / "build/virt/guests"


def make_root(name, output):
    subprocess.run([TOP / "image/root", TOP / f"benchmarks/linux/{name}.txt", output, "--from", TOP / "benchmarks/linux",
                    "--from", TOP, "--from", PARTS], check=True)


def lay_over(ramdisk, name, output):
    """A ramdisk with what this list has instead or besides: Linux unpacks one after the other."""
    make_root(name, FOLDER / f"{name}.gz")
    output.write_bytes(ramdisk.read_bytes() + (FOLDER / f"{name}.gz").read_bytes())


def make_images():
    """The card with the guests, the same for all, our Dom0, and the root file system of the Linux Dom0. They stay as
    they are as long as the caller keeps what is returned."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = open(FOLDER / "lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)  # another ./bench has machines with these images
    shutil.copy(TOP / "build/virt/thin-dom0.bin", IMAGE)
    for name, text in CONFIGURATIONS.items():
        (FOLDER / f"{name}.cfg").write_text(f'name = "{name}"\n{text}')
    (FOLDER / "dom0.txt").write_text(CARD_LIST + "".join(f"{name}.cfg dom0/{name}.cfg\n" for name in CONFIGURATIONS))
    make_root("dom0", RAMDISK)
    lay_over(GUESTS / "domd.gz", "pv-domd", FOLDER / "domd.gz")
    lay_over(GUESTS / "initramfs.gz", "pv-guest", FOLDER / "guest.gz")
    subprocess.run([TOP / "image/card", FOLDER / "dom0.txt", CARD, "--from", FOLDER, "--from", TOP / "build/virt",
                    "--from", PARTS], check=True)
    return lock


def in_machine(side, counted, functions, options, record):
    with tempfile.TemporaryDirectory(prefix="bench.") as folder:
        try:
            with side(folder, options.xen, counted) as dom0:
                for function in functions:
                    function(dom0, record, options.quick)
        except Exception:
            print("".join(path.read_text(errors="replace")[-3000:] for path in pathlib.Path(folder).glob("console*.log")),
                  file=sys.stderr)
            raise


def measure_side(side, counted, functions, options):
    begin, record = time.monotonic(), rows.Record()
    in_machine(side, counted, functions, options, record)
    print(f"{side.title}{'' if counted else ', wall'}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return record


def measure_round(sides, works, options, add):
    """Counted, side by side, since what a machine counts doesn't depend on what else the host does; then the others in turn."""
    functions = [function for work, function in rows.WORKS.items() if work in works]
    if functions:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            pending = {pool.submit(measure_side, side, True, functions, options): side for side in sides}
            for done in concurrent.futures.as_completed(pending):
                add(pending[done], done.result())
    for function in (rows.wall, rows.wall_pv) if "wall" in works else ():
        for side in sides:
            add(side, measure_side(side, False, [function], options))
    for side in sides if "image" in works else ():
        add(side, rows.image(side))


def measure_block(tries):
    times = load.measure_device("virtio, 40 MB/s", tries)
    record = rows.Record()
    record.add("block", times["raw"] / times["load"])
    return record


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", default=[], choices=rows.NAMES)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--xen", default="4.17")
    parser.add_argument("--results", type=pathlib.Path)
    options = parser.parse_args()
    options.results = options.results or (TOP / "build/bench/results" if options.quick else RESULTS)
    lock = make_images()
    works = options.only or [work for work in rows.NAMES if not options.quick or work not in rows.SLOW]
    sides = [side for side in SIDES.values() if not options.quick or side.name in (report.OURS, report.PEER)]

    results = report.Results()
    page = None if options.results.resolve() != RESULTS else TOP / "docs/performance.md"

    def add(side, record):
        results.add(side.name, record)
        report.write(results, options.results, bool(options.only), page)  # what is there is there, should it end here

    for _ in range(0 if works == ["block"] else 1 if options.quick else options.rounds):
        measure_round(sides, works, options, add)
    if "block" in works:
        add(ThinDom0, measure_block(5))
    print(report.table(results), end="")
    lock.close()
    print(f"in {options.results}: table.md, results.csv and the plots" + (f"; in {page}: the table" if page else ""), file=sys.stderr)


if __name__ == "__main__":
    main()
