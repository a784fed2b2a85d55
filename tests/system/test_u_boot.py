# SPDX-License-Identifier: Apache-2.0
"""U-Boot, which loads Xen and Dom0 from the card's boot partition, as on a board."""

import re
import subprocess

import pytest

from machine import TOP

BOOT_SECONDS = 240  # the Raspberry Pi's looks at much before the card, slowly


@pytest.mark.parametrize("board, xen, options", [
    ("virt", "4.17", ["--flask", "enforcing"]),
    ("virt", "4.20", []),
    ("rpi4", "4.20", ["--enable-wifi", "yes"]),
])
def test_u_boot(boot, tmp_path, board, xen, options):
    """From the card that ./build-image makes, to a guest of its second partition."""
    subprocess.run([TOP / "build-image", "--machine", board, "--xen", xen, "--boot-size", "32M", "--dom0-size", "128M",
                    "--output", tmp_path, *options], check=True)

    machine = boot(board=board, boot="u-boot", cpus=1, card=tmp_path / "full.img", wait=False)
    machine.expect("Loading Xen and Dom0 ...", BOOT_SECONDS)
    machine.expect(re.compile(r"Starting kernel \.\.\.\n"), BOOT_SECONDS)
    assert "Usage:" not in machine.before, "a line of the script is wrong"
    machine.await_storage(60)
    assert f"XEN version {xen}." in machine.command("xstat version")
    assert re.search(r"^Domain-0 +0 +16 ", machine.command("xu list"), re.M)
    if "--flask" in options:
        assert "enforcing" in machine.command("xu getenforce").lower()
    machine.attach(machine.create("threads"))
    machine.expect("thread_a: Hello World")
    machine.detach()
    assert machine.poweroff() == 0
