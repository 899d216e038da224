"""A desk for transcripts: what is typed, what the target shows, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from gateway.domain.entries import AuditedRule
from gateway.domain.flow import Flow, Gate
from gateway.domain.lane import Ask, Bytes, EndSession, Event, GiveOrder, Lane, Notice, Refuse, Tell, Tick
from gateway.domain.lines.gate import LineGate
from gateway.domain.risk import Risk
from gateway.domain.screen import Screen
from gateway.domain.verdict import Attempts, Judge
from tests.domain.policies import policy

UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR
RM = AuditedRule("rm", command="rm", action="deny", score=40)
ON, OFF = b"\x1b[?2004h", b"\x1b[?2004l"


@attrs.define(eq=False)
class Feeding:
    """Feed a screen with what passed, as the channel's tap does."""

    screen: Screen
    essential: bool = False

    def see(self, seen: Any, at: float) -> None:
        match seen:
            case Bytes(lane=Lane.TO_OPERATOR):
                self.screen.feed(seen.chunk)
            case Notice():
                self.screen.feed(b"\r\nostiary: " + seen.text.encode() + b"\r\n")
            case _:
                pass


class Desk:
    """One gate between an operator and a target that does what the test says."""

    def __init__(self, make: Callable[[Judge, Screen], Gate], *rules: AuditedRule, columns: int = 80, **grant: Any):
        self.screen = Screen(columns, 24)
        self.judge = Judge(policy(rules=rules, **grant), Attempts(), Risk())
        self.gate = make(self.judge, self.screen)
        self.flow = Flow((self.gate,), (Feeding(self.screen),))
        self.at = 1.0
        self.passed = b""
        self.said: list[str] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.other: list[Any] = []

    def feed(self, event: Event) -> None:
        """Feed one event; sort what comes of it."""
        for effect in self.flow.feed(event, self.at):
            match effect:
                case Bytes(lane=Lane.TO_TARGET):
                    self.passed += effect.chunk
                case Notice():
                    self.said.append(effect.text)
                case Tell():
                    self.told.append((effect.fact.kind, dict(effect.fact.body)))
                case EndSession() | GiveOrder() | Refuse() | Ask():
                    self.other.append(effect)
                case _:
                    pass

    def types(self, keys: bytes) -> bytes:
        """Type one packet; return what passed to the target."""
        before = len(self.passed)
        self.feed(Bytes(UP, keys))
        return self.passed[before:]

    def shows(self, chunk: bytes, after: float = 0.001) -> bytes:
        """Let the target show something; return what passes to it for that."""
        before = len(self.passed)
        self.at += after
        self.feed(Bytes(DOWN, chunk))
        self.waits(0)
        return self.passed[before:]

    def waits(self, seconds: float) -> bytes:
        """Let time pass, with the ticks that are due; return what passed to the target."""
        before, end = len(self.passed), self.at + seconds
        for _ in range(50):
            due = self.flow.due
            if due is None or due > end:
                break
            self.at = max(self.at, due)
            self.feed(Tick())
        self.at = end
        return self.passed[before:]

    def kinds(self, kind: str = "command.executed") -> list[str]:
        """Return the commands of the facts of a kind."""
        return [str(body.get("command")) for each, body in self.told if each == kind]

    def ready(self, prompt: bytes = b"$ ") -> None:
        """Let bash draw its prompt and be quiet."""
        self.shows(ON + prompt)
        self.waits(0.5)

    def writes(self, line: bytes) -> None:
        """Type text, echoed."""
        self.types(line)
        self.shows(line)

    def enters(self, line: bytes, seconds: float = 0) -> bytes:
        """Type a line, echoed, and Enter in a packet of its own; return what Enter became, at once or in some time."""
        self.types(line)
        self.shows(line)
        return self.types(b"\r") + self.waits(seconds)

    def runs(self, line: bytes, output: bytes = b"", prompt: bytes = b"$ ") -> bytes:
        """Type a line, echoed, with Enter; let bash run it where Enter passed."""
        passed = self.enters(line, 0.2)
        if passed.endswith(b"\r"):
            self.shows(b"\r\n" + OFF + b"\r" + output + ON + prompt)
        elif passed.endswith(b"\x03"):
            self.shows(b"^C" + OFF + b"\r" + ON + OFF + b"\r\r\n" + ON + prompt)
        self.waits(0.5)
        return passed


def desk(*rules: AuditedRule, **grant: Any) -> Desk:
    """Return a desk of the gate at a bash prompt, with the rule against rm."""
    made = Desk(LineGate, *(rules or (RM,)), **grant)
    made.ready()
    return made


def started(line: bytes, shown: bytes) -> Desk:
    """Return such a desk where a program was started that shows something and no prompt of bash's."""
    made = desk()
    made.enters(line)
    made.shows(b"\r\n" + OFF + b"\r" + shown)
    made.waits(1)
    return made
