"""When keys are changed (RFC 4253 §9).

The rule: by volume and by time, whichever comes first, in both roles.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class RekeyLimits:
    """After how much a key is changed; bytes and packets per direction, *seconds* since the last change."""

    octets: int = 1 << 30
    packets: int = 1 << 28
    seconds: float = 3600.0
