# The methods of a zope interface have no self.
# ruff: noqa: N805
"""What the login queue asks of those who know users, keys and secrets.

The rule: the wire knows the protocol and nothing about who may log in. Everything it asks is here, and every
answer is a value of this module.
"""

from __future__ import annotations

import enum
from typing import Final, Protocol

import attrs
from twisted.internet.defer import Deferred
from zope.interface import Interface

from gateway.domain.secret import Secret
from gateway.wire.certificates import Certificate
from gateway.wire.keyblobs import PublicKey

MOST_PROMPTS: Final = 10
"""Prompts in one round of keyboard-interactive."""


ShownKey = PublicKey | Certificate
"""What a client signs with: a key, or a certificate of which nothing is known yet but what it says."""


class Refused(Exception):
    """This request fails; the text is for the facts and never sent, as is the key's *fingerprint*."""

    def __init__(self, reason: str, fingerprint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.fingerprint = fingerprint


class Outcome(enum.Enum):
    """What one attempt came to."""

    ACCEPTED = "accepted"
    PARTIAL = "partial"
    REFUSED = "refused"


def _few_prompts(_: object, attribute: object, prompts: tuple[tuple[str, bool], ...]) -> None:
    if len(prompts) > MOST_PROMPTS:
        raise ValueError(f"{len(prompts)} prompts in one round; {MOST_PROMPTS} are the most a client is asked")


@attrs.frozen
class Prompts:
    """One round of questions; a prompt is its text and whether the answer may be seen while typed."""

    name: str
    instruction: str
    prompts: tuple[tuple[str, bool], ...] = attrs.field(validator=_few_prompts)


class IService(Protocol):
    """A service as a Conch-shaped transport runs it."""

    name: bytes

    def serviceStarted(self) -> None:
        """Begin: packets may come and go from now on."""

    def serviceStopped(self) -> None:
        """End: the connection is gone or another service takes its place."""

    def packetReceived(self, number: int, payload: bytes) -> None:
        """Take one message, its number apart from its payload."""


class IAuthTransport(Protocol):
    """What a login service needs of its transport."""

    sessionID: bytes
    peer_sig_algs: tuple[bytes, ...]

    def sendPacket(self, number: int, payload: bytes) -> None:
        """Send one message."""

    def sendDisconnect(self, code: int, text: bytes) -> None:
        """Say why (RFC 4253 §11.1) and close the connection."""

    def setService(self, service: IService) -> None:
        """Stop the present service and start *service*."""


class IAttempt(Interface):
    """The login of one user on one connection, over all its steps.

    It is asked one thing at a time; the next question comes after the answer to the last.
    """

    def methods() -> tuple[bytes, ...]:
        """Return the methods that may continue now, e.g. ``(b"publickey", b"password")``."""

    def key_acceptable(key: ShownKey) -> Deferred[bool]:
        """Say whether this user may log in with *key*, which is only offered and proves nothing.

        May fail with :exc:`Refused`, which says why. The authority of a certificate is for the attempt to judge.
        """

    def key_verified(key: ShownKey) -> Deferred[Outcome]:
        """Weigh *key*, with which the client has just signed this very login; may fail with :exc:`Refused`."""

    def password(secret: Secret) -> Deferred[Outcome]:
        """Weigh a password; take as long for an unknown user as for a known one."""

    def interactive() -> Deferred[Prompts | Outcome]:
        """Begin keyboard-interactive anew; an earlier exchange that was not finished is void."""

    def answers(answers: tuple[Secret, ...]) -> Deferred[Prompts | Outcome]:
        """Weigh the answers to the last prompts, one for each."""

    def finish() -> IService:
        """Return the ssh-connection service to install; called once, after ``Outcome.ACCEPTED``."""


class IAuthority(Interface):
    """Who decides about logins."""

    def banner() -> bytes:
        """Return the text shown before login as UTF-8, empty for none."""

    def begin(username: bytes, source: str) -> IAttempt:
        """Return the attempt of *username* from address *source*; once per connection, unknown users too."""
