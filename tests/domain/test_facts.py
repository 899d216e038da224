"""The catalogue of facts, and what keeps it stable."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import KINDS, WITHHELD, Entry, Fact, Moment, Reach, flat, leaving

CONTENT = ("channel.", "command.", "file.", "forward.", "elevation.", "session.marked")


class FactTests(SynchronousTestCase):
    """One table, named once."""

    def test_numbers_are_unique_and_named_by_theme(self) -> None:
        """A number stands for one kind; the hundreds are one theme's; severities are 0 to 10."""
        numbers = [kind.number for kind in KINDS.values()]
        self.assertEqual(len(numbers), len(set(numbers)))
        self.assertEqual(numbers, sorted(numbers))
        for name, kind in KINDS.items():
            self.assertTrue(0 <= kind.severity <= 10 and 100 < kind.number < 2000, name)
            self.assertTrue(kind.meaning.endswith(".") and kind.meaning[0].isupper(), name)

    def test_what_quotes_a_sessions_content_stays_home(self) -> None:
        """Commands, paths, argv, prompts and marks; nothing else."""
        for name, kind in KINDS.items():
            self.assertEqual(kind.reach is Reach.HOME, name.startswith(CONTENT), name)

    def test_effects_that_permit_wait_for_their_fact(self) -> None:
        """A start, an order, a change, an approval; what happens in a session never waits."""
        for name in ("session.started", "user.locked", "user.unlocked", "user.deactivated", "directory.changed",
                     "approval.given", "elevation.answered"):  # fmt: skip
            self.assertIs(KINDS[name].moment, Moment.BEFORE, name)
        for name in ("command.executed", "channel.opened", "file.transferred"):
            self.assertIs(KINDS[name].moment, Moment.AFTER, name)

    def test_a_fact_outside_the_catalogue_can_not_be_told(self) -> None:
        """Not even by mistake."""
        with self.assertRaisesRegex(ValueError, "not a kind of fact"):
            Fact("session.strated")
        self.assertIs(Fact("auth.failed").described, KINDS["auth.failed"])

    def test_an_entry_has_a_name_of_its_own(self) -> None:
        """Origin and number."""
        self.assertEqual(Entry("gw1#0.9f3a", 7, "auth.failed", 0.0, 4, None).id, "gw1#0.9f3a/7")


class ShownTests(SynchronousTestCase):
    """What may leave the node."""

    def test_an_entry_is_one_flat_object(self) -> None:
        """The envelope wins over a body that uses its keys; a pruned body leaves the envelope."""
        told = flat(Entry("gw1#0.9f3a", 7, "auth.failed", 1.5, 4, {"user": "bob", "seq": "forged"}))
        self.assertEqual((told["id"], told["seq"], told["node"], told["number"]), ("gw1#0.9f3a/7", 7, "gw1", 102))
        self.assertEqual((told["time"], told["user"]), ("1970-01-01T00:00:01.500Z", "bob"))
        self.assertEqual(len(flat(Entry("gw1#0.9f3a", 7, "auth.failed", 1.5, 4, None))), 7)
        self.assertIsNone(flat(Entry("gw1#0.9f3a", 7, "of.later", 1.5, 4, None))["number"])

    def test_what_is_kept_secret_is_not_shown(self) -> None:
        """Hashes, tags and sealed boxes stay."""
        for kind in WITHHELD:
            body = {"user": "bob", "hash": "$scrypt$", "box": "x", "tag": "y"}
            told = flat(Entry("gw1#0.9f3a", 1, kind, 0.0, 5, body))
            self.assertEqual(told["user"], "bob")
            self.assertFalse({"hash", "box", "tag"} & set(told), kind)

    def test_what_leaves_as_a_value_keeps_the_same_secrets(self) -> None:
        """Other entries leave as they are, also those without a body."""
        sealed = leaving(Entry("gw1#0.9f3a", 1, "secret.sealed", 0.0, 5, {"secret": "credential/a", "box": "x"}))
        self.assertEqual(sealed.body, {"secret": "credential/a"})
        for other in (Entry("o", 1, "auth.failed", 0.0, 5, {"box": "x"}), Entry("o", 1, "secret.sealed", 0.0, 5, None)):
            self.assertIs(leaving(other), other)
