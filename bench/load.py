#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How fast kernels are loaded from a card, beside what the device gives. Run it after scripts/build virt.

On a virtio disk and on an SD card, as fast as the emulator is and limited to a card's speed, in one run each: the kernel's bytes read from the device by its driver alone (`fs
bench DEVICE`), through the FAT volume (`fs bench FILE`), and loaded into a guest (`xu create`); then loaded from a copy
that is packed with gzip. The best of several tries each. A ratio is the time of the raw read by that of the load."""

import argparse
import gzip
import mmap
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests/system"))

from machine import Machine  # noqa: E402

FOLDER = "/1:/dom0"  # the board virt mounts all partitions
VIRTIO, SDHCI = ["-device", "virtio-blk-device,drive=disk"], ["-device", "sdhci-pci", "-device", "sd-card,drive=disk"]
DEVICES = {  # name for the report: name in Dom0, QEMU's devices, limit of the drive
    "virtio": ("vda", VIRTIO, ""),
    "virtio, 40 MB/s": ("vda", VIRTIO, ",throttling.bps-read=40000000"),
    "SDHCI": ("mmc0", SDHCI, ""),
    "SDHCI, 10 MB/s": ("mmc0", SDHCI, ",throttling.bps-read=10000000"),
}


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_card(folder, kernel):
    """A card of 512 MiB, with clusters of 4 KiB, whose second partition has the kernel, plain and packed, and its configurations."""
    card = folder / "card.img"
    with open(card, "wb") as file:
        file.truncate(512 << 20)
    packed = folder / "packed"
    packed.write_bytes(gzip.compress(kernel.read_bytes(), 6))
    for name in "plain", "packed":
        (folder / f"{name}.cfg").write_text(f'kernel = "{name}"\nmemory = 128\npaused = 1\n')
    for number, (start, length) in enumerate(((1, 40), (41, 400))):
        run("/usr/sbin/sgdisk", "-n", f"{number + 1}:{start}M:+{length}M", "-t", f"{number + 1}:0700", card)
        run("/usr/sbin/mkfs.vfat", "--offset", str(start * 2048), "-F", "32", "-s", "8", card, str(length << 10))
    place = f"{card}@@41M"
    run("mmd", "-i", place, "::dom0")
    run("mcopy", "-i", place, kernel, "::dom0/plain")
    run("mcopy", "-i", place, packed, folder / "plain.cfg", folder / "packed.cfg", "::dom0/")
    return card


def kernel_place(card, kernel):
    """Where the kernel's bytes lie on the card: on a new volume, in one run."""
    with open(card, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        content = kernel.read_bytes()
        place = data.find(content[:4096])
        assert data[place:place + len(content)] == content
        return place, len(content)


def seconds(output):
    found = re.search(r"in (\d+\.\d+) s: ", output)
    assert found, output
    return float(found[1])


def load(machine, name):
    output = machine.command(f"xu create {name}", 120)
    machine.command("xu destroy " + re.search(r"domain:(\d+) created", output)[1])
    return seconds(output)


def measure(device, qemu, folder, place, size, tries):
    with Machine(folder, seconds=1200, qemu=qemu) as machine:
        machine.command("xu config_list")  # waits for the card
        machine.skip(1)
        times = {"raw": [], "file": [], "load": [], "load gzip": []}
        for _ in range(tries):
            times["raw"].append(seconds(machine.command(f"fs bench {device} {place} {size}", 60)))
            times["file"].append(seconds(machine.command(f"fs bench {FOLDER}/plain", 60)))
            times["load"].append(load(machine, "plain"))
            times["load gzip"].append(load(machine, "packed"))
        return {name: min(values) for name, values in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", type=pathlib.Path, default=TOP / "build/parts/linux/vmlinuz-6.12")
    parser.add_argument("--tries", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        card = make_card(folder, arguments.kernel)
        place, size = kernel_place(card, arguments.kernel)
        print(f"{size / 1e6:.1f} MB; best of {arguments.tries}")
        for name, (block, devices, limit) in DEVICES.items():
            qemu = ["-drive", f"if=none,id=disk,format=raw,file={card}{limit}", *devices]
            times = measure(block, qemu, folder, place, size, arguments.tries)
            print(f"{name}: " + ", ".join(f"{what} {time:.3f} s ({times['raw'] / time:.2f})"
                                            for what, time in times.items()), flush=True)


if __name__ == "__main__":
    main()
