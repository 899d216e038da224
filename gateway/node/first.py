"""The first start, and what is done to an empty or orphaned store on the node's own machine.

The rule: with no configuration at all and only loopback listeners an empty store becomes a gateway one can try: one
admin, one demo operator, a demo target, one-time codes. With a configuration file, or any listener that others can
reach, an empty store is refused in words: an unmounted volume must not become a fresh gateway.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from gateway.admin.welcome import FirstStart, empty_store_refused, first_start_elsewhere
from gateway.admin.welcome import first_start as first_start_words
from gateway.domain.facts import Fact
from gateway.node.rooms import Rooms, is_empty

DEMO_PASSWORD = "OSTIARY_DEMO_PASSWORD"
CODES_FILE = "first-codes"

DEMO = """
[[user]]
name = "demo"
full_name = "Demo Operator"
roles = ["operator"]

[[target]]
name = "demo"
address = "127.0.0.1:1"

[[credential]]
name = "demo"
target = "demo"
account = "root"
kind = "password"
secret = "env:{password}"

[[grant]]
name = "demo"
users = ["demo"]
targets = ["demo"]
accounts = ["root"]
rights = ["shell", "exec", "sftp", "scp"]
"""

ADMIN = """
[[user]]
name = "{name}"
full_name = "Administrator"
roles = ["admin"]
"""

class EmptyStore(ValueError):
    """The store is empty and must not become a gateway by itself."""


def refuse_empty(rooms: Rooms) -> None:
    """Raise :exc:`EmptyStore` where an empty store must not become a gateway by itself."""
    config = rooms.config
    if is_empty(rooms) and not (config.is_default and config.only_loopback):
        words = empty_store_refused(str(rooms.state), config.source)
        raise EmptyStore(words.removeprefix("ostiary: ").rstrip())


async def first_start(rooms: Rooms) -> dict[str, str]:
    """Make an empty store a gateway to try; return the one-time codes by user, none where it was not empty."""
    if not is_empty(rooms):
        return {}
    by = f"first start@{rooms.config.node.name}"
    text = ADMIN.format(name="admin") + DEMO.format(password=DEMO_PASSWORD)
    await rooms.directory.commit(rooms.directory.plan(text, origin="first start"), by=by)
    return {name: await rooms.operators.issue_code(name, by=by) for name in ("admin", "demo")}


async def initialise(rooms: Rooms, name: str, by: str) -> str:
    """Make an empty store a gateway with its first admin; return the words to say."""
    if not is_empty(rooms):
        raise EmptyStore("the store is not empty; use: user add, or recover-access where no admin is left")
    plan = rooms.directory.plan(ADMIN.format(name=name), origin="pamctl init")
    await rooms.directory.commit(plan, by=by, reason="init")
    code = await rooms.operators.issue_code(name, by=by)
    return f"{name} is the first admin. One-time code, good for 15 minutes: {code}\nLog in: ssh {name}@GATEWAY"


async def recover(rooms: Rooms, name: str, by: str) -> str:
    """Give a user the admin role again; return the words to say."""
    user = rooms.operators.find(name)
    roles = [*(user.roles if user is not None else ()), "admin"]
    await rooms.directory.change("user", name, {"roles": sorted(set(roles)), "active": True}, by=by, reason="recovery")
    for lock in rooms.orders.locks():
        if lock["user"] == name:
            await rooms.orders.unlock(
                str(lock["scope"]), str(lock["subject"]), by="", by_name=by, reason="recovery", door="pamctl"
            )
    if rooms.orders.is_deactivated(name):
        await rooms.orders.activate(name, by=by, by_name=by, reason="recovery", door="pamctl")
    await rooms.journal.tell(Fact("user.recovered", {"user": name, "by": by}))
    code = await rooms.operators.issue_code(name, by=by)
    return f"{name} is an admin again. One-time code, good for 15 minutes: {code}"


async def demo_off(rooms: Rooms, by: str) -> str:
    """Remove the demo operator, target, credential and grant; return the words to say."""
    snapshot = rooms.directory.snapshot()
    removed = []
    for table, held in (("grant", snapshot.grant), ("credential", snapshot.credential), ("target", snapshot.target),
                        ("user", snapshot.user)):  # fmt: skip
        if "demo" in held:
            await rooms.directory.change(table, "demo", None, by=by, reason="demo off")
            removed.append(table)
    for run in rooms.roster.running():
        if run.subject.target == "demo":
            run.end(75, "demo_off", "the demo was switched off; the session is over")
    return f"the demo is off: removed its {', '.join(removed)}" if removed else "the demo is off already"


def has_demo(rooms: Rooms) -> bool:
    """Say whether the demo target is in the directory, with the demo's own credential."""
    credential = rooms.directory.snapshot().credential.get("demo")
    return credential is not None and credential.secret == f"env:{DEMO_PASSWORD}"


def said(rooms: Rooms, first: FirstStart) -> str:
    """Return the first start's words; the codes are in them only where a person reads the terminal."""
    if sys.__stderr__ is not None and sys.__stderr__.isatty():
        return first_start_words(first)
    codes = {first.admin: first.admin_code, first.operator: first.operator_code}
    path = write_codes(rooms.state / CODES_FILE, codes)
    return first_start_elsewhere(first, str(path))


def called() -> str:
    """Return how pamctl is called here: by its name where the shell finds it, else by the path beside twistd."""
    beside = Path(sys.argv[0]).parent / "pamctl"
    return "pamctl" if shutil.which("pamctl") or not beside.exists() else str(beside)


def write_codes(path: Path, codes: dict[str, str]) -> Path:
    """Write the codes where only this user can read them."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{name} {code}\n" for name, code in codes.items())
    return path
