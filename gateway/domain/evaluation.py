"""What is asked about a file, what inspectors answer, and what that decides.

The rule: a file passes a binding rule when every inspector the rule names has answered and none denied it. An
inspector that failed, timed out or did not answer denies, unless its own ``on_error`` (or, where it sets none, the
rule's) says ``allow``. Rules that only observe decide nothing; they say what would have happened.

The gate asks with :class:`Consider`, :class:`Evaluate` and :class:`Keep`; somebody outside answers.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Protocol

import attrs

from gateway.domain.entries import Names, TransferRule
from gateway.domain.rules import STRENGTH


class Decision(enum.Enum):
    """Say what becomes of a file."""

    ALLOW = "allow"
    DENY = "deny"
    QUARANTINE = "quarantine"
    """Denied, and the file is kept for an admin to look at."""
    ABSTAIN = "abstain"
    """No opinion: the others decide."""


@attrs.frozen
class Verdict:
    """What one inspector says of one file.

    ``code`` is a stable word for programs, ``reason`` is shown to the operator, ``detail`` to admins only;
    ``score`` is added to the session's risk.
    """

    decision: Decision
    code: str = ""
    reason: str = ""
    detail: str = ""
    score: int = 0
    tags: Names = ()


@attrs.frozen
class Transfer:
    """What is known of a transfer before its bytes.

    ``path`` is the path as the operator asked for it, ``real`` the same with the real path of its deepest existing
    parent. Names that are not UTF-8 carry surrogate escapes. ``size`` in bytes, where it is known.
    """

    direction: str
    """``upload`` or ``download``."""
    protocol: str
    """``sftp`` or ``scp``."""
    path: str
    real: str
    operator: str
    target: str
    account: str
    session: str
    size: int | None = None
    resumed: bool = False
    """Whether an upload changes a file that was there: what is evaluated is the whole file as it would become."""


class Spooled(Protocol):
    """A whole file, kept by the gateway while it is evaluated; it does not change any more."""

    @property
    def size(self) -> int:
        """Its bytes."""

    @property
    def sha256(self) -> str:
        """Its SHA-256 in hex."""

    @property
    def path(self) -> str:
        """Where it lies (mode 0600); it may be read and not changed."""

    def open(self) -> BinaryIO:
        """Open it for reading; call it from a thread."""


@attrs.frozen
class Consider:
    """Ask the named inspectors whether what is known before the first byte decides already.

    The answer is ``tuple[Given, ...]``: only of inspectors that deny by that alone; empty where none does.
    """

    transfer: Transfer
    inspectors: Names


@attrs.frozen
class Evaluate:
    """Ask the named inspectors about a whole file. The answer is :class:`Answers`, one :class:`Given` for each name."""

    transfer: Transfer
    inspectors: Names
    spooled: Spooled


@attrs.frozen
class Keep:
    """Ask to have a file put into quarantine. The answer is its id, or empty where that failed (told by a fact)."""

    transfer: Transfer
    spooled: Spooled
    given: tuple[Given, ...]
    rule: str


@attrs.frozen
class Given:
    """What one inspector answered: a verdict, or why there is none."""

    inspector: str
    verdict: Verdict | None
    error: str = ""
    """Why there is no verdict: ``timed out``, ``failed`` …; a word for facts."""
    on_error: str = ""
    """The inspector's own ``on_error``: ``deny``, ``allow``, or empty where it sets none."""
    seconds: float = 0.0


@attrs.frozen
class Answers:
    """What the inspectors said of a whole file; ``kind`` is the type found by its signature, empty where unknown."""

    given: tuple[Given, ...]
    kind: str = ""


@attrs.frozen
class Evaluation:
    """What the answers decide under the frozen rules."""

    decision: Decision
    rule: str = ""
    """The rule that denies."""
    action: str = ""
    """What else it wants: ``deny``, ``lock``, ``interrupt`` or ``deactivate``."""
    reason: str = ""
    """In words for the operator."""
    score: int = 0
    observed: Names = ()
    """Rules that only observe and would have denied."""
    verdicts: Names = ()
    """One ``inspector:decision[:code]`` for each answer, for facts."""
    given: tuple[Given, ...] = ()
    """The answers themselves."""

    @property
    def denies(self) -> bool:
        """Say whether the file must not pass."""
        return self.decision in (Decision.DENY, Decision.QUARANTINE)


def applying(rules: Iterable[TransferRule], direction: str) -> tuple[TransferRule, ...]:
    """Return the rules that are about a direction."""
    return tuple(rule for rule in rules if rule.direction in (direction, "both"))


def binding(rules: Iterable[TransferRule], enforce: bool) -> tuple[TransferRule, ...]:
    """Return the rules that decide; ``enforce`` False: the grant only observes."""
    return tuple(rule for rule in rules if enforce and rule.mode == "enforce")


def inspectors_of(rules: Iterable[TransferRule]) -> Names:
    """Return the names of all inspectors the rules name, each once."""
    return tuple(dict.fromkeys(name for rule in rules for name in rule.inspectors))


def decide(rules: Sequence[TransferRule], given: Sequence[Given], enforce: bool, whole: bool = True) -> Evaluation:
    """Decide by the answers; with ``whole`` an inspector that did not answer at all has failed."""
    answers = {each.inspector: each for each in given}
    deciding = binding(rules, enforce)
    found = [(rule, each) for rule in rules for each in _denying(rule, answers, whole)]
    hits = [(rule, each) for rule, each in found if rule in deciding]
    observed = tuple(dict.fromkeys(rule.name for rule, _ in found if rule not in deciding))
    score = sum(each.verdict.score for each in given if each.verdict is not None)
    verdicts = tuple(map(_shown, given))
    if not hits:
        return Evaluation(Decision.ALLOW, score=score, observed=observed, verdicts=verdicts, given=tuple(given))
    rule, first = max(hits, key=lambda hit: STRENGTH.index(_action(*hit)))
    kept = any(each.verdict is not None and each.verdict.decision is Decision.QUARANTINE for _, each in hits)
    decision = Decision.QUARANTINE if kept else Decision.DENY
    action = _action(rule, first)
    return Evaluation(decision, rule.name, action, _reason(first), score, observed, verdicts, tuple(given))


def _denying(rule: TransferRule, answers: dict[str, Given], whole: bool) -> Iterator[Given]:
    for name in rule.inspectors:
        each = answers.get(name)
        if each is None:
            if not whole:
                continue
            each = Given(name, None, "did not answer")
        if each.verdict is None:
            if (each.on_error or rule.on_error) != "allow":
                yield each
        elif each.verdict.decision in (Decision.DENY, Decision.QUARANTINE):
            yield each


def _action(rule: TransferRule, given: Given) -> str:
    """Return what a denial wants: a failure denies and no more, for it says nothing of the operator."""
    return "deny" if given.verdict is None else rule.action


def _reason(given: Given) -> str:
    if given.verdict is None:
        return f"inspector {given.inspector} could not evaluate it ({given.error})"
    return given.verdict.reason or given.verdict.code or f"inspector {given.inspector} denied it"


def _shown(given: Given) -> str:
    if given.verdict is None:
        return f"{given.inspector}:error:{given.error}"
    code = f":{given.verdict.code}" if given.verdict.code else ""
    return f"{given.inspector}:{given.verdict.decision.value}{code}"
