# SPDX-License-Identifier: Apache-2.0
"""How domains end, and what follows: xl's defaults, and what a configuration asks for."""

import re
import subprocess

import pytest

from cards import GUESTS, make_card
from machine import TOP
from test_bad_input import leftovers

BANNER = "*** Booting Thin Dom0 guest echo"
NEVER = r"(?!.*^test_)"  # for becomes("xu list"): there is no domain of a test


@pytest.mark.quick
@pytest.mark.parametrize("line, said", [
    ("exit", "I: domain 1 (test_echo) has powered off and is destroyed"),
    ("crash", "W: domain 1 (test_echo) has crashed and is destroyed"),
    ("watchdog", "W: domain 1 (test_echo) was ended by its watchdog and is destroyed"),
])
def test_default_is_to_destroy(boot_test, xen, line, said):
    machine = boot_test(xen=xen)
    before = leftovers(machine)
    domain = machine.create("test_echo")
    machine.attach(domain)
    machine.expect(BANNER)
    machine.send("suspend\r")
    machine.expect("sleeping... ")
    machine.expect(f"\nI: domain {domain} (test_echo) has suspended itself; 'xu resume {domain}' lets it go on\nsleeping... ")
    assert machine.detach() == "\nDetached from console\n"
    assert re.search(r"^test_echo .* ---s-- ", machine.command("xu list"), re.M)
    assert f"domain:{domain} resumed\n" in machine.command("xl resume test_echo")
    assert "hasn't suspended itself" in machine.command("xl resume test_echo")
    machine.attach(domain)
    machine.expect("SUSPEND (8 bytes so far)\n")
    machine.send(f"hello\r{line}\r")
    output = machine.prompt()
    assert "HELLO" in output and said in output and "Detached from console\n" in output
    machine.becomes("xu list", NEVER)
    assert leftovers(machine) == before


def test_last_words_can_be_read_once(boot_test):
    machine = boot_test()
    machine.create("test_no_gpio")  # which misses something, says so, and ends
    machine.becomes("xu list", NEVER)
    words = machine.command("xu console test_no_gpio")
    assert "*** Booting Thin Dom0 guest blinky" in words and "The domain has ended\n" in words
    assert "there is no domain 'test_no_gpio'" in machine.command("xu console test_no_gpio")


@pytest.mark.quick
@pytest.mark.parametrize("line", ["exit", "reboot", "crash", "watchdog"])
def test_restart(boot_test, line):
    """Whoever is attached stays so."""
    machine = boot_test(xen="4.20", gic=3)
    domain = machine.create("test_restart")
    uuid = machine.command(f"xs read /local/domain/{domain}/vm")
    machine.attach(domain)
    machine.expect(BANNER)
    machine.send(f"{line}\r")
    machine.expect(f"domain {domain} (test_restart)")
    machine.expect(BANNER)
    machine.send("hello\r")
    machine.expect("HELLO (6 bytes so far)")
    assert "Detached from console" in machine.detach()
    assert re.search(rf"^test_restart +{domain + 1} ", machine.command("xu list"), re.M)
    assert machine.answer(f"xs read /local/domain/{domain + 1}/vm") == uuid
    assert machine.answer("xs ls /local/domain").count("domid") == 2  # ours, and its
    assert machine.answer("xu destroy test_restart") == f"domain:{domain + 1} destroyed\n"


def test_restart_has_a_limit(boot_test):
    machine = boot_test()
    before = leftovers(machine)
    machine.attach(machine.create("test_restart"))
    for _ in range(6):
        machine.expect(BANNER)
        machine.send("crash\r")
    machine.expect("it isn't restarted any more")
    assert "The domain has ended\nDetached from console\n" in machine.prompt()
    machine.becomes("xu list", NEVER)
    assert leftovers(machine) == before


def test_rename_restart(boot_test):
    machine = boot_test()
    domain = machine.create("test_rename")
    machine.attach(domain)
    machine.expect(BANNER)
    machine.send("crash\r")
    machine.expect(f"has started in the place of domain {domain}")
    machine.expect(BANNER)
    machine.detach()
    output = machine.command("xu list")
    assert re.search(rf"^test_rename-{domain} +{domain} .* ---sc- ", output, re.M)
    assert re.search(rf"^test_rename +{domain + 1} ", output, re.M)
    assert machine.answer(f"xs read /local/domain/{domain}/name") == f"test_rename-{domain}\n"
    for name in f"test_rename-{domain}", "test_rename":
        assert "destroyed" in machine.command(f"xu destroy {name}")
    assert machine.answer("xs ls /vm") == ""


LINUX_IMAGE = TOP / "build/virt-linux/thin-dom0.bin"


@pytest.mark.long
def test_linux_reboots_and_crashes(boot):
    """From inside: `reboot`, a panic after which Linux reboots, on both of which its console follows, and `poweroff`."""
    machine = boot(cpus=1, dom0_image=LINUX_IMAGE, dom0_memory="128M")
    domain = machine.create("linux_6_1")
    machine.attach(domain)
    for line in "reboot -f", "echo 1 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger", "poweroff -f":
        machine.expect("Linux guest: ")
        machine.expect("/ # ")
        machine.send(f"{line}\r")
        domain += 1
        if line != "poweroff -f":
            machine.expect(f"domain {domain} (linux_6_1) has started in the place of domain {domain - 1}")
    assert f"I: domain {domain - 1} (linux_6_1) has powered off and is destroyed" in machine.prompt()
    machine.becomes("xu list", r"(?!.*^linux_)")


@pytest.mark.long
def test_linux_panics(boot):
    """What on_reboot says is done after a panic too, which Linux on Arm makes a reboot of; the restart is above."""
    machine = boot(cpus=1, dom0_image=LINUX_IMAGE, dom0_memory="128M")
    ids = {action: machine.create(f"rebooted_{action}") for action in ("destroy", "preserve", "rename")}
    for action, domain in ids.items():
        machine.attach(domain)
        machine.expect("/ # ", timeout=300)
        machine.send("echo c >/proc/sysrq-trigger\r")
        machine.expect(f"domain {domain} (rebooted_{action}) wants to reboot")
        if action == "rename":
            machine.expect(f"has started in the place of domain {domain}")
            machine.detach()
        else:
            machine.prompt()
    listed = machine.becomes("xu list", r"(?!.*^rebooted_destroy )")
    assert re.search(rf"^rebooted_preserve +{ids['preserve']} .* ---s-- ", listed, re.M)
    assert re.search(rf"^rebooted_rename-{ids['rename']} +{ids['rename']} .* ---s-- ", listed, re.M)
    for name in "rebooted_preserve", "rebooted_rename", f"rebooted_rename-{ids['rename']}":
        assert "destroyed" in machine.command(f"xu destroy {name}")


def core_of(card, name, folder):
    """The sections of a core on a card: name -> (offset, size), and the file's bytes."""
    core = folder / name
    core.write_bytes(card.read(1, f"dom0/{name}"))
    listed = subprocess.run(["aarch64-linux-gnu-readelf", "-SW", core], check=True, capture_output=True, text=True).stdout
    sections = re.findall(r"\] (\.\S+) +\w+ +\w+ (\w+) (\w+) ", listed)
    return {section: (int(offset, 16), int(size, 16)) for section, offset, size in sections}, core.read_bytes()


def test_core_dump(boot, tmp_path):
    """After a crash, as configured, and by hand; where there is no room for it, that is said."""
    card = make_card(tmp_path, {
        "echo": 'kernel = "echo.bin"\nmemory = 16\non_crash = "coredump-restart"\n',
        "large": 'kernel = "sync.bin"\nmemory = 200\n',
    }, GUESTS / "echo.bin", GUESTS / "sync.bin")
    machine = boot(card=card)
    machine.attach(machine.create("echo"))
    machine.expect(BANNER)
    machine.send("a needle in the memory\r")
    machine.expect("A NEEDLE")
    machine.send("crash\r")
    machine.expect(re.compile(r"I: domain 1 \(echo\): its core is /\w+:/dom0/core-echo-1\n"))
    machine.expect(BANNER)
    machine.detach()
    assert machine.answer("xu dump-core echo by-hand") == ""
    machine.attach("echo")
    machine.send("still here\r")
    machine.expect("STILL HERE")
    machine.detach()
    large = machine.create("large")
    assert re.search(r"the core has 200 MiB, and the volume \d+ MiB left\n", machine.command(f"xu dump-core {large} x"))
    for domain in "echo", "large":
        machine.command(f"xu destroy {domain}")
    assert "Foreign frames : 0 mapped" in machine.command("kernel memory")
    assert machine.poweroff() == 0

    for name in "core-echo-1", "by-hand":
        sections, core = core_of(card, name, tmp_path)
        assert sections[".xen_pages"][1] == (16 << 20) + 8192 and sections[".xen_pfn"][1] == 8 * 4098
        offset = sections[".xen_pfn"][0]
        frames = [int.from_bytes(core[at:at + 8], "little") for at in range(offset, offset + 24, 8)]
        assert frames == [0x39000, 0x39001, 0x40000]
        assert core[sections[".note.Xen"][0] + 12:][:4] == b"Xen\0"
        kernel = (GUESTS / "echo.bin").read_bytes()[4096:8192]  # code, which stays as it was loaded
        assert kernel in core
        assert (b"a needle in the memory" in core) == (name == "core-echo-1")
