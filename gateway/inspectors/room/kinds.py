"""What a child of the room can judge: one literal table.

The rule: a judge takes settings, what is known of the transfer, and the file as an open binary file; it returns JSON
values ``{"decision", "code", "reason", "detail", "tags"}``, or ``{"error": words}`` where it can not say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import attrs

from gateway.inspectors.room import archives, rules, types

Settings = Mapping[str, Any]
MIB = 1024**2


@attrs.frozen
class Kind:
    """One judge; ``warm`` imports what it needs, ``prepare`` reads settings, both in the zygote."""

    judge: Callable[[Settings, Mapping[str, Any], BinaryIO], dict[str, Any]]
    memory: int
    """Bytes of address space."""
    warm: Callable[[], object] = lambda: None
    prepare: Callable[[Settings], object] = lambda settings: None


KINDS: dict[str, Kind] = {
    "type": Kind(types.judge, 512 * MIB, archives.warm),
    "archive": Kind(archives.judge, 1024 * MIB, archives.warm),
    "yara": Kind(rules.judge, 4096 * MIB, rules.warm, rules.prepare),
}
