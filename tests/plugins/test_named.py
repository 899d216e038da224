"""Plugins by name."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.interfaces import IFactSinkFactory
from gateway.plugins.named import named, settings_of
from gateway.testing import MemorySinkFactory


class NamedTests(SynchronousTestCase):
    """Only what is named is used."""

    def test_exactly_one_plugin_has_a_name(self) -> None:
        """None, a near one, or two: each is said in words."""
        acme, other = MemorySinkFactory("acme"), MemorySinkFactory("other")
        self.assertIs(named(IFactSinkFactory, "acme", "the sink", [acme, other]), acme)
        for name, found, words in (
            ("acne", [acme, other], "no installed plugin is the sink 'acne'; did you mean 'acme'"),
            ("x", [acme, other], "installed are: acme, other"),
            ("x", [], "installed are: none"),
            ("acme", [acme, acme], "2 plugins call themselves the sink 'acme'"),
        ):
            with self.assertRaisesRegex(ValueError, words):
                named(IFactSinkFactory, name, "the sink", found)

    def test_where_nothing_is_given_the_installed_ones_are_asked(self) -> None:
        """Through twisted.plugin; the gateway itself installs no sink."""
        with self.assertRaisesRegex(ValueError, "no installed plugin"):
            named(IFactSinkFactory, "acme", "the sink")

    def test_settings_are_read_by_the_plugins_own_schema(self) -> None:
        """An unknown key and a value that is refused are said with their place."""

        def port(value: Any) -> int:
            if not isinstance(value, int):
                raise ValueError("expected a number")
            return value

        schema = {"port": port, "host": str}
        self.assertEqual(settings_of(schema, {"port": 1}, "here"), {"port": 1})
        for given, words in (
            ({"prot": 1}, "here: unknown key 'prot'; did you mean 'port'"),
            ({"zzz": 1}, "known are host, port"),
            ({"port": "1"}, "here: port: expected a number"),
        ):
            with self.assertRaisesRegex(ValueError, words):
                settings_of(schema, given, "here")
        with self.assertRaisesRegex(ValueError, "known are none"):
            settings_of({}, {"a": 1}, "here")
