"""The table of all verbs, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.admin.verb import Verb
from gateway.admin.verbs import (
    access,
    accounts,
    approvals,
    backtest,
    entries,
    events,
    factors,
    holds,
    live,
    local,
    node,
    notify,
    orders,
    own,
    playing,
    quarantine,
    recordings,
    rules,
    searching,
    sessions,
    settings,
    siem,
    tokens,
    web,
)

THEMES = (
    settings, entries, accounts, factors, access, sessions, live, orders, approvals,
    rules, backtest, recordings, playing, searching, holds, quarantine, events, siem, notify,
    tokens, node, own, web, local,
)  # fmt: skip


def _named() -> Mapping[str, Verb]:
    return VERBS


VERBS: Mapping[str, Verb] = MappingProxyType(
    {verb.name: verb for theme in THEMES for verb in theme.VERBS} | {"help": node.helping(_named)}
)
