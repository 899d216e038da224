"""What we offer, and how two offers become one agreement (RFC 4253 §7.1).

The rule: the lists are literal; SHA-1, CBC and finite-field groups stand in none of them but those that begin with
OLD, which a target's entry has to ask for; DSA and compression stand nowhere;
the client's order decides; markers are never agreed on as methods.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Final

import attrs

from gateway.wire.fields import Fields, MalformedField, boolean, string, uint32
from gateway.wire.finite import FINITE_METHODS
from gateway.wire.kex import METHODS, Method
from gateway.wire.oldciphers import ALL_CIPHERS, OLD_CIPHERS, OLD_MACS
from gateway.wire.phases import KEXINIT, Role
from gateway.wire.violation import KEY_EXCHANGE_FAILED, Violation

Names = tuple[bytes, ...]

EXCHANGES: Final[Names] = (
    b"mlkem768x25519-sha256",
    b"curve25519-sha256",
    b"curve25519-sha256@libssh.org",
)
NIST_EXCHANGES: Final[Names] = (b"ecdh-sha2-nistp256", b"ecdh-sha2-nistp384")
"""What a listener offers besides, for clients that have nothing newer."""
GCM_FIRST: Final[Names] = (
    b"aes128-gcm@openssh.com",
    b"aes256-gcm@openssh.com",
    b"chacha20-poly1305@openssh.com",
    b"aes128-ctr",
    b"aes256-ctr",
)
GCM_ONLY: Final[Names] = GCM_FIRST[:2]
MACS_OFFERED: Final[Names] = (
    b"hmac-sha2-256-etm@openssh.com",
    b"hmac-sha2-512-etm@openssh.com",
    b"hmac-sha2-256",
)
HOST_KEYS: Final[Names] = (b"ssh-ed25519", b"ecdsa-sha2-nistp256", b"rsa-sha2-512", b"rsa-sha2-256")

TARGET_KEYS: Final[Names] = (
    b"ssh-ed25519",
    b"ecdsa-sha2-nistp256",
    b"ecdsa-sha2-nistp384",
    b"ecdsa-sha2-nistp521",
    b"rsa-sha2-512",
    b"rsa-sha2-256",
)
"""The host keys that a target may have: some that we would not make ourselves."""

TARGET_CERTIFICATES: Final[Names] = (
    b"ssh-ed25519-cert-v01@openssh.com",
    b"ecdsa-sha2-nistp256-cert-v01@openssh.com",
    b"ecdsa-sha2-nistp384-cert-v01@openssh.com",
    b"ecdsa-sha2-nistp521-cert-v01@openssh.com",
    b"rsa-sha2-512-cert-v01@openssh.com",
    b"rsa-sha2-256-cert-v01@openssh.com",
)
"""What stands before :data:`TARGET_KEYS` in our offer to a target that is known by a certificate authority."""

OLD_HOST_KEYS: Final[Names] = (b"ssh-rsa",)
"""RSA with SHA-1: offered to a target whose entry names it, behind everything else, and to nobody besides."""
OLD_EXCHANGES: Final[Names] = (*NIST_EXCHANGES, *FINITE_METHODS)
OLD_CIPHERS_OFFERED: Final[Names] = tuple(OLD_CIPHERS)
OLD_MACS_OFFERED: Final[Names] = tuple(OLD_MACS)
"""What else is offered so, and only so."""

ALL_METHODS: Final[dict[bytes, Method]] = {**METHODS, **FINITE_METHODS}
"""How every exchange is done that can be agreed on, when it was offered."""

USER_KEYS: Final[Names] = (
    b"ssh-ed25519",
    b"sk-ssh-ed25519@openssh.com",
    b"ecdsa-sha2-nistp256",
    b"ecdsa-sha2-nistp384",
    b"ecdsa-sha2-nistp521",
    b"sk-ecdsa-sha2-nistp256@openssh.com",
    b"rsa-sha2-512",
    b"rsa-sha2-256",
)
USER_CERTIFICATES: Final[Names] = (
    b"ssh-ed25519-cert-v01@openssh.com",
    b"sk-ssh-ed25519-cert-v01@openssh.com",
    b"ecdsa-sha2-nistp256-cert-v01@openssh.com",
    b"ecdsa-sha2-nistp384-cert-v01@openssh.com",
    b"ecdsa-sha2-nistp521-cert-v01@openssh.com",
    b"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    b"rsa-sha2-512-cert-v01@openssh.com",
    b"rsa-sha2-256-cert-v01@openssh.com",
)
USER_SIGNATURES: Final[Names] = USER_KEYS + USER_CERTIFICATES
"""What ``server-sig-algs`` tells operators: the user keys we verify, whatever our host key is."""

STRICT: Final = {
    Role.OPERATOR: b"kex-strict-s-v00@openssh.com",
    Role.TARGET: b"kex-strict-c-v00@openssh.com",
}
"""The marker each of our roles sends (PROTOCOL §1.10)."""

EXTENDED: Final = {Role.OPERATOR: b"ext-info-s", Role.TARGET: b"ext-info-c"}
"""The marker each of our roles sends (RFC 8308 §2.1)."""

OTHER: Final = {Role.OPERATOR: Role.TARGET, Role.TARGET: Role.OPERATOR}

@attrs.frozen
class Offered:
    """What operators' clients are offered; *ciphers* is one list for all, None leaves it to :func:`ciphers_for`."""

    ciphers: Names | None = None
    exchanges: Names = EXCHANGES


LONGEST_PROPOSAL: Final = 32 * 1024
_LONGEST_LIST: Final = 16 * 1024

PROPOSALS_KNOWN: Final = 64
"""Offers read or written lately; programs of one version make the same one but for the cookie."""


@attrs.frozen
class Proposal:
    """One side's KEXINIT."""

    exchanges: Names
    host_keys: Names
    ciphers_up: Names
    ciphers_down: Names
    macs_up: Names
    macs_down: Names
    compressions_up: Names = (b"none",)
    compressions_down: Names = (b"none",)
    guessed: bool = False

    def encode(self) -> bytes:
        """Return the payload, its message number in front and a fresh cookie in it."""
        return bytes((KEXINIT,)) + os.urandom(16) + _encoded(self)


@lru_cache(maxsize=PROPOSALS_KNOWN)
def _encoded(proposal: Proposal) -> bytes:
    """Return what stands behind the cookie."""
    lists = (
        proposal.exchanges,
        proposal.host_keys,
        proposal.ciphers_up,
        proposal.ciphers_down,
        proposal.macs_up,
        proposal.macs_down,
        proposal.compressions_up,
        proposal.compressions_down,
        (),
        (),
    )
    names = b"".join(string(b",".join(entries)) for entries in lists)
    return names + boolean(proposal.guessed) + uint32(0)


@attrs.frozen
class Agreement:
    """What both sides will use; *up* is from client to server, a MAC is empty beside an AEAD."""

    exchange: bytes
    host_key: bytes
    cipher_up: bytes
    cipher_down: bytes
    mac_up: bytes
    mac_down: bytes


def propose(
    role: Role,
    host_keys: Names,
    ciphers: Names,
    *,
    first: bool,
    exchanges: Names = EXCHANGES,
    macs: Names = MACS_OFFERED,
) -> Proposal:
    """Return what we offer; only the *first* exchange of a connection carries the markers."""
    markers = (EXTENDED[role], STRICT[role]) if first else ()
    return Proposal(
        exchanges=exchanges + markers,
        host_keys=host_keys,
        ciphers_up=ciphers,
        ciphers_down=ciphers,
        macs_up=macs,
        macs_down=macs,
    )


def ciphers_for(peer_version: bytes) -> Names:
    """Return the ciphers for an operator's client.

    OpenSSH takes the first of *its* list that we have, and has chacha20 in front at several times the cost:
    so it is offered GCM alone. Others may lack GCM.
    """
    return GCM_ONLY if peer_version.startswith(b"SSH-2.0-OpenSSH") else GCM_FIRST


def parse_proposal(payload: bytes) -> Proposal:
    """Return the peer's KEXINIT from its payload without the message number; raise :exc:`Violation`."""
    if len(payload) > LONGEST_PROPOSAL:
        raise Violation("kexinit", KEY_EXCHANGE_FAILED, "the key exchange offer is too long")
    return _parsed(payload[16:])


@lru_cache(maxsize=PROPOSALS_KNOWN)
def _parsed(lists_and_more: bytes) -> Proposal:
    fields = Fields(lists_and_more)
    try:
        lists = [_names(fields) for _ in range(10)]
        guessed = fields.boolean("first_kex_packet_follows")
        fields.uint32("reserved")
        fields.end("KEXINIT")
    except MalformedField:
        raise Violation("kexinit", KEY_EXCHANGE_FAILED, "the key exchange offer is malformed") from None
    kex, keys, up, down, mac_up, mac_down, zip_up, zip_down, _, _ = lists
    return Proposal(kex, keys, up, down, mac_up, mac_down, zip_up, zip_down, guessed)


def _names(fields: Fields) -> Names:
    return tuple(name for name in fields.string("name-list", _LONGEST_LIST).split(b",") if name)


def agree(client: Proposal, server: Proposal) -> Agreement:
    """Return the client's first choices that the server has; raise :exc:`Violation` without any."""
    cipher_up = _first("cipher", client.ciphers_up, server.ciphers_up)
    cipher_down = _first("cipher", client.ciphers_down, server.ciphers_down)
    _first("compression", client.compressions_up, server.compressions_up, (b"none",))
    _first("compression", client.compressions_down, server.compressions_down, (b"none",))
    return Agreement(
        exchange=_first("key exchange method", client.exchanges, server.exchanges, tuple(ALL_METHODS)),
        host_key=_first("host key algorithm", client.host_keys, server.host_keys),
        cipher_up=cipher_up,
        cipher_down=cipher_down,
        mac_up=_first("MAC", client.macs_up, server.macs_up) if ALL_CIPHERS[cipher_up].mac else b"",
        mac_down=_first("MAC", client.macs_down, server.macs_down) if ALL_CIPHERS[cipher_down].mac else b"",
    )


def _first(what: str, client: Names, server: Names, known: Names | None = None) -> bytes:
    for name in client:
        if name in server and (known is None or name in known):
            return name
    raise Violation("no-agreement", KEY_EXCHANGE_FAILED, f"no {what} in common")


def guessed_right(client: Proposal, server: Proposal) -> bool:
    """Say whether a packet sent on the guess that the first names agree is valid (RFC 4253 §7)."""
    return client.exchanges[:1] == server.exchanges[:1] and client.host_keys[:1] == server.host_keys[:1]
