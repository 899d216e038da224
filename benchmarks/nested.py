"""W8: a target through the gateway as a ProxyJump (``ssh -J operator@gateway account@target``).

One SSH connection inside another, both ending in the gateway: beside a jump host, and beside the gateway's own
login names, which need only one.
"""

from __future__ import annotations

from benchmarks.bulk import fetch, store
from benchmarks.connecting import together
from benchmarks.contenders import Contender, Stage
from benchmarks.scale import Scale, Values


def through(stage: Stage, name: str, scale: Scale) -> Values:
    """Measure connecting, and MiB/s both ways; of the gateway also the share of what it does without nesting."""
    if name != "ours":
        return _measured(stage.contender(name), scale)
    found = _measured(stage.nested(), scale)
    plain = stage.contender(name)
    return {
        **found,
        "W8.down_share": [found["W8.down"][0] * fetch(plain, scale) / scale.size],
        "W8.up_share": [found["W8.up"][0] * store(plain, scale) / scale.size],
    }


def _measured(way: Contender, scale: Scale) -> dict[str, list[float]]:
    together(way, 1, scale.patience)  # hosts are known then
    return {
        "W8.connect": [1000 * together(way, 1, scale.patience) for _ in range(scale.connections)],
        "W8.down": [scale.size / fetch(way, scale)],
        "W8.up": [scale.size / store(way, scale)],
    }
