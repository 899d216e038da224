"""Files known by their SHA-256: denied, or alone allowed.

The rule: a list is read whole when the inspector is made; a line that is no digest is refused then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
from zope.interface import implementer

from gateway.domain.evaluation import Decision, Spooled, Transfer, Verdict
from gateway.inspectors import settings
from gateway.inspectors.settings import Schema
from gateway.inspectors.whole import Whole
from gateway.interfaces import IFileInspector, IFileInspectorFactory, InspectorError

DIGEST = re.compile(r"(?:sha256:)?([0-9A-Fa-f]{64})(?:\s+\*?.*)?")
"""A digest as we write it, or a line of ``sha256sum``."""


@implementer(IFileInspectorFactory)
@attrs.frozen(eq=False)
class HashFactory:
    """Make inspectors of digests."""

    name: ClassVar[str] = "hash"
    schema: ClassVar[Schema] = {
        "deny": settings.texts,  # digests (sha256:…) that are denied, or file:/… with one a line as sha256sum writes
        "allow": settings.texts,  # digests that alone are allowed
    }

    def configure(self, section: Mapping[str, Any]) -> Hash:
        """Read the digests."""
        allow, lines = settings.one_list(section)
        return Hash(allow, frozenset(map(_digest, lines)))


@implementer(IFileInspector)
@attrs.frozen(eq=False)
class Hash:
    """Judge files by their digests."""

    allow: bool
    digests: frozenset[str] = attrs.field(repr=False)

    def wants(self, transfer: Transfer) -> bool:
        """Judge every file."""
        return True

    def begin(self, transfer: Transfer) -> Whole:
        """Wait for the whole file."""
        return Whole(self._judged)

    def _judged(self, spooled: Spooled) -> Verdict:
        listed = spooled.sha256.lower() in self.digests
        if listed == self.allow:
            return Verdict(Decision.ALLOW)
        code, reason = ("unlisted", "the file is not on the list of allowed files") if self.allow else (
            "listed", "the file is on the list of denied files")  # fmt: skip
        return Verdict(Decision.DENY, code, reason, f"sha256:{spooled.sha256}")


def _digest(line: str) -> str:
    found = DIGEST.fullmatch(line.strip())
    if found is None:
        raise InspectorError(f"{line!r:.80} is no SHA-256 such as sha256:9f86d0…")
    return found[1].lower()
