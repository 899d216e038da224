"""Users, targets, rules, and the visitor's own account.

The rule: settings are read here and changed by verbs elsewhere; only what an incident asks for at once has a button:
switch an account off or on, trust a host key.
"""

from __future__ import annotations

from typing import Any

from gateway.admin.answer import Row
from gateway.admin.refusal import Refusal, denied, usage
from gateway.admin.room import Room
from gateway.admin.verbs.accounts import fingerprint
from gateway.admin.web.console import BROWSER, COOKIE, Visitor, proven_lately
from gateway.admin.web.pages.words import chosen, line
from gateway.admin.web.reply import Reply, see_other


async def users(visitor: Visitor) -> Reply:
    """List the users, with how they stand."""
    rows = (await visitor.fetch(line("user list"))).data
    barred = {str(each["user"]) for each in (await visitor.fetch(line("locks"))).data if each.get("user")}
    live: dict[str, int] = {}
    for each in (await visitor.fetch(line("sessions", flags=("live",)))).data:
        live[each["operator"]] = live.get(each["operator"], 0) + 1
    shown = [
        {**row, "standing": _standing(visitor.room, row, barred), "live": live.get(row["name"], 0)} for row in rows
    ]
    return visitor.page("users.html", title="Users", rows=shown)


def _standing(room: Room, row: Row, barred: set[str]) -> str:
    if not row.get("active", True) or room.orders.is_deactivated(str(row["name"])):
        return "switched off"
    return "locked" if row["name"] in barred else "active"


async def user(visitor: Visitor, name: str) -> Reply:
    """Show one user: how he stands, what he may reach, his sessions."""
    row = (await visitor.fetch(line("user show", name))).data
    barred = {str(each["user"]) for each in (await visitor.fetch(line("locks"))).data if each.get("user")}
    return visitor.page(
        "user.html", title=name, row=row, standing=_standing(visitor.room, row, barred),
        keys=[{"line": each, "fingerprint": fingerprint(each)} for each in row.get("keys") or ()],
        reach=(await visitor.fetch(line("access what", name))).data,
        rows=(await visitor.fetch(line("sessions", user=name))).data[:20],
    )  # fmt: skip


async def switch(visitor: Visitor, name: str) -> Reply:
    """Switch an account off, or on again."""
    proven_lately(visitor)
    form = chosen(visitor.ask.form, "doing", "reason", "sure")
    if form["doing"] not in ("activate", "deactivate"):
        raise usage("say what to do with the account: activate or deactivate")
    if form["doing"] == "deactivate" and form["sure"].lower() != "yes":
        raise usage("nothing was done: switching an account off wants a typed yes; it ends all sessions of the user")
    visitor.note((await visitor.fetch(line(f"user {form['doing']}", name, reason=form["reason"]))).words)
    return visitor.back(f"/users/{name}")


async def targets(visitor: Visitor) -> Reply:
    """List the targets; those first whose host key waits for somebody."""
    rows = (await visitor.fetch(line("target list"))).data
    waiting = {row["name"]: _queued(visitor, row["name"]) for row in rows}
    ordered = sorted(rows, key=lambda row: (not waiting[row["name"]], row["name"]))
    return visitor.page("targets.html", title="Targets", rows=ordered, waiting=waiting)


def _queued(visitor: Visitor, name: str) -> list[str]:
    return [fingerprint(key) for key in visitor.room.directory.queued_keys(name)]


async def target(visitor: Visitor, name: str) -> Reply:
    """Show one target: its keys, who may reach it, its sessions."""
    row = (await visitor.fetch(line("target show", name))).data
    return visitor.page(
        "target.html", title=name, row=row, queued=_queued(visitor, name),
        keys=[fingerprint(each) for each in row.get("host_keys") or ()],
        reach=(await visitor.fetch(line("access who", name))).data,
        rows=(await visitor.fetch(line("sessions", target=name))).data[:20],
    )  # fmt: skip


async def trust(visitor: Visitor, name: str) -> Reply:
    """Pin a host key that a target has shown."""
    proven_lately(visitor)
    form = chosen(visitor.ask.form, "fingerprint", "reason")
    words = line("target trust", name, fingerprint=form["fingerprint"], reason=form["reason"])
    visitor.note((await visitor.fetch(words)).words)
    return visitor.back(f"/targets/{name}")


async def rules(visitor: Visitor) -> Reply:
    """Show the rules for audited commands, and what they would do to a line."""
    asked = chosen(dict(visitor.ask.query), "line", "user", "target", "account")
    told: Any = None
    words = ""
    if asked["line"]:
        options = {key: asked[key] for key in ("user", "target", "account")}
        try:
            told = (await visitor.fetch(line("rule test", asked["line"], **options))).data
        except Refusal as refusal:
            words = refusal.message
    return visitor.page(
        "rules.html", title="Rules", asked=asked, told=told, words=words,
        rows=(await visitor.fetch(line("audited list"))).data,
        transfers=(await visitor.fetch(line("transfer list"))).data,
        grants=(await visitor.fetch(line("grant list"))).data,
    )  # fmt: skip


async def account(visitor: Visitor) -> Reply:
    """Show the visitor's own visits and tokens."""
    visits = [each for each in visitor.console.visits.all() if each.name == visitor.visit.name]
    tokens = (await visitor.fetch(line("token list"))).data if visitor.room.tokens is not None else []
    own = (await visitor.fetch(line("whoami"))).data
    return visitor.page("account.html", title="Your account", visits=visits, tokens=tokens, own=own)


async def drop_token(visitor: Visitor) -> Reply:
    """Take a token back."""
    form = chosen(visitor.ask.form, "id", "reason")
    visitor.note((await visitor.fetch(line("token rm", form["id"], reason=form["reason"]))).words)
    return visitor.back("/account")


async def end_visit(visitor: Visitor) -> Reply:
    """End another visit of one's own."""
    begun = visitor.ask.form.get("visit", "")
    for each in visitor.console.visits.all():
        if each.name == visitor.visit.name and each.key.hex()[:16] == begun:
            visitor.console.visits.end(each)
            visitor.note("that visit is over")
            return visitor.back("/account")
    raise denied("there is no such visit of yours any more")


async def logout(visitor: Visitor) -> Reply:
    """End the visit."""
    console = visitor.console
    console.visits.end(visitor.visit)
    return see_other("/login", console.set_cookie(COOKIE, "", 0), console.set_cookie(BROWSER, "", 0))
