# SPDX-License-Identifier: Apache-2.0
"""A DomD that Xen started before Dom0, and a guest that it serves, and that reboots. The tests of a machine share it, in their
order."""

import re

import pytest

from linux_guest import Linux
from machine import TOP, Machine

GUESTS = TOP / "build/virt/guests"
PARTS = TOP / "build/parts/linux"
LINUX_IMAGE = TOP / "build/virt-linux/thin-dom0.bin"  # with src/dom_cfg/virt_linux.c

pytestmark = pytest.mark.long


class House:
    """DomD as domain 1, and a guest whose configuration names it by this number."""

    def __init__(self, machine, kernel):
        self.machine, self.kernel = machine, kernel
        self.domd = Linux(machine, "DomD", "domd").wait_until_up(240)
        self.guest = self.up(machine.create(f"small_pv_{kernel}"))

    def up(self, domain):
        return Linux(self.machine, domain, "guest").wait_until_up(300)

    def states(self, kind="block"):
        """{number: state of the frontend} of the guest's devices."""
        column = {"block": 3, "network": 4}[kind]
        lines = self.machine.answer(f"xu {kind}-list {self.guest.domain}").splitlines()[1:]
        return {int(words[0]): int(words[column]) for line in lines if (words := line.split()) and words[0].isdigit()}

    def do(self, line):
        """A command that has nothing to say."""
        assert self.machine.answer(line, 150) == ""

    def await_devices(self, domain):
        for device in "vbd/51712", "vif/0":
            self.do(f"xu wait {domain} store:device/{device}/state=4 -t 120")

    def are_used(self, network=True):
        """The guest's devices do what they are for."""
        self.guest.run("until [ -b /dev/xvda ]; do usleep 100000; done; mount -t ext4 /dev/xvda /mnt")
        assert self.guest.run("cat /mnt/hello.txt") == "hello from DomD's disk\n"
        self.guest.run("umount /mnt")
        if network:
            assert " 0% packet loss" in self.guest.run("ping -c 2 -W 10 192.168.0.1")
            assert " 0% packet loss" in self.domd.run("ping -c 2 -W 10 192.168.0.2")

    def has_nothing_of(self, *domains):
        """Neither the store nor DomD have anything of these domains, which are gone."""
        everything = self.machine.answer("xs ls -f")
        for domain in domains:
            assert not re.search(rf"/{domain}(/| )", everything, re.M), everything
            self.domd.run(f"while ls /run/backends | grep -e -{domain}-; do usleep 100000; done")
            self.domd.run(f"ls -d /sys/class/net/vif{domain}.* /sys/bus/xen-backend/devices/*-{domain}-*", status=1)


@pytest.fixture(scope="module", params=[
    pytest.param(("4.17", "6.12", "6_1"), id="4.17", marks=pytest.mark.xdist_group("pv 4.17")),
    pytest.param(("4.20", "6.1", "6_12"), id="4.20", marks=pytest.mark.xdist_group("pv 4.20"))])
def house(request, shared_log_folder):
    xen, domd, guest = request.param
    start = (f"DomD={PARTS}/vmlinuz-{domd},ramdisk={GUESTS}/domd.gz,memory=256,vpl011,"
             "args=console=hvc0 quiet")
    with Machine(shared_log_folder, xen=xen, cpus=1, xsm="dummy", dom0_image=LINUX_IMAGE, dom0_memory="128M",
                 run=["--dom0less", start], seconds=2400) as machine:
        yield House(machine, guest)


def test_a_domd_of_xens_boot_serves(house):
    """By its number, and by its name, which it has from the tree that Xen was given."""
    machine, guest, domd = house.machine, house.guest, house.domd
    assert "I: dom0less: attached 1 domain\n" in machine.command("log")
    assert re.search(r"^DomD +1 +25\d ", machine.command("xu list"), re.M)
    house.await_devices(guest.domain)
    assert house.states() == {51712: 4} and house.states("network") == {0: 4}
    house.are_used()
    domd.run("dd if=/dev/urandom of=/more.img bs=64k count=16 2>/dev/null")
    house.do(f"xu block-attach {guest.domain} backend=DomD vdev=xvdb access=r target=/more.img")
    house.do(f"xu wait {guest.domain} store:device/vbd/51728/state=4 -t 120")
    guest.run("until [ -b /dev/xvdb ]; do usleep 100000; done")
    assert guest.run("sha256sum </dev/xvdb") == domd.run("sha256sum </more.img")
    house.do(f"xu block-detach {guest.domain} xvdb")
    domd.run("while losetup -a | grep more; do usleep 100000; done; rm /more.img")
    assert house.states() == {51712: 4}


def test_a_guest_reboots(house):
    """From inside: it finds its devices again, and on its disk what it wrote before."""
    machine, former = house.machine, house.guest.domain
    house.guest.run("mount -t ext4 /dev/xvda /mnt; echo kept >/mnt/kept; umount /mnt")
    machine.attach(former)
    machine.send("reboot\r")
    machine.expect(f"has started in the place of domain {former}", 180)
    machine.expect("/ # ", 300)
    machine.detach()
    house.guest = Linux(machine, former + 1, "guest")
    house.await_devices(former + 1)
    house.are_used()
    assert house.guest.run("mount -t ext4 /dev/xvda /mnt; cat /mnt/kept; rm /mnt/kept; umount /mnt") == "kept\n"
    house.has_nothing_of(former)
