"""Tell clients which host keys we have, and prove it, so that a key can be changed (OpenSSH's PROTOCOL, section 2.5).

The rule: what is signed holds the name of the request and the connection's id, so it proves nothing elsewhere; only
our own keys are signed for, each of a request once.
"""

from __future__ import annotations

from typing import Final

from gateway.wire.fields import Fields, MalformedField, string
from gateway.wire.hostkeys import HostKey

ANNOUNCE: Final = "hostkeys-00@openssh.com"
PROVE: Final = "hostkeys-prove-00@openssh.com"

_LONGEST_KEY: Final = 16 * 1024
_LISTENS: Final = b"SSH-2.0-OpenSSH"


def understands(peer_version: bytes) -> bool:
    """Say whether a client makes use of an announcement; some others of old break on one."""
    return peer_version.startswith(_LISTENS)


def announcement(keys: tuple[HostKey, ...]) -> bytes:
    """Return the payload that names all our keys."""
    return b"".join(string(key.blob) for key in keys)


def prove(keys: tuple[HostKey, ...], session_id: bytes, payload: bytes) -> bytes | None:
    """Return a signature by each key that is asked for, None where one is not ours; RSA signs with SHA-512."""
    ours = {key.blob: key for key in keys}
    fields, signatures = Fields(payload), []
    try:
        while fields.left:
            key = ours.pop(fields.string("a host key", _LONGEST_KEY), None)
            if key is None:
                return None
            signed = string(PROVE.encode("ascii")) + string(session_id) + string(key.blob)
            signatures.append(string(key.sign(key.algorithms[0], signed)))
    except MalformedField:
        return None
    return b"".join(signatures) or None
