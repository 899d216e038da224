"""The manifest: what a sealed recording consists of, signed.

The rule: the signature is over stored bytes (RFC 8785 form), so it is checked with the public key alone.
Until there is a manifest, ``open.json`` holds what was known at the beginning; the manifest contains it and
replaces it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.archive.files import read_bounded, remove
from gateway.archive.format import (
    FORMAT,
    VERSION,
    FormatError,
    canonical,
    check_version,
    digest,
    key_id,
    read_canonical,
)
from gateway.archive.keys import NodeKeys

if TYPE_CHECKING:
    from gateway.archive.writer import Counts

MANIFEST = "manifest.json"
OPEN = "open.json"
MAX_MANIFEST = 16 << 20
SIGNED_AS = b"ostiary pamrec manifest 1\n"
LED_DISK_BY = 0
"""Bytes that a viewer may have seen before they were written: none, for what passes through ``ITrack.write``.
"""


def opening(session: str, facts: Mapping[str, Any], policy: bytes, policy_digest: str, key: str) -> dict[str, Any]:
    """Return the document of ``open.json``."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "session": session,
        "facts": dict(facts),
        "policy": {"digest": policy_digest, "canonical": policy.decode("utf-8", "backslashreplace")},
        "key": key,
    }


def track_row(header: Mapping[str, Any], counts: Counts, head: bytes, ended: int | None) -> dict[str, Any]:
    """Return a track's row: ``root`` is its last chain digest."""
    last = counts.last if ended is None else ended
    return {
        "channel": header["channel"],
        "kind": header["kind"],
        "at": header["at"],
        "ended": last / 1_000_000,
        "last": counts.last / 1_000_000,
        "root": head.hex(),
        "frames": counts.frames,
        "events": counts.events,
        "bytes": counts.bytes,
        "stored": counts.stored,
    }


def body(
    document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], at: int, reason: str, sealed: bool = True
) -> dict[str, Any]:
    """Return what is signed; ``sealed`` is false when another process closed it, ``at`` in microseconds."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "session": document["session"],
        "opening": dict(document),
        "sealed": sealed,
        "ended": at / 1_000_000,
        "reason": reason,
        "led_disk_by": LED_DISK_BY,
        "tracks": [dict(row) for row in rows],
    }


def signed(unsigned: Mapping[str, Any], keys: NodeKeys) -> bytes:
    """Return the manifest's stored bytes."""
    stored, _ = signed_and_root(unsigned, keys)
    return stored


def signed_and_root(unsigned: Mapping[str, Any], keys: NodeKeys) -> tuple[bytes, bytes]:
    """Return the manifest's stored bytes and the digest of what was signed; both rest on one spelling."""
    spelt = canonical(unsigned)
    signature = {"algorithm": "ed25519", "key": keys.id, "value": keys.sign(SIGNED_AS + spelt).hex()}
    # In the canonical form's own order of names.
    return b'{"manifest":' + spelt + b',"signature":' + canonical(signature) + b"}\n", digest(spelt)


def summary(unsigned: Mapping[str, Any], root: bytes | None = None) -> dict[str, Any]:
    """Return what the journal keeps of a sealed recording: ``root`` is the digest of what was signed."""
    rows = [row for row in unsigned["tracks"] if "damaged" not in row]
    return {
        "session": unsigned["session"],
        "root": (root or digest(canonical(unsigned))).hex(),
        "sealed": unsigned["sealed"],
        "ended": unsigned["ended"],
        "reason": unsigned["reason"],
        "tracks": len(unsigned["tracks"]),
        "frames": sum(row["frames"] for row in rows),
        "events": sum(row["events"] for row in rows),
        "bytes": sum(row["bytes"] for row in rows),
        "stored": sum(row["stored"] for row in rows),
    }


def read_opening(directory: str) -> dict[str, Any]:
    """Read ``open.json``; raises OSError, FormatError."""
    document = read_canonical(read_bounded(os.path.join(directory, OPEN), MAX_MANIFEST), OPEN)
    check_version(document, OPEN)
    _check_opening(document, OPEN)
    return document


def read_manifest(directory: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a manifest, unbelieved: what is signed, and its signature; raises OSError, FormatError."""
    document = read_canonical(read_bounded(os.path.join(directory, MANIFEST), MAX_MANIFEST), MANIFEST)
    match document:
        case {"manifest": dict(unsigned), "signature": dict(signature)}:
            check_version(unsigned, MANIFEST)
        case _:
            raise FormatError("manifest.json was altered: it is no manifest")
    _check_opening(unsigned.get("opening"), MANIFEST)
    match unsigned:
        case {
            "sealed": bool(),
            "ended": int() | float(),
            "reason": str(),
            "session": str(),
            "tracks": list(rows),
        }:
            for row in rows:
                _check_row(row)
            return unsigned, signature
    raise FormatError("manifest.json was altered: entries are missing")


def check_signature(unsigned: Mapping[str, Any], signature: Mapping[str, Any], trusted: Sequence[bytes]) -> str:
    """Return the signer's key id; raise :exc:`FormatError` when no trusted key signed this."""
    signers = {key_id(key): key for key in trusted}
    name, value = signature.get("key"), signature.get("value")
    if not isinstance(name, str) or not isinstance(value, str) or signature.get("algorithm") != "ed25519":
        raise FormatError("manifest.json was altered: the signature is incomplete")
    if name not in signers:
        raise FormatError(f"manifest.json is signed by {name[:40]}, which is not a key given to verify with")
    try:
        raw = bytes.fromhex(value)
        Ed25519PublicKey.from_public_bytes(signers[name]).verify(raw, SIGNED_AS + canonical(unsigned))
    except (ValueError, InvalidSignature):
        raise FormatError("manifest.json was altered: its signature does not fit") from None
    if raw.hex() != value or set(signature) != {"algorithm", "key", "value"}:
        raise FormatError("manifest.json was altered: its signature is not in canonical form")
    policy = unsigned["opening"]["policy"]
    if digest(policy["canonical"].encode()).hex() != policy["digest"]:
        raise FormatError("the policy in manifest.json does not have the digest it names")
    return name


def clear_away(directory: str) -> None:
    """Remove what a manifest replaces: ``open.json`` and the tails; raises OSError."""
    for name in os.listdir(directory):
        if name == OPEN or name.endswith(".tail"):
            remove(os.path.join(directory, name))


def _check_opening(document: Any, what: str) -> None:
    match document:
        case {
            "session": str(),
            "facts": dict(),
            "policy": {"digest": str(), "canonical": str()},
            "key": str(),
        }:
            return
    raise FormatError(f"{what} was altered or cut: entries are missing")


def _check_row(row: Any) -> None:
    match row:
        case {"channel": int(), "kind": str(), "damaged": str()}:
            return
        case {
            "channel": int(),
            "kind": str(),
            "root": str(),
            "frames": int(),
            "events": int(),
            "stored": int(),
            "bytes": int(),
            "ended": int() | float(),
            "last": int() | float(),
        }:
            return
    raise FormatError("manifest.json was altered: a track's row is incomplete")
