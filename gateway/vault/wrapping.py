"""Wrap one key for several recipients: what a recording's header carries.

The rule: whoever holds one of the recipients' node keys can unwrap; nobody else. The form is that of
:mod:`gateway.vault.seal`, under an epoch name of its own.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Any

from gateway.domain.secret import Secret
from gateway.interfaces import VaultError
from gateway.vault.seal import NodeKey, SealingKey

EPOCH = "recording"


def wrap_for(key: bytes, recipients: Sequence[bytes]) -> list[dict[str, str]]:
    """Return the key wrapped for each recipient's public key (32 bytes), as JSON values."""
    wrapping = SealingKey(EPOCH, Secret(key))
    return [{"for": recipient.hex(), "key": wrapping.wrap(recipient).hex()} for recipient in recipients]


def unwrap_with(node_key: NodeKey, wrapped: Sequence[Any]) -> bytes | None:
    """Return the key, or None where it was not wrapped for this node."""
    ours = node_key.public().hex()
    for each in wrapped:
        if isinstance(each, dict) and each.get("for") == ours:
            try:
                return node_key.unwrap(EPOCH, binascii.unhexlify(str(each.get("key", "")))).raw().reveal()
            except (VaultError, ValueError):
                return None
    return None
