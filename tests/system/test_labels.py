# SPDX-License-Identifier: Apache-2.0
"""Security labels, with Xen's FLASK and the policy of image/policy: what they forbid, and what they don't."""

import re

import pytest

from cards import GUESTS, Card
from machine import TOP, Machine, virtio_disk
from test_domd import Pair, checksum, make_card

POLICY = TOP / "build/virt/policy.bin"
PERMISSION_DENIED, GENERAL_ERROR = -8, -1  # GNTST_*
LABEL = "system_u:system_r:{}"


@pytest.fixture
def card(tmp_path):
    """A card with guests of each label, a policy, and what is none."""
    image = Card(tmp_path / "card.img")
    labels = {"user": "domU_t", "driver": "domD_t", "foreign": "nobody_t", "xens": "xen_t", "plain": None}
    for name, label in labels.items():
        text = 'kernel = "label.bin"\nmemory = 8\n'
        (tmp_path / f"{name}.cfg").write_text(text + (f'seclabel = "{LABEL.format(label)}"\n' if label else ""))
    (tmp_path / "cut.bin").write_bytes(POLICY.read_bytes()[:3000])
    # The registers of QEMU's GPIO controller.
    for name, label in ("io_user", "domU_t"), ("io_driver", "domD_t"):
        (tmp_path / f"{name}.cfg").write_text('kernel = "label.bin"\nmemory = 8\niomem = [ "9030,1" ]\n'
                                              f'seclabel = "{LABEL.format(label)}"\n')
        labels[name] = label
    image.put(1, GUESTS / "label.bin", POLICY, tmp_path / "cut.bin", *(tmp_path / f"{name}.cfg" for name in labels))
    return image


def attempt(machine, domain, *lines):
    """What a guest gets for each line: a result of Xen's."""
    results = []
    machine.attach(domain)
    for line in lines:
        machine.send(f"{line}\r")
        machine.expect(re.compile(rf"{line}: (-?\d+)\n"))
        results.append(int(machine.console.match[1]))
    machine.detach()
    return results


def channels(machine, domain, *others):
    return attempt(machine, domain, *(f"channel {other}" for other in others))


def label_of(machine, domain):
    return machine.answer(f"xu list -Z {domain}").split()[-1]


def test_enforcing(boot, card, xen, gic):
    """In the policy that Xen was booted with, a driver domain and its users may have channels, users among themselves not,
    and nobody but Dom0 may change the policy."""
    machine = boot(xen=xen, gic=gic, flask="enforcing", card=card)
    assert machine.answer("xu getenforce") == "Enforcing\n"
    driver, one, two, plain = (machine.create(name) for name in ("driver", "user", "user", "plain"))
    assert label_of(machine, 0) == LABEL.format("dom0_t")
    assert label_of(machine, driver) == LABEL.format("domD_t")
    assert label_of(machine, one) == label_of(machine, plain) == LABEL.format("domU_t")
    assert LABEL.format("domD_t") in machine.command(f"xu list -v {driver}")
    assert channels(machine, one, 0, driver, one, two, plain) == [0, 0, 0, -13, -13]
    assert channels(machine, driver, one, two, driver) == [0, 0, 0]
    # What they grant: forbidden, or only not granted to this one.
    assert attempt(machine, one, f"copy {two}", f"copy {driver}") == [PERMISSION_DENIED, GENERAL_ERROR]
    assert attempt(machine, driver, f"copy {one}") == [GENERAL_ERROR]
    assert attempt(machine, two, "getenforce", "setenforce", "lookup") == [1, -13, -13]
    # The same when it isn't enforced, and again when it is.
    assert machine.answer("xl setenforce Permissive") == ""
    assert machine.answer("xu getenforce") == "Permissive\n"
    assert attempt(machine, one, f"channel {two}", f"copy {two}") == [0, GENERAL_ERROR]
    assert machine.answer("xu setenforce 1") == ""
    assert channels(machine, one, two) == [-13]
    assert machine.answer("xu getenforce") == "Enforcing\n"
    for domain in driver, one, two, plain:
        assert machine.answer(f"xu destroy {domain}") == f"domain:{domain} destroyed\n"
    assert machine.answer("xu loadpolicy policy.bin") == "Successfully loaded policy.\n"
    machine.create("user")


def test_devices(boot, card, xen):
    """Devices are for the label of driver domains."""
    machine = boot(xen=xen, flask="enforcing", card=card)
    assert "Xen's policy forbids it for this security label" in machine.command("xu create io_user")
    assert machine.answer("xu list").count("\n") == 2  # the head, and Dom0
    machine.create("io_driver")


def test_driver_domain(log_folder, tmp_path):
    """A Linux of the label of driver domains serves one of the other: disk and network, with nothing denied on the way."""
    image = make_card(tmp_path, "6.12", {"domd": LABEL.format("domD_t"), "linux_pv_domu": LABEL.format("domU_t")})
    with Machine(log_folder, cpus=1, flask="enforcing", qemu=virtio_disk(image), storage=True, seconds=1800) as machine:
        pair = Pair(machine)
        assert checksum(pair.guest, "/dev/xvda") == checksum(pair.domd, "/disk.img")
        assert " 0% packet loss" in pair.guest.run("ping -c 2 -W 10 192.168.0.1")
        pair.guest.run("dd if=/dev/urandom of=/tmp/data bs=1M count=1 2>/dev/null; httpd -p 8000 -h /tmp")
        pair.domd.run("wget -q -O /tmp/got http://192.168.0.2:8000/data", 300)
        assert checksum(pair.domd, "/tmp/got") == checksum(pair.guest, "/tmp/data")
        for guest in pair.guest, pair.domd:
            assert machine.answer(f"xu destroy {guest.domain}") == f"domain:{guest.domain} destroyed\n"
    assert b"denied" not in next(log_folder.glob("console.log")).read_bytes()


@pytest.mark.parametrize("board", ["rpi4", "zcu102"])
def test_boards(boot, board):
    """The policy stands in the tree of a board that has one of its own."""
    machine = boot(board=board, flask="enforcing")
    assert machine.answer("xu getenforce") == "Enforcing\n"
    assert label_of(machine, machine.create("helloworld_xen-arm64")) == LABEL.format("domU_t")


def test_labels_that_are_refused(boot, card, xen):
    """One that the policy doesn't have, and one that is for no domain; then Dom0 alone is there."""
    machine = boot(xen=xen, flask="enforcing", card=card)
    assert f"Xen's policy has no label '{LABEL.format('nobody_t')}'" in machine.command("xu create foreign")
    assert "doesn't allow Dom0 to create a domain with this security label" in machine.command("xu create xens")
    assert "nothing.bin" in machine.command("xu loadpolicy nothing.bin")
    for file in "cut.bin", "label.bin":
        assert f"{file} is no policy" in machine.command(f"xu loadpolicy {file}")
    assert "neither 0 (permissive) nor 1" in machine.command("xu setenforce 2")
    assert machine.answer("xu list").count("\n") == 2
    assert label_of(machine, machine.create("user")) == LABEL.format("domU_t")


def test_policy_from_dom0(boot, card, xen):
    """flask=late: no label means anything until Dom0 gives Xen a policy."""
    machine = boot(xen=xen, flask="late", card=card)
    assert "no policy is loaded yet" in machine.command("xu getenforce")
    assert "Xen has no policy yet" in machine.command("xu create user")
    assert machine.answer("xu loadpolicy policy.bin") == "Successfully loaded policy.\n"
    assert machine.answer("xu getenforce") == "Enforcing\n"
    one, two = machine.create("user"), machine.create("user")
    assert channels(machine, one, 0, two) == [0, -13]
    assert label_of(machine, 0) == LABEL.format("dom0_t")


def test_without_flask(boot, card, xen):
    machine = boot(xen=xen, card=card)
    assert machine.answer("xu getenforce") == "Disabled\n"
    for command in "setenforce 1", "loadpolicy policy.bin":
        assert "boot it with xsm=flask" in machine.command(f"xu {command}")
    assert "this Xen has no security labels" in machine.command("xu create user")
    assert label_of(machine, machine.create("plain")) == "-"


def test_everything_is_allowed_to_dom0(boot, card, xen):
    """What Dom0 does to the machine and to domains: nothing of it is denied, so that Xen has nothing to tell."""
    machine = boot(xen=xen, flask="permissive", card=card, cpus=4)
    domain = machine.create("io_driver")
    channels(machine, domain, 0, domain)
    for command in ("xu list -v", "xu vcpu-list", "xu info", "xstat stat", "xu pause {}", "xu unpause {}", "xu vcpu-pin {} 0 1",
                    "xu mem-max {} 9", "xu mem-set {} 8", "xl sched-credit2 -d {} -w 512", "xu rename {} other", "xu uptime",
                    "xu cpupool-list", "xu cpupool-cpu-remove Pool-0 3", "xu cpupool-create name=a cpus=3",
                    "xu cpupool-migrate {} a", "xu cpupool-migrate {} Pool-0", "xu cpupool-destroy a",
                    "xu set-parameters gnttab_max_frames=32", "xu debug-keys h", "xu top -b -i 1", "xu destroy {}"):
        machine.command(command.format(domain))
    machine.start("xu dmesg -c")
    assert "avc:  denied" not in machine.prompt()
