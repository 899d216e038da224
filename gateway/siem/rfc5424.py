"""RFC 5424 with structured data.

The rule: every key of an event is a parameter of one element, so nothing has to be cut out of free text. No byte order
mark: receivers keep it in the message.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.domain.facts import KINDS, Entry, flat
from gateway.siem.product import APPLICATION, FACILITY, NUMBER, SYSLOG_SEVERITY, VERSION, graveness
from gateway.siem.texts import printable

NIL = "-"
SEQUENCE = 2**31 - 1
"""The largest ``sequenceId`` of RFC 5424; ours goes round after it."""

_UNFIT = re.compile(r"[^!-~]")
_UNFIT_NAME = re.compile(r'[^!-~]|[="\]]')
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "]": "\\]"})


def header(told: dict[str, Any]) -> str:
    """Return everything before the structured data; the node is HOSTNAME, the kind MSGID."""
    priority = FACILITY * 8 + SYSLOG_SEVERITY[graveness(told["severity"])]
    process = told["id"].partition("#")[2].partition("/")[0]
    host, kind = _word(told["node"], 255), _word(told["kind"], 32)
    return f"<{priority}>1 {told['time']} {host} {APPLICATION} {_word(process, 128)} {kind}"


def structured(told: dict[str, Any]) -> str:
    """Return the structured data: the event's own element, and ``meta`` and ``origin`` of RFC 5424."""
    pairs = [f'{_name(key)}="{printable(value).translate(_ESCAPED)}"' for key, value in told.items()]
    number = (told["seq"] - 1) % SEQUENCE + 1
    return (
        f"[{APPLICATION}@{NUMBER} {' '.join(pairs)}]"
        f'[meta sequenceId="{number}"][origin software="{APPLICATION}" swVersion="{VERSION}"]'
    )


def rfc5424(entry: Entry) -> str:
    """Return an entry as a message of RFC 5424."""
    told = flat(entry)
    known = KINDS.get(entry.kind)
    return f"{header(told)} {structured(told)} {known.meaning if known else printable(entry.kind)}"


def _word(text: str, most: int) -> str:
    return _UNFIT.sub("?", text)[:most] or NIL


def _name(key: str) -> str:
    return _UNFIT_NAME.sub("_", key)[:32] or "_"
