"""Where a session waits that may not start alone: its grant asks for approvers.

The rule: nothing of the target is touched, and the session's start is not told, before enough approvers agreed. What
the operator asks for meanwhile is kept and asked for then, in order; what he types is not. Ctrl-C, a refusal, a time
that is over and the end of the connection all end it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import attrs

from gateway.domain.notice import line
from gateway.domain.review import CANCEL, Decision, Review, Ruling
from gateway.runtime.run import Run
from gateway.ssh.channel import STARTING, Requests
from gateway.wire.channels import LARGEST_PACKET, ChannelEnd

DENIED = 77
TYPED = 1024
"""The window of a waiting terminal: enough to hear Ctrl-C. Whoever has no terminal sends nothing yet."""
MOST_ASKED = 64
"""Requests that are kept; a client has no reason for more."""


@attrs.define(eq=False)
class WaitingChannel:
    """Listen to one channel until its session may start."""

    room: Antechamber
    end: ChannelEnd
    asked: list[tuple[str, bytes, int | None]] = attrs.field(factory=list)
    terminal: bool = False
    _speaks: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Take the channel, and say why it waits as soon as there is a place for words."""
        self.end.listener = self
        if not self.end.confirmed:
            self.end.confirm(0, LARGEST_PACKET)
        self._look()

    def opened(self) -> None:
        """Never called: the operator opens."""

    def open_refused(self, code: int, text: str) -> None:
        """Never called: the operator opens."""

    def received(self, chunk: bytes, stderr: bool) -> None:
        """Drop what is typed, but for Ctrl-C."""
        if CANCEL in chunk:
            self.room.cancel()
        else:
            self.end.grant(len(chunk))

    def widened(self) -> None:
        """Have nothing more to write."""

    def ended(self) -> None:
        """Leave it to the session: the end remembers."""

    def requested(self, name: str, payload: bytes, slot: int | None) -> None:
        """Keep a request, unanswered."""
        if len(self.asked) >= MOST_ASKED:
            self.end.reply(slot, False)
            return
        self.asked.append((name, payload, slot))
        if name == "pty-req" and not self.terminal:
            self.terminal = True
            self.end.grant(TYPED)
        self._look()

    def _look(self) -> None:
        if not self._speaks and any(name in STARTING for name, _, _ in self.asked):
            self._speaks = True
            self.say(self.room.words)

    def replied(self, ok: bool) -> None:
        """Ignore: nothing sent here wants a reply."""

    def closed(self) -> None:
        """Go: nobody waits here any more."""
        self.room.left(self)

    def say(self, text: str) -> None:
        """Tell the operator one line, where there is a place for it."""
        if text and self._speaks:
            self.end.write(line(text, self.terminal), stderr=not self.terminal)

    def finish(self, text: str) -> None:
        """Say why it is over, and close."""
        for _, _, slot in self.asked:
            self.end.reply(slot, True)
        self._speaks = True
        self.say(text)
        self.end.request("exit-status", struct.pack(">L", DENIED), wants_reply=False)
        self.end.end()
        self.end.close()


@attrs.define(eq=False)
class Antechamber:
    """Ask for approval of a session, and keep its channels; ``go_on`` gets each of them when it is given."""

    run: Run
    start: Callable[[], None]
    go_on: Callable[[ChannelEnd, Requests], None]
    words: str = attrs.field(init=False, default="")
    """What the operator is told while he waits."""
    _channels: list[WaitingChannel] = attrs.field(init=False, factory=list)
    _take_back: Callable[[], None] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Ask."""
        review = Review(needed=self.run.grant.policy.restrictions.approval)
        self._take_back = self.run.workings.ask(self.run, review, self)

    def admit(self, end: ChannelEnd, asked: Requests = (), terminal: bool = False) -> None:
        """Let a channel wait."""
        self._channels.append(WaitingChannel(self, end, list(asked), terminal))

    def __len__(self) -> int:
        return len(self._channels)

    def say(self, text: str) -> None:
        """Tell the operator one line, now and on every channel to come."""
        self.words = text
        for channel in self._channels:
            channel.say(text)

    def decided(self, decision: Decision) -> None:
        """Start the session, or end it."""
        if decision.given:
            self.run.touch()
            self.start()
            channels, self._channels = self._channels, []
            for channel in channels:
                channel.say(f"this session was {decision.words}")
                self.go_on(channel.end, tuple(channel.asked))
            return
        self.close(f"this session was not approved: {decision.words}")
        self.run.end(DENIED, "not_approved", None)

    def cancel(self) -> None:
        """Take the question back, and end the session."""
        self.close(f"this session was {Decision(Ruling.WITHDRAWN).words}")
        self.run.end(DENIED, "withdrawn", None)

    def left(self, channel: WaitingChannel) -> None:
        """Forget a channel that is closed."""
        if channel in self._channels:
            self._channels.remove(channel)

    def close(self, text: str) -> None:
        """Let nobody wait any more, and say why."""
        self._take_back()
        channels, self._channels = self._channels, []
        for channel in channels:
            channel.finish(text)
