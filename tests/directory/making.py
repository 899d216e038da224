"""Directories for tests: a memory journal, a directory on it, and short ways to change it."""

from __future__ import annotations

import base64
import struct
from typing import Any

import attrs

from gateway.directory.directory import Directory
from gateway.directory.plan import Present, plan_texts
from gateway.domain.difference import Plan
from gateway.domain.snapshot import Snapshot
from gateway.interfaces import DirectoryError
from gateway.journal.memory import MemoryJournal

SMALL = """
[[user]]
name = "alice"
roles = ["operator"]
groups = ["ops"]
[[user]]
name = "bob"
roles = ["admin"]
[[target]]
name = "web1"
address = "10.0.0.1"
labels = { env = "prod" }
[[credential]]
name = "web-root"
target = "web*"
account = "root"
[[grant]]
name = "ops-web"
groups = ["ops"]
targets = ["web*"]
accounts = ["root"]
rights = ["shell", "exec"]
"""


def key_line(seed: int = 1, comment: str = "") -> str:
    """Return a well-formed ed25519 key line."""
    blob = b"".join(struct.pack(">I", len(part)) + part for part in (b"ssh-ed25519", bytes([seed]) * 32))
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {comment}".strip()


def planned(text: str, before: Snapshot | None = None, *, prune: bool = False, off: tuple[str, ...] = ()) -> Plan:
    """Plan one text over a snapshot."""
    return plan_texts(Present(before or Snapshot(), frozenset(off)), {"a.toml": text}, prune=prune)


def snapshot_of(text: str) -> Snapshot:
    """Return the directory that a text makes of an empty one."""
    return planned(text).after


def problems(text: str, before: Snapshot | None = None, *, prune: bool = False) -> list[str]:
    """Return why a text is refused; none where it is not."""
    try:
        planned(text, before, prune=prune)
    except DirectoryError as refused:
        return [str(problem) for problem in refused.problems]
    return []


@attrs.define
class Made:
    """A directory on a memory journal."""

    journal: MemoryJournal = attrs.field(factory=MemoryJournal)
    directory: Directory = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.directory = Directory(self.journal)
        self.journal.attach(self.directory)

    def apply(self, text: str, *, prune: bool = False) -> int:
        """Plan and commit a text; return the number of changes."""
        plan = self.directory.plan(text, prune=prune)
        count: int = result_of(self.directory.commit(plan, by="bob", reason="why"))
        return count

    def again(self) -> Directory:
        """Return another directory, folded from the same journal."""
        replayed = Directory(self.journal)
        self.journal.attach(replayed)
        return replayed

    def bodies(self, kind: str) -> list[Any]:
        """Return the bodies of all facts of a kind."""
        return [entry.body for entry in self.journal.entries(kinds=[kind])]


def result_of(deferred: Any) -> Any:
    """Return what a Deferred has fired with, or raise what it failed with."""
    got: list[Any] = []
    failed: list[Any] = []
    deferred.addCallbacks(got.append, failed.append)
    if failed:
        failed[0].raiseException()
    if not got:
        raise AssertionError("the Deferred has not fired")
    return got[0]
