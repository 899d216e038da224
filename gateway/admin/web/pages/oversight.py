"""Locks, search, audit log, verify, nodes: what an admin looks at and what he sets right.

The rule: a filter stands in the address, so that a view is a link; what costs much (a tamper check) is asked for by a
button.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from gateway.admin.answer import Row
from gateway.admin.refusal import usage
from gateway.admin.web.console import Visitor, proven_lately
from gateway.admin.web.pages.sessions import release
from gateway.admin.web.pages.words import chosen, line
from gateway.admin.web.reply import Reply
from gateway.domain.facts import KINDS

HITS = 100
EVENTS, LOOKED_AT = 200, 1000
"""Events shown, and of how many: those without severity (checkpoints, anchors) are left out unless asked for."""
ENVELOPE = frozenset({"id", "seq", "time", "node", "kind", "number", "severity", "user", "session", "by", "reason"})


async def locks(visitor: Visitor) -> Reply:
    """Show the locks in force, and set one."""
    rows = (await visitor.fetch(line("locks"))).data
    return visitor.page("locks.html", title="Locks", rows=rows, user=visitor.ask.asked("user"))


async def lock(visitor: Visitor) -> Reply:
    """Set a lock."""
    form = visitor.ask.form
    scope, subject = form.get("scope", ""), form.get("subject", "").strip()
    given: dict[str, str | None] = {"reason": form.get("reason", "").strip(), "ttl": form.get("ttl", "").strip()}
    flags = ("only",) if form.get("only") else ()
    match scope:
        case "user":
            words = line("lock", subject, flags=flags, **given)
        case "session" | "target" | "group":
            words = line("lock", flags=flags, **{**given, scope: subject})
        case "all" if form.get("sure", "").strip().lower() == "yes":
            words = line("lock", flags=(*flags, "all"), **given)
        case "all":
            raise usage("nothing was done: a lock on everybody wants a typed yes")
        case _:
            raise usage("say whom to lock")
    visitor.note((await visitor.fetch(words)).words)
    return visitor.back("/locks")


async def unlock(visitor: Visitor) -> Reply:
    """Release the locks of one scope and subject."""
    proven_lately(visitor)
    form = chosen(visitor.ask.form, "scope", "subject", "reason")
    visitor.note((await visitor.fetch(release(form, form["reason"]))).words)
    return visitor.back("/locks")


async def search(visitor: Visitor) -> Reply:
    """Find text that was on a screen."""
    asked = chosen(dict(visitor.ask.query), "q", "user", "target", "since")
    options = {key: asked[key] for key in ("user", "target", "since")}
    words = line("search", asked["q"], limit=str(HITS), **options)
    rows = (await visitor.fetch(words)).data if asked["q"] else []
    return visitor.page("search.html", title="Search", asked=asked, rows=rows, most=HITS)


async def requests(visitor: Visitor) -> Reply:
    """Show what waits for an approver."""
    rows = (await visitor.fetch(line("requests"))).data
    return visitor.page("requests.html", title="Requests", rows=rows)


async def answer(visitor: Visitor) -> Reply:
    """Agree to what waits, or refuse it."""
    proven_lately(visitor)
    form = chosen(visitor.ask.form, "id", "answer", "reason")
    if form["answer"] not in ("approve", "deny"):
        raise usage("say how to answer the request: approve or deny")
    visitor.note((await visitor.fetch(line(form["answer"], form["id"], reason=form["reason"]))).words)
    return visitor.back("/requests")


async def events(visitor: Visitor) -> Reply:
    """Show the newest entries of the audit log."""
    asked = chosen(dict(visitor.ask.query), "kind", "session", "since")
    found = await visitor.fetch(line("events", last=str(LOOKED_AT), **asked))
    every: list[Row] = [] if found.stream is None else [row async for row in found.stream]
    rows = [row for row in reversed(every) if row["severity"] or asked["kind"]]
    shown = [{**row, "more": {key: row[key] for key in row if key not in ENVELOPE}} for row in islice(rows, EVENTS)]
    themes = sorted({kind.partition(".")[0] for kind in KINDS})
    return visitor.page("events.html", title="Audit log", rows=shown, asked=asked, themes=themes, most=EVENTS)


async def verify(visitor: Visitor) -> Reply:
    """Say what a tamper check proves."""
    return visitor.page("verify.html", title="Verify", rows=None, asked=visitor.ask.asked("id"))


async def verified(visitor: Visitor) -> Reply:
    """Check a recording, all of them, or the journal."""
    form = visitor.ask.form
    match form.get("what"):
        case "all":
            words = line("verify", flags=("all",))
        case "journal":
            words = line("verify", flags=("journal",))
        case _:
            words = line("verify", form.get("id", "").strip())
    found = await visitor.fetch(words)
    return visitor.page("verify.html", title="Verify", rows=found.data, asked=form.get("id", ""))


async def nodes(visitor: Visitor) -> Reply:
    """Show the nodes, and how this one fares."""
    status: dict[str, Any] = (await visitor.fetch(line("status"))).data
    rows = (await visitor.fetch(line("nodes"))).data if "nodes" in visitor.console.verbs else []
    outlets = (await visitor.fetch(line("siem status"))).data if visitor.is_admin else []
    return visitor.page("nodes.html", title="Nodes", status=status, rows=rows, outlets=outlets)
