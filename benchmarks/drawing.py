"""The plot: for each metric one bar per contender, drawn as SVG by hand.

Bars of one metric share a scale and metrics do not; the figure stands at the end of each bar.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

COLOURS = {"direct": "#8a8f98", "jump": "#b9a36a", "asyncssh": "#6aa0b9", "conch": "#a886b5", "ours": "#c4553b"}
WIDTH, LEFT, BAR, GAP, TITLE = 760, 90, 14, 14, 20
LONGEST = WIDTH - LEFT - 110


def draw(rows: Sequence[Mapping[str, Any]], names: Sequence[str], caption: str) -> str:
    """Return an SVG document."""
    body: list[str] = []
    top = 50
    for row in rows:
        present = [name for name in names if row["median"].get(name) is not None]
        body.extend(_group(row, present, top))
        top += TITLE + BAR * len(present) + GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}" '
        f'font-family="sans-serif" font-size="11">\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
        f'<text x="10" y="22" font-size="14">Medians by workload</text>\n<text x="10" y="38">{escape(caption)}</text>'
    )
    return "\n".join([head, *body, "</svg>", ""])


def _group(row: Mapping[str, Any], names: Sequence[str], top: int) -> Iterator[str]:
    better = "less is better" if row["less_is_better"] else "more is better"
    yield f'<text x="10" y="{top + 13}" font-weight="bold">{escape(row["title"])}, {row["unit"]} ({better})</text>'
    most = max((row["median"][name] for name in names), default=0) or 1
    for place, name in enumerate(names):
        value, y = row["median"][name], top + TITLE + BAR * place
        length = max(1.0, LONGEST * max(0.0, value) / most)
        colour = COLOURS.get(name, "#444444")
        yield f'<text x="{LEFT - 6}" y="{y + 10}" text-anchor="end">{escape(name)}</text>'
        yield f'<rect x="{LEFT}" y="{y + 1}" width="{length:.1f}" height="{BAR - 3}" fill="{colour}"/>'
        yield f'<text x="{LEFT + length + 5:.1f}" y="{y + 10}">{value:,.4g}</text>'
