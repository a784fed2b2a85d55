# SPDX-License-Identifier: Apache-2.0
"""./run as a person and as a script use it."""

import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import termios
import time

import pytest

from machine import PATIENCE, TOP

RUN = TOP / "run"


def run(*arguments, typed="", timeout=PATIENCE):
    return subprocess.run([RUN, *arguments], input=typed, capture_output=True, text=True, timeout=timeout)


@pytest.mark.quick
def test_help_and_dry_run():
    assert "--dom0-memory" in run("--help").stdout
    command = shlex.split(run("--dry-run", "--xen", "4.20", "--gic=3", "--dom0-memory", "32M", "--cpus", "4",
                              "--xen-args", "loglvl=all", "--", "-name", "a b").stdout)
    text = " ".join(command)
    assert command[0] == "qemu-system-aarch64"
    for part in "gic-version=3", "boot/xen-4.20", "dom0_mem=32M", "-smp 4", "-m 2048", "loglvl=all -device", "-name a b":
        assert part in text


@pytest.mark.quick
def test_flask():
    """Without a mode it is `enforcing`; a policy that is there at boot stands in a device tree."""
    for words, mode in (["--flask"], "enforcing"), (["--flask", "permissive"], "permissive"), (["--flask=late"], "late"):
        command = shlex.split(run("--dry-run", *words, "--cpus", "3").stdout)
        assert f"xsm=flask flask={mode} " in " ".join(command) and "-smp 3" in " ".join(command)
        assert ("-dtb" in command) == (mode != "late")
    for words in ["--flask=on"], ["--flask", "--boot", "u-boot"], \
            ["--flask", "--dom0less", "a=sync.bin"]:
        refused = run("--dry-run", *words)
        assert refused.returncode == 2 and "--flask" in refused.stderr


@pytest.mark.quick
def test_card(tmp_path):
    card = tmp_path / "a,card.img"
    card.touch()
    os.truncate(card, 1 << 20)
    command = shlex.split(run("--dry-run", "--card", str(card)).stdout)
    assert f"if=none,id=card,format=raw,file={tmp_path}/a,,card.img" in command
    assert {"sdhci-pci", "sd-card,drive=card"} < set(command)
    assert "sdhci-pci" not in run("--dry-run", "--card", "none").stdout
    assert f"file={TOP}/build/virt/card.img " in run("--dry-run").stdout


@pytest.fixture
def project(tmp_path):
    """A folder as the project's, in which ./run keeps a card of its own."""
    (tmp_path / "build/virt").mkdir(parents=True)
    for name in "scripts", "boards", "build/parts", "build/virt/thin-dom0.bin":
        (tmp_path / name).symlink_to(TOP / name)
    shutil.copy(RUN, tmp_path)
    return tmp_path


def run_in(project, typed):
    result = subprocess.run([project / "run", "--no-build"], input=typed, capture_output=True, text=True, timeout=PATIENCE)
    assert result.returncode == 0, result.stdout + result.stderr
    return result


def put_card(project):
    """The card that was built; its stamp's time is that of the guests' files on it."""
    folder = project / "build/virt"
    subprocess.run(["cp", "--reflink=auto", TOP / "build/virt/full.img", folder], check=True)
    (folder / "card.stamp").touch()


def test_the_card_keeps_what_is_written_until_it_is_made_anew(project):
    full = project / "build/virt/full.img"
    assert "there is no card" in run_in(project, "fs mounts\n").stderr

    put_card(project)
    before = full.stat().st_mtime_ns
    output = run_in(project, "xu config_list\nfs write /1:/note kept words\n").stdout
    assert re.search(r"^hello$", output, re.M) and re.search(r"^linux$", output, re.M)
    assert "\nkept words\n" in run_in(project, "fs cat /1:/note\n").stdout
    assert full.stat().st_mtime_ns == before

    os.utime(project / "build/virt/card.stamp")
    assert "there is no such file" in run_in(project, "fs cat /1:/note\n").stdout


def test_two_at_once_have_a_card_each(project):
    put_card(project)
    first = Terminal("--no-build", program=project / "run")
    first.expect(b"storage: mounted")
    second = run_in(project, "fs write /1:/second x\nfs ls /1:\n")
    assert "another ./run has the card" in second.stderr and re.search(r" second$", second.stdout, re.M)
    os.write(first.master, b"fs ls /1:\r")
    assert b" second" not in first.expect(b"dom0/")
    os.write(first.master, b"kernel poweroff\r")
    assert first.process.wait(PATIENCE) == 0
    assert " second" not in run_in(project, "fs ls /1:\n").stdout


@pytest.mark.quick
@pytest.mark.parametrize("arguments, message", [
    (["--xen", "4.16"], "--xen takes 4.17, 4.20 or 4.20-static, not '4.16'"),
    (["--gic", "4"], "--gic takes 2 or 3"),
    (["--board", "rpi9"], "--board: QEMU has no board 'rpi9'; it has rpi4 virt zcu102"),
    (["--board", "rpi4", "--memory", "1G"], "--memory: the board rpi4 has 2G"),
    (["--boot", "grub"], "--boot takes direct or u-boot, not 'grub'"),
    (["--boot", "u-boot", "--xen", "4.20"], "--boot u-boot: the card says which Xen and Dom0 it is"),
    (["--board", "zcu102", "--boot", "u-boot"], "--boot: Debian has no U-Boot for the ZCU102"),
    (["--cpus", "9"], "--cpus takes 1 to 8 with a GICv2"),
    (["--memory", "lots"], "--memory takes a size such as"),
    (["--memory", "256M"], "--memory must be at least 512M"),
    (["--dom0-memory", "2G"], "must leave 256M"),
    (["--log", "/nowhere/x"], "there is no folder /nowhere"),
    (["--dom0-image", "/nowhere/x"], "there is no image /nowhere/x"),
    (["--card", "/nowhere/x"], "--card: there is no image /nowhere/x. One is built by: scripts/build virt card"),
    (["--card", "/dev"], "--card: there is no image /dev"),
    (["--card", TOP / "README.md"], " bytes, and QEMU takes cards of powers of two only"),
    (["--log", "/tmp"], "--log: /tmp is a folder"),
    (["--xen"], "--xen wants a value"),
    (["--memory="], "--memory wants a value"),
    (["--speed", "11"], "there is no option '--speed'"),
    (["--demo=yes"], "--demo takes no value"),
    (["--demo", "--card", "none"], "--demo needs a card"),
    (["--demo", "--flask"], "--demo takes --xsm dummy, and no --flask"),
    (["--flask", "on"], "--flask takes enforcing, permissive or late, not 'on'"),
    (["--boot", "u-boot", "--xsm", "dummy"], "--boot u-boot: what Xen is told is on the card"),
])
def test_wrong_option(arguments, message):
    result = run(*arguments)
    assert result.returncode == 2
    assert message in result.stderr


@pytest.mark.quick
@pytest.mark.parametrize("domain, message", [
    ("refused=", "'refused=' is not NAME=IMAGE"),
    ("refused=/dev", "there is no file /dev"),
    ("refused=SYNC,colour=red", "'colour=red' is not one of ramdisk=FILE, "),
    ("refused=SYNC,cpus=0", "'cpus=0': behind cpus= stands N, a number"),
    ("refused=SYNC,cpus=9", "refused: with this machine's interrupt controller a domain has up to 8 CPUs"),
    ("refused=SYNC,plain=yes", "'plain=yes': plain takes no value"),
    ("refused=SYNC,memory=4096", "the domains have 4096 MiB, and the machine has 2048"),
    ("refused=SYNC,devices=SYNC", "sync.bin is no device tree"),
    ("Domain-0=SYNC", "two domains have one name, or one has Dom0's"),
    ("refused=SYNC,static=0x123", "behind static= stands ADDRESS, such as 0x70000000"),
    ("refused=SYNC,static=0x50000000", "in its memory from 0x50000000 to 0x54000000 lies Xen, Dom0 and what is loaded"),
    ("refused=SYNC,static=0xbe000000", "isn't in the machine's, 0x40000000 to 0xc0000000"),
    ("refused=SYNC,static=0x70000000,memory=3", "refused: one that lies 1:1 in memory needs 4 MiB"),
])
def test_wrong_dom0less_domain(domain, message):
    name = f"refused{os.getpid()}x"  # other tests have trees made in the same folder meanwhile
    domain, message = (text.replace("refused", name) for text in (domain.replace("SYNC", f"{TOP}/build/virt/guests/sync.bin"), message))
    xen = ["--xen", "4.20-static"] if "static=" in domain else []
    result = run("--dry-run", *xen, "--dom0less", domain)
    assert result.returncode == 2 and "Traceback" not in result.stderr
    assert re.fullmatch(rf"run: --dom0less: [^\n]*{re.escape(message)}[^\n]*\n", result.stderr), result.stderr
    left = subprocess.run(["grep", "-rlsa", name, TOP / "build/dom0less"], capture_output=True, text=True, check=False)
    assert left.stdout == ""


@pytest.mark.quick
def test_static_takes_its_xen():
    result = run("--dry-run", "--dom0less", f"x={TOP}/build/virt/guests/sync.bin,static=0x70000000")
    assert result.returncode == 2 and "--xen 4.20-static" in result.stderr


@pytest.mark.quick
@pytest.mark.parametrize("option", [[], ["--demo"]])
def test_qemu_that_does_not_start(option):
    result = run("--no-build", *option, "--", "-colour")
    assert result.returncode == 1 and "-colour: invalid option" in result.stderr
    assert "QEMU ended before there was a prompt; what it said stands above." in result.stderr


@pytest.mark.quick
def test_script_on_a_pipe(log_folder):
    log = log_folder / "console.log"
    result = run("--log", str(log), typed="kernel version\nkernel uptime\n")
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"^Thin Dom0 v", result.stdout, re.M)
    assert log.read_text().count("*** Booting Thin Dom0") == 1


@pytest.mark.quick
def test_standard_input_and_output_that_are_not_there():
    closed = subprocess.run(["sh", "-c", '"$0" --no-build --card none <&-', RUN], capture_output=True, text=True, timeout=PATIENCE)
    assert closed.returncode == 0 and closed.stderr == "" and "uart:~$ kernel poweroff" in closed.stdout
    with open("/dev/full", "w") as full:
        result = subprocess.run([RUN, "--no-build", "--card", "none"], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                                text=True, timeout=PATIENCE)
        assert result.returncode == 1 and result.stderr == "run: the output can't be written: No space left on device.\n"
        result = subprocess.run([RUN, "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
        assert result.returncode == 1 and "No space left on device" in result.stderr


def test_script_through_a_guest_s_console():
    """A console has no prompt: control characters leave it all the same."""
    result = run(typed="xu create virt_domu\nxu console virt_domu\n\x1dxu destroy virt_domu\nxu list\n")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Hello World" in result.stdout


class Terminal:
    """A person's terminal, with ./run on it."""

    def __init__(self, *arguments, program=RUN):
        self.master, self.slave = os.openpty()
        self.settings = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen([program, *arguments], stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        start_new_session=True,
                                        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))  # not nohup's

    def expect(self, text, seconds=PATIENCE):
        data, end = b"", time.monotonic() + seconds
        while text not in data:
            assert time.monotonic() < end and self.process.poll() is None, data
            if select.select([self.master], [], [], 0.1)[0]:
                data += os.read(self.master, 65536)
        return data

    def is_restored(self):
        return termios.tcgetattr(self.slave) == self.settings


@pytest.mark.quick
def test_terminal():
    terminal = Terminal()
    greeting = terminal.expect(b"uart:~$ ")
    assert b"kernel poweroff" in greeting and b"xu create" in greeting
    assert not terminal.is_restored()
    os.write(terminal.master, b"nonsense\x03")  # Ctrl-C drops the line, and kills nothing
    terminal.expect(b"uart:~$ ")
    os.write(terminal.master, b"kernel poweroff\r")
    assert terminal.process.wait(PATIENCE) == 0
    assert terminal.is_restored()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda how: how.name)
def test_terminal_after_a_kill(how):
    terminal = Terminal()
    terminal.expect(b"uart:~$ ")
    terminal.process.send_signal(how)
    assert terminal.process.wait(PATIENCE) != 0
    end = time.monotonic() + PATIENCE
    while not terminal.is_restored():  # QEMU does it, when it is alone
        assert time.monotonic() < end
        time.sleep(0.05)


def test_dom0_that_does_not_boot(log_folder):
    image = log_folder / "not-a-kernel"
    image.write_bytes(bytes(4096))
    terminal = Terminal("--dom0-image", image)
    terminal.expect(b"Could not set up DOM0 guest OS")
    terminal.process.terminate()
    assert terminal.process.wait(PATIENCE) != 0


def test_second_start_builds_nothing():
    """What is built is not built again: neither the program nor the card."""
    built = [TOP / "build/virt" / name for name in ("thin-dom0.bin", "full.img")]
    terminal = Terminal()
    terminal.expect(b"uart:~$ ")
    before = [file.stat().st_mtime_ns for file in built]
    for _ in range(2):
        os.write(terminal.master, b"kernel poweroff\r")
        assert terminal.process.wait(PATIENCE) == 0
        terminal = Terminal()
        terminal.expect(b"uart:~$ ")
        assert [file.stat().st_mtime_ns for file in built] == before
    terminal.process.terminate()
    terminal.process.wait(PATIENCE)
