"""Who hears of an entry, whatever the others do."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Entry
from gateway.journal.audience import Audience
from tests.journal.listening import Remembering

ENTRY = Entry("gw1#0.9f3a", 1, "auth.failed", 0.0, 4, {})


class AudienceTests(SynchronousTestCase):
    """Folds first, then watchers."""

    def test_folds_hear_before_watchers(self) -> None:
        """A watcher finds the fold current."""
        audience, fold, found = Audience(), Remembering(), []
        audience.follow(lambda entry: found.append(entry in fold.seen))
        audience.attach(fold)
        self.assertIsNone(audience.show(ENTRY))
        self.assertEqual(found, [True])

    def test_the_first_failure_of_a_fold_is_returned(self) -> None:
        """All of them have heard."""
        audience, sound = Audience(), Remembering()
        for fold in (Remembering(unbearable="auth.failed"), Remembering(unbearable="auth.failed"), sound):
            audience.attach(fold)
        failure = audience.show(ENTRY)
        self.assertIsNotNone(failure.check(LookupError))
        self.assertEqual(sound.seen, [ENTRY])

    def test_one_watcher_may_sit_twice(self) -> None:
        """Ceasing once leaves the other seat; ceasing while shown disturbs nobody."""
        audience, seen = Audience(), []
        cease = audience.follow(seen.append)
        audience.follow(seen.append)
        audience.follow(lambda entry: cease())
        audience.show(ENTRY)
        audience.show(ENTRY)
        self.assertEqual(seen, [ENTRY] * 3)

    def test_a_watchers_failure_is_logged(self) -> None:
        """Even when it comes later."""
        audience = Audience()
        audience.follow(lambda entry: {}[entry.kind])
        self.assertIsNone(audience.show(ENTRY))
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
