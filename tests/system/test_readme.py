# SPDX-License-Identifier: Apache-2.0
"""What the README shows happens: its session is typed, and its answers are compared."""

import re
import subprocess

import pytest

from machine import PATIENCE, TOP

README = (TOP / "README.md").read_text()


@pytest.fixture
def card(tmp_path):
    """A card like that of ./run, which nobody else has."""
    copy = tmp_path / "card.img"
    subprocess.run(["cp", "--reflink=auto", TOP / "build/virt/full.img", copy], check=True)
    return copy


def session():
    """The README's session as (command, answer) pairs."""
    text = re.search(r"^```console\n(.*?)^```", README, re.M | re.S)[1]
    parts = re.split(r"^uart:~\$ (.*)\n", text, flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


def figures_aside(text):
    """Figures, versions and blanks may change with every build."""
    return re.sub(r"v\d+\.\d+\.\d+\S*|0x[0-9a-f]+|\d+\.\d+|\d{4,}", "#", re.sub(r" +", " ", text))


@pytest.mark.quick
def test_session(boot, card):
    machine = boot(card=card)
    for command, answer in session():
        if command == "kernel poweroff":
            assert machine.poweroff() == 0
            return
        if command.startswith("xu console"):
            machine.attach(command.split()[-1])
            for line in answer.splitlines()[1:-1]:
                machine.expect(re.compile(re.escape(line) if "Booting" not in line else r"\*\*\* Booting .* guest sync v"))
            assert machine.detach().endswith(answer.splitlines()[-1] + "\n")
            continue
        # How a domain that wakes up now and then is caught is chance: running or blocked.
        shown = [re.sub(r"[rb-]{2}(?=[p-])", "??", figures_aside(text)) for text in (machine.command(command), answer)]
        assert shown[0] == shown[1]


@pytest.mark.quick
def test_script():
    line = re.search(r"^    (printf .* \| \./run)$", README, re.M)[1]
    result = subprocess.run(line.replace("./run", "./run --no-build"), shell=True, cwd=TOP, capture_output=True, text=True,
                            timeout=PATIENCE)
    assert result.returncode == 0, result.stderr
    assert "domain:1 created" in result.stdout and re.search(r"^hello +1 ", result.stdout, re.M)


@pytest.mark.quick
def test_commands():
    """What the README says to type is taken. The machines are booted by other tests, and a card of the Raspberry Pi 5 is made."""
    commands = set(re.findall(r"(?:`|^    )(\./(?:run|test|bench|build-image)\b[^`\n|]*)", README, re.M))
    assert {"./run", "./run --demo", "./test", "./bench --quick", "./build-image --machine rpi5"} <= commands
    for program, *words in map(str.split, commands):
        said = subprocess.run([TOP / program, "--help"], capture_output=True, text=True, check=True).stdout
        assert all(f" {word} " in said for word in words if word.startswith("--")), (program, words)
        if program == "./run" and "--help" not in words:
            subprocess.run([TOP / program, *words, "--dry-run"], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)


def test_pages_exist():
    for page in re.findall(r"\]\((docs/[^)]+)\)", README):
        assert (TOP / page).exists(), page
