# SPDX-License-Identifier: Apache-2.0
"""PV devices while domains come and go: a DomD that Xen started before Dom0; guests that reboot, and many one after the
other; a DomD that is destroyed while it serves. The tests of a machine share it, in their order."""

import os
import re

import pytest

from linux_guest import Linux
from machine import TOP, Machine, counting
from test_bad_input import leftovers

GUESTS = TOP / "build/virt/guests"
PARTS = TOP / "build/parts/linux"
LINUX_IMAGE = TOP / "build/virt-linux/thin-dom0.bin"  # with src/dom_cfg/virt_linux.c
ROUNDS = int(os.environ.get("PV_ROUNDS", "6"))


class House:
    """DomD as domain 1, and a guest whose configuration names it by this number."""

    def __init__(self, machine, kernel):
        self.machine, self.kernel = machine, kernel
        self.domd = Linux(machine, "DomD", "domd").wait_until_up(240)
        self.guest = self.up(machine.create(f"small_pv_{kernel}", 60))

    def up(self, domain):
        return Linux(self.machine, domain, "guest").wait_until_up(300)

    def states(self, kind="block"):
        """{number: state of the frontend} of the guest's devices."""
        column = {"block": 3, "network": 4}[kind]
        lines = self.machine.command(f"xu {kind}-list {self.guest.domain}").splitlines()[1:]
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
        everything = self.machine.answer("xs ls -f", 120)
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
    with Machine(shared_log_folder, xen=xen, xsm="dummy", dom0_image=LINUX_IMAGE, dom0_memory="128M",
                 run=["--dom0less", start], seconds=2400, **counting()) as machine:
        yield House(machine, guest)


def test_a_domd_of_xens_boot_serves(house):
    """By its number, and by its name, which it has from the tree that Xen was given."""
    machine, guest, domd = house.machine, house.guest, house.domd
    assert "I: dom0less: attached 1 domain\n" in machine.command("log")
    assert re.search(r"^DomD +1 +256 ", machine.command("xu list"), re.M)
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


def test_many_guests_leave_nothing(house):
    """Each is destroyed as soon as its devices are connected."""
    machine, domd = house.machine, house.domd
    machine.command(f"xu destroy {house.guest.domain}", 120)
    house.has_nothing_of(house.guest.domain)
    before = None
    for _ in range(ROUNDS):
        domain = machine.create(f"small_pv_{house.kernel}", 60)
        house.await_devices(domain)
        machine.command(f"xu destroy {domain}", 120)
        domd.run(f"while ls /run/backends | grep -e -{domain}-; do usleep 100000; done")
        inside = domd.run("losetup -a; ls /run/backends /sys/class/net /sys/bus/xen-backend/devices; "
                          "grep -c xen-dyn /proc/interrupts; xenstore-ls backend 2>&1", status=None)
        figures, domains = leftovers(machine)
        after = figures, re.findall(r"^\S+ +\d+", domains, re.M), machine.answer("xs ls -f", 120), inside
        assert before in (None, after)
        before = after
    house.guest = house.up(machine.create(f"small_pv_{house.kernel}", 60))
    house.are_used()


def test_domd_is_destroyed_while_it_serves(house):
    """A guest has its disk mounted, and a file open; it lives on, and has its devices again when DomD is there again, though
    its configuration names it by a number that it hasn't any more."""
    machine, guest = house.machine, house.guest
    guest.run("mount -t ext4 /dev/xvda /mnt; dd if=/dev/zero of=/mnt/busy bs=64k count=16 conv=fsync 2>/dev/null; "
              "exec 3</mnt/busy; (ping -i 0.2 192.168.0.1 >/dev/null 2>&1 &)")
    assert "domain:1 destroyed\n" in machine.command("xu destroy DomD", 180)
    assert "disk xvda has lost its backend, domain 1 (DomD)" in machine.command("log")
    assert house.states() == {51712: -1} and house.states("network") == {0: -1}
    guest.run("while [ -e /sys/class/net/eth0 ] || [ -b /dev/xvda ]; do usleep 100000; done; kill $(pidof ping); true", 120)
    guest.run("dd if=/dev/zero of=/mnt/other bs=64k count=1 conv=fsync 2>/dev/null", status=1)
    guest.run("exec 3<&-; umount /mnt")

    house.domd = Linux(machine, machine.create("domd", 60), "domd").wait_until_up(240)
    house.await_devices(guest.domain)
    said = machine.command("log")
    assert f"disk xvda is offered again, by domain {house.domd.domain} (DomD)" in said
    guest.run("until [ -e /sys/class/net/eth0 ]; do usleep 100000; done; ip address replace 192.168.0.2/24 dev eth0; "
              "ip link set eth0 up; until ping -c 1 -W 2 192.168.0.1; do sleep 1; done", 120)
    house.are_used()
    machine.command(f"xu destroy {guest.domain}", 120)
    house.has_nothing_of(guest.domain)
    assert "destroyed" in machine.command("xu destroy DomD", 120)
    assert "/backend" not in machine.command("xs ls -f", 60)


def settled(machine):
    """What there is when the start is over: the task that looks for what starts by itself ends after the prompt."""
    before = None
    while before != (before := leftovers(machine)):
        machine.skip(0.5)
    return before


def test_without_what_they_need(boot):
    """Xen in SILO mode; no DomD; Ctrl-C."""
    machine = boot(dom0_image=LINUX_IMAGE, dom0_memory="128M")
    before = settled(machine)
    refusal = "PV devices: Xen runs in SILO mode, in which no domain can serve another: boot it with 'xsm=dummy'"
    assert refusal in machine.command("xu create linux_pv_domu")
    assert leftovers(machine) == before

    machine = boot(dom0_image=LINUX_IMAGE, dom0_memory="128M", xsm="dummy")
    before = settled(machine)
    machine.start("xu create linux_pv_domu")
    machine.expect("waiting for devices (Ctrl-C stops)")
    machine.send("\x03")
    assert "xu create: disk xvda: stopped while waiting for its backend's domain '1'" in machine.prompt()
    assert leftovers(machine) == before
    missing = "there is no domain '1' with its backend, nor has one come in 60 s: create it first"
    assert missing in machine.command("xu create linux_pv_domu", timeout=120)
    assert leftovers(machine) == before
