"""The words of a start.

The rule: pure text from values; the one-time codes stand in it, so it goes to a terminal or into a 0600 file
and nowhere else. Commands are complete: they can be pasted as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from gateway.admin.times import spell


@attrs.frozen
class FirstStart:
    """What a first start made; ``seconds`` is how long the codes are good."""

    version: str
    node: str
    state: str
    host: str
    port: int
    fingerprint: str
    admin: str
    admin_code: str = attrs.field(repr=False)
    operator: str
    operator_code: str = attrs.field(repr=False)
    account: str
    target: str
    seconds: int
    pamctl: str = "pamctl"
    """How it is called from the shell that started the node."""
    console: str = ""
    """The console's address; empty where it is not served."""


def started(
    node: str, version: str, source: str | None, listening: Sequence[tuple[str, str]], fingerprint: str
) -> str:
    """Return what every start says: node, configuration, and where it listens (what, and the place)."""
    origin = f"configuration {source}" if source else "no configuration: using defaults (etc/pam.toml shows them)"
    lines = [f"ostiary {version} · node {node} · {origin}"]
    for what, place in listening:
        known = f"   host key {fingerprint}" if what == "ssh" else ""
        lines.append(f"ostiary {what:<8} {place}{known}")
    return "\n".join(lines) + "\n"


def first_start(first: FirstStart) -> str:
    """Return what the first start says on top: what was made, and two commands to paste with their codes."""
    return "\n".join(_first(first)) + "\n"


def _first(first: FirstStart) -> Iterator[str]:
    port = "" if first.port == 22 else f"-p {first.port} "
    operator = f"ssh {port}{first.operator}={first.account}={first.target}@{first.host}"
    admin = f"ssh {port}{first.admin}@{first.host}"
    size = max(len(operator), len(admin)) + 4
    yield f"ostiary created {first.state} (keys, store, recordings)"
    yield ""
    yield f"  Try it in another terminal; each code is good once, for {spell(first.seconds)}:"
    yield f"     {operator:<{size}}code {first.operator_code}   a recorded session on the demo target"
    yield f"     {admin:<{size}}code {first.admin_code}   the admin shell: try `sessions`"
    yield f"  Bring your key:       {admin} keys add - < ~/.ssh/id_ed25519.pub"
    yield "                        (takes the admin's code; if the admin shell took it, paste there: keys add LINE)"
    if first.console:
        yield f"  In a browser:         {first.console}   (the link that lets you in: {admin} web-login)"
    yield f"  Your first server:    {first.pamctl} target add web1 10.0.0.11:22"
    yield f"  Without the demo:     {first.pamctl} demo off"


def first_start_elsewhere(first: FirstStart, path: str) -> str:
    """Return what is said where nobody sits at a terminal: where the codes were written, never the codes."""
    return f"ostiary created {first.state} (keys, store, recordings)\nostiary one-time codes are in {path} (0600)\n"


def empty_store_refused(state: str, source: str | None) -> str:
    """Return why an empty store is not made a fresh gateway, and what to do."""
    why = f"beside the configuration {source}" if source else "and a listener reaches beyond this machine"
    return (
        f"ostiary: {state} is empty {why}: is a volume not mounted?\n"
        "ostiary: to begin here run `pamctl init` (or `pamctl apply FILE`), then start again\n"
    )
