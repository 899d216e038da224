"""Bearer tokens: add, list, rm.

The rule: an admin, auditor or approver makes tokens for himself alone and sees his own; an admin sees all and
takes any back. A token made on the node's own machine names its user.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from gateway.admin.answer import Answer, Cell, Column
from gateway.admin.arguments import Argument, Option
from gateway.admin.refusal import denied, missing, usage
from gateway.admin.room import ADMIN, APPROVER, AUDITOR, LOCAL
from gateway.admin.times import duration, local, stamped
from gateway.admin.tokens import Tokens, own_roles
from gateway.admin.verb import Call, Verb, roles

COLUMNS = (
    Column("id", "ID"),
    Column("user", "USER"),
    Column("name", "NAME"),
    Column("roles", "ROLES", Cell.LIST),
    Column("origin", "ORIGIN", Cell.LIST),
    Column("made", "MADE", Cell.TIME),
    Column("ends", "ENDS", Cell.TIME),
)
USUAL = 90 * 86400.0
"""Seconds a token lives where nobody said how long."""


def network(text: str) -> str:
    """Take an address or network. Raises ValueError in words."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(f"expected an address or network such as 10.0.0.0/8, not {text!r}") from None


def _tokens(call: Call) -> Tokens:
    if call.room.tokens is None:
        raise usage("this node keeps no tokens")
    return call.room.tokens


def _told(call: Call) -> dict[str, Any]:
    return {"by": call.caller.name, "door": call.caller.door, "reason": call.reason}


async def add(call: Call) -> Answer:
    """Make a token and show it once."""
    caller = call.caller
    name = (call["user"] or "") if caller.is_local else caller.name
    if call["user"] and name != call["user"]:
        raise denied("a token is made by its owner: log in as him, or use pamctl on the node")
    if caller.door == "api":
        raise denied("a token does not make tokens: use ssh or pamctl")
    user = call.room.directory.snapshot().user.get(name)
    if user is None:
        raise missing(f"there is no user {name!r}") if name else usage("say whose it is: --user USER")
    granted = own_roles(call["role"], frozenset(user.roles))
    ttl = call["ttl"] if call["ttl"] is not None else USUAL
    token, text = await _tokens(call).add(user.name, call["name"], granted, call["origin"], ttl, _told(call))
    row = stamped(token.row(), "made", "ends")
    until = local(row["ends"], call.room.zone)
    words = f"{text}\n# {token.id} of {user.name}, {' '.join(granted)}, until {until}; it is not shown again"
    return Answer({**row, "token": text}, words=words)


async def listed(call: Call) -> Answer:
    """List tokens: all for an admin, else the caller's own."""
    rows = [stamped(token.row(), "made", "ends") for token in _tokens(call).of(call.caller.name if call.own else "")]
    return Answer(rows, COLUMNS, words="no token: `token add NAME` makes one")


async def remove(call: Call) -> Answer:
    """Take a token back."""
    tokens, identity = _tokens(call), call["id"].upper()
    if call.own and identity not in {token.id for token in tokens.of(call.caller.name)}:
        raise missing(f"there is no token {identity!r} of yours: see `token list`")
    await tokens.remove(identity, _told(call))
    return Answer({"id": identity, "done": "removed"}, words=f"token {identity} is worth nothing any more")


OWNERS = roles(AUDITOR, APPROVER)

VERBS = (
    Verb("token add", "make a bearer token for the API; it is shown once", add,
         roles(ADMIN, AUDITOR, APPROVER, LOCAL),
         (Argument("NAME", "what it is for"),), (
             Option("--role", "carry this role alone; repeat for more", word="ROLE", many=True),
             Option("--ttl", "how long it lives; 90d unless given", word="DURATION", kind=duration),
             Option("--origin", "good from this network alone; repeat for more", word="CIDR", kind=network, many=True),
             Option("--user", "whose, on the node's own machine", word="USER"),
         ), changes=True),
    Verb("token list", "the tokens that are good", listed, roles(ADMIN), own=OWNERS, lists=True),
    Verb("token rm", "take a token back", remove, roles(ADMIN), (Argument("ID", "as `token list` shows it"),),
         own=OWNERS, changes=True),
)  # fmt: skip
