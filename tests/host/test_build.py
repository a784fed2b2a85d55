# SPDX-License-Identifier: Apache-2.0
"""The builds themselves: every board's, the image's size, and what is said to wrong options."""

import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


def run(*command):
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("board", ["rpi4", "rpi5", "zcu102"])
def test_board_builds(board):
    result = run("scripts/build", board)
    assert result.returncode == 0, result.stderr
    assert (TOP / f"build/{board}/thin-dom0.bin").exists()


@pytest.mark.quick
def test_image_size():
    result = run("ninja", "-C", "build/virt", "size-check")
    assert result.returncode == 0, result.stdout


@pytest.mark.quick
@pytest.mark.parametrize("options, message", [
    (["-DCONFIG_DOM_CFG_BOARD_EXT=nowhere"], "There is no src/dom_cfg/virt_nowhere.c"),
    (["-DCONFIG_DOM_CFG_DOMU1_IMAGE_BIN_FILE=nothing.bin"], "neither in prebuilt/ nor among what this build makes"),
    (["-DCONFIG_LOG_RING_SIZE=7"], "CONFIG_LOG_RING_SIZE can't be '7'"),
    (["-DCONFIG_COLOUR=red"], "there is no option CONFIG_COLOUR"),
])
def test_wrong_option(tmp_path, options, message):
    result = run("cmake", "--preset", "virt", "-B", tmp_path, *options)
    assert result.returncode != 0
    assert message in " ".join((result.stdout + result.stderr).split())


@pytest.mark.quick
def test_edited_configuration_survives(tmp_path):
    command = ["scripts/kconfig.py", "--kconfig", "Kconfig", "--defconfig", "boards/virt/defconfig", "--build", tmp_path]
    dot_config, header = tmp_path / ".config", tmp_path / "generated/config.h"
    assert run(*command).returncode == 0
    dot_config.write_text(dot_config.read_text().replace("LOG_RING_SIZE=16384", "LOG_RING_SIZE=4096"))
    assert run(*command).returncode == 0
    assert "#define CONFIG_LOG_RING_SIZE 4096\n" in header.read_text()
    assert run(*command, "--set", "LOG_RING_SIZE=8192").returncode == 0
    assert "#define CONFIG_LOG_RING_SIZE 8192\n" in header.read_text()


@pytest.mark.quick
def test_untouched_configuration_follows_the_defconfig(tmp_path):
    defconfig = tmp_path / "defconfig"
    command = ["scripts/kconfig.py", "--kconfig", "Kconfig", "--defconfig", defconfig, "--build", tmp_path]
    for size in 4096, 8192:
        defconfig.write_text(f'CONFIG_BOARD="virt"\nCONFIG_LOG_RING_SIZE={size}\n')
        assert run(*command).returncode == 0
        assert f"#define CONFIG_LOG_RING_SIZE {size}\n" in (tmp_path / "generated/config.h").read_text()


@pytest.mark.quick
@pytest.mark.parametrize("command, status, message", [
    (["scripts/build"], 2, "usage: scripts/build PRESET [TARGET...]\nThe presets: fuzz host "),
    (["scripts/build", "virt host"], 2, "there is no preset 'virt host'"),
    (["scripts/backtrace", "/nowhere/x"], 1, "/nowhere/x can't be read: No such file or directory."),
    (["scripts/profile", "/tmp"], 1, "/tmp can't be read: Is a directory."),
    (["scripts/backtrace", "--elf", "README.md", "/dev/null"], 1, "README.md is no ELF program"),
    (["scripts/setup", "--help"], 1, "usage: scripts/setup (no arguments)"),
    (["./test", "-k", "no_test_has_this_name"], 2, "'; ./test --list names all."),
    (["./test", "-k", "and and"], 2, "no tests are run; pytest's -k takes words"),
    (["./test", "--colour"], 2, "there is no option '--colour'"),
    (["./bench", "--only", "x"], 2, "--only takes start, create,"),
    (["./bench", "--rounds", "0"], 2, "--rounds takes a number from 1 to 99, not '0'"),
    (["./bench", "--results", "/proc/x"], 2, "--results: nothing can be written in /proc/x"),
    (["benchmarks/xenstore", "--xen", "4.99"], 2, "invalid choice: '4.99'"),
    (["benchmarks/xenstore", "--guests", "0"], 2, "a number from 1 on is wanted"),
    (["benchmarks/load.py", "tape"], 2, "there is no device 'tape'; there are "),
    (["benchmarks/load.py", "--kernel", "/nowhere/x"], 2, "there is no file /nowhere/x"),
    (["./bench", "--quick=yes"], 2, "--quick takes no value"),
])
def test_refused(command, status, message):
    result = run(*command)
    assert result.returncode == status and message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.quick
@pytest.mark.parametrize("program", ["run", "build-image", "bench", "test"])
def test_help_fits_a_terminal(program):
    assert max(map(len, run(f"./{program}", "--help").stdout.splitlines())) <= 80
