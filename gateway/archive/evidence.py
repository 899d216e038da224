"""All that somebody without this node needs to check and read one recording: its stored bytes, key and signature.

The rule: nothing is converted: what is handed on is what was signed, and the key that opens this recording alone.
"""

from __future__ import annotations

import base64
import os
from typing import Any

from gateway.archive import manifest, reader
from gateway.archive.export import ciphers_of
from gateway.archive.format import FormatError, canonical
from gateway.archive.keys import NodeKeys
from gateway.archive.reader import TrackFile
from gateway.interfaces.archive import ArchiveError

LARGEST = 64 << 20
"""Bytes of stored tracks that go into one piece of evidence."""


def evidence(directory: str, channel: int | None, keys: NodeKeys) -> dict[str, Any]:
    """Return a recording's evidence, of one channel or all; raises KeyError, OSError, :exc:`ArchiveError`."""
    session = os.path.basename(directory)
    try:
        unsigned, signature = manifest.read_manifest(directory)
    except FileNotFoundError:
        raise ArchiveError(f"{session} is not sealed yet: `export --cast` and `--text` can read it") from None
    except FormatError as error:
        raise ArchiveError(f"{session} can not be handed on: {error}") from None
    paths = [path for path in reader.track_paths(directory) if channel in (None, reader.track_number(path))]
    if not paths:
        raise KeyError(channel)
    size = sum(os.stat(path).st_size for path in paths)
    if size > LARGEST:
        raise ArchiveError(f"{session} takes {size >> 20} MiB, more than fit into one file: take one channel, ID/N")
    tracks, key = [], b""
    for path in paths:
        row, key = _track(path, keys)
        tracks.append(row)
    return {
        "session": session, "manifest": canonical(unsigned).decode("utf-8"),
        "signed_as": manifest.SIGNED_AS.decode(), "signature": signature["value"],
        "opening": canonical(unsigned["opening"]).decode("utf-8"),
        "public_key": keys.public_key.hex(), "key_id": signature["key"], "key": key.hex(), "tracks": tracks,
    }  # fmt: skip


def _track(path: str, keys: NodeKeys) -> tuple[dict[str, Any], bytes]:
    with open(path, "rb") as stored:
        file = TrackFile(stored)
        if file.damage is not None:
            raise ArchiveError(f"{os.path.basename(path)} can not be read: {file.damage.words}")
        ciphers = ciphers_of(file.header, keys)
        try:
            facts = reader.track_facts(file.header, ciphers)
        except FormatError:
            facts = {}
        stored.seek(0)
        content = base64.b64encode(stored.read()).decode("ascii")
    key = keys.unwrap(file.header["recipients"]) or b""
    return {"channel": file.header["channel"], "kind": file.header["kind"], "facts": facts, "stored": content}, key
