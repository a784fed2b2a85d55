# SPDX-License-Identifier: Apache-2.0
"""Addresses of a program as functions, files and lines."""

import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ELF = os.path.join(TOP, "build/virt/thin-dom0.elf")


def build_id(elf):
    notes = subprocess.run(["aarch64-linux-gnu-readelf", "-n", elf], check=True, capture_output=True, text=True).stdout
    found = re.search(r"Build ID: (\w+)", notes)
    return found[1] if found else None


def check_build(elf, build, what):
    """Ends this program unless the ELF is of this build; `what` has it."""
    if build != build_id(elf):
        sys.exit(f"{what} is not {elf}: that is build {build_id(elf)}. Name the right one with --elf.")


def add_elf_option(parser):
    parser.add_argument("--elf", default=ELF, help="the program (build/virt/thin-dom0.elf)")


def open_log(name):
    """A console's log, or standard input where it has no name."""
    try:
        return open(name, encoding="utf-8", errors="replace") if name else sys.stdin
    except OSError as error:
        sys.exit(f"{name} can't be read: {error.strerror}.")


class Symbolizer:
    """One addr2line for all addresses."""

    def __init__(self, elf):
        if not os.path.isfile(elf):
            sys.exit(f"There is no {elf}: build it, or name another with --elf.")
        with open(elf, "rb") as file:
            if file.read(4) != b"\x7fELF":
                sys.exit(f"{elf} is no ELF program: name thin-dom0.elf of the build with --elf.")
        self.process = subprocess.Popen(["aarch64-linux-gnu-addr2line", "-e", elf, "-f", "-i", "-a"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def frames(self, address):
        """(function, file:line), innermost inlined function first."""
        # A second address marks the end of the first one's answer, whose length depends on inlining.
        self.process.stdin.write(f"{address:#x}\n0\n")
        self.process.stdin.flush()
        self.process.stdout.readline()
        frames = []
        while not (line := self.process.stdout.readline().strip()).startswith("0x"):
            frames.append((line, self.process.stdout.readline().strip().removeprefix("./")))
        self.process.stdout.readline()
        self.process.stdout.readline()
        return frames
