# SPDX-License-Identifier: Apache-2.0
"""The session of the README, line by line, and the shell as a person uses it."""

import re

import pytest

from machine import TEST_IMAGE


@pytest.mark.quick
def test_reference_session(boot, xen, gic):
    """Create with and without an id, paused and not; console, pause and unpause; list; destroy."""
    machine = boot(xen=xen, gic=gic)
    assert machine.answer("xu config_list").split() == ["virt_domd", "virt_domu", "helloworld_xen-arm64"]

    created = machine.command("xu create virt_domd -d 1")
    for line in (r"^I: rambase = 40000000, ramsize = 16777216$", r"^I: kernbase = 40000000 kernsize = \d+, dtbsize = \d+$",
                 r"^I: kernsize_aligned = 2097152$", r"^I: DTB will be placed on addr = 0x40[0-9a-f]+$",
                 r"^domain:1 created$"):
        assert re.search(line, created, re.M), created

    paused = machine.command("xu create virt_domu -d 2 -p")
    assert "I: Created domain is paused\nTo unpause issue: xu unpause 2\n" in paused
    chosen = machine.command("xu create helloworld_xen-arm64 -d 0 -p")
    assert "To unpause issue: xu unpause 3\n" in chosen

    assert re.search(r"^virt_domu +2 +16 +1 +--p--", machine.command("xu list"), re.M)
    machine.attach(2)
    assert machine.skip(1.5) == ""  # it hasn't run
    assert machine.detach() == "Detached from console\n"
    assert machine.answer("xu unpause 2") == "domain:2 unpaused\n"
    machine.attach("virt_domu")
    machine.expect("thread_a: Hello World from cpu 0 on xenvm!\nthread_b: Hello World from cpu 0 on xenvm!\n")
    machine.detach()

    assert machine.answer("xu pause virt_domu") == "domain:2 paused\n"
    machine.attach(2)
    machine.skip(1.5)
    assert machine.skip(1) == ""
    machine.detach()
    assert machine.answer("xu unpause 2") == "domain:2 unpaused\n"
    machine.attach(2)
    machine.expect("thread_a: Hello World")
    machine.detach()

    listed = machine.command("xu list")
    assert re.findall(r"^(\S+) +(\d+) ", listed, re.M) == [
        ("Domain-0", "0"), ("virt_domd", "1"), ("virt_domu", "2"), ("helloworld_xen-arm64", "3")], listed
    for domain in "virt_domd", "2", "helloworld_xen-arm64":
        assert re.fullmatch(r"domain:\d destroyed\n", machine.answer(f"xu destroy {domain}"))
    assert re.findall(r"^(\S+) +\d+ ", machine.answer("xu list"), re.M) == ["Domain-0"]


def test_help_tells_of_every_command(machine):
    top = re.findall(r"^  (\S+) ", machine.command("help"), re.M)
    assert {"xu", "xstat", "kernel", "log", "help"} <= set(top)
    for command in top:
        text = machine.command(f"{command} --help")
        assert re.search(r"[Uu]sage|[Cc]ommands", text), text
        for sub in re.findall(r"^  (\S+) ", text, re.M):
            if not sub.startswith("-") and sub not in ("NAME", "DOMAIN"):
                assert command in machine.command(f"{command} {sub} --help")


def test_line_editing_on_the_real_console(machine):
    machine.skip()
    machine.send("xu lsst\x1b[D\x1b[D\x7fi\r")  # cursor keys, backspace: xu list
    machine.expect("Domain-0")
    machine.prompt()
    machine.send("\x1b[A\r")  # history
    machine.expect("Domain-0")
    machine.prompt()
    machine.send("xu config_l\t\r")  # completion
    machine.expect("virt_domu")
    machine.prompt()
    machine.send("xu create virt_do\t")
    machine.expect("xu create virt_dom")  # as far as virt_domd and virt_domu agree
    machine.send("u -p\r")
    machine.expect("Created domain is paused")
    machine.prompt()
    machine.send("xu destroy virt\t\r")
    machine.expect("destroyed")
    machine.prompt()
    machine.send("garbage\x03")  # Ctrl-C: an empty line again
    machine.prompt()
    assert machine.answer("kernel version").startswith("Thin Dom0")


def test_xens_messages_do_not_break_the_line(boot):
    machine = boot(dom0_image=TEST_IMAGE, xen_args="loglvl=all guest_loglvl=all")
    domain = machine.create("test_sync")
    machine.skip(1)
    machine.send("kernel ver")
    machine.expect("kernel ver")
    machine.send("\x01\x01\x01h\x01\x01\x01")  # Xen's own console: h lists its debug keys; and back
    machine.expect("Serial input to DOM0")
    machine.expect("uart:~$ kernel ver")
    machine.send("sion\r")
    machine.expect("Thin Dom0 v")
    machine.prompt()
    machine.command(f"xu destroy {domain}")


def test_a_paste_of_lines_runs_all(machine):
    machine.skip()
    machine.send("kernel uptime\rkernel uptime\rkernel version\r")
    machine.expect("Thin Dom0 v")
    machine.prompt()
