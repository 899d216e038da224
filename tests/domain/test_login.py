"""The login grammar."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.login import LONGEST, SEPARATORS, BadLogin, Reading, read_login

OPERATORS = frozenset({"alice", "bob", "alice@corp.example"})
NAMES = st.text(string.ascii_letters + string.digits + "._@\\+$-", min_size=1, max_size=64)
TARGETS = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=60)


def read(text: str) -> tuple[Reading, ...]:
    """Read a name among three operators."""
    return read_login(text, OPERATORS.__contains__)


class LoginTests(SynchronousTestCase):
    """What a login name means."""

    def test_the_advertised_forms(self) -> None:
        """One to four parts, as the contract says."""
        for text, reading in {
            "alice": Reading("alice"),
            "alice=web1": Reading("alice", "web1"),
            "alice=root=web1": Reading("alice", "web1", "root"),
            "alice=root=web1=2222": Reading("alice", "web1", "root", 2222),
            "alice@corp.example=root=web1": Reading("alice@corp.example", "web1", "root"),
            "nobody=root=web1": Reading("nobody", "web1", "root"),
        }.items():
            self.assertEqual(read(text), (reading,), text)

    def test_the_aliases_of_other_products(self) -> None:
        """Each separator reads as operator and target, or operator, account and target."""
        for text in ("alice@root@web1", "alice:root:web1", "alice#root#web1", "alice%root%web1", "alice+root+web1",
                     "alice root web1", "alice[root@web1]"):  # fmt: skip
            self.assertIn(Reading("alice", "web1", "root"), read(text), text)
        for text in ("alice:web1", "alice#web1", "alice@web1", "alice[web1]"):
            self.assertIn(Reading("alice", "web1"), read(text), text)

    def test_a_part_that_is_no_name_is_no_reading(self) -> None:
        """An alias with an account, or a target, that cannot be."""
        self.assertRaises(BadLogin, read, "alice[r/t@web1]")
        self.assertRaises(BadLogin, read, "alice[root@web/1]")

    def test_an_existing_operators_name_is_that_operator(self) -> None:
        """A mail-like name is not taken apart."""
        self.assertEqual(read("alice@corp.example"), (Reading("alice@corp.example"),))

    def test_readings_that_name_different_operators_mean_nobody(self) -> None:
        """An ambiguity of who is no login."""
        with self.assertRaises(BadLogin):
            read("alice@corp.example@web1")

    def test_an_unknown_name_has_one_reading(self) -> None:
        """It takes the same way as a known one."""
        self.assertEqual(read("mallory@root@web1"), (Reading("mallory@root@web1"),))

    def test_what_can_not_be_read_is_refused(self) -> None:
        """Too long, empty parts, bad characters, bad ports, too many parts."""
        for text in ("", "=", "a=", "=web1", "a=b=", "a==c", "a=b=c=d", "a=b=c=0", "a=b=c=65536", "a=b=c=1=2",
                     "a=b/c", "a=b c=d", "ü=web1", "a[b[c]]", "a[=b]", "a[b/c@d]", "x" * (LONGEST + 1),
                     "a\0b"):  # fmt: skip
            with self.assertRaises(BadLogin, msg=text):
                read(text)

    @given(NAMES, NAMES, TARGETS, st.integers(1, 65535))
    def test_what_is_written_reads_back(self, operator: str, account: str, target: str, port: int) -> None:
        """The advertised form round-trips for every legal name."""
        for reading in (Reading(operator, target), Reading(operator, target, account),
                        Reading(operator, target, account, port)):  # fmt: skip
            self.assertEqual(read(reading.written()), (reading,))

    @given(st.text(st.sampled_from("ab=[]." + SEPARATORS + "\0é"), max_size=24))
    def test_it_is_total_and_names_one_operator(self, text: str) -> None:
        """Any text is read or refused; all readings name one operator."""
        try:
            readings = read_login(text, lambda name: name in ("a", "b", "ab"))
        except BadLogin:
            return
        self.assertEqual(len({reading.operator for reading in readings}), 1)
        self.assertTrue(all(reading.operator for reading in readings))
