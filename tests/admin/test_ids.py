"""Ids by unique prefix."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.ids import channel_of, shorten, unknown, whole
from gateway.admin.refusal import Refusal

IDS = ["S-7Q2MAAAAAAAAA", "S-7Q2MAAAAAAAAB", "S-8AAAAAAAAAAAA"]


class IdTests(SynchronousTestCase):
    """An id is given back whole or not at all."""

    def test_a_unique_prefix_finds_the_whole_id(self) -> None:
        """In any case, with or without its letter; the whole id always."""
        for prefix in ("S-8", "s-8a", "8", IDS[2]):
            self.assertEqual(whole(prefix, IDS, "session"), IDS[2])

    def test_what_fits_several_or_none_is_refused(self) -> None:
        """In words."""
        self.assertIn("fits 2 sessions", self.assertRaises(Refusal, whole, "S-7", IDS, "session").message)
        self.assertEqual(self.assertRaises(Refusal, whole, "S-9", IDS, "session").kind, "not_found")
        self.assertRaises(Refusal, whole, "", IDS, "session")

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.text("AB", min_size=13, max_size=13), unique=True, max_size=20))
    def test_what_is_shown_short_finds_its_id_again(self, tails: list[str]) -> None:
        """Among all of them, and never shorter than six."""
        ids = [f"S-{tail}" for tail in tails]
        for each, short in shorten(ids).items():
            self.assertEqual(whole(short, ids, "session"), each)
            self.assertGreaterEqual(len(short), 6)

    def test_a_channel_is_named_behind_a_slash(self) -> None:
        """By a number."""
        self.assertEqual((channel_of("S-7/2"), channel_of("S-7")), (("S-7", 2), ("S-7", None)))
        for wrong in ("S-7/", "S-7/x", "S-7/²", "S-7/9999999999"):
            self.assertRaises(Refusal, channel_of, wrong)

    def test_an_unknown_name_is_told_with_the_nearest(self) -> None:
        """Where one is near."""
        said = unknown("user", "alcie", ["alice", "bob"]).message
        self.assertEqual(said, "there is no user 'alcie'; did you mean 'alice'?")
        self.assertEqual(unknown("user", "x", []).message, "there is no user 'x'")
