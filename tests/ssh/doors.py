"""An authority that lets everybody in with any password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from gateway.wire.authority import IAttempt, IAuthority, Outcome


@implementer(IAuthority, IAttempt)
class OpenAuthority:
    """Be authority and attempt at once."""

    def __init__(self, open_door: Callable[[], Any]) -> None:
        self.finish = open_door

    def banner(self) -> bytes:
        return b""

    def begin(self, username: bytes, source: str) -> OpenAuthority:
        return self

    def methods(self) -> tuple[bytes, ...]:
        return (b"password",)

    def password(self, secret: Any) -> Deferred[Outcome]:
        return succeed(Outcome.ACCEPTED)

    def key_acceptable(self, key: Any) -> Deferred[bool]:
        return succeed(False)

    def key_verified(self, key: Any) -> Deferred[Outcome]:
        return succeed(Outcome.REFUSED)
