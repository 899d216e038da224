"""What is done on the node's own machine only: init, demo off, recover-access.

The rule: the role ``local`` comes from the UNIX socket's peer or from an open store, never from the
directory.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from gateway.admin.answer import Answer
from gateway.admin.arguments import Argument
from gateway.admin.refusal import Exit, Refusal, denied
from gateway.admin.room import ADMIN, LOCAL
from gateway.admin.verb import Call, Verb, roles


async def init(call: Call) -> Answer:
    """Make an empty store a gateway with its first admin."""
    words = await _done(call.room.local.initialise(call["admin"] or "admin", call.caller.name))
    return Answer({"done": "initialised", "words": words}, words=words)


async def demo_off(call: Call) -> Answer:
    """Remove the demo target, operator and grant."""
    words = await _done(call.room.local.demo_off(call.caller.name))
    return Answer({"done": "demo removed", "words": words}, words=words)


async def recover(call: Call) -> Answer:
    """Give a user the admin role again, when no admin is left."""
    room = call.room
    for user in room.directory.snapshot().user.values():
        barred = room.orders.is_deactivated(user.name) or room.orders.barring(user.name, user.groups, "")
        if ADMIN in user.roles and user.active and not barred and user.name != call["user"]:
            raise denied(f"{user.name} is an admin and can log in: recovery is for when nobody is")
    words = await _done(room.local.recover(call["user"], call.caller.name))
    return Answer({"user": call["user"], "done": "recovered", "words": words}, words=words)


async def _done(doing: Deferred[str]) -> str:
    """Return the words to say; turn what was refused in words into a refusal."""
    try:
        return await doing
    except ValueError as failure:
        raise Refusal(Exit.CONFIGURATION, "configuration", str(failure)) from None


VERBS = (
    Verb("init", "make an empty store a gateway with its first admin", init, roles(LOCAL),
         (Argument("ADMIN", "the first admin's name", required=False),), changes=True),
    Verb("demo off", "remove the demo target, operator and grant", demo_off, roles(LOCAL), changes=True),
    Verb("recover-access", "give a user the admin role again, when no admin is left", recover, roles(LOCAL),
         (Argument("USER", "who becomes admin"),), changes=True),
)  # fmt: skip
