# SPDX-License-Identifier: Apache-2.0
"""image/root: what it builds, read back with other programs, and what it says to a wrong list."""

import gzip
import os
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PARTS = TOP / "build/parts"
ENVIRONMENT = os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
LIST = """\
linux/busybox /bin/busybox # a comment
linux/xenstore /usr/bin/xenstore
words /etc/words
link busybox /bin/sh
folder /srv/empty
libraries linux/lib
modules linux/modules-6.12 linux/vmlinuz-6.12 ext4 xen-netback
"""


def build(folder, output, text=LIST, *options):
    folder.mkdir(exist_ok=True)
    (folder / "words").write_text("some words\n")
    (folder / "list.txt").write_text(text)
    return subprocess.run([TOP / "image/root", folder / "list.txt", folder / output, "--from", folder, "--from", PARTS,
                           *options], capture_output=True, text=True, env=ENVIRONMENT)


def made(folder, output, *options):
    result = build(folder, output, LIST, *options)
    assert result.returncode == 0, result.stderr
    return folder / output


def debugfs(image, *commands):
    return subprocess.run(["debugfs", "-f", "-", image], input="\n".join(commands) + "\n", capture_output=True, text=True,
                          env=ENVIRONMENT, check=True).stdout


def cpio_names(image):
    """Name -> (mode, content) of a cpio archive, as the kernel reads it."""
    data, names, offset = gzip.decompress(image.read_bytes()), {}, 0
    while True:
        fields = [int(data[offset + 6 + 8 * i:offset + 14 + 8 * i], 16) for i in range(13)]
        assert data[offset:offset + 6] == b"070701" and fields[2] == fields[3] == 0
        name = data[offset + 110:offset + 109 + fields[11]].decode()
        start = (offset + 110 + fields[11] + 3) & ~3
        names[name] = fields[1], data[start:start + fields[6]]
        offset = (start + fields[6] + 3) & ~3
        if name == "TRAILER!!!":
            return names


@pytest.mark.quick
def test_initramfs(tmp_path):
    names = cpio_names(made(tmp_path, "root.gz"))
    assert names["etc/words"] == (0o100644, b"some words\n")
    assert names["bin/busybox"] == (0o100755, (PARTS / "linux/busybox").read_bytes())
    assert names["bin/sh"] == (0o120777, b"busybox")
    assert names["srv/empty"][0] == 0o40755
    # What xenstore is linked with, and what that is linked with.
    assert {"lib/libxenstore.so.4", "lib/libxentoolcore.so.1", "lib/libc.so.6", "lib/ld-linux-aarch64.so.1"} < set(names)
    assert "lib/libsystemd.so.0" not in names
    # A folder comes before what is in it.
    order = list(names)
    assert all(order.index(str(pathlib.PurePosixPath(name).parent)) < order.index(name) for name in order if "/" in name)


@pytest.mark.quick
def test_modules(tmp_path):
    names = cpio_names(made(tmp_path, "root.gz"))
    modules = {name for name in names if name.endswith(".ko")}
    assert {"ext4.ko", "jbd2.ko", "mbcache.ko", "crc16.ko", "xen_netback.ko"} == {name.split("/")[-1] for name in modules}
    assert all(names[name][1][:4] == b"\x7fELF" for name in modules)
    folder = str(pathlib.PurePosixPath(modules.pop()).parent)
    dependencies = names[f"{folder}/modules.dep"][1].decode()
    assert re.search(r"^ext4\.ko: .*jbd2\.ko", dependencies, re.M) and "xen_netback.ko:\n" in dependencies
    assert "alias fs-ext4 ext4\n" in names[f"{folder}/modules.alias"][1].decode()


def test_ext4(tmp_path):
    image = made(tmp_path, "root.img", "--size", "32")
    assert image.stat().st_size == 32 << 20
    subprocess.run(["e2fsck", "-fn", image], check=True, capture_output=True, env=ENVIRONMENT)
    status = debugfs(image, "stat /etc/words", "stat /")
    assert len(re.findall(r"User: +0 +Group: +0 ", status)) == 2 and "Mode:  0644" in status
    assert "busybox" in debugfs(image, "stat /bin/sh")
    debugfs(image, f"dump /bin/busybox {tmp_path}/busybox")
    assert (tmp_path / "busybox").read_bytes() == (PARTS / "linux/busybox").read_bytes()


@pytest.mark.parametrize("output", ["root.gz", "root.img"])
def test_same_files_same_bytes(tmp_path, output):
    first = made(tmp_path / "a", output, "--size", "32").read_bytes()
    assert made(tmp_path / "b", output, "--size", "32").read_bytes() == first


@pytest.mark.quick
@pytest.mark.parametrize("text, message", [
    ("nothing /nothing\n", "list.txt:1: there is no nothing in "),
    ("words\n", "list.txt:1: a line is SOURCE /PATH"),
    ("words words\n", "list.txt:1: a line is SOURCE /PATH"),
    ("words /a\nlink b /a\n", "list.txt:2: there are two different /a"),
    ("words /a\nwords /a/b\n", "list.txt:2: /a is no folder"),
    ("linux/crun /crun\nlibraries linux/modules-6.1\n", "/crun needs libsystemd.so.0, which is not in "),
    ("modules linux/modules-6.1 linux/vmlinuz-6.1 nothing\n", "the module nothing is not in "),
    ("modules linux/modules-6.1 linux/vmlinuz-6.12 loop\n", "are of different versions"),
])
def test_wrong_list(tmp_path, text, message):
    result = build(tmp_path, "root.gz", text)
    assert result.returncode == 1 and message in result.stderr
    assert not (tmp_path / "root.gz").exists()


@pytest.mark.quick
def test_too_small(tmp_path):
    result = build(tmp_path, "root.img", LIST, "--size", "2")
    assert result.returncode == 1 and "mke2fs failed" in result.stderr
    assert not list(tmp_path.glob("*root.img*"))


def test_waiting_counts_time():
    """wait_for of DomD's and the guest's scripts: a command that takes long is tried less often."""
    script = f""". {TOP}/image/linux/shared.sh
usleep() {{ sleep 0.2; }}
slow() {{ echo try; sleep 1.1; false; }}
wait_for 1 true && ! wait_for 1 slow && wait_for 1 test -d /proc"""
    result = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert 1 <= result.stdout.count("try\n") <= 3
