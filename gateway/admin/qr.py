"""A QR code as lines of text, for an authenticator to read off a terminal.

The rule: light modules are painted, as on a dark terminal; two rows of modules make one line. A quiet zone of four
modules stands around (ISO 18004), so that it can be read off a light terminal too.
"""

from __future__ import annotations

import segno

QUIET = 4
BLOCKS = {(True, True): " ", (True, False): "\N{LOWER HALF BLOCK}", (False, True): "\N{UPPER HALF BLOCK}",
          (False, False): "\N{FULL BLOCK}"}  # fmt: skip
"""For (dark above, dark below)."""


def qr_lines(text: str) -> list[str]:
    """Return the lines of a QR code of error correction level L."""
    rows = [tuple(bool(module) for module in row) for row in segno.make_qr(text, error="l").matrix_iter(border=QUIET)]
    if len(rows) % 2:
        rows.append((False,) * len(rows[0]))
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(BLOCKS[two] for two in zip(above, below, strict=True)) for above, below in pairs]
