"""Private keys that were read lately, so that a login waits for no thread.

The rule: a kept key is used only while what it was read from is the same: the version of the sealed object, or the
file as ``stat`` shows it (its owner and mode too, which were checked). A file that was written a moment ago is not
kept by: it may change again without showing it.
"""

from __future__ import annotations

import os
from collections.abc import Hashable
from typing import Final

import attrs

from gateway.vault.keypair import KeyPair

MOST_KEPT: Final = 1024
SETTLED_NS: Final = 2_000_000_000
"""Nanoseconds since its last change after which a file shows its next one."""


def file_mark(reference: str, now: float) -> Hashable:
    """Return what tells a file's states apart; None for what is no file or has changed lately, or can not be seen."""
    kind, _, path = reference.partition(":")
    if kind != "file":
        return None
    try:
        found = os.stat(path)
    except OSError:
        # Whoever reads it says what is wrong with it.
        return None
    if max(found.st_mtime_ns, found.st_ctime_ns) + SETTLED_NS > now * 1_000_000_000:
        return None
    return (
        reference, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_uid,
        found.st_mode,
    )  # fmt: skip


@attrs.define(eq=False)
class KeptKeys:
    """Hold keys by the credential's name, each with the mark of what it was read from."""

    _kept: dict[str, tuple[Hashable, KeyPair]] = attrs.field(factory=dict, repr=False)

    def find(self, name: str, mark: Hashable) -> KeyPair | None:
        """Return the key that was read from what has this mark."""
        kept = self._kept.get(name)
        if kept is None or mark is None:
            return None
        if kept[0] != mark:
            del self._kept[name]
            return None
        return kept[1]

    def keep(self, name: str, mark: Hashable, pair: KeyPair) -> None:
        """Keep a key, unless what it was read from has no mark."""
        if mark is None:
            return
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[name] = (mark, pair)
