# SPDX-License-Identifier: Apache-2.0
"""The guests of guests/ under real Xen: that they work, and through them what a control domain gives to its domains."""

import re
import time

import pytest

from machine import PATIENCE


def says(machine, domain, what, timeout=PATIENCE):
    """What a match of a domain's output is; the console is detached again."""
    machine.attach(domain)
    match = machine.expect(what, timeout)
    machine.detach()
    return match


# --- the demonstration's guests ----------------------------------------------------------------------------------


@pytest.mark.quick
def test_sync_speaks_in_turn(boot, xen, gic):
    machine = boot(xen=xen, gic=gic)
    machine.attach(machine.create("virt_domu"))
    machine.expect("*** Booting Thin Dom0 guest sync")
    for speaker in "abababab":
        machine.expect(re.compile(r"^thread_(.): Hello World from cpu 0 on xenvm!\n", re.M))
        assert machine.console.match[1] == speaker
    assert "Detached from console" in machine.detach()


def led_levels(machine):
    """Every level that QEMU saw on the LED's pin since blinky made it an output."""
    lines = machine.trace_lines()
    start = max((i for i, line in enumerate(lines) if re.search(r"pl061_write .* offset 0x400 value 0x1$", line)),
                default=len(lines))
    return [int(level) for line in lines[start:] for level in re.findall(r"setting output 0 to (\d)$", line)]


def wait_for_toggles(machine, count, seconds=PATIENCE):
    """Waits until the LED has changed `count` times more."""
    wanted, end = len(led_levels(machine)) + count, time.monotonic() + seconds
    while len(led_levels(machine)) < wanted:
        assert time.monotonic() < end, "the LED doesn't blink"
        time.sleep(0.2)


@pytest.mark.quick
def test_blinky_blinks_on_a_real_pin(boot, gic):
    machine = boot(gic=gic, trace="pl061*")
    domain = machine.create("virt_domd")
    wait_for_toggles(machine, 4)
    assert "iomem 9030,1: the domain 'virt_domd' has it" in machine.command("xu create virt_domd")

    machine.command(f"xu pause {domain}")
    time.sleep(0.5)
    levels = led_levels(machine)
    machine.attach(domain)
    machine.expect(re.compile("LED state: (ON|OFF)\n"))
    machine.skip(2)
    assert machine.skip(2) == ""  # the console is silent, and so is the pin
    assert led_levels(machine) == levels
    machine.detach()

    machine.command(f"xu unpause {domain}")
    wait_for_toggles(machine, 3)
    machine.attach(domain)
    for state in "ON", "OFF":
        machine.expect(f"LED state: {state}\n")
    machine.detach()
    levels = led_levels(machine)
    assert levels == [(i + 1) % 2 for i in range(len(levels))]

    machine.command(f"xu destroy {domain}")
    time.sleep(0.5)
    levels = led_levels(machine)
    time.sleep(3)
    assert led_levels(machine) == levels


def test_blinky_without_a_controller(boot_test):
    machine = boot_test()
    domain = machine.create("test_no_gpio")
    machine.becomes("xu list", r"(?!.*^test_no_gpio )")
    assert re.search(r"No GPIO controller.*arm,pl061.*iomem", machine.command(f"xu console {domain}"), re.S)


@pytest.mark.quick
def test_monkey_has_its_arguments_and_moves(machine):
    machine.attach(machine.create("helloworld_xen-arm64"))
    machine.expect("Hello world!\n")
    machine.expect(re.compile(r'^Arguments:( "[^"\n]+")+\n', re.M))
    columns = [len(machine.expect(re.compile(r"^( *)[ \\]@\(o o\)@", re.M))[1]) for _ in range(6)]
    assert columns == sorted(set(columns))
    machine.detach()


# --- processors and memory ---------------------------------------------------------------------------------------


def test_kernel_under_a_guest(boot_test, xen, gic):
    """The kernel's own test as a domain: what it finds there differs from what a control domain finds."""
    machine = boot_test(xen=xen, gic=gic)
    machine.attach(machine.create("test_selftest"))
    machine.expect(re.compile(r"selftest: (all passed|\d+ of \d+ tests failed)"))
    assert machine.console.match[1] == "all passed"


@pytest.mark.quick
def test_four_cpus(boot_test, xen, gic):
    machine = boot_test(xen=xen, gic=gic)
    domain = machine.create("test_cpus")
    machine.attach(domain)
    for cpu in range(4):
        machine.expect(re.compile(rf"^cpu {cpu}: MPIDR 0x{cpu}, counted to \d+, running\n", re.M))
    machine.expect("cpus: 4 of 4 running\n")
    machine.detach()
    machine.command(f"xu destroy {domain}")


def test_small_memory(boot_test):
    machine = boot_test()
    bank = says(machine, machine.create("test_memory"), re.compile(r"bank 0: 0x(\w+) to 0x(\w+), .*\n"
                                                                    r"memory: 16 MiB in 1 banks ok\n"))
    assert int(bank[1], 16) == 0x40000000 and int(bank[2], 16) == 0x40ffffff


@pytest.mark.parametrize("xen, gic", [("4.17", 3), ("4.20", 2)])
def test_memory_in_both_banks(boot_test, xen, gic):
    machine = boot_test(xen=xen, gic=gic, memory="5G")
    domain = machine.create("test_memory_both_banks")
    banks = says(machine, domain, re.compile(r"bank 0: 0x40000000 to 0xffffffff, .*\n"
                                             r"bank 1: 0x200000000 to 0x21fffffff, .*\n"
                                             r"memory: 3584 MiB in 2 banks (.*)\n"))
    assert banks[1] == "ok"
    machine.command(f"xu destroy {domain}")


# --- consoles ----------------------------------------------------------------------------------------------------


def test_flood_starves_nobody(boot_test):
    machine = boot_test()
    flood, sync = machine.create("test_flood"), machine.create("test_sync")
    time.sleep(2)

    for _ in range(5):
        machine.command("kernel uptime")

    machine.attach(sync)  # 20 lines a second, whatever the other does; slower on a loaded machine
    machine.skip(1)
    for _ in range(20):
        machine.expect("Hello World")
    machine.detach()

    machine.attach(flood)
    machine.expect(re.compile(r"Domain console overrun detected\. \d+ bytes was lost\n"))
    text = machine.skip(2)
    machine.detach()
    # Between two losses the output is whole: each number follows the one before.
    for part in re.split(r"\n?Domain console overrun detected.*\n", text):
        numbers = [int(number) for number in re.findall(r"^flood line (\d+)$", part, re.M)][1:-1]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
    for domain in flood, sync:
        machine.command(f"xu destroy {domain}")


@pytest.mark.quick
def test_console_input(boot_test, xen, gic):
    machine = boot_test(xen=xen, gic=gic)
    domain = machine.create("test_echo")
    machine.attach(domain)
    machine.expect("*** Booting Thin Dom0 guest echo")
    machine.send("Hello, guest! \x03\t\r")  # a guest gets control characters too, all but Ctrl-]
    machine.expect("HELLO, GUEST! \x03\t (17 bytes so far)\n")
    assert "Detached from console" in machine.detach()

    machine.attach(domain)  # nothing was lost meanwhile, and nothing is shown twice
    machine.send("again\r")
    assert machine.expect("AGAIN (23 bytes so far)\n") and "HELLO" not in machine.before
    text = "".join(chr(ord("a") + i % 26) for i in range(1000))  # four rings of input in one line
    machine.send(text + "\r")
    machine.expect(f"{text.upper()} (1024 bytes so far)\n")
    machine.detach()
    machine.command(f"xu destroy {domain}")


@pytest.mark.parametrize("line, said, state", [
    ("exit", "I: domain 1 (test_preserve) has powered off", "---s--"),
    ("reboot", "I: domain 1 (test_preserve) wants to reboot", "---s--"),
    ("crash", "W: domain 1 (test_preserve) has crashed", "---sc-"),
], ids=["exit", "reboot", "crash"])
def test_domain_ends_while_attached(boot_test, line, said, state):
    machine = boot_test()
    domain = machine.create("test_preserve")
    machine.attach(domain)
    machine.expect("*** Booting Thin Dom0 guest echo")
    machine.send(f"{line}\r")
    output = machine.prompt()
    assert said in output and "Detached from console\n" in output
    assert re.search(rf"^test_preserve .* {state} ", machine.command("xu list"), re.M)
    assert "Detached from console" in machine.command(f"xu console {domain}")  # nothing to wait for
    machine.command(f"xu destroy {domain}")
    assert "test_preserve" not in machine.command("xu list")
