# SPDX-License-Identifier: Apache-2.0
"""Domains that Xen started itself, before Dom0: they get a store, a console and a name, and are domains like others."""

import re

import pytest

from machine import TOP

GUESTS = TOP / "build/virt-test/guests"
LINUX = TOP / "build/parts/linux"


def loads(*domains):
    """Options of a machine that starts these domains: "NAME=IMAGE,..."."""
    return [option for domain in domains for option in ("--dom0less", domain)]


@pytest.mark.quick
def test_domains_of_xens_boot(boot_test, xen, gic):
    machine = boot_test(xen=xen, gic=gic, run=loads(f"first={GUESTS}/echo.bin,memory=32", f"Domain-x={GUESTS}/sync.bin,plain,args=period=3600000",
                                                    f"third={GUESTS}/sync.bin,memory=16,args=period=50"))
    assert "I: dom0less: attached 2 domains" in machine.command("log")
    listed = machine.command("xu list")
    for line in r"first +1 +32 +1 ", r"Dom0less-2 +2 +64 ", r"third +3 +16 ":
        assert re.search("^" + line, listed, re.M), listed

    machine.attach("first")
    machine.expect("*** Booting Thin Dom0 guest echo")
    machine.send("hello\r")
    machine.expect("HELLO (6 bytes so far)")
    machine.detach()
    assert "has no console here" in machine.command("xu console 2")
    home = machine.command("xs ls -p /local/domain/1")
    assert 'name = "first"   (n0,r1)' in home and 'store = ""   (n0,r1)' in home and 'control = ""   (n0,r1)' in home
    uuid = re.search(r'vm = "/vm/([0-9a-f-]+)"', home)[1]
    assert machine.answer(f"xs read /vm/{uuid}/name") == "first\n"
    assert machine.answer("xs read /local/domain/3/memory/static-max") == "16384\n"

    assert machine.answer("xu pause third") == "domain:3 paused\n"
    assert re.search(r"^third .* -.p--- ", machine.command("xu list"), re.M)
    assert machine.answer("xu unpause third") == "domain:3 unpaused\n"
    machine.attach("third")
    machine.expect("thread_a: Hello World")
    machine.detach()
    assert machine.answer("xu rename 3 other") == ""
    for name in "other", "2":
        assert re.fullmatch(r"domain:\d destroyed\n", machine.answer(f"xu destroy {name}"))
    assert "/local/domain/3" not in machine.command("xs ls -f /")

    # One that ends stays: nobody can build it again. Others can be created beside it.
    machine.attach("first")
    machine.send("exit\r")
    assert "domain 1 (first) has powered off; 'xu destroy 1' gives its memory back" in machine.prompt()
    machine.create("test_sync")
    assert machine.answer("xu destroy first") == "domain:1 destroyed\n"
    assert re.findall(r"^(\S+) +\d+ ", machine.answer("xu list"), re.M) == ["Domain-0", "test_sync"]


@pytest.mark.parametrize("xen, linux", [("4.17", "6.12"), ("4.20", "6.1")])
def test_linux_of_xens_boot(boot_test, xen, linux):
    """Debian's Linux: its store and its console, which it has found late, as used from inside; asked to shut down."""
    machine = boot_test(xen=xen, cpus=1, run=loads(
        f"linux={LINUX}/vmlinuz-{linux},ramdisk={GUESTS}/initramfs.gz,memory=256,cpus=2,vpl011,args=console=hvc0 quiet"))
    assert "I: dom0less: attached 1 domain\n" in machine.command("log")
    machine.attach("linux")
    machine.expect("/ # ")
    machine.send("xenstore-read name domid; xenstore-ls /local/domain/1 | grep -c .\r")
    machine.expect(re.compile(r"linux\n1\n\d\d+\n"))
    machine.send("xenstore-write data/x fromlinux; echo do''ne\r")
    machine.expect("done\n")
    machine.detach()
    assert machine.answer("xs read /local/domain/1/data/x") == "fromlinux\n"
    assert "domain:1 has ended\n" in machine.command("xu shutdown linux -w")
    assert re.search(r"^linux +1 .* ---s-- ", machine.command("xu list"), re.M)
    assert machine.answer("xu destroy linux") == "domain:1 destroyed\n"
