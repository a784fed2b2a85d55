# SPDX-License-Identifier: Apache-2.0
"""DomD's drivers: what the Raspberry Pi 5's overlays give to it, and what shows up behind that, has a driver in the kernel that it
is started with or in its ramdisk. As the kernel and modprobe find it: by the names that devices and drivers have."""

import fnmatch
import pathlib
import re
import subprocess
import tomllib

import pytest

from test_root import cpio_names

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PARTS = TOP / "build/parts"
LIST = (TOP / "image/linux/domd.txt").read_text()
BOARD = tomllib.loads((TOP / "boards/rpi5/boot.toml").read_text())
RP1 = "/pcie@1000120000/pci@0,0/dev@0,0/pci-ep-bus@1"

CORE = {"simple-bus", "fixed-clock"}  # no driver's: the kernel's own, of which nothing says so
BEHIND = {
    "usb": ["platform:xhci-hcd", "scsi:t-0x00", "usb:v0951p1666d0110dc00dsc00dp00ic08isc06ip50in00",
            "usb:v0951p1666d0110dc00dsc00dp00ic08isc06ip62in00"],
    "nvme": ["pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02"],
    "sd": ["mmc:block"],
}


def fdtget(*arguments):
    return subprocess.run(["fdtget", *map(str, arguments)], check=True, capture_output=True, text=True).stdout.split()


def properties(tree, node):
    return {name: fdtget("-t", "x", tree, node, name) for name in fdtget("-p", tree, node)}


def nodes(tree, top):
    for name in fdtget("-l", tree, top):
        yield f"{top}/{name}"
        yield from nodes(tree, f"{top}/{name}")


def modalias(tree, node):
    """What the kernel calls the node's device; None where it makes none, or has the driver itself."""
    compatible = fdtget("-d", "", tree, node, "compatible")
    if not compatible or CORE & set(compatible):
        return None
    if pci := re.fullmatch("pci([0-9a-f]+),([0-9a-f]+)", compatible[0]):
        vendor, device = (int(number, 16) for number in pci.groups())
        return f"pci:v{vendor:08X}d{device:08X}sv00000000sd00000000bc02sc00i00"
    kind = "".join(fdtget("-d", "(null)", tree, node, "device_type"))
    return f"of:N{node.split('/')[-1].split('@')[0]}T{kind}" + "".join(f"C{word}" for word in compatible)


def drivers(folder, text=LIST):
    """The patterns of all drivers, of the kernel and the ramdisk, from the list's lines on modules."""
    kernel = BOARD["domd"]["kernel"]
    lines = [line for line in text.splitlines() if line.startswith("modules ") and kernel in line]
    (folder / "list.txt").write_text("\n".join(lines) + "\n")
    subprocess.run([TOP / "image/root", folder / "list.txt", folder / "modules.gz", "--from", PARTS], check=True)
    names = cpio_names(folder / "modules.gz")
    in_ramdisk = next(content for name, (_, content) in names.items() if name.endswith("/modules.alias")).decode()
    built_in = (PARTS / kernel.replace("vmlinuz", "builtin")).read_bytes().decode()
    return re.findall("^alias (.*) ", in_ramdisk, re.M) + re.findall(r"\.alias=([^\0]*)", built_in)


def without_driver(devices, patterns):
    return [device for device in devices if not any(fnmatch.fnmatchcase(device, pattern) for pattern in patterns)]


def devices_of(root, folder):
    tree = folder / "domd.dtb"
    overlays = [word for name in BOARD["domd"]["roots"][root]["overlays"] for word in ("--overlay", name)]
    subprocess.run([TOP / "image/boot", "domd", "rpi5", tree, *overlays], check=True)
    found = [modalias(tree, node) for node in nodes(tree, "/passthrough")]
    return [device for device in found if device] + BEHIND[root] + ["fs-ext4"]


@pytest.mark.quick
@pytest.mark.parametrize("root", BOARD["domd"]["roots"])
def test_each_device_has_a_driver(tmp_path, root):
    devices = devices_of(root, tmp_path)
    assert len(devices) > len(BEHIND[root]) + 1
    assert without_driver(devices, drivers(tmp_path)) == []


@pytest.mark.quick
@pytest.mark.parametrize("root, module, device", [
    ("usb", "irq-bcm2712-mip", "of:Nmsi-controllerT(null)Cbrcm,bcm2712-mip"), ("nvme", "nvme", "pci:v0000144D"), ("sd", "sdhci-brcmstb", "of:Nmmc")])
def test_a_driver_that_is_missing_is_noticed(tmp_path, root, module, device):
    text = re.sub(rf"(?<= ){re.escape(module)}\b(?!-)", "", LIST)
    assert [name[:len(device)] for name in without_driver(devices_of(root, tmp_path), drivers(tmp_path, text))] == [device]


@pytest.mark.quick
def test_rp1_is_as_the_kernels_tree_has_it(tmp_path):
    """What the overlay says of the RP1's parts: the same places, interrupts and clocks. The parts that it has not are I2C and
    cameras."""
    real, tree = PARTS / "trees/bcm2712-rpi-5-b-7.3.dtb", tmp_path / "domd.dtb"
    subprocess.run([TOP / "image/boot", "domd", "rpi5", tree, "--overlay", "usb"], check=True)
    ours, theirs = (fdtget("-l", file, top + RP1) for file, top in [(tree, "/passthrough"), (real, "/axi")])
    assert {name.split("@")[0] for name in set(theirs) - set(ours)} == {"i2c", "csi"} and set(ours) <= set(theirs)
    for name in ours:
        mine, other = (properties(file, f"{top}{RP1}/{name}") for file, top in [(tree, "/passthrough"), (real, "/axi")])
        for key in "compatible", "reg", "interrupts", "clock-names", "assigned-clock-rates", "phy-mode", "dr_mode":
            assert mine.get(key) == other.get(key), f"{name}: {key}"
        for key in "clocks", "assigned-clocks":  # the numbers behind the phandles
            assert [word for word in mine.get(key, [])[1::2]] == [word for word in other.get(key, [])[1::2]], f"{name}: {key}"
