"""Tokens: made once, kept as hashes, known again."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.refusal import Refusal
from gateway.admin.tokens import MOST_OF_ONE, Token, Tokens, bearer, own_roles
from gateway.domain.facts import flat
from gateway.journal.memory import MemoryJournal


class TokenTests(SynchronousTestCase):
    """One journal, one clock."""

    def setUp(self) -> None:
        self.now = 1000.0
        self.journal = MemoryJournal("gw1", wall=lambda: self.now)
        self.tokens = Tokens(self.journal, lambda: self.now)
        self.journal.attach(self.tokens)

    def add(self, user: str = "root", ttl: float | None = 60.0, origin: tuple[str, ...] = ()) -> tuple[Token, str]:
        adding = self.tokens.add(user, "ci", ("admin",), origin, ttl, {"by": user})
        return self.successResultOf(Deferred.fromCoroutine(adding))

    def test_a_token_is_known_again_also_after_a_restart(self) -> None:
        """By what the journal keeps, which is not the token."""
        token, text = self.add()
        again = Tokens(self.journal, lambda: self.now)
        self.journal.attach(again)
        self.assertEqual(again.known(text), token)
        kept = repr([entry.body for entry in self.journal.entries()])
        self.assertNotIn(text.rpartition("_")[2], kept)
        told = [flat(entry) for entry in self.journal.entries() if entry.kind == "token.added"]
        self.assertNotIn("tag", told[0])

    def test_nothing_else_is_known(self) -> None:
        """Another secret, another id, a cut one."""
        _, text = self.add()
        scheme, identity, secret = text.split("_", 2)
        for wrong in ("", text[:-1], f"{scheme}_{identity}_{'A' * 43}", f"{scheme}_00000000_{secret}", text + "A"):
            self.assertIsNone(self.tokens.known(wrong), wrong)

    @settings(max_examples=100)
    @given(st.text() | st.from_regex(r"ost_[0-9A-Z]{8}_[A-Za-z0-9_-]{43}", fullmatch=True))
    def test_whatever_is_sent_is_a_token_or_none(self, text: str) -> None:
        """Nothing raises."""
        self.assertIsNone(self.tokens.known(text, "10.0.0.1"))
        self.assertIsInstance(bearer(text), str)

    def test_it_ends_by_its_time_by_its_network_and_by_being_taken_back(self) -> None:
        """Each alone is enough."""
        token, text = self.add(origin=("10.0.0.0/8",))
        self.assertIsNotNone(self.tokens.known(text, "10.1.1.1"))
        self.assertIsNone(self.tokens.known(text, "192.0.2.1"))
        self.now += 61
        self.assertIsNone(self.tokens.known(text))
        self.assertEqual(self.tokens.of("root"), ())
        lasting, words = self.add(ttl=None)
        self.successResultOf(Deferred.fromCoroutine(self.tokens.remove(lasting.id, {"by": "root"})))
        self.assertIsNone(self.tokens.known(words))
        self.failureResultOf(Deferred.fromCoroutine(self.tokens.remove(lasting.id, {})), Refusal)
        self.assertNotEqual(token, lasting)

    def test_nobody_has_more_than_a_hundred(self) -> None:
        """A script that makes one each time is told so."""
        for _ in range(MOST_OF_ONE):
            self.add()
        self.failureResultOf(Deferred.fromCoroutine(self.tokens.add("root", "x", (), (), None, {})), Refusal)
        self.add("ann")

    def test_a_token_has_no_more_roles_than_its_owner(self) -> None:
        """All of them, or those that were asked for."""
        self.assertEqual(own_roles((), frozenset({"admin", "operator"})), ("admin", "operator"))
        self.assertEqual(own_roles(("auditor",), frozenset({"auditor", "admin"})), ("auditor",))
        with self.assertRaises(Refusal):
            own_roles(("admin",), frozenset({"auditor"}))
