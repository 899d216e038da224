"""Keystroke scripts, made by chance, and what real shells say they ran."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path
from unittest import mock

import attrs

from gateway.domain.entries import AuditedRule
from gateway.domain.lines.gate import LineGate
from gateway.domain.lines.scan import unfinished
from gateway.domain.risk import Risk
from gateway.domain.screen import Screen
from gateway.domain.shell import Shell as State
from gateway.domain.verdict import Attempts, Judge, Verdict
from tests.domain.policies import policy
from tests.real.shells import Shell

Step = tuple[str, bytes | float | tuple[int, int]]
RM = AuditedRule("rm", command="rm", options=("r", "f"), action="deny", score=40)
WORDS = ("alpha", "beta", "g-7", "x.txt", "/tmp", "'a b'", '"c d"', "é", "$HOME", "a,b", "10%", "日本", "~", "q=1")
EDITS = (b"\x7f", b"\x08", b"\x01", b"\x05", b"\x02", b"\x06", b"\x1b[D", b"\x1b[C", b"\x1b[H", b"\x1b[F", b"\x15",
         b"\x17", b"\x0b", b"\x19", b"\x14", b"\x1bb", b"\x1bf", b"\x1bd", b"\x1b.", b"\x1f", b"\x1b[3~", b"\x0c",
         b"\x1b[A", b"\x1b[B", b"\t")  # fmt: skip
BASH = """PS1='$ '
HISTFILE={home}/none HISTCONTROL=
shopt -s cmdhist lithist
__n=0
PROMPT_COMMAND=__h
__h() {{ local n=$(HISTTIMEFORMAT= history 1); n=${{n#"${{n%%[![:space:]]*}}"}}
[ "${{n%% *}}" = "$__n" ] || {{ __n=${{n%% *}}; printf '%s\\0' "${{n#*  }}" >> {home}/truth; }}; }}
"""
ZSH = """PS1='$ '
HISTSIZE=1000
preexec() {{ print -rN -- "$1" >> {home}/truth; }}
"""


def command(draw: random.Random) -> bytes:
    """Make a harmless command line."""

    def words(count: int) -> str:
        return " ".join(draw.choices(WORDS, k=count))

    return draw.choice((
        f"echo {words(draw.randint(1, 4))}", f"true {words(draw.randint(0, 2))}", f"printf '%s\\n' {words(2)}",
        f"echo {words(1)} | cat", f"true && echo {words(2)}; false", f"echo {words(draw.randint(12, 30))}",
        "for i in 1 2; do echo $i; done", f"v={draw.randrange(100)}; echo $v", f"(echo {words(1)})",
    )).encode()  # fmt: skip


def script(seed: int) -> list[Step]:
    """Make a script: ``type`` key by key, ``key`` as one packet, ``size``, ``wait``."""
    draw = random.Random(seed)
    steps: list[Step] = []
    for _ in range(draw.randint(4, 9)):
        steps += _line(draw, draw.randrange(20), command(draw), draw.choice((b"\r", b"\r", b"\r", b"\n", b"\x0f")))
        if draw.random() < 0.8:
            steps.append(("wait", draw.choice((0.02, 0.1, 0.3))))
    return steps


def _line(draw: random.Random, kind: int, line: bytes, enter: bytes) -> list[Step]:
    steps: list[Step]
    match kind:
        case 0 | 1 | 2 | 3 | 4:
            return [("type", line), ("key", enter)]
        case 5 | 6 | 7:
            return [("key", line + enter)]
        case 8 | 9:
            steps = [("type", line)]
            for _ in range(draw.randint(1, 6)):
                steps += [("key", draw.choice(EDITS)), ("type", draw.choice((b"z", b" zz", b"y ", b"")))]
            return [*steps, ("key", enter)]
        case 10 | 11:
            return [("key", b"\x1b[A" * draw.randint(1, 3)), ("wait", 0.0), ("key", enter)]
        case 12:
            return [("type", b"\x12ech"), ("key", enter)]
        case 13:
            return [("type", b"echo 'open"), ("key", b"\r"), ("type", b"close'"), ("key", b"\r")]
        case 14:
            return [("key", line + b"\r" + command(draw) + b"\r" + command(draw) + b"\r")]
        case 15:
            return [("type", line), ("key", b"\x03"), ("type", command(draw)), ("key", enter)]
        case 16:
            return [("key", b"\x1b[200~" + line + b"\x1b[201~"), ("key", b"\r")]
        case 17:
            return [("key", draw.choice((b"!!", b"!echo", b"echo !$")) + b"\r")]
        case 18:
            return [("size", draw.choice(((60, 20), (100, 30), (80, 24)))), ("type", line), ("key", enter)]
        case _:
            return [("type", b"echo a \\"), ("key", b"\r"), ("type", b"b"), ("key", b"\r")]


@attrs.frozen
class Played:
    """What was audited and what the shell says, line by line."""

    seed: int
    audited: list[str]
    truth: list[str]

    @property
    def wrong(self) -> int:
        """How many lines differ."""
        lost = sum(line not in self.audited for line in self.truth)
        return max(lost, sum(line not in self.truth for line in self.audited))


def play(shell: str, seed: int) -> Played:
    """Play one script in a fresh shell with a gate before it."""
    home = Path(tempfile.mkdtemp(prefix="ostiary-keys-"))
    weighed: list[tuple[str, Verdict]] = []
    real = Judge.weigh

    def weigh(judge: Judge, readings: tuple[str, ...], known_by: str, state: State, doubt: str = "") -> Verdict:
        verdict = real(judge, readings, known_by, state, doubt)
        weighed.append((readings[0], verdict))
        return verdict

    (home / "rc").write_text((BASH if shell == "bash" else ZSH).format(home=home))
    (home / ".zshrc").write_text((home / "rc").read_text())
    argv = ["bash", "--rcfile", str(home / "rc"), "-i"] if shell == "bash" else ["zsh", "-i"]
    screen = Screen(80, 24)
    with mock.patch.object(Judge, "weigh", weigh):
        gate = LineGate(Judge(policy(rules=(RM,)), Attempts(), Risk()), screen)
        running = Shell(argv, gate, screen, home, {"ZDOTDIR": str(home), "HISTFILE": "/dev/null"})
        try:
            _keys(running, script(seed))
        finally:
            running.end()
    facts = {id(fact) for fact in running.facts}
    ran = [line for line, verdict in weighed if verdict.executed and id(verdict.executed[0].fact) in facts]  # type: ignore[union-attr]
    path = home / "truth"
    said = path.read_bytes().decode("utf-8", "replace").split("\0") if path.exists() else []
    shutil.rmtree(home, ignore_errors=True)
    return Played(seed, [_plain(line) for line in ran],
                  [_plain(line) for line in said if line.strip() and not unfinished(line)])  # fmt: skip


def _keys(running: Shell, steps: list[Step]) -> None:
    running.run(3, 0.25)
    for kind, what in steps:
        match what:
            case bytes() if kind == "type":
                for place in range(len(what)):
                    running.type(what[place : place + 1])
                    running.run(0.002)
            case bytes():
                running.type(what)
            case tuple():
                running.size(*what)
            case _:
                running.run(what)
        running.run(0.003)
    running.run(6, 0.8)
    running.type(b"\x03")
    running.run(1, 0.2)


def _plain(line: str) -> str:
    """Return a line without what editors keep or drop at the ends of rows."""
    return "\n".join(row.strip() for row in line.replace("\\\n", "").split("\n")).strip()
