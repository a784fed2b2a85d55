# SPDX-License-Identifier: Apache-2.0
"""Configurations and images from a card, as one types them."""

import re

import pytest

from cards import GUESTS, LINUX, Card

CONFIGURATIONS = {
    "hello": 'kernel = "sync.bin"\nmemory = 16\n',
    "virt_domu": 'kernel = "sync.bin"\nmemory = 8\n',  # there is a built-in one of this name
    "wrong": 'kernel = "sync.bin"\nmemory = "lots"\n',
    "missing": 'kernel = "nothing.bin"\n',
    "linux": 'kernel = "linux"\nramdisk = "initramfs.gz"\ncmdline = "console=hvc0"\nmemory = 256\n',
}


@pytest.fixture
def card(tmp_path):
    """A card with two FAT partitions, which are alike, so that it suits every choice of the build: a folder dom0 with the
    configurations, the kernels and a ramdisk."""
    files = [GUESTS / "sync.bin", GUESTS / "initramfs.gz", tmp_path / "linux"]
    (tmp_path / "linux").symlink_to(LINUX)
    for name, text in CONFIGURATIONS.items():
        files.append(tmp_path / f"{name}.cfg")
        files[-1].write_text(text)
    made = Card(tmp_path / "card.img")
    for number in range(2):
        made.put(number, *files)
    return made


@pytest.mark.quick
def test_guest_from_a_card(boot, xen, card):
    machine = boot(xen=xen, card=card)
    names = re.findall(r"^[a-z]\S*$", machine.command("xu config_list"), re.M)
    assert sorted(names) == sorted({"virt_domd", "helloworld_xen-arm64", *CONFIGURATIONS})

    domain = machine.create("hello")
    machine.attach(domain)
    machine.expect("thread_a: Hello World")
    machine.detach()
    assert "W: there is a built-in configuration 'virt_domu' as well; the file counts\n" in machine.command(
        "xu create virt_domu")
    assert re.search(r"^virt_domu +2 +8 ", machine.command("xu list"), re.M)


def test_what_is_wrong_is_said(boot, card):
    machine = boot(card=card)
    assert machine.command("xu config_check hello.cfg") == "hello.cfg: right, it is the configuration 'hello'\n"
    wrong = "wrong.cfg:2:10: "
    assert f"xu config_check: {wrong}" in machine.command("xu config_check wrong.cfg")
    assert f"xu create: {wrong}" in machine.command("xu create wrong")
    missing = r"xu create: /\w+:/dom0/nothing\.bin: there is no such file\n"
    assert re.fullmatch(missing, machine.command("xu create missing"))
    assert machine.command("xu create nobody").startswith("xu create: there is no configuration 'nobody'")
    assert re.findall(r"^(\S+) +\d+ ", machine.command("xu list"), re.M) == ["Domain-0"]


def test_linux_from_a_card(boot, card):
    """A kernel more than twice as large as all of Dom0's memory; Ctrl-C leaves nothing of it."""
    machine = boot(card=card)
    machine.start("xu create linux")
    machine.expect(re.compile(r"kernel: \d+ %, \d+\.\d MB/s \(Ctrl-C stops\)"))
    machine.send("\x03")
    assert re.search(r"xu create: .*stopped", machine.prompt())
    assert re.findall(r"^(\S+) +\d+ ", machine.command("xu list"), re.M) == ["Domain-0"]

    machine.attach(machine.create("linux", timeout=90))
    machine.expect(re.compile(r"Linux version 6\.12"), timeout=60)
    machine.detach()
