"""Answers to waiting operators and held lines.

The rule: an approver answers for others, never for himself; what he is shown of a line is the line that would run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.admin.answer import Answer, Cell, Column
from gateway.admin.arguments import Argument
from gateway.admin.refusal import denied, missing
from gateway.admin.room import ADMIN, APPROVER, AUDITOR
from gateway.admin.times import stamped
from gateway.admin.verb import Call, Verb, roles
from gateway.interfaces import ApprovalError

COLUMNS = (
    Column("id", "REQUEST"),
    Column("operator", "OPERATOR"),
    Column("account", "ACCOUNT"),
    Column("target", "TARGET"),
    Column("subject", "FOR"),
    Column("command", "COMMAND"),
    Column("rule", "RULE"),
    Column("purpose", "PURPOSE"),
    Column("until", "UNTIL", Cell.TIME),
    Column("given", "GIVEN"),
    Column("needed", "NEEDED"),
    Column("session", "SESSION", Cell.ID),
)


async def requests(call: Call) -> Answer:
    """List what waits for an approver."""
    rows = [stamped(row, "since", "until") for row in call.room.approvals.requests()]
    return Answer(rows, COLUMNS, words="nothing waits for an approval")


async def approve(call: Call) -> Answer:
    """Agree to a request."""
    row = await _answered(call, "approve")
    left = row["needed"] - len(row["given"])
    words = "it goes on" if row["state"] == "given" else f"{left} more must approve it"
    return Answer(stamped(row, "since", "until"), words=f"approved {row['id']}: {words}")


async def deny(call: Call) -> Answer:
    """Refuse a request."""
    row = await _answered(call, "deny")
    return Answer(stamped(row, "since", "until"), words=f"denied {row['id']}")


async def _answered(call: Call, how: str) -> Mapping[str, Any]:
    caller, room = call.caller, call.room
    answer = room.approvals.approve if how == "approve" else room.approvals.deny
    try:
        row: Mapping[str, Any] = await answer(
            call["req"], by=caller.name, by_name=caller.full_name, reason=call.reason, door=caller.door
        )
    except ApprovalError as failure:
        raise missing(str(failure)) from None
    except ValueError as failure:
        raise denied(str(failure)) from None
    return row


_REQUEST = (Argument("REQ", "a request's id, or the beginning of it"),)

VERBS = (
    Verb("requests", "what waits for an approver", requests, roles(ADMIN, APPROVER, AUDITOR), lists=True),
    Verb("approve", "agree to what waits; never to what is your own", approve, roles(ADMIN, APPROVER), _REQUEST,
         changes=True),
    Verb("deny", "refuse what waits", deny, roles(ADMIN, APPROVER), _REQUEST, changes=True),
)  # fmt: skip
