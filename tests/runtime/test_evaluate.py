"""Tests of gateway/runtime/evaluate.py: whatever an inspector does, its question gets an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from gateway.domain.entries import Inspector
from gateway.domain.evaluation import Answers, Consider, Decision, Evaluate, Given, Keep, Spooled, Transfer, Verdict
from gateway.interfaces import IFileInspector, IInspection, IInspectors
from gateway.runtime.evaluate import CHUNK, BadAnswer, Evaluator, checked, evaluator
from tests.inspectors.files import kept, transfer

ALLOW, DENY = Verdict(Decision.ALLOW), Verdict(Decision.DENY, "bad", "it is bad", score=3)


def at_once(function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
    """Run a function here."""
    return maybeDeferred(function, *arguments)


@implementer(IFileInspector, IInspection)
@attrs.define
class Scripted:
    """An inspector that does what a test says."""

    finish_with: Callable[[Spooled], Any] = lambda spooled: ALLOW
    data_with: Callable[[int, bytes], Any] = lambda offset, chunk: None
    begin_with: Callable[[Transfer], Any] | None = None
    wanted: Any = True
    seen: list[tuple[int, int]] = attrs.field(factory=list)
    aborted: list[str] = attrs.field(factory=list)

    def wants(self, transfer: Transfer) -> Any:
        """Say what the test says."""
        return self.wanted

    def begin(self, transfer: Transfer) -> Any:
        """Begin, or decide."""
        return self if self.begin_with is None else self.begin_with(transfer)

    def data(self, offset: int, chunk: bytes) -> Any:
        """Note what came."""
        self.seen.append((offset, len(chunk)))
        return self.data_with(offset, chunk)

    def finish(self, spooled: Spooled) -> Any:
        """Decide."""
        return self.finish_with(spooled)

    def abort(self, reason: str) -> None:
        """Note why."""
        self.aborted.append(reason)


@implementer(IInspectors)
@attrs.define
class Shelf:
    """The inspectors of a test, by name."""

    made: dict[str, Any]
    asked: list[Inspector] = attrs.field(factory=list)

    def configured(self, inspector: Inspector) -> Deferred[IFileInspector]:
        """Give one, or fail with the exception that stands in its place."""
        self.asked.append(inspector)
        found = self.made[inspector.name]
        return fail(found) if isinstance(found, Exception) else succeed(found)


class EvaluateCase(SynchronousTestCase):
    """A clock, and inspectors by name."""

    def setUp(self) -> None:
        """Set the clock."""
        self.clock = Clock()

    def made(self, settings: str = "{}", **inspectors: Any) -> Evaluator:
        """Return an evaluator of scripted inspectors, all with the same settings."""
        entries = [Inspector(name, name, settings) for name in inspectors]
        return evaluator(entries, Shelf(inspectors), self.clock, at_once)

    def begin(self, evaluator: Evaluator, *names: str, content: bytes = b"content") -> Deferred[Answers]:
        """Ask about a file."""
        question = Evaluate(transfer(), names or tuple(evaluator._bound), kept(content, self.mktemp_folder()))
        answering: Deferred[Answers] = evaluator.answering()[Evaluate](None, question)  # type: ignore[arg-type]
        return answering

    def mktemp_folder(self) -> str:
        """Return a new folder."""
        import os

        folder = self.mktemp()
        os.makedirs(folder)
        return folder

    def given(self, settings: str = "{}", **inspectors: Any) -> dict[str, Given]:
        """Return all answers, by name."""
        answers = self.successResultOf(self.begin(self.made(settings, **inspectors)))
        return {each.inspector: each for each in answers.given}

    def error(self, inspector: Any) -> str:
        """Return the word for what became of one inspector that gives no verdict."""
        found = self.given(one=inspector)["one"]
        self.assertIsNone(found.verdict)
        return found.error


class EvaluateTests(EvaluateCase):
    """Questions about whole files."""

    def test_each_inspector_answers(self) -> None:
        """One allows and one denies."""
        found = self.given(one=Scripted(), two=Scripted(lambda spooled: succeed(DENY)))
        self.assertEqual([found["one"].verdict, found["two"].verdict], [ALLOW, DENY])

    def test_bytes_come_in_order_and_whole(self) -> None:
        """In chunks without gaps; the last one is shorter."""
        inspector = Scripted()
        self.successResultOf(self.begin(self.made(one=inspector), content=b"x" * (CHUNK + 5)))
        self.assertEqual((inspector.seen, inspector.aborted), ([(0, CHUNK), (CHUNK, 5)], []))

    def test_an_early_denial_ends_it(self) -> None:
        """The rest is not given, and the inspection is told to forget."""
        inspector = Scripted(data_with=lambda offset, chunk: DENY)
        found = self.successResultOf(self.begin(self.made(one=inspector), content=b"x" * (3 * CHUNK)))
        self.assertEqual((found.given[0].verdict, len(inspector.seen), len(inspector.aborted)), (DENY, 1, 1))

    def test_the_next_bytes_wait_for_the_last(self) -> None:
        """A Deferred of data() is back-pressure."""
        slow: Deferred[None] = Deferred()
        inspector = Scripted(data_with=lambda offset, chunk: slow)
        asked = self.begin(self.made(one=inspector), content=b"x" * (2 * CHUNK))
        self.assertEqual(len(inspector.seen), 1)
        inspector.data_with = lambda offset, chunk: None
        slow.callback(None)
        self.assertEqual((self.successResultOf(asked).given[0].verdict, len(inspector.seen)), (ALLOW, 2))

    def test_one_that_wants_nothing_abstains(self) -> None:
        """It is not begun."""
        self.assertEqual(self.given(one=Scripted(wanted=False))["one"].verdict, Verdict(Decision.ABSTAIN))

    def test_the_type_is_said(self) -> None:
        """By the first bytes."""
        self.assertEqual(self.successResultOf(self.begin(self.made(), content=b"\x7fELF")).kind, "elf")

    def test_settings_of_every_inspector_count(self) -> None:
        """Score and quarantine go with a denial; ``on_error`` with every answer."""
        settings = '{"score": 40, "quarantine": true, "on_error": "allow"}'
        found = self.given(settings, one=Scripted(lambda spooled: DENY), two=Scripted())
        verdict = found["one"].verdict
        self.assertIsNotNone(verdict)
        self.assertEqual(verdict and (verdict.decision, verdict.score), (Decision.QUARANTINE, 43))
        self.assertEqual((found["two"].verdict, found["two"].on_error), (ALLOW, "allow"))


class BadInspectorTests(EvaluateCase):
    """Inspectors that raise, hang, lie and flood."""

    def test_one_that_raises_has_failed(self) -> None:
        """Wherever it raises, at once or later, and whatever."""

        def wrong(*arguments: Any) -> Any:
            raise RuntimeError("broken")

        for inspector in (
            Scripted(finish_with=wrong), Scripted(data_with=wrong), Scripted(begin_with=wrong),
            Scripted(lambda spooled: fail(SystemExit(1))), Scripted(wanted=fail(OSError("gone"))), ValueError("bad"),
        ):  # fmt: skip
            self.assertEqual(self.error(inspector), "failed")

    def test_one_that_hangs_times_out(self) -> None:
        """After its own time-out; the others have answered, and it is told to forget."""
        hanging = Scripted(lambda spooled: Deferred())
        asked = self.begin(self.made('{"timeout": "7s"}', one=hanging, two=Scripted()))
        self.clock.advance(6.9)
        self.assertNoResult(asked)
        self.clock.advance(0.2)
        found = self.successResultOf(asked).given
        self.assertEqual([(each.error, each.verdict) for each in found], [("timed out", None), ("", ALLOW)])

    def test_one_that_can_not_be_cancelled_times_out_too(self) -> None:
        """A canceller that raises holds up nobody."""

        def refuse(cancelled: Deferred[Any]) -> None:
            raise RuntimeError("no")

        asked = self.begin(self.made(one=Scripted(lambda spooled: Deferred(refuse))))
        self.clock.advance(100)
        self.assertEqual(self.successResultOf(asked).given[0].error, "timed out")

    def test_an_answer_after_the_time_is_no_answer(self) -> None:
        """It changes nothing any more."""
        late: Deferred[Verdict] = Deferred(lambda _: None)
        asked = self.begin(self.made(one=Scripted(lambda spooled: late)))
        self.clock.advance(100)
        self.assertEqual(self.successResultOf(asked).given[0].error, "timed out")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_that_lies_gave_no_verdict(self) -> None:
        """None, a text, a verdict with parts of another kind."""
        for lie in (None, "allow", Verdict("allow"), Verdict(Decision.ALLOW, score=True),  # type: ignore[arg-type]
                    Verdict(Decision.ALLOW, reason=7), Verdict(Decision.ALLOW, tags="x")):  # type: ignore[arg-type]
            self.assertEqual(self.error(Scripted(lambda spooled, lie=lie: lie)), "gave no verdict")  # type: ignore[misc]

    def test_one_that_floods_is_cut(self) -> None:
        """Words are short, on one line and harmless; a score is bounded."""
        flood = Verdict(Decision.DENY, "a b\n" * 99, "\x1b[31mred\n" * 99_999, "x" * 99_999, 10**9, ("t" * 999,) * 99)
        found = self.given(one=Scripted(lambda spooled: flood))["one"].verdict
        self.assertIsNotNone(found)
        sizes = found and (len(found.code), len(found.reason), len(found.detail), found.score, len(found.tags))
        self.assertEqual(sizes, (64, 200, 2000, 10_000, 16))
        self.assertNotIn("\x1b", found.reason if found else "\x1b")

    def test_a_name_that_was_not_frozen_is_an_error(self) -> None:
        """It is not looked for."""
        found = self.successResultOf(self.begin(self.made(), "stranger"))
        self.assertEqual(found.given[0].error, "not frozen with the policy")

    def test_a_question_that_nobody_waits_for_is_given_up(self) -> None:
        """The inspection is told to forget, and no timer is left."""
        hanging = Scripted(lambda spooled: Deferred())
        asked = self.begin(self.made(one=hanging))
        asked.cancel()
        self.successResultOf(asked.addErrback(lambda _: None))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    @given(st.builds(
        Verdict, st.sampled_from([*Decision, "allow", None]), st.text() | st.none(), st.text(), st.text() | st.binary(),
        st.integers() | st.floats(), st.tuples(st.text()) | st.lists(st.text()),
    ))  # fmt: skip
    def test_any_verdict_is_bounded_or_refused(self, verdict: Verdict) -> None:
        """Nothing else is raised."""
        try:
            found = checked(verdict)
        except BadAnswer:
            return
        self.assertTrue(found.reason.isprintable() and len(found.reason) <= 200 and 0 <= found.score <= 10_000)


class ConsiderTests(EvaluateCase):
    """Questions about names alone."""

    def consider(self, **inspectors: Any) -> tuple[Given, ...]:
        """Ask all of them."""
        made = self.made(**inspectors)
        question = Consider(transfer(), tuple(inspectors))
        return self.successResultOf(made.answering()[Consider](None, question))  # type: ignore[arg-type,no-any-return]

    def test_only_denials_count(self) -> None:
        """Who allows, fails or must see the bytes is not among the answers."""
        waiting = Scripted()
        found = self.consider(
            one=Scripted(begin_with=lambda transfer: DENY), two=Scripted(begin_with=lambda transfer: ALLOW),
            three=waiting, four=ValueError("bad"),
        )  # fmt: skip
        self.assertEqual([each.inspector for each in found], ["one"])
        self.assertEqual(waiting.aborted, ["only asked by name"])


class KeepTests(EvaluateCase):
    """Questions for quarantine."""

    def test_without_a_quarantine_nothing_is_kept(self) -> None:
        """The id is empty."""
        question = Keep(transfer(), kept(b"x", self.mktemp_folder()), (), "rule")
        found = self.made().answering()[Keep](None, question)  # type: ignore[arg-type]
        self.assertEqual(self.successResultOf(found), "")
