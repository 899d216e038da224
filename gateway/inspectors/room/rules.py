"""Judge a file by YARA rules, where yara-x is installed (``pip install 'ostiary[yara]'``).

The rule: rules are compiled in the zygote, for they are the administrator's; content is scanned in the child. A rule
that matches denies, unless it is tagged ``info``: then it only tags.

Known limits: yara-x needs the whole file in memory: a file over 256 MiB can not be judged, which is a failure.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, BinaryIO

LARGEST = 256 * 1024**2
MOST_SHOWN = 8


def warm() -> None:
    """Import yara-x where it is installed."""
    try:
        importlib.import_module("yara_x")
    except ImportError:
        return


def prepare(settings: Mapping[str, Any]) -> None:
    """Compile the rules."""
    compiled(settings["rules"])


@lru_cache(maxsize=8)
def compiled(text: str) -> Any:
    """Return compiled rules; raise ValueError in words."""
    yara = importlib.import_module("yara_x")
    try:
        return yara.compile(text)
    except yara.CompileError as problem:
        raise ValueError(str(problem)) from None


def judge(settings: Mapping[str, Any], transfer: Mapping[str, Any], file: BinaryIO) -> dict[str, Any]:
    """Say which rules match."""
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        return {"error": f"it has more than {LARGEST} bytes"}
    found = compiled(settings["rules"]).scan(content).matching_rules
    tags = [rule.identifier for rule in found]
    bad = [rule.identifier for rule in found if "info" not in rule.tags]
    if not bad:
        return {"decision": "allow", "tags": tags}
    shown = ", ".join(bad[:MOST_SHOWN])
    return {"decision": "deny", "code": "rule", "reason": f"matches {shown}", "detail": shown, "tags": tags}
