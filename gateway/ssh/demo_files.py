"""The demo target's files: a scratch directory that nothing leads out of, with a quota.

The rule: a path is made flat before it is walked, and every step of the walk is opened by name in its open
parent without following links; nothing but plain files is opened; what the files hold and how many there
are is bounded. Faults are OSError with the number a Unix kernel would have given.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

QUOTA = 64 * 1024 * 1024
MOST_ENTRIES = 512
DEEPEST = 32
LONGEST_NAME = 255
HOME = b"/root"
FIRST_FILES = {
    b"/etc/hostname": b"demo\n",
    b"/root/welcome.txt": b"This is the gateway's demo target.\nTry: ls, cat, echo, sudo, demo, help.\n",
    b"/var/log/syslog": b"Jan  1 00:00:00 demo init: the demo target has started\n",
}
FIRST_FOLDERS = (b"/etc", b"/root", b"/tmp", b"/var", b"/var/log")

Place = tuple[bytes, ...]
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PLAIN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def resolve(path: bytes, folder: bytes = HOME) -> Place:
    """Return the names on the way to a path seen from a folder, without ``.`` and ``..``; raise OSError."""
    names: list[bytes] = []
    for name in (path if path.startswith(b"/") else folder + b"/" + path).split(b"/"):
        if b"\0" in name:
            raise _fault(errno.EINVAL)
        if name == b"..":
            del names[-1:]
        elif name not in (b"", b"."):
            names.append(name)
    if len(names) > DEEPEST or any(len(name) > LONGEST_NAME for name in names):
        raise _fault(errno.ENAMETOOLONG)
    return tuple(names)


def written(place: Place) -> bytes:
    """Return a place as an absolute path."""
    return b"/" + b"/".join(place)


@attrs.define(eq=False)
class Scratch:
    """Hold a directory; ``used`` in bytes."""

    root: Path
    quota: int = QUOTA
    used: int = attrs.field(init=False, default=0)
    entries: int = attrs.field(init=False, default=0)
    opened: Counter[tuple[int, int]] = attrs.field(init=False, factory=Counter)

    def prepare(self) -> None:
        """Make the directory, fill an empty one, and count what is in it; raise OSError."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
        if not any(self.root.iterdir()):
            for folder in FIRST_FOLDERS:
                self.make_folder(resolve(folder))
            for path, content in FIRST_FILES.items():
                with self.open(resolve(path), os.O_WRONLY | os.O_CREAT) as file:
                    file.write(0, content)
        self.entries, self.used = self._count(())

    def _count(self, place: Place) -> tuple[int, int]:
        entries = size = 0
        for name in self.names(place):
            found = self.stat((*place, name))
            entries, size = entries + 1, size + (found.st_size if stat.S_ISREG(found.st_mode) else 0)
            if stat.S_ISDIR(found.st_mode) and len(place) < DEEPEST:
                more, bigger = self._count((*place, name))
                entries, size = entries + more, size + bigger
        return entries, size

    @contextmanager
    def _folder(self, place: Place) -> Iterator[int]:
        present = os.open(self.root, _FOLDER)
        try:
            for name in place:
                below = os.open(name, _FOLDER, dir_fd=present)
                os.close(present)
                present = below
            yield present
        finally:
            os.close(present)

    def stat(self, place: Place) -> os.stat_result:
        """Return what is at a place, links not followed."""
        if not place:
            return os.stat(self.root, follow_symlinks=False)
        with self._folder(place[:-1]) as parent:
            return os.stat(place[-1], dir_fd=parent, follow_symlinks=False)

    def is_folder(self, place: Place) -> bool:
        """Say whether a place is a directory."""
        try:
            return stat.S_ISDIR(self.stat(place).st_mode)
        except OSError:
            return False

    def names(self, place: Place) -> list[bytes]:
        """Return the sorted names in a directory."""
        with self._folder(place) as folder:
            return sorted(os.fsencode(name) for name in os.listdir(folder))

    def open(self, place: Place, flags: int) -> OpenFile:
        """Open a plain file, of ``flags`` O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL and O_TRUNC."""
        if not place:
            raise _fault(errno.EISDIR)
        with self._folder(place[:-1]) as parent:
            is_new = not _exists(place[-1], parent)
            if is_new and flags & os.O_CREAT:
                self._take_entry()
            number = os.open(place[-1], flags & ~os.O_TRUNC | _PLAIN, 0o600, dir_fd=parent)
        self.entries += is_new
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            os.close(number)
            raise _fault(errno.EISDIR if stat.S_ISDIR(found.st_mode) else errno.EACCES)
        self.opened[found.st_dev, found.st_ino] += 1
        file = OpenFile(self, number, (found.st_dev, found.st_ino))
        if flags & os.O_TRUNC:
            file.truncate(0)
        return file

    def make_folder(self, place: Place) -> None:
        """Make a directory."""
        if not place:
            raise _fault(errno.EEXIST)
        with self._folder(place[:-1]) as parent:
            if not _exists(place[-1], parent):
                self._take_entry()
            os.mkdir(place[-1], 0o700, dir_fd=parent)
        self.entries += 1

    def remove_folder(self, place: Place) -> None:
        """Remove an empty directory."""
        if not place:
            raise _fault(errno.EBUSY)
        with self._folder(place[:-1]) as parent:
            os.rmdir(place[-1], dir_fd=parent)
        self.entries -= 1

    def remove(self, place: Place) -> None:
        """Remove what is no directory."""
        if not place:
            raise _fault(errno.EISDIR)
        with self._folder(place[:-1]) as parent:
            found = os.stat(place[-1], dir_fd=parent, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                raise _fault(errno.EISDIR)
            os.unlink(place[-1], dir_fd=parent)
        self._gone(found)

    def removing(self, place: Place) -> Iterator[None]:
        """Remove a place and everything below it, one entry a step; the root itself stays."""
        if not self.is_folder(place):
            self.remove(place)
            return
        for name in self.names(place):
            yield from self.removing((*place, name))
            yield
        if place:
            self.remove_folder(place)

    def rename(self, source: Place, goal: Place, replace: bool) -> None:
        """Rename; an existing goal is an error unless it is to be replaced."""
        if not source or not goal:
            raise _fault(errno.EBUSY)
        with self._folder(source[:-1]) as old, self._folder(goal[:-1]) as new:
            if len(goal) + _height(source[-1], old) > DEEPEST:
                raise _fault(errno.ENAMETOOLONG)
            present = os.stat(goal[-1], dir_fd=new, follow_symlinks=False) if _exists(goal[-1], new) else None
            if present is not None and not replace:
                raise _fault(errno.EEXIST)
            moved = os.stat(source[-1], dir_fd=old, follow_symlinks=False)
            os.rename(source[-1], goal[-1], src_dir_fd=old, dst_dir_fd=new)
        if present is not None and present.st_ino != moved.st_ino:
            self._gone(present)

    def _take_entry(self) -> None:
        if self.entries >= MOST_ENTRIES:
            raise _fault(errno.EDQUOT)

    def _gone(self, found: os.stat_result) -> None:
        self.entries -= 1
        if stat.S_ISREG(found.st_mode) and not self.opened[found.st_dev, found.st_ino]:
            self.used -= found.st_size


@attrs.define(eq=False)
class OpenFile:
    """One open plain file of a scratch directory."""

    scratch: Scratch
    number: int
    identity: tuple[int, int]

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, offset: int, size: int) -> bytes:
        """Return at most so many bytes, none at the end."""
        try:
            return os.pread(self.number, size, offset)
        except OverflowError:
            raise _fault(errno.EINVAL) from None

    def write(self, offset: int, chunk: bytes) -> None:
        """Write all bytes, or none where the quota forbids."""
        with self._growing(max(self.stat().st_size, offset + len(chunk))):
            while chunk:
                count = os.pwrite(self.number, chunk, offset)
                chunk, offset = chunk[count:], offset + count

    def truncate(self, size: int) -> None:
        """Cut or extend to a size."""
        with self._growing(size):
            os.ftruncate(self.number, size)

    @contextmanager
    def _growing(self, size: int) -> Iterator[None]:
        before = self.stat().st_size
        if size > before and self.scratch.used + size - before > self.scratch.quota:
            raise _fault(errno.EDQUOT)
        try:
            yield
        finally:
            self.scratch.used += self.stat().st_size - before

    def stat(self) -> os.stat_result:
        """Return what the file is now."""
        return os.fstat(self.number)

    def close(self) -> None:
        """Close it; one that was removed meanwhile frees its space with the last of its openings."""
        found = self.stat()
        os.close(self.number)
        self.scratch.opened[self.identity] -= 1
        if not self.scratch.opened[self.identity]:
            del self.scratch.opened[self.identity]
            if not found.st_nlink:
                self.scratch.used -= found.st_size


def _height(name: bytes, parent: int) -> int:
    """Return how many levels lie below an entry, which may be gone."""
    try:
        folder = os.open(name, _FOLDER, dir_fd=parent)
    except OSError:
        return 0
    try:
        with os.scandir(folder) as found:
            inside = [(os.fsencode(each.name), each.is_dir(follow_symlinks=False)) for each in found]
        return max((1 + (_height(below, folder) if is_folder else 0) for below, is_folder in inside), default=0)
    finally:
        os.close(folder)


def _exists(name: bytes, folder: int) -> bool:
    with suppress(FileNotFoundError):
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        return True
    return False


def _fault(number: int) -> OSError:
    return OSError(number, os.strerror(number))
