# SPDX-License-Identifier: Apache-2.0
"""image/policy/make: what it reads out of Xen's images, and what it refuses."""

import os
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
MAKE = TOP / "image/policy/make"
RULES = TOP / "image/policy/thin-dom0.rules"
XENS = [TOP / f"build/parts/boot/xen-{version}" for version in ("4.17", "4.20")]


def make(rules, output, *images):
    return subprocess.run([MAKE, rules, output, *images], capture_output=True, text=True, check=False)


def permissions(policy):
    """{class: permissions} of a compiled policy, by checkpolicy, which reads it as well."""
    source = policy.with_suffix(".conf")
    subprocess.run(["checkpolicy", "-b", "-F", "-t", "Xen", policy, "-o", source], check=True, capture_output=True,
                   env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/bin:/usr/sbin"})
    found = {}
    for line in source.read_text().splitlines():
        words = line.replace("{", " ").replace("}", " ").split()
        if words[:1] == ["class"] and len(words) > 2:
            found[words[1]] = words[2:]
    return found


def compiled(folder, *images):
    output = folder / f"{len(images)}-{images[0].name}.bin"
    result = make(RULES, output, *images)
    assert result.returncode == 0, result.stderr
    return output


def test_union_of_two_xens(tmp_path):
    """The policy for both has all that either knows, in the order of each: that is what Xen compares at boot."""
    old, new, both = (permissions(compiled(tmp_path, *images)) for images in (XENS[:1], XENS[1:], XENS))
    assert len(old) == len(new) == 13 and sum(map(len, old.values())) == 175
    assert both == new
    for name, names in old.items():
        assert new[name][:len(names)] == names
    assert old["event"] == ["bind", "send", "status", "create", "reset"]
    assert "set_llc_colors" in new["domain2"] and "set_llc_colors" not in old["domain2"]


def test_the_same_each_time(tmp_path):
    for folder in "a", "b":
        (tmp_path / folder).mkdir()
    assert compiled(tmp_path / "a", *XENS).read_bytes() == compiled(tmp_path / "b", *XENS).read_bytes()


@pytest.mark.parametrize("change, said", [
    (("sid irq ", "sid irqs "), "gives labels to"),
    (("allow guest dom0_t:event", "allow guest nobody_t:event"), "checkpolicy refuses the policy"),
])
def test_wrong_rules(tmp_path, change, said):
    rules = tmp_path / "rules"
    text = RULES.read_text()
    assert change[0] in text
    rules.write_text(text.replace(*change))
    result = make(rules, tmp_path / "policy.bin", *XENS)
    assert result.returncode == 1 and said in result.stderr
    assert not (tmp_path / "policy.bin").exists()


def test_what_is_no_xen(tmp_path):
    """Another image, none, and a Xen that is cut off before names that its tables lead to."""
    xen = XENS[0].read_bytes()
    for name in "settime", "xenboot":
        (tmp_path / name).write_bytes(xen[:xen.index(f"\0{name}\0".encode()) - 1])
    for image in TOP / "build/parts/linux/busybox", tmp_path / "settime", tmp_path / "xenboot", tmp_path / "nothing":
        result = make(RULES, tmp_path / "policy.bin", image)
        assert result.returncode == 1 and result.stderr.startswith("policy: ") and image.name in result.stderr, result.stderr
