"""Files of recordings: appended to through a bounded number of descriptors, private, never half written.

The rule: a write that fails leaves the file as it was, so a full disk never tears a chain.
"""

from __future__ import annotations

import os

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600


class OpenFiles:
    """Append to many files while holding at most ``limit`` of them open, the least recently used closed
    first.
    """

    __slots__ = ("_descriptors", "_limit")

    def __init__(self, limit: int = 256) -> None:
        self._limit = limit
        self._descriptors: dict[str, int] = {}

    def create(self, path: str, stored: bytes) -> None:
        """Make a file that must not exist yet, with these bytes; raises OSError."""
        self._make_room()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptors[path] = os.open(path, flags, PRIVATE_FILE)
        try:
            self.append(path, stored)
        except OSError:
            self.close(path)
            raise

    def append(self, path: str, stored: bytes, make: bool = False) -> None:
        """Write all the bytes, or none and raise OSError; ``make`` the file where it is not there."""
        descriptor = self._open(path, os.O_CREAT if make else 0)
        done = os.write(descriptor, stored)
        if done != len(stored):
            write_rest(descriptor, stored, done)

    def empty(self, path: str) -> None:
        """Cut a file to nothing."""
        os.ftruncate(self._open(path), 0)

    def close(self, path: str) -> None:
        """Give back the file's descriptor, if it has one."""
        descriptor = self._descriptors.pop(path, None)
        if descriptor is not None:
            os.close(descriptor)

    def __len__(self) -> int:
        return len(self._descriptors)

    def _make_room(self) -> None:
        if len(self._descriptors) >= self._limit:
            os.close(self._descriptors.pop(next(iter(self._descriptors))))

    def _open(self, path: str, make: int = 0) -> int:
        descriptor = self._descriptors.pop(path, None)
        if descriptor is None:
            self._make_room()
            flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | make
            descriptor = os.open(path, flags, PRIVATE_FILE)
        self._descriptors[path] = descriptor
        return descriptor


def write_rest(descriptor: int, stored: bytes, done: int) -> None:
    """Go on after a short write; on an error cut the file back to where it was and raise it."""
    before = os.fstat(descriptor).st_size - done
    try:
        while done < len(stored):
            done += os.write(descriptor, memoryview(stored)[done:])
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def append(path: str, stored: bytes) -> None:
    """Append all the bytes to one file, or none and raise OSError."""
    files = OpenFiles(1)
    try:
        files.append(path, stored)
    finally:
        files.close(path)


def make_directories(root: str, *names: str) -> str:
    """Make ``root/name/name…``, each private; the last must be new. Raises OSError."""
    path = os.path.join(root, *names)
    try:
        os.mkdir(path, PRIVATE_DIRECTORY)
    except FileNotFoundError:
        return _make_with_parents(root, names)
    return path


def _make_with_parents(root: str, names: tuple[str, ...]) -> str:
    path = root
    os.makedirs(path, PRIVATE_DIRECTORY, exist_ok=True)
    for name in names[:-1]:
        path = os.path.join(path, name)
        if not os.path.isdir(path):
            os.mkdir(path, PRIVATE_DIRECTORY)
    path = os.path.join(path, names[-1])
    os.mkdir(path, PRIVATE_DIRECTORY)
    return path


def sync(path: str) -> None:
    """Wait until a file's or directory's bytes are on the disk; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: str, stored: bytes) -> None:
    """Put a whole file in place at once, and on the disk; raises OSError."""
    fresh = path + ".new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        write_rest(descriptor, stored, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(fresh, path)
    sync(os.path.dirname(path))


def remove(path: str) -> None:
    """Remove a file that may be gone already."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def read_bounded(path: str, limit: int) -> bytes:
    """Return a file's bytes, at most ``limit`` and one more; raises OSError."""
    with open(path, "rb") as stored:
        return stored.read(limit + 1)
