# SPDX-License-Identifier: Apache-2.0
"""Cards and disks on real Xen: tables and buses, what fails, what is full, what is pulled and put in again. Whatever was
written is judged from outside."""

import hashlib
import mmap
import os
import re
import subprocess
import time

import pytest

from cards import GUESTS, LINUX, MIB, Card
from machine import PATIENCE, TOP
from test_bad_input import leftovers

HELLO = 'kernel = "monkey.bin"\nmemory = 16\n'
BIG = 'kernel = "linux"\nramdisk = "initramfs.gz"\ncmdline = "console=hvc0"\nmemory = 256\n'


@pytest.fixture
def card(tmp_path):
    """card(TABLE...): see Card. Both partitions have the folder dom0 with the configurations hello and big, whose kernel
    has 37 MB, and a file `where` that says which of the two it is."""
    texts = {"hello.cfg": HELLO, "big.cfg": BIG}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "linux").symlink_to(LINUX)

    def make(*arguments, **options):
        made = Card(tmp_path / "card.img", *arguments, **options)
        for number in range(2):
            (tmp_path / "where").write_text(f"partition {number}\n")
            made.put(number, *(tmp_path / name for name in texts), tmp_path / "where", tmp_path / "linux",
                     GUESTS / "monkey.bin", GUESTS / "initramfs.gz")
        return made

    return make


def boot_disk(boot, image, options="", device="virtio-blk-device", **others):
    """With a virtio disk. `options` are for what is below QEMU's raw format."""
    file = f"file.driver=blkdebug,file.image.filename={image},{options}" if options else f"file={image}"
    return boot(qemu=["-drive", f"if=none,id=disk,format=raw,{file}", "-device", f"{device},drive=disk"], storage=True,
                **others)


def greet(machine, configuration="hello"):
    """The configuration makes a domain that speaks."""
    domain = machine.create(configuration)
    machine.attach(domain)
    machine.expect("Hello world!")
    machine.detach()
    return domain


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# ---- Tables and buses ----

@pytest.mark.parametrize("table", ["gpt", "mbr"])
@pytest.mark.parametrize("bus", ["sdhci-pci", "virtio-blk-device", "virtio-blk-pci"])
def test_both_partitions_are_read_and_written(boot, card, table, bus):
    image = card(table)
    machine = boot(card=image) if bus == "sdhci-pci" else boot_disk(boot, image, device=bus)
    name = "mmc0" if bus == "sdhci-pci" else "vda"
    assert machine.answer("fs mounts") == "".join(f"/{n}: {name} partition {n + 1} 100 MiB\n" for n in range(2))
    for number in range(2):
        assert machine.answer(f"fs cat /{number}:/dom0/where") == f"partition {number}\n"
        assert machine.answer(f"fs write /{number}:/note this is {number}") == ""
    assert machine.answer("fs sum /0:/dom0/linux").split()[0] == sha256(LINUX.read_bytes())
    assert machine.answer("fs cp /0:/dom0/initramfs.gz /1:/dom0/copy") == ""
    greet(machine)
    assert machine.poweroff() == 0
    image.check()
    for number in range(2):
        assert image.read(number, "note") == f"this is {number}\n".encode()
    assert image.read(1, "dom0/copy") == (GUESTS / "initramfs.gz").read_bytes()


# ---- Guests ----

def test_one_image_for_several_domains(boot, xen, card):
    machine = boot(xen=xen, card=card())
    domains = [greet(machine) for _ in range(4)]
    assert re.findall(r"^(hello\S*) +\d+ ", machine.answer("xu list"), re.M) == ["hello", "hello-2", "hello-3", "hello-4"]
    for domain in domains:
        machine.command(f"xu destroy {domain}")
    greet(machine)


def test_a_kernel_of_41_mb(boot, card, tmp_path):
    image = card()
    large = tmp_path / "large"
    data = LINUX.read_bytes()
    large.write_bytes(data + os.urandom(41 * MIB - len(data)))
    (tmp_path / "large.cfg").write_text(BIG.replace('"linux"', '"large"'))
    image.put(1, large, tmp_path / "large.cfg")
    machine = boot_disk(boot, image, cpus=1)
    machine.attach(machine.create("large"))
    machine.expect(re.compile(r"Linux version 6\.12"))
    machine.detach()
    assert machine.answer("fs sum /1:/dom0/large").split()[0] == sha256(large.read_bytes())


def test_a_wrong_configuration_leaves_nothing(boot, card, tmp_path):
    image = card()
    wrong = {"list": ('kernel = "monkey.bin"\nmemory = 16\nvcpus = [1\n', r"list\.cfg:\d+:\d+: "),
             "key": ('kernel = "monkey.bin"\nmemory = "much"\n', r"key\.cfg:2:10: "),
             "gone": ('kernel = "gone.bin"\n', r"/1:/dom0/gone\.bin: there is no such file"),
             "text": ('kernel = "where"\n', r"/1:/dom0/where: .*first bytes 70 61 72 74")}
    for name, (text, _) in wrong.items():
        (tmp_path / f"{name}.cfg").write_text(text)
    image.put(1, *(tmp_path / f"{name}.cfg" for name in wrong))
    machine = boot(card=image)
    for name in wrong:  # once before, for what the first use of a thing keeps
        machine.command(f"xu create {name}")
    before = leftovers(machine)
    for name, (_, message) in wrong.items():
        assert re.search(message, machine.command(f"xu create {name}"), re.S)
        assert leftovers(machine) == before


def test_the_documented_way_to_put_a_file_on_the_card(boot, tmp_path):
    page = (TOP / "docs/storage.md").read_text()
    command = re.search(r"^    (mcopy .* ::dom0/)$", page, re.M)[1]
    copy = tmp_path / "card.img"
    subprocess.run(["cp", "--reflink=auto", TOP / "build/virt/full.img", copy], check=True)
    (tmp_path / "my.cfg").write_text('kernel = "my-kernel.bin"\nmemory = 16\n')
    (tmp_path / "my-kernel.bin").write_bytes((GUESTS / "monkey.bin").read_bytes())
    subprocess.run(command.replace("build/virt/card.img", "card.img"), shell=True, cwd=tmp_path, check=True)
    machine = boot(card=copy)
    greet(machine, "my")
    greet(machine)  # and one that was there


# ---- What fails ----

def sector_of(image, data):
    """Where this piece of a file begins in the image, in sectors of 512 bytes."""
    with open(image, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content.rfind(data)
        assert start > 0 and start % 512 == 0
        return start // 512


def fault(event, sector, once):
    return (f"file.inject-error.0.event={event},file.inject-error.0.errno=5,file.inject-error.0.sector={sector},"
            f"file.inject-error.0.once={'on' if once else 'off'}")


def test_a_passing_error_in_reading_is_tried_again(boot, card):
    image = card()
    sector = sector_of(image, LINUX.read_bytes()[20 * MIB:][:512])
    machine = boot_disk(boot, image, fault("read_aio", sector, once=True), cpus=1)
    machine.command("log level debug")
    output = machine.command("xu create big")
    assert re.search(r"vda: read of block \d+ again after error -5", output) and "created" in output
    machine.command("log level info")
    machine.attach(1)
    machine.expect(re.compile(r"Linux version 6\.12"))


def test_a_lasting_error_in_reading_leaves_nothing(boot, card, xen):
    image = card()
    sector = sector_of(image, LINUX.read_bytes()[20 * MIB:][:512])
    machine = boot_disk(boot, image, fault("read_aio", sector, once=False), xen=xen)
    machine.command("xu create big")
    before = leftovers(machine)
    output = machine.command("xu create big")
    assert re.search(r"vda: read of \d+ blocks at \d+ failed: error -5", output)
    assert re.search(r"xu create: .*/1:/dom0/linux", output)
    assert leftovers(machine) == before
    greet(machine)  # the rest of the disk is as good as before


def test_a_lasting_error_in_writing(boot, card):
    """Data that can't be written ends the copy, which isn't left behind; what else is on the volume stays whole."""
    image = card()
    machine = boot_disk(boot, image, fault("write_aio", image.places[0][0] * 2048 + 170000, once=False))
    output = machine.command("fs cp /1:/dom0/linux /0:/copy")
    assert "created" not in output
    output += machine.command("fs cp /1:/dom0/linux /0:/copy2")
    assert re.search(r"vda: write of \d+ blocks at \d+ failed: error -5", output)
    assert re.search(r"fs cp: /0:/copy2?: ", output)
    assert machine.answer("fs cat /0:/dom0/where") == "partition 0\n"
    assert machine.answer("fs write /1:/note words") == ""
    assert machine.poweroff() == 0
    assert image.read(1, "note") == b"words\n" and image.problems(1) == ""
    assert image.read(0, "dom0/linux") == LINUX.read_bytes()
    assert "copy2" not in image.names(0)


# ---- What is full ----

def test_a_full_card(boot, tmp_path):
    image = Card(tmp_path / "card.img", sizes=(64, 16), bits=16)
    cluster = 2048
    filler, small, middle = tmp_path / "filler", tmp_path / "small", tmp_path / "middle"
    small.write_bytes(os.urandom(3 * cluster))
    middle.write_bytes(os.urandom(2 * MIB))
    image.put(0, small, middle)
    image.put(1, small)
    filler.write_bytes(os.urandom(image.free(1) - 5 * cluster))
    image.put(1, filler)
    assert image.free(1) == 5 * cluster
    machine = boot(card=image)

    full = "the volume is full\n"
    space = machine.command("fs df")
    assert machine.answer("fs cp /0:/dom0/middle /1:/copy") == f"fs cp: /1:/copy: {full}"
    assert machine.answer("fs df") == space  # given back
    assert machine.answer("fs cp /0:/dom0/small /1:/second") == ""
    assert machine.answer("fs cp /0:/dom0/small /1:/third") == f"fs cp: /1:/third: {full}"
    assert machine.answer("fs mkdir /1:/folder") == ""
    assert machine.answer("fs write /1:/line words") == ""
    assert machine.answer("fs write /1:/another words") == f"fs write: /1:/another: {full}"
    assert machine.answer("fs mkdir /1:/more") == f"fs mkdir: /1:/more: {full}"
    assert machine.answer("fs write -a /1:/line more") == ""  # there is room in its cluster
    assert machine.answer("fs rm /1:/second") == ""
    assert machine.answer("fs write /1:/another words") == ""
    assert machine.poweroff() == 0

    image.check()
    assert image.read(1, "line") == b"words\nmore\n" and image.read(1, "another") == b"words\n"
    assert image.read(1, "dom0/filler") == filler.read_bytes() and image.read(1, "dom0/small") == small.read_bytes()
    assert image.names(1) == {"dom0/", "folder/", "line", "another"}


# ---- What is pulled ----

def pull(monitor):
    monitor.command("eject", device="card", force=True)


def put_in(monitor, image):
    monitor.command("blockdev-change-medium", device="card", filename=str(image), format="raw")


def slow_down(monitor, rate):
    """Bytes per second that are read from the card; 0: as fast as can be."""
    monitor.command("block_set_io_throttle", device="card", bps=0, bps_rd=rate, bps_wr=0, iops=0, iops_rd=0, iops_wr=0)


def test_pulled_in_the_middle_of_a_load(boot, xen, card):
    image = card()
    machine = boot(xen=xen, cpus=1, card=image)
    monitor = machine.monitor()
    machine.command(f"xu destroy {machine.create('big')}")  # for what the first use of a thing keeps
    before = leftovers(machine)
    for _ in range(2):
        slow_down(monitor, 10 * MIB)  # so that there is a middle
        machine.start("xu create big")
        machine.expect(re.compile(r"kernel: \d+ %, "))
        pull(monitor)
        output = machine.prompt()
        reason = "the card or disk is gone; put it in again"
        assert re.search(rf"xu create: kernel /1:/dom0/linux: reading at byte \d+ failed: {reason}$", output, re.M)
        assert "W: mmc0: the card was pulled, or doesn't answer any more\n" in output
        assert leftovers(machine)[1] == before[1]
        assert machine.answer("fs mounts").count(", pulled\n") == 2
        assert machine.answer("fs ls /1:/dom0") == "fs ls: /1:/dom0: the card was pulled\n"
        assert "the card is not there" in machine.command("xu create hello")

        put_in(monitor, image)
        slow_down(monitor, 0)
        machine.await_storage()
        assert leftovers(machine) == before
        machine.command(f"xu destroy {greet(machine)}")
    machine.attach(machine.create("big"))
    machine.expect(re.compile(r"Linux version 6\.12"))
    image.check()


def test_pulled_in_the_middle_of_a_write(boot, card):
    image = card()
    machine = boot(card=image)
    monitor = machine.monitor()
    machine.start("fs cp /0:/dom0/linux /1:/copy")
    holes_filled, end = os.stat(image).st_blocks * 512 + 2 * MIB, time.monotonic() + PATIENCE
    while os.stat(image).st_blocks * 512 < holes_filled:
        assert time.monotonic() < end
        time.sleep(0.001)
    pull(monitor)
    assert "the card was pulled\n" in machine.prompt()

    # Clusters that belong to nothing are all that may be lost; the FAT's second copy is written after the first.
    allowed = r"fsck\.fat |FATs differ but appear to be intact|  Using first FAT|Reclaimed \d+ unused clusters|" \
              r"Free cluster summary wrong|  Auto-correcting|Leaving filesystem unchanged|.* files, \d+/\d+ clusters|$"
    assert [line for line in image.problems(1).splitlines() if not re.match(allowed, line)] == []
    put_in(monitor, image)
    machine.await_storage()
    assert machine.answer("fs cat /1:/dom0/where") == "partition 1\n"
    assert machine.answer("fs write /1:/after words") == ""
    greet(machine)
    assert machine.poweroff() == 0
    assert image.read(1, "after") == b"words\n" and image.read(1, "dom0/linux") == LINUX.read_bytes()
    assert image.problems(0) == ""


def test_a_card_that_comes_late(boot, card):
    """The machine starts with an empty reader."""
    image = card()
    machine = boot(qemu=["-drive", "if=none,id=card", "-device", "sdhci-pci", "-device", "sd-card,drive=card"])
    assert "virt_domu" in machine.command("xu config_list")
    put_in(machine.monitor(), image)
    machine.await_storage()
    greet(machine)


def test_another_card(boot, card, tmp_path):
    first = card()
    second = Card(tmp_path / "second.img", table="mbr", sizes=(20, 40), bits=16)
    (tmp_path / "other.cfg").write_text(HELLO)
    second.put(1, tmp_path / "other.cfg", GUESTS / "monkey.bin")
    machine = boot(card=first)
    assert machine.answer("fs write /1:/dom0/note old") == ""
    monitor = machine.monitor()
    pull(monitor)
    machine.expect("the card was pulled")
    put_in(monitor, second)
    machine.await_storage()
    assert machine.answer("fs mounts") == "/0: mmc0 partition 1 20 MiB\n/1: mmc0 partition 2 40 MiB\n"
    names = machine.command("xu config_list")
    assert re.search(r"^other$", names, re.M) and not re.search(r"^hello$", names, re.M)
    greet(machine, "other")
    assert machine.answer("fs write /1:/dom0/note new") == ""
    assert machine.poweroff() == 0
    assert first.read(1, "dom0/note") == b"old\n" and second.read(1, "dom0/note") == b"new\n"
    first.check()
    second.check()
