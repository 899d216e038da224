"""One channel of an operator's session, from its opening to its end.

The rule: a channel is opened on the target with the operator's own window; what it is (terminal, exec, sftp …) is
decided once, at the request that starts it, by the frozen policy alone; a request that is not in the tables of
:mod:`gateway.domain.rights` is refused. What the target answers is passed on; what the gateway refuses is said in
one line, with an exit status.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import attrs

from gateway.domain.barrier import DROPPED_REQUESTS
from gateway.domain.facts import Fact
from gateway.domain.lane import Bytes, Close, End, Event, Lane, Request, Resize
from gateway.domain.moving import denied_moving
from gateway.domain.notice import line
from gateway.domain.rights import (
    RELAYED_REPORTS,
    RELAYED_REQUESTS,
    Denied,
    Kind,
    allows_variable,
    denied_kind,
    kind_of_command,
)
from gateway.runtime.run import Run
from gateway.ssh.junction import Junction
from gateway.wire.channels import LARGEST_PACKET, ChannelEnd
from gateway.wire.fields import Fields, MalformedField

DENIED = 77
Requests = tuple[tuple[str, bytes, int | None], ...]
"""Name, payload and slot of what is asked for in place of the operator, or was asked before the channel was there."""
STARTING = frozenset({"shell", "exec", "subsystem"})
LONGEST_COMMAND = 128 * 1024


@attrs.define(eq=False)
class SessionChannel:
    """Carry one session channel; it is the session's leg and the listener of both ends."""

    run: Run
    end: ChannelEnd
    permit: Callable[[str], bool]
    """Called for ``auth-agent-req@openssh.com`` and ``x11-req``; says whether the target may open such channels."""
    first: Requests = ()
    """Requests to make once the channel is open: what the menu was asked for, or what came while an approval lacked."""
    terminal: bool = False
    speaks: bool = False
    """True from the start of what runs in the channel: before, there is no place for words."""
    size: tuple[int, int] | None = None
    kind: Kind | None = None
    number: int = 0
    exit: str = ""
    junction: Junction = attrs.field(init=False)
    _asked: bool = attrs.field(init=False, default=False)
    """Whether a request to start something came; a lock may hold it."""
    _operator_gone: bool = attrs.field(init=False, default=False)
    _target_gone: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Join the session."""
        self.number = self.run.number(self)
        self.junction = Junction(self.run, self, self.end, self.run.early())
        self.end.listener = FromOperator(self)
        self.end.patient = True

    # The opening.

    def opened(self, target: ChannelEnd) -> None:
        """Confirm to the operator what the target confirmed, with the target's own window."""
        self.junction.target = target
        if self.end.got_close or self.junction.flow.ended:
            target.close()
            return
        if not self.end.confirmed:
            self.end.confirm(min(target.room, 2**31), target.packet)
        for request in self.first:
            self.asked(*request)
        if self.end.got_eof:
            self.junction.feed(End(Lane.TO_TARGET))

    def unopened(self, code: int, text: str) -> None:
        """Pass on that the target refused the channel."""
        self._target_gone = True
        if not (self.end.confirmed or self.end.sent_close):
            self._operator_gone = True
            self.end.refuse(code, text)
        elif not self.junction.flow.ended:
            self.refused(DENIED, f"{self.run.grant.target.name} opens no session: {text}")
        self._over()

    # What the session's leg must do.

    def feed(self, event: Event) -> None:
        """Weigh an event that does not come from the wire."""
        self.junction.feed(event)

    def say(self, text: str) -> None:
        """Tell the operator one line."""
        if self.speaks:
            self.junction.say(text)

    def cut(self) -> None:
        """Pass nothing more, on either lane."""
        self.junction.stop()

    def finish(self, code: int, text: str | None) -> None:
        """End the channel in order."""
        self.refused(code, text)

    def carried(self, lane: Lane, count: int) -> None:
        """Note bytes that passed beside the flow."""
        self.run.touch()

    def refused(self, code: int, text: str | None) -> None:
        """Say the line, give the exit code, close both ends; what was written before leaves first."""
        if text is not None:
            self.junction.flow.say(text, self.run.at)
        self.junction.stop()
        if not self.end.confirmed and not self.end.sent_close:
            self.end.confirm(0, LARGEST_PACKET)
        self.junction.answer_all(True)
        if text is not None:
            self.end.write(line(text, self.terminal), stderr=not self.terminal)
        self.exit = self.exit or str(code)
        self.end.request("exit-status", struct.pack(">L", code), wants_reply=False)
        self.end.end()
        self.end.close()
        if self.junction.target is not None:
            self.junction.target.close()

    # What the operator asks for.

    def asked(self, name: str, payload: bytes, slot: int | None) -> None:
        """Weigh a request of the operator."""
        if slot is not None:
            self.junction.slots.add(slot)
        if name not in RELAYED_REQUESTS or not self._well_formed(name, payload):
            self.junction.answer(slot, False)
            return
        self._asked = self._asked or name in STARTING
        if name == "window-change":
            columns, rows = struct.unpack(">LL", payload[:8])
            self.junction.feed(Resize(columns, rows, payload))
        elif name in DROPPED_REQUESTS and self.terminal and self.run.locked:
            self.junction.feed(Request(Lane.TO_TARGET, name, payload))
        else:
            self.junction.feed(Request(Lane.TO_TARGET, name, payload, slot))
            return
        self.junction.answer(slot, True)

    def received(self, chunk: bytes, stderr: bool) -> None:
        """Weigh bytes for the target."""
        if self.kind is not None or self._asked:
            self.junction.feed(Bytes(Lane.TO_TARGET, chunk, stderr))
        elif not self.first:
            self.refused(DENIED, "bytes came before a request to run anything")
        # What is typed while a chosen or approved session opens is dropped: nothing runs that could read it.

    def _well_formed(self, name: str, payload: bytes) -> bool:
        policy, early = self.run.grant.policy, self.kind is None and not self._asked
        match name:
            case "pty-req":
                sized = _terminal_size(payload) is not None
                return early and sized and (policy.allows("shell") or policy.allows("exec"))
            case "env":
                variable = _two_strings(payload)
                return early and variable is not None and allows_variable(policy, *variable)
            case "window-change":
                return len(payload) == 16
            case "shell":
                return early
            case "exec" | "subsystem":
                return early and _only_string(payload) is not None
            case "auth-agent-req@openssh.com" | "x11-req":
                return early and self.permit(name)
            case _:
                return not early

    def passed_request(self, request: Request) -> None:
        """Do with a request that passed the gates what its kind needs."""
        if request.name in STARTING and self.kind is None:
            self._start(request)
            return
        if request.name == "pty-req":
            self.terminal, self.size = True, _terminal_size(request.payload)
        self.junction.ask_target(request.name, request.payload, request.slot)

    def _start(self, request: Request) -> None:
        what = "" if request.name == "shell" else _only_string(request.payload) or ""
        kind, denied = self._decide(request.name, what)
        if denied is not None:
            told = {"channel": self.number, "channel_kind": kind.value, "what": what, "reason": denied.reason}
            self.run.tell(Fact("channel.refused", told))
            self.refused(DENIED, denied.text)
            return
        try:
            flow = self.run.compose(self.number, kind, self.terminal, what, self.size)
        except OSError as fault:
            self.run.recording_failed(fault)
            return
        self.kind, self.speaks = kind, True
        self.junction.become(kind, flow)
        if kind is Kind.PTY:
            self.junction.say(self._welcome())
        self.junction.feed(request)

    def _welcome(self) -> str:
        policy = self.run.grant.policy
        recorded = "recorded" if self.run.recording is not None else "NOT recorded"
        where = f"{policy.account}@{policy.target.name}"
        return f"connected to {where} as {policy.operator}, session {self.run.id}, {recorded}"

    def _decide(self, name: str, what: str) -> tuple[Kind, Denied | None]:
        policy = self.run.grant.policy
        match name:
            case "shell":
                kind = Kind.PTY if self.terminal else Kind.SHELL
            case "exec":
                kind = kind_of_command(what)
            case "subsystem" if what == "sftp":
                kind = Kind.SFTP
            case _:
                return Kind.EXEC, Denied("subsystem", f"subsystem {what} is not allowed on {policy.target.name}")
        denied = denied_kind(policy, kind)
        return kind, denied_moving(policy, what) if denied is None and kind is Kind.EXEC else denied

    # The ends.

    def operator_closed(self) -> None:
        """Hear that the operator closed; he has the answer when the target has said how the command ended."""
        self._operator_gone = True
        if self.junction.target is None:
            self._target_gone = True
        else:
            self.junction.feed(Close(Lane.TO_TARGET))
            if self.run.locked or self.junction.flow.ended:
                self.junction.target.close()
                self.end.close()
        self._over()

    def target_closed(self) -> None:
        """Hear that the target's end is over."""
        self._target_gone = True
        self.junction.answer_all(False)
        self.junction.feed(Close(Lane.TO_OPERATOR))
        self._over()

    def _over(self) -> None:
        if self._operator_gone and self._target_gone:
            self.end.close()
            self.junction.over()
            self.run.gone(self.number, self.exit)


@attrs.define(eq=False)
class FromOperator:
    """Hear the operator's end of a channel."""

    channel: SessionChannel

    def opened(self) -> None:
        """Never called: operators open their channels themselves."""

    def open_refused(self, code: int, text: str) -> None:
        """Never called: operators open their channels themselves."""

    def received(self, chunk: bytes, stderr: bool) -> None:
        """Weigh bytes for the target."""
        self.channel.run.touch()
        self.channel.received(chunk, stderr)

    def widened(self) -> None:
        """Refund the target: the operator takes more."""
        self.channel.junction.settle()

    def ended(self) -> None:
        """Weigh EOF for the target."""
        self.channel.junction.feed(End(Lane.TO_TARGET))

    def requested(self, name: str, payload: bytes, slot: int | None) -> None:
        """Weigh a request."""
        self.channel.run.touch()
        self.channel.asked(name, payload, slot)

    def replied(self, ok: bool) -> None:
        """Ignore: nothing we send to operators wants a reply."""

    def closed(self) -> None:
        """Hear the end."""
        self.channel.operator_closed()


@attrs.define(eq=False)
class FromTarget:
    """Hear the target's end of a channel."""

    channel: SessionChannel
    end: ChannelEnd | None = None

    def opened(self) -> None:
        """Go on: the target opened the channel."""
        assert self.end is not None  # noqa: S101 - set by whoever asked for the channel
        self.channel.opened(self.end)

    def open_refused(self, code: int, text: str) -> None:
        """Pass the refusal on."""
        self.channel.unopened(code, text)

    def received(self, chunk: bytes, stderr: bool) -> None:
        """Weigh bytes for the operator."""
        if self.channel.kind is not Kind.PTY:
            self.channel.run.touch()
        if self.channel.end.got_close:
            self.channel.junction.settle()
        else:
            self.channel.junction.feed(Bytes(Lane.TO_OPERATOR, chunk, stderr))

    def widened(self) -> None:
        """Refund the operator: the target takes more."""
        self.channel.junction.settle()

    def ended(self) -> None:
        """Weigh EOF for the operator."""
        self.channel.junction.feed(End(Lane.TO_OPERATOR))

    def requested(self, name: str, payload: bytes, slot: int | None) -> None:
        """Pass on what a target may report; refuse the rest."""
        assert self.end is not None  # noqa: S101 - set by whoever asked for the channel
        self.end.reply(slot, False)
        if name not in RELAYED_REPORTS:
            return
        if name == "exit-status" and len(payload) == 4:
            self.channel.exit = str(int.from_bytes(payload, "big"))
        elif name == "exit-signal":
            self.channel.exit = f"signal {_first_string(payload)}"
        self.channel.junction.feed(Request(Lane.TO_OPERATOR, name, payload))

    def replied(self, ok: bool) -> None:
        """Pass the target's answer on."""
        self.channel.junction.target_answered(ok)

    def closed(self) -> None:
        """Hear the end."""
        self.channel.target_closed()


def _terminal_size(payload: bytes) -> tuple[int, int] | None:
    fields = Fields(payload)
    try:
        fields.string("terminal", 1024)
        return fields.uint32("columns"), fields.uint32("rows")
    except MalformedField:
        return None


def _only_string(payload: bytes) -> str | None:
    fields = Fields(payload)
    try:
        text = fields.string("command", LONGEST_COMMAND)
        fields.end("the request")
    except MalformedField:
        return None
    return text.decode("utf-8", "surrogateescape")


def _two_strings(payload: bytes) -> tuple[bytes, bytes] | None:
    fields = Fields(payload)
    try:
        pair = fields.string("name", 1024), fields.string("value", LONGEST_COMMAND)
        fields.end("the request")
    except MalformedField:
        return None
    return pair


def _first_string(payload: bytes) -> str:
    try:
        text = Fields(payload).string("signal", 64).decode("ascii", "replace")
    except MalformedField:
        return "?"
    return text if text.isalnum() else "?"
