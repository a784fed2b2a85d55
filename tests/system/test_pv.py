# SPDX-License-Identifier: Apache-2.0
"""PV devices: a Linux guest whose disks and network come from DomD, as configurations and `xu` ask for them."""

import os
import re
import subprocess

import pytest

from linux_guest import Linux
from machine import TOP, counting, virtio_disk
from test_bad_input import leftovers

GUESTS = TOP / "build/virt/guests"
KERNELS = "6.1", "6.12"
ROUNDS = int(os.environ.get("PV_ROUNDS", "2"))

pytestmark = pytest.mark.long

DOMD = """\
name = "DomD"
kernel = "vmlinuz-{kernel}"
ramdisk = "domd.gz"
cmdline = "console=hvc0 quiet"
memory = 256
"""
GUEST = """\
kernel = "vmlinuz-{kernel}"
ramdisk = "initramfs.gz"
cmdline = "console=hvc0 quiet ip=192.168.0.2"
memory = 192
vif = [ "backend=DomD,bridge=xenbr0" ]
disk = [ "backend=DomD,vdev=xvda,target=/disk.img" ]
"""


@pytest.fixture(scope="session")
def card(tmp_path_factory):
    """A card as the board's: its second partition has kernels, ramdisks, and a DomD and a guest for each kernel."""
    folder = tmp_path_factory.mktemp("card")
    lines = ["[boot 16M]", "[dom0 200M]", "domd.gz dom0/domd.gz", "initramfs.gz dom0/initramfs.gz"]
    for kernel in KERNELS:
        lines.append(f"linux/vmlinuz-{kernel} dom0/vmlinuz-{kernel}")
        for name, text in ("domd", DOMD), ("guest", GUEST):
            file = f"{name}_{kernel.replace('.', '_')}.cfg"
            (folder / file).write_text(text.format(kernel=kernel))
            lines.append(f"{file} dom0/{file}")
    (folder / "card.txt").write_text("\n".join(lines) + "\n")
    subprocess.run([TOP / "image/card", folder / "card.txt", folder / "card.img", "--power-of-two", "--from", folder,
                    "--from", GUESTS, "--from", TOP / "build/parts"], check=True)
    return folder / "card.img"


@pytest.fixture
def boot_pv(boot_test, card, tmp_path):
    def boot_machine(**options):
        copy = tmp_path / "card.img"
        subprocess.run(["cp", "--sparse=always", card, copy], check=True)
        qemu = [*virtio_disk(copy), *options.pop("qemu", [])]
        return boot_test(qemu=qemu, storage=True, seconds=1200, **{"cpus": 1, "xsm": "dummy", **options})

    return boot_machine


def create_domd(machine, kernel="6_12"):
    domain = machine.create(f"domd_{kernel}")
    domd = Linux(machine, domain, "domd").wait_until_up(240)
    assert domd.run("until pidof xenstore-watch; do usleep 100000; done")  # its program for devices is there
    return domd


def create_guest(machine, kernel="6_12"):
    domain = machine.create(f"guest_{kernel}", timeout=180)
    return Linux(machine, domain, "guest").wait_until_up(400)


def states(machine, guest, kind="block"):
    """{number: state of the frontend} of a guest's devices."""
    column = {"block": 3, "network": 4}[kind]
    lines = machine.answer(f"xu {kind}-list {guest.domain}").splitlines()[1:]
    return {int(line.split()[0]): int(line.split()[column]) for line in lines if line}


def wait_for_states(machine, guest, kind, expected, tries=120):
    for _ in range(tries):
        found = states(machine, guest, kind)
        if found == expected:
            return
        machine.skip(0.5)
    raise AssertionError(f"{found}, not {expected}")


def has_no_nodes(machine, domd, *guests):
    """Nothing of guests' devices is in the store, nor in DomD."""
    backends = machine.command(f"xs ls -f /local/domain/{domd.domain}/backend")
    assert "there is no such node" in backends, backends
    everything = machine.command("xs ls -f")
    for guest in guests:
        assert f"/{guest.domain}/" not in everything and f"/{guest.domain} " not in everything
    domd.run('until [ -z "$(ls /run/backends; losetup -a)" ]; do usleep 100000; done')
    assert "No such file" in domd.run("ls -d /sys/class/net/vif*", status=1)


def settled(machine):
    """What there is when the start is over: the task that looks for what starts by itself ends after the prompt."""
    before = None
    while before != (before := leftovers(machine)):
        machine.skip(0.5)
    return before


def test_domd_comes_back(boot_pv):
    """The guest is tried before there is a DomD. DomD is destroyed and created again while its guest runs: the guest gets
    its devices anew."""
    machine = boot_pv()
    before = settled(machine)
    machine.start("xu create guest_6_12")
    machine.expect("waiting for devices (Ctrl-C stops)")
    machine.send("\x03")
    assert "xu create: disk xvda: stopped while waiting for its backend's domain 'DomD'" in machine.prompt()
    assert leftovers(machine) == before

    domd = create_domd(machine)
    guest = create_guest(machine)
    guest.run("sha256sum </dev/xvda")
    machine.command(f"xu destroy {domd.domain}")
    assert "disk xvda has lost its backend" in machine.command("log")
    assert states(machine, guest) == {51712: -1}
    guest.run("while [ -e /sys/class/net/eth0 ] || [ -b /dev/xvda ]; do usleep 100000; done")
    assert guest.run("uname -s") == "Linux\n"

    domd = create_domd(machine)
    wait_for_states(machine, guest, "block", {51712: 4})
    wait_for_states(machine, guest, "network", {0: 4})
    assert "is offered again, by domain" in machine.command("log")
    guest.run("until [ -b /dev/xvda ]; do usleep 100000; done; mount -t ext4 /dev/xvda /mnt")
    assert guest.run("cat /mnt/hello.txt") == "hello from DomD's disk\n"
    guest.run("until [ -e /sys/class/net/eth0 ]; do usleep 100000; done; ip address replace 192.168.0.2/24 dev eth0; "
              "ip link set eth0 up")
    guest.run("until ping -c 1 -W 2 192.168.0.1; do sleep 1; done")
    guest.run("umount /mnt")
    machine.command(f"xu destroy {guest.domain}")
    has_no_nodes(machine, domd, guest)
    machine.command(f"xu destroy {domd.domain}")


def reboot(machine, guest):
    """The guest that comes in the place of this one."""
    machine.attach(guest.domain)
    machine.type("reboot -f\r")
    domain = machine.expect(re.compile(r"I: domain (\d+) \(guest_\w+\) has started in the place of domain"), 400)[1]
    machine.detach()
    return Linux(machine, int(domain), "guest").wait_until_up(400)


def test_rounds_leave_nothing(boot_pv):
    """The first guest reboots: it has the devices then that it had before, whatever its configuration says."""
    machine = boot_pv()
    domd = create_domd(machine)
    before = None
    for _ in range(ROUNDS):
        guest = create_guest(machine)
        assert states(machine, guest) == {51712: 4}
        assert guest.run("mount -t ext4 /dev/xvda /mnt && cat /mnt/hello.txt") == "hello from DomD's disk\n"
        former = guest
        if before is None:
            domd.run("truncate -s 2M /second.img")
            machine.command(f"xu block-attach {guest.domain} backend=DomD,vdev=xvdb,target=/second.img")
            machine.command(f"xu network-detach {guest.domain} 0")
            guest = reboot(machine, former)
            wait_for_states(machine, guest, "block", {51712: 4, 51728: 4})
            assert states(machine, guest, "network") == {}
            assert guest.run("cat /sys/block/xvdb/size; ls /sys/class/net") == "4096\nlo\n"
        machine.command(f"xu destroy {guest.domain}")
        has_no_nodes(machine, domd, former, guest)
        after = leftovers(machine), machine.command("xs ls -f")
        assert before in (None, after)
        before = after


def test_without_what_they_need(boot_pv):
    """Xen in SILO mode; no DomD. The clock skips the time in which Dom0 waits for it."""
    machine = boot_pv(xsm="silo", **counting())
    before = settled(machine)
    refusal = "PV devices: Xen runs in SILO mode, in which no domain can serve another: boot it with 'xsm=dummy'"
    assert refusal in machine.command("xu create guest_6_12")
    assert leftovers(machine) == before
    machine.close()  # a clock that skips keeps a CPU of the host busy

    machine = boot_pv(**counting())
    before = settled(machine)
    missing = "there is no domain 'DomD' with its backend, nor has one come in 60 s: create it first"
    assert missing in machine.command("xu create guest_6_12")
    assert leftovers(machine) == before
