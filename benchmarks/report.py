"""What a run says: medians, ours beside the others, the goals, and the machine it was on."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.metrics import GOALS, METRICS, Goal

Samples = Mapping[str, Mapping[str, Sequence[float]]]


def results(samples: Samples) -> list[dict[str, Any]]:
    """Return one row for each metric that has samples; a ratio is ours divided by theirs."""
    rows = []
    for metric in METRICS:
        found = samples.get(metric.name)
        if not found:
            continue
        middle = {name: statistics.median(values) for name, values in found.items()}
        ours = middle.get("ours")
        others = {name: value for name, value in middle.items() if name != "ours" and value}
        rows.append({
            "metric": metric.name, "title": metric.title, "unit": metric.unit, "less_is_better": metric.less,
            "median": middle, "samples": {name: list(values) for name, values in found.items()},
            "ratio": {name: ours / value for name, value in others.items()} if ours is not None else {},
        })  # fmt: skip
    return rows


def goals(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each goal whose figure was measured, and whether it is reached."""
    known = {row["metric"]: row for row in rows}
    found = []
    for goal in GOALS:
        value = _value(known.get(goal.metric), goal)
        if value is not None:
            reached = value >= goal.bound if goal.at_least else value <= goal.bound
            found.append({
                "metric": goal.metric, "against": goal.against, "value": value, "bound": goal.bound,
                "at_least": goal.at_least, "reached": reached,
            })  # fmt: skip
    return found


def _value(row: Mapping[str, Any] | None, goal: Goal) -> float | None:
    if row is None:
        return None
    found: float | None = row["ratio"].get(goal.against) if goal.against else row["median"].get("ours")
    return found


def table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Return the medians, and ours to each other, as text."""
    others = [name for name in names if name != "ours"] if "ours" in names else []
    lines = [["", "unit", *names, *(f"ours/{name}" for name in others)]]
    for row in rows:
        medians = [_short(row["median"].get(name)) for name in names]
        ratios = [_ratio(row["ratio"].get(name)) for name in others]
        lines.append([row["title"], row["unit"], *medians, *ratios])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = f"{cells[0]:<{widths[0]}}"
    return "  ".join([first, *(f"{cell:>{width}}" for cell, width in zip(cells[1:], widths[1:], strict=True))])


def _short(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def goal_lines(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield one line for each goal."""
    titles = {metric.name: metric.title for metric in METRICS}
    for each in found:
        word, sign = ("reached", "at least") if each["reached"] else ("MISSED ", "at least")
        sign = sign if each["at_least"] else "at most"
        against = f" to {each['against']}" if each["against"] else ""
        yield f"{word}  {titles[each['metric']]}{against}: {each['value']:.2f}, goal {sign} {each['bound']:g}"


def machine() -> dict[str, Any]:
    """Return what the figures stand on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    ssh = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=False).stderr.strip()
    libraries = {name: version(name) for name in ("twisted", "cryptography", "asyncssh")}
    return {
        "cpu": model, "cores": os.cpu_count(), "memory_mib": memory, "kernel": platform.release(),
        "python": platform.python_version(), "openssh": ssh, **libraries,
    }  # fmt: skip
