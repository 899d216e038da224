"""Every table and key of ``pam.toml``, as frozen values.

The rule: a key is known here and nowhere else: its kind, its default, its line of explanation, and an example
where it is left out of the reference.
"""

from __future__ import annotations

from typing import Any

import attrs

from gateway.config import kinds, startups
from gateway.config.kinds import Kind
from gateway.domain.policy import SessionSettings


def key(default: Any, kind: Kind, words: str = "", *, example: Any = None, required: bool = False) -> Any:
    """Describe one key; ``example`` stands in the reference where the default can not (empty, or worked out)."""
    details = {"kind": kind, "words": words, "example": example, "required": required}
    return attrs.field(default=default, metadata=details)


@attrs.frozen
class Node:
    """The node itself."""

    name: str = key("", kinds.name, "default: the host name", example="gw1")
    state: str = key(
        "", kinds.path, "default: $STATE_DIRECTORY, else ~/.local/state/ostiary", example="/var/lib/ostiary"
    )
    passphrase: str = key(
        "",
        kinds.secret_reference,
        "seals node.key, from the first start on; empty: the file's mode alone protects it",
        example="file:/run/credentials/ostiary/passphrase",
    )


@attrs.frozen
class Ssh:
    """The operators' and admins' ssh door."""

    listen: tuple[str, ...] = key(
        ("tcp:2222:interface=127.0.0.1",),
        kinds.list_of(kinds.endpoint),
        "Twisted endpoint strings; tcp6: and systemd: work",
    )
    banner: str = key("Sessions through this gateway are recorded and may be watched.", kinds.text)
    user_ca: tuple[str, ...] = key(
        (),
        kinds.list_of(kinds.public_key),
        "certificate authorities for operators",
        example=["ssh-ed25519 AAAA… ca"],
    )
    revoked_keys: str = key(
        "", kinds.file_reference, "an OpenSSH KRL or a list of keys", example="file:/etc/ostiary/revoked.krl"
    )
    ciphers: tuple[str, ...] = key(
        (),
        kinds.list_of(kinds.cipher),
        "one list for all operators, in this order; empty: chosen by client",
        example=["aes256-gcm@openssh.com", "aes256-ctr"],
    )
    nistp: bool = key(False, kinds.truth, "offer ecdh-sha2-nistp256 and -nistp384 too, for clients without curve25519")
    rekey_limit: int = key(1 << 30, kinds.volume, "keys change after so much in either direction, and every hour")
    login_grace_time: int = key(60, kinds.duration, "a connection that has not logged in by then is cut")
    max_startups: str = key(
        "256:30:512",
        startups.startups,
        "begin:percent:full; not logged in yet: from begin on lots are drawn, at full all are refused",
    )
    per_source_max_startups: int = key(200, kinds.count, "so many of them from one address")
    per_network_max_startups: int = key(240, kinds.count, "and from one network, a /24 or /64")
    proven_max_startups: int = key(
        400, kinds.count, "beside them, from addresses that logged in by key lately: their own room"
    )
    per_source_penalties: str = key(
        "crash:90s authfail:5s breach:5s noauth:1s grace-exceeded:10s min:15s max:10m",
        startups.penalties,
        "what an address pays; from min on it is refused for so long; no: nothing",
    )
    per_source_penalty_exempt: tuple[str, ...] = key(
        ("127.0.0.0/8", "::1/128"), kinds.list_of(kinds.network), "these pay nothing"
    )
    proxy_from: tuple[str, ...] = key(
        (),
        kinds.list_of(kinds.network),
        "front ends: what comes from them begins with a PROXY header (v1 or v2), and nobody else's does",
        example=["10.0.0.1"],
    )


@attrs.frozen
class Admin:
    """Web console and API."""

    listen: tuple[str, ...] = key(
        ("tcp:8022:interface=127.0.0.1",), kinds.list_of(kinds.endpoint), "beyond loopback: needs cert and key"
    )
    cert: str = key("", kinds.file_reference, "PEM, with key: TLS", example="file:/etc/ostiary/web-cert.pem")
    url: str = key(
        "",
        kinds.web_address,
        "how people reach it; default: the listener's own address",
        example="https://gw.example.com",
    )
    proxy_from: tuple[str, ...] = key(
        (),
        kinds.list_of(kinds.network),
        "front ends that terminate TLS and set X-Forwarded-For",
        example=["127.0.0.1"],
    )
    key: str = key("", kinds.file_reference, "", example="file:/etc/ostiary/web-key.pem")


@attrs.frozen
class Metrics:
    """/metrics /healthz /readyz."""

    listen: tuple[str, ...] = key(("tcp:9222:interface=127.0.0.1",), kinds.list_of(kinds.endpoint))


@attrs.frozen
class Record:
    """Recordings."""

    required: bool = key(True, kinds.truth, "no record, no session")
    keep: int = key(365 * 86400, kinds.duration, "sealed recordings are kept so long")


@attrs.frozen
class Quarantine:
    """Files that were denied and are kept for an admin."""

    keep: int = key(30 * 86400, kinds.duration, "held files are removed after so long")
    max: int = key(10 * 1024**3, kinds.volume, "bytes of all held files; one operator's may be a quarter of it")


@attrs.frozen
class Live:
    """Live viewing."""

    announce: bool = key(False, kinds.truth, "tell the operator when he is watched")


@attrs.frozen
class Lock:
    """What a locked operator is told."""

    contact: str = key("", kinds.text, "a line shown in the notice")


@attrs.frozen
class Interrupt:
    """What an interrupted operator is told."""

    notice: str = key("none", kinds.one_of("none", "generic", "reason"), "none | generic | reason")


@attrs.frozen
class Approval:
    """What waits for approvers: held lines, and sessions that may not start alone."""

    timeout: int = key(300, kinds.duration, "then it is refused")


@attrs.frozen
class Help:
    """Whom an operator asks."""

    contact: str = key("", kinds.text, "said with every refusal")


@attrs.frozen
class Cluster:
    """Membership in a cluster."""

    name: str = key("prod", kinds.name)
    redis: str = key("", kinds.redis, "rediss://…; empty: single node, in-process bus")
    mode: str = key("best_effort", kinds.one_of("best_effort", "strict"), "best_effort | strict")
    listen: str = key("tcp:8222:interface=127.0.0.1", kinds.endpoint, "peers, mutual TLS")


@attrs.frozen
class Siem:
    """A destination of events; repeat the table for more."""

    transport: str = key(
        "",
        kinds.siem_transport,
        "udp: tcp: tls: HOST:PORT, file:/path, or plugin:NAME",
        example="tls:siem.example:6514",
        required=True,
    )
    format: str = key(
        "rfc5424",
        kinds.one_of("rfc5424", "cef", "leef", "ecs", "ocsf"),
        "rfc5424 | cef | leef | ecs | ocsf",
        example="cef",
    )
    ca: str = key("", kinds.file_reference, "tls: default is the system's", example="file:/etc/ostiary/siem-ca.pem")
    cert: str = key("", kinds.file_reference, "with key: mutual TLS", example="file:/etc/ostiary/siem-cert.pem")
    key: str = key("", kinds.file_reference, "", example="file:/etc/ostiary/siem-key.pem")
    min_severity: int = attrs.field(default=0, metadata={"kind": kinds.severity, "words": "0-10", "example": 0})
    settings: tuple[tuple[str, Any], ...] = attrs.field(
        default=(),
        metadata={"kind": kinds.settings, "words": "plugin: its own keys", "example": {"topic": "ostiary"}},
    )
    kinds: tuple[str, ...] = attrs.field(
        default=("*",),
        metadata={
            "kind": kinds.list_of(kinds.fact_kind),
            "words": "kinds of events, or globs",
            "example": ["*"],
        },
    )


@attrs.frozen
class Notify:
    """Whom to tell of grave events; repeat the table for more."""

    transport: str = key(
        "",
        kinds.notify_transport,
        "or https:// (signed JSON)",
        example="smtp://mail.example",
        required=True,
    )
    to: tuple[str, ...] = key((), kinds.list_of(kinds.text), "", example=["noc@example.com"])
    min_severity: int = key(7, kinds.severity, "0-10; audited commands are always told", example=7)
    secret: str = key(
        "",
        kinds.file_reference,
        "https: signs each notice; smtp: the password of login",
        example="file:/etc/ostiary/hook-secret",
    )
    login: str = key("", kinds.text, "smtp: log in, over an encrypted connection only", example="ostiary")
    digest: int = key(60, kinds.duration, "the least time between two notices", example="1m")


@attrs.frozen
class Config:
    """All settings of a node; ``source`` is the file they came from, None for built-in defaults."""

    node: Node = Node()
    ssh: Ssh = Ssh()
    admin: Admin = Admin()
    metrics: Metrics = Metrics()
    record: Record = Record()
    quarantine: Quarantine = Quarantine()
    live: Live = Live()
    lock: Lock = Lock()
    interrupt: Interrupt = Interrupt()
    approval: Approval = Approval()
    help: Help = Help()
    cluster: Cluster = Cluster()
    siem: tuple[Siem, ...] = ()
    notify: tuple[Notify, ...] = ()
    source: str | None = None

    @property
    def is_default(self) -> bool:
        """Say whether no configuration file was found."""
        return self.source is None

    @property
    def only_loopback(self) -> bool:
        """Say whether every listener is reachable from this machine alone."""
        listeners = (*self.ssh.listen, *self.admin.listen, *self.metrics.listen, self.cluster.listen)
        return all(kinds.is_loopback(listener) for listener in listeners if listener)

    @property
    def session_settings(self) -> SessionSettings:
        """Return the parts that are frozen with a session's policy."""
        return SessionSettings(
            record_required=self.record.required,
            live_announce=self.live.announce,
            lock_contact=self.lock.contact,
            interrupt_notice=self.interrupt.notice,
            approval_timeout=self.approval.timeout,
        )


TABLES: dict[str, type[Any]] = {
    "node": Node,
    "ssh": Ssh,
    "admin": Admin,
    "metrics": Metrics,
    "record": Record,
    "quarantine": Quarantine,
    "live": Live,
    "lock": Lock,
    "interrupt": Interrupt,
    "approval": Approval,
    "help": Help,
    "cluster": Cluster,
    "siem": Siem,
    "notify": Notify,
}
"""The tables, in the order of the reference."""

REPEATED = frozenset({"siem", "notify"})
"""The tables that are written ``[[name]]``."""

KEYS: tuple[str, ...] = tuple(f"{table}.{field.name}" for table, kind in TABLES.items() for field in attrs.fields(kind))
"""Every key, dotted."""
