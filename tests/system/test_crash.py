# SPDX-License-Identifier: Apache-2.0
"""What is left of a crash: a report that scripts/backtrace turns into functions and lines."""

import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


def backtrace(log, *arguments):
    return subprocess.run([TOP / "scripts/backtrace", *arguments, log], capture_output=True, text=True)


@pytest.mark.quick
def test_backtrace(machine):
    machine.start("kernel crash null")
    machine.expect("Halted.")
    result = backtrace(machine.log)
    assert result.returncode == 0, result.stderr
    # The innermost function by the program counter, its callers by their return addresses: file and line of the call.
    places = [r"read_null +src/kernel/fault_test\.c:\d+", r"crash +src/shell/cmd_kernel\.c:\d+", r"main +src/main\.c:\d+"]
    assert re.search(".*".join(places), result.stdout, re.S), result.stdout


def test_backtrace_of_another_build(machine):
    machine.start("kernel crash null")
    machine.expect("Halted.")
    result = backtrace(machine.log, "--elf", TOP / "build/virt/guests/sync.elf")
    assert result.returncode != 0
    assert "is not" in result.stderr
