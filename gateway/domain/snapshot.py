"""All of a directory at one moment, as one immutable value with its indexes.

The rule: a snapshot never changes; a change of the directory makes a new one. So a freeze reads one consistent
state, and nothing that holds a snapshot can be reached by later changes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
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
    Target,
    TransferRule,
    User,
)

GLOB_MARKS = frozenset("*?[")

INDEX_OF_TABLE = {"grant": "_grants_by_holder", "credential": "_credentials_by_account"}
"""Which index is worked out from which table."""


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

    def changed(self, **tables: Mapping[str, Any]) -> Snapshot:
        """Return a snapshot with the named tables replaced; the others, and their indexes, are shared."""
        after = attrs.evolve(self, **tables)
        for table, index in INDEX_OF_TABLE.items():
            if table not in tables and index in self.__dict__:
                after.__dict__[index] = self.__dict__[index]
        return after

    def indexed(self) -> Snapshot:
        """Return this snapshot with its indexes made: do it where the time may be taken (20 ms for thousands)."""
        for index in INDEX_OF_TABLE.values():
            getattr(self, index)
        return self

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
