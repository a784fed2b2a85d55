# SPDX-License-Identifier: Apache-2.0
"""image/boot: where it puts what U-Boot loads, and what it refuses."""

import gzip
import os
import pathlib
import re
import struct
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
MIB = 1 << 20


@pytest.fixture
def make(tmp_path):
    """Calls image/boot with a Xen and a Dom0 of these sizes, the Xen built with this option; the result, and the folder with
    the files."""

    def run(*options, board="rpi4", xen_size=MIB, dom0_size=MIB, xen_memory=0, xen_option="XSM", xen_version="4.20.4"):
        xen, dom0 = tmp_path / "xen.img", tmp_path / "dom0.img"
        header = struct.pack("<2I6Q4s4x", 0, 0, 0, xen_memory, 10, 0, 0, 0, b"ARM\x64")
        text = f"#\n# Automatically generated file; DO NOT EDIT.\n# Xen/arm {xen_version}\n#\nCONFIG_{xen_option}=y\n"
        header += b"\x1f\x8b\x08 no archive" + gzip.compress(text.encode(), mtime=0)
        xen.write_bytes(header.ljust(xen_size, b"\0"))
        dom0.touch()
        os.truncate(dom0, dom0_size)
        result = subprocess.run([TOP / "image/boot", "files", board, tmp_path / "boot", "--xen", xen, "--dom0", dom0,
                                 *options], capture_output=True, text=True, check=False)
        return result, tmp_path / "boot"

    return run


def script(folder):
    """The text of boot.scr: behind U-Boot's header is a list of lengths, ended by 0."""
    data = (folder / "boot.scr").read_bytes()
    assert data[:4] == b"\x27\x05\x19\x56"
    length, end = struct.unpack_from(">2I", data, 64)
    assert end == 0 and len(data) == 72 + length
    return data[72:].decode()


def addresses(text):
    """Of Xen, Dom0 and the device tree."""
    loads = re.findall(r"^load \S+ \S+ (0x[0-9a-f]+) ", text, re.M)
    tree = re.search(r"^fdt move \S+ (0x[0-9a-f]+) ", text, re.M)[1]
    assert f"booti {loads[0]} - {tree}\n" in text
    return [int(address, 16) for address in (*loads, tree)]


def test_files_lie_behind_each_other(make):
    result, folder = make(xen_size=MIB, xen_memory=5 * MIB, dom0_size=3 * MIB)
    assert result.returncode == 0, result.stderr
    # Xen takes more memory than its file has; each begins at a multiple of 2 MiB.
    assert addresses(script(folder)) == [0x400000, 0xa00000, 0xe00000]
    assert re.search(r"^fdt set /chosen/module@a00000 reg <0x0 0xa00000 0x0 0x300000>$", script(folder), re.M)


def test_what_u_boot_uses_is_left_out(make):
    result, folder = make(dom0_size=40 * MIB)  # the script is at 0x2400000
    assert result.returncode == 0, result.stderr
    assert addresses(script(folder)) == [0x400000, 0x2600000, 0x4e00000]


def test_same_bytes_from_the_same_files(make):
    contents = [{file.name: file.read_bytes() for file in make()[1].iterdir()} for _ in range(2)]
    assert contents[0] == contents[1]
    assert {"xen", "thin-dom0.bin", "boot.scr", "u-boot.bin", "config.txt", "bcm2711-rpi-4-b.dtb"} <= set(contents[0])


@pytest.mark.parametrize("options, said", [
    ({"dom0_size": 800 * MIB}, "the files don't fit into the memory"),
    ({"board": "nosuch"}, "there is no boards/nosuch/boot.toml"),
])
def test_refused(make, options, said):
    result, _ = make(**options)
    assert result.returncode == 1 and said in result.stderr and "Traceback" not in result.stderr


def domd(root="initrd", start="auto"):
    """Options for a DomD that Xen starts."""
    return ["--domd-start", start, "--domd-root", root, "--domd-ramdisk", TOP / "README.md"]


def lines_of(text, node):
    """{property: value} that the script sets."""
    return dict(re.findall(rf"^fdt set {re.escape(node)} (\S+) ?(.*)$", text, re.M))


LAN = "uplink=any ip=dhcp mac=${ethaddr}"


@pytest.mark.parametrize("root, lan, overlays, arguments", [
    ("usb", [], ["usb"], "root=/dev/sda"), ("nvme", [], ["pcie1"], "root=/dev/nvme0n1"), ("sd", [], ["mmc"], "root=/dev/mmcblk0p3"),
    ("initrd", ["--domd-lan"], ["usb"], LAN), ("usb", ["--domd-lan"], ["usb"], f"root=/dev/sda {LAN}"),
    ("nvme", ["--domd-lan"], ["pcie1", "usb"], f"root=/dev/nvme0n1 {LAN}")])
def test_domd_with_devices_lies_1_to_1(make, root, lan, overlays, arguments):
    result, folder = make(*domd(root, "xen"), *lan, board="rpi5", xen_option="STATIC_MEMORY")
    assert result.returncode == 0, result.stderr
    text = script(folder)
    assert re.findall(r"(\S+)\.dtbo", text) == ["xen", *overlays]
    domain = lines_of(text, "/chosen/DomD")
    assert domain["memory"] == "<0x0 0x40000>" and domain["xen,static-mem"] == "<0x0 0x40000000 0x0 0x10000000>"
    assert domain["direct-map"] == "" and domain["compatible"] == '"xen,domain"'
    assert '"thin-dom0 dom0less=DomD@0x4fe00000"' in text  # what of its memory it leaves to Dom0
    modules = {}
    for name in re.findall(r"^fdt mknode /chosen/DomD (\S+)$", text, re.M):
        module = lines_of(text, f"/chosen/DomD/{name}")
        modules[re.search(r"multiboot,([a-z-]+)", module["compatible"])[1]] = module
    assert set(modules) == {"kernel", "ramdisk", "device-tree"}
    assert modules["kernel"]["bootargs"] == f'"console=hvc0 quiet mem=254M {arguments}"'
    assert int(modules["ramdisk"]["reg"].split()[-1].rstrip(">"), 16) == (TOP / "README.md").stat().st_size
    nodes = subprocess.run(["fdtget", "-l", folder / "domd.dtb", "/passthrough"], check=True, capture_output=True, text=True).stdout
    for name in overlays:
        assert {"usb": "pcie@1000120000", "pcie1": "pcie@1000110000", "mmc": "mmc@1000fff000"}[name] in nodes
    assert (folder / "domd-ramdisk").read_bytes() == (TOP / "README.md").read_bytes()


@pytest.mark.parametrize("options, board, said", [
    (domd("initrd", "xen"), "zcu102", "no network of this board can be given to DomD"),
    (domd("initrd", "dom0"), "rpi5", "Dom0 can't give the board's network to DomD"),
    (domd("initrd", "auto"), "rpi5", "Xen can't start it: its devices take a domain that lies 1:1")])
def test_no_lan_is_no_card(make, options, board, said):
    result, folder = make(*options, "--domd-lan", board=board)
    assert result.returncode == 1 and said in result.stderr and not (folder / "boot.scr").exists()


@pytest.mark.parametrize("root, seen", [("initrd", "22001000"), ("nvme", "3fd00000")])
def test_scmi_is_for_a_domd_that_xen_starts(make, root, seen):
    """From Xen 4.21 on. Where DomD lies 1:1, it sees the page at its own address."""
    result, folder = make(*domd(root, "xen"), "--scmi", "0x82000010@0x3fd00000", board="rpi5", xen_option="STATIC_MEMORY")
    assert result.returncode == 0 and "xen,sci_type" not in script(folder)
    result, folder = make(*domd(root, "xen"), "--scmi", "0x82000010@0x3fd00000", board="rpi5", xen_option="STATIC_MEMORY",
                          xen_version="4.21.1")
    assert result.returncode == 0, result.stderr
    text = script(folder)
    assert lines_of(text, "/chosen/DomD")["xen,sci_type"] == '"scmi_smc"' and "multiboot,device-tree" in text
    assert "scmi.dtbo" in text

    def get(node, name, kind="x"):
        return subprocess.run(["fdtget", "-t", kind, folder / "domd.dtb", f"/passthrough/{node}", name], check=True,
                              capture_output=True, text=True).stdout.strip()

    assert get("scmi", "arm,smc-id") == "82000010" and get("scmi", "compatible", "s") == "arm,scmi-smc"
    assert get("scmi-shmem", "reg") == f"0 {seen} 0 1000" and get("scmi-shmem", "xen,reg") == f"0 3fd00000 0 1000 0 {seen}"
    assert get("scmi", "shmem") == get("scmi-shmem", "phandle")


def test_domd_has_pci_express_without_an_overlay(make):
    """U-Boot of this machine applies none, and the tree is QEMU's."""
    result, folder = make(*domd("nvme", "xen"), board="virt", xen_option="STATIC_MEMORY")
    assert result.returncode == 0, result.stderr
    text = script(folder)
    assert lines_of(text, "/pcie@10000000") == {
        "xen,passthrough": "", "interrupts": "<0x0 0x3 0x4 0x0 0x4 0x4 0x0 0x5 0x4 0x0 0x6 0x4>"}
    assert ".dtbo" not in text and "fdt mknode / " not in text
    assert '"thin-dom0 dom0less=DomD@0x7fe00000"' in text
    nodes = subprocess.run(["fdtget", "-l", folder / "domd.dtb", "/passthrough"], check=True, capture_output=True, text=True).stdout
    assert nodes == "pcie@10000000\n"


def test_domd_from_its_ramdisk_lies_anywhere(make):
    result, folder = make(*domd(), board="rpi5")
    assert result.returncode == 0 and not result.stderr
    assert {"xen,static-mem", "direct-map"}.isdisjoint(lines_of(script(folder), "/chosen/DomD"))
    assert '"thin-dom0 dom0less=DomD"' in script(folder) and not (folder / "domd.dtb").exists()


@pytest.mark.parametrize("board, root, options, reason", [
    ("rpi5", "usb", [], "CONFIG_STATIC_MEMORY"),
    ("rpi5", "initrd", ["--policy", TOP / "README.md"], "FLASK"),
    ("zcu102", "initrd", [], "has no DomD"),
])
def test_domd_that_xen_cannot_start(make, board, root, options, reason):
    result, folder = make(*domd(root), *options, board=board)
    assert result.returncode == 0 and "DomD" not in script(folder)
    if board != "zcu102":  # no DomD at all
        assert reason in result.stderr and "Dom0 creates it" in result.stderr
    result, _ = make(*domd(root, "xen"), *options, board=board)
    assert result.returncode == 1 and "Xen can't start DomD" in result.stderr and reason in result.stderr


@pytest.mark.parametrize("options, said", [
    (["--overlay", "scmi"], "its numbers are the firmware's"),
    (["--scmi", "0x82000010@0x3fd00010"], "is not ID@ADDRESS"),
    (["--scmi", "no"], "is not ID@ADDRESS"),
])
def test_scmi_without_the_firmwares_numbers(make, options, said):
    result, folder = make(*options, board="rpi5")
    assert result.returncode and said in result.stderr and not (folder / "boot.scr").exists()


def test_a_disk_that_the_board_does_not_have(make):
    result, _ = make(*domd("tape"), board="rpi5")
    assert result.returncode == 1 and "no disk 'tape' of this board" in result.stderr


@pytest.mark.parametrize("arguments", ["a; reset", "$x", 'a "quoted" word', "a\nb", "caf\u00e9"])
def test_command_lines_that_u_boot_would_misread(make, arguments):
    result, _ = make("--xen-args", arguments)
    assert result.returncode == 1 and "command line" in result.stderr and "Traceback" not in result.stderr


def test_tree_for_qemu(tmp_path):
    dom0 = tmp_path / "dom0"
    dom0.write_bytes(bytes(5000))
    tree = tmp_path / "tree.dtb"
    subprocess.run([TOP / "image/boot", "tree", "rpi4", tree, "--dom0", dom0, "--dom0-address", "0x10000000",
                    "--xen-args", 'a "b" \\c'], check=True)

    def get(node, name, kind="s"):
        return subprocess.run(["fdtget", "-t", kind, tree, node, name], check=True, capture_output=True,
                              text=True).stdout.strip()

    assert get("/chosen/module@10000000", "reg", "x") == "0 10000000 0 1388"
    assert get("/chosen/module@10000000", "compatible") == "multiboot,kernel multiboot,module"
    assert get("/chosen", "xen,xen-bootargs") == 'console=dtuart dtuart=/soc/serial@7e201000 sched_credit2_migrate_resist=0 a "b" \\c'
    nodes = subprocess.run(["fdtget", "-l", tree, "/soc"], check=True, capture_output=True, text=True).stdout
    assert "serial@7e201000" in nodes and "serial@7e201400" not in nodes
