"""The vault: sealed secrets folded from the journal, and what they are good for.

The rule: keys answer with signatures; only passwords leave, as :class:`Secret`. A secret is sealed on disk before
its putting is acknowledged; a value behind ``file:`` or ``env:`` is fetched anew at each use, unless a file's key was
read already and the file has not changed. Fetching, parsing and sealing run in threads.

Objects: ``credential/NAME``, ``elevation/NAME``, ``ca/user``, and what the node itself keeps (host keys).
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import attrs
from twisted.internet.defer import Deferred, DeferredLock, succeed
from zope.interface import implementer

from gateway.domain.entries import Credential
from gateway.domain.facts import Entry, Fact
from gateway.domain.secret import Secret
from gateway.interfaces.facts import IFacts, IFold
from gateway.interfaces.vault import ICredentialVault, IKeyPair, VaultError
from gateway.vault.certificate import ca_line, certify, fresh_ca
from gateway.vault.files import read_reference
from gateway.vault.kept import KeptKeys, file_mark
from gateway.vault.keypair import KeyPair, looks_like_key, read_private_key
from gateway.vault.seal import NodeKey, SealingKey

USER_CA = "ca/user"
LARGEST_SECRET = 64 * 1024

InThread = Callable[[Callable[[], Any]], Deferred[Any]]
"""Run a function off the reactor: ``functools.partial(deferToThreadPool, reactor, pool)``."""


def at_once(work: Callable[[], Any]) -> Deferred[Any]:
    """Run a function here and now: where no reactor runs."""
    return succeed(work())


@attrs.frozen
class Sealed:
    """One sealed object: its version, the epoch of its data key, and the box; an empty box was dropped."""

    version: int
    epoch: str
    box: bytes = attrs.field(repr=False)


@implementer(ICredentialVault, IFold)
@attrs.define(eq=False)
class Vault:
    """Keep secrets sealed; attach it to the journal before use. ``now`` gives seconds since the epoch."""

    _node_key: NodeKey
    _facts: IFacts
    _now: Callable[[], float]
    _in_thread: InThread = at_once
    _environment: Mapping[str, str] = attrs.field(factory=lambda: os.environ, repr=False)
    _objects: dict[str, Sealed] = attrs.field(factory=dict)
    _wraps: dict[str, dict[bytes, bytes]] = attrs.field(factory=dict, repr=False)
    _opened: dict[str, SealingKey] = attrs.field(factory=dict, repr=False)
    _kept: KeptKeys = attrs.field(factory=KeptKeys, repr=False)
    _epoch: str = ""
    _one_at_a_time: DeferredLock = attrs.field(factory=DeferredLock)

    def apply(self, entry: Entry) -> None:
        """Take one fact into account; a higher version goes before a lower."""
        body = entry.body
        if body is None or entry.kind != "secret.sealed":
            return
        if "wraps" in body:
            self._epoch = body["epoch"]
            wraps = {bytes.fromhex(to): base64.b64decode(box) for to, box in body["wraps"].items()}
            self._wraps.setdefault(body["epoch"], {}).update(wraps)
            return
        known = self._objects.get(body["secret"])
        if known is None or body["version"] > known.version:
            self._objects[body["secret"]] = Sealed(
                body["version"], body["epoch"], base64.b64decode(body["box"])
            )

    def put(self, secret_id: str, secret: Secret, *, by: str, reason: str = "", kind: str = "") -> Deferred[None]:
        """Seal a secret that a person gave."""

        async def put() -> None:
            await self._in_thread(lambda: _check(secret_id, secret, kind))
            await self._seal(secret_id, secret, by, reason)

        return Deferred.fromCoroutine(self._alone(put))

    def seal(self, object_id: str, secret: Secret, *, by: str = "node", reason: str = "") -> Deferred[None]:
        """Seal anything the node keeps."""
        return Deferred.fromCoroutine(self._alone(lambda: self._seal(object_id, secret, by, reason)))

    def drop(self, secret_id: str, *, by: str, reason: str = "") -> Deferred[None]:
        """Forget a secret; nothing happens where there is none."""

        async def drop() -> None:
            if self.has(secret_id):
                known = self._objects[secret_id]
                await self._tell(secret_id, Sealed(known.version + 1, known.epoch, b""), by, reason)

        return Deferred.fromCoroutine(self._alone(drop))

    def has(self, secret_id: str) -> bool:
        """Say whether a secret is sealed under that id."""
        return secret_id in self._objects and bool(self._objects[secret_id].box)

    def open(self, object_id: str) -> Secret:
        """Open a sealed object (well under a millisecond); raise :exc:`VaultError` in words."""
        if not self.has(object_id):
            raise VaultError(f"no secret has been put for {object_id}")
        sealed = self._objects[object_id]
        return self._sealing_key(sealed.epoch).open(object_id, sealed.version, sealed.box)

    def password(self, credential: Credential) -> Deferred[Secret]:
        """Open a credential's password; one line end after it is not part of it."""

        async def password() -> Secret:
            if credential.kind != "password":
                raise VaultError(f"credential {credential.name} is of kind {credential.kind}, not password")
            found: Secret = await self._in_thread(lambda: _line(self._fetched(credential)))
            return found

        return Deferred.fromCoroutine(password())

    def elevation(self, credential: Credential) -> Deferred[Secret]:
        """Open what answers a prompt for elevation; one line end after it is not part of it."""

        async def elevation() -> Secret:
            found: Secret = await self._in_thread(lambda: _line(self._fetched_elevation(credential)))
            return found

        return Deferred.fromCoroutine(elevation())

    def key(self, credential: Credential, *, operator: str = "", session: str = "") -> Deferred[IKeyPair]:
        """Return the key, or a fresh certificate, of a credential."""

        async def key() -> IKeyPair:
            match credential.kind:
                case "key":
                    found = await self._key(credential)
                case "certificate":
                    ca = await self._ca()
                    key_id, serial = f"ostiary:{operator}:{session}", secrets.randbits(63)
                    account, now = credential.account, self._now()
                    found = await self._in_thread(lambda: certify(ca, account, key_id, serial, now))
                case kind:
                    raise VaultError(f"credential {credential.name} is of kind {kind}, not key or certificate")
            return found

        return Deferred.fromCoroutine(key())

    async def _key(self, credential: Credential) -> KeyPair:
        mark = self._mark(credential)
        kept = self._kept.find(credential.name, mark)
        if kept is not None:
            return kept
        what = f"credential {credential.name}"
        found: KeyPair = await self._in_thread(lambda: read_private_key(self._fetched(credential), what))
        if mark is not None and mark == self._mark(credential):
            self._kept.keep(credential.name, mark, found)
        return found

    def _mark(self, credential: Credential) -> Hashable:
        if credential.secret != "store":
            return file_mark(credential.secret, self._now())
        object_id = f"credential/{credential.name}"
        return (object_id, self._objects[object_id].version) if self.has(object_id) else None

    def ca_public_line(self) -> Deferred[str]:
        """Return the CA's public key; it is made on first use."""

        async def line() -> str:
            return ca_line(await self._ca())

        return Deferred.fromCoroutine(line())

    def recipients(self) -> tuple[bytes, ...]:
        """Return the public keys of all for whom the data key is wrapped."""
        return tuple(sorted(self._wraps.get(self._epoch, {})))

    def add_recipient(self, public: bytes, *, by: str, reason: str = "") -> Deferred[None]:
        """Wrap every data key for one more node (32 bytes of X25519)."""

        async def add() -> None:
            await self._ensure_key(by)
            for epoch in (*(each for each in self._wraps if each != self._epoch), self._epoch):
                await self._tell_wraps(epoch, {public: self._sealing_key(epoch).wrap(public)}, by, reason)

        return Deferred.fromCoroutine(self._alone(add))

    async def _alone(self, work: Callable[[], Any]) -> Any:
        await self._one_at_a_time.acquire()
        try:
            return await work()
        finally:
            self._one_at_a_time.release()

    async def _ca(self) -> Secret:
        if not self.has(USER_CA):
            await self._alone(self._make_ca)
        return self.open(USER_CA)

    async def _make_ca(self) -> None:
        if not self.has(USER_CA):
            await self._seal(USER_CA, fresh_ca(), "node", "first use")

    async def _seal(self, object_id: str, secret: Secret, by: str, reason: str) -> None:
        await self._ensure_key(by)
        known, key = self._objects.get(object_id), self._sealing_key(self._epoch)
        version = known.version + 1 if known else 1
        box = await self._in_thread(lambda: key.seal(object_id, version, secret))
        await self._tell(object_id, Sealed(version, key.epoch, box), by, reason)

    async def _ensure_key(self, by: str) -> None:
        if not self._wraps:
            fresh = SealingKey.fresh()
            own = self._node_key.public()
            await self._tell_wraps(fresh.epoch, {own: fresh.wrap(own)}, by, "first use")

    async def _tell(self, object_id: str, sealed: Sealed, by: str, reason: str) -> None:
        await self._facts.tell(Fact("secret.sealed", {
            "secret": object_id, "version": sealed.version, "epoch": sealed.epoch,
            "box": base64.b64encode(sealed.box).decode(), "by": by, "reason": reason,
        }))  # fmt: skip

    async def _tell_wraps(self, epoch: str, wraps: Mapping[bytes, bytes], by: str, reason: str) -> None:
        told = {to.hex(): base64.b64encode(box).decode() for to, box in wraps.items()}
        await self._facts.tell(
            Fact("secret.sealed", {"secret": "key/wrap", "epoch": epoch, "wraps": told, "by": by, "reason": reason})
        )

    def _sealing_key(self, epoch: str) -> SealingKey:
        if epoch not in self._opened:
            wrapped = self._wraps.get(epoch, {}).get(self._node_key.public())
            if wrapped is None:
                raise VaultError("the secrets are not sealed for this node's key; restore the right node.key")
            self._opened[epoch] = self._node_key.unwrap(epoch, wrapped)
        return self._opened[epoch]

    def _fetched(self, credential: Credential) -> Secret:
        if credential.secret != "store":
            try:
                return read_reference(credential.secret, self._environment)
            except VaultError as problem:
                raise VaultError(f"credential {credential.name}: {problem}") from problem
        if not self.has(f"credential/{credential.name}"):
            raise VaultError(
                f"credential {credential.name} has no secret yet: `credential put {credential.name}`"
            )
        return self.open(f"credential/{credential.name}")

    def _fetched_elevation(self, credential: Credential) -> Secret:
        what = f"the elevation of credential {credential.name}"
        if credential.elevation.secret != "store":
            try:
                return read_reference(credential.elevation.secret, self._environment)
            except VaultError as problem:
                raise VaultError(f"{what}: {problem}") from problem
        if not self.has(f"elevation/{credential.name}"):
            raise VaultError(f"{what} has no secret yet: `credential put {credential.name} --elevation`")
        return self.open(f"elevation/{credential.name}")


def _check(secret_id: str, secret: Secret, kind: str) -> None:
    size = len(secret.reveal())
    if not size or size > LARGEST_SECRET:
        raise VaultError(f"{secret_id}: a secret has from 1 to {LARGEST_SECRET} bytes, this has {size}")
    if kind == "key" or looks_like_key(secret):
        read_private_key(secret, secret_id)


def _line(secret: Secret) -> Secret:
    return Secret(secret.reveal().removesuffix(b"\n").removesuffix(b"\r"))
