# SPDX-License-Identifier: Apache-2.0
"""Configurations and images from a card, as one types them."""

import re

import pytest

from cards import GUESTS, LINUX, make_card
from test_bad_input import leftovers

CONFIGURATIONS = {
    "hello": 'kernel = "sync.bin"\nmemory = 16\n',
    "virt_domu": 'kernel = "sync.bin"\nmemory = 8\n',  # there is a built-in one of this name
    "wrong": 'kernel = "sync.bin"\nmemory = "lots"\n',
    "missing": 'kernel = "nothing.bin"\n',
    "scmi": 'kernel = "sync.bin"\nmemory = 8\narm_sci = "type=scmi_smc"\n',
    "kept": 'kernel = "sync.bin"\nmemory = 16\nconsole_log = "card"\n',
    "linux": 'kernel = "linux"\nramdisk = "initramfs.gz"\ncmdline = "console=hvc0"\nmemory = 256\n',
}


@pytest.fixture
def card(tmp_path):
    (tmp_path / "linux").symlink_to(LINUX)
    return make_card(tmp_path, CONFIGURATIONS, GUESTS / "sync.bin", GUESTS / "initramfs.gz", tmp_path / "linux")


@pytest.mark.quick
def test_guest_from_a_card(boot, xen, card):
    machine = boot(xen=xen, card=card)
    names = re.findall(r"^[a-z]\S*$", machine.command("xu config_list"), re.M)
    assert sorted(names) == sorted({"virt_domd", "helloworld_xen-arm64", *CONFIGURATIONS})

    domain = machine.create("hello")
    machine.attach(domain)
    machine.expect("thread_a: Hello World")
    machine.detach()
    assert machine.answer(f"xl config-update {domain} hello.cfg cmdline=console=hvc0") == ""
    assert '"cmdline": "console=hvc0"' in machine.command(f"xl list -l {domain}")
    assert "W: there is a built-in configuration 'virt_domu' as well; the file counts\n" in machine.command(
        "xu create virt_domu")
    assert re.search(r"^virt_domu +2 +8 ", machine.command("xu list"), re.M)


def test_what_is_wrong_is_said(boot, card):
    machine = boot(card=card)
    assert "hello.cfg: right, it is the configuration 'hello'\n" in machine.command("xu config_check hello.cfg")
    wrong = "wrong.cfg:2:10: "
    assert f"xu config_check: {wrong}" in machine.command("xu config_check wrong.cfg")
    assert f"xu create: {wrong}" in machine.command("xu create wrong")
    missing = r"xu create: /\w+:/dom0/nothing\.bin: there is no such file\n"
    assert re.fullmatch(missing, machine.answer("xu create missing"))
    assert "arm_sci: Xen 4.17 hands SCMI calls of Dom0 alone on to firmware" in machine.command("xu create scmi")
    assert machine.answer("xu create nobody").startswith("xu create: there is no configuration 'nobody'")
    assert re.findall(r"^(\S+) +\d+ ", machine.answer("xu list"), re.M) == ["Domain-0"]


def test_linux_from_a_card(boot, card):
    """A kernel more than twice as large as all of Dom0's memory; Ctrl-C leaves nothing of it."""
    machine = boot(cpus=1, card=card)
    machine.start("xu create linux")
    machine.expect(re.compile(r"kernel: \d+ %, \d+\.\d MB/s \(Ctrl-C stops\)"))
    machine.send("\x03")
    assert re.search(r"xu create: .*stopped", machine.prompt())
    assert re.findall(r"^(\S+) +\d+ ", machine.answer("xu list"), re.M) == ["Domain-0"]

    machine.attach(machine.create("linux"))
    machine.expect(re.compile(r"Linux version 6\.12"))
    machine.detach()


def test_ctrl_c_ends_a_long_load(boot, card):
    """A slow card: how far it is stands in one line, and Ctrl-C leaves everything as it was."""
    limit = "throttling.bps-read=4000000"
    machine = boot(qemu=["-drive", f"if=none,id=disk,format=raw,file={card},{limit}",
                         "-device", "virtio-blk-device,drive=disk"])
    machine.command("xu config_list")  # waits for the disk
    before = None
    for _ in range(3):  # once before, for what the first use of a thing keeps
        machine.start("xu create linux")
        machine.expect(re.compile(r"kernel: [1-9]\d? %, \d+\.\d MB/s \(Ctrl-C stops\)"))
        machine.send("\x03")
        assert re.search(r"xu create: .*stopped while loading the kernel", machine.prompt())
        left = leftovers(machine)
        assert before in (None, left)
        before = left
    assert re.findall(r"^(\S+) +\d+ ", machine.answer("xu list"), re.M) == ["Domain-0"]


def console_logs(card):
    """What the card has of domains' consoles, in the partition that holds them."""
    for number in range(2):
        if "console/" in card.names(number, "dom0"):
            return {name: card.read(number, f"dom0/console/{name}").decode() for name in card.names(number, "dom0/console")
                    if not name.endswith("/")}
    return {}


def test_console_is_kept(boot, card):
    machine = boot(card=card)
    machine.create("hello")  # whose console isn't
    machine.attach(machine.create("kept"))
    machine.expect("thread_a: Hello World")
    machine.detach()
    machine.command("xu destroy kept")
    machine.attach(machine.create("kept"))
    machine.expect("thread_b: Hello World")
    machine.detach()
    assert machine.poweroff() == 0
    kept = console_logs(card)
    assert kept.keys() == {"kept.log"}
    assert kept["kept.log"].count("thread_a: Hello World") >= 2
