"""Limits on the size of a file, and on how many files and bytes a session may transfer.

The rule: what is over a limit is denied before its first byte where the size is known, and again when all of it is
there. Only files that were evaluated to the end count.

Known limits: counts are of one session and of this node; a file that another inspector denies counts too. Of more
than 10,000 sessions at once the oldest counts are forgotten.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import attrs
from zope.interface import implementer

from gateway.domain.evaluation import Decision, Spooled, Transfer, Verdict
from gateway.inspectors import settings
from gateway.inspectors.settings import Schema
from gateway.inspectors.whole import Whole
from gateway.interfaces import IFileInspector, IFileInspectorFactory, InspectorError

MINUTE = 60.0
MOST_SESSIONS = 10_000
PASSED = Verdict(Decision.ALLOW)


@implementer(IFileInspectorFactory)
@attrs.frozen(eq=False)
class SizeFactory:
    """Make inspectors of sizes; ``clock`` gives monotonic seconds."""

    clock: Callable[[], float]
    name: ClassVar[str] = "size"
    schema: ClassVar[Schema] = {
        "max": settings.size,  # the largest file
        "count": settings.number,  # files that a session may transfer
        "rate": settings.size,  # bytes that a session may transfer within a minute
    }

    def configure(self, section: Mapping[str, Any]) -> Size:
        """Read the limits; at least one must be there."""
        if not section:
            raise InspectorError("needs max, count or rate")
        return Size(
            section.get("max", 0), section.get("count", 0), section.get("rate", 0), self.clock
        )


@attrs.define
class Tally:
    """What one session has transferred."""

    count: int = 0
    recent: deque[tuple[float, int]] = attrs.field(factory=deque)


@implementer(IFileInspector)
@attrs.frozen(eq=False)
class Size:
    """Limit sizes in bytes; 0 means no limit."""

    most: int
    count: int
    rate: int
    clock: Callable[[], float]
    _tallies: OrderedDict[str, Tally] = attrs.field(factory=OrderedDict, init=False)

    def wants(self, transfer: Transfer) -> bool:
        """Weigh every file."""
        return True

    def begin(self, transfer: Transfer) -> Whole | Verdict:
        """Deny by what is known already."""
        early = self._judged(transfer.session, transfer.size or 0)
        return Whole(lambda spooled: self._finished(transfer, spooled)) if early is PASSED else early

    def _finished(self, transfer: Transfer, spooled: Spooled) -> Verdict:
        verdict = self._judged(transfer.session, spooled.size)
        if verdict is PASSED:
            tally = self._tallies.setdefault(transfer.session, Tally())
            tally.count += 1
            tally.recent.append((self.clock(), spooled.size))
            self._tallies.move_to_end(transfer.session)
            while len(self._tallies) > MOST_SESSIONS:
                self._tallies.popitem(last=False)
        return verdict

    def _judged(self, session: str, size: int) -> Verdict:
        if self.most and size > self.most:
            return _denied("too_large", f"{size} bytes are more than the {self.most} that are allowed")
        tally = self._tallies.get(session, Tally())
        if self.count and tally.count >= self.count:
            return _denied("too_many", f"this session has transferred the {self.count} files it may")
        now = self.clock()
        while tally.recent and tally.recent[0][0] <= now - MINUTE:
            tally.recent.popleft()
        if self.rate and sum(each for _, each in tally.recent) + size > self.rate:
            return _denied("too_fast", f"more than {self.rate} bytes within a minute; try again later")
        return PASSED


def _denied(code: str, reason: str) -> Verdict:
    return Verdict(Decision.DENY, code, reason)
