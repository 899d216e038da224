"""The frozen policy: everything a session may do, as one immutable value with a digest.

The rule: rights are the union of the grants that apply; every restriction is the strictest of them all. What the
policy does not say is not permitted. Equal settings give equal digests: the digest is SHA-256 over the RFC 8785
form of :meth:`FrozenPolicy.document`, which knows neither session, start, source nor node.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Any, ClassVar

import attrs

from gateway.domain.canonical import canonical_json
from gateway.domain.entries import (
    AuditedRule,
    Credential,
    GrantRule,
    Inspector,
    Names,
    Recorded,
    RiskThresholds,
    Target,
    TransferRule,
)
from gateway.domain.hops import Hop

INPUT_LEVELS = ("off", "masked", "full")


@attrs.frozen
class SessionSettings:
    """The parts of ``pam.toml`` that touch a session, frozen with it."""

    record_required: bool = True
    live_announce: bool = False
    lock_contact: str = ""
    interrupt_notice: str = "none"
    approval_timeout: int = 300
    """Seconds after which what waits for approvers is refused."""


@attrs.frozen
class Restrictions:
    """Limits of a session; durations in seconds, 0 for none."""

    allow_only: bool = False
    second_factor: str = "none"
    approval: int = 0
    present: int = 0
    reason: str = "none"
    tickets: Names = ()
    idle_timeout: int = 0
    max_duration: int = 0
    hours: Names = ()
    until: float | None = None
    enforce: bool = True
    risk: RiskThresholds = RiskThresholds()
    record: Recorded = Recorded()


@attrs.frozen(eq=False, slots=False)
class FrozenPolicy:
    """Say what one operator may do as one account on one target; made by :func:`gateway.domain.grant.freeze`."""

    operator: str
    groups: Names
    target: Target
    account: str
    credential: Credential
    hops: tuple[Hop, ...]
    """The hosts on the way to the target, nearest to the gateway first."""
    grants: Names
    rights: Names
    elevate: bool
    env: Names
    audited: tuple[AuditedRule, ...]
    transfers: tuple[TransferRule, ...]
    inspectors: tuple[Inspector, ...]
    restrictions: Restrictions
    settings: SessionSettings
    schema: ClassVar[str] = "policy/1"

    def allows(self, right: str) -> bool:
        """Say whether a right (``shell``, ``exec``, ``forward:HOST:PORT`` …) is among the rights."""
        return right in self.rights

    def document(self) -> dict[str, Any]:
        """Return the policy as JSON values."""
        return {name: _plain(getattr(self, name)) for name in (*_FIELDS, "schema")}

    @cached_property
    def canonical(self) -> bytes:
        """The document in RFC 8785 form: what is digested, recorded and shown."""
        parts = (
            f'"{name}":'.encode() + _canonical(name, getattr(self, name)) for name in sorted((*_FIELDS, "schema"))
        )
        return b"{" + b",".join(parts) + b"}"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of :attr:`canonical`, in hex."""
        return hashlib.sha256(self.canonical).hexdigest()


_FIELDS = tuple(field.name for field in attrs.fields(FrozenPolicy))


def _plain(value: Any) -> Any:
    match value:
        case tuple():
            return [_plain(each) for each in value]
        case Inspector():
            return {**attrs.asdict(value), "settings": json.loads(value.settings)}
        case _ if attrs.has(type(value)):
            return {name: _plain(each) for name, each in attrs.asdict(value, value_serializer=_jsonable).items()}
        case _:
            return value


def _jsonable(owner: Any, field: Any, value: Any) -> Any:
    return dict(value) if field is not None and field.name == "labels" else value


def _canonical(name: str, value: Any) -> bytes:
    """Return one field in RFC 8785 form; long lists are put together from entries that are known already."""
    if name in ("audited", "transfers"):
        return b"[" + b",".join(map(_canonical_entry, value)) + b"]"
    return _canonical_entry(value)


@lru_cache(maxsize=8192, typed=True)
def _canonical_entry(entry: Hashable) -> bytes:
    return canonical_json(_plain(entry))


def unite(grants: Sequence[GrantRule]) -> Restrictions:
    """Return the strictest of every restriction of the grants."""
    return Restrictions(
        allow_only=any(grant.allow_only for grant in grants),
        second_factor="required" if any(grant.second_factor == "required" for grant in grants) else "none",
        approval=max(grant.approval for grant in grants),
        present=max(grant.present for grant in grants),
        reason="required" if any(grant.reason == "required" for grant in grants) else "none",
        tickets=_sorted_union((grant.ticket,) for grant in grants if grant.ticket),
        idle_timeout=_shortest(grant.idle_timeout for grant in grants),
        max_duration=_shortest(grant.max_duration for grant in grants),
        hours=_sorted_union((grant.hours,) for grant in grants if grant.hours),
        until=min((grant.until for grant in grants if grant.until is not None), default=None),
        enforce=any(grant.mode == "enforce" for grant in grants),
        risk=_lowest([grant.risk for grant in grants]),
        record=_most([grant.record for grant in grants]),
    )


def united_rights(grants: Sequence[GrantRule]) -> Names:
    """Return the union of the grants' rights, sorted."""
    return _sorted_union(grant.rights for grant in grants)


def united_env(grants: Sequence[GrantRule]) -> Names:
    """Return the union of the variables that may be relayed, sorted."""
    return _sorted_union(grant.env for grant in grants)


def _sorted_union(lists: Iterable[Names]) -> Names:
    return tuple(sorted({name for names in lists for name in names}))


def _shortest(durations: Iterable[int]) -> int:
    return min((duration for duration in durations if duration), default=0)


def _lowest(thresholds: Sequence[RiskThresholds]) -> RiskThresholds:
    def least(read: Callable[[RiskThresholds], int | None]) -> int | None:
        return min((score for each in thresholds if (score := read(each)) is not None), default=None)

    return RiskThresholds(
        warn=least(lambda each: each.warn),
        lock=least(lambda each: each.lock),
        interrupt=least(lambda each: each.interrupt),
    )


def _most(records: Sequence[Recorded]) -> Recorded:
    return Recorded(
        output=any(record.output for record in records),
        input=max((record.input for record in records), key=INPUT_LEVELS.index),
        maximum=_shortest(record.maximum for record in records),
        exec_hash=any(record.exec_hash for record in records),
    )
