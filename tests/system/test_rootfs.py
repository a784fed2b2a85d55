# SPDX-License-Identifier: Apache-2.0
"""rootfs.img, DomD's root file system for a disk, started by each kernel from a virtio disk without Xen."""

import re
import subprocess

import pexpect
import pytest

from machine import TOP, PlainText


@pytest.mark.parametrize("linux", ["6.1", "6.12"])
def test_domd_from_a_disk(log_folder, linux):
    subprocess.run([TOP / "scripts/build", "virt", "rootfs"], check=True)
    parts, guests = TOP / "build/parts", TOP / "build/virt/guests"
    command = ["900", "qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-m", "256", "-nographic",
               "-nic", "none", "-kernel", f"{parts}/linux/vmlinuz-{linux}", "-initrd", f"{guests}/initramfs.gz",
               "-append", "console=ttyAMA0 quiet root=/dev/vda", "-device", "virtio-blk-device,drive=disk",
               "-snapshot", "-drive", f"if=none,id=disk,format=raw,file={guests}/rootfs.img"]
    console = pexpect.spawn("timeout", command, timeout=800, encoding="utf-8")
    console._decoder = PlainText(log_folder / "console.log")
    try:
        console.expect(f"DomD: {re.escape(linux)}")
        console.expect("domd:/# ")
        console.send("cat /proc/mounts; crun run -b /containers/hello x\r")
        console.expect("/dev/vda / ext4 rw")
        console.expect("hello from a container: process 1 on hello")
    finally:
        console.close(force=True)
