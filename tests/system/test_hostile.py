# SPDX-License-Identifier: Apache-2.0
"""Guests that break the rules, each in its way (guests/hostile), beside one that keeps them (guests/wellbehaved): that one
goes on being answered, the shell too, and when they are gone nothing of them is left."""

import re

import pytest

from test_bad_input import leftovers

RINGS = ["indices", "racing", "half", "long", "unread", "reconnect", "page"]
REQUESTS = ["watches", "transactions", "nodes", "paths", "ids", "garbage", "foreign"]
OTHERS = ["console_indices", "console_flood", "events", "grants"]

SLOW = 240  # seconds: many guests that never rest share two emulated CPUs with Dom0 on a loaded machine
ATTEMPTS = 200

pytestmark = pytest.mark.long


def begins(machine, domain):
    """Waits until the hostile guest was served once, as every guest is, and has begun."""
    for _ in range(ATTEMPTS):
        if re.match(r"\d+\n", machine.command(f"xs read /local/domain/{domain}/data/hostile", SLOW)):
            return
    raise AssertionError(f"{domain} has not begun")


def states(machine):
    """Each domain's letters in `xu list`."""
    lines = machine.answer("xu list", SLOW).splitlines()[1:]
    return {int(line.split()[1]): line.split()[4] for line in lines}


def stats(machine):
    """Each domain's line of `xs stats`, by the heads of the columns."""
    table = machine.answer("xs stats", SLOW).split("\n\n")[1].splitlines()
    heads = table[0].split()
    lines = [dict(zip(heads, line.split())) for line in table[1:]]
    return {int(line["ID"]): line for line in lines}


def answered(machine, good, more=60):
    """Waits until the good guest, which sends the next request when it has the last one's reply, had some more."""
    wanted = int(stats(machine)[good]["Requests"]) + more
    for _ in range(ATTEMPTS):
        now = stats(machine)
        if int(now[good]["Requests"]) >= wanted:
            return now
    raise AssertionError(now[good])


def destroy(machine, domain):
    assert machine.answer(f"xu destroy {domain}", SLOW) == f"domain:{domain} destroyed\n"


def shared(machine):
    """What Dom0 shares with its guests: lines with the numbers of frames and ports."""
    return leftovers(machine)[0][1:]


def start(boot_test, **options):
    """A machine, the good guest on it, and what the control domain held before it."""
    machine = boot_test(seconds=1500, **options)
    machine.command("log level error")  # so that no warning comes while a command is typed
    for configuration in "test_wellbehaved", "hostile_half":  # for what the first use of a thing keeps
        destroy(machine, machine.create(configuration))
    before = leftovers(machine)
    return machine, machine.create("test_wellbehaved"), before


def end(machine, good, before):
    """Nothing is left when all are gone."""
    assert "c" not in states(machine)[good] and "s" not in states(machine)[good]
    destroy(machine, good)
    assert leftovers(machine) == before


@pytest.mark.parametrize("behaviours,options", [(RINGS, {"xen": "4.17", "gic": 2}), (REQUESTS, {"xen": "4.20", "gic": 3}),
                                                (OTHERS, {"xen": "4.17", "gic": 3})], ids=["rings", "requests", "others"])
def test_each_alone(boot_test, behaviours, options):
    machine, good, before = start(boot_test, **options)
    figures = shared(machine)
    for behaviour in behaviours:
        domain = machine.create(f"hostile_{behaviour}")
        begins(machine, domain)
        answered(machine, good)
        assert not set(states(machine)[domain]) & set("sc"), behaviour  # it would crash if it had succeeded in something
        destroy(machine, domain)
        assert shared(machine) == figures, behaviour
    end(machine, good, before)


def test_dying_at_it(boot_test):
    """They power off or crash in the middle of it."""
    machine, good, before = start(boot_test, xen="4.20", gic=2)
    dying = [machine.create(f"dying_{behaviour}", SLOW) for behaviour in RINGS + REQUESTS + OTHERS if behaviour != "half"]
    for _ in range(ATTEMPTS):
        ended = states(machine)
        if all("s" in ended[domain] for domain in dying):
            break
        machine.skip(1)
    else:
        raise AssertionError(ended)
    answered(machine, good)
    for domain in dying:
        destroy(machine, domain)
    end(machine, good, before)


def test_sixteen_at_once(boot_test):
    machine, good, before = start(boot_test, xen="4.17", gic=2)
    behaviours = [b for b in RINGS + REQUESTS + OTHERS if b not in ("half", "long")]
    hostile = {b: machine.create(f"hostile_{b} -p", SLOW) for b in behaviours}
    assert len(hostile) == 16
    small = {"nodes": 50, "watches": 20}  # so that they come to the end soon
    for quota, limit in small.items():
        assert machine.answer(f"xs quota {hostile[quota]} {quota} {limit}", SLOW) == ""
    quiet = stats(machine)
    for domain in hostile.values():
        machine.command(f"xu unpause {domain}", SLOW)
    for domain in hostile.values():
        begins(machine, domain)

    # The good guest has its answers, and for each of them the others together have only so many as their turns allow.
    first = stats(machine)
    second = answered(machine, good, 150)
    gained = {domain: int(second[domain]["Requests"]) - int(first[domain]["Requests"]) for domain in second}
    assert sum(gained.values()) < 100 * gained[good]

    # What they were refused, and what they have, is theirs, and nobody else's.
    for _ in range(ATTEMPTS):
        now = stats(machine)
        if all(int(now[hostile[quota]]["Refused"]) for quota in small):
            break
    assert all(int(now[hostile[quota]]["Refused"]) for quota in small), now
    assert now[good]["Refused"] == "0" and now[0]["Refused"] == "0"
    for domain in hostile.values():
        limits = re.findall(r"^(\S+) +(\d+) +(\d+)\n", machine.command(f"xs quota {domain}", SLOW), re.M)
        assert len(limits) == 9
        assert all(int(used) <= int(limit) for _, limit, used in limits), limits
    assert now[0]["Nodes"] == quiet[0]["Nodes"]

    for domain in hostile.values():
        destroy(machine, domain)
    answered(machine, good)
    end(machine, good, before)


def test_an_access_that_xen_refuses(boot_test):
    """Told as what it is, with the task that did it."""
    machine = boot_test()
    machine.command("log level error")  # or the domain's end is told in the middle of its last words
    machine.attach(machine.create("hostile_refused"))
    machine.expect(re.compile(r"\*\*\* Fault: data abort at 0x[0-9a-f]+, refused by Xen\nin task 'main', "))
