"""Frozen policies and Grants for tests, made by the real freeze()."""

from __future__ import annotations

from typing import Any

from gateway.domain.entries import AuditedRule, Credential, GrantRule, Target, TransferRule, User
from gateway.domain.grant import Grant, Question, freeze
from gateway.domain.policy import FrozenPolicy, SessionSettings
from gateway.domain.snapshot import Snapshot

NOW = 1_800_000_000.0
ALICE = User("alice", roles=("operator",), groups=("ops",))
WEB1 = Target("web1", "127.0.0.1:22")
SETTINGS = SessionSettings()


def granted(
    *,
    rules: tuple[AuditedRule, ...] = (),
    transfers: tuple[TransferRule, ...] = (),
    settings: SessionSettings = SETTINGS,
    now: float = NOW,
    user: User = ALICE,
    target: Target = WEB1,
    **grant: Any,
) -> Grant:
    """Freeze one grant of alice as root on web1; ``grant`` are keys of the grant."""
    wanted = {"users": (user.name,), "targets": ("*",), "accounts": ("root",), "rights": ("shell", "exec"), **grant}
    snapshot = Snapshot(
        user={user.name: user},
        target={target.name: target},
        credential={"c": Credential("c", target.name, "root", kind="none")},
        audited={rule.name: rule for rule in rules},
        transfer={rule.name: rule for rule in transfers},
        grant={"g": GrantRule("g", **wanted)},
    )
    made = freeze(snapshot, Question(user, target.name, "root", "192.0.2.7", now, settings=settings))
    assert isinstance(made, Grant), made
    return made


def policy(**wanted: Any) -> FrozenPolicy:
    """Return the frozen policy of such a Grant."""
    return granted(**wanted).policy
