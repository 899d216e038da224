"""For whoever writes a plugin: doubles to write tests with, and the checks that every file inspector must pass.

The rule: what is here is used by the gateway's own tests too, and is kept as stable as the interfaces.

* :func:`conformance` – call it from a test of your own with your factory and settings.
* :func:`inspect` – have one file judged, as a session has it judged.
* :func:`transfer`, :func:`spooled` – what an inspector is given.
* :class:`MemoryInspector`, :class:`MemoryQuarantine` – doubles.

Known limits: a plugin that blocks is noticed after 50 ms of one call, not stopped.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, BinaryIO

import attrs
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from zope.interface import implementer
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

from gateway.domain.evaluation import Decision, Spooled, Transfer, Verdict
from gateway.interfaces import IFileInspector, IFileInspectorFactory, IInspection, IQuarantine
from gateway.runtime.evaluate import BadAnswer, checked, denies

LONGEST_CALL = 0.05
"""Seconds that one call may hold up the reactor."""

NAMES = (
    "/tmp/plain", "/tmp/with blank", "/tmp/new\nline", "/tmp/not-utf8-\udcff", "relative/../name", "/tmp/\x1b[31m",  # noqa: S108
    "/" + "x" * 4000, "/tmp/-rf", "/tmp/$(id)", "/tmp/a\0b",  # noqa: S108
)
"""Names that a hostile operator may choose."""


@attrs.frozen
class SpooledFile:
    """A file as an inspector is given it."""

    path: str
    size: int
    sha256: str

    def open(self) -> BinaryIO:
        """Open it for reading."""
        return open(self.path, "rb")


def spooled(content: bytes, folder: str | None = None) -> SpooledFile:
    """Write a file of mode 0600 to a folder (a new one where none is named) and return it as an inspector gets it."""
    descriptor, path = tempfile.mkstemp(dir=folder or tempfile.mkdtemp(prefix="inspector-"))
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return SpooledFile(path, len(content), hashlib.sha256(content).hexdigest())


def transfer(path: str = "/home/deploy/file", **known: Any) -> Transfer:
    """Return a transfer: an upload by alice over sftp, unless more is said."""
    usual = {
        "direction": "upload", "protocol": "sftp", "path": path, "real": path, "operator": "alice", "target": "web1",
        "account": "deploy", "session": "S-0000000000000",
    }  # fmt: skip
    return Transfer(**{**usual, **known})


@implementer(IFileInspector, IInspection)
@attrs.define
class MemoryInspector:
    """Denies what contains a mark, as bytes come; notes everything it was told."""

    mark: bytes = b"denied"
    calls: list[tuple[Any, ...]] = attrs.field(factory=list)
    _seen: bytes = attrs.field(init=False, default=b"")

    def wants(self, transfer: Transfer) -> bool:
        """Want everything."""
        self.calls.append(("wants", transfer.path))
        return True

    def begin(self, transfer: Transfer) -> IInspection:
        """Begin with a new inspection that notes its calls in the same list."""
        self.calls.append(("begin", transfer.path))
        return MemoryInspector(self.mark, self.calls)

    def data(self, offset: int, chunk: bytes) -> None:
        """Keep what comes."""
        self.calls.append(("data", offset, len(chunk)))
        self._seen += chunk

    def finish(self, spooled: Spooled) -> Verdict:
        """Look for the mark."""
        self.calls.append(("finish", spooled.size))
        if self.mark in self._seen:
            return Verdict(Decision.DENY, "marked", "it has the mark")
        return Verdict(Decision.ALLOW)

    def abort(self, reason: str) -> None:
        """Forget."""
        self.calls.append(("abort", reason))


@implementer(IQuarantine)
@attrs.define
class MemoryQuarantine:
    """Keeps what it is given, in memory."""

    held: dict[str, bytes] = attrs.field(factory=dict)
    rows: dict[str, dict[str, Any]] = attrs.field(factory=dict)

    def keep(
        self, transfer: Transfer, spooled: Spooled, verdicts: Sequence[Mapping[str, Any]], rule: str
    ) -> Deferred[str]:
        """Keep a file."""
        with spooled.open() as file:
            self.held[spooled.sha256] = file.read()
        self.rows[spooled.sha256] = {
            "id": spooled.sha256, "sha256": spooled.sha256, "size": spooled.size, "path": transfer.path, "rule": rule,
            "verdicts": list(verdicts),
        }  # fmt: skip
        return succeed(spooled.sha256)

    def items(self) -> Deferred[Sequence[Mapping[str, Any]]]:
        """Return the rows."""
        return succeed(list(self.rows.values()))

    def show(self, prefix: str) -> Deferred[Mapping[str, Any]]:
        """Return one row."""
        return maybeDeferred(lambda: self.rows[prefix])

    def release(self, prefix: str, to: str, *, by: str, reason: str, door: str) -> Deferred[Mapping[str, Any]]:
        """Return one row with its content."""
        return maybeDeferred(lambda: {**self.rows[prefix], "content": self.held[prefix]})

    def remove(self, prefix: str, *, by: str, reason: str, door: str) -> Deferred[Mapping[str, Any]]:
        """Forget one file."""
        return maybeDeferred(lambda: (self.held.pop(prefix), self.rows.pop(prefix))[1])


async def inspect(
    inspector: IFileInspector, content: bytes, moved: Transfer | None = None, cuts: Iterable[int] = ()
) -> Verdict:
    """Have a file judged by an inspector; ``cuts`` are the places at which its bytes are cut into pieces.

    Raises AssertionError where the inspector does not behave, and whatever it raises itself.
    """
    moved = transfer() if moved is None else moved
    wanted = await _called(inspector.wants, moved)
    _must(isinstance(wanted, bool), "wants() returns True or False")
    if not wanted:
        return Verdict(Decision.ABSTAIN)
    begun = await _called(inspector.begin, moved)
    if isinstance(begun, Verdict):
        return _verdict(begun)
    _provides(IInspection, begun, "begin()")
    file = spooled(content)
    try:
        if getattr(begun, "streams", True):
            early = await _fed(begun, content, cuts)
            if early is not None:
                return early
        return _verdict(await _called(begun.finish, file))
    finally:
        os.unlink(file.path)
        os.rmdir(os.path.dirname(file.path))


async def _fed(begun: IInspection, content: bytes, cuts: Iterable[int]) -> Verdict | None:
    places = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    for start, end in pairwise(places):
        early = await _called(begun.data, start, content[start:end])
        _must(early is None or isinstance(early, Verdict), "data() returns None, a Verdict or a Deferred of one")
        if isinstance(early, Verdict) and denies(early):
            await _called(begun.abort, "the evaluation ended")
            return _verdict(early)
    return None


async def conformance(
    factory: IFileInspectorFactory, section: Mapping[str, Any], *, allows: bytes, denies: bytes
) -> None:
    """Check a factory and its inspector; raises AssertionError with a sentence that says what is wrong.

    With the settings in ``section`` the inspector must let one content pass (or abstain) and deny the other.
    """
    _provides(IFileInspectorFactory, factory, "the factory")
    _must(isinstance(factory.name, str) and factory.name.replace("-", "").isalnum() and factory.name.islower(),
          "name is a text of small letters, digits and dashes")  # fmt: skip
    schema = factory.schema
    _must(isinstance(schema, Mapping) and all(isinstance(key, str) and callable(schema[key]) for key in schema),
          "schema maps each key to a function that takes its value")  # fmt: skip
    _must(set(section) <= set(schema), "schema names every key of the settings")
    inspector = factory.configure({key: schema[key](value) for key, value in section.items()})
    _provides(IFileInspector, inspector, "configure()")
    for content, denied in ((allows, False), (denies, True)):
        await _judged_alike(inspector, content, denied)
    for name in NAMES:
        for known in ({}, {"direction": "download", "protocol": "scp", "size": 2**62, "resumed": True}):
            await inspect(inspector, denies, transfer(name, **known))
    await _forgets(inspector, allows)
    await inspect(inspector, b"")


async def _judged_alike(inspector: IFileInspector, content: bytes, denied: bool) -> None:
    """Check that a content is judged the same however its bytes are cut, and again."""
    size = len(content)
    for cuts in ((), range(0, size, max(1, size // 50)), (1,), (size - 1,), ()):
        verdict = await inspect(inspector, content, cuts=[cut for cut in cuts if cut > 0])
        _must(_denies(verdict) is denied, f"{content[:40]!r} must {'be denied' if denied else 'pass'}: {verdict}")
        _must(not denied or bool(verdict.reason or verdict.code), "a denial says why: give a reason or a code")


async def _forgets(inspector: IFileInspector, content: bytes) -> None:
    """Check that an inspection may be given up at any time, and that others go on meanwhile."""
    begun = [await _called(inspector.begin, transfer(session=f"S-{number}")) for number in range(3)]
    for number, each in enumerate(begun):
        if isinstance(each, Verdict):
            continue
        if number and getattr(each, "streams", True):
            await _called(each.data, 0, content)
        await _called(each.abort, "the session ended")
    await inspect(inspector, content)


async def _called(method: Callable[..., Any], *arguments: Any) -> Any:
    began = time.perf_counter()
    answer = maybeDeferred(method, *arguments)
    took = time.perf_counter() - began
    _must(took < LONGEST_CALL, f"{method.__name__}() held up the reactor for {took:.3f} s: return a Deferred instead")
    return await answer


def _verdict(found: object) -> Verdict:
    try:
        return checked(found)
    except BadAnswer:
        raise AssertionError(f"this is no verdict: {found!r:.200}") from None


def _denies(verdict: Verdict) -> bool:
    return denies(verdict)


def _provides(interface: Any, thing: object, what: str) -> None:
    try:
        verifyObject(interface, thing)
    except Invalid as problem:
        raise AssertionError(f"{what}: {problem}") from None


def _must(holds: bool, words: str) -> None:
    if not holds:
        raise AssertionError(words)

