"""How fast somebody may ask, and how often he may be wrong.

The rule: what was wrong is counted by address and fades; who was wrong too often is refused before anything is weighed.
What is right costs nothing but a place in the stream of requests. IPv6 counts by its /64.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from gateway.admin.refusal import Exit, Refusal
from gateway.wire.admission import locate
from gateway.wire.fading import Fading

FAILURES, FORGIVEN = 10.0, 0.1
"""How often an address may be wrong at once, and how much of it is forgiven a second."""
BURST, PACE = 300.0, 50.0
"""Requests of one token or visit at once, and a second."""
CHECKS = 4
"""Passwords that are weighed at the same time; each takes a thread for tens of milliseconds."""


@attrs.define(eq=False, repr=False)
class Brake:
    """Count by address and by asker; ``now`` is monotonic seconds."""

    now: Callable[[], float]
    _failures: Fading = attrs.field(init=False)
    _asked: Fading = attrs.field(init=False)
    _checking: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._failures = Fading(self.now, FAILURES + 1, FORGIVEN)
        self._asked = Fading(self.now, BURST + 1, PACE)

    def may_try(self, source: str) -> None:
        """Let an address try to prove something. Raises :exc:`Refusal`."""
        if self._failures.level(locate(source).blamed) >= FAILURES:
            words = "too many failed logins from your address: wait a minute, then try again"
            raise Refusal(Exit.LATER, "too_many", words)

    def failed(self, source: str) -> None:
        """Take note that an address was wrong."""
        self._failures.add(locate(source).blamed, 1.0)

    def ask(self, who: str) -> None:
        """Let somebody ask once more. Raises :exc:`Refusal`."""
        if self._asked.level(who) >= BURST:
            raise Refusal(Exit.LATER, "too_many", f"too many requests: no more than {PACE:.0f} a second")
        self._asked.add(who, 1.0)

    def begin_check(self) -> None:
        """Take a place among the passwords that are weighed. Raises :exc:`Refusal`."""
        if self._checking >= CHECKS:
            raise Refusal(Exit.LATER, "too_many", "too many logins at this moment: try again in a second")
        self._checking += 1

    def end_check(self) -> None:
        """Give the place back."""
        self._checking -= 1
