"""Hash a stream in a thread.

The rule: the reactor only hands bytes over, in order; how much waits is bounded by whoever looks at :attr:`Digest.lags`
and makes the source pause.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import attrs

BATCH: Final = 256 * 1024
"""Bytes handed over at once."""
MOST_WAITING: Final = 1024 * 1024
"""Bytes that may wait; hashing them takes less than a millisecond."""

# One thread for all: so batches stay in order, and a hash never takes more than one core.
_THREAD: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="digest")


@attrs.define(eq=False)
class Digest:
    """SHA-256 of what is taken."""

    _hash: Any = attrs.field(init=False, factory=hashlib.sha256)
    _batch: list[bytes] = attrs.field(init=False, factory=list)
    _size: int = attrs.field(init=False, default=0)
    _handed: deque[tuple[int, Future[None]]] = attrs.field(init=False, factory=deque)

    def take(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._batch.append(chunk)
        self._size += len(chunk)
        if self._size >= BATCH:
            self._handed.append((self._size, _THREAD.submit(_update, self._hash, self._batch)))
            self._batch, self._size = [], 0

    @property
    def lags(self) -> bool:
        """Say whether more waits than should."""
        while self._handed and self._handed[0][1].done():
            self._handed.popleft()[1].result()
        return sum(size for size, _ in self._handed) > MOST_WAITING

    def finish(self) -> str:
        """Wait for what was handed over and return the digest in hex."""
        while self._handed:
            self._handed.popleft()[1].result()
        _update(self._hash, self._batch)
        self._batch, self._size = [], 0
        return str(self._hash.hexdigest())


def _update(whole: Any, batch: Sequence[bytes]) -> None:
    for chunk in batch:
        whole.update(chunk)
