"""A fact as it is told, and as the journal keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from gateway.domain.facts.catalogue import KINDS, Kind

Told = Mapping[str, Any]
"""A body: JSON values only, flat where it can be. Times are RFC 3339 UTC, ids are text."""


def _known(instance: object, attribute: object, kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not a kind of fact; add it to the catalogue")


@attrs.frozen
class Fact:
    """Tell one fact; raise ValueError for a kind outside the catalogue.

    ``severity`` overrides the kind's own where the circumstances make it graver.
    """

    kind: str = attrs.field(validator=_known)
    body: Told = attrs.field(factory=dict)
    severity: int | None = None

    @property
    def described(self) -> Kind:
        """The catalogue's row."""
        return KINDS[self.kind]


@attrs.frozen
class Entry:
    """A fact as one row of a journal: ``time`` in seconds since the epoch, ``seq`` counted from 1 an origin."""

    origin: str
    seq: int
    kind: str
    time: float
    severity: int
    body: Told | None
    """None where the body has been pruned or has not left its home."""

    @property
    def id(self) -> str:
        """The fact's name in the whole cluster: ``origin/seq``."""
        return f"{self.origin}/{self.seq}"
