# SPDX-License-Identifier: Apache-2.0
"""What host and system tests share: the folder of a test's logs, and the summary that ./test ends with."""

import collections
import ctypes
import os
import pathlib
import re
import shutil
import signal

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent
LOGS = TOP / "build/test-logs"


def pytest_configure(config):
    """A worker of pytest-xdist, and with it the machines that it started, ends with the pytest that started it."""
    if hasattr(config, "workerinput"):
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """What takes long comes first."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture
def log_folder(request):
    """A test's own folder for logs, empty at first: build/test-logs/FILE/TEST."""
    name = re.sub(r"[^\w.=-]+", "_", request.node.name).strip("_")
    folder = LOGS / request.node.path.stem / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def shared_log_folder(request):
    """The same for what all tests of a file share that run in one process: build/test-logs/FILE/shared."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    folder = LOGS / request.node.path.stem / f"shared{worker}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Below a failure: where its logs are, and how they end."""
    outcome = yield
    report = outcome.get_result()
    fixtures = getattr(item, "funcargs", {})
    folder = fixtures.get("log_folder", fixtures.get("shared_log_folder"))
    if report.failed and folder:
        for log in sorted(folder.glob("*.log")):
            lines = log.read_bytes().decode(errors="replace").replace("\r", "").splitlines()[-25:]
            report.sections.append((f"end of {log.relative_to(TOP)}", "\n".join(lines)))


def pytest_terminal_summary(terminalreporter):
    """Counts per file, and in all, into build/test-logs/summary.txt. A host test's program holds several cases."""
    if terminalreporter.config.option.collectonly:
        return
    passed, failed = collections.Counter(), collections.Counter()
    for outcome, counter in ("passed", passed), ("failed", failed), ("error", failed):
        for report in terminalreporter.stats.get(outcome, []):
            group = report.nodeid.split("::")[0].removesuffix(".py")
            counter[group] += dict(report.user_properties).get("cases", 1) if outcome == "passed" else 1
    lines = [f"  {group:32} {passed[group]:4} passed" + (f", {failed[group]} FAILED" if failed[group] else "")
             for group in sorted(passed | failed)]
    lines.append(f"{passed.total()} passed, {failed.total()} failed")
    LOGS.mkdir(parents=True, exist_ok=True)
    (LOGS / "summary.txt").write_text("\n".join(lines) + "\n")
