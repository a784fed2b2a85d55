# SPDX-License-Identifier: Apache-2.0
"""`kernel profile`, and scripts/profile, which names the functions in what it prints."""

import re
import subprocess

import pytest

from machine import TEST_IMAGE, TOP, counting

ELF = TEST_IMAGE.with_suffix(".elf")


def table(text, *arguments, elf=ELF):
    return subprocess.run([TOP / "scripts/profile", "--elf", elf, *arguments], input=text, capture_output=True, text=True,
                          check=False)


def shares(text):
    """{function: (share by itself, with what it called)} in percent."""
    result = table(text, "--top", "1000")
    assert result.returncode == 0, result.stderr
    return {name: (float(own), float(whole)) for own, whole, name in
            re.findall(r"^ *([\d.]+)% +([\d.]+)%  (\S+)$", result.stdout, re.M)}


@pytest.mark.parametrize("xen, gic", [("4.17", 2), ("4.20", 3)])
def test_profile(boot_test, xen, gic):
    machine = boot_test(xen=xen, gic=gic, **counting())  # its shares are the same on every host
    output = machine.answer("kernel profile -p 5000 1")
    count, period = map(int, re.search(r"^(\d+) periods of (\d+) us, 0 lost$", output, re.M).groups())
    assert 900_000 < count * period < 1_100_000
    assert shares(output)["idle"][0] > 90

    # The memory of 64 MB is most of this, and Xen's.
    output = machine.answer("kernel profile -p 100 xu create test_selftest -p -q")
    found = shares(output)
    assert found["main"][1] > 90 and found["xu_create_command"][1] > 90
    assert found["xen_hypercall"][0] > 20 and found["physmap_populate"][1] > 20
    assert found["physmap_populate"][0] < found["xen_hypercall"][0]  # its own part is small
    stacks = table(output, "--stacks").stdout
    assert re.search(r"^[^ ]*main;shell_run;[^ ]*;xu_create_command;[^ ]*;physmap_populate;[^ ]*xen_hypercall \d+$", stacks, re.M)
    assert machine.answer("kernel profile kernel profile 1").startswith("kernel profile: it can't begin: ")

    other = table(output, elf=TOP / "build/virt/guests/sync.elf")
    assert other.returncode != 0 and "is not" in other.stderr
    nothing = table("nothing\n")
    assert nothing.returncode != 0 and "There is no profile" in nothing.stderr
