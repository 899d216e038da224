"""A console on a node in memory, and a browser that keeps its cookies."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from gateway.admin.refusal import Refusal
from gateway.admin.room import Caller, Room, Web
from gateway.admin.tokens import Tokens
from gateway.admin.verbs import VERBS
from gateway.admin.web.api import Api
from gateway.admin.web.asked import FORM, Ask, pairs
from gateway.admin.web.brake import Brake
from gateway.admin.web.console import Console, Pages
from gateway.admin.web.entries import Entries
from gateway.admin.web.login import outside
from gateway.admin.web.pages.table import ROUTES
from gateway.admin.web.paint import Painter
from gateway.admin.web.reply import Reply
from gateway.admin.web.site import Site
from gateway.admin.web.visits import Visits
from gateway.domain.secret import Secret
from tests.admin.node import NOW, MemoryNode

PASSWORD = "correct horse"


@attrs.define(eq=False)
class Served:
    """Everything that is served, on one clock; ``barred`` are users who may not come in now."""

    secure: bool = False
    node: MemoryNode = attrs.field(factory=MemoryNode)
    clock: Clock = attrs.field(factory=Clock)
    barred: set[str] = attrs.field(factory=set)
    lost: dict[str, frozenset[str]] = attrs.field(factory=dict)
    tokens: Tokens = attrs.field(init=False)
    visits: Visits = attrs.field(init=False)
    entries: Entries = attrs.field(init=False)
    console: Console = attrs.field(init=False)
    api: Api = attrs.field(init=False)
    site: Site = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        journal = self.node.journal
        self.tokens = Tokens(journal, self.now)
        self.visits = Visits(lambda name, source, door: self.room(name, source, door, None), self.now)
        self.entries = Entries(self.now)
        brake = Brake(self.clock.seconds)
        self.console = Console(
            VERBS, self.visits, self.entries, brake, journal, self.clock, self._check, Painter(),
            secure=self.secure, ssh="ssh -p 2222 YOU@gw",
        )  # fmt: skip
        self.api = Api(VERBS, self.tokens, self.room, brake, journal, "0.1")
        for fold in (self.tokens, self.visits, self.api):
            journal.attach(fold)
        self.site = Site(self.api, Pages(self.console, outside, ROUTES))

    def now(self) -> float:
        """Seconds since the epoch."""
        return NOW + self.clock.seconds()

    def room(self, name: str, source: str, door: str, only: frozenset[str] | None) -> Room:
        """Return the room of a user as he stands now."""
        user = self.node.directory.snapshot().user.get(name)
        if user is None or name in self.barred:
            raise Refusal(77, "denied", f"the account {name} is not active any more")
        held = frozenset(user.roles) - self.lost.get(name, frozenset())
        caller = Caller(name, user.full_name, held if only is None else held & only, source, door)
        web = Web(
            lambda user: f"http://gw/login/link/{self.entries.link(user)}",
            lambda code: attrs.asdict(self.entries.waiting(code)),
            self.entries.confirm,
        )
        return attrs.evolve(self.node.room(caller), tokens=self.tokens, web=web)

    def _check(self, name: str, source: str, password: Secret, second: Secret) -> Deferred[bool]:
        known = name in self.node.directory.snapshot().user
        return succeed(known and password.same_as(Secret(PASSWORD.encode())))

    def token(self, user: str = "root", *roles: str, **more: Any) -> str:
        """Make a token and return its text."""
        made: list[str] = []
        held = roles or ("admin",)
        adding = self.tokens.add(user, "test", held, more.get("origin", ()), more.get("ttl"), {"by": user})
        Deferred.fromCoroutine(adding).addCallback(lambda pair: made.append(pair[1]))
        return made[0]


@attrs.define(eq=False)
class Browser:
    """Ask as a browser does, with its cookies."""

    served: Served = attrs.field(factory=Served)
    source: str = "10.1.2.3"
    cookies: dict[str, str] = attrs.field(factory=dict)
    headers: dict[str, str] = attrs.field(factory=dict)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        """Ask once; the answer must be there at once."""
        place, _, query = path.partition("?")
        scheme = "https" if self.served.secure else "http"
        known = {"host": "gw:8022", "user-agent": "Test/1", "origin": f"{scheme}://gw:8022" if body else ""}
        told = {key: value for key, value in {**known, **self.headers, **headers}.items() if value}
        asked = Ask(method, place, pairs(query.encode()), told, dict(self.cookies), body, self.source,
                    self.served.secure)  # fmt: skip
        found: list[Reply] = []
        answering = Deferred.fromCoroutine(self.served.site(asked))
        answering.addCallback(found.append)
        failures: list[Any] = []
        answering.addErrback(failures.append)
        if failures:
            failures[0].raiseException()
        assert found, f"{method} {path} is not answered at once"
        self._keep(found[0])
        return found[0]

    def get(self, path: str, **headers: str) -> Reply:
        """Look at a page."""
        return self.ask("GET", path, **headers)

    def post(self, path: str, **fields: str) -> Reply:
        """Post a form of the last page that was looked at; ``forms`` may be given."""
        return self.ask("POST", path, urlencode(fields).encode(), **{"content-type": FORM})

    def _keep(self, reply: Reply) -> None:
        for name, value in reply.headers:
            if name == "Set-Cookie":
                pair, *attributes = value.split("; ")
                key, _, word = pair.partition("=")
                if "Max-Age=0" in attributes:
                    self.cookies.pop(key, None)
                else:
                    self.cookies[key] = word

    def forms(self, path: str = "/") -> str:
        """Return the word that a page's forms carry."""
        found = re.search(r'name="forms" value="([^"]+)"', self.get(path).body.decode())
        assert found is not None, path
        return found[1]

    def log_in(self, name: str = "root", password: str = PASSWORD) -> Reply:
        """Log in by password."""
        return self.post("/login", name=name, password=password, forms=self.forms("/login"), to="/")


def body(reply: Reply) -> Any:
    """Return a reply's JSON."""
    return json.loads(reply.body)


def location(reply: Reply) -> str:
    """Return where a reply sends the browser."""
    return dict(reply.headers).get("Location", "")
