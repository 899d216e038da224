"""Make two connections wait for each other, so that nothing piles up between them.

The rule: while one of the two takes nothing more, the other is not read; but who changes keys is always read, because
the end of that is what both wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import attrs


class Coupled(Protocol):
    """What of a connection decides whether another one is read; see :class:`gateway.wire.carrier.Carrier`."""

    on_change: Callable[[], None] | None
    holds: set[str]
    """Why nothing is read now."""

    @property
    def writable(self) -> bool:
        """Say whether what is sent now leaves now."""

    @property
    def exchanging(self) -> bool:
        """Say whether keys are being changed, for which the peer has to be read."""

    @property
    def ended(self) -> bool:
        """Say whether nothing is sent or heard any more."""

    def unsent(self) -> int:
        """Return how many bytes the network has not taken yet."""

    def pause_reading(self, why: str) -> None:
        """Read nothing from the network until every *why* was released."""

    def resume_reading(self, why: str) -> None:
        """Release one reason for not reading."""


_PRESSED: Final = "the other connection takes nothing more"


@attrs.frozen(eq=False)
class _Coupling:
    one: Coupled
    other: Coupled

    def weigh(self) -> None:
        """Read or do not read each, as the other is now."""
        _follow(self.one, self.other)
        _follow(self.other, self.one)


def _follow(source: Coupled, sink: Coupled) -> None:
    if sink.writable or source.exchanging or sink.ended:
        source.resume_reading(_PRESSED)
    else:
        source.pause_reading(_PRESSED)


def couple(one: Coupled, other: Coupled) -> None:
    """Have each wait for the other from now on."""
    coupling = _Coupling(one, other)
    one.on_change = other.on_change = coupling.weigh
    coupling.weigh()
