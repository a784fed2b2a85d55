# SPDX-License-Identifier: Apache-2.0
"""Administration of CPUs, pools, memory and Xen itself, each seen from the other side."""

import json
import re


def vcpu(machine, domain, number):
    """(CPU it ran on last, seconds it ran, hard affinity, soft affinity) from `xu vcpu-list`."""
    for line in machine.answer(f"xu vcpu-list {domain}").splitlines():
        row = re.match(rf"\S+ +\d+ +{number} +(\d+|-) +\S+ +([\d.]+)  (\S+) / (\S+)$", line.strip())
        if row:
            return row[1], float(row[2]), row[3], row[4]
    raise AssertionError(f"no CPU {number} in the list of {domain}")


def test_pinning(boot, xen):
    """A pinned CPU runs where it is pinned: seen in what Xen says of it while it works."""
    machine = boot(xen=xen, cpus=4)
    domain = machine.create("virt_domu")
    for cpu in "3", "1", "2":
        assert machine.answer(f"xl vcpu-pin {domain} 0 {cpu}") == ""
        ran = vcpu(machine, domain, 0)[1]
        for _ in range(100):
            row = vcpu(machine, domain, 0)
            if row[1] > ran and row[0] == cpu:
                break
        assert row[0] == cpu and row[2:] == (cpu, "all"), row
    assert machine.answer(f"xu vcpu-pin {domain} all all 0-1") == ""
    assert vcpu(machine, domain, 0)[2:] == ("all", "0-1")
    assert "is not a CPU of domain" in machine.command(f"xu vcpu-pin {domain} 5 all")
    assert "none of these CPUs" in machine.command(f"xu vcpu-pin {domain} 0 77")


def test_pools(boot, xen):
    """A pool made, a domain moved to it and back; and each dissolved. Those with the scheduler credit more than once: where CPUs join and
    leave while its timers run, Xen panics or stops after a few rounds on a busy host."""
    machine = boot(xen=xen, cpus=4)
    domain = machine.create("virt_domu")
    assert "CPU 3 is in a pool" in machine.command("xu cpupool-create name=second cpus=3")
    assert machine.answer("xu cpupool-cpu-remove Pool-0 2-3") == ""
    assert machine.answer('xu cpupool-create name="second" sched="credit" cpus=["2"]') == "pool:1 created\n"
    assert re.search(r"^second +1 +credit +y +0$", machine.command("xu cpupool-list"), re.M)
    assert re.search(r"^second +2$", machine.command("xu cpupool-list -c"), re.M)
    assert machine.answer(f"xu cpupool-migrate {domain} second") == ""
    assert re.search(r"^virt_domu .* second$", machine.command("xu list -c"), re.M)
    for _ in range(100):
        if vcpu(machine, domain, 0)[0] == "2":
            break
    else:
        raise AssertionError("the domain doesn't run on the pool's CPU")
    assert machine.answer(f"xu sched-credit -d {domain} -w 300") == ""
    assert re.search(r"^virt_domu +\d+ +300 +0$", machine.command("xu sched-credit"), re.M)
    assert "there are 1 domains in it" in machine.command("xu cpupool-destroy second")
    assert machine.answer(f"xu cpupool-migrate {domain} Pool-0") == ""
    assert machine.answer("xu sched-credit -s -p second -t 20") == ""
    assert machine.answer("xu cpupool-cpu-add second 3") == ""
    assert machine.answer("xu cpupool-cpu-remove second 3") == ""
    assert machine.answer("xu sched-credit -s -p second") == "Cpupool second: tslice=20ms ratelimit=1000us migration-delay=0us\n"
    assert machine.answer("xu cpupool-destroy second") == ""
    for _ in range(3):
        assert machine.answer("xu cpupool-create name=second sched=credit cpus=2-3") == "pool:1 created\n"
        assert machine.answer("xu cpupool-destroy second") == ""
    assert machine.answer("xu cpupool-create name=third sched=credit2 cpus=3") == "pool:1 created\n"
    assert machine.answer(f"xu cpupool-migrate {domain} third") == ""
    assert machine.answer(f"xu cpupool-migrate {domain} Pool-0") == ""
    assert machine.answer("xu cpupool-rename third other") == ""
    assert machine.answer("xu cpupool-destroy other") == ""
    assert machine.answer("xu cpupool-cpu-add Pool-0 3") == ""
    assert re.search(r"^Pool-0 +3 +credit2 +y +2$", machine.command("xu cpupool-list"), re.M)


def test_shares_and_limits(boot, xen):
    """What is set is what Xen answers: weight and cap, the limit on memory."""
    machine = boot(xen=xen)
    domain = machine.create("virt_domu")
    assert machine.answer(f"xl sched-credit2 -d {domain} --weight=512 -c 50") == ""
    assert re.search(r"^virt_domu +\d+ +512 +50$", machine.command("xl sched-credit2"), re.M)
    assert machine.answer(f"xu mem-max {domain} 64") == ""
    assert re.search(r"^virt_domu .* 65544 ", machine.command("xstat stat"), re.M)
    assert machine.answer("xl domid virt_domu") == f"{domain}\n" and machine.answer(f"xl domname {domain}") == "virt_domu\n"
    assert re.search(rf"^virt_domu +{domain} +16 ", machine.command("xl claims"), re.M)
    assert "xl sched-credit2" in machine.command("xl help sched-credit2")
    assert "is to keep 16 MiB" in machine.command(f"xu mem-max {domain} 8")
    limit = int(re.fullmatch(r"Cpupool Pool-0: ratelimit=(\d+)us\n", machine.answer("xl sched-credit2 -s"))[1])
    assert machine.answer(f"xl sched-credit2 -s -r {limit + 500}") == ""
    assert machine.answer("xl sched-credit2 -s -p Pool-0") == f"Cpupool Pool-0: ratelimit={limit + 500}us\n"
    assert "Xen refuses that" in machine.command("xl sched-credit2 -s -r 1")
    assert "doesn't run under the scheduler credit;" in machine.command("xl sched-credit -s")
    assert "the scheduler rtds runs no pool" in machine.command("xl sched-rtds")
    # The domain as libxl's JSON.
    dom0, guest = json.loads(machine.answer("xl list -l"))
    assert dom0["domid"] == 0 and dom0["config"]["c_info"]["name"] == "Domain-0"
    assert guest["domid"] == domain and guest["config"]["c_info"]["name"] == "virt_domu"
    assert guest["config"]["c_info"]["uuid"] in machine.command("xl vm-list")
    assert guest["config"]["b_info"]["target_memkb"] == 16384 and guest["config"]["b_info"]["avail_vcpus"] == [0]
    assert json.loads(machine.answer(f"xl li -l {domain}")) == guest
    assert json.loads(machine.answer("xl create -n virt_domu"))["config"]["b_info"]["kernel"]
    assert "which? One domain, or all" in machine.command("xl shutdown")


def test_what_the_machine_says(boot, xen):
    """info, dmesg, debug keys, parameters, top."""
    machine = boot(xen=xen, xen_args="loglvl=all")
    info = machine.command("xu info")
    assert re.search(rf"^xen_version +: {re.escape(xen)}\.", info, re.M)
    assert re.search(r"^xen_commandline +: .*sched_credit2_migrate_resist=0 bootscrub=no dom0_mem=16M .*loglvl=all$", info, re.M)
    assert re.search(r"^free_memory +: [12]\d\d\d$", info, re.M)
    cpus = re.search(r"^cpu:    core    socket     node\n((?: *\d+: +\d+ +\d+ +0\n)+)", machine.command("xl info -n"), re.M)
    assert cpus[1].count("\n") == int(machine.answer("xl info nr_cpus"))
    # The ring's text is Xen's own, which command() takes out.
    machine.start("xu dmesg")
    machine.expect("(XEN) Command line: ")
    machine.prompt()
    machine.start("xu debug-keys h")
    machine.expect("pressed -> showing installed handlers")
    machine.start("xu dmesg -c")
    machine.expect("pressed -> showing installed handlers")
    machine.prompt()
    machine.start("xu dmesg")
    assert "installed handlers" not in machine.prompt()
    # What is printed while it is followed comes twice: from Xen, and from its ring. Ctrl-A gives Xen the keys.
    machine.start("xu dmesg -f")
    machine.send("\x01\x01\x01")
    machine.expect("*** Serial input to Xen")
    machine.send("h")
    for _ in range(2):
        machine.expect("pressed -> showing installed handlers")
    machine.send("\x01\x01\x01")
    machine.expect("*** Serial input to DOM0")
    machine.send("\x03")
    machine.prompt()
    assert machine.answer("xu set-parameters gnttab_max_frames") == "gnttab_max_frames = 64\n"
    assert machine.answer("xu set-parameters gnttab_max_frames=32") == "gnttab_max_frames = 32\n"
    assert "no volume is mounted there" in machine.command("xu dt-overlay add nothing.dtbo")
    assert "no such parameter" in machine.command("xu set-parameters nothing=1")
    machine.start("xu top -d 1")
    for _ in range(2):
        machine.expect(re.compile(r"NAME +STATE.*\nDomain-0 +r-----"))
    machine.send("q")
    machine.prompt()
    assert machine.answer("xu top -bi1").count("Domain-0 ") == 1
