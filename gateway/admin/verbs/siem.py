"""Where events go beside the journal: state, and a test.

The rule: a test is an event like any other, on the way that all events take; what is said of it is what happened.
"""

from __future__ import annotations

from gateway.admin.answer import Answer, Cell, Column
from gateway.admin.arguments import Argument
from gateway.admin.refusal import Exit, missing
from gateway.admin.room import ADMIN
from gateway.admin.times import stamped
from gateway.admin.verb import Call, Verb, roles

NOWHERE = "events are sent nowhere; name a destination in a [[siem]] table of pam.toml"

COLUMNS = (
    Column("destination", "DESTINATION"), Column("format", "FORMAT"), Column("state", "STATE"),
    Column("since", "SINCE", Cell.TIME), Column("sent", "SENT"), Column("lag", "LAG"), Column("detail", "DETAIL"),
)  # fmt: skip
TESTED = (Column("destination", "DESTINATION"), Column("delivered", "DELIVERED"), *COLUMNS[2:3], *COLUMNS[5:])


async def status(call: Call) -> Answer:
    """Say of each destination whether it is connected, and how many events it has still to get."""
    rows = [stamped(row, "since") for row in call.room.feeds.status()]
    return Answer(rows, columns=COLUMNS, words=NOWHERE)


async def test(call: Call) -> Answer:
    """Send a test event to all destinations, or say of one how it fares."""
    wanted = call["destination"] or ""
    known = [row["destination"] for row in call.room.feeds.status()]
    if wanted and wanted not in known:
        raise missing(f"there is no destination {wanted!r}; there are: {', '.join(known) or 'none'}")
    found = await call.room.feeds.test(call.caller.name, wanted) if known else ()
    rows = [stamped(row, "since") for row in found]
    code = Exit.OK if all(row["delivered"] for row in rows) else Exit.LATER
    return Answer(rows, columns=TESTED, words=NOWHERE, code=code)


VERBS = (
    Verb("siem status", "destinations of events, their state and lag", status, roles(ADMIN), lists=True),
    Verb("siem test", "send a test event and say who was given it", test, roles(ADMIN),
         (Argument("DESTINATION", "one of them only, as `siem status` names it", required=False),), lists=True),
)  # fmt: skip
