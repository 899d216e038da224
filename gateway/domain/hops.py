"""The way to a target that is reached through others.

The rule: a way is settled when the policy is frozen: each host on it, and the credential by which the gateway logs in
there, nearest first. ``jump`` names a target, or ``account=target`` where the gateway has credentials for several
accounts there. A hop is a means of the gateway: the operator needs no grant for it and gets nothing on it.
"""

from __future__ import annotations

import attrs

from gateway.domain.entries import Credential, Target
from gateway.domain.snapshot import Snapshot

MOST_HOPS = 4


class NoWay(ValueError):
    """There is no way to a target; the words are for admins."""


@attrs.frozen
class Hop:
    """A host on the way, and how to log in there; the account is the credential's."""

    target: Target
    credential: Credential


def read_jump(jump: str) -> tuple[str, str]:
    """Split ``jump`` into account (empty: the only one there is) and target."""
    account, _, target = jump.rpartition("=")
    return account, target


def hops_to(snapshot: Snapshot, target: Target) -> tuple[Hop, ...]:
    """Return the hosts on the way to a target, nearest to the gateway first. Raises :exc:`NoWay`."""
    found: list[Hop] = []
    behind = target
    while behind.jump:
        account, name = read_jump(behind.jump)
        if name not in snapshot.target:
            raise NoWay(f"there is no target {name!r:.80} to jump through to {behind.name}")
        hop = snapshot.target[name]
        if hop == target or hop in (each.target for each in found):
            raise NoWay(f"the way to {target.name} leads back to {name}")
        if len(found) == MOST_HOPS:
            raise NoWay(f"the way to {target.name} has more than {MOST_HOPS} hops")
        found.append(Hop(hop, _credential(snapshot, hop, account)))
        behind = hop
    return tuple(reversed(found))


def _credential(snapshot: Snapshot, hop: Target, account: str) -> Credential:
    accounts = [account] if account else sorted(snapshot.accounts_at(hop.name))
    if len(accounts) > 1:
        words = f'say which account to jump with, as in jump = "{accounts[0]}={hop.name}"'
        raise NoWay(f"the gateway has credentials for several accounts on {hop.name}: {words}")
    credentials = snapshot.credentials_for(hop.name, accounts[0]) if accounts else ()
    if len(credentials) != 1:
        words = "several credentials equally near" if credentials else "no credential"
        raise NoWay(f"{words} for {account or 'any account'}@{hop.name}, which is on the way")
    return credentials[0]
