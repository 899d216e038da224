"""The question and its answers: values that show no secret."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.elevation.question import LEVELS, Proven, Tried, Wanted, Withheld
from gateway.domain.secret import Secret


class QuestionTests(SynchronousTestCase):
    """Values."""

    def test_no_answer_shows_its_secret(self) -> None:
        """Neither the line nor what it is made of."""
        secret = Secret(b"Canary-77")
        self.assertNotIn("Canary", repr(Proven("strong", ("sudo",), secret.as_line(), secret)))
        self.assertEqual((Withheld("not_it").words, Tried().failed), ("", False))
        self.assertEqual(Wanted("sudo", "password"), Wanted("sudo", "password"))

    def test_levels_rise(self) -> None:
        """From the words of a prompt upwards."""
        self.assertEqual(LEVELS, ("text", "strong", "certain"))
