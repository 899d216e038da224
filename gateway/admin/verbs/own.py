"""What everybody does for himself: targets, keys, ssh-config.

The rule: own rows only; what somebody else may reach or has is never shown here, whatever the caller's roles.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.admin.answer import Answer, Cell, Column
from gateway.admin.arguments import Argument
from gateway.admin.ids import whole
from gateway.admin.refusal import denied, usage
from gateway.admin.room import ADMIN, APPROVER, AUDITOR, OPERATOR
from gateway.admin.verb import Call, Verb, roles
from gateway.admin.verbs.accounts import fingerprint
from gateway.domain.entries import User

PERSONS = roles(ADMIN, APPROVER, AUDITOR, OPERATOR)


async def targets(call: Call) -> Answer:
    """List what the caller may reach now."""
    found = call.room.access.reachable(call.caller.name, call.caller.source)
    rows = [{"target": target, "accounts": list(accounts)} for target, accounts in found]
    columns = (Column("target", "TARGET"), Column("accounts", "ACCOUNTS", Cell.LIST))
    contact = f": ask {call.room.contact}" if call.room.contact else ""
    return Answer(rows, columns, words=f"no target is open to you now{contact}")


def own_user(call: Call) -> User:
    """Return the caller's own entry. Raises :exc:`gateway.admin.refusal.Refusal` for who has none."""
    user = call.room.directory.snapshot().user.get(call.caller.name)
    if user is None:
        raise denied(f"{call.caller.name} is no user of the directory and has no keys here")
    return user


def _row(line: str) -> dict[str, str]:
    parts = [*line.split(None, 2), "", ""]
    return {"fingerprint": fingerprint(line), "kind": parts[0], "comment": parts[2]}


async def keys(call: Call) -> Answer:
    """List the caller's public keys."""
    rows = [_row(line) for line in own_user(call).keys]
    columns = (Column("fingerprint", "FINGERPRINT"), Column("kind", "KIND"), Column("comment", "COMMENT"))
    return Answer(rows, columns, words="no key yet: `keys add - < ~/.ssh/id_ed25519.pub`")


async def keys_add(call: Call) -> Answer:
    """Add a public key of the caller, from stdin or the words of the command line."""
    user = own_user(call)
    if user.kind == "service":
        raise denied("a service's keys are set by an admin")
    line = " ".join(call["key"])
    if line in ("", "-"):
        line = (await call.streams.stdin.read()).decode("utf-8", "replace").strip()
    if "\n" in line or "PRIVATE" in line or not line:
        raise usage("send one public key, the one line of a .pub file")
    if fingerprint(line) in {fingerprint(each) for each in user.keys}:
        return Answer({"fingerprint": fingerprint(line), "done": "known"}, words="that key is known already")
    await call.room.directory.change(
        "user", user.name, {"keys": [*user.keys, line]}, by=call.caller.name, reason=call.reason
    )
    return Answer({"fingerprint": fingerprint(line), "done": "added"}, words=f"added {fingerprint(line)}")


async def keys_rm(call: Call) -> Answer:
    """Remove a public key of the caller."""
    user = own_user(call)
    known = {fingerprint(line): line for line in user.keys}
    asked = call["fingerprint"]
    chosen = asked if asked in known else whole(asked, list(known), "key")
    left = [line for line in user.keys if line != known[chosen]]
    await call.room.directory.change("user", user.name, {"keys": left}, by=call.caller.name, reason=call.reason)
    return Answer({"fingerprint": chosen, "done": "removed"}, words=f"removed {chosen}")


async def ssh_config(call: Call) -> Answer:
    """Print ssh_config blocks and known_hosts lines for what the caller may reach."""
    return Answer({"text": text} if (text := "\n".join(_blocks(call))) else None, words=text)


def _blocks(call: Call) -> Iterator[str]:
    front, name = call.room.front, call.caller.name
    place = front.host if front.port == 22 else f"[{front.host}]:{front.port}"
    yield "# ~/.ssh/known_hosts"
    yield from (f"{place} {' '.join(key.split()[:2])}" for key in front.host_keys)
    yield "# ~/.ssh/config"
    for target, accounts in call.room.access.reachable(name, call.caller.source):
        for account in accounts:
            alias = target if len(accounts) == 1 else f"{target}-{account}"
            yield f"Host {alias}"
            yield f"    HostName {front.host}"
            yield f"    Port {front.port}"
            yield f"    User {name}={account}={target}"


VERBS = (
    Verb("targets", "what you may reach now", targets, PERSONS, lists=True),
    Verb("keys", "your public keys", keys, PERSONS, lists=True),
    Verb("keys add", "add a public key of yours", keys_add, PERSONS,
         (Argument("KEY", "the line of a .pub file; - or nothing: it comes on stdin", required=False, many=True),),
         changes=True),
    Verb("keys rm", "remove a public key of yours", keys_rm, PERSONS,
         (Argument("FINGERPRINT", "SHA256:… as `keys` shows it"),), changes=True),
    Verb("ssh-config", "ready blocks for your ssh_config and known_hosts", ssh_config, PERSONS),
)  # fmt: skip
