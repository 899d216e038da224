"""Who may reach what, by which grant, and what stands in the way: pure answers over one snapshot.

The rule: a row is there for everybody whom a grant names, also where something stands in the way; the row says what.
Rows are JSON values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from gateway.directory.source import Reach, windows
from gateway.domain.entries import GrantRule, Names, Target, User
from gateway.domain.grant import ALWAYS, Question, Window, names_target, obstacle
from gateway.domain.policy import Restrictions, unite, united_rights
from gateway.domain.snapshot import Snapshot, matches_any

Row = dict[str, Any]


@attrs.frozen
class Judged:
    """What some grants together give now: those that are open, else all of them as they would."""

    applies: bool
    grants: Names
    rights: Names
    conditions: tuple[str, ...]
    closings: tuple[str, ...]


def judge(naming: tuple[GrantRule, ...], now: float) -> Judged:
    """Judge grants that name a target and account by their times."""
    open_now = windows(naming, now)
    applying = tuple(grant for grant in naming if not _closed(grant, open_now, now))
    told = applying or naming
    names = tuple(grant.name for grant in told)
    closings = tuple(_closings(naming, open_now, now))
    return Judged(bool(applying), names, united_rights(told), tuple(_conditions(told)), closings)


@attrs.frozen
class Access:
    """Answer for one snapshot and moment; ``deactivated`` says whether an order has switched a user off."""

    snapshot: Snapshot
    now: float
    deactivated: Callable[[str], bool]
    reach: Reach = attrs.field(default=attrs.Factory(lambda self: Reach(self.snapshot), takes_self=True))
    _judgements: dict[Names, Judged] = attrs.field(factory=dict, init=False, repr=False)

    def who(self, target: str) -> list[Row]:
        """Return who may reach a target, as which account; raise KeyError for an unknown target."""
        known = self.snapshot.target[target]
        naming = {name for name, grant in self.snapshot.grant.items() if names_target(grant, known)}
        answers: dict[Names, list[Row]] = {}
        rows: list[Row] = []
        for name in sorted(self.snapshot.user):
            user = self.snapshot.user[name]
            grants = tuple(grant for grant in self.snapshot.grants_of(user) if grant.name in naming)
            if not grants:
                continue
            names = tuple(grant.name for grant in grants)
            if names not in answers:
                answers[names] = list(self._rows(known, grants))
            barred = self._bars(user)
            rows += [_row(user, row, barred) for row in answers[names]]
        return rows

    def what(self, name: str) -> list[Row]:
        """Return what a user may reach; raise KeyError for an unknown user."""
        user = self.snapshot.user[name]
        grants_at: dict[str, list[GrantRule]] = {}
        for grant in self.snapshot.grants_of(user):
            for target in self.snapshot.targets_of(grant):
                grants_at.setdefault(target, []).append(grant)
        barred = self._bars(user)
        return [
            _row(user, row, barred)
            for target in sorted(grants_at)
            for row in self._rows(self.snapshot.target[target], tuple(grants_at[target]))
        ]

    def why(self, name: str, account: str, target: str, source: str = "") -> Row:
        """Return whether a user may work as an account on a target, and all that stands in the way.

        Without a ``source`` the origin is not judged but told. Raises KeyError for an unknown user or target.
        """
        user, known = self.snapshot.user[name], self.snapshot.target[target]
        held = self.snapshot.grants_of(user)
        question = Question(user, target, account, source, self.now, windows(held, self.now))
        applying = [grant for grant in held if self._obstacle(grant, question, known) is None]
        ways = [*self._bars(user), *self._ways(known, account)]
        return {
            "user": name, "account": account, "target": target,
            "allowed": bool(applying) and not ways,
            "grants": [grant.name for grant in applying],
            "rights": list(united_rights(applying)),
            "conditions": _conditions(applying),
            "obstacles": [*ways, *self._others(held, question, known)],
        }  # fmt: skip

    def _others(self, held: Sequence[GrantRule], question: Question, target: Target) -> list[str]:
        if not held:
            return [f"no grant names user {question.user.name} or one of his groups"]
        found = ((grant.name, self._obstacle(grant, question, target)) for grant in held)
        return [f"grant {name} {words}" for name, words in found if words is not None]

    def _obstacle(self, grant: GrantRule, question: Question, target: Target) -> str | None:
        if not question.source:
            grant = attrs.evolve(grant, origin=())
        return obstacle(grant, question, target)

    def _rows(self, target: Target, grants: tuple[GrantRule, ...]) -> Iterator[Row]:
        accounts = {each for grant in grants for each in self.reach.accounts(target.name, grant.accounts)}
        for account in sorted(accounts):
            judged = self._judged(tuple(grant for grant in grants if matches_any(grant.accounts, account)))
            ways = list(self._ways(target, account))
            yield {
                "account": account, "target": target.name, "allowed": judged.applies and not ways,
                "grants": list(judged.grants), "rights": list(judged.rights), "conditions": list(judged.conditions),
                "obstacles": [*ways, *judged.closings],
            }  # fmt: skip

    def _judged(self, naming: tuple[GrantRule, ...]) -> Judged:
        names = tuple(grant.name for grant in naming)
        if names not in self._judgements:
            self._judgements[names] = judge(naming, self.now)
        return self._judgements[names]

    def _bars(self, user: User) -> list[str]:
        found = []
        if not user.active or self.deactivated(user.name):
            found.append(f"user {user.name} is switched off")
        return found

    def _ways(self, target: Target, account: str) -> Iterator[str]:
        credentials = len(self.snapshot.credentials_for(target.name, account))
        if credentials != 1:
            yield f"{'no credential' if not credentials else 'several credentials'} for {account}@{target.name}"
        if not target.host_keys and not target.host_ca:
            yield f"no host key of {target.name} is trusted yet: `target trust {target.name}`"


def _row(user: User, row: Row, barred: list[str]) -> Row:
    told = {"user": user.name, **row}
    if user.origin:
        told["conditions"] = [*row["conditions"], f"user from {', '.join(user.origin)}"]
    if barred:
        told |= {"allowed": False, "obstacles": [*barred, *row["obstacles"]]}
    return told


def _closed(grant: GrantRule, open_now: Mapping[str, Window], now: float) -> str | None:
    if grant.until is not None and now >= grant.until:
        return "has expired"
    return None if open_now.get(grant.name, ALWAYS).open else f"is closed at this hour ({grant.hours})"


def _closings(grants: Iterable[GrantRule], open_now: Mapping[str, Window], now: float) -> Iterator[str]:
    for grant in grants:
        words = _closed(grant, open_now, now)
        if words is not None:
            yield f"grant {grant.name} {words}"


def _conditions(grants: Sequence[GrantRule]) -> list[str]:
    if not grants:
        return []
    limits = unite(grants)
    found = [words for asks, words in CONDITIONS if asks(limits)]
    found += [f"grant {grant.name} from {', '.join(grant.origin)}" for grant in grants if grant.origin]
    return found + [f"within {hours}" for hours in limits.hours]


CONDITIONS: tuple[tuple[Callable[[Restrictions], bool], str], ...] = (
    (lambda limits: limits.second_factor != "none", "second factor"),
    (lambda limits: limits.approval > 0, "approval"),
    (lambda limits: limits.present > 0, "somebody watching"),
    (lambda limits: limits.reason != "none", "a reason"),
    (lambda limits: bool(limits.tickets), "a ticket"),
    (lambda limits: limits.allow_only, "allowed commands only"),
)
"""What a session under these restrictions asks for, in words."""
