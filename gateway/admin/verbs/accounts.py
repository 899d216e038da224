"""What else is done to a user, a target and a credential.

The rule: secrets come on stdin or from a terminal without echo, never on a command line; they are hashed or
sealed before anything is told.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from gateway.admin.answer import Answer
from gateway.admin.arguments import Argument, Option
from gateway.admin.cleaning import counted
from gateway.admin.refusal import missing, usage
from gateway.admin.room import ADMIN, AUDITOR
from gateway.admin.selfless import spare_oneself
from gateway.admin.verb import Call, Verb, roles
from gateway.admin.verbs.entries import NAME, entry


async def passwd(call: Call) -> Answer:
    """Set a user's password from stdin."""
    user = entry(call, "user")
    secret = await call.streams.secret(f"new password for {user.name}")
    hashed = await call.room.hash_password(secret)
    secret.wipe()
    await call.room.directory.change("user", user.name, {"password": hashed}, by=call.caller.name, reason=call.reason)
    return Answer({"user": user.name, "done": "password set"}, words=f"password of {user.name} set")


async def activate(call: Call) -> Answer:
    """Switch an account on again."""
    user, caller, room = entry(call, "user"), call.caller, call.room
    spare_oneself(caller, room.directory.snapshot(), "user", user.name, "activate")
    if not user.active or room.orders.is_deactivated(user.name):
        await room.orders.activate(
            user.name, by=caller.name, by_name=caller.full_name, reason=call.reason, door=caller.door
        )
    return Answer({"user": user.name, "done": "activated"}, words=f"{user.name} is active again")


async def deactivate(call: Call) -> Answer:
    """Switch an account off and end its sessions."""
    user, caller = entry(call, "user"), call.caller
    spare_oneself(caller, call.room.directory.snapshot(), "user", user.name, "deactivate")
    ended = await call.room.orders.deactivate(
        user.name, by=caller.name, by_name=caller.full_name, reason=call.reason, door=caller.door
    )
    words = f"{user.name} is deactivated; {counted(len(ended), 'session')} ended"
    return Answer({"user": user.name, "done": "deactivated", "sessions": list(ended)}, words=words)


async def trust(call: Call) -> Answer:
    """Pin a host key that a target showed."""
    target, directory = entry(call, "target"), call.room.directory
    queued = {fingerprint(line): line for line in directory.queued_keys(target.name)}
    wanted = call["fingerprint"]
    if wanted and wanted in map(fingerprint, target.host_keys):
        words = f"{target.name} is known by {wanted} already"
        return Answer({"target": target.name, "fingerprint": wanted}, words=words)
    if wanted and wanted not in queued:
        raise missing(f"target {target.name} has shown no key {wanted}; shown were: {', '.join(queued) or 'none'}")
    if not queued:
        raise missing(f"target {target.name} has shown no key that waits: connect to it once, or set host_keys")
    if not wanted and len(queued) > 1:
        raise usage(f"target {target.name} has shown {len(queued)} keys, say which: {', '.join(queued)}")
    chosen = wanted or next(iter(queued))
    await directory.trust(target.name, queued[chosen], by=call.caller.name, reason=call.reason)
    return Answer({"target": target.name, "fingerprint": chosen}, words=f"{target.name} is known by {chosen} now")


def fingerprint(line: str) -> str:
    """Return the SHA-256 fingerprint of an OpenSSH public key line, as ssh writes it; ``?`` for junk."""
    try:
        blob = base64.b64decode(line.split()[1], validate=True)
    except (IndexError, binascii.Error, ValueError):
        return "?"
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


async def put(call: Call) -> Answer:
    """Seal a secret for a credential, or for its elevation."""
    credential, elevation = entry(call, "credential"), call["elevation"]
    reference = credential.elevation.secret if elevation else credential.secret
    if reference != "store":
        words = f"credential {credential.name} takes its secret from {reference or 'nowhere'}"
        raise usage(f'{words}, not from the vault: set secret = "store" first')
    secret_id = f"{'elevation' if elevation else 'credential'}/{credential.name}"
    is_key = credential.kind == "key" and not elevation
    read = call.streams.secret_text if is_key else call.streams.secret
    secret = await read(f"{'private key' if is_key else 'secret'} of {credential.name}")
    await call.room.vault.put(
        secret_id, secret, by=call.caller.name, reason=call.reason, kind=credential.kind if is_key else ""
    )
    return Answer({"secret": secret_id, "done": "sealed"}, words=f"sealed {secret_id}")


async def authority(call: Call) -> Answer:
    """Print the gateway's own certificate authority, for the targets' ``TrustedUserCAKeys``."""
    line = await call.room.vault.ca_public_line()
    return Answer({"authority": line}, words=line)


async def test_target(call: Call) -> Answer:
    """Reach a target and recognise it, without a login."""
    return await _tried(call, entry(call, "target").name, "")


async def test_credential(call: Call) -> Answer:
    """Log in to a target with a credential, and leave at once."""
    credential = entry(call, "credential")
    target = call["target"] or credential.target
    if target not in call.room.directory.snapshot().target:
        raise usage(f"credential {credential.name} is for {credential.target}: say which one with --target")
    return await _tried(call, target, credential.name)


async def _tried(call: Call, target: str, credential: str) -> Answer:
    if call.room.attempt is None:
        raise missing("nothing runs here that could reach a target: start the gateway, then ask again")
    found = await call.room.attempt(target, credential, call.caller.name)
    done = f"credential {credential} logs in to {target}" if credential else f"{target} is reached and recognised"
    return Answer(found, words=f"{done} ({found['host_key']}, {found['version']}, {found['seconds']:.2f} s)")


VERBS = (
    Verb("user passwd", "set a password; it is read from stdin or a terminal", passwd, roles(ADMIN), (NAME,),
         changes=True),
    Verb("user activate", "switch an account on again", activate, roles(ADMIN), (NAME,), changes=True),
    Verb("user deactivate", "switch an account off and end its sessions at once", deactivate, roles(ADMIN), (NAME,),
         changes=True),
    Verb("target trust", "pin a host key that the target has shown", trust, roles(ADMIN), (NAME,),
         (Option("--fingerprint", "which one, where several wait", word="SHA256:…"),), changes=True),
    Verb("target test", "reach a target and recognise it, without a login", test_target, roles(ADMIN), (NAME,)),
    Verb("credential test", "log in with a credential, and leave at once", test_credential, roles(ADMIN),
         (Argument("NAME", "the credential's name"),),
         (Option("--target", "which target, where the credential is for several", word="NAME"),)),
    Verb("credential put", "seal a secret read from stdin in the vault", put, roles(ADMIN),
         (Argument("NAME", "the credential's name"),),
         (Option("--elevation", "the secret for elevation instead"),), changes=True),
    Verb("credential ca", "the gateway's own authority, for TrustedUserCAKeys of targets", authority,
         roles(ADMIN, AUDITOR)),
)  # fmt: skip
