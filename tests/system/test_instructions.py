# SPDX-License-Identifier: Apache-2.0
"""What Dom0's paths cost in instructions, its own and Xen's for it, beside the table instructions.txt.

The machine's clock counts instructions, so that the same work takes the same time on every host, however busy; `kernel time`
shows it. What waits (for a disk, a guest, the clock) isn't counted. One that costs over a fifth more than in the table fails;
one that costs over a fifth less is said in a warning. When that is meant, the new table is in this test's folder of logs."""

import pathlib
import re
import warnings

from cards import LINUX, Card
from machine import counting, virtio_disk
from store_bench import results

TABLE = pathlib.Path(__file__).with_name("instructions.txt")
PER_MICROSECOND = 500  # of counting(): two nanoseconds each
ALLOWED = 1.2
BIG = 'kernel = "linux"\nmemory = 96\npaused = 1\n'


def read_table():
    """{path: instructions}; a line is `NUMBER path`, # begins a comment."""
    lines = [line.split(maxsplit=1) for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    return {path: int(number) for number, path in lines}


def write_table(file, measured):
    comments = [line for line in TABLE.read_text().splitlines() if line.startswith("#")]
    lines = [f"{number:>10} {path}" for path, number in measured.items()]
    file.write_text("\n".join(comments + lines) + "\n")


def compare(before, now):
    """What has become dearer, and what cheaper, a line each."""
    worse = [f"{path}: {before[path]} instructions before, {now[path]} now ({now[path] / before[path] - 1:+.0%})"
             for path in now if path in before and now[path] > ALLOWED * before[path]]
    better = [f"{path}: {before[path]} instructions before, {now[path]} now ({now[path] / before[path] - 1:+.0%})"
              for path in now if path in before and now[path] * ALLOWED < before[path]]
    return worse, better


def at_work(machine, line):
    """Instructions that the command took Dom0."""
    output = machine.command(f"kernel time {line}", 120)
    found = re.search(r"^\d+ us, of these (\d+) at work$", output, re.M)
    assert found and not output.startswith(line[:line.find(" ")]), output  # an error says whose it is
    return int(found[1]) * PER_MICROSECOND


def measure(machine):
    """{path: instructions}, in the order in which they are measured."""
    found = {"start, from Xen's hand-over to the prompt": PER_MICROSECOND * int(
        re.search(r"^Ready : (\d+) us", machine.command("kernel uptime"), re.M)[1])}
    machine.command("xu destroy " + str(machine.create("test_sync -p")))  # what Xen and Dom0 keep for the next time
    for path, line in (("create of a small guest", "xu create test_sync -p -d 10"),
                       ("destroy of a small guest", "xu destroy 10"),
                       ("create of Linux from a disk, 37 MB in 96 MB", "xu create big -p -d 11"),
                       ("destroy of that", "xu destroy 11"),
                       ("list of domains", "xu list"),
                       ("15 lines on the console", "help"),
                       ("10 idle seconds", "xstat stat -i 10")):
        found[path] = at_work(machine, line)
    bench = results(machine, machine.create("test_bench"), 0)
    found |= {f"a guest's request: {kind}": round(figures.median * PER_MICROSECOND) for kind, figures in bench.items()}
    return found


def test_instruction_counts(boot_test, tmp_path, log_folder):
    (tmp_path / "linux").symlink_to(LINUX)
    (tmp_path / "big.cfg").write_text(BIG)
    card = Card(tmp_path / "card.img", sizes=(40, 60))
    card.put(1, tmp_path / "linux", tmp_path / "big.cfg")
    options = counting()
    options["qemu"] += virtio_disk(card)
    before, now = read_table(), measure(boot_test(storage=True, **options))
    new = log_folder / TABLE.name
    write_table(new, now)
    renew = f"If that is meant: cp {new} {TABLE}"
    worse, better = compare(before, now)
    if better:
        warnings.warn("\n".join(["Much cheaper than in the table:", *better, renew]))
    assert not worse, "\n".join(["Dearer by more than a fifth:", *worse, renew])
    assert list(now) == list(before), f"The table has other paths. {renew}"


def test_comparison():
    before = {"a": 1000, "b": 1000, "c": 1000, "d": 1000}
    worse, better = compare(before, {"a": 1200, "b": 1201, "c": 834, "d": 800})
    assert worse == ["b: 1000 instructions before, 1201 now (+20%)"]
    assert better == ["d: 1000 instructions before, 800 now (-20%)"]
