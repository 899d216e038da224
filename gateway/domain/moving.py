"""Commands that move files without a protocol that could be read.

The rule: where a transfer rule decides, a command line that runs such a program, or writes what it is given into a
file, is refused, and the refusal names what can be used instead.

Known limits: any shell can move a file in a thousand ways (``base64`` and a paste are enough); what is typed into one
is not looked at here. Whoever grants ``exec`` or ``shell`` beside a transfer rule should know that, and ``check`` says
it.
"""

from __future__ import annotations

from gateway.domain.evaluation import binding
from gateway.domain.policy import FrozenPolicy
from gateway.domain.rights import Denied
from gateway.domain.shell import Simple, read

MOVERS = frozenset({
    "tar", "gtar", "bsdtar", "cpio", "pax", "rsync", "scp", "sftp-server", "rz", "sz", "lrz", "lsz", "rx", "sx", "rb",
    "sb", "uuencode", "uudecode",
})  # fmt: skip
"""Programs that pack, unpack, send or receive files on their standard streams."""
WRITERS = frozenset({"cat", "dd", "tee", "base64", "xxd", "gzip", "gunzip", "zcat", "zstd", "xz"})
"""Programs that put what they are given into a file when their output is one."""


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
    if name in MOVERS:
        return True
    return name in WRITERS and bool(command.writes or any(word.startswith("of=") for word in words))
