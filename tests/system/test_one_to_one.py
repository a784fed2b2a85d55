# SPDX-License-Identifier: Apache-2.0
"""A DomD that lies 1:1 in memory and drives disks by itself, which write to memory without an IOMMU; and a guest that it serves."""

import hashlib
import http.server
import os
import re
import subprocess
import threading

import pytest

from linux_guest import Linux
from machine import TOP, Machine

GUESTS = TOP / "build/virt/guests"
PARTS = TOP / "build/parts/linux"
LINUX_IMAGE = TOP / "build/virt-linux/thin-dom0.bin"  # with src/dom_cfg/virt_linux.c
STATIC, MIB = 0x70000000, 256

pytestmark = pytest.mark.long


def transport(number):
    """A node of one of QEMU's virtio transports, eight of which are in a page."""
    address, page = 0xa000000 + number * 0x200, (0xa000000 + number * 0x200) & ~0xfff
    return f"""virtio_mmio@{address:x} {{
        compatible = "virtio,mmio"; dma-coherent; reg = <0 {address:#x} 0 0x200>; interrupts = <0 {16 + number} 1>;
        xen,path = "/virtio_mmio@{address:x}"; xen,reg = <0 {page:#x} 0 0x1000 0 {page:#x}>; xen,force-assign-without-iommu;
    }};"""


def partial_tree(folder):
    source = f"""/dts-v1/; / {{ #address-cells = <2>; #size-cells = <2>;
        gic: gic {{ #interrupt-cells = <3>; phandle = <0xfde8>; }};
        passthrough {{
            compatible = "simple-bus"; #address-cells = <2>; #size-cells = <2>; ranges; interrupt-parent = <&gic>;
            {transport(31)} {transport(30)}
        }};
    }};"""
    blob = folder / "devices.dtb"
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", blob], input=source, text=True, check=True)
    return blob


def checksum(data):
    return hashlib.sha256(data).hexdigest() + "  -\n"


def serves(machine, domd, guest, disk, image):
    """The guest has a disk that is a file on DomD's root, a network, and then `disk` as a whole; what it writes to that is in the
    image afterwards. Both are destroyed at the end, DomD first, and the machine ends."""
    guest.run("until [ -b /dev/xvda ]; do usleep 100000; done; mount -t ext4 /dev/xvda /mnt")
    assert guest.run("cat /mnt/hello.txt") == "hello from DomD's disk\n"
    guest.run("umount /mnt")
    assert " 0% packet loss" in guest.run("ping -c 2 -W 10 192.168.0.1")
    assert machine.answer(f"xu block-attach {guest.domain} backend=DomD vdev=xvdb access=rw target={disk}") == ""
    assert machine.answer(f"xu wait {guest.domain} store:device/vbd/51728/state=4 -t 120", 150) == ""
    guest.run("until [ -b /dev/xvdb ]; do usleep 100000; done")
    assert guest.run("sha256sum </dev/xvdb") == checksum(image.read_bytes())
    guest.run("dd if=/dev/urandom of=/x bs=1M count=3 2>/dev/null; dd if=/x of=/dev/xvdb bs=1M conv=fsync 2>/dev/null")
    written = guest.run("sha256sum </x")
    assert domd.run(f"dd if={disk} bs=1M count=3 2>/dev/null | sha256sum") == written
    destroyed(machine, domd, guest)
    machine.poweroff()
    assert checksum(image.read_bytes()[:3 << 20]) == written


def destroyed(machine, domd, guest):
    """The guest outlives DomD, and neither leaves anything behind: no node of the store, no frame mapped in Dom0, no device."""
    number = machine.answer(f"xu domid {domd.domain}").strip()
    assert f"domain:{number} destroyed\n" in machine.command(f"xu destroy {domd.domain}", 300)
    assert guest.run("uname") == "Linux\n"
    assert machine.answer(f"xu destroy {guest.domain}") == f"domain:{guest.domain} destroyed\n"
    assert re.fullmatch(r"Name [^\n]*\nDomain-0 [^\n]*\n", machine.answer("xu list"))
    assert machine.answer("xs ls /vm") == "" and "domain/0" in machine.answer("xs ls -f /local")
    assert not re.search(r"domain/[^0]", machine.answer("xs ls -f /local"))
    assert re.search(r"^Foreign frames : 0 mapped$", machine.answer("kernel memory"), re.M)
    assert domd.domain not in machine.answer("xu dev-list")


def test_a_domd_with_disks_of_its_own(shared_log_folder, tmp_path):
    """Its root is on the first. The second is handed on whole, so that it writes into memory that the guest has granted. The
    machine has one CPU: a GICv2 of QEMU 7.2 loses the disks' interrupts where DomD changes the CPU."""
    root, data = tmp_path / "root.img", tmp_path / "data.img"
    subprocess.run([TOP / "image/root", TOP / "image/linux/domd.txt", root, "--from", TOP, "--from", TOP / "build/virt",
                    "--from", TOP / "build/parts", "--size", "128"], check=True)
    data.write_bytes(os.urandom(4 << 20))
    disks = [argument for name, file in (("a", root), ("b", data)) for argument in (
        "-drive", f"if=none,id={name},format=raw,file={file}", "-device", f"virtio-blk-device,drive={name}")]
    start = (f"DomD={PARTS}/vmlinuz-6.12,ramdisk={GUESTS}/domd.gz,memory={MIB},static={STATIC:#x},devices={partial_tree(tmp_path)},"
             "args=console=hvc0 quiet root=/dev/vda")
    with Machine(shared_log_folder, xen="4.20-static", cpus=1, xsm="dummy", dom0_image=LINUX_IMAGE, dom0_memory="128M",
                 run=["--dom0less", start], qemu=disks, seconds=1200) as machine:
        assert "I: dom0less: attached 1 domain\n" in machine.command("log")
        assert re.search(r"^DomD +1 +256 ", machine.command("xu list"), re.M)
        domd = Linux(machine, "DomD", "domd").wait_until_up(300)
        memory = domd.run("sed -n 's/ : System RAM//p' /proc/iomem").strip()
        assert memory == f"{STATIC:x}-{STATIC + ((MIB - 2) << 20) - 1:x}"
        assert domd.run("xenstore-read name domid") == "DomD\n1\n"
        assert "/dev/vda / ext4 " in domd.run("cat /proc/mounts")
        guest = Linux(machine, machine.create("small_pv_6_1"), "guest").wait_until_up(300)
        serves(machine, domd, guest, "/dev/vdb", data)


def test_a_card_whose_domd_has_pci_express(boot, tmp_path):
    """As ./build-image makes it: U-Boot, Xen, and a DomD with its root on a USB disk, which hands an NVMe disk on to a guest. With
    its root on an NVMe disk: test_u_boot.py."""
    subprocess.run([TOP / "build-image", "--machine", "virt", "--domd-root", "usb", "--boot-size", "80M", "--dom0-size", "128M",
                    "--output", tmp_path], check=True, capture_output=True)
    (tmp_path / "data.img").write_bytes(os.urandom(4 << 20))
    disks = ["-drive", f"if=none,id=root,format=raw,file={tmp_path}/rootfs.img", "-device", "qemu-xhci", "-device", "usb-storage,drive=root",
             "-drive", f"if=none,id=data,format=raw,file={tmp_path}/data.img", "-device", "nvme,serial=1,drive=data"]
    machine = boot(board="virt", boot="u-boot", cpus=1, card=tmp_path / "full.img", qemu=disks, wait=False, seconds=1500)
    machine.expect(re.compile(r"Starting kernel \.\.\.\n"), 240)
    machine.await_storage()
    domd = Linux(machine, "DomD", "domd").wait_until_up(300)
    assert "/dev/sda / ext4 " in domd.run("cat /proc/mounts")
    domd.run("until [ -b /dev/nvme0n1 ]; do usleep 100000; done")
    guest = Linux(machine, machine.create("linux_pv_domu"), "guest").wait_until_up(300)
    serves(machine, domd, guest, "/dev/nvme0n1", tmp_path / "data.img")


def test_guests_in_the_network_of_the_board(boot, tmp_path):
    """./build-image --enable-lan: DomD drives the board's network device, and the guest's is on the same bridge; both have
    addresses of the network's DHCP server, and the guest reads a page of a server in it."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"found by " + self.headers["User-Agent"].encode() + b"\n")

        def log_message(self, *_):
            pass

    subprocess.run([TOP / "build-image", "--machine", "virt", "--enable-lan", "yes", "--boot-size", "128M", "--dom0-size", "128M",
                    "--output", tmp_path], check=True, capture_output=True)
    network = ["-netdev", "user,id=lan", "-device", "virtio-net-pci,netdev=lan,romfile=,mac=52:54:00:aa:bb:cc"]
    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        machine = boot(board="virt", boot="u-boot", cpus=1, card=tmp_path / "full.img", qemu=network, wait=False, seconds=1500)
        machine.expect(re.compile(r"Starting kernel \.\.\.\n"), 240)
        machine.await_storage()
        domd = Linux(machine, "DomD", "domd").wait_until_up(300)
        domd.run("until ip -4 -o address show xenbr0 | grep -q ' 10\\.0\\.2\\.'; do usleep 100000; done")
        assert "master xenbr0" in domd.run("ip link show eth0")
        guest = Linux(machine, machine.create("linux_pv_domu"), "guest").wait_until_up(300)
        guest.run("until ip -4 -o address show eth0 | grep -q ' 10\\.0\\.2\\.'; do usleep 100000; done")
        assert guest.run("ip -4 -o address show eth0") != domd.run("ip -4 -o address show xenbr0")
        assert "default via 10.0.2.2 dev eth0" in guest.run("ip route")
        assert guest.run("cat /etc/resolv.conf") == "nameserver 10.0.2.3\n"
        url = f"http://10.0.2.2:{server.server_address[1]}/"
        assert guest.run(f"wget -q -U Guest -O - {url}") == "found by Guest\n"
        assert domd.run(f"wget -q -U DomD -O - {url}") == "found by DomD\n"
        server.shutdown()
        # U-Boot tells what it knows as the board's address, for a driver that finds none. A bridge has no address of its own either.
        assert "mac=52:54:00:aa:bb:cc" in domd.run("cat /proc/cmdline")
        domd.run("echo uplink=br1 mac=02:00:00:00:00:07 >/tmp/c; mount -o bind /tmp/c /proc/cmdline; ip link add name br1 type bridge")
        domd.run("uplink br1", status=2)
        assert "link/ether 02:00:00:00:00:07 " in domd.run("umount /proc/cmdline; ip link show br1")
    destroyed(machine, domd, guest)
