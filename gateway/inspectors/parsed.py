"""The inspectors that parse content: archive, type and yara. What they parse is parsed in the room.

The rule: here settings are read and answers are turned into verdicts; no byte of a file is looked at in this process.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from gateway.domain.evaluation import Decision, Spooled, Transfer, Verdict
from gateway.domain.signatures import KINDS
from gateway.inspectors import settings
from gateway.inspectors.room.archives import DEFAULTS
from gateway.inspectors.room.room import Room
from gateway.inspectors.whole import Whole
from gateway.interfaces import IFileInspector, IFileInspectorFactory, InspectorError, Referenced

LARGEST_DEPTH = 20


@implementer(IFileInspectorFactory)
@attrs.frozen(eq=False)
class ParsedFactory:
    """Make inspectors of one kind that the room judges."""

    room: Room
    name: str
    schema: settings.Schema
    read: Callable[[Mapping[str, Any]], dict[str, Any]]

    def configure(self, section: Mapping[str, Any]) -> Parsed:
        """Read the settings."""
        return Parsed(self.room, self.name, json.dumps(self.read(section)))


@implementer(IFileInspector)
@attrs.frozen(eq=False)
class Parsed:
    """Have every file judged in the room."""

    room: Room
    kind: str
    settings: str = attrs.field(repr=False)

    def wants(self, transfer: Transfer) -> bool:
        """Judge every file."""
        return True

    def begin(self, transfer: Transfer) -> Whole:
        """Wait for the whole file."""
        return Whole(lambda spooled: Deferred.fromCoroutine(self._judged(transfer, spooled)))

    async def _judged(self, transfer: Transfer, spooled: Spooled) -> Verdict:
        told = told_of(transfer, spooled)
        file = await self.room.in_thread(spooled.open)
        try:
            said = await self.room.ask(self.kind, self.settings, told, file.fileno(), spooled.size)
        finally:
            file.close()
        return read_verdict(said)


def told_of(transfer: Transfer, spooled: Spooled) -> dict[str, Any]:
    """Return what a child may know of a transfer; names that are not UTF-8 with ``?`` for what they can not say."""
    names = ("direction", "protocol", "path", "real", "operator", "target", "account", "session")
    told = {name: str(getattr(transfer, name)).encode("utf-8", "replace").decode() for name in names}
    return {**told, "size": spooled.size, "sha256": spooled.sha256}


def read_verdict(said: Mapping[str, Any]) -> Verdict:
    """Return the verdict that a child's answer stands for; raises InspectorError where it is none."""
    try:
        return Verdict(
            Decision(said["decision"]), str(said.get("code", "")), str(said.get("reason", "")),
            str(said.get("detail", "")), 0, tuple(map(str, said.get("tags", ()))),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        raise InspectorError("the child that read the file gave no verdict") from None


def read_type(section: Mapping[str, Any]) -> dict[str, Any]:
    """Read the settings of ``type``."""
    allow, kinds = settings.one_list(section)
    for kind in kinds:
        if kind not in KINDS:
            raise InspectorError(f"{kind!r:.40} is no type that is known; known are {', '.join(sorted(KINDS))}")
    return {"allow": allow, "kinds": sorted(kinds)}


def read_archive(section: Mapping[str, Any]) -> dict[str, Any]:
    """Read the settings of ``archive``."""
    found = {**DEFAULTS, **section}
    found["max_depth"] = min(found["max_depth"], LARGEST_DEPTH)
    return found


def read_encrypted(value: object) -> str:
    """Take what becomes of what is encrypted."""
    if value not in ("deny", "allow"):
        raise InspectorError("must be deny or allow")
    return str(value)


def read_rules(value: object) -> str:
    """Take the content of a file with rules, or the rules themselves."""
    rules = value.content.decode("utf-8", "replace") if isinstance(value, Referenced) else value
    if not isinstance(rules, str) or not rules.strip():
        raise InspectorError("name a file with YARA rules: file:/etc/ostiary/rules.yar")
    return rules


def read_yara(section: Mapping[str, Any]) -> dict[str, Any]:
    """Read the settings of ``yara``, and compile the rules once so that bad ones are told now."""
    rules = section.get("rules")
    if rules is None:
        raise InspectorError("needs rules = \"file:/etc/ostiary/rules.yar\"")
    if importlib.util.find_spec("yara_x") is None:
        raise InspectorError("yara-x is not installed; install the extra: pip install 'ostiary[yara]'")
    from gateway.inspectors.room.rules import compiled

    try:
        compiled(rules)
    except ValueError as problem:
        raise InspectorError(f"rules: {str(problem).strip()[:500]}") from None
    return {"rules": rules}


def parsed(room: Room) -> tuple[ParsedFactory, ...]:
    """Return the factories of all kinds that are judged in a room."""
    numbers = ("max_ratio", "max_entries", "max_depth")
    archive = {**dict.fromkeys(numbers, settings.number), "max_total": settings.size, "encrypted": read_encrypted}
    return (
        ParsedFactory(room, "type", {"deny": settings.texts, "allow": settings.texts}, read_type),
        ParsedFactory(room, "archive", archive, read_archive),
        ParsedFactory(room, "yara", {"rules": read_rules}, read_yara),
    )
