"""The workloads by name, and the run: within each round every contender does each workload in turn.

Who goes first changes with the round, so a machine that is busy for a while is not one contender's misfortune.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import attrs

from benchmarks import bulk, connecting, files, keystrokes, memory, nested
from benchmarks.contenders import Contender, Stage, Unmeasured
from benchmarks.scale import Scale, Values

Alone = Callable[[Contender, Scale], Values]
Staged = Callable[[Stage, str, Scale], Values]


def _at(work: Alone) -> Staged:
    return lambda stage, name, scale: work(stage.contender(name), scale)


@attrs.frozen
class Part:
    """One measurement of a workload: its name in words, what to do, whether one round says it all."""

    title: str
    work: Staged
    once: bool = False
    without: tuple[str, ...] = ()
    """Contenders for whom it means nothing."""


CONNECT = Part("connect", _at(connecting.connect))
DOWN = Part("download", _at(bulk.down))
UP = Part("upload", _at(bulk.up))

WORKLOADS: dict[str, tuple[Part, ...]] = {
    "W1": (CONNECT,),
    "W2": (DOWN, Part("download, aes128-gcm", _at(bulk.down_gcm))),
    "W3": (UP,),
    "W4": (Part("sftp", _at(files.transfer)),),
    "W5": (Part("keys", _at(keystrokes.idle)), Part("keys beside bulk", _at(keystrokes.busy))),
    "W6": (
        Part("idle sessions", memory.idle_sessions, once=True, without=("direct",)),
        Part("stalled reader", memory.stalled, once=True, without=("direct",)),
    ),
    "W7": (DOWN, UP, CONNECT),
    "W8": (Part("nested", nested.through, without=("direct", "asyncssh", "conch")),),
}
"""W7, the CPU, is measured while W1, W2 and W3 run; alone it runs the parts it needs."""


@attrs.define(eq=False)
class Run:
    """What a run has found: samples by metric and contender, and what could not be measured."""

    stage: Stage
    scale: Scale
    samples: dict[str, dict[str, list[float]]] = attrs.field(factory=dict)
    failures: list[dict[str, str]] = attrs.field(factory=list)
    loads: list[float] = attrs.field(factory=lambda: [os.getloadavg()[0]])
    """The machine's load before the run and after each part of each round."""

    def all(self, workloads: tuple[str, ...], rounds: int) -> None:
        """Run the rounds."""
        parts = dict.fromkeys(part for workload in workloads for part in WORKLOADS[workload])
        for turn in range(rounds):
            for part in parts:
                if turn == 0 or not part.once:
                    self._part(part, turn)
                    self.loads.append(os.getloadavg()[0])

    def _part(self, part: Part, turn: int) -> None:
        names = [name for name in self.stage.names if name not in part.without]
        cut = turn % len(names) if names else 0
        for name in names[cut:] + names[:cut]:
            if any(each["contender"] == name and each["part"] == part.title for each in self.failures):
                continue
            start = time.monotonic()
            try:
                self._keep(name, part.work(self.stage, name, self.scale))
            except (Unmeasured, AssertionError) as why:  # the latter: the harness waited in vain
                self.failures.append({"contender": name, "part": part.title, "why": str(why).strip()})
            sys.stderr.write(f"round {turn + 1}: {part.title}, {name}: {time.monotonic() - start:.1f} s\n")

    def _keep(self, name: str, values: Values) -> None:
        for metric, found in values.items():
            self.samples.setdefault(metric, {}).setdefault(name, []).extend(found)
