"""Why a session is wanted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.policy import Restrictions
from gateway.domain.purpose import LONGEST, REASON, TICKET, Purpose


class PurposeTests(SynchronousTestCase):
    """What is asked, and what will do."""

    def test_nothing_is_asked_where_no_grant_asks(self) -> None:
        """What is given all the same is kept, for the record."""
        purpose = Purpose.of(Restrictions())
        self.assertEqual(purpose.lacking, "")
        purpose.take_all({REASON: "a look", "LANG": "C"})
        purpose.take_all({TICKET: "7"})
        self.assertEqual(purpose.body(), {"reason": "a look", "ticket": "7"})

    def test_a_ticket_and_a_reason_are_asked_one_after_the_other(self) -> None:
        """The ticket first; each says how it can be given."""
        purpose = Purpose.of(Restrictions(reason="required", tickets=(r"^CHG\d+$", "7")))
        self.assertEqual(purpose.lacking, TICKET)
        self.assertIn(r"needs a ticket that matches ^CHG\d+$ and 7: ssh -o SetEnv=OSTIARY_TICKET=…", purpose.words())
        for wrong in ("CHG", "CHG1", "xCHG7", "CHG7x", "", " ", "CHG7" + "7" * LONGEST):
            self.assertFalse(purpose.take(TICKET, wrong), wrong)
        self.assertTrue(purpose.take(TICKET, " CHG17\n"))
        self.assertEqual((purpose.ticket, purpose.lacking), ("CHG17", REASON))
        self.assertIn("needs a reason: ssh -o SetEnv='OSTIARY_REASON", purpose.words())
        self.assertFalse(purpose.take(REASON, "..."))
        self.assertTrue(purpose.take(REASON, "disk\x1b[2J full"))
        self.assertEqual((purpose.reason, purpose.lacking), ("disk [2J full", ""))
        self.assertEqual(purpose.text, "CHG17: disk [2J full")

    @given(st.text(max_size=300))
    def test_whatever_is_said_is_one_printable_line(self, text: str) -> None:
        """Or is not taken."""
        purpose = Purpose(True, ())
        if purpose.take(REASON, text):
            self.assertTrue(purpose.reason.isprintable() and len(purpose.reason) <= LONGEST)
        else:
            self.assertEqual(purpose.reason, "")
