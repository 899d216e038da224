"""``pamctl``: over the node's socket, or on the store itself while the node is down.

The rule: the store is opened under its exclusive lock, and that somebody did is a fact; a store that is not there is
made by ``init`` and ``apply`` alone, for an unmounted volume must not become a fresh gateway.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import attrs
from twisted.python.failure import Failure

from gateway.admin.ctl import Use, main
from gateway.admin.room import Front
from gateway.admin.socket import local_caller
from gateway.admin.verbs import VERBS
from gateway.config import load
from gateway.domain.facts import Fact
from gateway.interfaces import VaultError
from gateway.journal.errors import JournalRefused
from gateway.node.alone import is_alone, verify_alone
from gateway.node.rooms import STORE, make_rooms
from gateway.node.verbs import VerbRooms

MAKERS = frozenset({"init", "apply"})
"""Verbs that may make a store."""


def pamctl() -> None:
    """Run ``pamctl``."""
    if is_alone(sys.argv[1:]):
        sys.exit(verify_alone(sys.argv[1:]))
    sys.exit(main(sys.argv[1:], verbs=VERBS, state_of=_state_of, offline=_offline))


def _state_of(path: str | None) -> str:
    return load(path, os.environ).node.state


def _verb() -> str:
    """Return the verb's words, without options before it and what comes after."""
    words = iter(sys.argv[1:])
    for word in words:
        if word in ("--config", "--state"):
            next(words, None)
        elif not word.startswith("-"):
            return " ".join((word, *(each for each in (next(words, ""),) if each and not each.startswith("-"))))
    return ""


def _offline(path: str | None, state: str, use: Use) -> int:
    """Do a verb on the store; raise ValueError in words."""
    config = load(path, os.environ)
    config = attrs.evolve(config, node=attrs.evolve(config.node, state=state))
    verb = _verb()
    if not (Path(state) / STORE).exists() and verb.split(" ")[0] not in MAKERS:
        raise ValueError(f"there is no gateway in {state} (is a volume not mounted?); to make one, run: pamctl init")
    try:
        rooms = make_rooms(config, None, os.environ)
    except (OSError, JournalRefused, VaultError) as fault:
        raise ValueError(str(fault)) from None
    caller = local_caller(os.geteuid(), config.node.name, "pamctl offline")
    rooms.journal.tell(Fact("store.offline_change", {"by": caller.name, "command": verb}))
    codes: list[int] = []
    failures: list[Failure] = []
    use(VerbRooms(rooms, Front("GATEWAY", 2222, ())).room(caller)).addCallbacks(codes.append, failures.append)
    rooms.journal.close()  # type: ignore[attr-defined]
    if failures:
        failures[0].raiseException()
    if not codes:
        raise ValueError("this verb waits for a running node; start it first")
    return codes[0]
