# SPDX-License-Identifier: Apache-2.0
"""Start and end of the machine, on every supported combination."""

import re

import pytest


@pytest.mark.quick
def test_boot(boot, xen, gic):
    machine = boot(xen=xen, gic=gic)
    assert re.search(r"^Thin Dom0 v\d+\.\d+\.\d+", machine.command("kernel version"), re.M)
    assert machine.poweroff() == 0


def test_reboot(machine):
    machine.start("kernel reboot")
    machine.expect("*** Booting Thin Dom0")
    machine.prompt()
    assert machine.poweroff() == 0


@pytest.mark.parametrize("options", [
    {"memory": "512M", "cpus": 1},
    {"memory": "8G", "cpus": 8},
    {"dom0_memory": "128M", "memory": "1G"},
], ids=["small", "large", "large-dom0"])
def test_sizes_of_machine(boot, options):
    machine = boot(**options)
    assert machine.poweroff() == 0
