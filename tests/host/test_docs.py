# SPDX-License-Identifier: Apache-2.0
"""What the pages say about the tests is so."""

import pathlib
import re

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


@pytest.mark.quick
def test_advisories():
    """docs/security.md names every test of an advisory, with its file, and no other."""
    named = set(re.findall(r"`(xsa_\w+)` in `(\w+\.c)`", (TOP / "docs/security.md").read_text()))
    there = {(test, source.name) for source in (TOP / "tests/unit").glob("*.c")
             for test in re.findall(r"^static void (xsa_\w+)\(void", source.read_text(), re.M)}
    assert named == there
