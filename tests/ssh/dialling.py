"""A Dialler with a memory vault, and grants that are frozen for it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import attrs
from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from gateway.domain.entries import Credential, GrantRule, Target, User
from gateway.domain.facts import Fact
from gateway.domain.grant import Grant, Question, freeze
from gateway.domain.secret import Secret
from gateway.domain.snapshot import Snapshot
from gateway.interfaces import ICredentialVault, IFacts, IKeyPair
from gateway.ssh.target import Dialler
from gateway.wire.connection import Connection
from gateway.wire.hostkeys import HostKey, load_host_key


@implementer(IKeyPair)
@attrs.frozen
class KeyOnFile:
    """A key pair of a test's own."""

    key: HostKey
    owner: OneKeyVault

    def public_blob(self) -> bytes:
        """Return the public key."""
        return self.key.blob

    def algorithms(self) -> tuple[bytes, ...]:
        """Return what it signs with."""
        return self.key.algorithms

    def sign(self, algorithm: bytes, message: bytes) -> bytes:
        """Sign."""
        self.owner.signed += 1
        return self.key.sign(algorithm, message)


@implementer(ICredentialVault)
@attrs.define
class OneKeyVault:
    """Give the same key for every credential, and count how often it signed."""

    path: Path
    signed: int = 0

    def put(self, secret_id: str, secret: Secret, *, by: str, reason: str = "", kind: str = "") -> Deferred[None]:
        """Refuse: nothing is kept here."""
        raise NotImplementedError

    def drop(self, secret_id: str, *, by: str, reason: str = "") -> Deferred[None]:
        """Refuse: nothing is kept here."""
        raise NotImplementedError

    def has(self, secret_id: str) -> bool:
        """Say yes."""
        return True

    def password(self, credential: Credential) -> Deferred[Secret]:
        """Refuse: there is a key only."""
        raise NotImplementedError

    def elevation(self, credential: Credential) -> Deferred[Secret]:
        """Refuse: there is a key only."""
        raise NotImplementedError

    def key(self, credential: Credential, *, operator: str = "", session: str = "") -> Deferred[IKeyPair]:
        """Return the key."""
        return succeed(KeyOnFile(load_host_key(self.path), self))

    def ca_public_line(self) -> Deferred[str]:
        """Refuse: there is no authority."""
        raise NotImplementedError


@implementer(IFacts)
@attrs.define
class ToldFacts:
    """Remember what was told."""

    told: list[Fact] = attrs.field(factory=list)

    def tell(self, fact: Fact) -> Deferred[Any]:
        """Remember a fact."""
        self.told.append(fact)
        return succeed(None)

    def tell_all(self, facts: Any) -> Deferred[Any]:
        """Remember several."""
        self.told.extend(facts)
        return succeed(None)


class Silent:
    """Own a connection and do nothing with it."""

    def started(self, connection: Connection) -> None: ...

    def lost(self) -> None: ...

    def global_requested(self, name: str, payload: bytes) -> bool:
        return False


@attrs.frozen
class Way:
    """The way to one target, dialled as often as a test wants."""

    target: Target
    account: str
    vault: OneKeyVault
    facts: ToldFacts = attrs.field(factory=ToldFacts)

    def grant(self) -> Grant:
        """Freeze a grant for the target."""
        rule = GrantRule("ops", users=("alice",), targets=("*",), accounts=(self.account,), rights=("exec",))
        alice = User("alice", roles=("operator",))
        snapshot = Snapshot(
            user={"alice": alice}, target={self.target.name: self.target}, grant={"ops": rule},
            credential={"key": Credential("key", self.target.name, self.account)},
        )  # fmt: skip
        found = freeze(snapshot, Question(alice, self.target.name, self.account, "127.0.0.1", time.time()))
        assert isinstance(found, Grant), found
        return found

    async def dial(self, days: float = 0.0) -> Connection:
        """Go to the target, as if so many days had passed; raise what dialling fails with."""
        dialler = Dialler(reactor, self.vault, self.facts, lambda: time.time() + 86400 * days)
        connection = Connection(Silent())
        await dialler.dial(self.grant(), "S-0123456789ABC", succeed(None), connection)
        return connection
