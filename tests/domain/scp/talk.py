"""A source, the gate of scp in a flow of its own, and a sink."""

from __future__ import annotations

from typing import Any

import attrs

from gateway.domain.entries import TransferRule
from gateway.domain.facts import Fact
from gateway.domain.flow import Flow
from gateway.domain.lane import Answered, Ask, Bytes, Effect, Event, Lane, Notice, Tell
from gateway.domain.risk import Risk
from gateway.domain.scp.gate import ScpGate
from gateway.domain.transfer import Desk
from tests.domain.depots import Depot
from tests.domain.policies import policy

UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR
RULE = TransferRule("no-malware", inspectors=("clamd",))


@attrs.define(eq=False)
class Talk:
    """Say what either side says; hear what the gate lets through."""

    command: str
    rules: tuple[TransferRule, ...] = ()
    depot: Depot = attrs.field(factory=Depot)
    gate: ScpGate = attrs.field(init=False)
    flow: Flow = attrs.field(init=False)
    hold: bool = False
    asks: list[Ask] = attrs.field(factory=list)
    effects: list[Effect] = attrs.field(factory=list)
    heard: dict[Lane, bytes] = attrs.field(factory=lambda: dict.fromkeys(Lane, b""))

    def __attrs_post_init__(self) -> None:
        frozen = attrs.evolve(policy(), transfers=self.rules)
        self.gate = ScpGate(Desk(frozen, self.depot, Risk(), "S-1", 1, "scp"), self.command)
        self.flow = Flow((self.gate,))

    def say(self, lane: Lane, chunk: bytes) -> bytes:
        """Say something; return what is heard on the other lane because of it."""
        back = DOWN if lane is UP else UP
        before = len(self.heard[back])
        self.feed(Bytes(lane, chunk))
        return self.heard[back][before:]

    def feed(self, event: Event, at: float = 0.0) -> None:
        """Feed an event."""
        for effect in self.flow.feed(event, at):
            match effect:
                case Bytes(stderr=False):
                    self.heard[effect.lane] += effect.chunk
                case Ask():
                    self.asks.append(effect)
                    if not self.hold:
                        self.answer()
                case _:
                    self.effects.append(effect)

    def answer(self) -> None:
        """Answer the oldest question."""
        ask = self.asks.pop(0)
        self.feed(Answered(ask.ticket, self.depot.answer(ask.question)))

    @property
    def facts(self) -> list[Fact]:
        """What was told."""
        return [effect.fact for effect in self.effects if isinstance(effect, Tell)]

    def fact(self, kind: str) -> dict[str, Any]:
        """Return the only fact of a kind."""
        (found,) = [dict(fact.body) for fact in self.facts if fact.kind == kind]
        return found

    @property
    def said(self) -> list[str]:
        """What the operator was told."""
        return [effect.text for effect in self.effects if isinstance(effect, Notice)]
