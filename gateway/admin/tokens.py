"""Bearer tokens for the API.

The rule: a token is shown once, when it is made; kept is its SHA-256, which is enough for 256 random bits, compared in
constant time. It carries no more than its owner may at the moment it is used, less where it was given fewer roles, from
its networks, until its end. Whoever is locked, switched off or has lost the role, so have his tokens.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from zope.interface import implementer

from gateway.admin.refusal import Refusal, missing, usage
from gateway.domain.facts import Entry, Fact
from gateway.domain.grant import within
from gateway.domain.session import crockford
from gateway.interfaces import IFacts, IFold

FORM = re.compile(r"ost_([0-9A-Z]{8})_([A-Za-z0-9_-]{43})")
NOBODY = hashlib.sha256(b"nobody").digest()
MOST_OF_ONE = 100
"""Tokens a user may have."""


@attrs.frozen
class Token:
    """One token; ``ends`` in seconds since the epoch, None for never; ``origin`` are networks, none for anywhere."""

    id: str
    user: str
    name: str
    roles: frozenset[str]
    origin: tuple[str, ...]
    made: float
    ends: float | None
    tag: bytes = attrs.field(repr=False)

    def row(self) -> Mapping[str, Any]:
        """Return what may be shown of it."""
        return {
            "id": self.id, "user": self.user, "name": self.name, "roles": sorted(self.roles),
            "origin": list(self.origin), "made": self.made, "ends": self.ends,
        }  # fmt: skip


@implementer(IFold)
@attrs.define(eq=False, repr=False)
class Tokens:
    """Know all tokens; attach it to the journal."""

    facts: IFacts
    wall: Callable[[], float]
    _known: dict[str, Token] = attrs.field(init=False, factory=dict)

    def apply(self, entry: Entry) -> None:
        """Take one fact into account."""
        body = entry.body
        if body is None:
            return
        if entry.kind == "token.added":
            self._known[body["token"]] = Token(
                body["token"], body["user"], body["name"], frozenset(body["role"]), tuple(body["origin"]), entry.time,
                body["ends"], bytes.fromhex(body["tag"]),
            )  # fmt: skip
        elif entry.kind == "token.removed":
            self._known.pop(body["token"], None)

    async def add(
        self, user: str, name: str, roles: Sequence[str], origin: Sequence[str], ttl: float | None,
        told: Mapping[str, Any],
    ) -> tuple[Token, str]:  # fmt: skip
        """Make a token; return it and its text, which is never to be had again. ``told`` says by whom and why."""
        if len(self.of(user)) >= MOST_OF_ONE:
            raise usage(f"{user} has {MOST_OF_ONE} tokens already; remove some: token rm ID")
        identity, secret = crockford(secrets.randbits(40), 8), secrets.token_urlsafe(32)
        ends = None if ttl is None else self.wall() + ttl
        body = {
            "token": identity, "user": user, "name": name, "role": sorted(roles), "origin": list(origin), "ends": ends,
            "tag": hashlib.sha256(secret.encode()).hexdigest(), **told,
        }  # fmt: skip
        await self.facts.tell(Fact("token.added", body))
        return self._known[identity], f"ost_{identity}_{secret}"

    async def remove(self, identity: str, told: Mapping[str, Any]) -> None:
        """Take a token back. Raises :exc:`gateway.admin.refusal.Refusal`."""
        token = self._known.get(identity)
        if token is None:
            raise missing(f"there is no token {identity!r}: see `token list`")
        body = {"token": identity, "user": token.user, "name": token.name, **told}
        await self.facts.tell(Fact("token.removed", body))

    def of(self, user: str = "") -> tuple[Token, ...]:
        """Return the tokens of a user, or all, that have not ended."""
        return tuple(
            token
            for token in self._known.values()
            if user in ("", token.user) and (token.ends is None or self.wall() < token.ends)
        )

    def known(self, text: str, source: str | None = None) -> Token | None:
        """Return the token a text is, None where it is none, has ended, or comes from elsewhere."""
        found = FORM.fullmatch(text)
        token = self._known.get(found[1]) if found is not None else None
        offered = hashlib.sha256((found[2] if found is not None else text[:256]).encode()).digest()
        fits = hmac.compare_digest(offered, token.tag if token is not None else NOBODY)
        if token is None or not fits or (token.ends is not None and self.wall() >= token.ends):
            return None
        if source is not None and token.origin and not within(source, token.origin):
            return None
        return token


def bearer(authorization: str) -> str:
    """Return the token's text of an ``Authorization`` header; empty where it is of another kind."""
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def own_roles(asked: Sequence[str], held: frozenset[str]) -> tuple[str, ...]:
    """Return the roles a token gets: those asked for, or all of the owner's that verbs know.

    Raises :exc:`gateway.admin.refusal.Refusal`.
    """
    useful = held & {"admin", "auditor", "approver", "operator"}
    wrong = sorted(set(asked) - useful)
    if wrong:
        raise Refusal(77, "denied", f"a token has no more than its owner: {', '.join(wrong)} is not among his roles")
    return tuple(sorted(asked or useful))
