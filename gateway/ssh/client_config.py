"""What an operator puts into his ssh_config to reach targets by their names.

The rule: what is printed is an ssh_config as it stands; whatever is not a plain name is left out rather
than quoted.
"""

from __future__ import annotations

import re
from collections import Counter

from gateway.ssh.cells import clean
from gateway.ssh.menu_screen import in_order

_TARGET = re.compile(r"[A-Za-z0-9._-]{1,253}")
_ACCOUNT = re.compile(r"[A-Za-z0-9._@+$-]{1,64}")


def known_host(gateway_host: str, port: int, host_key_line: str) -> str:
    """Return the line of known_hosts for the gateway."""
    name = gateway_host if port == 22 else f"[{gateway_host}]:{port}"
    return f"{name} {' '.join(host_key_line.split()[:2])}"


def ssh_config_text(
    user: str, gateway_host: str, port: int, host_key_line: str, rows: list[tuple[str, str]]
) -> str:
    """Return a block for each (target, account), and the known_hosts line as a comment.

    A target's name is its block's; where there are several accounts each block is ``TARGET-ACCOUNT``.
    """
    plain = [
        row for row in in_order(rows) if _TARGET.fullmatch(row.target) and _ACCOUNT.fullmatch(row.account)
    ]
    accounts = Counter(row.target for row in plain)
    lines = [
        f"# The targets that {clean(user)} may reach through {clean(gateway_host)}.",
        "# Put the next line, without its #, into ~/.ssh/known_hosts:",
        f"# {clean(known_host(gateway_host, port, host_key_line))}",
    ]
    for row in plain:
        name = row.target if accounts[row.target] == 1 else f"{row.target}-{row.account}"
        lines += [
            "",
            f"Host {name}",
            f"    HostName {clean(gateway_host)}",
            f"    Port {port}",
            f"    User {clean(user)}={row.account}={row.target}",
        ]
    return "\n".join(lines) + "\n"
