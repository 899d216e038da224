"""Single values: each is exactly what an entry holds, or refused in words."""

from __future__ import annotations

import datetime
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.directory import values
from gateway.directory.schema import SCOPE, TABLES, operator_name, target_name
from gateway.directory.values import BadValue
from gateway.domain.entries import LEGACY

toml_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


class ValueTests(SynchronousTestCase):
    """Readers of values."""

    def test_an_old_algorithm_is_one_that_is_supported(self) -> None:
        """What is not is refused with the nearest, so that nobody relies on it."""
        for word in LEGACY:
            self.assertEqual(values.legacy(word), word)
        for wrong in ("arcfour", "", "SSH-RSA", 7, None, ["ssh-rsa"]):
            self.assertRaises(BadValue, values.legacy, wrong)
        failed = self.assertRaises(BadValue, values.legacy, "ecdh-sha2-nistp521")
        self.assertIn("did you mean 'ecdh-sha2-nistp", str(failed))

    def check(self, reader: Any, right: dict[Any, Any], wrong: tuple[Any, ...]) -> None:
        """Read what is right, be refused what is wrong."""
        for given_value, expected in right.items():
            self.assertEqual(reader(given_value), expected, given_value)
        for given_value in wrong:
            with self.assertRaises(BadValue, msg=repr(given_value)):
                reader(given_value)

    @given(toml_values)
    def test_every_reader_is_total(self, value: Any) -> None:
        """Whatever TOML can hold is read or refused, and nothing else is raised."""
        for keys in TABLES.values():
            for key in (*keys.values(), *SCOPE.values()):
                try:
                    key.read(value)
                except ValueError:
                    pass

    @given(st.text(max_size=70) | st.from_regex(r"[A-Za-z0-9._@\\+$=-]{0,66}", fullmatch=True))
    def test_names_are_of_the_login_grammar_and_never_contain_equals(self, name: str) -> None:
        """Operators and targets can stand in a login string."""
        for reader, grammar in (
            (operator_name, r"[A-Za-z0-9._@\\+$-]{1,64}"),
            (target_name, r"[A-Za-z0-9._-]{1,253}"),
        ):
            fits = re.fullmatch(grammar, name) is not None
            try:
                self.assertEqual(reader(name), name)
                taken = True
            except BadValue:
                taken = False
            self.assertEqual(taken, fits)
            self.assertFalse(taken and "=" in name)

    def test_durations_and_sizes(self) -> None:
        """A number and a unit, nothing guessed."""
        self.check(values.duration, {"30m": 1800, "12h": 43200, "365d": 31536000, "0s": 0, "2w": 1209600},
                   ("30", 30, "m", "-1m", "1.5h", "1h30m", "30M", "", None, "9" * 15 + "w"))
        self.check(values.size, {"100MiB": 100 << 20, "2GB": 2 * 10**9, "1 KiB": 1024, "0B": 0},
                   ("100", 100, "MiB", "1mib", "999999999999999TiB"))

    def test_addresses(self) -> None:
        """IPv4, IPv6 and names; the port is 22 unless said."""
        self.check(values.address, {
            "10.0.0.1": "10.0.0.1:22", "10.0.0.1:2222": "10.0.0.1:2222", "Web1.Example": "web1.example:22",
            "2001:db8::7": "[2001:db8::7]:22", "[2001:DB8:0::7]:22": "[2001:db8::7]:22", "[::1]": "[::1]:22",
            "[fe80::1%eth0]:22": "[fe80::1%eth0]:22", "localhost:022": "localhost:22",
        }, ("", ":22", "web1:", "web1:0", "web1:65536", "web1:x", "[::1", "[::1]22", "[web1]:22", "a b", "-a", 22,
            "::g", "[fe80::1%]:22", "web1:²"))  # fmt: skip

    def test_networks(self) -> None:
        """IPv4-mapped networks are written as IPv4, for so they are matched."""
        self.check(values.network, {"10.0.0.0/8": "10.0.0.0/8", "10.1.2.3": "10.1.2.3/32", "10.1.2.3/8": "10.0.0.0/8",
                                    "2001:db8::/32": "2001:db8::/32"}, ("10/8", "x", "::ffff:10.0.0.0/104", "", 1))

    def test_rights(self) -> None:
        """The words of the contract, and forwards to one place."""
        self.check(values.right, {"shell": "shell", "x11": "x11", "forward:loopback": "forward:loopback",
                                  "forward:DB1:5432": "forward:db1:5432", "forward:[::1]:80": "forward:[::1]:80"},
                   ("Shell", "forward", "forward:db1", "forward:db1:*", "forward::80", "root", 1, "forward:::1:80"))

    def test_variables_that_change_what_runs_are_never_relayed(self) -> None:
        """Also when somebody names them."""
        self.check(values.variable, {"EDITOR": "EDITOR", "AWS_*": "AWS_*", "LC_ALL": "LC_ALL"},
                   ("LD_PRELOAD", "LD_*", "BASH_ENV", "PYTHONPATH", "PYTHON*", "SSH_ASKPASS", "OSTIARY_REASON", "A B",
                    "*", "", "IFS", "PERL5LIB", "PATH"))

    def test_moments_need_a_zone(self) -> None:
        """A time without a zone would mean another moment on each node."""
        utc = datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
        self.check(values.moment, {utc: 1798761600.0, "2027-01-01T01:00:00+01:00": 1798761600.0, "": None},
                   (datetime.datetime(2027, 1, 1), datetime.date(2027, 1, 1), "2027-01-01T00:00:00", "soon", 5))

    def test_expressions_are_those_of_re2(self) -> None:
        """Linear time: no backreferences, no lookaround."""
        self.check(values.regex, {r"^mkfs(\.\w+)? ": r"^mkfs(\.\w+)? ", "": ""}, ("(", r"(a)\1", "(?=a)", 1, "a\nb"))

    def test_references_are_never_secrets(self) -> None:
        """What is no reference is refused without being quoted."""
        self.check(values.reference, {"store": "store", "file:/etc/x": "file:/etc/x", "env:PASSWORD": "env:PASSWORD"},
                   ("hunter2", "file:x", "env:", "env:1A", "vault:x"))
        with self.assertRaises(BadValue) as refused:
            values.reference("hunter2")
        self.assertNotIn("hunter2", str(refused.exception))

    def test_lists_lose_doubles_and_keep_their_order(self) -> None:
        """A list is a set that somebody ordered."""
        self.assertEqual(values.many(values.text)(["b", "a", "b"]), ("b", "a"))
        for wrong in ("ab", [1], ["a"] * 10_001, None):
            self.assertRaises(BadValue, values.many(values.text), wrong)

    def test_numbers_flags_words_and_texts_are_not_coerced(self) -> None:
        """True is no number, a number is no text."""
        self.check(values.number(1, 5), {1: 1, 5: 5}, (True, 0, 6, "1", 1.0))
        self.check(values.flag, {True: True}, (1, "true", None))
        self.check(values.one_of("a", "b"), {"a": "a"}, ("c", None, 1, ["a"]))
        self.check(values.text, {"é ü": "é ü"}, (1, "a\x1b[2J", "a\u202eb", "x" * 4097))

    def test_inline_tables_name_the_key_that_is_wrong(self) -> None:
        """So that the line of that key can be told."""
        reader = values.table(warn=values.number())
        self.assertEqual(reader({"warn": 1}), {"warn": 1})
        for wrong, inner in (({"wran": 1}, "wran"), ({"warn": "x"}, "warn"), (1, "")):
            with self.assertRaises(BadValue) as refused:
                reader(wrong)
            self.assertEqual(refused.exception.inner, inner)
        self.assertEqual(values.labels({"b": "2", "a": "1"}), (("a", "1"), ("b", "2")))
        self.assertRaises(BadValue, values.labels, {"": "x"})
        self.assertRaises(BadValue, values.labels, "env=prod")
