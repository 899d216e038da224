"""What a terminal shows: the target's output as a screen, with modes, and back as bytes that paint it again.

The rule of this room: any bytes are a screen. Cut anywhere gives the same screen, nothing grows with what is
fed, and :meth:`Screen.dump` paints the present screen exactly.
"""

from gateway.domain.screen.cells import BLINK, BOLD, CONCEAL, DIM, ITALIC, REVERSE, STRIKE, UNDERLINE, Cell, Style
from gateway.domain.screen.screen import Screen

__all__ = (
    "BLINK", "BOLD", "CONCEAL", "DIM", "ITALIC", "REVERSE", "STRIKE", "UNDERLINE",
    "Cell", "Screen", "Style",
)
