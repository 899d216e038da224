"""The entries of a directory, as values; one class for each table of the ``apply`` TOML.

The rule: an entry says what was set, nothing that was worked out. Absent lists are empty tuples; durations are
seconds, sizes are bytes; names are the keys. Nothing here refers to another entry but by name.
"""

from __future__ import annotations

from typing import Any

import attrs

Names = tuple[str, ...]
Labels = tuple[tuple[str, str], ...]
"""Label pairs sorted by key: hashable, and the same labels are equal."""


LEGACY = (
    "ssh-rsa",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group14-sha1",
    "aes256-cbc",
    "aes128-cbc",
    "3des-cbc",
    "hmac-sha1",
)
"""The old algorithms that a target's entry may allow; there are no others."""


@attrs.frozen
class User:
    """A person or service that logs in to the gateway."""

    name: str
    full_name: str = ""
    kind: str = "person"
    roles: Names = ()
    groups: Names = ()
    keys: Names = ()
    password: str | None = attrs.field(default=None, repr=False)
    second_factor: str = "none"
    active: bool = True
    origin: Names = ()


@attrs.frozen
class Target:
    """A server that sessions go to; ``address`` is ``host:port`` or ``[v6]:port``."""

    name: str
    address: str
    labels: Labels = ()
    host_keys: Names = ()
    host_ca: Names = ()
    jump: str = ""
    legacy: Names = ()


@attrs.frozen
class Elevation:
    """How elevation is answered: method ``agent | otp | password | none``, with a secret reference of its own.

    ``program`` asks for it: ``sudo | doas | su``. ``require`` is the least proof: ``text | strong | certain``.
    ``internal_sftp`` says that the target's SFTP subsystem is sshd's own.
    """

    method: str = "none"
    secret: str = ""
    program: str = "sudo"
    require: str = "strong"
    internal_sftp: bool = False


@attrs.frozen
class Credential:
    """How the gateway logs in to an account; ``secret`` is a reference (``file: | env: | store``), never a secret."""

    name: str
    target: str
    account: str
    kind: str = "key"
    secret: str = "store"
    elevation: Elevation = Elevation()


@attrs.frozen(cache_hash=True)
class AuditedRule:
    """A rule for audited commands; exactly one of ``command``, ``regex`` and ``opaque`` is set."""

    name: str
    command: str = ""
    options: Names = ()
    arguments: Names = ()
    regex: str = ""
    opaque: bool = False
    """Whether it is for lines that can not be read."""
    score: int = 0
    action: str = "warn"
    attempts: int = 0
    then: str = ""
    services: bool = False
    """Whether it may switch off the account of a service."""
    mode: str = "enforce"
    users: Names = ()
    groups: Names = ()
    targets: Names = ()
    accounts: Names = ()


@attrs.frozen(cache_hash=True)
class TransferRule:
    """A rule for file transfers: which inspectors weigh which direction."""

    name: str
    direction: str = "both"
    inspectors: Names = ()
    action: str = "deny"
    on_error: str = "deny"
    mode: str = "enforce"
    users: Names = ()
    groups: Names = ()
    targets: Names = ()
    accounts: Names = ()


@attrs.frozen
class Inspector:
    """A file inspector's settings; ``settings`` holds its own keys as canonical JSON text."""

    name: str
    kind: str = ""
    settings: str = "{}"
    version: str = ""
    """Of the plugin that stands behind it; known when a policy is frozen, and never set in the directory."""


@attrs.frozen
class Recorded:
    """What is recorded: ``input`` is ``off | masked | full``; ``maximum`` in bytes (0: unlimited)."""

    output: bool = True
    input: str = "masked"
    maximum: int = 2 * 1024**3
    exec_hash: bool = False


@attrs.frozen
class RiskThresholds:
    """The scores at which a session is warned, locked and interrupted; None: never."""

    warn: int | None = None
    lock: int | None = None
    interrupt: int | None = None


@attrs.frozen
class GrantRule:
    """A grant as it was set: who may reach what, as whom, and under which restrictions.

    ``idle_timeout`` and ``max_duration`` in seconds (0: none), ``until`` in seconds since the epoch (None: open).
    None stands for "not set" wherever uniting grants must tell it from an empty list.
    """

    name: str
    users: Names = ()
    groups: Names = ()
    targets: Names = ()
    labels: Labels = ()
    accounts: Names = ()
    rights: Names = ()
    audited: Names | None = None
    allow_only: bool = False
    transfers: Names | None = None
    elevate: bool = False
    env: Names = ()
    second_factor: str = "none"
    approval: int = 0
    present: int = 0
    reason: str = "none"
    ticket: str = ""
    risk: RiskThresholds = RiskThresholds()
    record: Recorded = Recorded()
    idle_timeout: int = 0
    max_duration: int = 0
    hours: str = ""
    origin: Names = ()
    until: float | None = None
    mode: str = "enforce"


ENTRY_OF_TABLE: dict[str, type[Any]] = {
    "user": User,
    "target": Target,
    "credential": Credential,
    "audited": AuditedRule,
    "transfer": TransferRule,
    "inspector": Inspector,
    "grant": GrantRule,
}
"""The directory's tables, by the names the TOML gives them."""
