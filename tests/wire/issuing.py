"""Issue certificates: with ssh-keygen as authorities do, and by hand with whatever fields a test wants."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import Any

import attrs

from gateway.wire.certificates import FOREVER, certified
from gateway.wire.fields import Fields, string, uint32, uint64
from gateway.wire.keyblobs import PublicKey, parse_blob
from tests.wire.keys import TestKey, key_of

USER, HOST = 1, 2
AUTHORITY = key_of(b"ssh-ed25519", 77)


def public(key: TestKey) -> PublicKey:
    """Return a test key's public half."""
    return parse_blob(key.blob)


def options(*pairs: tuple[bytes, bytes]) -> bytes:
    """Pack options; a value that is not empty is packed once more, as the format has it."""
    return b"".join(string(name) + string(string(value) if value else b"") for name, value in pairs)


@attrs.frozen
class Draft:
    """The fields of a certificate, as good ones unless a test says otherwise."""

    key: TestKey = attrs.field(factory=lambda: key_of(b"ssh-ed25519", 1))
    holder: int = USER
    serial: int = 7
    key_id: bytes = b"alice's laptop"
    principals: tuple[bytes, ...] = (b"alice",)
    after: int = 0
    before: int = FOREVER
    critical: bytes = b""
    extensions: bytes = b""
    reserved: bytes = b""
    authority: TestKey = AUTHORITY
    algorithm: bytes = b""
    flags: int = 1

    def issue(self) -> bytes:
        """Return the certificate's blob, signed by its authority."""
        fields = Fields(self.key.blob)
        fields.string("kind", 64)
        body = string(certified(self.key.kind)) + string(b"n" * 32) + fields.rest()
        body += uint64(self.serial) + uint32(self.holder) + string(self.key_id)
        body += string(b"".join(map(string, self.principals))) + uint64(self.after) + uint64(self.before)
        body += string(self.critical) + string(self.extensions) + string(self.reserved)
        body += string(self.authority.blob)
        return body + string(self.authority.sign(body, self.algorithm, self.flags))


def draft(**fields: Any) -> bytes:
    """Return a certificate with some fields changed."""
    return Draft(**fields).issue()


def keygen(*argv: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run ssh-keygen."""
    return subprocess.run(["/usr/bin/ssh-keygen", *argv], check=check, capture_output=True, text=True)


def key_file(folder: Path, name: str, kind: str = "ed25519", *more: str) -> Path:
    """Make a private key file with its public half beside it."""
    path = folder / name
    keygen("-q", "-t", kind, *more, "-N", "", "-C", name, "-f", path)
    return path


def certify(authority: Path, key: Path, *more: str) -> Path:
    """Have ssh-keygen certify a key; return the certificate's file, which replaces an earlier one."""
    keygen("-q", "-s", authority, "-I", key.name, *more, f"{key}.pub")
    return key.with_name(f"{key.name}-cert.pub")


def blob_in(path: Path) -> bytes:
    """Return the blob in a public key's or certificate's file."""
    return base64.b64decode(path.read_text().split()[1])
