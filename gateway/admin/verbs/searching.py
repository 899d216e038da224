"""Search what recordings showed.

The rule: a hit is content of a recording, so that somebody searched, for what, and in how many sessions he saw a hit
is a fact before the hits are shown.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.admin.answer import Answer, Column, Row
from gateway.admin.arguments import Argument, Option
from gateway.admin.refusal import usage
from gateway.admin.room import ADMIN, AUDITOR
from gateway.admin.times import epoch
from gateway.admin.verb import Call, Verb, roles
from gateway.admin.verbs.sessions import asked_moment
from gateway.domain.facts import Fact
from gateway.domain.snapshot import matches

USUAL, MOST = 20, 1000

COLUMNS = (
    Column("id", "ID"),
    Column("at", "T"),
    Column("operator", "OPERATOR"),
    Column("target", "TARGET"),
    Column("snippet", "SNIPPET"),
)


def number(text: str) -> int:
    """Read how many hits are wanted. Raises ValueError in words."""
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MOST):
        raise ValueError(f"expected a number from 1 to {MOST}, not {text!r}")
    return int(text)


async def search(call: Call) -> Answer:
    """Find words in what was on the screens, and in the commands that ran."""
    wanted = " ".join(call["text"])
    if not any(each.isalnum() for each in wanted):
        raise usage("say what to search for: words, or a phrase in quotes")
    hits = await call.room.search.find(wanted, call["limit"] or USUAL, _among(call))
    caller = call.caller
    body = {"by": caller.name, "door": caller.door, "source": caller.source, "text": wanted[:1000]}
    seen = sorted({hit["id"] for hit in hits})
    await call.room.journal.tell(Fact("recording.searched", {**body, "sessions": seen}))
    rows = [{**hit, "at": f"t={hit['t']:.1f}"} for hit in hits]
    more = ("there may be more: --limit N",) if len(rows) == (call["limit"] or USUAL) else ()
    return Answer(rows, COLUMNS, words="nothing was found", notes=more)


def _among(call: Call) -> Callable[[Row], bool]:
    """Return which recordings are searched; it is asked in a thread."""
    tests: list[Callable[[Row], bool]] = []
    if call["user"]:
        tests.append(lambda row: bool(row.get("operator") == call["user"]))
    if call["target"]:
        tests.append(lambda row: matches(call["target"], str(row.get("target", ""))))
    if call["since"]:
        since = asked_moment(call, "since")
        tests.append(lambda row: (epoch(row.get("started")) or 0.0) >= since)
    return lambda row: all(test(row) for test in tests)


VERBS = (
    Verb("search", "full text over what was on the screens of whole recordings, and their commands", search,
         roles(ADMIN, AUDITOR), (
             Argument("TEXT", "words that must all be there; in quotes: side by side", many=True),
         ), (
             Option("--user", "in sessions of this operator", word="USER"),
             Option("--target", "on this target, or a glob", word="TARGET"),
             Option("--since", "in sessions since then, or so long ago", word="TIME"),
             Option("--limit", f"so many hits at most; {USUAL} if not given", word="N", kind=number),
         ), lists=True),
)  # fmt: skip
