"""The console: who may see which page, and what goes before every one.

The rule: a page is a view over verbs; nothing here decides who may do what but the one way that every door goes.
Whoever is not logged in sees the login page alone; whoever posts proves with the visit's own word, and by where the
browser says it comes from, that the form was ours.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from gateway.admin.answer import Answer
from gateway.admin.perform import REFUSING, answered, as_refusal
from gateway.admin.refusal import Exit, Refusal, denied, missing
from gateway.admin.room import ADMIN, AUDITOR, Room
from gateway.admin.streams import Stdin, Streams
from gateway.admin.verb import Verb
from gateway.admin.web.asked import Ask
from gateway.admin.web.brake import Brake
from gateway.admin.web.entries import Entries
from gateway.admin.web.paint import Painter, static
from gateway.admin.web.reply import Reply, see_other, status_of
from gateway.admin.web.visits import Visit, Visits
from gateway.domain.secret import Secret
from gateway.interfaces import IFacts

COOKIE, BROWSER = "ostiary", "ostiary-browser"
FRESH = 3600.0
"""Seconds after a login in which what can not be taken back, or loosens something, may be done."""
ROLES = frozenset({ADMIN, AUDITOR})
"""Who may come in."""


@attrs.define(eq=False, repr=False)
class Console:
    """What all pages share."""

    verbs: Mapping[str, Verb]
    visits: Visits
    entries: Entries
    brake: Brake
    facts: IFacts
    clock: IReactorTime
    check_password: Callable[[str, str, Secret, Secret], Deferred[bool]]
    """For a name, an address, a password and a second factor's code: whether that person may come in with them."""
    painter: Painter
    secure: bool = False
    ssh: str = "ssh {user}@gateway"
    """How a user logs in over ssh, for people to paste."""
    key: bytes = attrs.field(factory=lambda: secrets.token_bytes(32), repr=False)

    def cookie(self, name: str) -> str:
        """Return a cookie's full name: over TLS it is bound to this host."""
        return f"__Host-{name}" if self.secure else name

    def set_cookie(self, name: str, value: str, seconds: int | None = None) -> tuple[str, str]:
        """Return the header that sets a cookie; with 0 seconds it is forgotten."""
        life = "" if seconds is None else f"; Max-Age={seconds}"
        tail = "; Secure" if self.secure else ""
        return ("Set-Cookie", f"{self.cookie(name)}={value}; Path=/; HttpOnly; SameSite=Strict{life}{tail}")

    def word_of(self, ask: Ask, name: str = COOKIE) -> str:
        """Return a cookie's value, empty where it did not come."""
        return ask.cookies.get(self.cookie(name), "")


@attrs.frozen
class Visitor:
    """One request of somebody who is logged in."""

    console: Console
    ask: Ask
    visit: Visit
    room: Room

    @property
    def is_admin(self) -> bool:
        """Say whether he may change things."""
        return ADMIN in self.room.caller.roles

    async def fetch(self, words: Sequence[str], stdin: bytes = b"") -> Answer:
        """Call a verb; return what it found. Raises :exc:`Refusal`."""
        source = Stdin()
        source.received(stdin)
        source.eof()
        streams = Streams(source, _nowhere, _nowhere)
        try:
            answer, _ = await answered(self.console.verbs, self.room, words, streams)
        except REFUSING as failure:
            raise as_refusal(failure) from None
        return answer

    def page(self, template: str, code: int = HTTPStatus.OK, **values: Any) -> Reply:
        """Return a page with what every page of a visitor shows."""
        notes, self.visit.notes = self.visit.notes, []
        known = {"visitor": self, "path": self.ask.path, "notes": notes, "forms": self.visit.forms}
        make = partial(self.console.painter.made, template, {**known, **values})
        return Reply(code, make=make)

    def note(self, words: str, kind: str = "done") -> None:
        """Say something on the next page he sees."""
        self.visit.notes = [*self.visit.notes, (kind, words)][-5:]

    def back(self, place: str) -> Reply:
        """Send him to a page of ours."""
        return see_other(place)


def _nowhere(chunk: bytes) -> None:
    """Keep nothing: a page shows what was found, not what would be written."""


View = Callable[..., Awaitable[Reply]]


@attrs.frozen
class Route:
    """Which requests a view answers: ``*`` in the path stands for one part, which the view is given."""

    method: str
    path: str
    view: View
    posted: bool = attrs.field(init=False, default=attrs.Factory(lambda self: self.method == "POST", takes_self=True))

    def parts(self, ask: Ask) -> tuple[str, ...] | None:
        """Return what stands for the stars, None where the path is another."""
        wanted, found = self.path.split("/"), ask.path.split("/")
        if len(wanted) != len(found) or not all(a in ("*", b) for a, b in zip(wanted, found, strict=True)):
            return None
        return tuple(b for a, b in zip(wanted, found, strict=True) if a == "*")


@attrs.define(eq=False, repr=False)
class Pages:
    """The app of the console: ``outside`` are the pages before a login, ``inside`` those behind it."""

    console: Console
    outside: Callable[[Console, Ask], Awaitable[Reply | None]]
    inside: Sequence[Route]

    async def __call__(self, ask: Ask) -> Reply:
        """Answer one request."""
        if ask.path.startswith("/static/"):
            return static(ask.path)
        try:
            came_from_us(self.console, ask)
            reply = await self.outside(self.console, ask)
            return reply if reply is not None else await self._behind(ask)
        except Refusal as refusal:
            return self._stranger_refused(refusal)

    async def _behind(self, ask: Ask) -> Reply:
        console = self.console
        visit = console.visits.find(console.word_of(ask), touch=not (streams(ask.path) or ask.header("x-follows")))
        if visit is None:
            if ask.writes or streams(ask.path):
                raise Refusal(Exit.DENIED, "denied", "your visit has ended: log in again, nothing was changed")
            wanted = ask.path if ask.path != "/" else ""
            return see_other(f"/login?to={quote(wanted)}" if wanted else "/login")
        try:
            room = console.visits.room(visit, ask.source)
            console.brake.ask(f"visit {visit.name}")
        except Refusal as refusal:
            return self._stranger_refused(refusal)
        visitor = Visitor(console, ask, visit, room)
        try:
            reply = await self._seen(visitor)
        except Refusal as refusal:
            code = status_of(refusal.code, refusal.kind)
            reply = visitor.page("error.html", code, title="That did not work", words=refusal.message)
        if reply.make is None:
            return reply
        return attrs.evolve(reply, body=await room.in_thread(reply.make), make=None)

    async def _seen(self, visitor: Visitor) -> Reply:
        ask = visitor.ask
        method = "GET" if ask.method == "HEAD" else ask.method
        known = [(route, parts) for route in self.inside if (parts := route.parts(ask)) is not None]
        for route, parts in known:
            if route.method == method:
                if route.posted:
                    is_ours(visitor)
                return await route.view(visitor, *parts)
        if known:
            raise Refusal(Exit.USAGE, "usage", f"{ask.method} means nothing here")
        raise missing(f"there is no page {ask.path!r}")

    def _stranger_refused(self, refusal: Refusal) -> Reply:
        code = status_of(refusal.code, refusal.kind)
        return self.console.painter.page("stranger.html", code, title="That did not work", words=refusal.message)


def proven_lately(visitor: Visitor) -> None:
    """Refuse a grave act to who logged in long ago. Raises :exc:`Refusal`."""
    visits = visitor.console.visits
    if visits.now() - visitor.visit.begun > FRESH:
        raise denied(
            "you logged in more than an hour ago: log out and in again to do this. A lock can be set without; "
            "nothing was changed"
        )


def streams(path: str) -> bool:
    """Say whether a path is one that a page follows by itself: it keeps no visit from being idle."""
    return path.startswith("/stream/") or path.endswith("/live")


def came_from_us(console: Console, ask: Ask) -> None:
    """Refuse what another site made a browser post. Raises :exc:`Refusal`."""
    if not ask.writes:
        return
    site, origin = ask.header("sec-fetch-site"), ask.header("origin")
    scheme = "https" if console.secure else "http"
    wrong_site = site not in ("", "same-origin", "none")
    if wrong_site or (origin and origin != f"{scheme}://{ask.header('host')}"):
        raise denied("the form came from another site: nothing was changed")


def is_ours(visitor: Visitor) -> None:
    """Refuse a form without the visit's own word. Raises :exc:`Refusal`."""
    said = visitor.ask.form.get("forms", "")
    if not secrets.compare_digest(said.encode(), visitor.visit.forms.encode()):
        raise denied("the form is not of this visit: go back, reload the page and try again; nothing was changed")
