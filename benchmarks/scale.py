"""How much a run does: full by default, a glance with ``--quick``; and what a measurement yields."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

MIB = 1 << 20
Values = Mapping[str, list[float]]
"""Samples by metric."""


@attrs.frozen
class Scale:
    """Sizes and counts of one run; ``size`` is MiB of a bulk transfer, ``few`` of the jump host's idle sessions."""

    size: int = 512
    file: int = 256
    small_files: int = 1000
    connections: int = 10
    at_once: int = 20
    keys: int = 500
    idle: int = 500
    few: int = 40
    stall: int = 1024
    stalled_for: float = 5.0
    patience: float = 180.0


QUICK = Scale(
    size=2, file=2, small_files=10, connections=2, at_once=2, keys=20, idle=10, few=5, stall=16, stalled_for=0.5
)
