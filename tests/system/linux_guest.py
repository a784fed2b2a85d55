# SPDX-License-Identifier: Apache-2.0
"""Linux domains driven through their shells."""

import re

import pexpect

from machine import PATIENCE

READY = {"domd": "domd:/# ", "guest": "/ # "}


class Linux:
    """A domain with a shell on its console. `kind` is "domd" or "guest"."""

    def __init__(self, machine, domain, kind):
        self.machine, self.domain, self.kind = machine, domain, kind

    def wait_until_up(self, timeout=300):
        self.machine.attach(self.domain)
        self.machine.expect(re.compile(r"(?:^|\n)" + re.escape(READY[self.kind])), timeout)
        self.machine.detach()
        return self

    def run(self, line, timeout=PATIENCE, status=0):
        """What a command prints, without the kernel's own messages and those of Dom0's log."""
        self.machine.attach(self.domain)
        self.machine.skip(0.2)
        # Neither the marks nor their text stand in what is typed.
        self.machine.type(f"echo '<'BEGIN'>'; {line}; echo \"<END $?>\"\r")
        try:
            self.machine.expect("<BEGIN>", timeout)
            found = self.machine.expect(re.compile(r"<END (\d+)>"), timeout)
            output = self.machine.before.removeprefix("\n")
        except pexpect.TIMEOUT:
            self.machine.send("\x03")  # so that the next test finds a prompt
            raise
        finally:
            self.machine.detach()
        assert status is None or int(found[1]) == status, (line, found[1], output)
        return re.sub(r"^(?:\[ *\d+\.\d+\]|[EWID]: domain) [^\n]*\n", "", output, flags=re.M)
