"""From text, file and environment to a configuration."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.config import Config, ConfigError, load, parse
from gateway.config.load import LARGEST


class ParseTests(SynchronousTestCase):
    """Text becomes one frozen value, or all its problems with their places."""

    def problems(self, text: str) -> list[str]:
        """Return the problems of a text that is refused."""
        return [str(problem) for problem in self.assertRaises(ConfigError, parse, text, "f").problems]

    def test_what_is_set_is_kept_and_the_rest_is_default(self) -> None:
        """One key of one table."""
        config = parse('[interrupt]\nnotice = "reason"\n')
        self.assertEqual(config.interrupt.notice, "reason")
        self.assertEqual(config.ssh, Config().ssh)

    def test_repeated_tables_are_kept_in_order(self) -> None:
        """Two destinations."""
        config = parse('[[siem]]\ntransport = "tls:a:1"\n[[siem]]\ntransport = "udp:b:2"\nformat = "cef"\n')
        self.assertEqual([each.transport for each in config.siem], ["tls:a:1", "udp:b:2"])
        self.assertEqual(config.siem[1].format, "cef")

    def test_an_unknown_key_is_an_error_with_its_place_and_the_nearest(self) -> None:
        """Line, column, and what was probably meant."""
        self.assertEqual(
            self.problems('[ssh]\n  listn = ["tcp:1"]\n'),
            ["f:2:3: unknown key 'listn' in [ssh]; did you mean 'listen'?"],
        )

    def test_an_unknown_table_is_an_error_with_its_place_and_the_nearest(self) -> None:
        """Also a key outside of every table."""
        self.assertEqual(self.problems("\n[nod]\n"), ["f:2:2: unknown table 'nod'; did you mean 'node'?"])
        self.assertTrue(self.problems("zzz = 1\n")[0].startswith("f:1:1: unknown table 'zzz'; known are node, "))

    def test_all_problems_are_told_together(self) -> None:
        """Each with its own line."""
        found = self.problems('[record]\nrequired = 1\nkeep = "soon"\n[[notify]]\nmin_severity = 11\n')
        self.assertEqual([line.split(":")[1] for line in found], ["2", "3", "5", "4"])

    def test_a_table_of_the_wrong_shape_is_an_error(self) -> None:
        """Single where it repeats, repeated where it is single, a value where it is a table."""
        self.assertIn("expected [[siem]]", self.problems("[siem]\n")[0])
        self.assertIn("expected a table [node]", self.problems("[[node]]\n")[0])
        self.assertIn("expected a table [node]", self.problems("node = 1\n")[0])

    def test_broken_toml_is_an_error_with_its_place(self) -> None:
        """The parser's own words, without its own way to say where."""
        self.assertEqual(self.problems("[ssh]\nlisten = \n"), ["f:2:10: Invalid value"])

    def test_the_problem_of_a_later_table_is_placed_there(self) -> None:
        """The second of two tables of the same name."""
        text = '[[siem]]\ntransport = "tls:a:1"\n[[siem]]\ntransport = "x"\n'
        self.assertTrue(self.problems(text)[0].startswith("f:4:1: siem.transport: expected"))

    def test_a_key_in_an_inline_table_is_placed_too(self) -> None:
        """However it is written."""
        self.assertEqual(self.problems("ssh = { listn = 1 }")[0].split(": ")[0], "f:1:9")

    @settings(max_examples=200, deadline=None)
    @given(st.text(max_size=200) | st.from_regex(r"\A(\[{1,2}(ssh|node|siem|x)\]{1,2}\n[a-z]{1,8} = .{1,20}\n){1,4}\Z"))
    def test_any_text_is_read_or_refused(self, text: str) -> None:
        """No text ends in another error."""
        try:
            self.assertIsInstance(parse(text), Config)
        except ConfigError as failure:
            self.assertTrue(failure.problems)


class LoadTests(SynchronousTestCase):
    """The search for a file, and what the environment completes."""

    def test_without_a_file_the_defaults_hold(self) -> None:
        """They are known to be defaults, and reach no further than this machine."""
        config = load(None, {"HOME": "/home/me", "OSTIARY_CONFIG": ""})
        self.assertTrue(config.is_default and config.only_loopback)
        self.assertEqual(config.node.state, "/home/me/.local/state/ostiary")
        self.assertTrue(config.node.name)

    def test_the_named_file_goes_before_the_environments(self) -> None:
        """And is remembered."""
        one, two = self.mktemp(), self.mktemp()
        for path, name in ((one, "one"), (two, "two")):
            with open(path, "w", encoding="utf-8") as file:
                file.write(f'[node]\nname = "{name}"\nstate = "~/s"\n')
        environ = {"OSTIARY_CONFIG": two, "HOME": "/h"}
        self.assertEqual(load(one, environ).node.name, "one")
        config = load(None, environ)
        self.assertEqual((config.node.name, config.node.state, config.source), ("two", "/h/s", two))
        self.assertFalse(config.is_default)

    def test_what_else_the_node_is_told_is_kept(self) -> None:
        """A name and a folder are worked out beside the reference to its passphrase, not instead of it."""
        path = self.mktemp()
        with open(path, "w") as file:
            file.write('[node]\npassphrase = "env:WORDS"\n')
        self.assertEqual(load(path, {}).node.passphrase, "env:WORDS")

    def test_the_service_managers_state_directory_is_the_default(self) -> None:
        """The first, where there are several."""
        self.assertEqual(load(None, {"STATE_DIRECTORY": "/var/lib/a:/b"}).node.state, "/var/lib/a")

    def test_a_file_that_can_not_be_read_is_an_error(self) -> None:
        """Missing, not text, or far too large."""
        path = self.mktemp()
        self.assertIn("can not be read", str(self.assertRaises(ConfigError, load, path, {})))
        with open(path, "wb") as file:
            file.write(b"\xff")
        self.assertIn("is not UTF-8 at byte 0", str(self.assertRaises(ConfigError, load, path, {})))
        with open(path, "wb") as file:
            os.truncate(file.fileno(), LARGEST + 1)
        self.assertIn("is larger than", str(self.assertRaises(ConfigError, load, path, {})))

    def test_a_listener_that_others_reach_is_noticed(self) -> None:
        """Any of them."""
        self.assertFalse(parse('[metrics]\nlisten = ["tcp:9222"]\n').only_loopback)
        self.assertTrue(parse("[metrics]\nlisten = []\n").only_loopback)
