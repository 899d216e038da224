"""Legal holds: what nothing deletes.

The rule: a hold wants a reason; it is lifted by another admin than who placed it, and not by whose session it is.
"""

from __future__ import annotations

from gateway.admin.answer import Answer, Cell, Column
from gateway.admin.arguments import Argument
from gateway.admin.refusal import denied, missing, usage
from gateway.admin.room import ADMIN, AUDITOR
from gateway.admin.times import stamped
from gateway.admin.verb import Call, Verb, roles
from gateway.admin.verbs.recordings import recording_id

COLUMNS = (
    Column("hold", "HOLD", Cell.ID),
    Column("session", "RECORDING"),
    Column("by", "BY"),
    Column("since", "SINCE", Cell.TIME),
    Column("reason", "REASON"),
)
ID = Argument("ID", "a recorded session's id, or the beginning of it")


async def add(call: Call) -> Answer:
    """Put a recording on hold."""
    session, caller = recording_id(call.room, call["id"]), call.caller
    if not call.reason:
        raise usage("a hold wants a reason: --reason TEXT")
    row = await call.room.holds.place(
        session, by=caller.name, by_name=caller.full_name, reason=call.reason, door=caller.door
    )
    return Answer(stamped(row, "since"), words=f"{session} is held: nothing deletes it until another admin lifts it")


async def listed(call: Call) -> Answer:
    """List the holds in force."""
    return Answer([stamped(row, "since") for row in call.room.holds.rows()], COLUMNS, words="nothing is held")


async def lift(call: Call) -> Answer:
    """Lift the holds on a recording."""
    session, caller = recording_id(call.room, call["id"]), call.caller
    if not call.reason:
        raise usage("lifting a hold wants a reason: --reason TEXT")
    try:
        lifted = await call.room.holds.lift(
            session, by=caller.name, by_name=caller.full_name, reason=call.reason, door=caller.door
        )
    except ValueError as failure:
        raise denied(str(failure)) from None
    if not lifted:
        raise missing(f"{session} is not held: see `hold list`")
    return Answer({"released": list(lifted)}, words=f"lifted {', '.join(lifted)}; {session} is kept as long as others")


VERBS = (
    Verb("hold add", "put a recording on legal hold: nothing deletes it", add, roles(ADMIN), (ID,), changes=True),
    Verb("hold list", "the legal holds in force", listed, roles(ADMIN, AUDITOR), lists=True),
    Verb("hold rm", "lift a legal hold that another admin placed", lift, roles(ADMIN), (ID,), changes=True),
)
