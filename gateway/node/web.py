"""The console and the API of this node: their parts, and the listener for them.

The rule: beyond loopback nothing of it is served without TLS: its own, or a front end's that is named. A person comes
in over the web by the same rules as over ssh: known, a person, not switched off, not locked, from where he may come.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates
from OpenSSL.crypto import X509, PKey
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.ssl import CertificateOptions, TLSVersion
from twisted.protocols.tls import TLSMemoryBIOFactory

from gateway.admin.room import Room, Web
from gateway.admin.tokens import bearer
from gateway.admin.verbs import VERBS
from gateway.admin.web.api import Api
from gateway.admin.web.brake import Brake
from gateway.admin.web.console import Console, Pages
from gateway.admin.web.entries import Entries
from gateway.admin.web.login import outside
from gateway.admin.web.pages.table import ROUTES
from gateway.admin.web.paint import Painter
from gateway.admin.web.server import Door, Front, Limited
from gateway.admin.web.site import Site
from gateway.admin.web.visits import Visits
from gateway.config.kinds import is_loopback
from gateway.config.schema import Admin
from gateway.domain.grant import within
from gateway.domain.secret import Secret
from gateway.node.rooms import Rooms

RoomOf = Callable[[str, str, str, frozenset[str] | None], Room]
"""The room of a user, by name, source, door, and the roles he is cut down to (None: all he has)."""


@attrs.define(eq=False, repr=False)
class WebDoors:
    """Hold what the console and the API need from the start of the node to its end."""

    rooms: Rooms
    room_of: RoomOf
    version: str
    ssh_port: int
    visits: Visits = attrs.field(init=False)
    entries: Entries = attrs.field(init=False)
    brake: Brake = attrs.field(init=False)
    console: Console = attrs.field(init=False)
    api: Api | None = attrs.field(init=False, default=None)
    factories: list[Limited] = attrs.field(init=False, factory=list)
    _url: str = attrs.field(init=False, default="")

    def __attrs_post_init__(self) -> None:
        """Make the parts; raise ValueError in words for a listener that others reach in clear."""
        rooms, settings = self.rooms, self.rooms.config.admin
        check_listeners(settings)
        self.visits = Visits(lambda name, source, door: self.room_of(name, source, door, None), rooms.wall)
        self.entries = Entries(rooms.wall)
        self.brake = Brake(rooms.clock.seconds)
        painter = Painter(node=rooms.config.node.name, version=self.version)
        self.console = Console(
            VERBS, self.visits, self.entries, self.brake, rooms.journal, rooms.clock, self._check_password, painter,
            secure=is_secure(settings),
        )  # fmt: skip

    @property
    def web(self) -> Web:
        """Return the way in for the verb ``web-login``."""
        return Web(
            link=lambda name: f"{self._url}/login/link/{self.entries.link(name)}",
            waiting=self._waiting,
            confirm=self.entries.confirm,
        )

    def _waiting(self, code: str) -> Mapping[str, Any]:
        found = self.entries.waiting(code)
        return {"source": found.source, "agent": found.agent, "code": found.code}

    def figures(self) -> Mapping[str, float]:
        """Return how many visits and streams there are."""
        visits = self.visits.all()
        streams = sum(len(visit.streams) for visit in visits) + (self.api.streams if self.api is not None else 0)
        return {"visits": len(visits), "streams": streams}

    async def listen(self, reactor: Any) -> list[tuple[Any, str]]:
        """Listen; return each port and its address for people."""
        settings = self.rooms.config.admin
        front = Front(is_secure(settings), settings.proxy_from, self._is_proven)
        api = self.api = Api(VERBS, self.rooms.tokens, self.room_of, self.brake, self.rooms.journal, self.version)
        site = Site(api, Pages(self.console, outside, ROUTES))
        ports = []
        for fold in (self.visits, api):
            self.rooms.journal.attach(fold)
        for text in settings.listen:
            factory: Any = Limited(Door(site, self.rooms.clock, front))
            self.factories.append(factory)
            if settings.cert:
                factory = TLSMemoryBIOFactory(certificate(settings), False, factory, reactor)
            port = await serverFromString(reactor, text).listen(factory)  # type: ignore[no-untyped-call]
            ports.append(port)
        host = self._placed(settings, ports)
        port = "" if self.ssh_port == 22 else f"-p {self.ssh_port} "
        self.console.ssh = f"ssh {port}YOU@{host}"
        return [(port, self._url) for port in ports]

    def _placed(self, settings: Admin, ports: list[Any]) -> str:
        """Work out how people reach the console; return the host's name."""
        self._url = settings.url
        if not self._url and ports:
            where = ports[0].getHost()
            host = str(getattr(where, "host", "127.0.0.1"))
            host = f"[{host}]" if ":" in host else host
            self._url = f"{'https' if settings.cert else 'http'}://{host}:{getattr(where, 'port', 0)}"
        return urlsplit(self._url).hostname or "gateway"

    def close(self) -> None:
        """Cut every connection."""
        for visit in self.visits.all():
            self.visits.end(visit)
        for factory in self.factories:
            for protocol in list(factory.protocols):
                protocol.transport.abortConnection()

    def _is_proven(self, authorization: str) -> bool:
        return self.rooms.tokens.known(bearer(authorization)) is not None

    def _check_password(self, name: str, source: str, password: Secret, second: Secret) -> Deferred[bool]:
        return Deferred.fromCoroutine(self._fits(name, source, password, second))

    async def _fits(self, name: str, source: str, password: Secret, second: Secret) -> bool:
        operators = self.rooms.operators
        user = operators.find(name)
        person = user if user is not None and user.kind == "person" and operators.is_active(name) else None
        right = await operators.check_password(person, password)
        if not right or person is None or (person.origin and not within(source, person.origin)):
            return False
        return person.second_factor == "none" or bool(await self.rooms.factors.check(person.name, second))


def is_secure(settings: Admin) -> bool:
    """Say whether browsers come by TLS: the listener's own, or a front end's."""
    return bool(settings.cert) or settings.url.startswith("https:")


def check_listeners(settings: Admin) -> None:
    """Raise ValueError in words where the console would be served in clear to others."""
    if bool(settings.cert) != bool(settings.key):
        raise ValueError("[admin] cert and key go together: TLS needs both")
    open_ones = [text for text in settings.listen if text and not is_loopback(text)]
    if open_ones and not settings.cert and not settings.proxy_from:
        raise ValueError(
            f"[admin] listen: {open_ones[0]} is reachable by others and there is no TLS: set cert and key, or listen "
            "on loopback behind a front end"
        )


def certificate(settings: Admin) -> CertificateOptions:
    """Read certificate and key; raise ValueError in words."""
    texts = []
    for what, reference in (("key", settings.key), ("cert", settings.cert)):
        path = Path(re.sub("^file:", "", reference))
        try:
            texts.append(path.read_bytes())
        except OSError as fault:
            raise ValueError(f"[admin] {what}: {path} can not be read: {fault.strerror}") from None
    try:
        key = PKey.from_cryptography_key(load_pem_private_key(texts[0], None))  # type: ignore[arg-type]
        own, *chain = [X509.from_cryptography(each) for each in load_pem_x509_certificates(texts[1])]
    except (ValueError, TypeError) as fault:
        raise ValueError(f"[admin] cert, key: expected PEM, a key without passphrase: {fault}") from None
    return CertificateOptions(
        privateKey=key, certificate=own, extraCertChain=chain, raiseMinimumTo=TLSVersion.TLSv1_2,
    )  # fmt: skip
