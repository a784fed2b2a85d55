# SPDX-License-Identifier: Apache-2.0
"""The store's benchmark guest (guests/bench), driven from Dom0's shell: for its tests and for benchmarks/xenstore."""

import collections
import re

from machine import PATIENCE

KINDS = ["READ", "WRITE", "DIRECTORY", "GET_PERMS", "SET_PERMS", "MKDIR+RM", "TRANSACTION", "WATCH"]
LINE = re.compile(r"^bench: type=(\S+) count=(\d+) median=([\d.]+) p99=([\d.]+) max=([\d.]+) rate=(\d+) repeats=(\d+)$",
                  re.M)

# Times in microseconds; `rate` in samples a second with others sent ahead.
Figures = collections.namedtuple("Figures", "count median p99 max rate repeats")


def order(machine, number, text):
    """Has all benchmark guests begin: `text` is fill=N, count=N or both, `number` another one each time."""
    machine.command(f'xs write /bench "{number} {text}"')
    machine.command("xs chmod /bench r0")


def results(machine, domain, number, timeout=PATIENCE):
    """What a guest found out about an order (0: that of its command line): its figures by type."""
    machine.attach(domain)
    machine.expect(f"bench: begin {number}\n", timeout)
    machine.expect(re.compile(rf"bench: end {number}\n|bench: WRONG[^\n]*\n|has ended\n"), timeout)
    output = machine.before + machine.console.match[0]
    machine.detach()
    found = {kind: Figures(*map(float, figures)) for kind, *figures in LINE.findall(output)}
    assert list(found) == KINDS and f"bench: end {number}" in output, output
    return found


def is_done(machine, domain, number):
    """Whether the guest has ended what this order says."""
    return machine.answer(f"xs read /local/domain/{domain}/data/done") == f"{number}\n"
