"""Words as a real bash gives them to a program, and as they are read here."""

from __future__ import annotations

import random
import subprocess

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.shell import read

PIECES = (
    "a", "b1", "-x", "/y", ".", "=", ",", ":", "'a b'", "''", "'$z'", "'\"'", '"a b"', '""', '"\'"', '"\\$z"',
    '"\\a"', '"$v"',
    '"${v}x"', '"`printf q`"', '"$(printf q)"', "\\ ", "\\$", "\\'", "\\\n", "\\;", "$'\\n'", "$'\\x41'",
    "$'a\\'b'", "$'\\101'",
    "$'\\u00e9'", '$"t"', "$v", "${v}", "$w", "${w}", '"$w"', "${v:-d}", "${n:-d e}", '"${n:-d e}"', "${v:+u}",
    "${v#a}", "${v%c}",
    "${v:1}", "${v:0:2}", "${v/b/B}", "${v^^}", "${e}", '"$e"', "$(printf 'r s')", '"$(printf "r s")"',
    "`printf t`", "$(echo {k,l})",
    "{c,d}", "{e,}", "{f}", "{1..3}", "{g,{h,i}}", "{j", "{a..c}", "}", "#", "!", "@", "%", "+", "^", "é", "~x",
    "a~", "[",
    "${a[1]}", '"${a[@]}"', "${a[*]}", "$'\\e'", "'\n'", '"\n"', "\\\\", '"\\\\"', "${!r}", "$1", '"$@"', "${2}", "x",
)  # fmt: skip
STATE = "v=abc; w='p  q r'; e=; n=; r=v; a=(m 'n o'); set -- one 'two three'; "


def lines(number: int, seed: int) -> list[str]:
    """Make lines of a command with some words, each of some pieces."""
    draw = random.Random(seed)
    return [
        "p " + " ".join(
            "".join(draw.choices(PIECES, k=draw.randint(1, 4))) for _ in range(draw.randint(1, 4))
        )
        for _ in range(number)
    ]  # fmt: skip


def by_bash(all_lines: list[str]) -> list[list[str] | None]:
    """Return the words that bash makes of each line; None where it does not run the line."""
    script = [STATE, "p() { printf 'W%s\\0' \"$@\"; }"]
    for line in all_lines:
        script.append(f"( eval {quoted(line)} ) 2>/dev/null || printf 'F\\0'; printf 'E\\0'")
    ran = subprocess.run(
        ["bash", "--norc"],
        input="\n".join(script).encode(),
        capture_output=True,
        check=False,
        env={"LC_ALL": "C.UTF-8"},
    )
    found: list[list[str] | None] = []
    for part in ran.stdout.decode("utf-8", "surrogateescape").split("E\0")[:-1]:
        words = part.split("\0")[:-1]
        found.append(None if "F" in words else [word[1:] for word in words])
    return found


def quoted(line: str) -> str:
    """Return a line in single quotes."""
    return "'" + line.replace("'", "'\\''") + "'"


class DifferentialTests(SynchronousTestCase):
    """The same words, thousands of times."""

    def test_words_are_those_that_bash_gives(self) -> None:
        """Quotes, expansions, braces and splitting, in any mixture; what is not the same must be marked unsure."""
        made = lines(1500, 4)
        compared = 0
        for line, words in zip(made, by_bash(made), strict=True):
            reading = read(STATE + line)
            ours = [command for command in reading.commands if command.argv[0] == "p"]
            if words is None or reading.opaque or len(ours) != 1 or ours[0].unsure:
                continue
            compared += 1
            self.assertEqual(list(ours[0].argv[1:]) or [""], words, line)
        self.assertGreater(compared, 800)
