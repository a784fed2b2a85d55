# SPDX-License-Identifier: Apache-2.0
"""image/card: what it builds, read back with other programs, and what it says to a wrong list."""

import gzip
import os
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "MTOOLSRC": "/dev/null"}
LIST = """\
# a comment
[boot 16M]
small  config.txt  # another
[dom0 64M]
large  dom0/deep/vmlinuz-6.12
small  dom0/a-long.name_with_words.cfg
small  dom0/second.cfg
"""
pytestmark = pytest.mark.quick


def run(*command):
    return subprocess.run([str(word) for word in command], env=ENVIRONMENT, capture_output=True, stdin=subprocess.DEVNULL)


@pytest.fixture
def card(tmp_path):
    """card(LIST, OPTION...) builds tmp_path/full.img; its result."""
    (tmp_path / "small").write_bytes(b"a few bytes\n")
    (tmp_path / "large").write_bytes(os.urandom(3_000_001))
    (tmp_path / "empty").touch()

    def build(text, *options):
        (tmp_path / "card.txt").write_text(text)
        return run(TOP / "image/card", tmp_path / "card.txt", tmp_path / "full.img", *options)

    return build


def refused(card, text, *options):
    result = card(text, *options)
    assert result.returncode == 1
    return result.stderr.decode()


def test_same_bytes_again(card, tmp_path):
    for name in "first", "second":
        result = card(LIST, "--gz", "--bmap")
        assert result.returncode == 0, result.stderr
        (tmp_path / "full.img").rename(tmp_path / name)
        for suffix in ".gz", ".bmap":
            (tmp_path / f"full.img{suffix}").rename(tmp_path / f"{name}{suffix}")
        for source in "small", "large":  # not even times of the sources count
            os.utime(tmp_path / source, (1_000_000_000, 1_000_000_000))
    for suffix in "", ".gz", ".bmap":
        assert (tmp_path / f"first{suffix}").read_bytes() == (tmp_path / f"second{suffix}").read_bytes()
    assert gzip.decompress((tmp_path / "first.gz").read_bytes()) == (tmp_path / "first").read_bytes()
    assert "<ImageSize> 85983232 </ImageSize>" in (tmp_path / "first.bmap").read_text()
    assert (tmp_path / "first").stat().st_blocks * 512 < 8_000_000
    assert not list(tmp_path.glob(".card-*"))


def test_read_back(card, tmp_path):
    image = tmp_path / "full.img"
    assert card(LIST).returncode == 0
    assert b"No problems found." in run("sgdisk", "--verify", image).stdout
    assert b"First sector: 2048 " in run("sgdisk", "--info", 1, image).stdout
    info = run("sgdisk", "--info", 2, image).stdout
    assert b"Partition name: 'dom0'" in info and b"First sector: 34816 " in info and b"(64.0 MiB)" in info
    for volume, path, source in [("1M", "config.txt", "small"), ("17M", "dom0/deep/vmlinuz-6.12", "large"),
                                 ("17M", "dom0/a-long.name_with_words.cfg", "small"), ("17M", "dom0/second.cfg", "small")]:
        assert run("mtype", "-i", f"{image}@@{volume}", f"::{path}").stdout == (tmp_path / source).read_bytes()
    # The whole partition for fsck.fat, which knows no offsets.
    (tmp_path / "dom0").write_bytes(image.read_bytes()[17 << 20:81 << 20])
    assert run("fsck.fat", "-n", tmp_path / "dom0").returncode == 0
    assert (tmp_path / "dom0").read_bytes()[82:87] == b"FAT32"


def test_default_and_chosen_sizes(card, tmp_path):
    assert card("[boot]\n[dom0]\nempty e\n").returncode == 0
    assert (tmp_path / "full.img").stat().st_size == (2 + 2 * 512) << 20
    assert card("[boot]\n[dom0]\nempty e\n", "--size", "boot=32M", "--size", "dom0=1G").returncode == 0
    assert (tmp_path / "full.img").stat().st_size == (2 + 32 + 1024) << 20
    assert card("[boot]\n[dom0]\n", "--power-of-two").returncode == 0
    assert (tmp_path / "full.img").stat().st_size == 2 << 30
    assert b"No problems found." in run("sgdisk", "--verify", tmp_path / "full.img").stdout


def test_source_folders_in_their_order(card, tmp_path):
    (tmp_path / "over").mkdir()
    (tmp_path / "over/small").write_text("of the first folder")
    assert card("[dom0 16M]\nsmall s\nlarge l\n", "--from", tmp_path / "over", "--from", tmp_path).returncode == 0
    assert run("mtype", "-i", f"{tmp_path}/full.img@@1M", "::s").stdout == b"of the first folder"


@pytest.mark.parametrize("boot, dom0", [(512, 160), (16, 700), (8, 64), (63, 259)])
def test_small_partition_of_a_large_card(card, tmp_path, boot, dom0):
    """What kind of FAT it is follows from the partition's size, not the card's."""
    result = card(f"[boot {boot}M]\nsmall s\n[dom0 {dom0}M]\nlarge l\n")
    assert result.returncode == 0, result.stderr
    assert run("mtype", "-i", f"{tmp_path}/full.img@@{boot + 1}M", "::l").stdout == (tmp_path / "large").read_bytes()


def test_partition_that_is_a_file(card, tmp_path):
    assert card("[boot 16M]\nsmall s\n[rootfs = large]\n").returncode == 0
    image = (tmp_path / "full.img").read_bytes()
    assert len(image) == (1 + 16 + 3 + 1) << 20 and image[17 << 20:][:3_000_001] == (tmp_path / "large").read_bytes()
    assert b"Linux filesystem" in run("sgdisk", "--info", 2, tmp_path / "full.img").stdout


@pytest.mark.parametrize("text, message", [
    ("[rootfs = large]\nsmall s\n", "card.txt:2: the partition rootfs is a file already"),
    ("[rootfs = nothing]\n", "card.txt:1: there is no file nothing in"),
    ("[dom0]\nmissing m\nlarge\n", "card.txt:2: there is no file missing in"),
    ("[dom0]\nmissing m\nlarge\n", "card.txt:3: a line is [NAME]"),
    ("small s\n", "card.txt:1: a file stands in front of the first [PARTITION]"),
    ("# nothing\n", "there is no [PARTITION] in it"),
    ("[dom0]\n[dom0]\n", "card.txt:2: there is a partition 'dom0' already"),
    ("[dom0 0M]\n", "card.txt:1: a size is a number with M or G behind it, such as 512M, not '0M'"),
    ("[a partition of mine]\n", "card.txt:1: a line is [NAME]"),
    ("[dom0]\nsmall ../s\n", "card.txt:2: a FAT can't hold the path '../s'"),
    ("[dom0]\nsmall s\nsmall S\n", "card.txt:3: there is a file S already"),
])
def test_wrong_list(card, tmp_path, text, message):
    assert message in refused(card, text)
    assert not (tmp_path / "full.img").exists()


@pytest.mark.parametrize("output, message", [
    ("nowhere/full.img", "there is no folder "),
    ("", " is a folder; name a file in it"),
])
def test_wrong_output(tmp_path, output, message):
    (tmp_path / "card.txt").write_text("[boot 8M]\n")
    result = run(TOP / "image/card", tmp_path / "card.txt", tmp_path / output)
    assert result.returncode == 1 and message in result.stderr.decode()
    (tmp_path / "card.txt").write_bytes(b"[boot 8M]\n\xff\n")
    result = run(TOP / "image/card", tmp_path / "card.txt", tmp_path / "full.img")
    assert result.returncode == 1 and "card.txt is no text in UTF-8: byte 10" in result.stderr.decode()


def test_too_small(card, tmp_path):
    message = refused(card, "[boot]\n[dom0 2M]\nlarge l\n")
    assert "the partition dom0 of 2 MiB is too small: its files have 3 MiB" in message
    assert "--size dom0=5M" in message
    assert card("[boot]\n[dom0 2M]\nlarge l\n", "--size", "dom0=5M").returncode == 0


def test_wrong_size_option(card):
    assert "--size root=1M: there is no such partition; there are boot, dom0" in refused(card, LIST, "--size", "root=1M")
    assert "not 'big'" in refused(card, LIST, "--size", "dom0=big")
