"""Destinations as configuration names them, and how each is opened.

The rule: files that a destination needs are read each time it is opened, so certificates can be renewed; a receiver
that does not prove its name is not written to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.ssl import (
    Certificate,
    TLSVersion,
    optionsForClientTLS,
    platformTrust,
    trustRootFromCertificates,
)

from gateway.siem.local import AppendedFile, Blocking, Datagrams
from gateway.siem.shapes import Shape
from gateway.siem.streams import Stream
from gateway.siem.ways import IWay

PATIENCE = 20.0
"""Seconds for a connection, and again for the proof of a name."""
MOST = {"udp": 2048, "tcp": 65536, "tls": 65536, "file": 1 << 20}
"""Bytes of a message: RFC 5426 asks receivers of datagrams for 2048."""


@attrs.frozen
class Destination:
    """One ``[[siem]]``; files are paths or ``file:`` references, empty where there are none."""

    transport: str
    format: str = "rfc5424"
    ca: str = ""
    cert: str = ""
    key: str = ""
    min_severity: int = 0
    kinds: tuple[str, ...] = ("*",)
    settings: tuple[tuple[str, Any], ...] = ()
    """What a plugin is set up with."""

    @property
    def scheme(self) -> str:
        """Return ``udp``, ``tcp``, ``tls``, ``file`` or ``plugin``."""
        return self.transport.partition(":")[0]

    @property
    def plugin(self) -> str:
        """Return the name of the plugin that takes the events; empty where there is none."""
        return self.transport.partition(":")[2] if self.scheme == "plugin" else ""

    @property
    def where(self) -> tuple[str, int]:
        """Return host and port."""
        host, _, port = self.transport.partition(":")[2].rpartition(":")
        return host.removeprefix("[").removesuffix("]"), int(port)

    @property
    def shape(self) -> Shape:
        """Return how entries are written: in a file as they are, elsewhere in syslog's messages."""
        return Shape(self.format, self.scheme != "file", MOST[self.scheme])


InThread = Callable[..., Deferred[Any]]


def opening(destination: Destination, reactor: Any, in_thread: InThread) -> Callable[[], Awaitable[IWay]]:
    """Return what opens a destination; it fails with OSError or what Twisted says of connections."""

    async def open_stream() -> IWay:
        return await _open_stream(destination, reactor, in_thread)

    async def open_blocking() -> IWay:
        inner: AppendedFile | Datagrams
        if destination.scheme == "file":
            inner = AppendedFile(destination.transport.partition(":")[2])
        else:
            inner = Datagrams(*destination.where)
        await in_thread(inner.open)
        return Blocking(inner, in_thread)

    return open_stream if destination.scheme in ("tcp", "tls") else open_blocking


async def _open_stream(destination: Destination, reactor: Any, in_thread: InThread) -> IWay:
    host, port = destination.where
    is_tls = destination.scheme == "tls"
    endpoint: Any = HostnameEndpoint(reactor, host, port, timeout=PATIENCE)
    if is_tls:
        endpoint = wrapClientTLS(await in_thread(tls_options, destination), endpoint)
    stream = Stream(is_tls)
    await connectProtocol(endpoint, stream)  # type: ignore[no-untyped-call]
    try:
        await stream.ready.addTimeout(PATIENCE, reactor)
    except TimeoutError:
        stream.drop()
        raise OSError(f"{host}:{port} did not finish the TLS handshake") from None
    return stream


def tls_options(destination: Destination) -> Any:
    """Read a destination's certificates; raise OSError in words. Reads the disk."""
    trust = platformTrust() if not destination.ca else _trust(destination.ca)  # type: ignore[no-untyped-call]
    options = {"raiseMinimumTo": TLSVersion.TLSv1_2, **_own(destination)}
    return optionsForClientTLS(destination.where[0], trust, extraCertificateOptions=options)


def _trust(reference: str) -> Any:
    found = [Certificate.loadPEM(each.public_bytes(Encoding.PEM)) for each in _certificates(reference)]
    return trustRootFromCertificates(found)  # type: ignore[no-untyped-call]


def _own(destination: Destination) -> dict[str, Any]:
    """Return the chain and the key that prove who we are, where there are any."""
    if not destination.cert:
        return {}
    first, *chain = _certificates(destination.cert)
    path = _path(destination.key or destination.cert)
    try:
        key = load_pem_private_key(Path(path).read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise OSError(f"{path} holds no private key without a passphrase") from None
    if key.public_key() != first.public_key():
        raise OSError(f"{path} is not the key of {_path(destination.cert)}")
    return {"privateKey": key, "certificate": first, "extraCertChain": chain}


def _certificates(reference: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(Path(_path(reference)).read_bytes())
    except ValueError:
        raise OSError(f"{_path(reference)} holds no certificate") from None


def _path(reference: str) -> str:
    return reference.removeprefix("file:")
