"""A Grant is the proof of authorisation: holding one is what lets a session log in to a target.

The rule: :func:`freeze` alone makes a Grant, from one snapshot and one moment; nothing in it can change afterwards,
and nothing in it leads back to where settings come from. Time zones and ``file:`` references are resolved by the
caller beforehand (``windows``, ``inspectors``), for the domain reads no files.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

import attrs

from gateway.domain.entries import AuditedRule, Credential, GrantRule, Inspector, Names, Target, TransferRule, User
from gateway.domain.hops import Hop, NoWay, hops_to
from gateway.domain.policy import FrozenPolicy, SessionSettings, unite, united_env, united_rights
from gateway.domain.snapshot import Snapshot, matches_any

_PROOF = object()

MOST_POLICIES = 1024
"""Policies that a snapshot remembers."""


@attrs.frozen
class Window:
    """Say whether a grant's hours are open now, and when they close (seconds since the epoch; None: never)."""

    open: bool
    closes: float | None = None


ALWAYS = Window(open=True)


def _made_by_freeze(instance: object, attribute: object, proof: object) -> None:
    if proof is not _PROOF:
        raise TypeError("a Grant is made by freeze() alone")


@attrs.frozen(eq=False)
class Grant:
    """Authorise one session: who, where, as whom, under which frozen policy, since and until when (epoch)."""

    operator: User
    source: str
    policy: FrozenPolicy
    at: float
    ends: float | None
    _proof: object = attrs.field(repr=False, validator=_made_by_freeze)

    @property
    def target(self) -> Target:
        """The target as it was set when the policy was frozen."""
        return self.policy.target

    @property
    def account(self) -> str:
        """The account on the target."""
        return self.policy.account


@attrs.frozen
class Refused:
    """Say why there is no Grant: ``reason`` is a stable word, ``detail`` is for the admin only."""

    reason: str
    detail: str


@attrs.frozen
class Question:
    """Ask for a freeze: everything that is known when the session starts. ``now`` in seconds since the epoch."""

    user: User
    target: str
    account: str
    source: str
    now: float
    windows: Mapping[str, Window] = attrs.field(factory=dict)
    inspectors: Mapping[str, Inspector] = attrs.field(factory=dict)
    settings: SessionSettings = SessionSettings()


def freeze(snapshot: Snapshot, question: Question) -> Grant | Refused:
    """Make the Grant for a session, or say what stands in the way."""
    user, target = question.user, snapshot.target.get(question.target)
    if not user.active:
        return Refused("inactive", f"user {user.name} is not active")
    if target is None:
        return Refused("no_target", f"there is no target {question.target!r}")
    if user.origin and not within(question.source, user.origin):
        return Refused("origin", f"user {user.name} may not come from {question.source}")
    applying = applying_grants(snapshot, question, target)
    if not applying:
        return Refused("no_grant", "; ".join(obstacles(snapshot, question, target)) or "no grant names this user")
    credentials = snapshot.credentials_for(target.name, question.account)
    hops = _way(snapshot, target)
    if len(credentials) != 1:
        return _no_credential(credentials, question)
    if isinstance(hops, Refused):
        return hops
    policy = _policy(snapshot, question, target, credentials[0], hops, applying)
    if isinstance(policy, Refused):
        return policy
    return Grant(user, question.source, policy, question.now, _end(question, policy, applying), _PROOF)


def _policy(
    snapshot: Snapshot, question: Question, target: Target, credential: Credential, hops: tuple[Hop, ...],
    applying: tuple[GrantRule, ...],
) -> FrozenPolicy | Refused:  # fmt: skip
    """Return the policy of these grants; the same one as before, with what was worked out of it, where all is equal.

    What the snapshot holds under a name is always the same, so names stand for it.
    """
    user, grants = question.user, tuple(grant.name for grant in applying)
    asked = (
        user.name, user.groups, target.name, question.account, grants, tuple(question.inspectors.items()),
        question.settings,
    )  # fmt: skip
    known: FrozenPolicy | None = snapshot.policies.get(asked)
    if known is not None:
        return known
    transfers = _transfers(snapshot, question, applying)
    missing = _missing_inspectors(snapshot, question, transfers)
    if missing:
        return Refused("no_inspector", f"transfer rules name inspectors that are not set up: {', '.join(missing)}")
    if len(snapshot.policies) >= MOST_POLICIES:
        snapshot.policies.clear()
    policy = snapshot.policies[asked] = FrozenPolicy(
        operator=user.name,
        groups=tuple(sorted(user.groups)),
        target=target,
        account=question.account,
        credential=credential,
        hops=hops,
        grants=grants,
        rights=united_rights(applying),
        elevate=any(grant.elevate for grant in applying),
        env=united_env(applying),
        audited=_audited(snapshot, question, applying),
        transfers=transfers,
        inspectors=_inspectors(snapshot, question, transfers),
        restrictions=unite(applying),
        settings=question.settings,
    )
    return policy


def _way(snapshot: Snapshot, target: Target) -> tuple[Hop, ...] | Refused:
    try:
        return hops_to(snapshot, target)
    except NoWay as problem:
        return Refused("no_way", str(problem))


def _no_credential(found: tuple[Credential, ...], question: Question) -> Refused:
    words = "no credential" if not found else "several credentials equally near"
    return Refused("no_credential", f"{words} for {question.account}@{question.target}")


def applying_grants(snapshot: Snapshot, question: Question, target: Target) -> tuple[GrantRule, ...]:
    """Return all grants that apply together, by name."""
    return tuple(
        grant for grant in snapshot.grants_of(question.user) if obstacle(grant, question, target) is None
    )


def obstacles(snapshot: Snapshot, question: Question, target: Target) -> list[str]:
    """Say for each grant of the user what keeps it from applying, in words."""
    found = ((grant.name, obstacle(grant, question, target)) for grant in snapshot.grants_of(question.user))
    return [f"grant {name}: {words}" for name, words in found if words is not None]


def obstacle(grant: GrantRule, question: Question, target: Target) -> str | None:
    """Return why a grant does not apply, or None where it does."""
    if not names_target(grant, target):
        return f"does not name target {target.name}"
    if not matches_any(grant.accounts, question.account):
        return f"does not name account {question.account}"
    if grant.origin and not within(question.source, grant.origin):
        return f"is not for origin {question.source}"
    if not question.windows.get(grant.name, ALWAYS).open:
        return f"is closed at this hour ({grant.hours})"
    if grant.until is not None and question.now >= grant.until:
        return "has expired"
    return None


def names_target(grant: GrantRule, target: Target) -> bool:
    """Say whether a grant names a target, by name, glob or labels."""
    if matches_any(grant.targets, target.name):
        return True
    return bool(grant.labels) and set(grant.labels) <= set(target.labels)


def within(source: str, networks: Names) -> bool:
    """Say whether an address lies in one of the networks; IPv4-mapped IPv6 counts as IPv4, junk as nowhere."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)


def _end(question: Question, policy: FrozenPolicy, applying: tuple[GrantRule, ...]) -> float | None:
    ends = [question.windows.get(grant.name, ALWAYS).closes for grant in applying]
    ends.append(policy.restrictions.until)
    if policy.restrictions.max_duration:
        ends.append(question.now + policy.restrictions.max_duration)
    return min((end for end in ends if end is not None), default=None)


def _in_scope(rule: AuditedRule | TransferRule, question: Question) -> bool:
    if rule.users or rule.groups:
        named = matches_any(rule.users, question.user.name)
        if not named and not set(rule.groups) & set(question.user.groups):
            return False
    if rule.targets and not matches_any(rule.targets, question.target):
        return False
    return not rule.accounts or matches_any(rule.accounts, question.account)


def _named(name: str, selections: list[Names | None]) -> bool:
    return any(selection is None or matches_any(selection, name) for selection in selections)


def _audited(
    snapshot: Snapshot, question: Question, applying: tuple[GrantRule, ...]
) -> tuple[AuditedRule, ...]:
    selections = [grant.audited for grant in applying]
    return tuple(
        rule
        for name, rule in sorted(snapshot.audited.items())
        if _in_scope(rule, question) and _named(name, selections)
    )


def _transfers(
    snapshot: Snapshot, question: Question, applying: tuple[GrantRule, ...]
) -> tuple[TransferRule, ...]:
    selections = [grant.transfers for grant in applying]
    return tuple(
        rule
        for name, rule in sorted(snapshot.transfer.items())
        if _in_scope(rule, question) and _named(name, selections)
    )


def _inspector(snapshot: Snapshot, question: Question, name: str) -> Inspector | None:
    return question.inspectors.get(name) or snapshot.inspector.get(name)


def _inspector_names(transfers: tuple[TransferRule, ...]) -> list[str]:
    return sorted({name for rule in transfers for name in rule.inspectors})


def _missing_inspectors(
    snapshot: Snapshot, question: Question, transfers: tuple[TransferRule, ...]
) -> list[str]:
    return [name for name in _inspector_names(transfers) if _inspector(snapshot, question, name) is None]


def _inspectors(
    snapshot: Snapshot, question: Question, transfers: tuple[TransferRule, ...]
) -> tuple[Inspector, ...]:
    found = (_inspector(snapshot, question, name) for name in _inspector_names(transfers))
    return tuple(inspector for inspector in found if inspector is not None)
