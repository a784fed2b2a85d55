# SPDX-License-Identifier: Apache-2.0
"""DomD's drivers: what the Raspberry Pis' overlays give to it, and what shows up behind that, has a driver in the kernel that it
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
DOMD = {board: tomllib.loads((TOP / f"boards/{board}/boot.toml").read_text())["domd"] for board in ("rpi4", "rpi5")}
KERNEL = DOMD["rpi5"]["kernel"]
DEVICES = [(board, name) for board, domd in DOMD.items() for name in [*domd.get("roots", {}), "lan"]]
RP1 = "/pcie@1000120000/pci@0,0/dev@0,0/pci-ep-bus@1"

CORE = {"simple-bus", "fixed-clock"}  # no driver's: the kernel's own, of which nothing says so
BEHIND = {
    "usb": ["platform:xhci-hcd", "scsi:t-0x00", "usb:v0951p1666d0110dc00dsc00dp00ic08isc06ip50in00",
            "usb:v0951p1666d0110dc00dsc00dp00ic08isc06ip62in00"],
    "nvme": ["pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02"],
    "sd": ["mmc:block"],
    "lan": ["mdio:01100000000011011000010010101010"],  # BCM54213PE
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
    lines = [line for line in text.splitlines() if line.startswith("modules ") and KERNEL in line]
    (folder / "list.txt").write_text("\n".join(lines) + "\n")
    subprocess.run([TOP / "image/root", folder / "list.txt", folder / "modules.gz", "--from", PARTS], check=True)
    names = cpio_names(folder / "modules.gz")
    in_ramdisk = next(content for name, (_, content) in names.items() if name.endswith("/modules.alias")).decode()
    built_in = (PARTS / KERNEL.replace("vmlinuz", "builtin")).read_bytes().decode()
    return re.findall("^alias (.*) ", in_ramdisk, re.M) + re.findall(r"\.alias=([^\0]*)", built_in)


def without_driver(devices, patterns):
    return [device for device in devices if not any(fnmatch.fnmatchcase(device, pattern) for pattern in patterns)]


def devices_of(board, name, folder):
    tree = folder / "domd.dtb"
    given = DOMD[board]["lan"] if name == "lan" else DOMD[board]["roots"][name]
    overlays = [word for overlay in given["overlays"] for word in ("--overlay", overlay)]
    subprocess.run([TOP / "image/boot", "domd", board, tree, *overlays], check=True)
    found = [modalias(tree, node) for node in nodes(tree, "/passthrough")]
    return [device for device in found if device] + BEHIND[name] + ["fs-ext4"]


@pytest.mark.quick
@pytest.mark.parametrize("board, name", DEVICES)
def test_each_device_has_a_driver(tmp_path, board, name):
    devices = devices_of(board, name, tmp_path)
    assert len(devices) > len(BEHIND[name]) + 1
    assert DOMD[board]["kernel"] == KERNEL
    assert without_driver(devices, drivers(tmp_path)) == []


@pytest.mark.quick
@pytest.mark.parametrize("board, root, module, device", [
    ("rpi5", "usb", "irq-bcm2712-mip", "of:Nmsi-controllerT(null)Cbrcm,bcm2712-mip"), ("rpi5", "nvme", "nvme", "pci:v0000144D"),
    ("rpi5", "sd", "sdhci-brcmstb", "of:Nmmc"), ("rpi4", "lan", "genet", "of:Nethernet"), ("rpi4", "lan", "broadcom", "mdio:0110")])
def test_a_driver_that_is_missing_is_noticed(tmp_path, board, root, module, device):
    text = re.sub(rf"(?<= ){re.escape(module)}\b(?!-)", "", LIST)
    assert [name[:len(device)] for name in without_driver(devices_of(board, root, tmp_path), drivers(tmp_path, text))] == [device]


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


@pytest.mark.quick
def test_the_ethernet_of_the_raspberry_pi_4_is_as_the_kernels_tree_has_it(tmp_path):
    """At the processor's addresses: the bus is 0x80000000 higher there."""
    real, tree = PARTS / "trees/bcm2711-rpi-4-b.dtb", tmp_path / "domd.dtb"
    subprocess.run([TOP / "image/boot", "domd", "rpi4", tree, "--overlay", "ethernet"], check=True)
    for node in "", "/mdio@e14", "/mdio@e14/ethernet-phy@1":
        mine = properties(tree, f"/passthrough/ethernet@fd580000{node}")
        other = properties(real, f"/scb/ethernet@7d580000{node}")
        for key in "compatible", "interrupts", "phy-mode", "reg-names", "#address-cells", "#size-cells":
            assert mine.get(key) == other.get(key), f"{node}: {key}"
        assert mine["reg"] == (["0", "fd580000", "0", "10000"] if not node else other["reg"])
    assert properties(real, "/scb")["ranges"][:5] == ["0", "7c000000", "0", "fc000000", "3800000"]
