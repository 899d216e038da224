"""Run the comparisons: ``python -m benchmarks [--workload W1,W2] [--rounds N] [--quick] [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from benchmarks.contenders import NAMES, Stage, Unmeasured
from benchmarks.drawing import draw
from benchmarks.report import goal_lines, goals, machine, results, table
from benchmarks.scale import QUICK, Scale
from benchmarks.workloads import WORKLOADS, Run

FILES = 8192
"""Open files that every process may have: a proxy of 500 sessions has two sockets and a recording for each."""


def arguments(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks", description="Compare the gateway with other ways.")
    asked.add_argument("--workload", type=_some_of(tuple(WORKLOADS)), default=tuple(WORKLOADS), metavar="W1,W2")
    asked.add_argument("--contenders", type=_some_of(NAMES), default=NAMES, metavar=",".join(NAMES))
    asked.add_argument("--rounds", type=int, help="default 3, quick 1")
    asked.add_argument("--size", type=int, help="MiB of a bulk transfer and of sftp's large file, default 512 and 256")
    asked.add_argument("--quick", action="store_true", help="tiny sizes: shows that it runs, says nothing of speed")
    asked.add_argument("--json", type=Path, metavar="FILE", help="write all samples here, and a plot beside it (.svg)")
    return asked.parse_args(words)


def _some_of(known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    def chosen(text: str) -> tuple[str, ...]:
        words = tuple(text.split(","))
        if wrong := [word for word in words if word not in known]:
            raise argparse.ArgumentTypeError(f"{wrong[0]!r} is none of {', '.join(known)}")
        return tuple(name for name in known if name in words)

    return chosen


def scale(asked: argparse.Namespace) -> Scale:
    """Return how much is to be done."""
    found = QUICK if asked.quick else Scale()
    if asked.size:
        found = attrs.evolve(found, size=asked.size, file=min(asked.size, found.file))
    return found


def main(words: list[str]) -> int:
    """Run, print, write; return 1 when ours could not do something or the run was interrupted."""
    asked = arguments(words)
    began = time.time()
    allow_files()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is ended
    stage = Stage(asked.contenders)
    run = Run(stage, scale(asked))
    try:
        stage.open()
        run.all(asked.workload, asked.rounds or (1 if asked.quick else 3))
    except (Unmeasured, AssertionError) as why:
        print(f"the run could not begin: {why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        run.failures.append({"contender": "all", "part": "the rest", "why": "interrupted"})
    finally:
        stage.close()
    rows = results(run.samples)
    document = {
        "machine": machine(), "began": began, "seconds": time.time() - began, "load": run.loads,
        "scale": attrs.asdict(run.scale), "contenders": list(asked.contenders),
        "results": rows, "goals": goals(rows), "failures": run.failures,
    }  # fmt: skip
    show(document)
    if asked.json:
        asked.json.write_text(json.dumps(document, indent=1) + "\n")
        asked.json.with_suffix(".svg").write_text(draw(rows, asked.contenders, _caption(document)))
    return int(any(failure["contender"] in ("ours", "all") for failure in run.failures))


def allow_files() -> None:
    """Let every process that is started open enough files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES if hard < 0 else min(FILES, hard), hard))


def show(document: Mapping[str, Any]) -> None:
    """Print the report."""
    print(_caption(document))
    print(table(document["results"], document["contenders"]))
    for line in goal_lines(document["goals"]):
        print(line)
    for failure in document["failures"]:
        print(f"not measured: {failure['part']}, {failure['contender']}: {failure['why']}")


def _caption(document: Mapping[str, Any]) -> str:
    facts, least, most = document["machine"], min(document["load"]), max(document["load"])
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(document["began"]))
    ssh = facts["openssh"].split(",")[0]
    return f"{facts['cores']} x {facts['cpu']}, {ssh}, load {least:.1f} to {most:.1f}, {when}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
