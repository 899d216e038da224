"""Weigh one login request by its method (RFC 4252 §5–§8, RFC 4256).

The rule: the literal ``match`` over methods ends with *refuse*; what the wire itself can see to be wrong
never reaches the authority; a key reaches it as proven only after its signature over this very request was
verified.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeVar

import attrs
from twisted.internet.defer import Deferred

from gateway.wire import userauth_messages as messages
from gateway.wire.authority import IAttempt, Outcome, Prompts, Refused, ShownKey
from gateway.wire.certificates import PLAIN, parse_certificate
from gateway.wire.keyblobs import BadKey, parse_blob

Answer = Outcome | Prompts | messages.KeyRequest
"""What weighing a message may come to; a KeyRequest is one that may now be signed."""

_T = TypeVar("_T")


class Ask(Protocol):
    """Await an answer of the authority; give up when the connection has ended."""

    def __call__(self, answer: Deferred[_T]) -> Awaitable[_T]:
        """Return what *answer* comes to."""


@attrs.frozen
class Weighing:
    """Put the requests of one connection to its one attempt; raise :exc:`Refused` or ``MalformedField``."""

    attempt: IAttempt
    session_id: bytes
    ask: Ask

    async def request(self, asked: messages.Request) -> Answer:
        """Weigh one USERAUTH_REQUEST."""
        if asked.method not in self.attempt.methods() and asked.method != b"none":
            raise Refused("method not offered")
        match asked.method:
            case b"none":
                return self._none(asked)
            case b"publickey":
                return await self._key(asked)
            case b"password":
                return await self._password(asked)
            case b"keyboard-interactive":
                messages.read_interactive_request(asked.body)
                return await self.ask(self.attempt.interactive())
            case _:
                raise Refused("method unknown")

    async def answers(self, payload: bytes, prompts: int) -> Outcome | Prompts:
        """Weigh one USERAUTH_INFO_RESPONSE to a round of *prompts* prompts."""
        answers = messages.read_answers(payload)
        if answers is None:
            raise Refused("answer too long")
        if len(answers) != prompts:
            raise Refused("number of answers is not the number of prompts")
        return await self.ask(self.attempt.answers(answers))

    def _none(self, asked: messages.Request) -> Outcome:
        """Accept ``none`` only where the authority lists it: an inner login on a connection already known."""
        messages.read_nothing(asked.body)
        if b"none" in self.attempt.methods():
            return Outcome.ACCEPTED
        raise Refused("no proof given")

    async def _key(self, asked: messages.Request) -> Outcome | messages.KeyRequest:
        body = messages.read_key_request(asked.body)
        try:
            key: ShownKey = (parse_certificate if body.algorithm in PLAIN else parse_blob)(body.blob)
        except BadKey as bad:
            raise Refused(str(bad)) from None
        if body.algorithm not in key.algorithms:
            raise Refused("signature algorithm not permitted for this key", key.fingerprint)
        if body.signature is not None:
            return await self._signature(asked, key, body.algorithm, body.signature)
        if await self.ask(self.attempt.key_acceptable(key)) is True:
            return body
        raise Refused("key not accepted", key.fingerprint)

    async def _signature(self, asked: messages.Request, key: ShownKey, algorithm: bytes, signature: bytes) -> Outcome:
        message = messages.signed_message(self.session_id, asked, algorithm, key.blob)
        if not key.verify(algorithm, signature, message):
            raise Refused("signature does not verify", key.fingerprint)
        outcome = await self.ask(self.attempt.key_verified(key))
        if outcome is Outcome.REFUSED:
            raise Refused("key not accepted", key.fingerprint)
        return outcome

    async def _password(self, asked: messages.Request) -> Outcome:
        body = messages.read_password_request(asked.body)
        if body.change:
            raise Refused("passwords are not changed over SSH")
        if body.too_long:
            raise Refused("password too long")
        return await self.ask(self.attempt.password(body.secret))
