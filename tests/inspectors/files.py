"""Files to be inspected, and what is known of their transfer."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import attrs
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from gateway.domain.evaluation import Transfer
from gateway.plugins.shelf import taken


@attrs.frozen
class Kept:
    """A spooled file on disk."""

    path: str
    size: int
    sha256: str

    def open(self) -> BinaryIO:
        """Open it for reading."""
        return open(self.path, "rb")


def kept(content: bytes, folder: str | None = None) -> Kept:
    """Spool content."""
    with tempfile.NamedTemporaryFile(dir=folder or tempfile.mkdtemp(), delete=False) as file:
        file.write(content)
    return Kept(file.name, len(content), hashlib.sha256(content).hexdigest())


def transfer(path: str = "/home/root/file", **more: Any) -> Transfer:
    """Return an upload."""
    known = {
        "direction": "upload", "protocol": "sftp", "path": path, "real": path, "operator": "alice", "target": "web1",
        "account": "root", "session": "S-1", **more,
    }  # fmt: skip
    return Transfer(**known)


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, content in entries:
            packed.writestr(name, content)
    return out.getvalue()


def in_thread(function: Any, *arguments: Any) -> Deferred[Any]:
    """Run a function in a thread of the reactor's."""
    return deferToThread(function, *arguments)


def configured(factory: Any, section: dict[str, Any]) -> Any:
    """Return an inspector that is made from settings as the directory has them."""
    return factory.configure(taken(factory.schema, section))


REACTOR: Any = reactor
ROOT = Path(__file__).parents[2]
