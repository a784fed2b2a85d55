# SPDX-License-Identifier: Apache-2.0
"""Configurations and images from a card: behind an SD controller, and on a virtio disk."""

import re
import subprocess

import pytest

from machine import TOP

GUESTS = TOP / "build/virt/guests"
CONFIGURATIONS = {
    "hello": 'kernel = "sync.bin"\nmemory = 16\n',
    "virt_domu": 'kernel = "sync.bin"\nmemory = 8\n',  # there is a built-in one of this name
    "wrong": 'kernel = "sync.bin"\nmemory = "lots"\n',
    "missing": 'kernel = "nothing.bin"\n',
    "linux": 'kernel = "linux"\nramdisk = "initramfs.gz"\ncmdline = "console=hvc0"\nmemory = 256\n',
}


PARTITIONS = 1, 101  # where they begin, MiB; each has 100


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture
def card(tmp_path):
    """A card with a GPT and two FAT partitions, which are alike, so that it suits every choice of the build: a folder
    dom0 with the configurations, the kernels and a ramdisk."""
    image = tmp_path / "card.img"
    with open(image, "wb") as file:
        file.truncate(256 << 20)
    files = [GUESTS / "sync.bin", GUESTS / "initramfs.gz"]
    for name, text in CONFIGURATIONS.items():
        files.append(tmp_path / f"{name}.cfg")
        files[-1].write_text(text)
    for start in PARTITIONS:
        run("/usr/sbin/sgdisk", "-n", f"0:{start}M:+100M", "-t", "0:0700", image)
    for start in PARTITIONS:
        place = f"{image}@@{start}M"
        run("/usr/sbin/mkfs.vfat", "--offset", str(start * 2048), "-F", "32", image, str(100 << 10))
        run("mmd", "-i", place, "::dom0")
        run("mcopy", "-i", place, *files, "::dom0/")
        run("mcopy", "-i", place, TOP / "build/parts/linux/vmlinuz-6.12", "::dom0/linux")
    return image


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


def test_virtio_disk(boot, card):
    machine = boot(qemu=["-drive", f"if=none,id=disk,format=raw,file={card}", "-device", "virtio-blk-device,drive=disk"])
    machine.attach(machine.create("hello"))
    machine.expect("thread_a: Hello World")
    machine.detach()


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
