"""Who vouches for operators' keys, and which keys are revoked.

The rule: closed on every fault. While the file of revoked keys can not be read, or can not be understood, nobody logs
in by key or certificate; the fault has a name and a beginning. The file is looked at for each proof, in a thread, and
read again only when it has changed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from gateway.wire.authority import ShownKey
from gateway.wire.certificates import Certificate, trust_operator
from gateway.wire.keyblobs import BadKey, PublicKey, parse_line
from gateway.wire.krl import LARGEST_LIST, BadList, RevokedList, read_list

log = Logger()

InThread = Callable[..., Deferred[Any]]
UNUSABLE = "the list of revoked keys can not be used"


@attrs.frozen
class Reading:
    """A file as it was when it was last read; ``fault`` says why it is of no use, and then nothing else counts."""

    mark: tuple[int, ...] = ()
    revoked: RevokedList = attrs.field(factory=RevokedList, repr=False)
    fault: str = ""


@attrs.define(eq=False)
class Revocations:
    """Know what a file revokes; ``wall`` gives seconds since 1970."""

    path: str
    in_thread: InThread
    wall: Callable[[], float]
    _reading: Reading = attrs.field(init=False, factory=Reading)
    _since: float = attrs.field(init=False, default=0.0)

    async def refusal(self, key: ShownKey) -> str:
        """Return why a key will not do, empty where it is not revoked."""
        await self.look()
        if self._reading.fault:
            return UNUSABLE
        return "the key or certificate is revoked" if self._reading.revoked.names(key) else ""

    async def look(self) -> None:
        """Read the file if it has changed."""
        before, seen = self._reading, await self.in_thread(read, self.path, self._reading)
        if before.fault != seen.fault:
            self._tell(seen)
        self._reading = seen

    def _tell(self, seen: Reading) -> None:
        if seen.fault:
            self._since = self._since or self.wall()
            words = "revoked_keys = {path} {fault}: nobody can log in by key or certificate until that is repaired"
            log.error(words, path=self.path, fault=seen.fault)
        else:
            self._since = 0.0
            log.info("revoked_keys = {path} can be used again", path=self.path)

    def faults(self) -> list[dict[str, object]]:
        """Return the fault, named, since when."""
        if not self._reading.fault:
            return []
        return [{"name": "revoked_keys", "since": self._since, "detail": f"{self.path} {self._reading.fault}"}]


def read(path: str, before: Reading) -> Reading:
    """Return what a file says now, without reading it where it is as it was; blocks."""
    mark: tuple[int, ...] = ()
    try:
        # Not blocking: a pipe in the place of the file must not hold the thread.
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            mark, regular = _mark(opened)
            if mark == before.mark:
                return before
            if not regular:
                return Reading(mark, fault="is not a regular file")
            return Reading(mark, read_list(_content(opened)))
        finally:
            os.close(opened)
    except OSError as fault:
        return Reading(fault=f"can not be read ({fault.strerror})")
    except BadList as fault:
        return Reading(mark, fault=f"is not a list of revoked keys: {fault}")


def _mark(opened: int) -> tuple[tuple[int, ...], bool]:
    found = os.fstat(opened)
    mark = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev)
    return mark, stat.S_ISREG(found.st_mode)


def _content(opened: int) -> bytes:
    with os.fdopen(os.dup(opened), "rb") as stream:
        return stream.read(LARGEST_LIST + 1)


@attrs.frozen(eq=False)
class Vouching:
    """The authorities for operators, and the revocations; by default nobody vouches and nothing is revoked."""

    authorities: Sequence[PublicKey] = ()
    wall: Callable[[], float] = lambda: 0.0
    revocations: Revocations | None = None

    def trust(self, certificate: Certificate, name: str, source: str) -> None:
        """Raise :exc:`~gateway.wire.certificates.Untrusted` unless an operator may log in with a certificate."""
        trust_operator(certificate, self.authorities, name, source, self.wall())

    def revoked(self, key: ShownKey) -> Deferred[str]:
        """Fire with why a key is refused, empty where it is not revoked."""
        if self.revocations is None:
            return succeed("")
        return Deferred.fromCoroutine(self.revocations.refusal(key))


def read_authorities(lines: Sequence[str]) -> tuple[PublicKey, ...]:
    """Return the authorities of configured lines; raise ValueError in words."""
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(parse_line(line))
        except BadKey as fault:
            raise ValueError(f"[ssh] user_ca, entry {number}: {fault}") from None
    return tuple(found)
