"""Tests of gateway/plugins/shelf.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import Inspector
from gateway.interfaces import InspectorError, Referenced
from gateway.plugins.discover import Found, PluginError
from gateway.plugins.shelf import Shelf
from tests.runtime.test_evaluate import at_once

FROZEN = '{"words": [{"file": "/etc/words", "sha256": "77"}, "x"], "timeout": "3s", "score": 4}'


@attrs.define
class Factory:
    """Give back what it was configured with."""

    name: str
    schema: dict[str, Any] = attrs.field(factory=lambda: {"words": list})
    made: int = 0

    def configure(self, section: Mapping[str, Any]) -> Any:
        """Count, and return a copy."""
        self.made += 1
        return dict(section)


class ShelfTests(SynchronousTestCase):
    """Inspectors by kind."""

    def setUp(self) -> None:
        """Ship one kind; a plugin provides another."""
        self.shipped, self.plugin = Factory("size"), Factory("acme")
        self.asked: list[Mapping[str, Collection[str]]] = []
        self.shelf = Shelf({"size": Found(self.shipped, "1.0")}, self.content, at_once, self.find)

    def content(self, path: str, sha256: str) -> bytes:
        """Give the content of any file."""
        return f"{path} {sha256}".encode()

    def find(self, wanted: Mapping[str, Collection[str]]) -> dict[str, Found]:
        """Know one plugin."""
        self.asked.append(wanted)
        if set(wanted) - {"acme"}:
            raise PluginError("missing")
        return {kind: Found(self.plugin, "acme 2") for kind in wanted}

    def made(self, inspector: Inspector) -> Any:
        """Make an inspector."""
        return self.successResultOf(self.shelf.configured(inspector))

    def test_files_come_by_their_frozen_content_and_without_what_all_have(self) -> None:
        """Wherever they stand in the settings."""
        found = self.made(Inspector("one", "size", FROZEN, "1.0"))
        self.assertEqual(found, {"words": [Referenced("/etc/words", "77", b"/etc/words 77"), "x"]})

    def test_equal_settings_are_made_once(self) -> None:
        """Others anew."""
        one = self.made(Inspector("one", "size", FROZEN, "1.0"))
        self.assertIs(self.made(Inspector("one", "size", FROZEN, "1.0")), one)
        self.assertIsNot(self.made(Inspector("one", "size", FROZEN, "1.1")), one)
        self.assertEqual(self.shipped.made, 2)

    def test_plugins_are_looked_for_when_one_is_named(self) -> None:
        """What ships is never looked for."""
        self.shelf.load([Inspector("one", "size")])
        self.shelf.load([Inspector("two", "acme"), Inspector("three", "acme")])
        self.assertEqual(self.asked, [{}, {"acme": ["two", "three"]}])
        self.assertEqual([self.shelf.version(kind) for kind in ("size", "acme", "gone")], ["1.0", "acme 2", None])

    def test_a_missing_one_is_said(self) -> None:
        """When the node starts, when it is added, and when a session asks for it."""
        gone = Inspector("four", "gone")
        self.assertRaises(PluginError, self.shelf.load, [gone])
        self.assertRaises(PluginError, self.shelf.check, gone)
        self.failureResultOf(self.shelf.configured(gone), InspectorError)

    def test_an_unknown_key_is_said_with_the_nearest(self) -> None:
        """A plugin's keys are those of its schema."""
        words = str(self.assertRaises(InspectorError, self.shelf.check, Inspector("one", "size", '{"wrods": []}')))
        self.assertIn("'words'", words)

    def test_a_trial_takes_files_as_they_are_now(self) -> None:
        """They are frozen later."""
        self.shelf.check(Inspector("one", "acme", '{"words": ["file:/etc/words"]}'))
        self.assertEqual(self.plugin.made, 1)
