"""Channels that carry no session: forwards dialled by the target, and the agent and X11 channels it opens.

The rule: each needs its own right in the frozen policy; every one is told as a fact with its bytes; the gateway
itself never dials where an operator points. They are opaque, and say so.
"""

from __future__ import annotations

import attrs

from gateway.domain.facts import Fact
from gateway.domain.lane import Bytes, Close, End, Event, Lane, Request
from gateway.domain.rights import Kind, allows_forward
from gateway.runtime.run import Run
from gateway.ssh.junction import Junction
from gateway.wire.channels import ChannelEnd
from gateway.wire.connection import ADMINISTRATIVELY_PROHIBITED, RESOURCE_SHORTAGE, Connection
from gateway.wire.fields import Fields, MalformedField

FORWARD_KINDS = frozenset({"direct-tcpip"})
KIND_OF = {"direct-tcpip": Kind.FORWARD, "auth-agent@openssh.com": Kind.AGENT, "x11": Kind.X11}
MOST_FORWARDS = 64


@attrs.define(eq=False)
class ForwardChannel:
    """Carry one such channel; it is the session's leg and hears both of its ends."""

    run: Run
    kind: Kind
    where: str
    asker: ChannelEnd
    from_target: bool
    terminal: bool = False
    speaks: bool = False
    number: int = 0
    exit: str = ""
    other: ChannelEnd | None = None
    junction: Junction | None = None
    _carried: dict[Lane, int] = attrs.field(init=False, factory=lambda: dict.fromkeys(Lane, 0))
    _closed: set[bool] = attrs.field(init=False, factory=set)

    def begin(self, other: ChannelEnd) -> None:
        """Join both ends: the other side opened the channel too."""
        self.other = other
        self.number = self.run.number(self)
        operator, target = (other, self.asker) if self.from_target else (self.asker, other)
        try:
            flow = self.run.compose(self.number, self.kind, False, self.where)
        except OSError as fault:
            self.run.recording_failed(fault)
            self.refused(0, "the session can not be recorded")
            return
        self.run.tell(Fact("forward.opened", {"channel": self.number, "what": self.where}))
        self.asker.confirm(min(other.room, 2**31), other.packet)
        self.junction = Junction(self.run, self, operator, flow, target, kind=self.kind)

    def feed(self, event: Event) -> None:
        """Weigh an event that does not come from the wire."""
        if self.junction is not None:
            self.junction.feed(event)

    def say(self, text: str) -> None:
        """Say nothing: a forward has no place for words."""

    def cut(self) -> None:
        """Pass nothing more, on either lane."""
        if self.junction is not None:
            self.junction.stop()

    def finish(self, code: int, text: str | None) -> None:
        """Close both ends."""
        self.refused(code, text)

    def refused(self, code: int, text: str | None) -> None:
        """Close both ends; a forward has no place for words but the reason of a refusal."""
        self.cut()
        if self.asker.confirmed or self.asker.got_close:
            self.asker.close()
        else:
            self.asker.refuse(ADMINISTRATIVELY_PROHIBITED, f"ostiary: {text or 'the session is over'}")
        if self.other is not None:
            self.other.close()

    def passed_request(self, request: Request) -> None:
        """Drop requests: such channels have none."""

    def carried(self, lane: Lane, count: int) -> None:
        """Note bytes that passed beside the flow."""
        self.run.touch()
        self._carried[lane] += count

    def received(self, lane: Lane, chunk: bytes) -> None:
        """Weigh bytes."""
        self.carried(lane, len(chunk))
        self.feed(Bytes(lane, chunk))

    def closed(self, lane: Lane) -> None:
        """Hear that the end a lane comes from is over."""
        self.feed(Close(lane))
        if self.junction is not None and (self.run.locked or self.junction.flow.ended):
            end = self.junction.target if lane is Lane.TO_TARGET else self.junction.operator
            if end is not None:
                end.close()
        self._closed.add(lane is Lane.TO_TARGET)
        if len(self._closed) == 2 and self.junction is not None:
            self.junction.over()
            body = {"channel": self.number, "what": self.where, "bytes_in": self._carried[Lane.TO_TARGET],
                    "bytes_out": self._carried[Lane.TO_OPERATOR]}  # fmt: skip
            self.run.tell(Fact("forward.closed", body))
            self.run.gone(self.number, "")


@attrs.define(eq=False)
class ForwardEnd:
    """Hear one end of a forward: what it sends travels along ``lane``."""

    channel: ForwardChannel
    lane: Lane
    end: ChannelEnd | None = None

    def opened(self) -> None:
        """Go on: the other side opened the channel."""
        assert self.end is not None  # noqa: S101 - set by whoever asked for the channel
        if self.channel.asker.got_close:
            self.end.close()
        else:
            self.channel.begin(self.end)

    def open_refused(self, code: int, text: str) -> None:
        """Pass the refusal on."""
        if not self.channel.asker.got_close:
            self.channel.asker.refuse(code, text)

    def received(self, chunk: bytes, stderr: bool) -> None:
        """Weigh bytes."""
        self.channel.received(self.lane, chunk)

    def widened(self) -> None:
        """Refund the other side."""
        if self.channel.junction is not None:
            self.channel.junction.settle()

    def ended(self) -> None:
        """Weigh EOF."""
        self.channel.feed(End(self.lane))

    def requested(self, name: str, payload: bytes, slot: int | None) -> None:
        """Refuse: such channels have no requests."""
        end = self.end if self.end is not None else self.channel.asker
        end.reply(slot, False)

    def replied(self, ok: bool) -> None:
        """Ignore: nothing sent here wants a reply."""

    def closed(self) -> None:
        """Hear the end."""
        self.channel.closed(self.lane)


def open_forward(run: Run, asker: ChannelEnd, extra: bytes, through: Connection, *, from_target: bool = False) -> None:
    """Open the other half of a channel that one side asked for, or refuse it in words."""
    kind = KIND_OF[asker.kind]
    where = asker.kind
    if kind is Kind.FORWARD:
        asked = destination(extra)
        if asked is None or not allows_forward(run.grant.policy, *asked):
            where = f"{asked[0]}:{asked[1]}" if asked else "?"
            run.tell(Fact("channel.refused", {"what": f"forward {where}", "reason": "right_missing"}))
            asker.refuse(ADMINISTRATIVELY_PROHIBITED, f"ostiary: forwarding to {where} is not allowed")
            return
        where = f"{asked[0]}:{asked[1]}"
    if len(run.legs) >= MOST_FORWARDS:
        asker.refuse(RESOURCE_SHORTAGE, "ostiary: too many channels in this session")
        return
    channel = ForwardChannel(run, kind, where, asker, from_target)
    towards, back = (Lane.TO_OPERATOR, Lane.TO_TARGET) if from_target else (Lane.TO_TARGET, Lane.TO_OPERATOR)
    asker.listener = ForwardEnd(channel, towards)
    listener = ForwardEnd(channel, back)
    listener.end = through.open(asker.kind, listener, asker.room, asker.packet, extra)


def destination(extra: bytes) -> tuple[str, int] | None:
    """Read where a ``direct-tcpip`` channel should lead (RFC 4254 §7.2); None where it can not be read."""
    fields = Fields(extra)
    try:
        host, port = fields.string("host", 255), fields.uint32("port")
        fields.string("originator", 255)
        fields.uint32("originator port")
        fields.end("the forward")
    except MalformedField:
        return None
    text = host.decode("ascii", "replace")
    return (text, port) if text.isprintable() and 0 < port < 65536 and " " not in text else None
