# SPDX-License-Identifier: Apache-2.0
"""U-Boot, which loads Xen and Dom0 from the card's boot partition, as on a board."""

import gzip
import os
import re
import subprocess
import zlib

import pytest

from linux_guest import Linux
from machine import TOP

BOOT_SECONDS = 240  # the Raspberry Pi's looks at much before the card, slowly


@pytest.mark.parametrize("board, xen, options", [
    ("virt", "4.17", ["--flask", "enforcing"]),
    ("virt", "4.17", ["--domd-start", "xen"]),
    ("virt", "4.20-static", ["--domd-root", "nvme"]),
    ("rpi4", "4.20-static", ["--enable-lan", "yes", "--enable-wifi", "yes"]),
])
def test_u_boot(boot, tmp_path, board, xen, options):
    """From the card that ./build-image makes, to a guest of its second partition; with a DomD that Xen starts, where no policy
    forbids it: once with its root on an NVMe disk behind its own PCI Express, which writes to its memory, and on the
    Raspberry Pi 4 with registers and tree of an Ethernet, though QEMU has none behind them."""
    with_domd = "--flask" not in options
    made = subprocess.run([TOP / "build-image", "--machine", board, "--xen", xen, "--boot-size", "96M", "--dom0-size", "128M",
                           "--output", tmp_path, *options], check=True, capture_output=True, text=True)
    assert ("Dom0 creates it" in made.stderr) == ("--flask" in options)

    disk = ["-drive", f"if=none,id=root,format=raw,file={tmp_path}/rootfs.img", "-device", "nvme,serial=1,drive=root"]
    machine = boot(board=board, boot="u-boot", cpus=1, card=tmp_path / "full.img", wait=False, qemu=disk if "nvme" in options else [])
    machine.expect("Loading Xen and Dom0 ...", BOOT_SECONDS)
    machine.expect(re.compile(r"Starting kernel \.\.\.\n"), BOOT_SECONDS)
    assert "Usage:" not in machine.before, "a line of the script is wrong"
    machine.await_storage()
    assert f"XEN version {xen.removesuffix('-static')}." in machine.command("xstat version")
    assert re.search(r"^Domain-0 +0 +16 ", machine.command("xu list"), re.M)
    if "--flask" in options:
        assert "enforcing" in machine.command("xu getenforce").lower()
    machine.attach(machine.create("threads"))
    machine.expect("thread_a: Hello World")
    machine.detach()
    if with_domd:
        assert "I: dom0less: attached 1 domain\n" in machine.command("log")
        assert re.search(r"^DomD +1 +256 +1 ", machine.command("xu list"), re.M)
        domd = Linux(machine, "DomD", "domd").wait_until_up(240)
        if "--enable-lan" in options:
            # QEMU answers the driver's first access with an abort, of which the kernel tells at length, and modprobe's end later.
            domd.run("until dmesg | grep -q 'end trace'; do usleep 100000; done; dmesg | grep -q bcmgenet_probe")
            assert "rgmii-rxid\0" in domd.run("cat /proc/device-tree/passthrough/ethernet@fd580000/phy-mode")
            assert "fd580000-fd58ffff : fd580000.ethernet" in domd.run("cat /proc/iomem")
        domd.run('test "$(xenstore-read name)" = DomD')
        assert ("/dev/nvme0n1 / ext4" in domd.run("cat /proc/mounts")) == ("nvme" in options)
    assert machine.poweroff() == 0


def fdtget(tree, node, name, kind):
    return subprocess.run(["fdtget", "-t", kind, tree, node, name], capture_output=True, text=True, check=True).stdout.strip()


def xen_with(option):
    """Debian's Xen, in whose list of what it was built with this stands, too."""
    image = (TOP / "build/parts/boot/xen-4.20").read_bytes()
    for found in re.finditer(rb"\x1f\x8b\x08", image):
        unpacker = zlib.decompressobj(wbits=31)
        try:
            text = unpacker.decompress(image[found.start():])
        except zlib.error:
            continue
        if b"# Xen/" in text:
            break
    size = len(image) - found.start() - len(unpacker.unused_data)
    text = re.sub(rb"^# CONFIG.*\n", b"", text, flags=re.M) + f"{option}=y\n".encode()
    return image[:found.start()] + gzip.compress(text, 9, mtime=0).ljust(size, b"\0") + unpacker.unused_data


def test_script_of_the_raspberry_pi_5(boot, tmp_path):
    """No machine of QEMU is one. Its card is in a Raspberry Pi 4, whose U-Boot it is as well, and is given the Pi 5's tree.
    DomD has the PCI Express of NVMe disks; its files are small here, since this card is read slowly."""
    parts, dom0, ramdisk, xen = tmp_path / "parts", TOP / "build/rpi5/thin-dom0.bin", tmp_path / "ramdisk", tmp_path / "xen"
    kernel = parts / "linux/vmlinuz-7.3"
    kernel.parent.mkdir(parents=True)
    for folder in "trees", "u-boot", "raspi-firmware":
        (parts / folder).symlink_to(TOP / "build/parts" / folder)
    kernel.write_bytes(os.urandom(100000))
    ramdisk.write_bytes(os.urandom(50000))
    xen.write_bytes(xen_with("CONFIG_STATIC_MEMORY"))
    subprocess.run([TOP / "image/boot", "files", "rpi5", tmp_path / "boot", "--parts", parts, "--xen", xen, "--dom0", dom0,
                    "--domd-start", "xen", "--domd-root", "nvme", "--domd-ramdisk", ramdisk, "--scmi", "0x82000010@0x3fd00000",
                    "--xen-args", "xsm=dummy loglvl=all"], check=True)
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
    assert "dtuart=serial10 sched_credit2_migrate_resist=0 xsm=dummy" in fdtget(tree, "/chosen", "xen,xen-bootargs", "s")
    assert fdtget(tree, "/", "compatible", "s").split()[0] == "raspberrypi,5-model-b"
    assert fdtget(tree, "/axi/pcie@1000110000", "reg", "x") == "10 110000 0 9310"  # of an overlay
    assert fdtget(tree, "/soc@107c000000/serial@7d001000", "reg", "x") == "7d001000 1000"
    assert memory(int(start, 16) + 64, 4096) != bytes(4096)
    assert fdtget(tree, "/chosen/DomD", "compatible", "s") == "xen,domain"
    assert fdtget(tree, "/chosen/DomD", "memory", "x") == "0 40000"
    assert fdtget(tree, "/chosen/DomD", "xen,static-mem", "x") == "0 40000000 0 10000000"
    assert "direct-map" in subprocess.run(["fdtget", "-p", tree, "/chosen/DomD"], capture_output=True, text=True, check=True).stdout
    assert fdtget(tree, "/firmware/scmi", "arm,smc-id", "x") == "82000010"
    assert fdtget(tree, "/scmi-shmem", "reg", "x") == "0 3fd00000 0 1000"
    modules = re.findall(r"fdt mknode (/chosen(?:/DomD)?) (module@([0-9a-f]+))", script)
    assert len(modules) == 4
    packed = tmp_path / "boot/domd-kernel"
    assert gzip.decompress(packed.read_bytes()) == kernel.read_bytes()
    for (path, name, address), file in zip(modules, [dom0, packed, ramdisk, tmp_path / "boot/domd.dtb"]):
        assert fdtget(tree, f"{path}/{name}", "reg", "x") == f"0 {address} 0 {file.stat().st_size:x}"
        assert memory(int(address, 16), file.stat().st_size) == file.read_bytes()
    assert "root=/dev/nvme0n1" in fdtget(tree, "/chosen/DomD/" + modules[1][1], "bootargs", "s")
