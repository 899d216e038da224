"""Play a recording in the caller's terminal.

The rule: that somebody sees a recording is a fact before he sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.admin.answer import Answer
from gateway.admin.arguments import Argument, Option
from gateway.admin.ids import channel_of
from gateway.admin.play import FASTEST, SLOWEST, Place, Play
from gateway.admin.room import ADMIN, AUDITOR
from gateway.admin.verb import Call, Verb, roles
from gateway.admin.verbs.live import display_of
from gateway.admin.verbs.recordings import recording_id, tell_viewed, without

MOMENT = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,7}(?:\.\d{1,6})?)")


def at_time(text: str) -> float:
    """Read ``83.5``, ``1:23`` or ``1:02:03`` as seconds. Raises ValueError in words."""
    found = MOMENT.fullmatch(text.removesuffix("s"))
    if found is None:
        raise ValueError(f"expected seconds or a time such as 1:23, not {text!r}")
    hours, minutes, seconds = (float(each or 0) for each in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def speed(text: str) -> float:
    """Read ``2``, ``0.5`` or ``x4``. Raises ValueError in words."""
    found = re.fullmatch(r"x?(\d{1,3}(?:\.\d{1,3})?)", text)
    if found is None or not SLOWEST <= float(found[1]) <= FASTEST:
        raise ValueError(f"expected a number from {SLOWEST:g} to {FASTEST:g}, not {text!r}")
    return float(found[1])


async def play(call: Call) -> Answer:
    """Play a channel of a recording."""
    prefix, channel = channel_of(call["id"])
    session, display = recording_id(call.room, prefix), display_of(call)
    await tell_viewed(call, session, "play", channel)
    try:
        reel = await call.room.archive.reel(session, channel)
    except KeyError:
        raise without(call, session, channel) from None
    places = await call.room.in_thread(lambda: list(_places(call.room.roster.find(session))))
    idle = 2.0 if call["idle"] is None else call["idle"]
    playing = Play(display, reel, call.room.clock, places, call["speed"] or 1.0, idle)
    display.take(playing)
    try:
        playing.seek(call["from"] or 0.0)
        await playing.done
    finally:
        playing.stop()
        display.give_back()
    return Answer({"id": session, "channel": reel.channel, "at": playing.at})


def _places(shown: Mapping[str, Any]) -> Iterator[Place]:
    """Yield the audited commands, and the marks of admins."""
    for command in shown.get("commands") or ():
        if command.get("rule") and isinstance(command.get("t"), int | float):
            action = command.get("outcome") or command.get("action") or "audited"
            yield Place(float(command["t"]), f"{command.get('text')} [{command['rule']}: {action}]")


VERBS = (
    Verb("play", "play a recording in your terminal", play, roles(ADMIN, AUDITOR),
         (Argument("ID", "a session's id; ID/N for its channel N"),),
         (Option("--speed", "times as fast; + and - change it", word="N", kind=speed),
          Option("--idle", "cut pauses to so many seconds, 0 for none; 2 if not given", word="SECONDS", kind=at_time),
          Option("--from", "begin there: seconds, or 1:23", word="TIME", kind=at_time))),
)  # fmt: skip
