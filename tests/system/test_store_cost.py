# SPDX-License-Identifier: Apache-2.0
"""The store's benchmark guest, on a machine that counts instructions in the place of time: what a request costs is
the same on every host, however loaded."""

import re

import pytest

from machine import counting
from store_bench import KINDS, is_done, order, results


@pytest.mark.quick
def test_benchmark(boot_test, xen):
    machine = boot_test(xen=xen, **counting())
    domain = machine.create("test_bench")
    for figures in results(machine, domain, 0).values():
        assert figures.count == 50  # of its command line

    order(machine, 1, "fill=500 count=300")
    large = results(machine, domain, 1)
    for kind, figures in large.items():
        assert figures.count == 300 and figures.repeats == 0 and figures.rate > 0, kind
        # 100 microseconds are 50,000 instructions, most of them Xen's.
        assert 0 < figures.median <= figures.p99 <= figures.max < 1000 and figures.median < 400, kind
    assert is_done(machine, domain, 1)
    assert machine.answer(f"xs read /local/domain/{domain}/data/bench/000499") == "v000499\n"


def test_cost_does_not_grow_with_the_store(boot_test):
    machine = boot_test(dom0_memory="32M", **counting())
    for quota in ("nodes", "memory"):
        assert machine.answer(f"xs quota default {quota} 0") == ""
    domain = machine.create("test_bench")
    small = results(machine, domain, 0)
    order(machine, 1, "fill=20000 count=300")
    large = results(machine, domain, 1, 200)
    for kind in KINDS:
        assert large[kind].median < 1.5 * small[kind].median, kind


def test_guests_together(boot_test):
    machine = boot_test(**counting())
    domains = [machine.create("test_bench") for _ in range(4)]
    for domain in domains:
        results(machine, domain, 0)
    order(machine, 1, "count=100")
    for domain in domains:
        for kind, figures in results(machine, domain, 1).items():
            assert figures.count == 100, kind


def test_the_end_of_a_large_domain(boot_test):
    """Xen takes 85 ms to take 256 MB back. It does so in parts, as soon as somebody asks Dom0 for something."""
    machine = boot_test(**counting())
    bench = machine.create("test_bench")
    results(machine, bench, 0)
    machine.create("test_sync name=large memory=256 -p")
    order(machine, 1, "count=1000")
    took = int(re.search(r"(\d+) us", machine.answer("kernel time xu destroy large", 60))[1])
    assert not is_done(machine, bench, 1)
    for kind, figures in results(machine, bench, 1).items():
        assert figures.max < min(took, 85000) / 4, kind
