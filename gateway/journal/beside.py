"""The small files beside a store: the lock, the key and the mark.

The rule: one process has a store open; its key is readable by its owner alone; the mark never runs ahead of
the store. So a mark that does is the sign of a store that was cut or restored from an older copy.

* ``journal.lock`` – locked with flock(2) while the store is open; holds the process's number.
* ``journal.key`` – the Ed25519 signing key, PKCS8 PEM, mode 0600.
* ``journal.head`` – the last committed head, overwritten in place after each commit, without fsync.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import attrs
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.journal.chain import Head
from gateway.journal.errors import JournalBusy, JournalCorrupt, JournalRefused

_MARK_SIZE = 256
_HASH_SIZE = 32


@attrs.frozen
class Beside:
    """Name the files that lie beside a store."""

    store: Path

    @property
    def lock(self) -> Path:
        """The file that is locked while the store is open."""
        return self.store.with_suffix(".lock")

    @property
    def key(self) -> Path:
        """The signing key."""
        return self.store.with_suffix(".key")

    @property
    def mark(self) -> Path:
        """The last committed head."""
        return self.store.with_suffix(".head")

    @property
    def reserve(self) -> Path:
        """The space that is set free when the disk is full."""
        return self.store.with_suffix(".reserve")


def take_lock(path: Path) -> int:
    """Lock a store for this process; return the descriptor that holds the lock, or raise JournalBusy."""
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(held, 20, 0).decode("ascii", "replace").strip()
        os.close(held)
        raise JournalBusy(
            f"the journal of {path.parent} is in use by process {owner or 'unknown'}; "
            "stop the gateway first, or let it do the work through its socket"
        ) from None
    _write_owner(held)
    return held


def _write_owner(held: int) -> None:
    os.pwrite(held, f"{os.getpid():<19}\n".encode("ascii"), 0)


def load_key(path: Path) -> Ed25519PrivateKey:
    """Return the signing key, made where there is none; raise JournalRefused for a file that is no such key
    or that others may read."""
    try:
        raw = _read_private(path)
    except FileNotFoundError:
        return _make_key(path)
    try:
        key = load_pem_private_key(raw, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise JournalCorrupt(
            f"{path} is not the Ed25519 key of a journal; restore it from a backup, or move it away: "
            "then a new key and a new incarnation of the journal begin"
        )
    return key


def _read_private(path: Path) -> bytes:
    with path.open("rb") as opened:
        mode = os.fstat(opened.fileno()).st_mode & 0o777
        if mode & 0o077:
            raise JournalRefused(
                f"{path} can be read by others (mode {mode:03o}); "
                f"if nobody has taken a copy, run: chmod 600 {path}"
            )
        return opened.read(65536)


def _make_key(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    fresh = path.with_suffix(".key.new")
    fresh.unlink(missing_ok=True)
    made = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(made, "wb") as writable:
        writable.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        writable.flush()
        os.fsync(made)
    fresh.rename(path)
    sync_folder(path.parent)
    return key


def sync_folder(folder: Path) -> None:
    """Make what was created or renamed in a folder last through a power cut."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def read_mark(path: Path) -> Head | None:
    """Return the head that was marked last; None where there is no mark or it can not be read."""
    try:
        with path.open("rb") as opened:
            told = json.loads(opened.read(_MARK_SIZE))
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    match told:
        case {"origin": str(origin), "seq": int(seq), "hash": str(text)} if seq > 0:
            return _marked(origin, seq, text)
    return None


def _marked(origin: str, seq: int, text: str) -> Head | None:
    try:
        linked = bytes.fromhex(text)
    except ValueError:
        return None
    return Head(origin, seq, linked) if len(linked) == _HASH_SIZE else None


def open_mark(path: Path) -> int:
    """Return a descriptor for :func:`write_mark`."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)


def write_mark(opened: int, head: Head) -> None:
    """Overwrite the mark in place; its length never changes, so a full disk is no matter; raise OSError."""
    told = json.dumps({"origin": head.origin, "seq": head.seq, "hash": head.hash.hex()})
    os.pwrite(opened, told.ljust(_MARK_SIZE - 1).encode("ascii") + b"\n", 0)
