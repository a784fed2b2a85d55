# SPDX-License-Identifier: Apache-2.0
"""./bench as a person starts it: its shortest row, on both sides."""

import csv
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


def bench(*arguments, timeout=600):
    return subprocess.run([TOP / "bench", *arguments], capture_output=True, text=True, timeout=timeout)


@pytest.mark.quick
def test_options():
    assert "--only WORK" in bench("--help").stdout
    for words in ["--only", "all"], ["--only"], ["--rounds", "0"], ["fast"]:
        refused = bench(*words)
        assert refused.returncode == 2 and words[0] in refused.stderr


def test_start_beside_linux(tmp_path):
    measured = bench("--quick", "--only", "start", "--results", str(tmp_path))
    assert measured.returncode == 0, measured.stderr
    with open(tmp_path / "results.csv", newline="") as file:
        found = {row["side"]: float(row["median"]) for row in csv.DictReader(file)}
    assert 50 * found["Thin Dom0"] < found["oxenstored"]
    assert "from Xen's hand-over" in (tmp_path / "table.md").read_text()
    assert "<svg" in (tmp_path / "ratios.svg").read_text()
