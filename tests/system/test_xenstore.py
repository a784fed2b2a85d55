# SPDX-License-Identifier: Apache-2.0
"""The store as Debian's Linux finds it: its xenbus is up, Debian's xenstore-utils work, and what `xu` asks is done."""

import pathlib
import re

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
LINUX_IMAGE = TOP / "build/virt-linux/thin-dom0.bin"  # with src/dom_cfg/virt_linux.c
SLOW = 120  # seconds: a request takes milliseconds, but hundreds of them on a loaded machine add up


class Linux:
    """A Linux guest, attached or not, and the machine that it runs on."""

    def __init__(self, boot, linux, **options):
        self.machine = boot(dom0_image=LINUX_IMAGE, dom0_memory="128M", **options)
        self.domain = self.machine.create(f"linux_{linux}")
        self.machine.attach(self.domain)
        self.machine.expect(re.compile(r"Linux guest: [^\n]*\n"), timeout=SLOW)
        self.machine.expect("/ # ", timeout=SLOW)
        self.machine.detach()

    def shell(self, line):
        """What a command line prints in the guest."""
        self.machine.attach(self.domain)
        self.machine.send(f"{{ {line}; }} >/out 2>&1; echo =$?=; cat /out; echo ==\r")
        self.machine.expect(re.compile(r"\n?=(\d+)=\n"), timeout=SLOW)
        self.status = int(self.machine.console.match[1])
        self.machine.expect("==\n", timeout=SLOW)
        output = re.sub(r"\(XEN\) [^\n]*\n", "", self.machine.before)
        self.machine.detach()
        return output

    def xs(self, line):
        """What one of Dom0's own xs commands prints."""
        return self.machine.command(f"xs {line}")

    def becomes(self, line, pattern):
        """Repeats a command line in the guest until its output matches."""
        for _ in range(20):
            output = self.shell(line)
            if re.search(pattern, output):
                return
        raise AssertionError(f"{line}: {output}")


@pytest.fixture(params=[("4.17", 2, "6_12"), ("4.20", 3, "6_1")], ids=["4.17-gic2-6.12", "4.20-gic3-6.1"])
def linux(request, boot):
    xen, gic, kernel = request.param
    return Linux(boot, kernel, xen=xen, gic=gic)


def test_xenstore_utils(linux):
    home = f"/local/domain/{linux.domain}"
    name = linux.xs(f"read {home}/name").strip()
    assert linux.shell("ls /dev/xen/xenbus /proc/xen") and linux.status == 0

    # Read, write, list: both sides see the same.
    assert linux.shell(f"xenstore-read name domid {home}/name") == f"{name}\n{linux.domain}\n{name}\n"
    assert linux.shell("xenstore-write data/x 'one two' data/a/b/c 3; xenstore-list data") == "a\nx\n"
    assert linux.xs(f"ls -p {home}/data") == (f'a = ""   (n{linux.domain})\n b = ""   (n{linux.domain})\n'
                                              f'  c = "3"   (n{linux.domain})\nx = "one two"   (n{linux.domain})\n')
    listed = linux.shell(f"xenstore-ls -f -p {home}").splitlines()
    assert len(listed) > 40 and listed == linux.xs(f"ls -f -p {home}").splitlines()
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

    assert machine.command(f"xu vcpu-set {domain} 1") == ""
    linux.becomes("cat /sys/devices/system/cpu/online", r"^0$")
    assert machine.command(f"xu vcpu-set {domain} 2") == ""
    linux.becomes("echo 1 >/sys/devices/system/cpu/cpu1/online; cat /sys/devices/system/cpu/online", r"0-1")

    assert machine.command(f"xu mem-set {domain} 200") == ""
    linux.becomes("cat /sys/devices/system/xen_memory/xen_memory0/info/current_kb", r"^204800$")
    assert re.search(rf"^linux_\S+ +{domain} +200 ", machine.command("xu list"), re.M)
    assert machine.command(f"xu mem-set {domain} 256") == ""
    linux.becomes("cat /sys/devices/system/xen_memory/xen_memory0/info/current_kb", r"^262144$")

    assert machine.command(f"xu sysrq {domain} h") == ""
    linux.becomes("dmesg | grep sysrq:", r"sysrq: HELP")
    assert linux.xs(f"read {home}/control/sysrq") == "\n"

    assert machine.command(f"xu rename {domain} fred") == ""
    assert linux.shell("xenstore-read name") == "fred\n"

    assert machine.command("xu shutdown -w fred", SLOW).endswith(f"domain:{domain} has ended\n")
    machine.becomes("xu list", r"(?!.*^fred )")
    assert f"/{domain}" not in linux.xs("ls -f /local") and linux.xs("ls /vm") == ""


def test_reboot_of_linux(boot):
    linux = Linux(boot, "6_12", xen="4.20", gic=2)
    linux.machine.start(f"xu reboot {linux.domain} -w")
    linux.machine.expect(f"I: domain {linux.domain} (linux_6_12) wants to reboot and is restarted", SLOW)
    linux.machine.expect(f"domain:{linux.domain} has ended\n", SLOW)
    linux.machine.expect(f"has started in the place of domain {linux.domain}\n", SLOW)
    linux.machine.becomes("xu list", rf".*^linux_6_12 +{linux.domain + 1} ")
    linux.machine.attach("linux_6_12")
    linux.machine.expect(re.compile(r"Linux guest: [^\n]*\n"), timeout=SLOW)
