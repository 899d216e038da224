"""Questions to approvers, and answers."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.review import Decision, Review, Ruling


class ReviewTests(SynchronousTestCase):
    """Values, and their words."""

    def test_only_a_given_approval_lets_run(self) -> None:
        """Every other end means no, and says why."""
        self.assertEqual([ruling for ruling in Ruling if Decision(ruling).given], [Ruling.GIVEN])
        words = {ruling: Decision(ruling, "bob", "Bob", "no need").words for ruling in Ruling}
        self.assertEqual(words, {
            Ruling.GIVEN: "approved by Bob: no need",
            Ruling.DENIED: "denied by Bob: no need",
            Ruling.EXPIRED: "nobody answered in time",
            Ruling.NOBODY: "nobody can approve it",
            Ruling.WITHDRAWN: "withdrawn",
        })  # fmt: skip
        self.assertEqual(Decision(Ruling.DENIED, "bob").words, "denied by bob")

    def test_a_question_without_a_line_is_about_the_session(self) -> None:
        """Which is what a grant asks for."""
        self.assertEqual([Review("rm x", "rm").subject, Review(needed=2).subject], ["command", "session"])
