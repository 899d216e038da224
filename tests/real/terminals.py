"""A terminal of one's own: ssh on a pty that the test types into, reads and resizes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence

import attrs

from tests.real.harness import PATIENCE, Place


@attrs.define(eq=False)
class Terminal:
    """An ssh that believes a person sits before it."""

    master: int
    process: subprocess.Popen[bytes]
    seen: bytearray = attrs.field(factory=bytearray)
    """Everything that was shown since the beginning."""
    _read: int = 0

    @classmethod
    def of(
        cls, spawn: Callable[..., subprocess.Popen[bytes]], argv: Sequence[str], columns: int = 80, rows: int = 24
    ) -> Terminal:
        """Start a program on a new pty of that size."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        process = spawn(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        return cls(master, process)

    @classmethod
    def open(
        cls, place: Place, login: str, *words: str, key: str = "alice", columns: int = 80, rows: int = 24
    ) -> Terminal:
        """Start ssh on a new pty of that size."""
        return cls.of(place.spawn, place.argv(login, "-tt", "--", *words, key=key), columns, rows)

    @classmethod
    def shell(cls, place: Place, login: str, key: str = "alice", columns: int = 80, rows: int = 24) -> Terminal:
        """Start a login shell and wait until it answers."""
        terminal = cls.open(place, login, key=key, columns=columns, rows=rows)
        terminal.expect(", recorded")
        terminal.type("echo rea$((40+2))dy\r")
        terminal.expect("rea42dy")
        return terminal

    def type(self, text: str) -> None:
        """Type."""
        os.write(self.master, text.encode())

    def expect(self, words: str, seconds: float = PATIENCE) -> str:
        """Read until the words are shown; return what came before them since the last time."""
        deadline = time.monotonic() + seconds
        wanted = words.encode()
        while (found := self.seen.find(wanted, self._read)) < 0:
            if not self._more(deadline - time.monotonic()):
                raise AssertionError(f"{words!r} was not shown; shown was {bytes(self.seen[self._read :])!r}")
        before, self._read = self.seen[self._read : found], found + len(wanted)
        return before.decode("utf-8", "replace")

    def quiet(self, seconds: float) -> bytes:
        """Return what is shown within so many seconds."""
        began, deadline = len(self.seen), time.monotonic() + seconds
        while self._more(deadline - time.monotonic()):
            pass
        return bytes(self.seen[began:])

    def resize(self, columns: int, rows: int) -> None:
        """Change the window, as a terminal program would."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def ended(self) -> int:
        """Read to the end; return ssh's exit code and leave the pty."""
        while self._more(PATIENCE):
            pass
        code = self.process.wait(PATIENCE)
        self.leave()
        return code

    def leave(self) -> None:
        """Close the window."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def _more(self, seconds: float) -> bool:
        if seconds <= 0 or not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            chunk = os.read(self.master, 65536)
        except OSError:
            return False
        self.seen += chunk
        return bool(chunk)
