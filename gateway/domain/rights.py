"""What a channel is, which right it needs, and which variables and requests it may carry.

The rule: everything not in a table here is refused. A command that starts a transfer program in its server's role is
what that program is, not an ``exec``: so ``scp`` and ``rsync`` can be permitted or refused by themselves. A line that
does anything besides starting such a program is an ``exec``, so that a right to transfer never becomes a right to run.

Known limits: ``sh -c "scp -t ."`` is an exec. Whoever grants ``exec`` or ``shell`` grants everything the account can
run, and whoever may write files as an account may change what its login shell does.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from fnmatch import fnmatchcase

import attrs

from gateway.domain.evaluation import binding
from gateway.domain.policy import FrozenPolicy
from gateway.domain.shell import Simple, single


class Kind(enum.Enum):
    """Name what runs in a channel."""

    PTY = "pty"
    SHELL = "shell"
    """A shell without a terminal: commands on its stdin."""
    EXEC = "exec"
    SFTP = "sftp"
    SCP = "scp"
    RSYNC = "rsync"
    GIT = "git"
    FORWARD = "forward"
    AGENT = "agent"
    X11 = "x11"

    __hash__ = object.__hash__  # the one of Enum is written in Python


OPAQUE = frozenset({Kind.RSYNC, Kind.GIT, Kind.FORWARD, Kind.AGENT, Kind.X11})
"""Kinds whose content this version does not read; a session with one of them says so."""

RELAYED_REQUESTS = frozenset({
    "pty-req", "env", "shell", "exec", "subsystem", "window-change", "signal", "break", "xon-xoff",
    "auth-agent-req@openssh.com", "x11-req", "eow@openssh.com",
})  # fmt: skip
"""Channel requests an operator may make; all others get CHANNEL_FAILURE."""

RELAYED_REPORTS = frozenset({"exit-status", "exit-signal", "eow@openssh.com", "xon-xoff"})
"""Channel requests a target may make; all others get CHANNEL_FAILURE."""

RELAYED_ENV = ("LANG", "LC_*", "TERM", "COLORTERM", "TZ", "GIT_PROTOCOL")
NEVER_RELAYED_ENV = (
    "LD_*", "DYLD_*", "BASH_ENV", "BASH_FUNC_*", "BASHOPTS", "ENV", "PROMPT_COMMAND", "PS4", "IFS", "SHELLOPTS",
    "CDPATH", "GLOBIGNORE", "*_ASKPASS", "PYTHON*", "PERL5*", "PERLLIB", "RUBYLIB", "RUBYOPT", "NODE_*", "GCONV_PATH",
    "LOCPATH", "NLSPATH", "HOSTALIASES", "RES_OPTIONS", "TMPPREFIX", "ZDOTDIR", "SUDO_*", "OSTIARY_*", "SSH_*",
    "GIT_SSH*", "GIT_EXEC_PATH", "PATH", "HOME", "SHELL", "MALLOC_*", "TERMINFO*", "TERMCAP",
)  # fmt: skip
"""Variables that load code, steer a shell's start, or speak to the gateway: no grant can relay them."""

VARIABLE = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{0,127}")
LONGEST_VALUE = 32 * 1024
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
RIGHT_OF_KIND = {Kind.PTY: "shell", Kind.GIT: "exec"}
"""Rights whose name is not the kind's own."""
SYSTEM_FOLDERS = re.compile(r"(/usr(/local)?)?/(bin|lib|libexec)/([A-Za-z0-9_-]+/)?")
"""Where a program is taken for what its name says; elsewhere an operator may have put it."""
SCP_OPTION = re.compile(r"-[rpdvqtf]+")
SERVER_ROLE: dict[str, tuple[Kind, Callable[[tuple[str, ...]], bool]]] = {
    "git-upload-pack": (Kind.GIT, lambda words: True),
    "git-receive-pack": (Kind.GIT, lambda words: True),
    "git-upload-archive": (Kind.GIT, lambda words: True),
    "scp": (Kind.SCP, lambda words: _serves_scp(words)),
    "rsync": (Kind.RSYNC, lambda words: words[:1] == ("--server",) and not any("daemon" in word for word in words)),
    "sftp-server": (Kind.SFTP, lambda words: True),
    "internal-sftp": (Kind.SFTP, lambda words: True),
}
"""Transfer programs by base name, with what shows that they are started in the server's role and nothing else."""


@attrs.frozen
class Denied:
    """Say why the frozen policy refuses something: a stable reason word and the line for the operator."""

    reason: str
    text: str


def kind_of_command(command: str) -> Kind:
    """Say what an exec request's command line is; whatever is more than one plain command is an exec."""
    found = single(command)
    if found is None or not _is_systems(found):
        return Kind.EXEC
    kind, serves = SERVER_ROLE.get(found.argv[0], (Kind.EXEC, bool))
    return kind if serves(found.argv[1:]) else Kind.EXEC


def _is_systems(command: Simple) -> bool:
    folder = command.path.removesuffix(command.argv[0])
    return not folder or SYSTEM_FOLDERS.fullmatch(folder) is not None


def _serves_scp(words: tuple[str, ...]) -> bool:
    end = words.index("--") if "--" in words else len(words)
    options = [word for word in words[:end] if word.startswith("-")]
    return all(SCP_OPTION.fullmatch(word) for word in options) and bool(set("tf") & set("".join(options)))


def denied_kind(policy: FrozenPolicy, kind: Kind) -> Denied | None:
    """Return why a kind of channel may not run, or None where it may."""
    right = RIGHT_OF_KIND.get(kind, kind.value)
    if not policy.allows(right):
        return Denied("right_missing", f"{right} is not allowed as {policy.account} on {policy.target.name}")
    deciding = binding(policy.transfers, policy.restrictions.enforce)
    if kind is Kind.RSYNC and deciding:
        names = ", ".join(rule.name for rule in deciding)
        return Denied(
            "not_evaluated",
            f"file transfers to {policy.target.name} must be evaluated (rule {names}), "
            f"which can not be done for {right}; use sftp or scp",
        )
    return None


def allows_forward(policy: FrozenPolicy, host: str, port: int) -> bool:
    """Say whether a direct-tcpip forward to ``host:port``, dialled by the target, is among the rights."""
    if host in LOOPBACK and policy.allows("forward:loopback"):
        return True
    wanted = f"forward:{host}:{port}"
    return any(right.startswith("forward:") and fnmatchcase(wanted, right) for right in policy.rights)


def allows_variable(policy: FrozenPolicy, name: bytes, value: bytes) -> bool:
    """Say whether an environment variable is relayed to the target."""
    if not VARIABLE.fullmatch(name) or len(value) > LONGEST_VALUE or b"\0" in value:
        return False
    text = name.decode("ascii")
    if any(fnmatchcase(text, pattern) for pattern in NEVER_RELAYED_ENV):
        return False
    return any(fnmatchcase(text, pattern) for pattern in (*RELAYED_ENV, *policy.env))
