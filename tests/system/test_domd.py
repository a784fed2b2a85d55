# SPDX-License-Identifier: Apache-2.0
"""DomD, a Linux driver domain, and Linux guests whose disks and networks come from it. All tests of a Xen share one machine,
in one worker: they leave it as they found it."""

import re
import subprocess

import pytest

from linux_guest import Linux
from machine import PATIENCE, TOP, Machine, virtio_disk

CONFIGURATIONS = TOP / "image/guests"
GUESTS = TOP / "build/virt/guests"

pytestmark = pytest.mark.long


def make_card(folder, linux, labels=None, domd_linux=None):
    """The configurations of the board's card with this kernel, a second guest, and one that starts from its disk; DomD may
    have another kernel. `labels` are security labels for some of them."""
    kernels = {name: linux for name in ("linux_pv_domu", "second", "rooted")} | {"domd": domd_linux or linux}
    first = (CONFIGURATIONS / "linux_pv_domu.cfg").read_text()
    second = first.replace('"linux_pv_domu"', '"second"').replace("192.168.0.2", "192.168.0.3") \
        .replace("00:16:3e:00:00:02", "00:16:3e:00:00:03").replace("disk = [", "unused = [")
    rooted = first.replace('"linux_pv_domu"', '"rooted"').replace("192.168.0.2", "192.168.0.4 root=/dev/xvda") \
        .replace("00:16:3e:00:00:02", "00:16:3e:00:00:04").replace("/disk.img", "/root.img")
    configurations = {"domd": (CONFIGURATIONS / "domd.cfg").read_text(), "linux_pv_domu": first, "second": second,
                      "rooted": rooted}
    for name, label in (labels or {}).items():
        configurations[name] += f'seclabel = "{label}"\n'
    lines = ["[boot 16M]", "[dom0 200M]", "domd.gz dom0/domd.gz", "initramfs.gz dom0/initramfs.gz"]
    lines += [f"linux/vmlinuz-{kernel} dom0/vmlinuz-{kernel}" for kernel in sorted(set(kernels.values()))]
    for name, text in configurations.items():
        (folder / f"{name}.cfg").write_text(text.replace("vmlinuz-6.12", f"vmlinuz-{kernels[name]}"))
        lines.append(f"{name}.cfg dom0/{name}.cfg")
    (folder / "card.txt").write_text("\n".join(lines) + "\n")
    subprocess.run([TOP / "image/card", folder / "card.txt", folder / "card.img", "--power-of-two", "--from", folder,
                    "--from", GUESTS, "--from", TOP / "build/parts"], check=True)
    return folder / "card.img"


class Pair:
    def __init__(self, machine):
        self.machine = machine
        self.domd = Linux(machine, machine.create("domd", timeout=180), "domd").wait_until_up(300)
        self.guest = self.create("linux_pv_domu")

    def create(self, configuration, kind="guest"):
        return Linux(self.machine, self.machine.create(configuration, timeout=300), kind).wait_until_up(600)


# Each kernel with each at the other end.
@pytest.fixture(scope="module", params=[
    pytest.param(("4.17", 2, "6.12", "6.1"), id="4.17", marks=pytest.mark.xdist_group("domd 4.17")),
    pytest.param(("4.20", 3, "6.1", "6.12"), id="4.20", marks=pytest.mark.xdist_group("domd 4.20"))])
def pair(request, shared_log_folder, tmp_path_factory):
    xen, gic, domd_linux, linux = request.param
    card = make_card(tmp_path_factory.mktemp("card"), linux, domd_linux=domd_linux)
    disk = virtio_disk(card)
    with Machine(shared_log_folder, xen=xen, gic=gic, cpus=1, xsm="dummy", qemu=disk, storage=True, seconds=3000) as machine:
        pair = Pair(machine)
        pair.xen = xen
        assert pair.domd.run("uname -r").startswith(domd_linux + ".")
        assert pair.guest.run("uname -r").startswith(linux + ".")
        yield pair


def checksum(linux, file, timeout=PATIENCE):
    return linux.run(f"sha256sum <{file}", timeout).split()[0]


def test_disk_contents(pair):
    """What the guest writes is what DomD's file holds, byte by byte."""
    assert checksum(pair.guest, "/dev/xvda") == checksum(pair.domd, "/disk.img")
    pair.guest.run("mount -t ext4 /dev/xvda /mnt")
    assert pair.guest.run("cat /mnt/hello.txt") == "hello from DomD's disk\n"
    pair.guest.run("dd if=/dev/urandom of=/mnt/data bs=1M count=4 2>/dev/null; umount /mnt")
    assert checksum(pair.guest, "/dev/xvda") == checksum(pair.domd, "/disk.img")


def test_ping(pair):
    assert " 0% packet loss" in pair.guest.run("ping -c 2 -W 10 192.168.0.1")
    assert " 0% packet loss" in pair.domd.run("ping -c 2 -W 10 192.168.0.2")


@pytest.mark.parametrize("to_domd", [True, False], ids=["to DomD", "to the guest"])
def test_network_data(pair, to_domd):
    """100 MB once, in four pieces, since the sender's memory has no room for all of it; otherwise 2 MB, more than a thousand
    packets. The way to DomD is the slower one: it maps what it is sent, page by page."""
    megabytes, times = (25, 4) if pair.xen == "4.17" and not to_domd else (2, 1)
    sender, receiver = (pair.guest, pair.domd) if to_domd else (pair.domd, pair.guest)
    address = "192.168.0.2" if to_domd else "192.168.0.1"
    sender.run(f"dd if=/dev/urandom of=/tmp/data bs=1M count={megabytes} 2>/dev/null; httpd -p 8000 -h /tmp")
    got = receiver.run(f"for i in $(seq {times}); do wget -q -O - http://{address}:8000/data | sha256sum; done", 1200)
    assert got.split() == [checksum(sender, "/tmp/data"), "-"] * times
    sender.run("kill $(pidof httpd); rm /tmp/data")


def test_disk_at_run_time(pair):
    machine, guest, domd = pair.machine, pair.guest, pair.domd
    domd.run("dd if=/dev/urandom of=/second.img bs=1M count=2 2>/dev/null")
    machine.command(f"xu block-attach {guest.domain} backend=DomD,vdev=xvdb,access=ro,target=/second.img")
    guest.run("until [ -b /dev/xvdb ]; do usleep 100000; done")
    assert checksum(guest, "/dev/xvdb") == checksum(domd, "/second.img")
    assert guest.run("cat /sys/block/xvdb/ro") == "1\n"
    machine.command(f"xu block-detach {guest.domain} xvdb")
    guest.run("while [ -b /dev/xvdb ]; do usleep 100000; done")
    domd.run("while losetup | grep second; do usleep 100000; done; rm /second.img; ls /run/backends/vbd-*-51728", status=1)


def test_network_at_run_time(pair):
    machine, guest, domd = pair.machine, pair.guest, pair.domd
    domd.run("ip link add xenbr1 type bridge; ip address add 10.0.0.1/24 dev xenbr1; ip link set xenbr1 up")
    machine.command(f"xu network-attach {guest.domain} backend=DomD,bridge=xenbr1,vifname=extra,mtu=1400")
    guest.run("until [ -e /sys/class/net/eth1 ]; do usleep 100000; done")
    guest.run("ip address add 10.0.0.2/24 dev eth1; ip link set eth1 up")
    guest.run("until ping -c 1 -W 5 10.0.0.1 >/dev/null; do :; done")
    assert domd.run("cat /sys/class/net/extra/mtu; ls /sys/class/net/xenbr1/brif") == "1400\nextra\n"
    machine.command(f"xu network-detach {guest.domain} 1")
    domd.run("while [ -e /sys/class/net/extra ]; do usleep 100000; done; ip link delete xenbr1")


def test_disk_goes_while_it_is_used(pair):
    """Linux gives a disk up though it is mounted, with an open file, and takes it again."""
    machine, guest, domd = pair.machine, pair.guest, pair.domd
    domd.run("truncate -s 8M /used.img && mke2fs -F /used.img >/dev/null")
    attach = f"xu block-attach {guest.domain} /used.img,raw,xvde,w,backend=DomD"
    for _ in range(2):
        assert "xu block-attach: " not in machine.command(attach)
        guest.run("until [ -b /dev/xvde ]; do usleep 100000; done; mount -t ext4 /dev/xvde /mnt")
        guest.run("echo kept >/mnt/file; sync; exec 3</mnt/file; cat /mnt/file")
        assert "xu block-attach: domain" in machine.command(attach)  # there is one
        assert "xu block-detach: " not in machine.command(f"xu block-detach {guest.domain} xvde")
        guest.run("while [ -b /dev/xvde ]; do usleep 100000; done")
        guest.run("dd if=/dev/zero of=/mnt/other bs=64k count=1 conv=fsync 2>/dev/null", status=1)
        guest.run("exec 3<&-; umount /mnt")
    domd.run("while losetup | grep used; do usleep 100000; done; rm /used.img")


def test_network_goes_while_it_is_used(pair):
    """By its MAC; the other device goes on."""
    machine, guest, mac = pair.machine, pair.guest, "00:16:3e:11:22:33"
    machine.command(f"xu network-attach {guest.domain} backend=DomD mac={mac}")
    assert mac in machine.command(f"xu network-list {guest.domain}")
    guest.run("until [ -e /sys/class/net/eth1 ]; do usleep 100000; done; cat /sys/class/net/eth1/address | grep -q " + mac)
    guest.run("ip address add 192.168.0.20/24 dev eth1; ip link set eth1 up; (ping -i 0.2 -I eth1 192.168.0.1 >/dev/null 2>&1 &)")
    assert "xu network-detach: " not in machine.command(f"xu network-detach {guest.domain} {mac.upper()}")
    guest.run("while [ -e /sys/class/net/eth1 ]; do usleep 100000; done; kill $(pidof ping); true")
    assert mac not in machine.command(f"xu network-list {guest.domain}")
    assert " 0% packet loss" in guest.run("ping -c 2 -W 10 192.168.0.1")


@pytest.mark.parametrize("options, reason", [
    ("vdev=xvdc,target=/nothing.img", "there is no file /nothing.img"),
    ("vdev=xvdc,target=/disk.img", "/disk.img is used by vbd-"),
    ("vdev=xvdc,script=mine,target=/disk.img", "there is no script /etc/xen/scripts/mine"),
], ids=["no file", "used", "no script"])
def test_what_cannot_be_attached(pair, options, reason):
    """What DomD says is told, and nothing is left."""
    machine, guest = pair.machine, pair.guest
    output = machine.command(f"xu block-attach {guest.domain} backend=DomD,{options}")
    assert re.search(rf"disk xvdc: domain {pair.domd.domain} \(DomD\) refuses it: {reason}", output), output
    assert "51744" not in machine.command(f"xu block-list {guest.domain}") + machine.command("xs ls -f")
    pair.domd.run("while ls /run/backends | grep 51744; do usleep 100000; done")
    guest.run("while ls /dev/xvdc 2>/dev/null; do usleep 100000; done")


def test_backends_start_again(pair):
    """The daemon may die: what it gave stays given, and what comes then is served."""
    pair.domd.run("kill -KILL $(cat /run/backends.pid); rm /run/backends.pid; "
                  "until [ -e /run/backends.pid ]; do usleep 100000; done")
    assert " 0% packet loss" in pair.guest.run("ping -c 2 -W 10 192.168.0.1")
    test_disk_at_run_time(pair)


def test_two_guests_talk(pair):
    second = pair.create("second")
    assert " 0% packet loss" in second.run("ping -c 2 -W 10 192.168.0.2")
    assert " 0% packet loss" in pair.guest.run("ping -c 2 -W 10 192.168.0.3")
    assert pair.machine.answer(f"xu destroy {second.domain}") == f"domain:{second.domain} destroyed\n"
    pair.domd.run(f"while ls -d /sys/class/net/vif{second.domain}.0 2>/dev/null; do usleep 100000; done")


def test_a_guest_starts_from_its_disk(pair):
    """Its root file system is a copy of DomD's own."""
    pair.domd.run("truncate -s 40M /root.img && mke2fs -F /root.img >/dev/null")
    pair.domd.run("mount -t ext4 -o loop /root.img /mnt")
    pair.domd.run("tar c -C / bin etc init lib sbin usr | tar x -C /mnt; umount /mnt", 180)
    rooted = pair.create("rooted", "domd")
    assert re.search(r"^/dev/xvda / ", rooted.run("cat /proc/mounts"), re.M)
    assert pair.machine.answer(f"xu destroy {rooted.domain}") == f"domain:{rooted.domain} destroyed\n"
    pair.domd.run("while losetup | grep root.img; do usleep 100000; done; rm /root.img")


def test_container(pair):
    assert pair.domd.run("crun run -b /containers/hello hello") == "hello from a container: process 1 on hello\n"
    # Limits reach the kernel; the container lives on its own, and can be looked into.
    pair.domd.run("mkdir -p /tmp/bundle/rootfs; sed 's|\"args\": .*|\"args\": [\"/bin/busybox\", \"sleep\", \"1000\"],|' "
                  "/containers/hello/config.json >/tmp/bundle/config.json")
    pair.domd.run("crun create -b /tmp/bundle sleeper </dev/null >/dev/null 2>&1 && crun start sleeper")
    assert pair.domd.run("cat /sys/fs/cgroup/sleeper/memory.max /sys/fs/cgroup/sleeper/pids.max") == "33554432\n16\n"
    assert pair.domd.run("crun exec sleeper /bin/busybox hostname") == "hello\n"
    pair.domd.run("crun kill sleeper KILL; until crun delete sleeper 2>/dev/null; do usleep 100000; done; rm -r /tmp/bundle")
    assert pair.domd.run("crun list -q") == ""


def test_everything_is_given_back(pair):
    """A guest that is destroyed leaves nothing in DomD. The last test: the guest is gone."""
    assert pair.machine.answer(f"xu destroy {pair.guest.domain}") == f"domain:{pair.guest.domain} destroyed\n"
    pair.domd.run("while ls -A /run/backends | grep v || losetup | grep . || ls -d /sys/class/net/vif*; do usleep 100000; "
                  "done 2>/dev/null")
    assert "No such file" in pair.domd.run("xenstore-ls backend 2>&1", status=None)


def test_demo(log_folder):
    """What a newcomer sees, without a terminal: it ends by itself."""
    result = subprocess.run([TOP / "run", "--demo", "--no-build", "--log", log_folder / "console.log"],
                            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=1200)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    assert "hello from DomD's disk" in result.stdout and " 0% packet loss" in result.stdout
