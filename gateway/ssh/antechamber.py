"""Where a session waits that may not start at once: its grant asks for a reason, a ticket or approvers.

The rule: nothing of the target is touched, and the session's start is not told, before the purpose is known and enough
approvers agreed. The purpose comes in the client's environment, or is asked for at its terminal. What the operator asks
for meanwhile is kept and asked for then, in order; what he types is not. Ctrl-C, a refusal, a time that is over and the
end of the connection all end it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import attrs

from gateway.domain.notice import line
from gateway.domain.policy import Restrictions
from gateway.domain.prompted import Prompted
from gateway.domain.purpose import ASKED, LONGEST, TICKET, Purpose
from gateway.domain.review import CANCEL, Decision, Review, Ruling
from gateway.runtime.run import Run
from gateway.ssh.channel import STARTING, Requests
from gateway.wire.channels import LARGEST_PACKET, ChannelEnd
from gateway.wire.fields import Fields, MalformedField

DENIED = 77
TYPED = 1024
"""The window of a waiting terminal: enough to hear Ctrl-C. Whoever has no terminal sends nothing yet."""
MOST_TRIES = 3
"""Answers that will not do, before the session is refused."""
MOST_ASKED = 64
"""Requests that are kept; a client has no reason for more."""


@attrs.define(eq=False)
class WaitingChannel:
    """Listen to one channel until its session may start."""

    room: Antechamber
    end: ChannelEnd
    asked: list[tuple[str, bytes, int | None]] = attrs.field(factory=list)
    terminal: bool = False
    prompted: Prompted | None = None
    """What is asked for at this terminal now."""
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
        """Drop what is typed, but for Ctrl-C and the answer to a question."""
        if self.prompted is not None:
            self.end.grant(len(chunk))
            self._answer(self.prompted, chunk)
        elif CANCEL in chunk:
            self.room.cancel()
        else:
            self.end.grant(len(chunk))

    def _answer(self, prompted: Prompted, chunk: bytes) -> None:
        self.end.write(prompted.feed(chunk).encode())
        if prompted.cancelled:
            self.room.cancel()
        elif prompted.done:
            self.prompted = None
            self.room.answered(self, prompted.text)

    def ask(self, question: str) -> None:
        """Ask for a line at this terminal."""
        self.prompted = Prompted()
        self.end.write(b"\r\n" + f"ostiary: {question}: ".encode())

    def environment(self) -> dict[str, str]:
        """Return what the client said of its environment on this channel."""
        found = {}
        for name, payload, _ in self.asked:
            if name == "env":
                found.update(_variable(payload))
        return found

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
            self.room.starting(self)

    def replied(self, ok: bool) -> None:
        """Ignore: nothing sent here wants a reply."""

    def closed(self) -> None:
        """Go: nobody waits here any more."""
        self.room.left(self)

    def say(self, text: str) -> None:
        """Tell the operator one line, where there is a place for it."""
        if text and self._speaks:
            self.end.write(line(text, self.terminal), stderr=not self.terminal)

    def finish(self, text: str, code: int) -> None:
        """Say why it is over, and close."""
        for _, _, slot in self.asked:
            self.end.reply(slot, True)
        self._speaks = True
        self.say(text)
        self.end.request("exit-status", struct.pack(">L", code), wants_reply=False)
        self.end.end()
        self.end.close()


def _variable(payload: bytes) -> dict[str, str]:
    """Read an ``env`` request (RFC 4254 §6.4); nothing of one that can not be read."""
    try:
        fields = Fields(payload)
        name, text = fields.string("name", LONGEST), fields.string("value", 4 * LONGEST)
        return {name.decode("utf-8", "replace"): text.decode("utf-8", "replace")}
    except MalformedField:
        return {}


def waits(restrictions: Restrictions) -> bool:
    """Say whether a session under these restrictions waits before it starts."""
    return bool(restrictions.approval) or bool(Purpose.of(restrictions).lacking)


@attrs.define(eq=False)
class Antechamber:
    """Learn a session's purpose, ask for its approval, and keep its channels; ``go_on`` gets each of them then."""

    run: Run
    start: Callable[[], None]
    go_on: Callable[[ChannelEnd, Requests], None]
    words: str = attrs.field(init=False, default="")
    """What the operator is told while he waits."""
    _purpose: Purpose = attrs.field(init=False)
    _tries: int = attrs.field(init=False, default=0)
    _channels: list[WaitingChannel] = attrs.field(init=False, factory=list)
    _take_back: Callable[[], None] | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        """Ask approvers at once where nothing else is wanted."""
        self._purpose = Purpose.of(self.run.grant.policy.restrictions)
        if not self._purpose.lacking:
            self._proceed()

    def starting(self, channel: WaitingChannel) -> None:
        """Say why a channel waits that wants to start something, or find the purpose of the session with it."""
        if not self._purpose.lacking:
            channel.say(self.words)
            return
        self._purpose.take_all(channel.environment())
        self._seek(channel)

    def answered(self, channel: WaitingChannel, text: str) -> None:
        """Take what was typed at a terminal; after a few answers that will not do the session is refused."""
        wanted = self._purpose.lacking
        if wanted and not self._purpose.take(wanted, text):
            self._tries += 1
        self._seek(channel)

    def _seek(self, channel: WaitingChannel) -> None:
        if not self._purpose.lacking:
            self._proceed()
        elif channel.terminal and self._tries < MOST_TRIES:
            shape = f" ({' and '.join(self._purpose.patterns)})" if self._purpose.lacking == TICKET else ""
            channel.ask(f"{ASKED[self._purpose.lacking]} for this session{shape}")
        else:
            self.close(self._purpose.words())
            self.run.end(DENIED, "no_purpose", None)

    def _proceed(self) -> None:
        self.run.purpose = self._purpose.body()
        needed = self.run.grant.policy.restrictions.approval
        if not needed:
            self._admit()
            return
        review = Review(needed=needed, purpose=self._purpose.text)
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
            self._admit(f"this session was {decision.words}")
            return
        self.close(f"this session was not approved: {decision.words}")
        self.run.end(DENIED, "not_approved", None)

    def _admit(self, words: str = "") -> None:
        self.run.touch()
        self.start()
        channels, self._channels = self._channels, []
        for channel in channels:
            channel.say(words)
            self.go_on(channel.end, tuple(channel.asked))

    def cancel(self) -> None:
        """Take the question back, and end the session."""
        self.close(f"this session was {Decision(Ruling.WITHDRAWN).words}")
        self.run.end(DENIED, "withdrawn", None)

    def left(self, channel: WaitingChannel) -> None:
        """Forget a channel that is closed."""
        if channel in self._channels:
            self._channels.remove(channel)

    def close(self, text: str, code: int = DENIED) -> None:
        """Let nobody wait any more, and say why."""
        if self._take_back is not None:
            self._take_back()
        channels, self._channels = self._channels, []
        for channel in channels:
            channel.finish(text, code)
