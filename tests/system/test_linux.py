# SPDX-License-Identifier: Apache-2.0
"""Debian's own Linux kernels as guests: large images with a ramdisk, several CPUs, a shell on the PV console."""

import pathlib
import re

import pytest

from test_bad_input import leftovers

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
LINUX_IMAGE = TOP / "build/virt-linux/thin-dom0.bin"  # with src/dom_cfg/virt_linux.c


# The other two pairs of a Xen and a GIC, with the other kernels, are in test_xenstore.py.
@pytest.mark.parametrize("xen, gic, linux", [("4.17", 3, "6_1"), ("4.20", 2, "6_12")])
def test_linux_boots_to_a_shell(boot, xen, gic, linux):
    machine = boot(xen=xen, gic=gic, cpus=1, dom0_image=LINUX_IMAGE, dom0_memory="128M")
    domain = machine.create(f"linux_{linux}")
    machine.attach(domain)
    found = machine.expect(re.compile(r"Linux guest: (\S+), (\d+) CPUs, (\d+) MB"))
    assert found[1].startswith(linux.replace("_", ".") + ".") and found[2] == "2" and int(found[3]) > 180
    machine.expect("/ # ")
    machine.send("cat /proc/device-tree/hypervisor/compatible\r")
    machine.expect(re.compile(r"xen,xen-4\.\d+.?xen,xen"))
    machine.expect("/ # ")
    machine.send("dmesg | grep random:\r")
    machine.expect(re.compile(r"\[ +0\.000000\] random: crng init done"))  # from the tree's rng-seed, before Linux has a clock
    machine.expect("/ # ")
    machine.send("poweroff -f\r")
    assert "Detached from console" in machine.prompt()
    machine.becomes("xu list", rf"(?!.*^linux_{linux} )")


def test_ctrl_c_stops_a_long_creation(boot):
    machine = boot(cpus=1, dom0_image=LINUX_IMAGE, dom0_memory="128M")
    machine.command("kernel version")
    before = leftovers(machine)
    machine.start("xu create linux_6_12")
    machine.expect("DTB will be placed")
    machine.send("\x03")
    assert re.search(r"xu create: .*stopped", machine.prompt())
    assert leftovers(machine) == before
    machine.create("linux_6_12")


def test_pv_guest_linked_in(boot):
    """DomD, and the guest that it serves, are in this image too."""
    machine = boot(cpus=1, dom0_image=LINUX_IMAGE, dom0_memory="128M")
    assert "DomD" in machine.command("xu config domd")
    text = machine.command("xu config linux_pv_domu")
    assert "xvda" in text and "/disk.img" in text and "bridge=xenbr0" in text
