# SPDX-License-Identifier: Apache-2.0
"""Devices of the machine that a domain is given, and gives back at its end."""

import re
import subprocess

import pytest

GPIO = "/pl061@9030000"  # SPI 7, interrupt 39


@pytest.fixture
def passthrough_tree(log_folder):
    """passthrough_tree(gic): the machine's device tree, with the GPIO controller marked for a domain: Xen then leaves its
    interrupt to whoever is given it, and not to Dom0."""
    def make(gic):
        tree = log_folder / "machine.dtb"
        # As ./run has it, but for the guest loader, which writes to the tree.
        subprocess.run(["qemu-system-aarch64", "-machine", f"virt,virtualization=on,gic-version={gic},dumpdtb={tree}",
                        "-cpu", "cortex-a72", "-smp", "2", "-m", "2048", "-nic", "none", "-display", "none"], check=True)
        subprocess.run(["fdtput", tree, GPIO, "xen,passthrough"], check=True)
        return ["-dtb", str(tree)]

    return make


def test_an_interrupt_is_for_one_domain(boot_test, passthrough_tree, xen, gic):
    machine = boot_test(xen=xen, gic=gic, qemu=passthrough_tree(gic))
    first = machine.create("test_irq")
    refused = machine.command("xu create test_irq")
    assert "interrupt 39" in refused and "another domain" in refused
    assert len(re.findall(r"^test_irq", machine.command("xu list"), re.M)) == 1
    machine.command(f"xu destroy {first}")
    second = machine.create("test_irq")
    assert machine.command(f"xu destroy {second}") == f"domain:{second} destroyed\n"


def test_an_interrupt_of_dom0_is_refused(boot_test):
    machine = boot_test()
    assert "xen,passthrough" in machine.command("xu create test_irq")
