"""Temporary accounts of this machine that may elevate: made with names of their own, and removed when idle."""

from __future__ import annotations

import os
import pwd
import secrets
import signal
from pathlib import Path

import attrs

from tests.real.processes import run, until

SUDOERS = Path("/etc/sudoers.d")


@attrs.define(eq=False)
class Account:
    """One user with a home, bash and a password; he may use sudo with it."""

    name: str = attrs.field(factory=lambda: f"ost{secrets.token_hex(4)}")
    password: str = attrs.field(factory=lambda: f"Canary-{secrets.token_hex(8)}")
    home: Path = attrs.field(init=False)

    def make(self, sudoers: str = "") -> None:
        """Make the user."""
        self.home = Path("/home") / self.name
        made = run(["useradd", "-m", "-d", str(self.home), "-s", "/bin/bash", self.name])
        assert made.code == 0, made
        run(["chpasswd"], f"{self.name}:{self.password}\n".encode())
        rule = SUDOERS / self.name
        rule.touch(mode=0o440)
        rule.write_text(f"Defaults:{self.name} lecture=never\n{sudoers}\n{self.name} ALL=(ALL:ALL) ALL\n")

    def _ended(self) -> list[int]:
        """End what runs as this user, each by its number; return what there was."""
        found = self.running()
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return found

    def running(self) -> list[int]:
        """Return the processes that run as this user: nobody but a test starts any."""
        uid = pwd.getpwnam(self.name).pw_uid
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if _owner(path) == uid]

    def write(self, name: str, text: str) -> Path:
        """Put a program into his home."""
        path = self.home / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def remove(self) -> None:
        """Remove the user as soon as nothing runs as him any more, and what he may do."""
        (SUDOERS / self.name).unlink(missing_ok=True)
        until(lambda: not self._ended(), f"nothing runs as {self.name}")
        until(lambda: run(["userdel", "-r", self.name]).code in (0, 6), f"{self.name} is removed")


def _owner(process: Path) -> int:
    try:
        status = (process / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return -1
    uids = [line.split()[1] for line in status.splitlines() if line.startswith("Uid:")]
    return int(uids[0]) if uids else -1
