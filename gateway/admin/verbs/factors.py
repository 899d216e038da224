"""Second factors: a person's authenticator, enrolled by himself or handed over by an admin.

The rule: a seed is shown once, when it is made; it counts for its owner's own enrolment only once he has shown a code
of it. Nobody takes his own second factor away.
"""

from __future__ import annotations

from gateway.admin.answer import Answer
from gateway.admin.arguments import Argument, Option
from gateway.admin.qr import qr_lines
from gateway.admin.refusal import denied, usage
from gateway.admin.room import ADMIN
from gateway.admin.selfless import spare_oneself
from gateway.admin.verb import Call, Verb, roles
from gateway.admin.verbs.entries import NAME, entry
from gateway.admin.verbs.own import PERSONS, own_user
from gateway.domain.secret import Secret


async def own(call: Call) -> Answer:
    """Make a seed for the caller that counts once he has confirmed it."""
    user = own_user(call)
    if user.kind == "service":
        raise denied("a service has no second factor")
    address = await call.room.factors.enrol(user.name, by=call.caller.name, reason=call.reason, tried=True)
    return _shown(user.name, address, "Then say a code it shows, and it is yours: totp confirm CODE")


async def confirm(call: Call) -> Answer:
    """Put the caller's new seed into use."""
    user = own_user(call)
    code = Secret(call["code"].replace(" ", "").encode())
    if not await call.room.factors.confirm(user.name, code, by=call.caller.name, reason=call.reason):
        raise usage("that is no code of the new authenticator: begin with `totp`, then confirm within a minute")
    if user.second_factor != "totp":
        await _set(call, user.name, "totp")
    return Answer(
        {"user": user.name, "done": "enrolled"},
        words="your authenticator is enrolled; from the next login on its code is asked for",
    )


async def hand_over(call: Call) -> Answer:
    """Make a seed for a user that counts at once, or take his second factor away."""
    user, by = entry(call, "user"), call.caller.name
    spare_oneself(call.caller, call.room.directory.snapshot(), "user", user.name, "hand an authenticator to")
    if user.kind == "service":
        raise usage(f"{user.name} is a service: services have no second factor")
    if call["off"]:
        await _set(call, user.name, "none")
        await call.room.factors.drop(user.name, by=by, reason=call.reason)
        return Answer({"user": user.name, "done": "off"}, words=f"{user.name} needs no second factor any more")
    address = await call.room.factors.enrol(user.name, by=by, reason=call.reason)
    if user.second_factor != "totp":
        await _set(call, user.name, "totp")
    then = f"It counts from now on. Hand it to {user.name} in person; it is shown this once."
    return _shown(user.name, address, then)


async def _set(call: Call, name: str, kind: str) -> None:
    await call.room.directory.change("user", name, {"second_factor": kind}, by=call.caller.name, reason=call.reason)


def _shown(name: str, address: str, then: str) -> Answer:
    lines = ["Scan this with an authenticator, or type the secret behind `secret=` into it:", "", *qr_lines(address),
             "", address, "", then]  # fmt: skip
    return Answer({"user": name, "address": address, "done": "made"}, words="\n".join(lines))


VERBS = (
    Verb("totp", "enrol an authenticator of yours as second factor", own, PERSONS, changes=True),
    Verb("totp confirm", "show that your new authenticator works, and use it from now on", confirm, PERSONS,
         (Argument("CODE", "the six digits it shows now"),), changes=True),
    Verb("user totp", "make an authenticator for a user, shown once", hand_over, roles(ADMIN), (NAME,),
         (Option("--off", "take the user's second factor away instead"),), changes=True),
)  # fmt: skip
