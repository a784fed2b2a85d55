#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How fast kernels are loaded from a card, beside what the device gives. Run it after scripts/build virt.

On a virtio disk and on an SD card behind PCI's SDHCI, as fast as the emulator is and limited to a card's speed: the
kernel's bytes read from the device by its driver alone (`fs bench DEVICE`), through the FAT volume (`fs bench FILE`), and
loaded into a guest (`xu create`); then, from the disk, a copy that is packed with gzip. The four take turns
in one machine, several times each; the medians are told. A ratio is the time of the raw read by that of the load.

QEMU's SD card asks the host for each sector of 512 bytes, one after the other, which measures how fast the host switches
between threads. So the card's image is one (VDI) in which QEMU itself knows the zeros, and the kernel on it is a header
before nothing but zeros. Ratios need two idle processors: QEMU's device works on one, its CPU on the other.

With --count the machine's clock counts instructions, two nanoseconds each, and its devices take no time: what is left is
what loading costs the CPU, on any host, however busy."""

import argparse
import gzip
import mmap
import pathlib
import re
import statistics
import struct
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests/system"))

from machine import Machine, counting  # noqa: E402

KERNEL = TOP / "build/parts/linux/vmlinuz-6.12"
FOLDER = "/1:/dom0"  # the board virt mounts all partitions
VIRTIO, SDHCI = ["-device", "virtio-blk-device,drive=disk"], ["-device", "sdhci-pci", "-device", "sd-card,drive=disk"]
DEVICES = {  # name for the report: name in Dom0, QEMU's devices, bytes a second
    "virtio": ("vda", VIRTIO, 0),
    "virtio, 40 MB/s": ("vda", VIRTIO, 40_000_000),
    "SDHCI": ("mmc0", SDHCI, 0),
    "SDHCI, 10 MB/s": ("mmc0", SDHCI, 10_000_000),
}
MB = 1 << 20


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_card(folder, kernel):
    """A card of 512 MiB, with clusters of 4 KiB; its second partition has the kernel, plain and packed."""
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


def make_zeros(folder, size):
    """A kernel of this size to load, not to run: the header of arm64's booting.rst, with something to find it by."""
    kernel = folder / "zeros"
    header = struct.pack("<II6QII", 0x14000010, 0, 0, size, 0xa, 0, 0, 0, 0x644d5241, 0)
    kernel.write_bytes(header + b"found by this" * 64 + bytes(size - len(header) - 13 * 64))
    return kernel


def make_vdi(card):
    """The card as VDI: a header, a map of blocks of 1 MiB, and those that aren't zeros."""
    numbers, blocks, size = [], [], card.stat().st_size
    with open(card, "rb") as file:
        while block := file.read(MB):
            numbers.append(len(blocks) if any(block) else 0xffffffff)
            blocks += [block] if any(block) else []
    header = struct.pack("<64s5I256s7IQ4I64s", b"<<< QEMU VM Virtual Disk Image >>>\n", 0xbeda107f, 0x10001, 0x180, 1, 0, b"",
                         512, MB, 0, 0, 0, 512, 0, size, MB, 0, len(numbers), len(blocks), bytes(range(32)))
    image = card.with_suffix(".vdi")
    head = header.ljust(512, b"\0") + struct.pack(f"<{len(numbers)}I", *numbers)
    image.write_bytes(head.ljust(MB, b"\0") + b"".join(blocks))
    return image


def seconds(output):
    found = re.search(r"in (\d+\.\d+) s: ", output)
    assert found, output
    return float(found[1])


def load(machine, name):
    output = machine.command(f"xu create {name}", 300)
    machine.command("xu destroy " + re.search(r"domain:(\d+) created", output)[1])
    return seconds(output)


def measure(device, options, folder, place, size, tries):
    with Machine(folder, seconds=3600, **options) as machine:
        machine.command("xu config_list")  # waits for the card
        machine.skip(1)
        times = {"raw": [], "file": [], "load": [], "load gzip": []}
        for _ in range(tries):
            times["raw"].append(seconds(machine.command(f"fs bench {device} {place} {size}", 300)))
            times["file"].append(seconds(machine.command(f"fs bench {FOLDER}/plain", 300)))
            times["load"].append(load(machine, "plain"))
            if device == "vda":
                times["load gzip"].append(load(machine, "packed"))
        return {name: statistics.median(values) for name, values in times.items() if values}


def measure_device(name, tries, kernel=KERNEL, count=False):
    """The medians of one of DEVICES, in seconds, by what was done."""
    block, devices, limit = DEVICES[name]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        if block != "vda":
            kernel = make_zeros(folder, kernel.stat().st_size)
        card = make_card(folder, kernel)
        place, size = kernel_place(card, kernel)
        image, format_name = (card, "raw") if block == "vda" else (make_vdi(card), "vdi")
        limits = f",throttling.bps-read={limit}" if limit else ""
        options = counting() if count else {"qemu": []}
        options["qemu"] += ["-drive", f"if=none,id=disk,format={format_name},file={image}{limits}", *devices]
        return measure(block, options, folder, place, size, tries)


def positive(text):
    if int(text) < 1:
        raise argparse.ArgumentTypeError("a number from 1 on is wanted")
    return int(text)


def existing_file(text):
    if not pathlib.Path(text).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return pathlib.Path(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", type=existing_file, default=KERNEL, help="another kernel than Debian's")
    parser.add_argument("--tries", type=positive, default=5, help="how often each is measured (%(default)s)")
    parser.add_argument("--count", action="store_true", help="count instructions, see above")
    parser.add_argument("devices", nargs="*", help=f"of {', '.join(map(repr, DEVICES))}; all where none is named")
    arguments = parser.parse_args()
    for name in arguments.devices:
        if name not in DEVICES:
            parser.error(f"there is no device '{name}'; there are {', '.join(map(repr, DEVICES))}")
    for name in arguments.devices or DEVICES:
        times = measure_device(name, arguments.tries, arguments.kernel, arguments.count)
        print(f"{name}, {arguments.kernel.stat().st_size / 1e6:.1f} MB: " +
              ", ".join(f"{what} {time:.3f} s ({times['raw'] / time:.2f})" for what, time in times.items()), flush=True)


if __name__ == "__main__":
    main()
