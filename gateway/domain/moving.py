"""Commands that move files without a protocol that could be read.

The rule: where a transfer rule decides, a command line that runs such a program, or writes what it is given into a
file, is refused, and the refusal names what can be used instead.

Known limits: any shell can move a file in a thousand ways (``base64`` and a paste are enough); what is typed into one
is not looked at here, nor is what a group of commands writes (``{ cat; } > f``). Whoever grants ``exec`` or ``shell``
beside a transfer rule should know that, and ``check`` says it.
"""

from __future__ import annotations

from gateway.domain.evaluation import binding
from gateway.domain.policy import FrozenPolicy
from gateway.domain.rights import Denied
from gateway.domain.shell import Simple, read

MOVERS = frozenset({
    "tar", "gtar", "bsdtar", "cpio", "pax", "rsync", "scp", "sftp-server", "rz", "sz", "lrz", "lsz", "rx", "sx", "rb",
    "sb", "uuencode", "uudecode", "git-receive-pack", "git-upload-pack", "git-upload-archive",
})  # fmt: skip
"""Programs that pack, unpack, send or receive files on their standard streams."""
WRITERS = frozenset({"cat", "dd", "tee", "base64", "xxd", "gzip", "gunzip", "zcat", "zstd", "xz"})
"""Programs that put what they are given into a file when their output is one."""

STDIN = frozenset({"/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
"""Names of what a command is given."""
COPIERS = frozenset({"cp", "install"})
"""Programs that put that into a file by its name."""


def denied_moving(policy: FrozenPolicy, line: str) -> Denied | None:
    """Return why a command line may not run where files must be evaluated, or None where it may."""
    deciding = binding(policy.transfers, policy.restrictions.enforce)
    if not deciding:
        return None
    moving = next((command.argv[0] for command in read(line).commands if _moves(command)), "")
    if not moving:
        return None
    names = ", ".join(rule.name for rule in deciding)
    words = f"{moving} moves files unread, and on {policy.target.name} they must be evaluated (rule {names})"
    return Denied("not_evaluated", f"{words}; use sftp or scp")


def _moves(command: Simple) -> bool:
    name, *words = command.argv
    if name in MOVERS or (name in COPIERS and STDIN & set(words)):
        return True
    if name == "git" and any(f"git-{word}" in MOVERS for word in words):
        return True
    if name == "tee" and any(not word.startswith("-") and word != "/dev/null" for word in words):
        return True
    return name in WRITERS and bool(command.writes or any(word.startswith("of=") for word in words))
