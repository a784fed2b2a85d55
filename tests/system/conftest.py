# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests. A test that names `xen` or `gic` runs with each version."""

import pytest

from machine import TEST_IMAGE, Machine


@pytest.fixture(params=["4.17", "4.20"])
def xen(request):
    return request.param


@pytest.fixture(params=[2, 3], ids=["gic2", "gic3"])
def gic(request):
    return request.param


@pytest.fixture
def boot(log_folder):
    """boot(xen="4.20", memory="4G", ...): a machine at its prompt (see Machine); all end with the test."""
    machines = []

    def boot_machine(**options):
        machines.append(Machine(log_folder, **options))
        return machines[-1]

    yield boot_machine
    for machine in machines:
        machine.close()


@pytest.fixture
def boot_test(boot):
    """boot() with the domain configurations of the tests."""
    return lambda **options: boot(dom0_image=TEST_IMAGE, **options)


@pytest.fixture
def machine(boot):
    """A machine at its prompt: Xen 4.17, GICv2, 2 GB, 2 CPUs, Dom0 in 16 MB."""
    return boot()
