"""All of a directory at one moment, as one immutable value with its indexes.

The rule: a snapshot never changes; a change of the directory makes a new one. So a freeze reads one consistent
state, and nothing that holds a snapshot can be reached by later changes.
"""

from __future__ import annotations

import functools
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Mapping
from fnmatch import translate
from re import Pattern
from re import compile as compile_pattern
from types import MappingProxyType
from typing import Any

import attrs

from gateway.domain.entries import (
    AuditedRule,
    Credential,
    GrantRule,
    Inspector,
    Names,
    Target,
    TransferRule,
    User,
)

GLOB_MARKS = frozenset("*?[")
LAST_CHARACTER = "\U0010ffff"

TABLES_OF_INDEX: dict[str, tuple[str, ...]] = {
    "_grants_by_holder": ("grant",),
    "_credentials_by_account": ("credential",),
    "_accounts_by_target": ("credential",),
    "_targets_by_label": ("target",),
    "_targets_by_grant": ("target", "grant"),
}
"""Which tables each index is worked out from."""


def _frozen_map(entries: Mapping[str, Any]) -> Mapping[str, Any]:
    return entries if isinstance(entries, MappingProxyType) else MappingProxyType(dict(entries))


@attrs.frozen(eq=False, slots=False)
class Snapshot:
    """Hold every table as name -> entry, with the indexes that make freezing fast."""

    user: Mapping[str, User] = attrs.field(factory=dict, converter=_frozen_map)
    target: Mapping[str, Target] = attrs.field(factory=dict, converter=_frozen_map)
    credential: Mapping[str, Credential] = attrs.field(factory=dict, converter=_frozen_map)
    audited: Mapping[str, AuditedRule] = attrs.field(factory=dict, converter=_frozen_map)
    transfer: Mapping[str, TransferRule] = attrs.field(factory=dict, converter=_frozen_map)
    inspector: Mapping[str, Inspector] = attrs.field(factory=dict, converter=_frozen_map)
    grant: Mapping[str, GrantRule] = attrs.field(factory=dict, converter=_frozen_map)

    @functools.cached_property
    def policies(self) -> dict[Hashable, Any]:
        """What :func:`gateway.domain.grant.freeze` has made of this snapshot lately; another snapshot begins anew."""
        return {}

    @functools.cached_property
    def _grants_by_holder(self) -> dict[tuple[str, str], tuple[GrantRule, ...]]:
        found: dict[tuple[str, str], list[GrantRule]] = {}
        for grant in self.grant.values():
            for name in grant.users:
                found.setdefault(("user", name), []).append(grant)
            for name in grant.groups:
                found.setdefault(("group", name), []).append(grant)
        return {holder: tuple(grants) for holder, grants in found.items()}

    @functools.cached_property
    def _credentials_by_account(self) -> dict[tuple[str, str], tuple[Credential, ...]]:
        found: dict[tuple[str, str], list[Credential]] = {}
        for credential in self.credential.values():
            exact = "" if is_glob(credential.target) else credential.target
            found.setdefault((exact, credential.account), []).append(credential)
        return {place: tuple(credentials) for place, credentials in found.items()}

    @functools.cached_property
    def _accounts_by_target(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for (exact, account), _ in self._credentials_by_account.items():
            found.setdefault(exact, set()).add(account)
        return {target: frozenset(accounts) for target, accounts in found.items()}

    @functools.cached_property
    def _targets_by_label(self) -> dict[tuple[str, str], frozenset[str]]:
        found: dict[tuple[str, str], set[str]] = {}
        for target in self.target.values():
            for label in target.labels:
                found.setdefault(label, set()).add(target.name)
        return {label: frozenset(names) for label, names in found.items()}

    @functools.cached_property
    def _targets_by_grant(self) -> dict[str, Names]:
        names = sorted(self.target)
        return {grant.name: tuple(sorted(self._named_by(grant, names))) for grant in self.grant.values()}

    def _named_by(self, grant: GrantRule, names: list[str]) -> set[str]:
        found: set[str] = set()
        for pattern in grant.targets:
            if is_glob(pattern):
                start = pattern[: literal_prefix(pattern)]
                first, last = bisect_left(names, start), bisect_right(names, start + LAST_CHARACTER)
                found.update(name for name in names[first:last] if matches(pattern, name))
            elif pattern in self.target:
                found.add(pattern)
        if grant.labels:
            nobody: frozenset[str] = frozenset()
            found |= frozenset.intersection(*(self._targets_by_label.get(pair, nobody) for pair in grant.labels))
        return found

    def changed(self, **tables: Mapping[str, Any]) -> Snapshot:
        """Return a snapshot with the named tables replaced; the others, and their indexes, are shared."""
        after = attrs.evolve(self, **tables)
        for index, sources in TABLES_OF_INDEX.items():
            if index in self.__dict__ and not any(source in tables for source in sources):
                after.__dict__[index] = self.__dict__[index]
        return after

    def indexed(self) -> Snapshot:
        """Return this snapshot with its indexes made: do it where the time may be taken (50 ms for thousands)."""
        for index in TABLES_OF_INDEX:
            getattr(self, index)
        return self

    def targets_of(self, grant: GrantRule) -> Names:
        """Return the names of the targets that one of this snapshot's grants names, sorted."""
        return self._targets_by_grant[grant.name]

    def accounts_at(self, target: str) -> frozenset[str]:
        """Return the accounts for which a target has a credential, by its name or by a glob."""
        exact = self._accounts_by_target.get(target, frozenset())
        by_glob = (
            account
            for account in self._accounts_by_target.get("", ())
            if any(matches(each.target, target) for each in self._credentials_by_account["", account])
        )
        return exact.union(by_glob)

    def grants_of(self, user: User) -> tuple[GrantRule, ...]:
        """Return the grants that name the user or one of his groups, each once, by name."""
        found = {grant.name: grant for grant in self._grants_by_holder.get(("user", user.name), ())}
        for group in user.groups:
            found.update((grant.name, grant) for grant in self._grants_by_holder.get(("group", group), ()))
        return tuple(found[name] for name in sorted(found))

    def credentials_for(self, target: str, account: str) -> tuple[Credential, ...]:
        """Return the best credentials for an account: one, or several where they tie; none where there is none.

        An exact target goes before a glob, a longer literal prefix before a shorter.
        """
        exact = self._credentials_by_account.get((target, account), ())
        if exact:
            return exact
        globs = [
            credential
            for credential in self._credentials_by_account.get(("", account), ())
            if matches(credential.target, target)
        ]
        longest = max((literal_prefix(credential.target) for credential in globs), default=0)
        return tuple(credential for credential in globs if literal_prefix(credential.target) == longest)


def is_glob(pattern: str) -> bool:
    """Say whether a pattern has wildcards."""
    return not GLOB_MARKS.isdisjoint(pattern)


def literal_prefix(pattern: str) -> int:
    """Return how many characters stand before the first wildcard."""
    for position, character in enumerate(pattern):
        if character in GLOB_MARKS:
            return position
    return len(pattern)


@functools.lru_cache(maxsize=4096)
def _pattern(glob: str) -> Pattern[str]:
    return compile_pattern(translate(glob))


def matches(pattern: str, name: str) -> bool:
    """Say whether a glob (``* ? [...]``, the whole name, case counts) matches a name."""
    return _pattern(pattern).match(name) is not None if is_glob(pattern) else pattern == name


def matches_any(patterns: tuple[str, ...], name: str) -> bool:
    """Say whether one of the patterns matches."""
    return any(matches(pattern, name) for pattern in patterns)
