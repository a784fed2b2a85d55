# SPDX-License-Identifier: Apache-2.0
"""U-Boot, which loads Xen and Dom0 from the card's boot partition, as on a board."""

import re
import subprocess

import pytest

from machine import TOP

BOOT_SECONDS = 240  # the Raspberry Pi's looks at much before the card, slowly


@pytest.mark.parametrize("board, xen", [("virt", "4.17"), ("virt", "4.20"), ("rpi4", "4.20")])
def test_u_boot(boot, tmp_path, board, xen):
    subprocess.run([TOP / "image/boot", "files", board, tmp_path / "boot", "--xen", TOP / f"build/parts/boot/xen-{xen}",
                    "--dom0", TOP / f"build/{board}/thin-dom0.bin", "--dom0-args", "from-the-card"], check=True)
    (tmp_path / "hello.cfg").write_text('kernel = "sync.bin"\nmemory = 16\n')
    files = "".join(f"boot/{file.name} {file.name}\n" for file in (tmp_path / "boot").iterdir())
    (tmp_path / "card.txt").write_text(
        f"[boot 64M]\n{files}[dom0 64M]\nhello.cfg dom0/hello.cfg\nguests/sync.bin dom0/sync.bin\n")
    subprocess.run([TOP / "image/card", tmp_path / "card.txt", tmp_path / "card.img", "--power-of-two",
                    "--from", tmp_path, "--from", TOP / "build" / board], check=True)

    machine = boot(board=board, boot="u-boot", cpus=1, card=tmp_path / "card.img", wait=False)
    machine.expect("Loading Xen and Dom0 ...", BOOT_SECONDS)
    machine.expect(re.compile(r"Starting kernel \.\.\.\n"), BOOT_SECONDS)
    assert "Usage:" not in machine.before, "a line of the script is wrong"
    machine.await_storage(60)
    assert f"XEN version {xen}." in machine.command("xstat version")
    assert re.search(r"^Domain-0 +0 +16 ", machine.command("xu list"), re.M)
    machine.attach(machine.create("hello"))
    machine.expect("thread_a: Hello World")
    machine.detach()
    assert machine.poweroff() == 0
