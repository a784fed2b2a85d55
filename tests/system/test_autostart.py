# SPDX-License-Identifier: Apache-2.0
"""Domains that start with Dom0, in their order, each when what it waits for has come; and `xu wait`."""

import re

import pytest

from cards import GUESTS, make_card

CONFIGURATIONS = {
    "first": 'kernel = "echo.bin"\nautostart = 1\non_reboot = "restart"\n',
    "never": 'kernel = "sync.bin"\nautostart = 25\nautostart_wait = ["store:/x"]\nautostart_timeout = 2\n',
    "third": 'kernel = "sync.bin"\nautostart = 30\nautostart_wait = ["console:first:HELLO", "domain:second"]\n',
    "second": 'kernel = "sync.bin"\nautostart = 20\nautostart_wait = ["store:/go=1"]\nautostart_timeout = 200\n',
    "wrong": 'kernel = "sync.bin"\nautostart = 5\nautostart_wait = ["nonsense"]\n',
    "by_hand": 'kernel = "sync.bin"\n',
}


@pytest.mark.quick
def test_in_order_and_when_ready(boot, xen, tmp_path):
    machine = boot(xen=xen, card=make_card(tmp_path, CONFIGURATIONS, GUESTS / "sync.bin", GUESTS / "echo.bin"))
    machine.becomes("log", r".*I: autostart: 'first' is domain 1\n")
    assert re.search(r"E: autostart: wrong.cfg:3:19: 'nonsense' is none of store:", machine.command("log"))
    assert re.findall(r"^(\S+) +\d+ ", machine.answer("xu list"), re.M) == ["Domain-0", "first"]
    machine.command("xs write /go 1")
    machine.becomes("log", r".*I: autostart: 'second' is domain 2\n.*"
                           r"E: autostart: 'never' isn't started: store:/x has not come in time\n")

    machine.attach("first")
    machine.expect("*** Booting Thin Dom0 guest echo")
    machine.send("hello\r")
    machine.expect("HELLO (6 bytes so far)")
    machine.detach()
    machine.becomes("log", r".*I: autostart: 'third' is domain 3\n")
    assert re.findall(r"^(\S+) +\d+ ", machine.answer("xu list"), re.M) == ["Domain-0", "first", "second", "third"]


def test_xu_wait(boot_test):
    machine = boot_test()
    domain = machine.create("test_echo")
    assert machine.answer("xu wait test_echo 'console:guest echo'") == ""
    assert machine.answer(f"xu wait {domain} store:name=test_echo") == ""
    assert machine.answer(f"xu wait {domain} store:/vm -t 1") == ""
    assert machine.answer(f"xu wait {domain} store:data/x=1 -t 1") == (
        f"xu wait: store:/local/domain/{domain}/data/x=1 has not come in time\n")
    assert "is none of store:" in machine.command(f"xu wait {domain} nonsense")
    machine.start(f"xu wait {domain}")
    machine.send("\x03")
    assert "stopped waiting for end" in machine.prompt()

    machine.attach(domain)
    machine.send("watchdog\r")
    machine.expect("was ended by its watchdog")
    machine.prompt()
    assert "no domain 'test_echo'" in machine.becomes("xu wait test_echo", "xu wait: there is no domain")
