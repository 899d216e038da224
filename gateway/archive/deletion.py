"""Deleting a recording's content: its wrapped key first.

The rule: the key of a recording stands wrapped in the headers of its tracks and nowhere else, so destroying those is
the deletion, also of every copy of the frames; then the files go. The signed manifest stays as the proof that there was
a recording, with ``deleted.json`` beside it that says when and why its content went.
"""

from __future__ import annotations

import os
from typing import Any

from gateway.archive import manifest, reader
from gateway.archive.files import read_bounded, remove, replace, sync
from gateway.archive.format import MAX_HEADER, FormatError, canonical, read_canonical

DELETED = "deleted.json"


def delete(directory: str, at: float, reason: str) -> None:
    """Destroy a recording's key, remove its tracks and leave word; may be repeated. Raises OSError."""
    replace(os.path.join(directory, DELETED), canonical({"at": round(at, 3), "reason": reason}) + b"\n")
    for path in reader.track_paths(directory):
        _destroy_header(path)
        remove(path)
    for name in os.listdir(directory):
        if name not in (DELETED, manifest.MANIFEST):
            remove(os.path.join(directory, name))
    sync(directory)


def _destroy_header(path: str) -> None:
    with open(path, "r+b") as stored:
        length = len(stored.readline(MAX_HEADER))
        stored.seek(0)
        stored.write(b"\0" * length)
        stored.flush()
        os.fsync(stored.fileno())


def deletion(directory: str) -> dict[str, Any] | None:
    """Return when (``at``, epoch) and why a recording's content was deleted; None where it was not."""
    try:
        document = read_canonical(read_bounded(os.path.join(directory, DELETED), 1 << 16), DELETED)
    except FileNotFoundError:
        return None
    except (OSError, FormatError) as error:
        return {"at": 0.0, "reason": f"{DELETED} can not be read: {error}"}
    return document
