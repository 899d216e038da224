"""Notices to people: a test.

The rule: a test is an event like any other, on the way that all notices take; it does not wait for a digest to fill.
"""

from __future__ import annotations

from gateway.admin.answer import Answer
from gateway.admin.arguments import Argument
from gateway.admin.refusal import Exit, missing
from gateway.admin.room import ADMIN
from gateway.admin.times import stamped
from gateway.admin.verb import Call, Verb, roles
from gateway.admin.verbs.siem import TESTED

NOBODY = "nobody is told of anything; name somebody in a [[notify]] table of pam.toml"
PEOPLE = "people"
FORMS = ("mail", "hook")


async def test(call: Call) -> Answer:
    """Send a test notice to everybody who is told of events, or to one."""
    wanted = call["destination"] or ""
    known = [row["destination"] for row in call.room.feeds.status() if row["format"] in FORMS]
    if wanted and wanted not in known:
        raise missing(f"nobody is told by {wanted!r}; there are: {', '.join(known) or 'none'}")
    found = await call.room.feeds.test(call.caller.name, wanted or PEOPLE) if known else ()
    rows = [stamped(row, "since") for row in found]
    code = Exit.OK if all(row["delivered"] for row in rows) else Exit.LATER
    return Answer(rows, columns=TESTED, words=NOBODY, code=code)


VERBS = (
    Verb("notify test", "send a test notice to people and say whether it was taken", test, roles(ADMIN),
         (Argument("DESTINATION", "one of them only, as `siem status` names it", required=False),), lists=True),
)  # fmt: skip
