"""Quarantine: files that were denied and are kept for an admin.

The rule: a file lies here once, by its SHA-256 (0600, in a folder of its own), with a sidecar that says where it came
from, each time it came. All files together have a bound and nobody's more than a quarter of it; what is older than its
time is removed. A file leaves only by an admin's word, which is told before the first byte goes.

Known limits: what is kept is as it came, unencrypted: a scanner on the gateway's own machine may take it away. Of more
than a hundred occurrences of one file the latest are listed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger
from zope.interface import implementer

from gateway.domain.evaluation import Spooled, Transfer
from gateway.domain.facts import Fact
from gateway.domain.verdict import shown
from gateway.interfaces import IFacts, IQuarantine
from gateway.runtime.telling import tell

log = Logger()

SHARE = 4
MOST_SEEN = 100
LARGEST_ANSWER = 64 * 1024**2
"""Bytes of a file that is given as an answer; a larger one is written to a file on the node."""
CHUNK = 1024**2

Row = dict[str, Any]
InThread = Callable[..., "Deferred[Any]"]


class NoRoom(ValueError):
    """A file can not be kept; says why."""


@implementer(IQuarantine)
@attrs.define(eq=False)
class Quarantine:
    """Keep files in a folder: ``most`` bytes, ``age`` seconds long."""

    folder: Path
    most: int
    age: float
    in_thread: InThread
    facts: IFacts
    wall: Callable[[], float]
    _one: DeferredLock = attrs.field(init=False, factory=DeferredLock)
    _failing: tuple[float, str] | None = attrs.field(init=False, default=None)

    def keep(
        self, transfer: Transfer, spooled: Spooled, verdicts: Sequence[Mapping[str, Any]], rule: str
    ) -> Deferred[str]:
        """Keep a file; fires with its id, empty where it could not be kept."""
        return Deferred.fromCoroutine(self._keep(transfer, spooled, verdicts, rule))

    async def _keep(
        self, transfer: Transfer, spooled: Spooled, verdicts: Sequence[Mapping[str, Any]], rule: str
    ) -> str:
        names = ("direction", "protocol", "path", "real", "operator", "target", "account", "session")
        seen: Row = {name: shown(getattr(transfer, name)) for name in names}
        seen |= {"time": _utc(self.wall()), "rule": rule, "verdicts": list(verdicts)}
        try:
            await self._alone(self._put, spooled, seen)
        except (OSError, NoRoom) as fault:
            why = fault.strerror or str(fault) if isinstance(fault, OSError) else str(fault)
            self._failing = (self._failing or (self.wall(), ""))[0], why
            body = {"sha256": spooled.sha256, "bytes": spooled.size, "session": transfer.session, "reason": why}
            tell(self.facts, Fact("quarantine.failed", body))
            return ""
        self._failing = None
        return spooled.sha256

    def items(self) -> Deferred[Sequence[Mapping[str, Any]]]:
        """Return a row a file, newest first."""
        return Deferred.fromCoroutine(self._items())

    async def _items(self) -> Sequence[Mapping[str, Any]]:
        rows: Sequence[Mapping[str, Any]] = await self._alone(self._rows)
        return rows

    def show(self, prefix: str) -> Deferred[Mapping[str, Any]]:
        """Return all of one file but its content."""
        return Deferred.fromCoroutine(self._show(prefix))

    async def _show(self, prefix: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = await self._alone(lambda: self._details(self._named(prefix)))
        return found

    def release(self, prefix: str, to: str, *, by: str, reason: str, door: str) -> Deferred[Mapping[str, Any]]:
        """Write a file's content to a new file on the node, or return it with the row as ``content``."""
        return Deferred.fromCoroutine(self._release(prefix, to, {"by": by, "reason": reason, "door": door}))

    async def _release(self, prefix: str, to: str, who: Mapping[str, str]) -> Mapping[str, Any]:
        row = dict(await self._show(prefix))
        if not to and row["size"] > LARGEST_ANSWER:
            raise ValueError(f"it has {row['size']} bytes; have it written to a file on the node with --to FILE")
        content = await self.in_thread(self._read, row["id"], to)
        await self.facts.tell(Fact("quarantine.released", {**_told(row), **who, "to": to}))
        if to:
            await self.in_thread(self._write, row["id"], to)
        return row if to else {**row, "content": content}

    def remove(self, prefix: str, *, by: str, reason: str, door: str) -> Deferred[Mapping[str, Any]]:
        """Remove a file for good."""
        return Deferred.fromCoroutine(self._remove(prefix, {"by": by, "reason": reason, "door": door}))

    async def _remove(self, prefix: str, who: Mapping[str, str]) -> Mapping[str, Any]:
        row = await self._show(prefix)
        await self.facts.tell(Fact("quarantine.removed", {**_told(row), **who}))
        await self._alone(self._unlink, row["id"])
        return row

    async def expire(self) -> None:
        """Remove what is older than its time."""
        for row in await self._alone(self._expired):
            tell(self.facts, Fact("quarantine.expired", _told(row)))

    def faults(self) -> list[dict[str, object]]:
        """Return the fault states, named, since when."""
        if self._failing is None:
            return []
        since, why = self._failing
        return [{"name": "quarantine_failed", "since": since, "detail": why}]

    # In a thread, one at a time.

    async def _alone(self, work: Callable[..., Any], *arguments: Any) -> Any:
        await self._one.acquire()
        try:
            return await self.in_thread(work, *arguments)
        finally:
            self._one.release()

    def _put(self, spooled: Spooled, seen: Row) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        place = self.folder / spooled.sha256
        old = self._sidecar(place) if place.exists() else None
        if old is None:
            self._refuse_full(seen["operator"], spooled.size)
            _linked(spooled.path, place)
            old = {"sha256": spooled.sha256, "size": spooled.size, "kept": self.wall(), "times": 0, "seen": []}
        old |= {"times": old["times"] + 1, "seen": [*old["seen"], seen][-MOST_SEEN:]}
        beside = self.folder / f"{spooled.sha256}.new"
        beside.write_text(json.dumps(old))
        beside.chmod(0o600)
        beside.replace(place.with_suffix(".json"))

    def _refuse_full(self, operator: str, size: int) -> None:
        rows = self._rows()
        if size + sum(row["size"] for row in rows) > self.most:
            raise NoRoom("the quarantine is full: remove files with `quarantine rm`, or raise [quarantine] max")
        if size + sum(row["size"] for row in rows if row["operator"] == operator) > self.most // SHARE:
            raise NoRoom(f"files of {operator} fill his share of the quarantine")

    def _rows(self) -> list[Row]:
        found = [self._row(path.stem) for path in self.folder.glob("*.json")] if self.folder.is_dir() else []
        return sorted((row for row in found if row is not None), key=lambda row: str(row["kept"]), reverse=True)

    def _row(self, name: str) -> Row | None:
        sidecar = self._sidecar(self.folder / name)
        if sidecar is None or not (self.folder / name).exists():
            return None
        last = sidecar["seen"][-1]
        return {
            "id": name, "sha256": name, "size": sidecar["size"], "kept": _utc(sidecar["kept"]),
            "until": _utc(sidecar["kept"] + self.age), "operator": last["operator"], "target": last["target"],
            "path": last["path"], "rule": last["rule"], "seen": sidecar["times"],
        }  # fmt: skip

    def _sidecar(self, place: Path) -> Row | None:
        try:
            found: Row = json.loads(place.with_suffix(".json").read_text())
        except (OSError, ValueError):
            log.warn("the sidecar of {name} in quarantine can not be read", name=place.name)
            return None
        return found

    def _details(self, name: str) -> Row:
        row, sidecar = self._row(name), self._sidecar(self.folder / name)
        if row is None or sidecar is None:
            raise KeyError(name)
        return {**row, "occurrences": sidecar["seen"]}

    def _named(self, prefix: str) -> str:
        wanted = prefix.lower().removeprefix("sha256:")
        found = [row["id"] for row in self._rows() if wanted and row["id"].startswith(wanted)]
        if len(found) > 1:
            raise ValueError(f"{prefix} is the beginning of {len(found)} files; write more of it")
        if not found:
            raise KeyError(prefix)
        return str(found[0])

    def _read(self, name: str, to: str) -> bytes:
        """Check that a file is still what it was; return its content where it is not to be written."""
        digest, content = hashlib.sha256(), b""
        with open(self.folder / name, "rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                content += b"" if to else chunk
        if digest.hexdigest() != name:
            raise ValueError(f"{name} is not what was kept: its content has changed")
        return content

    def _write(self, name: str, to: str) -> None:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(self.folder / name, "rb") as file, os.fdopen(descriptor, "wb") as written:
            shutil.copyfileobj(file, written, CHUNK)

    def _unlink(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)
        (self.folder / f"{name}.json").unlink(missing_ok=True)

    def _expired(self) -> list[Row]:
        now = _utc(self.wall())
        over = [row for row in self._rows() if row["until"] <= now]
        for row in over:
            self._unlink(row["id"])
        return over


def _linked(path: str, place: Path) -> None:
    """Have a file under a second name; copied where it lies on another file system."""
    try:
        os.link(path, place)
    except FileExistsError:
        return
    except OSError:
        shutil.copyfile(path, place)
    place.chmod(0o600)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"sha256": row["sha256"], "bytes": row["size"], "kept": row["kept"], "rule": row["rule"]}


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
