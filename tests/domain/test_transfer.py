"""What every gate of transfers shares: rules by direction, one fact a file, one line for a denial."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.depot import Question
from gateway.domain.entries import TransferRule
from gateway.domain.evaluation import Decision, Evaluate, Evaluation, Verdict
from gateway.domain.facts import Fact
from gateway.domain.lane import EndSession, GiveOrder, Notice, OrderKind, Tell
from gateway.domain.passage import Passage
from gateway.domain.risk import Risk
from gateway.domain.transfer import Desk, text
from tests.domain.depots import Depot, Hashing
from tests.domain.policies import policy

UP = TransferRule("up", "upload", ("clamd",))
WATCH = TransferRule("watch", "download", ("clamd",), mode="observe")


class DeskTests(SynchronousTestCase):
    """One channel's transfers."""

    def setUp(self) -> None:
        self.depot, self.risk = Depot(), Risk()
        frozen = attrs.evolve(policy(), transfers=(UP, WATCH))
        self.desk = Desk(frozen, self.depot, self.risk, "S-1", 2, "sftp")
        self.transfer = self.desk.transfer("upload", b"a", b"/home/a", size=3)

    def run_part(self, part: Any) -> tuple[Any, list[Any]]:
        """Run a part of a job; return its value and its effects."""
        effects: list[Any] = []
        answer = None
        while True:
            try:
                step = part.send(answer)
            except StopIteration as stop:
                return stop.value, effects
            answer = self.depot.answer(step.question) if isinstance(step, Question) else effects.append(step)

    def test_rules_decide_or_observe_by_direction(self) -> None:
        """A grant that only observes decides nothing."""
        self.assertEqual((self.desk.decides("upload"), self.desk.observes("upload")), (True, False))
        self.assertEqual((self.desk.decides("download"), self.desk.observes("download")), (False, True))
        frozen = attrs.evolve(policy(mode="observe"), transfers=(UP,))
        lenient = attrs.evolve(self.desk, policy=frozen)
        self.assertEqual((lenient.decides("upload"), lenient.observes("upload")), (False, True))
        self.assertFalse(lenient.observes("download"))

    def test_a_transfer_says_who_and_where(self) -> None:
        """Names that are not UTF-8 survive."""
        self.assertEqual((self.transfer.operator, self.transfer.target), ("alice", "web1"))
        self.assertEqual((self.transfer.real, self.transfer.size), ("/home/a", 3))
        self.assertEqual(text(b"\xff").encode("utf-8", "surrogateescape"), b"\xff")

    def test_a_file_is_weighed_when_it_is_settled(self) -> None:
        """Its score goes to the session's risk."""
        self.depot.verdict = Verdict(Decision.DENY, score=9)
        kept = self.depot.create()
        (found, kind), _ = self.run_part(self.desk.weighed(self.transfer, kept))
        self.assertEqual((found.denies, kind, self.risk.score), (True, "text", 9))
        kept.failed = "no room"
        (found, kind), _ = self.run_part(self.desk.weighed(self.transfer, kept))
        self.assertEqual((found.denies, found.reason, kind), (True, "no room", ""))

    def test_a_name_is_considered(self) -> None:
        """Nothing said is nothing decided."""
        found, _ = self.run_part(self.desk.considered(self.transfer))
        self.assertFalse(found.denies)
        self.depot.naming = Verdict(Decision.DENY)
        found, _ = self.run_part(self.desk.considered(self.transfer))
        self.assertTrue(found.denies)

    def test_who_waits_is_told_in_time(self) -> None:
        """Only while something is evaluated."""
        self.assertEqual((self.desk.due, list(self.desk.patience())), (None, []))
        part = self.desk.weighed(self.transfer, self.depot.create())
        part.send(None)
        step = part.send("")
        self.assertIsInstance(step.question, Evaluate)
        self.assertEqual(self.desk.due, 2.0)
        self.desk.at = 2.5
        self.assertEqual(list(self.desk.patience()), [Notice("a is being evaluated (2 s)")])
        self.assertEqual((self.desk.due, list(self.desk.patience())), (12.5, []))

    def test_a_denial_is_one_fact_and_one_line(self) -> None:
        """Quarantined where it was kept; without a rule where the gateway itself failed."""
        found = Evaluation(Decision.DENY, "up", "deny", "no")
        _, effects = self.run_part(self.desk.denied(self.transfer, found, self.depot.create()))
        self.assertEqual((effects[0].fact.kind, len(effects)), ("file.denied", 2))
        found = Evaluation(Decision.QUARANTINE, "up", "deny", "it is\ninfected")
        _, effects = self.run_part(self.desk.denied(self.transfer, found, self.depot.create()))
        told, said = effects
        self.assertEqual((told.fact.kind, told.fact.body["quarantine"]), ("file.quarantined", "Q-1"))
        self.assertEqual(said.text, "upload of a denied: it is\N{REPLACEMENT CHARACTER}infected (rule up)")
        _, effects = self.run_part(self.desk.denied(self.transfer, Evaluation(Decision.DENY, reason="full")))
        self.assertEqual((effects[0].fact.kind, effects[1].text), ("file.denied", "upload of a denied: full"))

    def test_actions_are_done_as_for_commands(self) -> None:
        """Deny alone does nothing more."""
        words = "a file was denied (rule up); the session is over"
        for action, effects in (
            ("deny", []), ("interrupt", [EndSession(79, "rule_interrupt:up", words)]),
            ("deactivate", [GiveOrder(OrderKind.DEACTIVATE, "up"), EndSession(79, "rule_deactivate:up", None)]),
            ("lock", [GiveOrder(OrderKind.LOCK, "up")]),
        ):  # fmt: skip
            self.assertEqual(list(self.desk.acted(Evaluation(Decision.DENY, "up", action))), effects)

    def test_what_passed_is_told_with_its_digest(self) -> None:
        """Whole only where all of it was seen in order."""
        passage = Passage(Hashing(), whole=True)
        passage.take(0, b"x")
        told = self.desk.passed(self.transfer, passage, 0.0, "transferred").fact.body
        self.assertEqual((told["bytes"], told["whole"], told["real"], told["channel"]), (1, True, "/home/a", 2))
        self.assertIsInstance(self.desk.told(self.transfer, outcome="failed"), Tell)

    def test_who_only_observes_reports_later(self) -> None:
        """What would have been denied, and nothing where nothing would."""
        for verdict, would in ((Verdict(Decision.DENY, score=2), ["watch"]), (Verdict(Decision.ALLOW), None)):
            self.depot.verdict = verdict
            passage = Passage(Hashing(), copy=self.depot.create())
            self.desk.observed(self.desk.transfer("download", b"a", b"a"), passage, 0.0, "transferred")
            fact: Fact = self.depot.observed[-1]
            self.assertEqual((fact.kind, fact.body.get("would_deny")), ("file.transferred", would))
        self.assertEqual(self.risk.score, 2)
