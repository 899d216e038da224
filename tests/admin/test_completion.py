"""What Tab offers."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.completion import offer, rest
from gateway.admin.verbs import VERBS
from tests.admin.node import ONE, MemoryNode, session


class CompletionTests(SynchronousTestCase):
    """Only what may be called and seen."""

    def offered(self, before: str, caller: str = "root") -> tuple[str, ...]:
        """Return what is offered."""
        node = MemoryNode()
        node.roster.rows = [session(ONE)]
        return offer(VERBS, node.room(node.caller(caller)), before)

    def test_words_options_and_names_are_offered_where_they_fit(self) -> None:
        """By their place."""
        for before, offered in (
            ("sess", ("session", "sessions")),
            ("user pas", ("passwd",)),
            ("user show a", ("alice", "ann")),
            ("lock r", ("root",)),
            ("lock --session ", (ONE,)),
            ("lock --target w", ("web1",)),
            ("lock --group s", ("staff",)),
            ("kill S", (ONE,)),
            ("apply --dr", ("--dry-run",)),
            ("grant rm ", ("ops-web",)),
            ("nonsense x", ()),
        ):
            self.assertEqual(self.offered(before), offered, before)

    def test_an_operator_is_offered_neither_verbs_nor_names_of_others(self) -> None:
        """A name is knowledge."""
        self.assertEqual(self.offered("lo", "alice"), ())
        self.assertNotIn("alice", self.offered("sessions --user ", "alice"))

    def test_what_all_offered_words_share_is_filled_in(self) -> None:
        """The only one with a blank behind."""
        self.assertEqual(rest(("session", "sessions"), "se"), "ssion")
        self.assertEqual(rest(("alice",), "al"), "ice ")

    @settings(max_examples=150, deadline=None)
    @given(st.text(max_size=20) | st.sampled_from(["user ", "lock --", " ", "user add x --roles "]))
    def test_any_text_is_completed_or_left(self, before: str) -> None:
        """What is offered always goes on with what is there."""
        for word in self.offered(before):
            self.assertTrue(word.startswith(before.split(" ")[-1]))
