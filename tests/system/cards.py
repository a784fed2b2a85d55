# SPDX-License-Identifier: Apache-2.0
"""Images of cards: made, and judged from outside when Dom0 has written to them, with other programs than ours."""

import os
import re
import struct
import subprocess

from machine import TOP

MIB = 1 << 20
GUESTS = TOP / "build/virt/guests"
LINUX = TOP / "build/parts/linux/vmlinuz-6.12"
ENVIRONMENT = os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "MTOOLSRC": "/dev/null", "LC_ALL": "C.UTF-8"}
MBR_TYPES = {12: 0x01, 16: 0x0e, 32: 0x0c}


def run(*command):
    return subprocess.run([str(word) for word in command], env=ENVIRONMENT, check=True, capture_output=True,
                          stdin=subprocess.DEVNULL).stdout


class Card:
    """An image with FAT partitions of these sizes in MiB; its own is the power of two that QEMU wants. It counts as its
    path."""

    def __init__(self, image, table="gpt", sizes=(100, 100), bits=32):
        self.image = image
        self.places = []  # first MiB, MiB
        end = 1
        for size in sizes:
            self.places.append((end, size))
            end += size
        image.touch()
        os.truncate(image, 1 << (end * MIB).bit_length())
        self.write_table(table, bits)
        for start, size in self.places:
            run("mkfs.vfat", "--offset", start * MIB // 512, "-F", bits, image, size * 1024)

    def __str__(self):
        return str(self.image)

    __fspath__ = __str__

    def write_table(self, table, bits):
        if table == "gpt":
            for start, size in self.places:
                run("sgdisk", "-n", f"0:{start}M:+{size}M", "-t", "0:0700", self.image)
            return
        entries = [struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", MBR_TYPES[bits], b"\xfe\xff\xff", start * MIB // 512,
                               size * MIB // 512) for start, size in self.places]
        with open(self.image, "r+b") as file:
            file.write(bytes(446) + b"".join(entries).ljust(64, b"\0") + b"\x55\xaa")

    def volume(self, number):
        """A partition as mtools name it."""
        return f"{self.image}@@{self.places[number][0]}M"

    def put(self, number, *files, folder="dom0"):
        """Files into a folder of a partition; the folder is made."""
        if f"{folder}/" not in self.names(number):
            run("mmd", "-i", self.volume(number), f"::{folder}")
        run("mcopy", "-o", "-i", self.volume(number), *files, f"::{folder}/")

    def names(self, number, folder=""):
        """What is in a folder; folders end in a slash."""
        listed = run("mdir", "-b", "-i", self.volume(number), f"::/{folder}").decode().splitlines()
        return {re.sub(r"^::/(.*/)?(?=.)", "", line) for line in listed if line}

    def read(self, number, path):
        return run("mtype", "-i", self.volume(number), f"::{path}")

    def free(self, number):
        """Bytes."""
        text = run("mdir", "-i", self.volume(number), "::/").decode()
        return int(re.search(r"([\d ]+) bytes free", text)[1].replace(" ", ""))

    def problems(self, number):
        """What fsck.fat says is wrong with a partition; "": nothing."""
        start, size = self.places[number]
        part = f"{self.image}.part"
        run("dd", f"if={self.image}", f"of={part}", "bs=1M", f"skip={start}", f"count={size}", "conv=sparse")
        result = subprocess.run(["fsck.fat", "-n", part], env=ENVIRONMENT, capture_output=True, text=True)
        os.unlink(part)
        return result.stdout if result.returncode else ""

    def check(self):
        for number in range(len(self.places)):
            assert self.problems(number) == ""


def make_card(folder, configurations, *files):
    """A card whose two partitions are alike, so that it suits every choice of the build: configurations (name: text) and
    files in dom0."""
    files = list(files)
    for name, text in configurations.items():
        files.append(folder / f"{name}.cfg")
        files[-1].write_text(text)
    card = Card(folder / "card.img")
    for number in range(2):
        card.put(number, *files)
    return card
