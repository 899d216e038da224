"""What must hold in a whole directory, beyond each value being right by itself.

The rule: a name that refers to nothing is an error, for it would silently permit or forget something; groups and
accounts are free text. Of several credentials for an account none may be as near as another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs

from gateway.domain.entries import AuditedRule, Credential, GrantRule, Target, TransferRule, User
from gateway.domain.hops import read_jump
from gateway.domain.snapshot import Snapshot, is_glob, literal_prefix, matches


@attrs.frozen
class Fault:
    """One thing that does not hold: the entry, the key of it that is wrong, and words."""

    table: str
    name: str
    key: str
    words: str


def faults(snapshot: Snapshot) -> Iterator[Fault]:
    """Yield everything that does not hold in a directory."""
    for table, check in CHECKS.items():
        entries: Mapping[str, object] = getattr(snapshot, table)
        for name, entry in entries.items():
            for key, words in check(snapshot, entry):
                yield Fault(table, name, key, words)
    yield from _ties(snapshot)


Found = Iterator[tuple[str, str]]


def _user(snapshot: Snapshot, user: User) -> Found:
    if user.kind == "service":
        if user.password:
            yield "password", "a service has keys or certificates only"
        if user.second_factor != "none":
            yield "second_factor", "a service has no second factor"
        if set(user.roles) - {"operator"}:
            yield "roles", "a service can only be an operator"


def _target(snapshot: Snapshot, target: Target) -> Found:
    seen, hop = {target.name}, read_jump(target.jump)[1]
    while hop:
        if hop not in snapshot.target:
            yield "jump", f"there is no target {hop!r:.80} to jump through"
            return
        if hop in seen:
            yield "jump", f"the jump leads back to {hop}"
            return
        seen.add(hop)
        hop = read_jump(snapshot.target[hop].jump)[1]


def _credential(snapshot: Snapshot, credential: Credential) -> Found:
    if not is_glob(credential.target) and credential.target not in snapshot.target:
        yield "target", _nowhere("target", credential.target)
    if credential.kind == "certificate" and credential.secret != "store":
        yield "secret", "a certificate is made by the gateway's own CA and has no secret"


def _audited(snapshot: Snapshot, rule: AuditedRule) -> Found:
    yield from _scope(snapshot, rule)
    if bool(rule.attempts) != bool(rule.then):
        yield "then" if rule.then else "attempts", "attempts and then go together"
    if rule.services and "deactivate" not in (rule.action, rule.then):
        yield "services", "has a meaning for the action deactivate alone"


def _transfer(snapshot: Snapshot, rule: TransferRule) -> Found:
    yield from _scope(snapshot, rule)
    if not rule.inspectors:
        yield "inspectors", "names no inspector"
    yield from _dangling("inspectors", "inspector", rule.inspectors, snapshot.inspector)


def _scope(snapshot: Snapshot, rule: AuditedRule | TransferRule) -> Found:
    yield from _dangling("users", "user", rule.users, snapshot.user)
    yield from _dangling("targets", "target", rule.targets, snapshot.target)


def _grant(snapshot: Snapshot, grant: GrantRule) -> Found:
    yield from _dangling("users", "user", grant.users, snapshot.user)
    yield from _dangling("targets", "target", grant.targets, snapshot.target)
    yield from _dangling("audited", "audited rule", grant.audited or (), snapshot.audited)
    yield from _dangling("transfers", "transfer rule", grant.transfers or (), snapshot.transfer)
    risk = [score for score in attrs.astuple(grant.risk) if score is not None]
    if risk != sorted(risk):
        yield "risk", "the thresholds must not fall: warn, lock, interrupt"


CHECKS: dict[str, Callable[..., Found]] = {
    "user": _user,
    "target": _target,
    "credential": _credential,
    "audited": _audited,
    "transfer": _transfer,
    "grant": _grant,
}
"""table -> what is checked of each entry, as (key, words)."""


def _dangling(key: str, what: str, names: Iterable[str], known: Mapping[str, object]) -> Found:
    for name in names:
        if name not in known and not is_glob(name):
            yield key, _nowhere(what, name)


def _nowhere(what: str, name: str) -> str:
    return f"there is no {what} {name!r:.80}"


def _ties(snapshot: Snapshot) -> Iterator[Fault]:
    exact: dict[tuple[str, str], str] = {}
    near: dict[tuple[str, str], list[Credential]] = {}
    for credential in snapshot.credential.values():
        if is_glob(credential.target):
            start = credential.target[: literal_prefix(credential.target)]
            near.setdefault((credential.account, start), []).append(credential)
            continue
        place = (credential.target, credential.account)
        first = exact.setdefault(place, credential.name)
        if first != credential.name:
            yield _tie(credential, first, credential.target)
    for (account, start), credentials in near.items():
        if len(credentials) > 1:
            yield from _glob_ties(snapshot, account, start, credentials)


def _glob_ties(
    snapshot: Snapshot, account: str, start: str, credentials: list[Credential]
) -> Iterator[Fault]:
    for target in snapshot.target:
        if not target.startswith(start):
            continue
        best = snapshot.credentials_for(target, account)
        tied = [each for each in best if each in credentials and matches(each.target, target)]
        if len(tied) > 1:
            yield _tie(tied[1], tied[0].name, target)
            return


def _tie(credential: Credential, other: str, target: str) -> Fault:
    words = f"is as near to {credential.account}@{target} as credential {other}"
    return Fault("credential", credential.name, "target", words)
