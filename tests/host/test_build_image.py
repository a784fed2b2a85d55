# SPDX-License-Identifier: Apache-2.0
"""./build-image: what it makes for a board that nothing emulates, twice the same, and what it says to wrong options."""

import fcntl
import gzip
import hashlib
import os
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "MTOOLSRC": "/dev/null"}
OPTIONS = {"machine", "domd-root", "domd-start", "enable-lan", "enable-scmi", "enable-wifi", "flask", "xen", "boot-size", "dom0-size", "output"}
FIRMWARE = {"bootcode.bin", "start.elf", "start4.elf", "fixup.dat", "fixup4.dat", "config.txt", "cmdline.txt", "u-boot.bin"}
OVERLAYS = {f"{name}{part}.dtbo" for name in ("mmc", "usb", "pcie1") for part in ("", "-passthrough")} | {"xen.dtbo", "scmi.dtbo", "scmi-passthrough.dtbo"}
CONFIGURATIONS = {"rpi_5_domd", "rpi_5_domu", "helloworld_xen-arm64", "linux_pv_domu", "domd"}


def build_image(*options):
    return subprocess.run([TOP / "build-image", *map(str, options)], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL)


def mtools(*command):
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=True).stdout


def names(image, offset, folder):
    listed = mtools("mdir", "-b", "-i", f"{image}@@{offset}M", f"::{folder}").decode().split()
    return {name.removeprefix("::/").removeprefix(folder.lstrip("/")).lstrip("/") for name in listed}


@pytest.mark.long
def test_rpi5(tmp_path):
    made = []
    for name in "first", "second":
        result = build_image("--machine", "rpi5", "--boot-size", "64M", "--dom0-size", "160M", "--xen=4.20",
                             "--domd-root", "sd", "--enable-wifi", "yes", "--enable-scmi", "0x82000010@0x3fd00000", "--flask", "permissive",
                             "--output", tmp_path / name)
        assert result.returncode == 0, result.stderr
        files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (tmp_path / name).iterdir()}
        made.append(files)
    assert made[0] == made[1]
    assert set(made[0]) == {f"{name}.img{suffix}" for name in ("full", "rootfs") for suffix in ("", ".gz", ".bmap")}
    assert "build-image: note: Xen doesn't start DomD" in result.stderr and "FLASK" in result.stderr
    assert "bmaptool copy" in result.stdout and "/dev/" not in result.stdout
    for name in "full.img", "rootfs.img":
        image = tmp_path / "first" / name
        assert hashlib.sha256(gzip.decompress(image.with_suffix(".img.gz").read_bytes())).hexdigest() == made[0][name]

    image = tmp_path / "first/full.img"
    assert FIRMWARE | OVERLAYS | {"boot.scr", "xen", "xenpolicy", "thin-dom0.bin", "bcm2712-rpi-5-b.dtb"} <= names(image, 1, "")
    assert {f"{name}.cfg" for name in CONFIGURATIONS} <= names(image, 65, "/dom0")
    assert mtools("mtype", "-i", f"{image}@@1M", "::thin-dom0.bin") == (TOP / "build/rpi5/thin-dom0.bin").read_bytes()
    script = mtools("mtype", "-i", f"{image}@@1M", "::boot.scr").decode(errors="replace")
    assert "xsm=flask flask=permissive" in script and '"xen,xsm-policy"' in script
    assert re.findall(r"(\S+)\.dtbo", script) == ["xen", "scmi"]
    assert "scmi-smc-passthrough" in script and "arm,smc-id <0x82000010>" in script
    with open(image, "rb") as card, open(tmp_path / "first/rootfs.img", "rb") as root:
        card.seek((1 + 64 + 160) << 20)
        assert card.read(4 << 20) == root.read(4 << 20)
    listed = subprocess.run(["debugfs", "-R", "ls -p /lib/firmware/brcm", tmp_path / "first/rootfs.img"], env=ENVIRONMENT,
                            capture_output=True, text=True, check=True).stdout
    assert "/brcmfmac43455-sdio.bin/" in listed


@pytest.mark.quick
def test_help():
    text, config = build_image("--help").stdout, build_image("--help-config").stdout
    assert max(map(len, (text + config).splitlines())) <= 80
    for option in OPTIONS:
        assert f"--{option} " in text and f"--{option} " in config
    assert len(re.findall(r"^  --", config, re.M)) == len(OPTIONS)
    assert config.count("(default: ") == len(OPTIONS) - 1 and config.count("(must be given)") == 1


@pytest.mark.quick
@pytest.mark.parametrize("options, said", [
    ([], "--machine says for which board: --machine rpi5, rpi4, zcu102, virt."),
    (["--machine", "rpi3"], "--machine takes rpi5, rpi4, zcu102, virt, not 'rpi3'"),
    (["--machine", "rpi5|rpi4"], "--machine takes"),
    (["--machine"], "--machine wants a value"),
    (["--machine", "rpi5", "--domd-root", "tape"], "--domd-root takes usb, nvme, sd, initrd, not 'tape'"),
    (["--machine", "virt", "--domd-root", "sd"], "the machine virt has no disk 'sd'"),
    (["--machine", "rpi5", "--domd-start", "grub"], "--domd-start takes auto, xen, dom0, not 'grub'"),
    (["--machine", "rpi5", "--xen", "4.99"], "there is no file '4.99'"),
    (["--machine", "rpi5", "--enable-scmi", "yes"], "Xen 4.17 hands nothing on"),
    (["--machine", "rpi4", "--xen", "4.20", "--enable-scmi", "yes"], "only for rpi5"),
    (["--machine", "rpi5", "--xen", "4.20", "--enable-scmi", "0x82000010@17"], "--enable-scmi takes yes, no or ID@ADDRESS"),
    (["--machine", "zcu102", "--enable-wifi", "yes"], "has no radio"),
    (["--machine", "zcu102", "--enable-lan", "yes"], "no network of the machine zcu102 can be given to DomD"),
    (["--machine", "rpi5", "--enable-lan", "yes", "--domd-start", "dom0"], "only a DomD that Xen starts can have the board's network"),
    (["--machine", "virt", "--enable-lan", "yes", "--flask", "permissive"], "can't with --flask"),
    (["--machine", "virt", "--boot-size", "big"], "--boot-size takes a size such as 64M or 1G, not 'big'"),
    (["--machine", "virt", "--boot-size", "1"], "--boot-size takes a size such as 64M or 1G, not '1'"),
    (["--machine", "virt", "--dom0-size", "65G"], "--dom0-size is at most 64G, not '65G'"),
    (["--machine", "virt", "--xen", TOP / "README.md"], "README.md is no image of Xen for Arm64"),
    (["--machine", "virt", "--xen", "/dev"], "there is no file '/dev'"),
    (["--machine", "virt", "--output", "/proc/x"], "--output: the folder /proc/x can't be made"),
    (["--machine", "virt", "--output", TOP / "README.md"], "README.md can't be made (File exists); name another one."),
    (["--machine", "virt", "--output", "/proc"], "--output: nothing can be written in /proc"),
    (["--machine", "virt", "--output="], "--output wants a value"),
    (["--help=all"], "--help takes no value"),
    (["--", "x"], "there is no option '--'"),
    (["--colour", "red"], "there is no option '--colour'"),
    (["machine"], "there is no option 'machine'"),
])
def test_refused(options, said):
    result = build_image(*options)
    assert result.returncode == 2 and said in result.stderr
    assert re.fullmatch(r"build-image: [^\n]*\n", result.stderr)


@pytest.mark.quick
def test_two_at_once(tmp_path):
    """The second does nothing, as long as the first has the folder."""
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    result = build_image("--machine", "virt", "--output", tmp_path)
    os.close(folder)
    assert result.returncode == 2 and "another ./build-image writes to" in result.stderr
    assert not list(tmp_path.iterdir())


def test_too_small_a_partition(tmp_path):
    result = build_image("--machine", "rpi5", "--dom0-size", "16M", "--xen", "4.20", "--enable-scmi", "yes",
                         "--output", tmp_path / "new/folder")
    assert "the Raspberry Pi 5's firmware has no SCMI" in result.stderr
    assert result.returncode == 1 and "\nbuild-image: Make it larger: --dom0-size " in result.stderr
    assert not list(tmp_path.iterdir())
