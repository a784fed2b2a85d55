# SPDX-License-Identifier: Apache-2.0
"""The control domains that are compared, each in a machine of its own, with the same words: a Linux Dom0 with Debian's xl and
one of its two stores, and ours. Times are seconds by the machine's clock: it counts instructions, or is the host's."""

import re

from machine import Machine, TOP, counting, qemu_command

FOLDER = TOP / "build/bench/dom0s"
PARTS = TOP / "build/parts"
RAMDISK = FOLDER / "dom0.gz"
CARD = FOLDER / "dom0.img"
IMAGE = FOLDER / "thin-dom0.bin"  # a copy: somebody may build meanwhile
LIMIT = 3600  # of a single command, in the host's seconds: a busy host is slow
# Without the first, Dom0 and the guests would have a single CPU for a millisecond in turn; the second keeps Xen from complaining
# of Linux at its boot.
XEN_ARGS = "sched_ratelimit_us=0 guest_loglvl=error"


def machine_options(counted):
    options = counting() if counted else {"cpus": 2, "qemu": []}
    options["qemu"] += ["-drive", f"if=none,id=disk,format=raw,file={CARD},snapshot=on", "-device", "virtio-blk-device,drive=disk"]
    # A driver domain may serve others.
    return {**options, "xsm": "dummy", "xen_args": XEN_ARGS, "memory": "4G", "seconds": 3 * LIMIT}


def number(pattern, text, flags=re.M):
    found = re.search(pattern, text, flags)
    assert found, f"{pattern} is not in: {text}"
    return float(found[1])


class Dom0(Machine):
    """Either, with what both do in the same way."""

    def create_many(self, configuration, names):
        return sum(self.create(configuration, name) for name in names)

    def destroy_many(self, names):
        for name in names:
            self.destroy(name)


class ThinDom0(Dom0):
    """Ours. Configurations are found on the card by their names."""

    name = title = "Thin Dom0"

    def __init__(self, folder, xen, counted):
        super().__init__(folder, xen=xen, storage=True, dom0_image=IMAGE, **machine_options(counted))
        self.command("shell colors off")
        self.ready_seconds = number(r"^Ready *: (\d+) us", self.answer("kernel uptime")) / 1e6

    def timed(self, line):
        output = self.answer(f"kernel time {line}", LIMIT)
        assert re.fullmatch(r"(domain:\d+ \w+\n)?(\d+) us, of these \d+ at work\n", output), output
        return number(r"^(\d+) us", output) / 1e6

    def create(self, configuration, name, paused=True):
        return self.timed(f"xu create {configuration} name={name} -q{' -p' if paused else ''}")

    def destroy(self, name):
        return self.timed(f"xu destroy {name}")

    def read_ahead(self, file):
        """Nothing: there is no cache of files' contents."""

    def memory(self):
        """Of Dom0 in KiB: what Xen gave it, and what of that is in use."""
        text = self.answer("kernel memory")
        given = number(r"^Domain-0 +0 +(\d+) ", self.command("xu list")) * 1024
        return given, number(r"^RAM +: (\d+)", text) - number(r"^Free +: (\d+)", text)

    def free_memory(self):
        """Of Xen, in KiB."""
        return number(r"^Free mem\(K\) +: (\d+)", self.command("xstat physinfo"))

    def wait_printed(self, name, text):
        """Waits until the guest has printed this; what it has printed last."""
        self.attach(name)
        self.expect(re.compile(re.escape(text) + r"[^\n]*\n"), LIMIT)
        output = self.before + self.console.match[0]
        self.detach()
        return output

    def wait_ended(self, name):
        """Waits until the guest has shut down."""
        self.command(f"xu wait {name} -t 3000", LIMIT)

    def order(self, path, value):
        self.command(f'xs write {path} "{value}"')
        self.command(f"xs chmod {path} r0")

    def busy_until(self, path, value, configuration):
        """Creates and destroys a domain in a loop until the node has the value. How often."""
        rounds = 0
        while self.answer(f"xs read {path}") != f"{value}\n":
            self.create(configuration, "load")
            self.destroy("load")
            rounds += 1
        return rounds

    def domain_of(self, name):
        return int(number(rf"^{name} +(\d+) ", self.command("xu list")))

    def idle_cpu(self, seconds):
        """CPU time of Dom0 in so many seconds in which nobody asks for anything."""
        return number(r"(\d+) at work$", self.answer(f"kernel time xstat stat -i {seconds}", LIMIT)) / 1e6


class LinuxDom0(Dom0):
    """Debian's Linux with xl; `store` is oxenstored or xenstored."""

    prompt_text = "dom0# "
    store = None  # of the classes below

    def __init__(self, folder, xen, counted):
        assert xen == "4.17", "the tools are those of Xen 4.17"
        super().__init__(folder, xen=xen, wait=False, dom0_image=PARTS / "linux/vmlinuz-6.1", dom0_memory="768M",
                         **machine_options(counted))
        self.ready_seconds = number(r"([\d.]+) s", self.expect(re.compile(r"toolstack ready after [\d.]+ s"), LIMIT)[0])
        self.prompt(LIMIT)
        self.command("modprobe -a virtio_mmio virtio_blk vfat nls_cp437 nls_ascii && mount -t vfat /dev/vda2 /mnt && "
                     "cd /mnt/dom0", LIMIT)

    @classmethod
    def qemu_command(cls, qemu, **options):
        command = qemu_command([*qemu, "-device", f"guest-loader,addr=0x54000000,initrd={RAMDISK}"], **options)
        bootargs = f"console=hvc0 quiet store={cls.store}"
        return [word.replace("bootargs=thin-dom0", f"bootargs={bootargs}") for word in command]

    def start(self, line):
        """There is no echo."""
        self.skip()
        self.send(line + "\r")

    def command(self, line, timeout=LIMIT):
        self.start(line)
        return re.sub(r"\(XEN\) [^\n]*\n", "", self.prompt(timeout))

    def timed(self, line):
        output = self.command(f"timed {line}")
        assert "failed" not in output, output
        begin, end = (number(rf"^\[ *([\d.]+)\] timed: {what}$", output) for what in ("begin", "end"))
        return end - begin

    def create(self, configuration, name, paused=True):
        return self.timed(f"xl create -q {'-p ' if paused else ''}{configuration}.cfg 'name=\"{name}\"'")

    def destroy(self, name):
        return self.timed(f"xl destroy {name}")

    def read_ahead(self, file):
        """Into the page cache: as long as it waits for a disk, its clock jumps from tick to tick while the host works."""
        self.command(f"cat {file} >/dev/null")

    def memory(self):
        given = number(r"^Domain-0 +0 +(\d+) ", self.command("xl list")) * 1024
        return given, given - number(r"^MemAvailable: +(\d+)", self.command("cat /proc/meminfo"))

    def free_memory(self):
        return number(r"^free_memory +: (\d+)", self.command("xl info")) * 1024

    def wait_printed(self, name, text):
        log = f"/var/log/xen/console/guest-{name}.log"
        self.command(f"until grep -q '{text}' {log}; do sleep 5; done 2>/dev/null")
        return self.command(f"tail -n 40 {log}")

    def wait_ended(self, name):
        self.command(f"until xl list {name} | grep -q ' -*s-* '; do sleep 5; done")

    def order(self, path, value):
        self.command(f"xenstore-write {path} '{value}'")
        self.command(f"xenstore-chmod {path} r0")

    def busy_until(self, path, value, configuration):
        rounds = 0
        while self.command(f"xenstore-read {path} 2>/dev/null").strip() != str(value):
            self.create(configuration, "load")
            self.destroy("load")
            rounds += 1
        return rounds

    def domain_of(self, name):
        return int(number(r"^(\d+)", self.command(f"xl domid {name}")))

    def idle_cpu(self, seconds):
        before = number(r"^Domain-0 .* (\d+\.\d+)$", self.command("xl list"))
        self.command(f"sleep {seconds}")
        return number(r"^Domain-0 .* (\d+\.\d+)$", self.command("xl list")) - before


class LinuxOxenstored(LinuxDom0):
    name = store = "oxenstored"
    title = "Linux, oxenstored"


class LinuxXenstored(LinuxDom0):
    name = store = "xenstored"
    title = "Linux, C xenstored"


SIDES = {side.name: side for side in (ThinDom0, LinuxOxenstored, LinuxXenstored)}
