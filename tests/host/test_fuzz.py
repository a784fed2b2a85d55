# SPDX-License-Identifier: Apache-2.0
"""The fuzz targets: each file of their corpora once, then some seconds of libFuzzer."""

import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
CORPORA = TOP / "tests/fuzz/corpus"
TARGETS = sorted(folder.name for folder in CORPORA.iterdir())
SECONDS = 10


def run(log, *command, seconds=SECONDS + 120):
    with log.open("wb") as output:
        return subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=log.parent,
                              timeout=seconds).returncode


@pytest.mark.quick
@pytest.mark.parametrize("target", TARGETS)
def test_corpus(target, log_folder):
    files = sorted((CORPORA / target).iterdir())
    assert run(log_folder / "output.log", TOP / f"build/host/fuzz/fuzz_{target}", *files) == 0


@pytest.mark.long
@pytest.mark.parametrize("target", TARGETS)
def test_fuzz(target, log_folder):
    """What is found is left in the test's folder of logs: crash-*."""
    assert run(log_folder / "build.log", TOP / "scripts/build", "fuzz", seconds=900) == 0
    corpus = log_folder / "corpus"
    corpus.mkdir()
    assert run(log_folder / "output.log", TOP / f"build/fuzz/fuzz/fuzz_{target}", f"-max_total_time={SECONDS}",
               "-max_len=16384", corpus, CORPORA / target) == 0
