"""Variables whose value is run by somebody.

The rule: what a variable makes run is read when it is set. Loaders of foreign code are doubted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.domain.shell import words
from gateway.domain.shell.unknown import ANY

if TYPE_CHECKING:
    from gateway.domain.shell.walk import Walk

COMMANDS = frozenset({
    "PROMPT_COMMAND", "PAGER", "MANPAGER", "GIT_PAGER", "SYSTEMD_PAGER", "EDITOR", "VISUAL", "SUDO_EDITOR",
    "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND", "BROWSER",
    "LESSOPEN", "LESSCLOSE", "LESSEDIT", "RSYNC_RSH", "CVS_RSH", "GIT_SSH", "GIT_ASKPASS", "SSH_ASKPASS",
    "SUDO_ASKPASS", "FCEDIT", "PERL5DB", "precmd", "preexec",
})  # fmt: skip
"""Variables that hold a command."""
OPTIONS = {"TAR_OPTIONS": "tar", "LESS": "less", "RSYNC_OPTIONS": "rsync", "MAKEFLAGS": "make", "GREP_OPTIONS": "grep"}
"""Variables that hold a program's options."""
PROMPTS = frozenset({"PS0", "PS1", "PS2", "PS3", "PS4", "PROMPT", "RPROMPT", "RPS1"})
"""Variables that are expanded again and again."""
LOADERS = frozenset({
    "LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "PYTHONSTARTUP", "PERL5OPT", "RUBYOPT",
    "NODE_OPTIONS", "GCONV_PATH", "BASH_LOADABLES_PATH",
})  # fmt: skip
"""Variables that load code."""


_PLACE = re.compile(r"^\[[^\]]*\]\+?=")


def listed(fields: Iterable[words.Field]) -> list[str]:
    """Return the elements of an array as it is written; where their places are named, in the order they are written."""
    return [_PLACE.sub("", field.text) for field in fields]


def filled(walk: Walk, name: str, fields: Iterable[words.Field], more: bool) -> None:
    """Set an array, or append to it, and read what that makes run."""
    elements = listed(fields)
    walk.shell.fill(name, elements, more)
    for element in elements:
        watched(walk, name, element)


def watched(walk: Walk, name: str, value: str) -> None:
    """Read what setting a variable makes run."""
    if name in OPTIONS and ANY not in value:
        with walk.shell.apart():
            walk.code(f"{OPTIONS[name]} {value}", "")
    elif name in COMMANDS:
        if value not in (ANY, ""):
            with walk.shell.apart():
                walk.code(value.replace("%s", ""), "")
    elif name in PROMPTS:
        with walk.shell.apart():
            words.quoted_text(value, walk)
    elif name in LOADERS and value:
        walk.doubt(f"{name} loads code")
