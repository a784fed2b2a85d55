# SPDX-License-Identifier: Apache-2.0
"""Many domains, many rounds, and nothing to do."""

import re
import time

import pytest

from machine import TEST_IMAGE, counting
from test_bad_input import leftovers


def free_kib(machine):
    return int(re.search(r"Free mem\(K\) +: (\d+)", machine.command("xstat physinfo"))[1])


def settled_free_kib(machine, least, seconds=10):
    """Xen frees the last of its own bookkeeping a moment after a domain has gone."""
    end = time.monotonic() + seconds
    while (free := free_kib(machine)) < least and time.monotonic() < end:
        time.sleep(0.5)
    return free


def test_32_guests_at_once(boot, xen):
    machine = boot(xen=xen, memory="4G", dom0_image=TEST_IMAGE)
    domains = [machine.create("test_calm") for _ in range(32)]
    names = re.findall(r"^(test_calm\S*) +\d+ ", machine.command("xu list"), re.M)
    assert names == ["test_calm"] + [f"test_calm-{n}" for n in range(2, 33)]
    for domain in domains[::5]:
        machine.attach(domain)
        machine.expect("thread_a: Hello World")
        machine.expect("thread_b: Hello World")
        machine.detach()
    assert int(re.search(r"Free +: (\d+) KiB", machine.command("kernel memory"))[1]) > 8192
    for domain in domains:
        machine.command(f"xu destroy {domain}")
    assert re.findall(r"^(\S+) +\d+ ", machine.answer("xu list"), re.M) == ["Domain-0"]


@pytest.mark.long
def test_200_rounds_leave_nothing(boot):
    machine = boot(dom0_image=TEST_IMAGE, seconds=600)
    for _ in range(5):  # what Xen and Dom0 keep for the next time
        machine.command(f"xu destroy {machine.create('test_sync')}")
    time.sleep(1)
    free, before = free_kib(machine), leftovers(machine)
    for i in range(200):
        domain = machine.create("test_sync")
        if i % 20 == 0:
            machine.attach(domain)
            machine.expect("thread_a: Hello World")
            machine.detach()
        machine.command(f"xu destroy {domain}")
    assert leftovers(machine) == before
    assert settled_free_kib(machine, free - 128) >= free - 128  # Xen's own bookkeeping swings by some 30 pages


def cpu_time(machine, domain=0):
    """Seconds by Xen's own accounting."""
    line = re.search(rf"^\S+ +{domain} .* (\d+\.\d+)$", machine.command("xstat stat"), re.M)
    return float(line[1])


def test_an_idle_dom0_uses_no_cpu(boot):
    machine = boot(dom0_image=TEST_IMAGE, **counting())
    domain = machine.create("test_echo")
    start = cpu_time(machine)
    assert "has not come in time" in machine.command(f"xu wait {domain} store:nothing -t 20")
    # Two commands and their echoes are in it.
    assert cpu_time(machine) - start <= 0.4
    machine.command(f"xu destroy {domain}")
