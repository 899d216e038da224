r"""QRadar's Log Event Extended Format, version 2.0, with ``^`` between its attributes.

The rule: LEEF can escape nothing, so a ``^`` in a value is written ``\u005e``, like a control character.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.domain.facts import Entry, flat
from gateway.siem.product import PRODUCT, VENDOR, VERSION, graveness
from gateway.siem.texts import WRITTEN, plain

BETWEEN = "^"
KEYS = {"usrName": "user", "src": "source", "dst": "target", "accountName": "account", "cat": "kind"}
"""Predefined keys, and ours."""
TIME_FORMAT = "yyyy-MM-dd'T'HH:mm:ss.SSSX"

_VALUE = {**WRITTEN, ord(BETWEEN): "\\u005e"}
_HEADER = {**WRITTEN, ord("|"): "\\u007c"}
_UNFIT_NAME = re.compile(r"[^A-Za-z0-9_.-]")


def leef(entry: Entry) -> str:
    """Return an entry as one line of LEEF; ``sev`` is 1-10, every key of the event follows the predefined ones."""
    told = flat(entry)
    front = "|".join(each.translate(_HEADER) for each in (VENDOR, PRODUCT, VERSION, entry.kind))
    pairs = [f"devTime={told['time']}", f"devTimeFormat={TIME_FORMAT}", f"sev={max(graveness(entry.severity), 1)}"]
    pairs += [f"{key}={_value(told[ours])}" for key, ours in KEYS.items() if ours in told]
    pairs += [f"{_UNFIT_NAME.sub('_', key) or '_'}={_value(value)}" for key, value in told.items()]
    return f"LEEF:2.0|{front}|{BETWEEN}|{BETWEEN.join(pairs)}"


def _value(value: Any) -> str:
    return plain(value).translate(_VALUE)
