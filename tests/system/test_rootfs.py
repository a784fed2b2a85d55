# SPDX-License-Identifier: Apache-2.0
"""rootfs.img, DomD's root file system for a disk, started by each kernel without Xen: from a virtio disk by the guest's ramdisk,
from the kinds of disks that boards have by DomD's, whose drivers are loaded for what the machine has."""

import re
import subprocess
from contextlib import contextmanager

import pexpect
import pytest

from machine import TOP, PlainText

PARTS, GUESTS = TOP / "build/parts", TOP / "build/virt/guests"


@contextmanager
def linux(log_folder, kernel, ramdisk, arguments, *devices):
    subprocess.run([TOP / "scripts/build", "virt", "guests", "rootfs"], check=True)
    command = ["900", "qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-m", "256", "-nographic",
               "-nic", "none", "-kernel", f"{PARTS}/linux/vmlinuz-{kernel}", "-initrd", f"{GUESTS}/{ramdisk}",
               "-append", f"console=ttyAMA0 quiet {arguments}", *devices,
               "-snapshot", "-drive", f"if=none,id=disk,format=raw,file={GUESTS}/rootfs.img"]
    console = pexpect.spawn("timeout", command, timeout=800, encoding="utf-8")
    console._decoder = PlainText(log_folder / "console.log")
    try:
        yield console
    finally:
        console.close(force=True)


@pytest.mark.parametrize("kernel, ramdisk, root, devices", [
    pytest.param("6.1", "initramfs.gz", "/dev/vda", ["virtio-blk-device,drive=disk"], id="6.1"),
    pytest.param("6.12", "initramfs.gz", "/dev/vda", ["virtio-blk-device,drive=disk"], id="6.12"),
    pytest.param("7.3", "domd.gz", "/dev/nvme0n1", ["nvme,drive=disk,serial=1"], id="nvme"),
    pytest.param("7.3", "domd.gz", "/dev/sda", ["qemu-xhci", "usb-storage,drive=disk"], id="usb"),
])
def test_domd_from_a_disk(log_folder, kernel, ramdisk, root, devices):
    arguments = [word for device in devices for word in ("-device", device)]
    with linux(log_folder, kernel, ramdisk, f"root={root}", *arguments) as console:
        console.expect(f"DomD: {re.escape(kernel)}")
        console.expect("domd:/# ")
        console.send("cat /proc/mounts; crun run -b /containers/hello x\r")
        console.expect(f"{root} / ext4 rw")
        console.expect("hello from a container: process 1 on hello")


@pytest.mark.long
def test_a_disk_that_is_not_there(log_folder):
    """What is there is said, and the ramdisk goes on; a stick that is plugged in then gets its drivers."""
    devices = ["-device", "nvme,drive=disk,serial=1", "-device", "qemu-xhci", "-drive", "if=none,id=stick,format=raw,file.driver=null-co"]
    with linux(log_folder, "7.3", "domd.gz", "root=/dev/sda rootwait=2", *devices) as console:
        console.expect("The root file system /dev/sda isn't there after 2 s. This is the ramdisk.")
        console.expect("/dev/nvme0n1 65536")
        console.expect("root=DEVICE on the kernel's command line names another")
        console.expect("DomD: 7.3")
        console.expect("domd:/# ")
        console.send("\001c")
        console.expect(re.escape("(qemu) "))
        console.send("device_add usb-storage,drive=stick\r")
        console.expect(re.escape("(qemu) "))
        console.send("\001c")
        console.send("until [ -b /dev/sda ]; do usleep 100000; done; echo plugged  in\r")
        console.expect("plugged in")
