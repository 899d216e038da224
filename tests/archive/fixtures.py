"""A node's keys, and an archive in a directory of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.internet.defer import Deferred, execute

from gateway.archive.keys import NodeKeys, Wrapped

SESSION = "S-01JD6ZK8Q4M7X"
FACTS = {
    "operator": "alice",
    "account": "root",
    "target": "web1",
    "source": "198.51.100.7",
    "started": "2026-11-22T12:00:00Z",
}
POLICY = b'{"schema":"policy/1"}'


def node_keys(seed: bytes = b"\x01" * 32, wrapping: bytes = b"\x02" * 32) -> NodeKeys:
    """Return a node's keys that are the same in every process of a test."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    box = AESGCM(wrapping)

    def wrap(key: bytes) -> list[dict[str, str]]:
        return [{"recipient": "test", "sealed": box.encrypt(b"\x00" * 12, key, None).hex()}]

    def unwrap(documents: Wrapped) -> bytes | None:
        for document in documents:
            if document["recipient"] == "test" and wrapping == b"\x02" * 32:
                return box.decrypt(b"\x00" * 12, bytes.fromhex(document["sealed"]), None)
        return None

    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return NodeKeys(wrap, unwrap, private.sign, public)


def at_once(function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
    """Stand for the thread pool: run it now."""
    return execute(function, *arguments)


def only_directory(root: str) -> str:
    """Return the one recording's directory."""
    [path] = list(Path(root).glob("*/*/S-*"))
    return str(path)


def text_of(cast: bytes) -> dict[str, str]:
    """Return the text of each code in an asciicast."""
    texts = {code: "" for code in "oirmx"}
    for line in cast.decode("ascii").splitlines()[1:]:
        _, code, text = json.loads(line)
        texts[code] += text
    return texts
