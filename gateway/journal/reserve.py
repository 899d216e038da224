"""Space kept for the last facts.

The rule: while the reserve stands, everything may be told. Once the disk was full and the reserve was set
free, what would begin something new is refused (:data:`BEGINNINGS`), so that the space is left for what ends,
until there is room to set the reserve aside again.

Known limit: between setting free and writing, another programme may take the space.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import attrs
from twisted.logger import Logger

RESERVE_SIZE = 16 * 1024 * 1024
"""Bytes."""

ROOM_WANTED = 3
"""The reserve is set aside again when the disk has so many times its size."""

BEGINNINGS = frozenset(
    {
        "approval.requested",
        "directory.changed",
        "elevation.answered",
        "live.watch_started",
        "secret.sealed",
        "session.started",
        "target.key_queued",
    }
)
"""Kinds that are refused while there is no reserve: each permits something that was not there before."""

LOG = Logger()


@attrs.define
class Reserve:
    """Keep a file of ``size`` bytes to give up when the disk is full; with 0 none, and nothing is refused."""

    path: Path
    size: int = RESERVE_SIZE
    standing: bool = False

    def restore(self) -> None:
        """Set the space aside where it is not and there is room; failing to is a state, not an error."""
        if self.standing:
            return
        if self.size == 0 or self._is_whole():
            self.standing = True
        elif self._has_room():
            self.standing = self._set_aside()

    def release(self) -> bool:
        """Give the space up; return whether there was any to give."""
        if not self.standing or self.size == 0:
            return False
        self.standing = False
        self.path.unlink(missing_ok=True)
        LOG.warn("the disk of {folder} is full; the journal's reserve is set free", folder=self.path.parent)
        return True

    def permits(self, kind: str) -> bool:
        """Tell whether a fact of a kind may be written now."""
        return self.standing or kind not in BEGINNINGS

    def _is_whole(self) -> bool:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        return found.st_size >= self.size and found.st_blocks * 512 >= self.size

    def _has_room(self) -> bool:
        free = os.statvfs(self.path.parent)
        return free.f_bavail * free.f_frsize >= ROOM_WANTED * self.size

    def _set_aside(self) -> bool:
        self.path.unlink(missing_ok=True)
        opened = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(opened, 0, self.size)
        except OSError as wrong:
            if wrong.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            self.path.unlink(missing_ok=True)
            return False
        finally:
            os.close(opened)
        return True
