# SPDX-License-Identifier: Apache-2.0
"""Whatever is wrong: a clear error, and nothing left over."""

import re

import pytest

from machine import TEST_IMAGE


def leftovers(machine):
    """What a failed command may not change: Dom0's heap, mappings and ports, and Xen's domains."""
    memory = machine.command("kernel memory")
    figures = re.findall(r"^(?:Heap used +: \d+ bytes in \d+ blocks|Foreign frames.*|Event channels.*)", memory, re.M)
    assert len(figures) == 3, memory
    domains = re.sub(r" +[-a-z]+ +\d+\.\d$", "", machine.command("xu list"), flags=re.M)  # but for state and time
    return figures, domains


# What is typed, and what the answer must say. One machine tries them all, twice: the second time shows what
# the first left behind.
BAD = {
    # Images and configurations (src/dom_cfg/virt_test.c)
    "xu create bad_empty": r"kernel .*: .*empty",
    "xu create bad_short": r"kernel .*first bytes [0-9a-f ]+",
    "xu create bad_text": r"kernel .*not an arm64 Image, gzip or uImage \(first bytes 54 68 69 73\)",
    "xu create bad_elf": r"kernel .*not an arm64 Image, gzip or uImage \(first bytes 7f 45 4c 46\)",
    "xu create bad_large": r"kernel .*64 MiB.*16 MiB.*raise",
    "xu create bad_offset": r"kernel .*offset 0xfffffffffffff000",
    "xu create bad_corrupt_gzip": r"kernel .*gzip",
    "xu create bad_cut_gzip": r"kernel .*truncated",
    "xu create bad_bomb_gzip": r"kernel .*",
    "xu create bad_corrupt_uimage": r"kernel .*CRC",
    "xu create bad_memory": r"memory|MiB",
    "xu create bad_tree": r"partial device tree",
    "xu create bad_iomem": r"iomem.*0x9000",
    "xu create bad_device": r"/nosuch@0.*no such node",
    "xu create bad_dtdev": r"no IOMMU on this machine.*dt_passthrough",
    "xu create test_memory_both_banks": r"free",
    # Names and numbers
    "xu create nosuch": r"no configuration 'nosuch'.*xu config_list",
    "xu create": r"which configuration",
    "xu create test_sync -d 40000": r"'40000' is not a domain id; take one from 1 to 32751",
    "xu create test_sync -d -1": r"'-1' is not a domain id",
    "xu create test_sync -d 1x": r"'1x' is not a domain id",
    "xu create test_sync -d": r"-d",
    "xu create test_sync -z": r"-z",
    "xu create test_memory -d 1": r"\b1\b.*in use",
    "xu destroy 0": r"control domain itself",
    "xu destroy 77": r"no domain 77.*xu list",
    "xu destroy nosuch": r"nosuch.*xu list",
    "xu destroy": r"[Uu]sage",
    "xu destroy 1 2": r"[Uu]sage",
    "xu pause nosuch": r"nosuch.*xu list",
    "xu pause 0": r"control domain itself",
    "xu unpause test_echo": r"not paused|paused already|running",
    "xu console 77": r"no domain 77.*xu list",
    "xu console 0": r"console",
    "xu craete test_sync": r"no command 'xu craete'.*create",
    "nosuch": r"no command 'nosuch'",
    "xu create 'test_sync": r"quote|'",
    "xstat vcpu nosuch": r"nosuch",
    "kernel crash nosuch": r"nosuch",
    "log level loud": r"loud",
}


def test_each_is_refused_and_leaves_nothing(boot):
    machine = boot(dom0_image=TEST_IMAGE)
    assert machine.create("test_echo") == 1
    for command in BAD:  # once before, for what the first use of a thing keeps
        machine.command(command)
    before = leftovers(machine)
    wrong = []
    for command, reason in BAD.items():
        answer = machine.command(command)
        if not re.search(reason, answer, re.S) or "created" in answer:
            wrong.append(f"{command}: {answer!r}")
        if leftovers(machine) != before:
            wrong.append(f"{command}: left {leftovers(machine)} of {before}")
    assert not wrong, "\n".join(wrong)

    machine.attach(1)  # and the domain beside all this works
    machine.send("still here\r")
    machine.expect("STILL HERE")
    machine.detach()


@pytest.mark.parametrize("configuration", ["test_gzip", "test_uimage", "test_gzip_uimage"])
def test_other_formats_of_kernels_boot(boot, xen, configuration):
    machine = boot(xen=xen, dom0_image=TEST_IMAGE)
    machine.attach(machine.create(configuration))
    machine.expect("thread_b: Hello World from cpu 0 on xenvm!")
