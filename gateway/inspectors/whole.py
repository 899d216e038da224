"""An inspection that asks one question of the whole file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from gateway.domain.evaluation import Spooled, Verdict
from gateway.interfaces import IInspection


@implementer(IInspection)
@attrs.frozen(eq=False)
class Whole:
    """Answer with a function of the spooled file."""

    asked: Callable[[Spooled], Verdict | Deferred[Verdict]]
    streams: bool = False
    """Bytes are not wanted one after the other."""

    def data(self, offset: int, chunk: bytes) -> None:
        """Let bytes pass."""

    def finish(self, spooled: Spooled) -> Any:
        """Ask."""
        return self.asked(spooled)

    def abort(self, reason: str) -> None:
        """Forget nothing: nothing is kept."""
