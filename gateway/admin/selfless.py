"""Nobody does himself a favour.

The rule: an admin neither unlocks, activates nor grants to himself, and can not lock or switch himself off.
Who calls locally is no user of the directory, so nothing here concerns him.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.admin.refusal import denied
from gateway.admin.room import OPERATOR, Caller
from gateway.domain.difference import Change
from gateway.domain.entries import GrantRule, User
from gateway.domain.snapshot import Snapshot, matches_any

STANDING = ("roles", "groups", "active", "kind", "origin", "second_factor")
"""The fields of a user that nobody changes of himself."""


def spare_oneself(caller: Caller, snapshot: Snapshot, scope: str, subject: str, doing: str) -> None:
    """Refuse an order of scope ``user | group | session | …`` that concerns the caller; for a session pass
    its user, for ``all`` who locked everybody: whoever may start sessions is covered, and only who locked
    everybody releases himself with the others.

    Raises :exc:`gateway.admin.refusal.Refusal`.
    """
    if caller.is_local:
        return
    own = snapshot.user.get(caller.name)
    mine = subject == caller.name if scope in ("user", "session") else False
    if scope == "group" and own is not None:
        mine = subject in own.groups
    if scope == "all" and own is not None:
        mine = doing == "unlock" and OPERATOR in own.roles and subject != caller.name
    if mine:
        raise denied(f"nobody may {doing} himself: ask another admin, or use pamctl on the node")


def refuse_favours(caller: Caller, snapshot: Snapshot, changes: Iterable[Change]) -> None:
    """Refuse changes (``table, name, before, after``) by which the caller would grant something to himself.

    Raises :exc:`gateway.admin.refusal.Refusal`.
    """
    own = snapshot.user.get(caller.name)
    if caller.is_local or own is None:
        return
    for change in changes:
        if change.table == "user" and change.name == caller.name:
            _refuse_standing(change.before, change.after)
        elif change.table == "grant" and change.after is not None and _concerns(change.after, own):
            raise denied(f"grant {change.name} would be your own: nobody grants to himself, ask another admin")


def favours_of(caller: Caller, snapshot: Snapshot, table: str, name: str, values: Mapping[str, Any] | None) -> None:
    """Refuse a single change as :func:`refuse_favours` does, from the keys that would be set."""
    own = snapshot.user.get(caller.name)
    if caller.is_local or own is None:
        return
    if table == "user" and name == caller.name:
        touched = STANDING if values is None else [key for key in STANDING if key in values]
        if touched:
            raise denied(f"nobody changes his own {', '.join(touched)}: ask another admin")
    if table == "grant" and values is not None:
        before = snapshot.grant.get(name) or GrantRule(name)
        after = {key: tuple(values.get(key, getattr(before, key))) for key in ("users", "groups")}
        if matches_any(after["users"], own.name) or set(after["groups"]) & set(own.groups):
            raise denied(f"grant {name} would be your own: nobody grants to himself, ask another admin")


def _refuse_standing(before: User | None, after: User | None) -> None:
    touched = [key for key in STANDING if getattr(before, key, None) != getattr(after, key, None)]
    if touched:
        raise denied(f"nobody changes his own {', '.join(touched)}: ask another admin")


def _concerns(grant: GrantRule, own: User) -> bool:
    return matches_any(grant.users, own.name) or bool(set(grant.groups) & set(own.groups))
