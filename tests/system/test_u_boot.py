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


def fdtget(tree, node, name, kind):
    return subprocess.run(["fdtget", "-t", kind, tree, node, name], capture_output=True, text=True, check=True).stdout.strip()


def test_script_of_the_raspberry_pi_5(boot, tmp_path):
    """No machine of QEMU is one. Its card is in a Raspberry Pi 4, whose U-Boot it is as well, and is given the Pi 5's tree."""
    xen, dom0, policy = (TOP / "build" / name for name in ("parts/boot/xen-4.20", "rpi5/thin-dom0.bin", "rpi5/policy.bin"))
    subprocess.run([TOP / "image/boot", "files", "rpi5", tmp_path / "boot", "--xen", xen, "--dom0", dom0, "--policy", policy,
                    "--overlay", "pcie1", "--xen-args", "xsm=flask loglvl=all"], check=True)
    files = [path.name for path in (tmp_path / "boot").iterdir() if path.suffix not in (".elf", ".dat")]
    (tmp_path / "card.txt").write_text("[boot 62M]\n" + "".join(f"boot/{name} {name}\n" for name in files))
    subprocess.run([TOP / "image/card", tmp_path / "card.txt", tmp_path / "card.img", "--power-of-two"], check=True)

    machine = boot(board="rpi4", boot="u-boot", cpus=1, card=tmp_path / "card.img", wait=False)
    machine.expect("Hit any key", BOOT_SECONDS)
    machine.console.send("\r")
    machine.expect("U-Boot> ", BOOT_SECONDS)
    for line in ["load mmc 0:1 0x20000000 bcm2712-rpi-5-b.dtb", "setenv fdtcontroladdr 0x20000000",
                 "setenv devtype mmc; setenv devnum 0; setenv distro_bootpart 1", "load mmc 0:1 ${scriptaddr} boot.scr"]:
        machine.console.send(line + "\r")
        machine.expect("U-Boot> ", BOOT_SECONDS)
    machine.console.send("source ${scriptaddr}\r")
    machine.expect(re.compile(r"Starting kernel \.\.\.\n"), BOOT_SECONDS)
    assert not re.search("Usage:|Unknown command|ERROR|failed", machine.before)

    script = (tmp_path / "boot/boot.scr").read_bytes().decode(errors="replace")
    start, place = re.search(r"booti (0x[0-9a-f]+) - (0x[0-9a-f]+)", script).groups()

    def memory(address, size):
        file = tmp_path / "memory"
        machine.monitor().command("pmemsave", val=address, size=size, filename=str(file))
        return file.read_bytes()

    tree = tmp_path / "tree.dtb"
    tree.write_bytes(memory(int(place, 16), 1 << 20))
    assert "dtuart=serial10 xsm=flask" in fdtget(tree, "/chosen", "xen,xen-bootargs", "s")
    assert fdtget(tree, "/", "compatible", "s").split()[0] == "raspberrypi,5-model-b"
    assert fdtget(tree, "/axi/pcie@1000110000", "reg", "x") == "10 110000 0 9310"  # of an overlay
    assert fdtget(tree, "/soc@107c000000/serial@7d001000", "reg", "x") == "7d001000 1000"
    assert memory(int(start, 16) + 64, 4096) != bytes(4096)
    modules = re.findall(r"fdt mknode /chosen (module@([0-9a-f]+))", script)
    assert len(modules) == 2
    for (name, address), file in zip(modules, [dom0, policy]):
        assert fdtget(tree, f"/chosen/{name}", "reg", "x") == f"0 {address} 0 {file.stat().st_size:x}"
        assert memory(int(address, 16), file.stat().st_size) == file.read_bytes()
