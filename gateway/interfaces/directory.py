"""Where settings come from: the directory, who may log in, and the freezing of a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import Interface

from gateway.domain.difference import Plan, Problem
from gateway.domain.entries import User
from gateway.domain.grant import Grant, Refused
from gateway.domain.secret import Secret
from gateway.domain.snapshot import Snapshot


class DirectoryError(ValueError):
    """A text or change was refused; ``problems`` say why and where. Nothing was changed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class IDirectory(Interface):
    """Read and change the settings. Only admin's verbs and the composition root hold one."""

    def snapshot() -> Snapshot:
        """Return the present state; the same object until something changes."""

    def plan(text: str | Mapping[str, str], *, prune: bool = False, origin: str = "") -> Plan:
        """Parse ``apply`` TOML and work out the difference to the present state; call it from a thread.

        ``text`` is one text (``origin`` is its file's name) or several, by their file's names. Raises
        :exc:`DirectoryError` for unknown keys, bad values, dangling references or ties; planning changes nothing.
        """

    def commit(plan: Plan, *, by: str, reason: str = "") -> Deferred[int]:
        """Make a plan true, all or nothing; fire with the number of changes once the facts are on disk.

        Fails with :exc:`DirectoryError` when the directory changed after the plan was made.
        """

    def change(
        table: str, name: str, values: Mapping[str, Any] | None, *, by: str, reason: str = ""
    ) -> Deferred[None]:
        """Add or change one entry (only the given keys), or remove it with None; checks as ``plan`` does."""

    def dump() -> str:
        """Return the whole directory as ``apply`` TOML; secrets as references, passwords left out."""

    def gaps() -> tuple[str, ...]:
        """Name in words each setting of the present state that this version can not enforce yet."""

    def queued_keys(target: str) -> tuple[str, ...]:
        """Return the host keys (OpenSSH lines) that a target showed and nobody has trusted yet, oldest first."""

    def trust(target: str, key: str, *, by: str, reason: str = "") -> Deferred[None]:
        """Pin a host key of a target; fails with :exc:`DirectoryError` for an unknown target or a bad key."""


class IOperatorSource(Interface):
    """What the login needs to know of users, and nothing more."""

    def find(name: str) -> User | None:
        """Return the user of that name, also an inactive one."""

    def check_password(user: User | None, password: Secret) -> Deferred[bool]:
        """Check a password or one-time code off the reactor; an unknown user costs the same time and is False."""

    def is_active(name: str) -> bool:
        """Say whether the account exists, is not switched off by the directory, and is not deactivated."""


class IPolicySource(Interface):
    """Where a session's Grant comes from. Named in the login, the directory, the root, and nowhere else."""

    def reachable(user: User, source: str) -> Sequence[tuple[str, tuple[str, ...]]]:
        """Return what the user may reach now: (target name, account names), sorted by target."""

    def target_at(host: str, port: int) -> str | None:
        """Return the target that is called ``host``, or whose address is ``host:port``; None where there is none."""

    def grant(user: User, target: str, account: str, source: str) -> Grant | Refused:
        """Freeze a policy for one session; ``source`` is the operator's IP address.

        ``Refused`` carries a reason for the admin and never says more to the operator than "not allowed".
        """
