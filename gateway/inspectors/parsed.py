"""The inspectors that parse content: archive, type and yara. What they parse is parsed in the room.

The rule: here settings are read and answers are turned into verdicts; no byte of a file is looked at in this process.
"""

from __future__ import annotations

import importlib.util
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
    schema: Mapping[str, str]
    read: Callable[[Mapping[str, Any]], dict[str, Any]]

    def configure(self, section: Mapping[str, Any]) -> Parsed:
        """Read the settings."""
        return Parsed(self.room, self.name, self.read(section))


@implementer(IFileInspector)
@attrs.frozen(eq=False)
class Parsed:
    """Have every file judged in the room."""

    room: Room
    kind: str
    settings: dict[str, Any] = attrs.field(repr=False)

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
    encrypted = settings.text(section, "encrypted", DEFAULTS["encrypted"])
    if encrypted not in ("deny", "allow"):
        raise InspectorError("encrypted: must be deny or allow")
    numbers = {key: settings.number(section, key, DEFAULTS[key]) for key in ("max_ratio", "max_entries", "max_depth")}
    numbers["max_depth"] = min(numbers["max_depth"], LARGEST_DEPTH)
    return {**numbers, "max_total": settings.size(section, "max_total", DEFAULTS["max_total"]), "encrypted": encrypted}


def read_yara(section: Mapping[str, Any]) -> dict[str, Any]:
    """Read the settings of ``yara``, and compile the rules once so that bad ones are told now."""
    rules = section.get("rules")
    if isinstance(rules, Referenced):
        rules = rules.content.decode("utf-8", "replace")
    if not isinstance(rules, str) or not rules.strip():
        raise InspectorError("rules: name a file with YARA rules: file:/etc/ostiary/rules.yar")
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
    return (
        ParsedFactory(room, "type", {
            "deny": "types that are denied, such as elf, pe, script", "allow": "types that alone are allowed",
        }, read_type),
        ParsedFactory(room, "archive", {
            "max_ratio": "how many times its size an archive may unpack to; default 100",
            "max_entries": "files in it; default 10000",
            "max_total": "bytes it may unpack to; default 1GiB",
            "max_depth": "how deep archives may lie in archives; default 5",
            "encrypted": "deny (default) or allow",
        }, read_archive),
        ParsedFactory(room, "yara", {"rules": "file:/… with YARA rules"}, read_yara),
    )  # fmt: skip

