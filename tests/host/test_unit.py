# SPDX-License-Identifier: Apache-2.0
"""The unit tests: each test_NAME.c of tests/unit and tests/kernel is a program of the preset `host`, and must end well."""

import os
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = sorted(source.stem for folder in ("unit", "kernel") for source in (TOP / "tests" / folder).glob("test_*.c"))
SECONDS = 900  # some try every failure; on a loaded machine that takes minutes


@pytest.mark.quick
@pytest.mark.parametrize("program", PROGRAMS)
def test_unit(program, log_folder, record_property):
    log = log_folder / "output.log"
    with log.open("wb") as output:
        status = subprocess.run([TOP / "build/host/unit" / program], stdout=output, stderr=subprocess.STDOUT,
                                stdin=subprocess.DEVNULL, timeout=SECONDS, cwd=log_folder,
                                env=os.environ | {"UBSAN_OPTIONS": "print_stacktrace=1"}).returncode
    # cmocka's last words
    record_property("cases", sum(int(n) for n in re.findall(r"^\[  PASSED  \] (\d+) test", log.read_text(errors="replace"), re.M)))
    assert status == 0
