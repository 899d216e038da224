"""Everything a verb may use, as one value.

The rule: a verb reaches nothing but what stands here. The composition root makes a room for the node and
gives it, with :func:`attrs.evolve`, a fresh ``caller`` for every line that is called: roles are those of this
moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from gateway.admin.tokens import Tokens
from gateway.domain.grant import Grant, Refused
from gateway.domain.secret import Secret
from gateway.interfaces import (
    IApprovals,
    IArchive,
    ICredentialVault,
    IDirectory,
    IHolds,
    IJournal,
    ILive,
    IOrders,
    IQuarantine,
    IRoster,
    ISearch,
    ISecondFactors,
)

Row = Mapping[str, Any]

ADMIN, AUDITOR, APPROVER, OPERATOR, LOCAL = "admin", "auditor", "approver", "operator", "local"
"""The roles; ``local`` is who runs pamctl on the node, as root or the service's own user."""

EVERYBODY = frozenset({ADMIN, AUDITOR, APPROVER, OPERATOR, LOCAL})


@attrs.frozen
class Caller:
    """Who calls: ``by`` in facts, ``source`` his address, ``door`` the way he came (``ssh | pamctl | web | api``)."""

    name: str
    full_name: str
    roles: frozenset[str]
    source: str
    door: str

    @property
    def is_local(self) -> bool:
        """Say whether he calls on the node's own machine, outside of the directory's users."""
        return LOCAL in self.roles


@attrs.frozen
class Access:
    """Questions of who may reach what; ``who`` and ``what`` are asked in a thread, the others on the reactor."""

    who: Callable[[str], Sequence[Row]]
    """For a target's name: rows of ``user, account, target, allowed, grants, rights, conditions, obstacles``."""
    what: Callable[[str], Sequence[Row]]
    """For a user's name: rows of the same shape."""
    why: Callable[[str, str, str], Row]
    """For user, account, target: one row of the same shape. All three raise KeyError for unknown names."""
    reachable: Callable[[str, str], Sequence[tuple[str, tuple[str, ...]]]]
    """For a user's name and source: (target, accounts) that he may reach now."""
    today: Callable[[Row], Grant | Refused]
    """For a session's row: what would be frozen if it started now."""


@attrs.frozen
class Front:
    """The ssh door as clients see it; ``host_keys`` are OpenSSH public key lines."""

    host: str
    port: int
    host_keys: tuple[str, ...]


@attrs.frozen
class Local:
    """What can be done on the node's machine only.

    Each takes ``by`` last, fires with words to say, and fails with ValueError in words.
    """

    initialise: Callable[[str, str], Deferred[str]]
    """For the first admin's name, on an empty store."""
    recover: Callable[[str, str], Deferred[str]]
    """For the user who becomes admin again."""
    demo_off: Callable[[str], Deferred[str]]


def _no_anchors(session: str, root: str) -> Deferred[Sequence[str]]:
    return succeed(())


@attrs.frozen
class Proofs:
    """Tamper checks beyond the archive's own; each fires with ``verify``'s JSON shape."""

    file: Callable[[str], Deferred[Row]]
    """For a path on the node's machine."""
    journal: Callable[[], Deferred[Row]]
    anchors: Callable[[str, str], Deferred[Sequence[str]]] = _no_anchors
    """For a session and its recording's root: who else can testify to its seal, in words."""


def _nothing_sent(by: str, name: str) -> Deferred[Sequence[Row]]:
    return succeed(())


@attrs.frozen
class Feeds:
    """Where events go, beside the journal."""

    status: Callable[[], Sequence[Row]] = tuple
    """Rows of ``destination, format, state, since, sent, lag, detail, cursor``."""
    test: Callable[[str, str], Deferred[Sequence[Row]]] = _nothing_sent
    """For ``by`` and a destination, after a test event: the same rows with ``id`` and ``delivered``.

    Empty means all destinations, ``people`` those that tell people.
    """


@attrs.frozen
class Web:
    """The way into the console."""

    link: Callable[[str], str]
    """For a user's name: the address of a link that is good once."""
    waiting: Callable[[str], Row]
    """For a code: ``source, agent`` of the browser that shows it; raises Refusal."""
    confirm: Callable[[str, str], None]
    """For a code and a user's name: let the browser in; raises Refusal."""


Attempt = Callable[[str, str, str], Deferred[Row]]
"""For a target, a credential (empty: no login) and who asks: a row of ``target, host_key, version, seconds``.

Fails with :exc:`~gateway.admin.refusal.Refusal`.
"""


def _nothing_noted() -> None:
    """Take no note."""


@attrs.frozen
class Room:
    """The node, as verbs see it."""

    node: str
    caller: Caller
    clock: IReactorTime
    directory: IDirectory
    roster: IRoster
    orders: IOrders
    approvals: IApprovals
    live: ILive
    archive: IArchive
    search: ISearch
    holds: IHolds
    vault: ICredentialVault
    factors: ISecondFactors
    journal: IJournal
    access: Access
    front: Front
    local: Local
    proofs: Proofs
    hash_password: Callable[[Secret], Deferred[str]]
    check: Callable[[str | None, str], Sequence[str]]
    """For configuration text and its file's name (None: the node's own): what is wrong, a sentence each."""
    faults: Callable[[], Sequence[Row]]
    """Named fault states: ``name, since, detail``."""
    gaps: Callable[[], Sequence[str]]
    """What is set, in pam.toml or the directory, and not done by this version, a sentence each."""
    in_thread: Callable[[Callable[[], Any]], Deferred[Any]]
    """Run a function off the reactor."""
    disproved: Callable[[], None] = _nothing_noted
    """Take note of a tamper check that found something bad."""
    attempt: Attempt | None = None
    """Tries the way to a target; None where nothing runs that could."""
    contact: str = ""
    feeds: Feeds = Feeds()
    quarantine: IQuarantine | None = None
    zone: tzinfo | None = None
    tokens: Tokens | None = None
    web: Web | None = None
    """None where the console is not served."""

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self.clock.seconds()
