"""What may be forgotten."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import KINDS
from gateway.journal.pruning import KEPT, prunable


class PruningTests(SynchronousTestCase):
    """What is in force stays."""

    def test_what_folds_rest_on_stays(self) -> None:
        """Every kept kind is refused by name."""
        for kind in KEPT:
            with self.assertRaisesRegex(ValueError, kind):
                prunable([kind])

    def test_every_kept_kind_is_a_kind(self) -> None:
        """The table follows the catalogue."""
        self.assertEqual(KEPT - set(KINDS), set())

    def test_the_others_may_go(self) -> None:
        """Each named once."""
        self.assertEqual(prunable(["file.denied", "auth.failed", "file.denied"]), ("auth.failed", "file.denied"))
