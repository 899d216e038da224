"""Judge a file by the types it has by its signatures.

The rule: a file is every type that some program would take it for; one denied type denies it, and where only some
types are allowed each of its types must be.

Known limits: a zip's kind (docx, jar …) is known by the names in it. A type without a signature is ``text`` or
``data``: a Python file without ``#!`` is text.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

from gateway.domain.signatures import kinds_of

LOOKED_AT = 40 * 1024
MOST_NAMES = 10_000

IN_ZIP: tuple[tuple[str, str], ...] = (
    ("docx", "word/"), ("xlsx", "xl/"), ("pptx", "ppt/"), ("jar", "META-INF/MANIFEST.MF"),
    ("apk", "AndroidManifest.xml"), ("odf", "META-INF/manifest.xml"),
)  # fmt: skip
"""Type, and the beginning of a name in it."""


def kinds_in(file: BinaryIO) -> frozenset[str]:
    """Return every type of a file."""
    found = set(kinds_of(file.read(LOOKED_AT)))
    names = zip_names(file)
    if names is not None:
        found |= {"zip", *(kind for kind, start in IN_ZIP if any(name.startswith(start) for name in names))}
        found -= {"data"}
    return frozenset(found)


def zip_names(file: BinaryIO) -> list[str] | None:
    """Return the names in a zip, also in one on another file's tail; None where the file is no zip."""
    try:
        if not zipfile.is_zipfile(file):
            return None
        with zipfile.ZipFile(file) as opened:
            return opened.namelist()[:MOST_NAMES]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []


def judge(settings: Mapping[str, Any], transfer: Mapping[str, Any], file: BinaryIO) -> dict[str, Any]:
    """Say whether a file's types may pass."""
    found = kinds_in(file)
    listed = frozenset(settings["kinds"])
    bad = found - listed if settings["allow"] else found & listed
    if not bad:
        return {"decision": "allow", "tags": sorted(found)}
    shown = ", ".join(sorted(bad))
    return {"decision": "deny", "code": "type", "reason": f"files of type {shown} may not be transferred",
            "tags": sorted(found)}  # fmt: skip
