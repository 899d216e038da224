"""Make two connections wait for each other, so that nothing piles up between them.

The rule: while one of the two takes nothing more, the other is not read; but who changes keys is always read, because
the end of that is what both wait for.
"""

from __future__ import annotations

from typing import Final

import attrs

from gateway.wire.carrier import Carrier

_PRESSED: Final = "the other connection takes nothing more"


@attrs.frozen(eq=False)
class _Coupling:
    one: Carrier
    other: Carrier

    def weigh(self) -> None:
        """Read or do not read each, as the other is now."""
        _follow(self.one, self.other)
        _follow(self.other, self.one)


def _follow(source: Carrier, sink: Carrier) -> None:
    if sink.writable or source.exchanging or sink.link.ended:
        source.resume_reading(_PRESSED)
    else:
        source.pause_reading(_PRESSED)


def couple(one: Carrier, other: Carrier) -> None:
    """Have each wait for the other from now on."""
    coupling = _Coupling(one, other)
    one.on_change = other.on_change = coupling.weigh
    coupling.weigh()
