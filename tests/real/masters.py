"""An ssh ControlMaster: one connection, and channels that are opened in it one by one."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import attrs

from tests.real.harness import Outcome, Place, run, stop, until


@attrs.define(eq=False)
class Master:
    """An ssh ControlMaster: one session whose channels are opened one by one, whenever one likes."""

    place: Place
    login: str
    key: str = "alice"
    process: subprocess.Popen[bytes] = attrs.field(init=False)
    _control: Path = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Connect, and wait until channels can be opened."""
        self._control = Path(tempfile.mkdtemp(dir=self.place.folder)) / "m"
        self.process = self.place.start(self.login, "-M", "-N", *self.over, "--", key=self.key)
        ask = self.place.argv(self.login, *self.over, "-O", "check", "--", key=self.key)
        until(lambda: run(ask).code == 0, "the master is there")

    @property
    def over(self) -> tuple[str, ...]:
        return ("-S", str(self._control))

    def run(self, *command: str, stdin: bytes = b"") -> Outcome:
        """Run a command in a channel of its own."""
        return self.place.ssh(self.login, *self.over, "--", *command, stdin=stdin, key=self.key)

    def sftp(self, *lines: str) -> Outcome:
        """Run sftp in a channel of its own."""
        batch = "\n".join(lines).encode() + b"\n"
        options = self.place.options(self.key, port="-P")
        control = ("-o", f"ControlPath={self._control}")
        return run(["sftp", "-q", "-b", "-", *control, *options, f"{self.login}@127.0.0.1"], batch)

    def leave(self) -> None:
        """Disconnect."""
        stop(self.process)
