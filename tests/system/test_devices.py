# SPDX-License-Identifier: Apache-2.0
"""Devices of the machine that a domain is given, and gives back at its end."""

import re
import subprocess

from machine import TEST_IMAGE, qemu_command

GPIO = "/pl061@9030000"  # SPI 7, interrupt 39


def passthrough_tree(folder, **options):
    """QEMU's arguments for the machine's device tree with the GPIO controller marked for a domain: Xen then leaves its
    interrupt to whoever is given it, and not to Dom0."""
    tree = folder / "machine.dtb"
    subprocess.run(qemu_command(["-machine", f"dumpdtb={tree}"], card="none", **options), check=True, stdin=subprocess.DEVNULL)
    subprocess.run(["fdtput", tree, GPIO, "xen,passthrough"], check=True)
    return ["-dtb", str(tree)]


def test_an_interrupt_is_for_one_domain(boot, log_folder, xen, gic):
    options = {"xen": xen, "gic": gic, "dom0_image": TEST_IMAGE}
    machine = boot(qemu=passthrough_tree(log_folder, **options), **options)
    first = machine.create("test_irq")
    refused = machine.command("xu create test_irq")
    assert "interrupt 39" in refused and "another domain" in refused
    assert len(re.findall(r"^test_irq", machine.answer("xu list"), re.M)) == 1
    machine.command(f"xu destroy {first}")
    second = machine.create("test_irq")
    assert machine.answer(f"xu destroy {second}") == f"domain:{second} destroyed\n"


def test_an_interrupt_of_dom0_is_refused(boot_test):
    machine = boot_test()
    assert "xen,passthrough" in machine.command("xu create test_irq")


def owner(machine, device):
    listed = machine.command("xu dev-list")
    return re.search(rf"^0x\w+ +(\S+) +{re.escape(device)}$", listed, re.M)[1]


def test_a_device_by_its_node(boot, log_folder, xen):
    """Registers and interrupts are the host's node's; nobody else is given it meanwhile."""
    options = {"xen": xen, "dom0_image": TEST_IMAGE}
    machine = boot(qemu=passthrough_tree(log_folder, **options), **options)
    assert owner(machine, GPIO) == "-" and owner(machine, "/pl031@9010000") == "Domain-0"
    first = machine.create("test_node")
    assert owner(machine, GPIO) == "test_node"
    assert f"device {GPIO}: the domain 'test_node' has it" in machine.command("xu create test_node")
    assert "interrupt 39" in machine.command("xu create test_irq")
    assert "doesn't mediate the TEE" in machine.command("xu create bad_tee")
    machine.command(f"xu destroy {first}")
    assert owner(machine, GPIO) == "-"
    machine.create("test_node")


def test_a_node_that_dom0_has(boot_test):
    machine = boot_test()
    assert owner(machine, GPIO) == "Domain-0"
    assert "xen,passthrough" in machine.command("xu create test_node")
