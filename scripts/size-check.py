#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the control domain's image, without the images of guests linked into it, is at most 512 KB."""

import os
import re
import subprocess
import sys

LIMIT = 512 * 1024


def main():
    elf, image = sys.argv[1:]
    symbols = subprocess.run(["aarch64-linux-gnu-nm", elf], check=True, capture_output=True, text=True).stdout
    bounds = {}
    for address, name, bound in re.findall(r"^(\w+) \w (__(?:img|dtb)_\w+)_(start|end)$", symbols, re.M):
        bounds.setdefault(name, {})[bound] = int(address, 16)
    guests = sum(image["end"] - image["start"] for image in bounds.values())
    own = os.path.getsize(image) - guests
    print(f"{os.path.basename(image)}: {own // 1024} KB, of {LIMIT // 1024}; and {guests // 1024} KB of guests' images")
    if own > LIMIT:
        sys.exit("The image is larger than it may be.")


if __name__ == "__main__":
    main()
