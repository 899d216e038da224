"""Names and paths that may or may not be transferred, by globs.

The rule: a pattern without a slash is about the base name, any other about the whole path; ``*`` crosses slashes, case
counts. Both the path as asked and the real path are judged: one that is denied denies, and each must be allowed.

Known limits: names are filtered, nobody is jailed: the file may be there under another name (a hard link), and who
has a shell beside the transfer may paste.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
from zope.interface import implementer

from gateway.domain.evaluation import Decision, Transfer, Verdict
from gateway.domain.snapshot import matches
from gateway.inspectors import settings
from gateway.inspectors.settings import Schema
from gateway.interfaces import IFileInspector, IFileInspectorFactory, InspectorError


@implementer(IFileInspectorFactory)
@attrs.frozen(eq=False)
class PathFactory:
    """Make inspectors of names."""

    name: ClassVar[str] = "path"
    schema: ClassVar[Schema] = {
        "deny": settings.texts,  # globs of what is denied, such as *.key or /etc/*
        "allow": settings.texts,  # globs of what alone is allowed
    }

    def configure(self, section: Mapping[str, Any]) -> Path:
        """Read the globs."""
        allow, globs = settings.one_list(section)
        if not allow and not globs:
            raise InspectorError("deny is empty and would deny nothing")
        return Path(allow, globs)


@implementer(IFileInspector)
@attrs.frozen(eq=False)
class Path:
    """Judge names by globs: those allowed, or those denied."""

    allow: bool
    globs: tuple[str, ...]

    def wants(self, transfer: Transfer) -> bool:
        """Judge every name."""
        return True

    def begin(self, transfer: Transfer) -> Verdict:
        """Decide by the name alone."""
        found = [(name, self._matching(name)) for name in _names(transfer)]
        if self.allow:
            stray = next((name for name, glob in found if not glob), None)
            if stray is None:
                return Verdict(Decision.ALLOW)
            return Verdict(Decision.DENY, "not_allowed", "files of this name may not be transferred", repr(stray))
        hit = next(((name, glob) for name, glob in found if glob), None)
        if hit is None:
            return Verdict(Decision.ALLOW)
        return Verdict(Decision.DENY, "denied", f"files like {hit[1]} may not be transferred", repr(hit[0]))

    def _matching(self, name: str) -> str:
        base_name = posixpath.basename(name)
        return next((glob for glob in self.globs if matches(glob, name if "/" in glob else base_name)), "")


def _names(transfer: Transfer) -> list[str]:
    """Return the names to judge: the real path, and the one that was asked where it says more."""
    asked = posixpath.normpath(transfer.path)
    names = [name for name in (transfer.real and posixpath.normpath(transfer.real), asked) if name]
    if transfer.real and not asked.startswith("/"):
        # A relative path names the same place as the real one; only its last part may be another.
        names = [names[0], posixpath.join(posixpath.dirname(names[0]), posixpath.basename(asked))]
    return [name.replace("//", "/", 1) if name.startswith("//") else name for name in dict.fromkeys(names)]
