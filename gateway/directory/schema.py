"""Every key of the ``apply`` TOML, in one literal table: how it is read, which fields of an entry it sets.

The rule: a key that does not stand here is an error. A key with several fields is an inline table that is taken as a
whole; its reader returns one value for each field.
"""

from __future__ import annotations

from typing import Any

import attrs

from gateway.directory.pubkeys import read_host_key, read_public_key
from gateway.directory.values import (
    ENTRY,
    ENTRY_GLOB,
    OPERATOR,
    OPERATOR_GLOB,
    TARGET,
    TARGET_GLOB,
    BadValue,
    Reader,
    address,
    duration,
    flag,
    hours,
    labels,
    legacy,
    many,
    moment,
    network,
    number,
    one_of,
    password_hash,
    reference,
    regex,
    right,
    shaped,
    size,
    table,
    text,
    variable,
)
from gateway.domain.entries import Elevation, Recorded, RiskThresholds


@attrs.frozen
class Key:
    """One key: the fields it sets, and the reader of its value."""

    read: Reader
    fields: tuple[str, ...] = ()


def public_key(value: Any) -> str:
    """Take a person's public key as an OpenSSH line."""
    return read_public_key(text(value))


def host_key(value: Any) -> str:
    """Take a host's public key, or that of a CA of hosts, as an OpenSSH line."""
    return read_host_key(text(value))


_match = table(
    command=shaped(ENTRY, "a program's base name"), options=many(text), arguments=many(text), regex=regex, opaque=flag
)
_elevation = table(
    method=one_of("agent", "otp", "password", "none"), secret=reference, program=one_of("sudo", "doas", "su"),
    require=one_of("text", "strong", "certain"), internal_sftp=flag,
)  # fmt: skip
_risk = table(warn=number(1), lock=number(1), interrupt=number(1))
_record = table(output=flag, input=one_of("off", "masked", "full"), max=size, exec_hash=flag)


def match(value: Any) -> tuple[str, tuple[str, ...], tuple[str, ...], str, bool]:
    """Take what an audited rule matches: a command with its words, a regular expression, or what can not be read."""
    found = _match(value)
    if len(found.keys() & {"command", "regex", "opaque"}) != 1:
        raise BadValue("needs either command or regex or opaque = true")
    if "command" not in found and len(found) > 1:
        raise BadValue("regex stands alone, and so does opaque: options and arguments go with command")
    if found.get("regex") == "":
        raise BadValue("regex is empty and would match every command", "regex")
    if found.get("opaque") is False:
        raise BadValue("opaque = false would match nothing", "opaque")
    return (
        found.get("command", ""),
        found.get("options", ()),
        found.get("arguments", ()),
        found.get("regex", ""),
        found.get("opaque", False),
    )


def elevation(value: Any) -> Elevation:
    """Take how elevation is answered."""
    found = Elevation(**_elevation(value))
    if (found.method in ("otp", "password")) != bool(found.secret):
        raise BadValue("methods otp and password need a secret, the others have none", "secret")
    return found


def risk(value: Any) -> RiskThresholds:
    """Take the thresholds of risk."""
    return RiskThresholds(**_risk(value))


def record(value: Any) -> Recorded:
    """Take what is recorded."""
    found = _record(value)
    if "max" in found:
        found["maximum"] = found.pop("max")
    return Recorded(**found)


operator_name = shaped(OPERATOR, "an operator's or account's name: letters, digits and . _ @ \\ + $ -, at most 64")
target_name = shaped(TARGET, "a target's name: letters, digits and . _ -, at most 253")
entry_name = shaped(ENTRY, "a name: letters, digits and . _ @ + -, at most 64")
operator_glob = shaped(OPERATOR_GLOB, "a name or a glob over operators or accounts")
target_glob = shaped(TARGET_GLOB, "a target's name or a glob over targets")
entry_glob = shaped(ENTRY_GLOB, "a name or a glob over names")
_mode = one_of("enforce", "observe")
_rule_actions = ("allow", "warn", "review", "deny", "lock", "interrupt", "deactivate")

SCOPE: dict[str, Key] = {
    "users": Key(many(operator_glob)),
    "groups": Key(many(operator_name)),
    "targets": Key(many(target_glob)),
    "accounts": Key(many(operator_glob)),
}
"""Whom a rule concerns; all where a key is omitted."""

TABLES: dict[str, dict[str, Key]] = {
    "user": {
        "name": Key(operator_name),
        "full_name": Key(text),
        "kind": Key(one_of("person", "service")),
        "roles": Key(many(one_of("operator", "auditor", "approver", "admin"))),
        "groups": Key(many(operator_name)),
        "keys": Key(many(public_key)),
        "password": Key(password_hash),
        "second_factor": Key(one_of("none", "totp")),
        "active": Key(flag),
        "origin": Key(many(network)),
    },
    "target": {
        "name": Key(target_name),
        "address": Key(address),
        "labels": Key(labels),
        "host_keys": Key(many(host_key)),
        "host_ca": Key(many(host_key)),
        "jump": Key(text),
        "legacy": Key(many(legacy)),
    },
    "credential": {
        "name": Key(entry_name),
        "target": Key(target_glob),
        "account": Key(operator_name),
        "kind": Key(one_of("key", "password", "certificate")),
        "secret": Key(reference),
        "elevation": Key(elevation),
    },
    "audited": {
        "name": Key(entry_name),
        "match": Key(match, ("command", "options", "arguments", "regex", "opaque")),
        "score": Key(number(0, 10_000)),
        "action": Key(one_of(*_rule_actions)),
        "attempts": Key(number(0, 1000)),
        "then": Key(one_of("", *_rule_actions)),
        "services": Key(flag),
        "mode": Key(_mode),
        **SCOPE,
    },
    "transfer": {
        "name": Key(entry_name),
        "direction": Key(one_of("upload", "download", "both")),
        "inspectors": Key(many(entry_name)),
        "action": Key(one_of("deny", "interrupt", "deactivate", "lock")),
        "on_error": Key(one_of("deny", "allow")),
        "mode": Key(_mode),
        **SCOPE,
    },
    "grant": {
        "name": Key(entry_name),
        "users": Key(many(operator_name)),
        "groups": Key(many(operator_name)),
        "targets": Key(many(target_glob)),
        "labels": Key(labels),
        "accounts": Key(many(operator_glob)),
        "rights": Key(many(right)),
        "audited": Key(many(entry_glob)),
        "allow_only": Key(flag),
        "transfers": Key(many(entry_glob)),
        "elevate": Key(flag),
        "env": Key(many(variable)),
        "second_factor": Key(one_of("none", "required")),
        "approval": Key(number(0, 100)),
        "present": Key(number(0, 100)),
        "reason": Key(one_of("none", "required")),
        "ticket": Key(regex),
        "risk": Key(risk),
        "record": Key(record),
        "idle_timeout": Key(duration),
        "max_duration": Key(duration),
        "hours": Key(hours),
        "origin": Key(many(network)),
        "until": Key(moment),
        "mode": Key(_mode),
    },
}
"""table -> key -> how it is read; inspectors have their own settings by kind, see :data:`INSPECTORS`."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "user": ("name",),
    "target": ("name", "address"),
    "credential": ("name", "target", "account"),
    "audited": ("name", "match"),
    "transfer": ("name", "inspectors"),
    "grant": ("name",),
}
"""Keys that a new entry must have."""


def file_or(value: Any) -> str:
    """Take a text, or ``file:/path`` of a file with one on each line."""
    words = text(value)
    if words.startswith("file:") and not words.startswith("file:/"):
        raise BadValue("a file is named by its whole path: file:/etc/ostiary/…")
    return words


EVERY_INSPECTOR: dict[str, Reader] = {
    "kind": entry_name,
    "timeout": duration,
    "on_error": one_of("deny", "allow"),
    "score": number(0, 10_000),
    "quarantine": flag,
}
"""Keys that every inspector takes, a third party's too."""

_lists = {"allow": many(file_or), "deny": many(file_or)}

INSPECTORS: dict[str, dict[str, Reader]] = {
    "size": {"max": size, "count": number(1), "rate": size},
    "path": _lists,
    "hash": _lists,
    "type": _lists,
    "archive": {
        "max_ratio": number(1),
        "max_entries": number(1),
        "max_total": size,
        "max_depth": number(1, 100),
        "encrypted": one_of("deny", "allow"),
    },
    "clamd": {"address": text},
    "icap": {"address": text, "service": text, "preview": flag},
    "command": {
        "argv": many(text),
        "read": many(text),
        "memory": size,
        "cpu": number(1),
        "unconfined": flag,
    },
    "yara": {"rules": file_or},
}
"""kind -> key -> how it is read; the settings of a kind that is not here are its plugin's to check."""


def entry_fields(table_name: str, key: str) -> tuple[str, ...]:
    """Return the fields of an entry that a key sets."""
    return TABLES[table_name][key].fields or (key,)
