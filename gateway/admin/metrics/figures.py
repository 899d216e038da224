"""What happened, counted from the facts as they are committed.

The rule: one fact is counted once, and a label has few values: what an attacker can choose (a method's name) is
counted as ``other``. Names of rules are the directory's. What was pruned or came without a body is not counted.

Known limit: counting starts with the process; the journal has what came before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.domain.facts import Entry

METHODS = frozenset({"publickey", "password", "keyboard-interactive", "none", "web-link", "web-code", "token"})
SECONDS = (1, 10, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 86400)
SCORES = (0, 10, 25, 50, 80, 120, 200)
CONNECTING = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
ACTIONS = {
    "user.locked": "lock", "user.unlocked": "unlock", "session.interrupted": "interrupt",
    "user.deactivated": "deactivate", "user.activated": "activate", "live.watch_started": "watch",
    "recording.viewed": "play", "directory.changed": "change", "approval.given": "approve", "approval.denied": "deny",
    "token.added": "token", "session.marked": "mark",
}  # fmt: skip
"""What admins do, by the kind of fact that tells it."""
VERDICTS = {"file.transferred": "transferred", "file.denied": "denied", "file.quarantined": "quarantined"}
REMEMBERED = 50_000
"""Channels whose kind is remembered until they are closed."""

Body = Mapping[str, Any]


@attrs.define(eq=False, repr=False)
class Figures:
    """Count facts; give :meth:`count` to the journal's ``follow``."""

    registry: CollectorRegistry = attrs.field(factory=lambda: CollectorRegistry(auto_describe=True))
    sessions: Counter = attrs.field(init=False)
    durations: Histogram = attrs.field(init=False)
    risks: Histogram = attrs.field(init=False)
    logins: Counter = attrs.field(init=False)
    commands: Counter = attrs.field(init=False)
    transfers: Counter = attrs.field(init=False)
    channel_bytes: Counter = attrs.field(init=False)
    actions: Counter = attrs.field(init=False)
    elevations: Counter = attrs.field(init=False)
    stored: Counter = attrs.field(init=False)
    unrecorded: Counter = attrs.field(init=False)
    connecting: Histogram = attrs.field(init=False)
    proofs: Counter = attrs.field(init=False)
    facts: Counter = attrs.field(init=False)
    _kinds: dict[tuple[str, int], str] = attrs.field(init=False, factory=dict)
    _rules: dict[str, Callable[[Body], None]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the families."""
        self._make_counters()
        self._make_histograms()
        self._rules = {
            "session.ended": self._ended,
            "session.refused": lambda body: self.sessions.labels("", "refused").inc(),
            "auth.succeeded": lambda body: self.logins.labels(_method(body), "succeeded").inc(),
            "auth.failed": lambda body: self.logins.labels(_method(body), "failed").inc(),
            "command.audited": self._audited,
            "channel.opened": self._opened,
            "channel.closed": self._closed,
            "forward.closed": lambda body: self._moved("forward", body),
            "recording.sealed": lambda body: self.stored.labels("sealed").inc(_number(body.get("bytes"))),
            "recording.failed": lambda body: self.unrecorded.inc(),
        }

    def _make_counters(self) -> None:
        def counter(name: str, says: str, *labels: str) -> Counter:
            return Counter(f"ostiary_{name}", says, labels, registry=self.registry)

        self.sessions = counter("sessions", "Sessions that ended or were refused.", "protocol", "result")
        self.logins = counter("auth_attempts", "Logins of operators and admins.", "method", "result")
        self.commands = counter("audited_commands", "Executions or attempts of audited commands.", "rule", "action")
        self.transfers = counter("transfers", "Files that were transferred, or not.", "direction", "verdict")
        self.channel_bytes = counter("channel_bytes", "Bytes through channels that are closed.", "direction", "kind")
        self.actions = counter("admin_actions", "What admins did.", "action")
        self.elevations = counter("sudo_injections", "Requests for elevation.", "result")
        self.stored = counter("recording_bytes", "Bytes of recordings.", "stage")
        self.unrecorded = counter("recording_write_failures", "Recordings that could not be written or sealed.")
        self.proofs = counter("verify_failures", "Tamper checks that found a bad recording or journal.")
        self.facts = counter("facts", "Facts committed to the journal.", "kind")

    def _make_histograms(self) -> None:
        def histogram(name: str, says: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"ostiary_{name}", says, labels, registry=self.registry, buckets=buckets)

        self.durations = histogram("session_duration_seconds", "How long sessions lasted.", SECONDS)
        self.risks = histogram("session_risk", "The risk score with which sessions ended.", SCORES)
        self.connecting = histogram(
            "target_connect_seconds", "From the freeze to being logged in to the target.", CONNECTING, "result"
        )

    def count(self, entry: Entry) -> None:
        """Count one committed fact."""
        self.facts.labels(entry.kind).inc()
        body = entry.body
        if body is None:
            return
        rule = self._rules.get(entry.kind)
        if rule is not None:
            rule(body)
        if entry.kind in ACTIONS:
            self.actions.labels(ACTIONS[entry.kind]).inc()
        if entry.kind in VERDICTS:
            direction = body.get("direction")
            known = direction if direction in ("upload", "download") else "other"
            self.transfers.labels(known, VERDICTS[entry.kind]).inc()
        if entry.kind.startswith("elevation."):
            self.elevations.labels(entry.kind.removeprefix("elevation.")).inc()

    def connected(self, seconds: float, result: str) -> None:
        """Take note how long the way to a target took; ``result`` is ``ok`` or the reason of the failure."""
        self.connecting.labels(result).observe(max(0.0, seconds))

    def disproved(self) -> None:
        """Take note of a tamper check that found something bad."""
        self.proofs.inc()

    def _ended(self, body: Body) -> None:
        self.sessions.labels(str(body.get("protocol") or ""), str(body.get("reason") or "")).inc()
        self.durations.observe(_number(body.get("duration")))
        self.risks.observe(_number(body.get("risk")))
        gone = body.get("session")
        for key in [key for key in self._kinds if key[0] == gone]:
            del self._kinds[key]

    def _audited(self, body: Body) -> None:
        self.commands.labels(str(body.get("rule") or ""), str(body.get("action") or "")).inc()

    def _opened(self, body: Body) -> None:
        if len(self._kinds) < REMEMBERED:
            self._kinds[str(body.get("session")), int(body["channel"])] = str(body.get("channel_kind") or "")

    def _closed(self, body: Body) -> None:
        self._moved(self._kinds.pop((str(body.get("session")), int(body["channel"])), "other"), body)

    def _moved(self, kind: str, body: Body) -> None:
        self.channel_bytes.labels("to_target", kind).inc(_number(body.get("bytes_in")))
        self.channel_bytes.labels("to_operator", kind).inc(_number(body.get("bytes_out")))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else 0.0


def _method(body: Body) -> str:
    method = body.get("method")
    return method if isinstance(method, str) and method in METHODS else "other"
