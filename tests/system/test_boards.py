# SPDX-License-Identifier: Apache-2.0
"""The boards that QEMU emulates as they are: their SD controllers, the Raspberry Pi's GPIO, how they end."""

import hashlib
import os
import re
import socket
import subprocess

import pytest

from linux_guest import Linux
from machine import PATIENCE, TOP

BOARDS = ["rpi4", "zcu102"]
DMA = {"rpi4": "PIO", "zcu102": "ADMA2 of 64 bits"}
GPIO = "/machine/soc/peripherals/gpio"
LED = 42  # the green one of the Raspberry Pi 4
BIG_FILE = hashlib.shake_128(b"big").digest(1_000_001)  # no whole number of blocks


@pytest.fixture(params=BOARDS)
def board(request):
    return request.param


@pytest.fixture
def card(tmp_path, board):
    """The board's card, with little on it: as image/card makes it from a list."""
    (tmp_path / "hello.cfg").write_text('kernel = "sync.bin"\nmemory = 16\n')
    (tmp_path / "big").write_bytes(BIG_FILE)
    (tmp_path / "card.txt").write_text(
        "[boot 64M]\nbig big\n[dom0 64M]\nhello.cfg dom0/hello.cfg\nguests/sync.bin dom0/sync.bin\nbig dom0/big\n")
    subprocess.run([TOP / "image/card", tmp_path / "card.txt", tmp_path / "card.img", "--power-of-two",
                    "--from", tmp_path, "--from", TOP / "build" / board], check=True)
    return tmp_path / "card.img"


class Outputs:
    """Hears each change of a device's outgoing lines, through QEMU's qtest protocol."""

    def __init__(self):
        self.name = f"thin-dom0-qtest-{os.getpid()}-{id(self)}"
        self.arguments = ["-qtest", f"unix:{self.name},abstract=on,server=on,wait=off", "-qtest-log", "none",
                          "-accel", "tcg"]

    def listen(self, device):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(f"\0{self.name}")
        self.socket.sendall(f"irq_intercept_out {device}\n".encode())
        self.lines = self.socket.makefile()
        assert self.lines.readline() == "OK\n"

    def changes(self, line, number):
        """The next levels of a line."""
        levels = []
        while len(levels) < number:
            words = self.lines.readline().split()
            if words[0] == "IRQ" and int(words[2]) == line:
                levels.append({"raise": 1, "lower": 0}[words[1]])
        return levels


@pytest.mark.parametrize("board", [pytest.param("rpi4", marks=pytest.mark.quick), "zcu102"])
def test_card(boot, board, xen, card):
    machine = boot(board=board, xen=xen, card=card)
    controllers = re.findall(r"mmc\d+: SDSC card of 256 MB, \d+ kHz, ([^,]+),", machine.log.read_text(errors="replace"))
    assert controllers == [DMA[board]]
    assert re.findall(r"^ *(\d+) \S+ \S+ (\S+)$", machine.answer("fs ls /0:"), re.M) == [(str(len(BIG_FILE)), "big")]
    assert machine.answer("fs sum /1:/dom0/big") == f"{hashlib.sha256(BIG_FILE).hexdigest()}  /1:/dom0/big\n"
    machine.command("fs cp /1:/dom0/big /0:/copy")
    assert machine.answer("fs sum /0:/copy").split()[0] == hashlib.sha256(BIG_FILE).hexdigest()

    machine.attach(machine.create("hello"))
    machine.expect("thread_a: Hello World")
    machine.detach()
    assert machine.poweroff() == 0


def test_card_of_build_image(boot, tmp_path):
    """The ZCU102's whole card, to a Linux guest with a disk and a network from DomD. QEMU's machine has no U-Boot, so it is given
    Xen and Dom0 beside it."""
    subprocess.run([TOP / "build-image", "--machine", "zcu102", "--boot-size", "64M", "--dom0-size", "128M", "--output", tmp_path],
                   check=True, capture_output=True)
    machine = boot(board="zcu102", card=tmp_path / "full.img", cpus=1, xsm="dummy")
    assert {"boot.scr", "system.dtb", "thin-dom0.bin", "xen"} <= set(machine.answer("fs ls /0:").split())
    machine.attach(machine.create("threads"))
    machine.expect("thread_b: Hello World")
    machine.detach()
    Linux(machine, machine.create("domd"), "domd").wait_until_up()
    guest = Linux(machine, machine.create("linux_pv_domu"), "guest").wait_until_up()
    guest.run("until [ -b /dev/xvda ]; do usleep 100000; done; mount -t ext4 /dev/xvda /mnt")
    assert guest.run("cat /mnt/hello.txt") == "hello from DomD's disk\n"
    assert " 0% packet loss" in guest.run("ping -c 2 -W 10 192.168.0.1")
    assert machine.poweroff() == 0


def test_readme_domains_of_the_raspberry_pi(boot, xen):
    outputs = Outputs()
    machine = boot(board="rpi4", xen=xen, qemu=outputs.arguments)
    assert machine.answer("xu config_list").split() == ["rpi_4_domd", "rpi_4_domu", "helloworld_xen-arm64"]
    outputs.listen(GPIO)
    blinky = machine.create("rpi_4_domd")
    assert outputs.changes(LED, 3) == [1, 0, 1]
    machine.command(f"xu pause {blinky}")
    machine.command(f"xu unpause {blinky}")
    assert outputs.changes(LED, 1) == [0]

    machine.attach(machine.create("rpi_4_domu"))
    machine.expect("thread_b: Hello World")
    machine.detach()
    machine.attach(machine.create("helloworld_xen-arm64"))
    machine.expect("Hello world!")
    machine.detach()
    machine.start("kernel reboot")
    machine.prompt()


@pytest.mark.parametrize("cpus", [1, 4])
def test_cpus(boot, board, cpus):
    machine = boot(board=board, cpus=cpus, xen="4.20")
    assert f"/{cpus} " in machine.command("xstat stat")
    assert machine.poweroff() == 0
