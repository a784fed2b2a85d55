# SPDX-License-Identifier: Apache-2.0
"""A machine in QEMU with real Xen and our Dom0, driven through its console."""

import codecs
import json
import os
import pathlib
import re
import shlex
import socket
import subprocess
import time

import pexpect

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
TEST_IMAGE = TOP / "build/virt-test/thin-dom0.bin"  # with the domain configurations of src/dom_cfg/virt_test.c
LOG = re.compile(r"(?m)^[EWID]: [^\n]*\n")  # lines of Dom0's log
PROMPT = "uart:~$ "
NOISE = r"(?:[EWID]: |\(XEN\) )[^\n]*\n"  # what may come at any time
CHUNK = 32  # bytes typed at once: Xen keeps 128 and drops the rest
PATIENCE = 120  # seconds for what takes a moment on a host that has nothing else to do


class PlainText(codecs.IncrementalDecoder):
    """Bytes of a terminal as plain text, without escape sequences and carriage returns; the log keeps everything."""

    SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])|\r")
    UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*)?$")

    def __init__(self, log):
        super().__init__()
        self.log = open(log, "wb", buffering=0)
        self.rest = b""

    def decode(self, data, final=False):
        self.log.write(data)
        data = self.SEQUENCE.sub(b"", self.rest + data)
        unfinished = self.UNFINISHED.search(data)
        self.rest = unfinished[0] if unfinished else b""
        return data[:len(data) - len(self.rest)].decode(errors="replace")


class Monitor:
    """QEMU's machine protocol (QMP)."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(f"\0{name}")
        self.lines = self.socket.makefile("r")
        self.lines.readline()  # greeting
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        """What the command returns; an error of QEMU's is an exception."""
        self.socket.sendall(json.dumps({"execute": name, "arguments": arguments}).encode())
        while True:
            answer = json.loads(self.lines.readline())
            if "error" in answer:
                raise RuntimeError(f"{name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]


def qemu_command(qemu, run=(), **options):
    """The command that ./run starts with these options, and more arguments for QEMU."""
    arguments = [*run, *(f"--{name.replace('_', '-')}={value}" for name, value in options.items())]
    command = subprocess.run([TOP / "run", "--no-build", "--dry-run", *arguments, "--", *qemu], check=True,
                             capture_output=True, text=True).stdout
    return shlex.split(command)


def counting():
    """Options of a machine whose clock counts instructions, two nanoseconds each, and skips the time in which there is
    nothing to do: what happens then takes the same time on every host. It has one CPU."""
    return {"cpus": 1, "qemu": ["-icount", "shift=1,sleep=off"]}


def virtio_disk(image):
    """QEMU's arguments for an image as a disk, which is read ten times as fast there as a card."""
    return ["-drive", f"if=none,id=disk,format=raw,file={image}", "-device", "virtio-blk-device,drive=disk"]


class Machine:
    """Boots at once; `with` or close() ends it.

    Those with Linux guests have one CPU (cpus=1): on several, a busy host can make Xen lose a guest's timer (docs/caveats.md).

    `options` are those of ./run without the dashes (board="rpi4", xen="4.20", gic=3, memory="4G", cpus=4,
    dom0_memory="32M", xen_args="...", dom0_image=PATH, card=PATH), but without `card` there is none: machines of tests
    that run side by side must not share one. `run` are more arguments for it, and `qemu` for QEMU, with `storage` where a disk is among
    them. With a card or a disk, the prompt is waited for that comes after it was mounted. `trace` is a pattern of QEMU's
    trace events, for trace_lines(); `seconds` is how long the machine may live at all.
    """

    prompt_text = PROMPT

    def __init__(self, folder, qemu=(), trace=None, seconds=900, wait=True, card="none", storage=False, **options):
        folder = pathlib.Path(folder)
        number = len(list(folder.glob("console*.log")))
        self.log = folder / f"console{number or ''}.log"
        self.trace_log = folder / f"trace{number or ''}.log"
        # An abstract socket: a path may have only 107 bytes, and this folder's can be longer.
        self.monitor_name = f"thin-dom0-{os.getpid()}-{id(self)}"
        qemu = [*qemu, "-qmp", f"unix:{self.monitor_name},abstract=on,server=on,wait=off"]
        if trace:
            qemu += ["-trace", trace, "-D", str(self.trace_log)]
        command = self.qemu_command(qemu, card=card, **options)
        if "-icount" in qemu:
            # It warns once, at any time, that nobody waits for its clock: not in the middle of what is typed.
            command = ["sh", "-c", 'exec "$@" 2>>"$0"', str(self.log.with_name(f"qemu{number or ''}.log")), *command]
        # However this process ends, QEMU ends with it.
        command = ["--pdeathsig", "TERM", "timeout", "--foreground", "--kill-after=5", str(seconds),
                   "setpriv", "--pdeathsig", "KILL", *command]
        self.console = pexpect.spawn("setpriv", command, timeout=PATIENCE, maxread=65536, encoding="utf-8",
                                     dimensions=(40, 120))
        self.console._decoder = PlainText(self.log)
        self.console.delaybeforesend = None
        if wait and (storage or card != "none"):
            self.await_storage()
        elif wait:
            self.prompt()

    @staticmethod
    def qemu_command(qemu, **options):
        return qemu_command(qemu, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def expect(self, what, timeout=PATIENCE):
        """Waits until a text, or a match of a compiled regular expression, came out of the console, and takes the
        output up to its end. Returns the match. The text before it is in `before`."""
        pattern = what if isinstance(what, re.Pattern) else re.compile(re.escape(what))
        try:
            self.console.expect([pattern], timeout=timeout)
        except pexpect.TIMEOUT:
            self.ask_xen()
            raise
        return self.console.match

    def ask_xen(self):
        """Has Xen say how things stand, in the log: of CPUs, domains, the run queue, timers and event channels."""
        self.console.send("\x01" * 3)
        for key in "dqrae":
            self.console.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=1)
            self.console.send(key)
        self.console.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=2)

    @property
    def before(self):
        """The text before what was expected last."""
        return self.console.before

    def prompt(self, timeout=PATIENCE):
        """Waits for the prompt; returns the output before it."""
        self.expect(re.compile(r"(?:^|(?<=\n))" + re.escape(self.prompt_text)), timeout)
        return self.before

    def send(self, text):
        """Types without looking at the answer, slowly enough for Xen."""
        for start in range(0, len(text), CHUNK):
            self.console.send(text[start:start + CHUNK])
            if start + CHUNK < len(text):
                time.sleep(0.1)

    def type(self, text):
        """Types to a domain that echoes, and waits for that, since Xen keeps 128 bytes and drops the rest. A line of the log in
        the echo is waited out."""
        for start in range(0, len(text), CHUNK):
            chunk = text[start:start + CHUNK]
            self.console.send(chunk)
            if start + CHUNK < len(text):
                last = [re.escape(character) for character in chunk if not character.isspace()][-8:]
                self.console.expect([r"\s*".join(last), pexpect.TIMEOUT], timeout=5)  # wherever the line is broken

    def await_storage(self, timeout=PATIENCE):
        """Waits until the log has said what of a card is mounted, or isn't, and the prompt stands again."""
        self.expect(re.compile(r"storage: (?:mounted, |no medium)[^\n]*\n"), timeout)
        self.prompt()

    def skip(self, seconds=0):
        """Takes what came out of the console, and comes out of it in this time, and returns it."""
        end = time.monotonic() + seconds
        text = ""
        while True:
            try:
                text += self.console.read_nonblocking(65536, max(end - time.monotonic(), 0))
            except pexpect.TIMEOUT:
                break
        text = self.console.buffer + text
        self.console.buffer = ""
        return text

    def start(self, line):
        """Types a command line and Enter at the prompt, and waits until it is echoed."""
        self.skip()
        for start in range(0, len(line), CHUNK):
            chunk = line[start:start + CHUNK]
            self.console.send(chunk)
            self.expect(chunk)
        self.console.send("\r")
        self.expect("\n")

    def command(self, line, timeout=PATIENCE):
        """Types a command line and returns what it prints, without Xen's own messages, and without the progress that is
        shown on a slow machine and then wiped out with blanks."""
        self.start(line)
        output = self.prompt(timeout)
        if not re.sub(NOISE, "", output):
            output += self.rest_of(line, timeout)
        output = re.sub(r"\(XEN\) [^\n]*\n", "", output)
        return re.sub(r"(?m)^(?:\w+: [^\n(]*\(Ctrl-C stops\) +)+", "", output)

    def answer(self, line, timeout=PATIENCE):
        """The same without the lines of Dom0's log, which may come at any time: for what is compared as a whole."""
        return LOG.sub("", self.command(line, timeout))

    def rest_of(self, line, timeout):
        """The output of a command line that seemed to have none: a line of the log that came before Enter had the prompt and
        what was typed shown once more. What one more Enter makes tells whether that was so."""
        output = ""
        self.console.send("\r")
        next_line = re.compile(rf"\A(?: *{NOISE}|{re.escape(self.prompt_text)})*(\n|{re.escape(line)})")
        while self.expect(next_line, timeout)[1] != "\n":
            self.expect("\n")
            output += self.prompt(timeout)
        self.prompt()
        return output

    def becomes(self, line, pattern, seconds=PATIENCE):
        """Repeats a command line until the start of its output matches; `.` is any character."""
        end = time.monotonic() + seconds
        while not re.match(pattern, output := self.command(line), re.M | re.S):
            assert time.monotonic() < end, output
            time.sleep(0.2)
        return output

    def create(self, configuration, timeout=PATIENCE):
        """`xu create`; the new domain's id."""
        output = self.command(f"xu create {configuration}", timeout)
        created = re.search(r"domain:(\d+) created", output)
        assert created, output
        return int(created[1])

    def attach(self, domain):
        """Attaches to a guest's console; what the guest printed comes next."""
        self.start(f"xu console {domain}")
        self.expect("Attached to a domain console\n")

    def detach(self):
        """Leaves a guest's console with Ctrl-]; returns the output until the prompt."""
        self.send("\x1d")
        return self.prompt()

    def monitor(self):
        return Monitor(self.monitor_name)

    def trace_lines(self):
        return self.trace_log.read_text(errors="replace").splitlines()

    def wait(self, timeout=PATIENCE):
        """Waits until QEMU ends by itself; returns its exit status."""
        self.console.expect(pexpect.EOF, timeout=timeout)
        self.console.wait()
        return self.console.exitstatus

    def poweroff(self):
        """`kernel poweroff`; QEMU's exit status."""
        self.start("kernel poweroff")
        return self.wait()

    def close(self):
        """Ends QEMU if it runs still, and keeps what came out last in the log."""
        self.console.ptyproc.delayafterterminate = self.console.delayafterclose = 0.05
        if self.console.isalive():
            self.skip()
            self.console.kill(15)  # `timeout`, which passes it on
            try:
                self.console.expect(pexpect.EOF, timeout=10)
            except pexpect.TIMEOUT:
                pass
        self.console.close(force=True)
