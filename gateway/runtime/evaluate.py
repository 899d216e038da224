"""Ask a session's frozen inspectors about its files.

The rule: every question gets an answer. What an inspector raises, lies or never says becomes a :class:`Given` with an
error in place of a verdict, and the domain decides what that means; nothing an inspector does reaches the session in
any other way. All inspectors of a question work at the same time; what they say is cut to bounds before anybody
sees it.

Known limits: an inspector of a third party runs in this process; one that blocks the reactor holds up the node, and
is named in the log. A file is given to inspectors when all of it is there, not while it still comes.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, BinaryIO, Final, TypeVar

import attrs
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.entries import Inspector
from gateway.domain.evaluation import Answers, Consider, Decision, Evaluate, Given, Keep, Transfer, Verdict
from gateway.domain.signatures import HEAD, kind_of
from gateway.interfaces import IFileInspector, IInspection, IInspectors, IQuarantine
from gateway.runtime.bound import Bound
from gateway.runtime.run import Answering

log = Logger()

CHUNK: Final = 512 * 1024
"""Bytes given to an inspection at once."""
PATIENCE, PACE = 30.0, 5_000_000
"""Seconds, and bytes a second more, that an inspector may take where its settings say nothing."""
NAMING = 10.0
"""Seconds that an inspector may take to decide by the name alone, where its settings say nothing."""
SLOW = 0.05
"""Seconds of the reactor's time after which an inspector is named in the log."""
LONGEST_REASON, LONGEST_DETAIL, LONGEST_CODE, MOST_TAGS = 200, 2000, 64, 16
HIGHEST_SCORE = 10_000

_UNSHOWN = re.compile(r"[^\x20-\x7e\xa0-\uffff]+")
_UNCODED = re.compile(r"[^A-Za-z0-9._-]+")

Answer = TypeVar("Answer")
InThread = Callable[..., Deferred[Any]]


class BadAnswer(Exception):
    """An inspector answered with what is no answer; the word is for facts."""


@attrs.define(eq=False, repr=False)
class Evaluator:
    """Ask the inspectors of one session; made when its policy is frozen, so that what they are is settled then."""

    clock: IReactorTime
    in_thread: InThread
    quarantine: IQuarantine | None
    _bound: dict[str, Bound]

    async def consider(self, question: Consider) -> tuple[Given, ...]:
        """Return what denies by name, direction and size alone; an inspector that fails here is asked again later."""
        given = await self._all(question.inspectors, lambda bound: self._named(bound, question.transfer), NAMING)
        return tuple(each for each in given if each.verdict is not None and denies(each.verdict))

    async def evaluate(self, question: Evaluate) -> Answers:
        """Return one answer of each inspector about a whole file, and the type it has by its signature."""
        patience = PATIENCE + question.spooled.size / PACE
        given = await self._all(question.inspectors, lambda bound: self._whole(bound, question), patience)
        head = await self.in_thread(_head, question.spooled.open)
        return Answers(given, kind_of(head))

    async def keep(self, question: Keep) -> str:
        """Put a file into quarantine; return its id, empty where there is none or it failed (the fact says so)."""
        if self.quarantine is None:
            return ""
        verdicts = [_said(each) for each in question.given]
        return await self.quarantine.keep(question.transfer, question.spooled, verdicts, question.rule)

    def answering(self) -> Mapping[type, Answering]:
        """Return who answers a session's questions about files."""
        return {
            Consider: lambda run, question: Deferred.fromCoroutine(self.consider(question)),
            Evaluate: lambda run, question: Deferred.fromCoroutine(self.evaluate(question)),
            Keep: lambda run, question: Deferred.fromCoroutine(self.keep(question)),
        }

    async def _all(
        self, names: Sequence[str], ask: Callable[[Bound], Awaitable[Verdict]], patience: float
    ) -> tuple[Given, ...]:
        asked = [self._given(name, ask, patience) for name in names]
        return tuple(await gatherResults(asked))

    def _given(self, name: str, ask: Callable[[Bound], Awaitable[Verdict]], patience: float) -> Deferred[Given]:
        """Ask one inspector; the Deferred fires with an answer whatever that inspector does."""
        bound = self._bound.get(name)
        if bound is None:
            return maybeDeferred(Given, name, None, "not frozen with the policy")
        began = self.clock.seconds()

        def answered(verdict: Verdict) -> Given:
            return Given(name, bound.said(checked(verdict)), "", bound.on_error, self.clock.seconds() - began)

        def failed(failure: Failure) -> Given:
            word = _word(failure)
            log.warn("inspector {name}: {word}: {words}", name=name, word=word, words=failure.getErrorMessage()[:500])
            return Given(name, None, word, bound.on_error, self.clock.seconds() - began)

        answer = self._within(_coroutine(ask, bound), bound.timeout or patience)
        return answer.addCallback(answered).addErrback(failed)

    def _within(self, asked: Deferred[Answer], seconds: float) -> Deferred[Answer]:
        """Fire as another Deferred does, or fail after a time whatever that one does when it is cancelled."""
        outcome: Deferred[Answer] = Deferred(lambda _: give_up())

        def give_up() -> None:
            # A canceller is the inspector's too: it may raise, and it may never fire.
            maybeDeferred(asked.cancel).addErrback(_ignored)

        def late() -> None:
            if not outcome.called:
                outcome.errback(BadAnswer("timed out"))
                give_up()

        timer = self.clock.callLater(seconds, late)

        def settled(result: Any) -> None:
            if timer.active():
                timer.cancel()
            if not outcome.called:
                outcome.callback(result) if not isinstance(result, Failure) else outcome.errback(result)

        asked.addBoth(settled)
        return outcome

    async def _named(self, bound: Bound, transfer: Transfer) -> Verdict:
        begun = await self._begun(bound, transfer)
        if isinstance(begun, Verdict):
            return begun
        if begun is not None:
            await self._call(bound, begun.abort, "only asked by name")
        return Verdict(Decision.ABSTAIN)

    async def _begun(self, bound: Bound, transfer: Transfer) -> IInspection | Verdict | None:
        inspector: IFileInspector = await bound.inspector()
        if not await self._call(bound, inspector.wants, transfer):
            return None
        begun: IInspection | Verdict = await self._call(bound, inspector.begin, transfer)
        return begun

    async def _whole(self, bound: Bound, question: Evaluate) -> Verdict:
        begun = await self._begun(bound, question.transfer)
        if isinstance(begun, Verdict):
            return begun
        if begun is None:
            return Verdict(Decision.ABSTAIN)
        inspection, finished = begun, False
        try:
            verdict = await self._fed(bound, inspection, question)
            if verdict is None:
                finished = True
                verdict = await self._call(bound, inspection.finish, question.spooled)
            return verdict
        finally:
            if not finished:
                maybeDeferred(inspection.abort, "the evaluation ended").addErrback(_ignored)

    async def _fed(self, bound: Bound, inspection: IInspection, question: Evaluate) -> Verdict | None:
        """Give an inspection all bytes in order; return a verdict that it gave before the end."""
        if not getattr(inspection, "streams", True):
            return None
        opened: BinaryIO = await self.in_thread(question.spooled.open)
        try:
            offset = 0
            while chunk := await self.in_thread(opened.read, CHUNK):
                early = await self._call(bound, inspection.data, offset, chunk)
                if isinstance(early, Verdict) and denies(early):
                    return early
                offset += len(chunk)
        finally:
            await self.in_thread(opened.close)
        return None

    async def _call(self, bound: Bound, method: Callable[..., Any], *arguments: Any) -> Any:
        """Call a method of an inspector; name in the log one that holds up the reactor."""
        began = self.clock.seconds()
        called = maybeDeferred(method, *arguments)
        took = self.clock.seconds() - began
        if took > SLOW:
            log.warn("inspector {name} held up the node for {took:.3f} s", name=bound.name, took=took)
        return await called


def evaluator(
    inspectors: Sequence[Inspector], made: IInspectors, clock: IReactorTime, in_thread: InThread,
    quarantine: IQuarantine | None = None,
) -> Evaluator:  # fmt: skip
    """Return the evaluator of a session: its inspectors are made from the frozen settings, beginning now."""
    bound = {each.name: Bound.of(each, made.configured(each)) for each in inspectors}
    return Evaluator(clock, in_thread, quarantine, bound)


def denies(verdict: Verdict) -> bool:
    """Say whether a verdict keeps a file back."""
    return verdict.decision in (Decision.DENY, Decision.QUARANTINE)


def checked(verdict: object) -> Verdict:
    """Return a verdict cut to bounds; raises :exc:`BadAnswer` for what is none."""
    if not isinstance(verdict, Verdict) or not isinstance(verdict.decision, Decision):
        raise BadAnswer("gave no verdict")
    if type(verdict.score) is not int or not isinstance(verdict.tags, tuple):
        raise BadAnswer("gave no verdict")
    return Verdict(
        verdict.decision,
        _UNCODED.sub("_", _text(verdict.code))[:LONGEST_CODE],
        _line(verdict.reason, LONGEST_REASON),
        _line(verdict.detail, LONGEST_DETAIL),
        min(max(0, verdict.score), HIGHEST_SCORE),
        tuple(_line(tag, LONGEST_CODE) for tag in verdict.tags[:MOST_TAGS]),
    )


def _line(words: object, longest: int) -> str:
    return _UNSHOWN.sub(" ", _text(words)[: 2 * longest]).strip()[:longest]


def _text(words: object) -> str:
    if not isinstance(words, str):
        raise BadAnswer("gave no verdict")
    return words


def _word(failure: Failure) -> str:
    return str(failure.value) if isinstance(failure.value, BadAnswer) else "failed"


def _said(given: Given) -> dict[str, Any]:
    if given.verdict is None:
        return {"inspector": given.inspector, "decision": "error", "code": given.error}
    verdict = attrs.asdict(given.verdict, recurse=False)
    return {"inspector": given.inspector, **verdict, "decision": given.verdict.decision.value}


def _coroutine(ask: Callable[[Bound], Awaitable[Verdict]], bound: Bound) -> Deferred[Verdict]:
    async def asked() -> Verdict:
        return await ask(bound)

    return Deferred.fromCoroutine(asked())


def _ignored(failure: Failure) -> None:
    """Sink what an inspector raises when it is told to forget: its answer is settled already."""
    log.debug("an inspector failed to forget: {words}", words=failure.getErrorMessage()[:500])


def _head(opened: Callable[[], BinaryIO]) -> bytes:
    with opened() as file:
        return file.read(HEAD)
