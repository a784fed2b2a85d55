# SPDX-License-Identifier: Apache-2.0
"""The store as Debian's Linux finds it: its xenbus is up, Debian's xenstore-utils work, and what `xu` asks is done."""

import pathlib
import re

import pytest

from machine import Machine, counting

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
LINUX_IMAGE = {"dom0_image": TOP / "build/virt-linux/thin-dom0.bin", "dom0_memory": "128M"}  # src/dom_cfg/virt_linux.c
SLOW = 120  # seconds: a request takes milliseconds, but hundreds of them on a loaded machine add up

pytestmark = pytest.mark.long

# What `xenstore-ls -f -p` shows of a Linux guest's home under xl: patterns; %d is the domain.
NODES = """
/attr = "" n%d
/console = "" n0,r%d
/console/backend = "/local/domain/0/backend/console/%d/0" n0,r%d
/console/backend-id = "0" n%d,r0
/console/limit = "[0-9]+" n0,r%d
/console/output = "pty" n0,r%d
/console/port = "[0-9]+" n0,r%d
/console/ring-ref = "233472" n0,r%d
/console/tty = ".*" n0,r%d
/console/type = "xenconsoled" n0,r%d
/control = "" n0,r%d
/control/feature-poweroff = "1" n%d
/control/feature-reboot = "1" n%d
/control/feature-suspend = "1" n%d
/control/platform-feature-multiprocessor-suspend = "1" n0,r%d
/control/platform-feature-xs_reset_watches = "1" n0,r%d
/control/shutdown = "" n%d
/control/sysrq = "" n%d
/cpu = "" n0,r%d
/cpu/0 = "" n0,r%d
/cpu/0/availability = "online" n0,r%d
/cpu/1 = "" n0,r%d
/cpu/1/availability = "online" n0,r%d
/data = "" n%d
/device = "" n0,r%d
/device-model = "" n%d
/device/suspend = "" n0,r%d
/device/suspend/event-channel = "" n%d
/domid = "%d" n0,r%d
/drivers = "" n%d
/error = "" n%d
/feature = "" n%d
/libxl = "" n%d
/memory = "" n0,r%d
/memory/static-max = "262144" n0,r%d
/memory/target = "262144" n0,r%d
/memory/videoram = "0" n0,r%d
/name = "linux_6_12?" n0,r%d
/store = "" n0,r%d
/store/port = "[0-9]+" n0,r%d
/store/ring-ref = "233473" n0,r%d
/vm = "/vm/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}" n0,r%d
""".strip("\n").splitlines()


class Linux:
    """A Linux guest, attached or not, and the machine that it runs on."""

    def __init__(self, machine, configuration):
        self.machine = machine
        self.domain = machine.create(configuration, SLOW)
        self.machine.attach(self.domain)
        self.greeting = self.machine.expect(re.compile(r"Linux guest: ([\d.]+)\S*, (\d+) CPUs, (\d+) MB\n"), timeout=SLOW)
        self.machine.expect("/ # ", timeout=SLOW)
        self.machine.detach()

    def shell(self, line):
        """What a command line prints in the guest."""
        self.machine.attach(self.domain)
        self.machine.type(f"{{ {line}; }} >/out 2>&1; echo =$?=; cat /out; echo ==\r")
        self.machine.expect(re.compile(r"\n?=(\d+)=\n"), timeout=SLOW)
        self.status = int(self.machine.console.match[1])
        self.machine.expect("==\n", timeout=SLOW)
        output = re.sub(r"\(XEN\) [^\n]*\n", "", self.machine.before)
        self.machine.detach()
        return output

    def xs(self, line):
        """What one of Dom0's own xs commands prints."""
        return self.machine.answer(f"xs {line}")

    def becomes(self, line, pattern):
        """Repeats a command line in the guest until its output matches."""
        for _ in range(20):
            output = self.shell(line)
            if re.search(pattern, output):
                return
        raise AssertionError(f"{line}: {output}")


@pytest.fixture(scope="module", params=[
    pytest.param(("4.17", 2, "6_12"), id="4.17-gic2-6.12", marks=pytest.mark.xdist_group("xenstore 4.17")),
    pytest.param(("4.20", 3, "6_1"), id="4.20-gic3-6.1", marks=pytest.mark.xdist_group("xenstore 4.20"))])
def linux(request, shared_log_folder):
    """A guest that the tests share, in their order."""
    xen, gic, kernel = request.param
    with Machine(shared_log_folder, xen=xen, gic=gic, cpus=1, seconds=1200, **LINUX_IMAGE) as machine:
        guest = Linux(machine, f"linux_{kernel}")
        guest.kernel = kernel
        yield guest


def test_linux_boots_to_a_shell(linux):
    version, cpus, megabytes = linux.greeting.groups()
    assert version.startswith(linux.kernel.replace("_", ".") + ".") and cpus == "2" and int(megabytes) > 180
    assert "xen,xen-4." in linux.shell("cat /proc/device-tree/hypervisor/compatible")


def test_home_of_linux(linux):
    """Node by node, with values and permissions, what Linux finds under xl."""
    home = f"/local/domain/{linux.domain}"
    listed = sorted(linux.shell(f"xenstore-ls -f -p {home}").splitlines())
    assert len(listed) == len(NODES), listed
    for line, node in zip(listed, NODES):
        pattern, permissions = (home + node).replace("%d", str(linux.domain)).rsplit(" ", 1)
        assert re.fullmatch(rf"{pattern}   \({permissions}\)", line), line


def test_xenstore_utils(linux):
    home = f"/local/domain/{linux.domain}"
    name = linux.xs(f"read {home}/name").strip()
    assert linux.shell("ls /dev/xen/xenbus /proc/xen") and linux.status == 0

    # Read, write, list: both sides see the same.
    assert linux.shell(f"xenstore-read name domid {home}/name") == f"{name}\n{linux.domain}\n{name}\n"
    assert linux.shell("xenstore-write data/x 'one two' data/a/b/c 3; xenstore-list data") == "a\nx\n"
    assert linux.xs(f"ls -p {home}/data") == (f'a = ""   (n{linux.domain})\n b = ""   (n{linux.domain})\n'
                                              f'  c = "3"   (n{linux.domain})\nx = "one two"   (n{linux.domain})\n')
    assert linux.shell(f"xenstore-ls -f -p {home}") == linux.xs(f"ls -f -p {home}")
    linux.xs(f"write {home}/data/x other")
    assert linux.shell("xenstore-read data/x; xenstore-exists data/x && echo there") == "other\nthere\n"
    assert linux.shell("xenstore-rm data/a; xenstore-list data") == "x\n"

    # Permissions: what is the guest's own, and what is not.
    linux.shell("xenstore-chmod data/x b0")
    assert linux.status != 0  # only the owner may be named first
    linux.shell(f"xenstore-chmod data/x n{linux.domain} r0")
    assert linux.status == 0 and linux.xs(f"ls -p {home}/data") == f'x = "other"   (n{linux.domain},r0)\n'
    for refused in ("write name x", "write /tool/x 1", "rm control", "read /libxl/1/type", "write control/x 1",
                    "read nothing", "chmod name r0"):
        linux.shell(f"xenstore-{refused}")
        assert linux.status != 0, refused
    assert linux.xs(f"read {home}/name").strip() == name

    # Watches: of its own changes and of ours.
    assert linux.shell("xenstore-watch -n 3 data >/events & sleep 1; xenstore-write data/y 1; sleep 1; "
                       "xenstore-rm data/y; wait; cat /events") == "data\ndata/y\ndata/y\n"
    linux.machine.attach(linux.domain)
    linux.machine.send("xenstore-watch -n 2 data &\r")
    linux.machine.expect("data\n", timeout=SLOW)
    linux.machine.detach()
    linux.xs(f"write {home}/data/z 5")
    linux.machine.attach(linux.domain)
    linux.machine.expect("data/z\n", timeout=SLOW)
    linux.machine.detach()
    assert re.search(rf"^linux_\S+ +{linux.domain} on ", linux.xs("stats"), re.M)


def test_requests_to_linux(linux):
    machine, domain = linux.machine, linux.domain
    home = f"/local/domain/{domain}"
    assert linux.xs(f"read {home}/control/feature-poweroff") == "1\n"

    assert machine.answer(f"xu vcpu-set {domain} 1") == ""
    linux.becomes("cat /sys/devices/system/cpu/online", r"^0$")
    assert machine.answer(f"xu vcpu-set {domain} 2") == ""
    linux.becomes("echo 1 >/sys/devices/system/cpu/cpu1/online; cat /sys/devices/system/cpu/online", r"0-1")

    assert machine.answer(f"xu mem-set {domain} 200") == ""
    linux.becomes("cat /sys/devices/system/xen_memory/xen_memory0/info/current_kb", r"^204800$")
    assert re.search(rf"^linux_\S+ +{domain} +200 ", machine.command("xu list"), re.M)
    assert machine.answer(f"xu mem-set {domain} 256") == ""
    linux.becomes("cat /sys/devices/system/xen_memory/xen_memory0/info/current_kb", r"^262144$")

    # Both CPUs on the machine's only one: each waits for the other, which the guest counts as stolen (in 10 ms).
    stolen = "set -- $(head -n 1 /proc/stat); echo $9"
    before = int(linux.shell(stolen))
    linux.shell("for i in 1 2; do (while :; do :; done) & done")
    linux.becomes(f"{stolen}; sleep 1; [ $9 -gt {before + 100} ] && echo enough", r"enough")
    rows = re.findall(r"^linux_\S+ +\d+ +[01] +(\d) ", machine.command(f"xu vcpu-list {domain}"), re.M)
    assert rows == ["0"] * 2
    linux.shell("kill $(jobs -p)")

    assert machine.answer(f"xu sysrq {domain} h") == ""
    linux.becomes("dmesg | grep sysrq:", r"sysrq: HELP")
    assert linux.xs(f"read {home}/control/sysrq") == "\n"

    assert machine.answer(f"xu rename {domain} fred") == ""
    assert linux.shell("xenstore-read name") == "fred\n"

    assert f"domain:{domain} has ended\n" in machine.command("xu shutdown -w fred", SLOW)
    machine.becomes("xu list", r"(?!.*^fred )")
    assert f"/{domain}" not in linux.xs("ls -f /local") and linux.xs("ls /vm") == ""


def test_reboot_of_linux(boot):
    linux = Linux(boot(xen="4.20", gic=2, cpus=1, **LINUX_IMAGE), "linux_6_12")
    linux.machine.start(f"xu reboot {linux.domain} -w")
    linux.machine.expect(f"has started in the place of domain {linux.domain}\n", SLOW)
    said = linux.machine.before  # the command and the log, in the order in which they come to it
    assert f"domain:{linux.domain} has ended\n" in said
    assert f"I: domain {linux.domain} (linux_6_12) wants to reboot and is restarted" in said
    linux.machine.becomes("xu list", rf".*^linux_6_12 +{linux.domain + 1} ")
    linux.machine.attach("linux_6_12")
    linux.machine.expect(re.compile(r"Linux guest: [^\n]*\n"), timeout=SLOW)


def test_transactions_of_several_guests(boot):
    """Four guests, two of each kernel, add to one number, each in transactions of libxenstore: nothing is lost. How they
    meet doesn't depend on Xen's version."""
    kernels, count = ("6_1", "6_12") * 2, 100
    machine = boot(**LINUX_IMAGE, **counting())
    linuxes = [Linux(machine, f"small_{kernel}") for kernel in kernels]
    machine.command("xs write /counter 0")
    machine.command("xs chmod /counter b0")
    task = f"until xenstore-exists /begin; do sleep 0.1; done; xs-counter /counter {count}"
    for linux in linuxes:
        linux.shell(f"({task}) >/counted 2>&1 & true")
    machine.command("xs write /begin 1")
    machine.command("xs chmod /begin r0")
    repeats = [int(re.fullmatch(r"counted, (\d+) repeats\n", linux.shell("wait; cat /counted"))[1])
               for linux in linuxes]
    assert machine.answer("xs read /counter") == f"{len(kernels) * count}\n"
    assert int(re.search(r"^conflicts +(\d+)$", machine.command("xs stats"), re.M)[1]) >= sum(repeats) > 0
    # All are asked before the first is waited for.
    output = machine.command("xl shutdown --all -w", SLOW)
    assert sorted(re.findall(r"^domain:(\d+) has ended$", output, re.M)) == sorted(str(linux.domain) for linux in linuxes)
    machine.becomes("xu list", r"(?!.*^small_)")
