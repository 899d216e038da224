"""The inspectors of this node by kind: those that ship, and the plugins that the configuration names.

The rule: what a policy freezes is the kind, its version, and the settings with each file by its content; an inspector
is made from these and from nothing else. Equal ones are made once. Kinds that ship can not be taken by a plugin.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from gateway.domain.entries import Inspector
from gateway.interfaces import IFileInspector, IInspectors, InspectorError, Referenced
from gateway.plugins.discover import Finder, Found, find_inspectors

EVERY = frozenset({"timeout", "on_error", "score", "quarantine"})
"""Settings of every inspector that are not its plugin's affair."""
MOST_REMEMBERED = 256

InThread = Callable[..., Deferred[Any]]
Content = Callable[[str, str], bytes]
"""For a path and a SHA-256: the content with that digest, or ValueError."""


@implementer(IInspectors)
@attrs.define(eq=False, repr=False)
class Shelf:
    """Know every kind of inspector that may be used."""

    shipped: Mapping[str, Found]
    content: Content
    in_thread: InThread
    find: Finder = find_inspectors
    _plugins: dict[str, Found] = attrs.field(init=False, factory=dict)
    _made: OrderedDict[Inspector, IFileInspector] = attrs.field(init=False, factory=OrderedDict)

    def load(self, inspectors: Iterable[Inspector]) -> None:
        """Find the plugins that inspectors of the directory name; raise ValueError in words where one is missing."""
        wanted: dict[str, list[str]] = {}
        for inspector in inspectors:
            if inspector.kind not in self.shipped and inspector.kind not in self._plugins:
                wanted.setdefault(inspector.kind, []).append(inspector.name)
        self._plugins.update(self.find(wanted))

    def version(self, kind: str) -> str | None:
        """Return the version behind a kind, None where nobody provides it."""
        found = self._found(kind)
        return None if found is None else found.version

    def check(self, inspector: Inspector) -> None:
        """Make an inspector as a trial, from the directory's settings; raise ValueError in words. In a thread."""
        self.load([inspector])
        self._make(inspector)

    def configured(self, inspector: Inspector) -> Deferred[IFileInspector]:
        """Make an inspector from frozen settings, or give the one that was made from the same."""
        return Deferred.fromCoroutine(self._configured(inspector))

    async def _configured(self, inspector: Inspector) -> IFileInspector:
        known = self._made.get(inspector)
        if known is None:
            known = await self.in_thread(self._make, inspector)
            self._made[inspector] = known
            while len(self._made) > MOST_REMEMBERED:
                self._made.popitem(last=False)
        self._made.move_to_end(inspector)
        return known

    def _make(self, inspector: Inspector) -> IFileInspector:
        found = self._found(inspector.kind)
        if found is None:
            raise InspectorError(f"no plugin provides the kind {inspector.kind!r}")
        section = {key: value for key, value in json.loads(inspector.settings).items() if key not in EVERY}
        made: IFileInspector = found.factory.configure(taken(found.factory.schema, self._with_content(section)))
        return made

    def _found(self, kind: str) -> Found | None:
        return self.shipped.get(kind) or self._plugins.get(kind)

    def _with_content(self, value: Any) -> Any:
        match value:
            case {"file": str(path), "sha256": str(sha256), **rest} if not rest:
                return Referenced(path, sha256, self.content(path, sha256))
            case str() if value.startswith("file:/"):
                return self._referenced(value.removeprefix("file:"))
            case dict():
                return {key: self._with_content(each) for key, each in value.items()}
            case list():
                return [self._with_content(each) for each in value]
            case _:
                return value

    def _referenced(self, path: str) -> Referenced:
        """Return a file as it is now: only a trial sees settings that were never frozen."""
        content = self.content(path, "")
        return Referenced(path, "", content)


def taken(schema: Mapping[str, Callable[[Any], Any]], section: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as a schema takes them; raise InspectorError that names the key."""
    found = {}
    for key, value in section.items():
        if key not in schema:
            raise InspectorError(f"unknown key {key!r:.80}{_nearest(key, (*schema, *sorted(EVERY)))}")
        try:
            found[key] = schema[key](value)
        except (TypeError, ValueError) as problem:
            raise InspectorError(f"{key}: {problem}") from None
    return found


def _nearest(key: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(key[:64], known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"
