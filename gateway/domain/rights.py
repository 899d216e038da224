"""What a channel is, which right it needs, and which variables and requests it may carry.

The rule: everything not in a table here is refused. A command that starts a transfer program in its server's role is
what that program is, not an ``exec``: so ``scp`` and ``rsync`` can be permitted or refused by themselves.

Known limits: a command is known by its first word as the client wrote it; ``sh -c "scp -t ."`` is an exec. Whoever
grants ``exec`` or ``shell`` grants everything the account can run.
"""

from __future__ import annotations

import enum
import re
from fnmatch import fnmatchcase

import attrs

from gateway.domain.policy import FrozenPolicy
from gateway.domain.rules import simple_commands


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


TRANSFERS = frozenset({Kind.SFTP, Kind.SCP, Kind.RSYNC})
OPAQUE = frozenset({Kind.SFTP, Kind.SCP, Kind.RSYNC, Kind.GIT, Kind.FORWARD, Kind.AGENT, Kind.X11})
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

SHELL_MARKS = ("$(", "`", "<(", ">(", "${", "<<", "\n", ";", "|", "&", ">", "<")
"""What makes a command line more than one plain command; a file name with one of them makes the line an exec."""

VARIABLE = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{0,127}")
LONGEST_VALUE = 32 * 1024
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
RIGHT_OF_KIND = {Kind.PTY: "shell", Kind.GIT: "exec"}
"""Rights whose name is not the kind's own."""
SERVER_ROLE = {
    "git-upload-pack": (Kind.GIT, re.compile("")),
    "git-receive-pack": (Kind.GIT, re.compile("")),
    "git-upload-archive": (Kind.GIT, re.compile("")),
    "scp": (Kind.SCP, re.compile(r"(^|\s)-[a-zA-Z]*[tf]")),
    "rsync": (Kind.RSYNC, re.compile(r"(^|\s)--server(\s|$)")),
    "sftp-server": (Kind.SFTP, re.compile("")),
    "internal-sftp": (Kind.SFTP, re.compile("")),
}
"""Transfer programs by base name, with what shows that they are started in the server's role."""


@attrs.frozen
class Denied:
    """Say why the frozen policy refuses something: a stable reason word and the line for the operator."""

    reason: str
    text: str


def kind_of_command(command: str) -> Kind:
    """Say what an exec request's command line is; whatever is more than one plain command is an exec."""
    commands, opaque = simple_commands(command)
    if len(commands) != 1 or (opaque and commands[0].argv[0] not in SERVER_ROLE):
        return Kind.EXEC
    if any(mark in command for mark in SHELL_MARKS):
        return Kind.EXEC
    known = SERVER_ROLE.get(commands[0].argv[0])
    return known[0] if known and known[1].search(" ".join(commands[0].argv[1:])) else Kind.EXEC


def denied_kind(policy: FrozenPolicy, kind: Kind) -> Denied | None:
    """Return why a kind of channel may not run, or None where it may."""
    right = RIGHT_OF_KIND.get(kind, kind.value)
    if not policy.allows(right):
        return Denied("right_missing", f"{right} is not allowed as {policy.account} on {policy.target.name}")
    if kind in TRANSFERS and policy.transfers:
        names = ", ".join(rule.name for rule in policy.transfers)
        return Denied(
            "not_evaluated",
            f"file transfers to {policy.target.name} must be evaluated (rule {names}), "
            f"which this version can not do for {right}",
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
