"""Secrets in files and in the environment, and the node's own key file.

The rule: a file with a secret belongs to the service's user or root and nobody else may read or write it (mode 0600
or 0400); anything else is refused in words, for a secret that others could read is none. Everything here blocks:
call it from a thread.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import stat
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain.secret import Secret
from gateway.interfaces.vault import VaultError
from gateway.vault.seal import NodeKey

LARGEST_SECRET = 64 * 1024
OPEN_TO_OTHERS = 0o077
SCRYPT = {"log_cost": 15, "block": 8, "parallel": 1}
FORM = "ostiary node key 1"


def read_secret_file(path: str) -> Secret:
    """Read a file that holds a secret; raise :exc:`VaultError` in words."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as problem:
        raise VaultError(f"can not read {path}: {problem.strerror}") from problem
    try:
        _check(path, os.fstat(opened))
        return Secret(_all_of(opened, path))
    finally:
        os.close(opened)


def _all_of(opened: int, path: str) -> bytes:
    octets = b""
    while chunk := os.read(opened, LARGEST_SECRET + 1):
        octets += chunk
        if len(octets) > LARGEST_SECRET:
            raise VaultError(f"{path} is larger than {LARGEST_SECRET} bytes: it is no secret")
    return octets


def _check(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise VaultError(f"{path} is not a file")
    if found.st_uid not in (os.geteuid(), 0):
        raise VaultError(f"{path} belongs to uid {found.st_uid}; give it to the service's user or root")
    if stat.S_IMODE(found.st_mode) & OPEN_TO_OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        raise VaultError(f"{path} is open to others (mode {mode:04o}); run: chmod 600 {path}")


def read_reference(reference: str, environment: Mapping[str, str]) -> Secret:
    """Fetch what ``file:/path`` or ``env:NAME`` refers to; raise :exc:`VaultError` in words."""
    kind, _, place = reference.partition(":")
    match kind:
        case "file":
            return read_secret_file(place)
        case "env" if place in environment:
            return Secret(os.fsencode(environment[place]))
        case "env":
            raise VaultError(f"the environment variable {place} is not set")
        case _:
            raise VaultError(f"{kind!r:.40} is no way to refer to a secret; use file:, env: or store")


def read_passphrase(reference: str, environment: Mapping[str, str]) -> Secret | None:
    """Fetch a passphrase, without the line end a file has behind it; None for no reference."""
    if not reference:
        return None
    return Secret(read_reference(reference, environment).reveal().removesuffix(b"\n").removesuffix(b"\r"))


def load_or_make_node_key(path: str, passphrase: Secret | None = None) -> NodeKey:
    """Read the node's key, or make it on first use; under a passphrase where one is given."""
    if not os.path.exists(path):
        made = NodeKey.fresh()
        write_node_key(path, made, passphrase)
        return made
    stored = read_secret_file(path)
    try:
        document = json.loads(stored.reveal())
        if document["form"] != FORM:
            raise VaultError(f"{path} was written by a newer version")
        node_key = NodeKey.of(_opened(document, passphrase, path))
    except (KeyError, TypeError, ValueError, binascii.Error) as problem:
        raise VaultError(f"{path} is not a node key; restore it from a backup") from problem
    if passphrase is not None and "key" in document:
        _seal_afterwards(path, node_key, passphrase)
    return node_key


def _seal_afterwards(path: str, key: NodeKey, passphrase: Secret) -> None:
    """Put a key that lay open under the passphrase that is configured now."""
    sealed = f"{path}.sealed-{secrets.token_hex(4)}"
    write_node_key(sealed, key, passphrase)
    os.replace(sealed, path)


def write_node_key(path: str, key: NodeKey, passphrase: Secret | None = None) -> None:
    """Write a node key to a new 0600 file, whole or not at all; never over another one."""
    document: dict[str, str] = {"form": FORM}
    raw = key.raw()
    if passphrase is None:
        document["key"] = base64.b64encode(raw.reveal()).decode()
    else:
        salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        box = AESGCM(passphrase.stretched(salt, **SCRYPT, size=32)).encrypt(nonce, raw.reveal(), FORM.encode())
        document |= {
            name: base64.b64encode(octets).decode()
            for name, octets in (("salt", salt), ("nonce", nonce), ("box", box))
        }
    _write_new(path, json.dumps(document).encode() + b"\n")


def _opened(document: Mapping[str, str], passphrase: Secret | None, path: str) -> Secret:
    if "key" in document:
        return Secret(base64.b64decode(document["key"], validate=True))
    if passphrase is None:
        raise VaultError(f"{path} is under a passphrase; name it in the configuration (file: or env:)")
    salt, nonce, box = (base64.b64decode(document[name], validate=True) for name in ("salt", "nonce", "box"))
    try:
        return Secret(AESGCM(passphrase.stretched(salt, **SCRYPT, size=32)).decrypt(nonce, box, FORM.encode()))
    except InvalidTag as problem:
        raise VaultError(f"the passphrase does not open {path}") from problem


def _write_new(path: str, octets: bytes) -> None:
    draft = f"{path}.{secrets.token_hex(4)}"
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(opened, octets)
        os.fsync(opened)
        os.link(draft, path)
    finally:
        os.close(opened)
        os.unlink(draft)
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
