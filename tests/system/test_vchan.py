# SPDX-License-Identifier: Apache-2.0
"""Channels: both ends in Dom0; and programs of Debian's libxenvchan at the other end, its vchan-socket-proxy and
tests/linux/vchan-data.c. One of the two Xens enforces the security policy."""

import re
import subprocess

import pytest

from linux_guest import Linux
from machine import TOP, Machine, virtio_disk

MUCH, LITTLE = 100, 5  # MB: much of it once through each kind of server

pytestmark = pytest.mark.long


def listed(machine, channel):
    """State, bytes received and sent of a channel."""
    found = re.search(rf"^{channel} .* (waiting|open|closed|broken|ended) +(\d+) +(\d+)", machine.command("vchan list"), re.M)
    return found[1], int(found[2]), int(found[3])


def await_closed(machine, channel):
    """The message of a peer's end may come at any moment, and then stands in the middle of another command's output."""
    for _ in range(100):
        if re.search(rf"^{channel} .* closed ", machine.command("vchan list"), re.M):
            break
    machine.skip(0.2)
    assert "the other domain has closed its end" in machine.command(f"vchan read {channel}")
    machine.command(f"vchan close {channel}")


def test_both_ends_in_dom0(boot):
    machine = boot()
    assert machine.answer("vchan start") == "Echo server opened at /local/domain/0/echo\n"
    assert "started already, as vchan 1" in machine.command("vchan start 0")
    for _ in range(2):
        assert machine.answer("vchan connect 0 /local/domain/0/echo").startswith("vchan 2: connected")
        machine.command("vchan write 2 hello vchan")
        assert machine.answer("vchan read 2") == "hello vchan\n"
        assert "vchan 1: domain 0 has closed its end" in machine.command("vchan close 2")
    machine.command("vchan stop")
    assert "no server at /local/domain/0/echo" in machine.command("vchan connect 0 /local/domain/0/echo")
    machine.command("vchan open 0 /local/domain/0/big -s 262144")
    machine.command("vchan connect 0 /local/domain/0/big")
    machine.command("vchan write 2 abc")
    assert machine.answer("vchan read 1") == "abc\n"
    machine.start("vchan read 1")
    machine.send("\x03")
    machine.prompt()
    machine.command("vchan close 1")
    machine.command("vchan close 2")
    assert machine.answer("vchan list").count("\n") == 1
    assert "echo" not in machine.command("xs ls /local/domain/0")


@pytest.fixture(scope="module", params=[
    pytest.param(("4.17", 2, "6.12", MUCH, LITTLE, {}), id="linux6.12", marks=pytest.mark.xdist_group("vchan 4.17")),
    pytest.param(("4.20", 3, "6.1", LITTLE, MUCH, {"flask": "enforcing"}), id="linux6.1-flask",
                 marks=pytest.mark.xdist_group("vchan 4.20"))])
def guest(request, shared_log_folder, tmp_path_factory):
    """A Linux guest that has these programs; and how much goes through a server in Dom0, and through one in Linux."""
    xen, gic, linux, to_dom0, to_linux, options = request.param
    folder = tmp_path_factory.mktemp("card")
    (folder / "linux.cfg").write_text('name = "linux"\nkernel = "vmlinuz"\nramdisk = "initramfs.gz"\n'
                                      'cmdline = "console=hvc0 quiet ip=none"\nmemory = 256\nvcpus = 1\n')
    (folder / "card.txt").write_text(f"[boot 16M]\n[dom0 120M]\nlinux/vmlinuz-{linux} dom0/vmlinuz\n"
                                     "initramfs.gz dom0/initramfs.gz\nlinux.cfg dom0/linux.cfg\n")
    subprocess.run([TOP / "image/card", folder / "card.txt", folder / "card.img", "--power-of-two", "--from", folder,
                    "--from", TOP / "build/virt/guests", "--from", TOP / "build/parts"], check=True)
    disk = virtio_disk(folder / "card.img")
    with Machine(shared_log_folder, xen=xen, gic=gic, cpus=1, qemu=disk, storage=True, seconds=1200, **options) as machine:
        guest = create(machine)
        guest.to_dom0, guest.to_linux = to_dom0, to_linux
        yield guest


def create(machine):
    guest = Linux(machine, machine.create("linux", timeout=180), "guest").wait_until_up(300)
    guest.run("modprobe -a xen-evtchn xen-gntdev xen-gntalloc xen-privcmd; mkdir -p /tmp")
    return guest


def same(output):
    """Whether the checksums are that vchan-data prints of what it has sent and of what has come back."""
    found = re.search(r"sent (\w{16}), received (\w{16})", output)
    return found[1] == found[2]


def test_data_to_a_server_in_dom0_and_back(guest):
    machine, domain = guest.machine, guest.domain
    path = f"/local/domain/{domain}/data/echo"
    machine.command(f"vchan open {domain} {path} -e -s 262144")
    for megabytes in guest.to_dom0, 1:  # one client after another
        assert same(guest.run(f"vchan-data client 0 {path} {megabytes}", 300))
    assert listed(machine, 1)[1:] == (guest.to_dom0 + 1 << 20,) * 2
    machine.command("vchan close 1")


def test_data_to_a_server_in_linux_and_back(guest):
    machine, domain = guest.machine, guest.domain
    guest.run(f"vchan-data server 0 data/stream {guest.to_linux} >/tmp/sums & "
              "until xenstore-exists data/stream/event-channel; do usleep 100000; done")
    machine.command(f"vchan connect {domain} /local/domain/{domain}/data/stream -e")
    assert same(guest.run("wait; cat /tmp/sums", 300))
    state = listed(machine, 1)
    machine.command("vchan close 1")
    assert state == ("closed", guest.to_linux << 20, guest.to_linux << 20)


def test_text_each_way(guest):
    machine, domain = guest.machine, guest.domain
    path = f"/local/domain/{domain}/data/text"
    machine.command(f"vchan open {domain} {path}")
    guest.run(f"(echo from Linux; until grep -q Dom0 /tmp/text; do usleep 100000; done) | "
              f"vchan-socket-proxy 0 {path} - >/tmp/text & true")
    assert machine.answer("vchan read 1") == "from Linux\n"
    machine.command("vchan write 1 from Dom0")
    guest.run("wait; grep 'from Dom0' /tmp/text")
    await_closed(machine, 1)


def test_peers_that_die(guest):
    """A program that is killed, then its whole domain, in the middle of both kinds of channels. The last test: the guest is
    gone."""
    machine, domain = guest.machine, guest.domain
    machine.command("log clear")
    machine.command(f"vchan open {domain} /local/domain/{domain}/data/one")
    guest.run(f"(echo here; sleep 100) | vchan-socket-proxy 0 /local/domain/{domain}/data/one - >/tmp/one & "
              f"until pidof vchan-socket-proxy; do usleep 100000; done")
    assert machine.answer("vchan read 1") == "here\n"
    guest.run("kill -KILL $(pidof vchan-socket-proxy)")
    await_closed(machine, 1)
    machine.command(f"vchan start {domain}")
    guest.run(f"cat /dev/zero | vchan-socket-proxy 0 /local/domain/{domain}/echo - >/dev/null & "
              "sleep 100 | vchan-socket-proxy -m server 0 data/two - >/dev/null & "
              "until xenstore-exists data/two/event-channel; do usleep 100000; done")
    machine.command(f"vchan connect {domain} /local/domain/{domain}/data/two")
    assert listed(machine, 1)[0] == listed(machine, 2)[0] == "open"
    assert f"domain:{domain} destroyed" in machine.command(f"xu destroy {domain}")
    assert listed(machine, 1)[0] == listed(machine, 2)[0] == "ended"
    log = machine.command("log")
    assert all(f"vchan {id}: domain {domain} has ended, and the channel with it" in log for id in (1, 2))
    machine.command("vchan stop")
    machine.command("vchan close 2")
    assert f"Domain-{domain}" not in machine.command("xu list") and "linux" not in machine.command("xu list")
    assert "Foreign frames : 1 mapped" in machine.command("kernel memory")
