"""Write the byte streams of the golden cases, one JSON object a line; ``screens.mjs`` says what they show.

Random streams of the families below, always the same ones, and what real programs of this machine write in a
terminal. Left out is what xterm.js does unlike the terminals it stands for: relative moves in origin mode,
DECSC with another character set or origin mode, halves of wide characters pushed apart, CSI T on a colour.
"""

from __future__ import annotations

import base64
import json
import os
import pty
import random
import select
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl

CASES = 40
"""Of each family."""

SIZES = ((80, 24), (20, 6), (10, 4))
WORDS = ("hello", "a", "-rw-r--r--", "x" * 30, "Größe", "│", " ", "   ", "0123456789")
WIDE = ("漢字", "かな", "가나다", "ab漢", "e\u0301", "漢\u0301x", "😀", "Ａ")


def number(draw: random.Random, top: int = 25) -> str:
    return draw.choice(("", "0", "1", "2", "3", str(draw.randrange(top)), str(draw.randrange(300))))


def style(draw: random.Random) -> str:
    simple = (
        "",
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "7",
        "8",
        "9",
        "22",
        "23",
        "24",
        "25",
        "27",
        "28",
        "29",
        "31",
        "42",
        "93",
        "104",
        "39",
        "49",
        "38;5;200",
        "48;5;17",
        "38;2;1;2;3",
        "48;2;250;0;9",
        "38:5:99",
        "38:2::9:8:7",
        "4:3",
        "1;31;44",
    )
    return f"\x1b[{draw.choice(simple)}m"


def moves(draw: random.Random) -> str:
    return draw.choice(
        (
            f"\x1b[{number(draw)};{number(draw, 80)}H",
            f"\x1b[{number(draw)}{draw.choice('ABCDEFGade`')}",
            "\r",
            "\n",
            "\r\n",
            "\b",
            "\t",
            f"\x1b[{number(draw, 5)}I",
            f"\x1b[{number(draw, 5)}Z",
            "\x1bD",
            "\x1bM",
            "\x1bE",
            "\v",
        )
    )


def erasing(draw: random.Random) -> str:
    return draw.choice(
        (
            f"\x1b[{draw.choice(('', '0', '2', '3'))}J",
            f"\x1b[{draw.choice(('', '0', '1', '2'))}K",
            f"\x1b[{number(draw)}X",
        )
    )


def shifting(draw: random.Random) -> str:
    count = number(draw)
    return draw.choice(
        (
            f"\x1b[{count}@",
            f"\x1b[{count}P",
            f"\x1b[{count}L",
            f"\x1b[{count}M",
            f"\x1b[{count}S",
            f"\x1b[m\x1b[{count}T",
            f"\x1b[{count} @",
            f"\x1b[{count} A",
            f"x\x1b[{number(draw)}b",
            f"\x1b[{number(draw, 9)};{number(draw)}r",
            "\x1bH",
            "\x1b[g",
            "\x1b[3g",
        )
    )


def modes(draw: random.Random) -> str:
    return draw.choice(
        (
            "\x1b[4h",
            "\x1b[4l",
            "\x1b[?7l",
            "\x1b[?7h",
            "\x1b[?25l",
            "\x1b[?25h",
            "\x1b[?2004h",
            "\x1b[?2004l",
            "\x1b[?1h",
            "\x1b[?1000h",
            "\x1b[?1002h",
            "\x1b[?1000l",
            "\x1b=",
            "\x1b>",
            "\x1b7",
            "\x1b8",
            "\x1b[?1049h",
            "\x1b[?1049l",
            "\x1b[?47h",
            "\x1b[?1047l",
            "\x1b[20h",
            "\x1b[20l",
            "\x1b#8",
            "\x1bc",
            "\x1b[!p",
            "\x1b[s",
            "\x1b[u",
        )
    )


def charsets(draw: random.Random) -> str:
    return draw.choice(("\x1b(0", "\x1b(B", "\x1b)0", "\x0e", "\x0f", "lqqqk", "\x1b)B", "\x1b*0", "\x1bn", "\x1b(A#"))


def hostile(draw: random.Random) -> str:
    return draw.choice(
        (
            "\x1b]0;title\x07",
            "\x1b]2;title\x1b\\",
            "\x1bP1$r0m\x1b\\",
            "\x1b_apc\x1b\\",
            "\x1b^pm\x1b\\",
            "\x1b[1\n2C",
            "\x1b[3\x18",
            "\x1b[?\x1b[m",
            "\x1b[1;2;3;4;5;6y",
            "\x1b[?99999h",
            "\x1b]unterminated\x1b[1mx",
            "\x1b[>0q",
            "\x7f",
            "\0",
            "\x1b\x1b[3C",
            "\x1b[<5A",
            "\x1b[5!A",
            "\x1b]7;file://x\x07",
            "\x1b[=1h",
            "\x1b%G",
            "\x1b[12345678901C",
        )
    )


def origin(draw: random.Random) -> str:
    return draw.choice(
        (
            "\x1b[?6h",
            "\x1b[?6l",
            f"\x1b[{number(draw, 9)};{number(draw)}r",
            f"\x1b[{number(draw)};{number(draw, 80)}H",
            "\n",
            "\r",
        )
    )


def words(draw: random.Random) -> str:
    return draw.choice(WORDS)


def wide(draw: random.Random) -> str:
    return draw.choice(WIDE)


FAMILIES = {
    "moves": (words, moves, style),
    "erasing": (words, moves, style, erasing),
    "shifting": (words, moves, style, erasing, shifting),
    "modes": (words, words, moves, style, erasing, shifting, modes),
    "wide": (words, wide, wide, moves, style, erasing),
    "charsets": (words, charsets, charsets, moves, style),
    "hostile": (words, hostile, moves, style),
    "origin": (words, origin, style, erasing),
}


def random_cases(count: int) -> list[dict[str, object]]:
    cases = []
    for family, makers in FAMILIES.items():
        for index in range(count):
            draw = random.Random(f"{family} {index}")
            cols, rows = SIZES[index % 3]
            text = "".join(draw.choice(makers)(draw) for _ in range(draw.randrange(5, 60)))
            cases.append(case(f"{family} {index}", cols, rows, [text.encode()]))
    for index in range(12):
        draw = random.Random(f"resize {index}")
        before = "".join(draw.choice(FAMILIES["erasing"])(draw) for _ in range(40))
        alternate = index % 2
        size = [80 - 7 * alternate * (index - 5), 24 + 3 * (index - 5)]
        steps = [("\x1b[?1049h" * alternate + before).encode(), size, b"after\r\n" * 3]
        cases.append(case(f"resize {index}", 80, 24, steps))
    return cases


def case(name: str, cols: int, rows: int, steps: list[object]) -> dict[str, object]:
    written = [base64.b64encode(step).decode() if isinstance(step, bytes) else step for step in steps]
    return {"name": name, "cols": cols, "rows": rows, "steps": written}


LONG = "/usr/share/common-licenses/GPL-3"
PROGRAMS = {
    "ls": (["ls", "--color=always", "-la", "/etc/security", "/usr/share/common-licenses"], []),
    "less": (["less", "-R", LONG], [b" ", b" ", b"/free\r", b"n", b"k", b"k", b"G", b"u"]),
    "vim": (
        ["vim.tiny", "-u", "NONE", "-R", LONG],
        [b"\x06", b"\x04", b"/General\r", b"jjjj", b"dd", b":set nu\r", b"G"],
    ),
    "vim left": (["vim.tiny", "-u", "NONE", LONG], [b"ihello\x1b", b"\x06", b":q!\r"]),
    "bash": (
        ["bash", "--norc", "-i"],
        [b"echo hello\r", b"printf '\\e[31mred\\e[m\\n'\r", b"x" * 120, b"\x01", b"\x06\x04\x04"],
    ),
    "tmux": (
        ["tmux", "-L", "golden", "-f", "/dev/null", "new", "sh"],
        [b"seq 100\r", b"\x02%", b"ls /usr\r", b'\x02"', b"echo four\r", b"\x02o"],
    ),
    "top": (["unshare", "--pid", "--fork", "--mount-proc", "top", "-d", "1"], [b"1", b"m", b"x"]),
}


def capture(argv: list[str], keys: list[bytes], cols: int, rows: int) -> bytes:
    """Run a program in a terminal, type to it, and return what it wrote."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
    environment = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": os.environ["PATH"], "HOME": "/", "PS1": "$ "}
    program = subprocess.Popen(
        argv,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
        cwd="/",
        preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    written = _read(ours)
    for key in keys:
        os.write(ours, key)
        written += _read(ours)
    program.terminate()
    os.close(ours)
    program.wait()
    if argv[0] == "tmux":
        subprocess.run([*argv[:3], "kill-server"], check=False)
    return written


def _read(terminal: int) -> bytes:
    written, end = b"", time.monotonic() + 0.7
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                written += os.read(terminal, 65536)
            except OSError:
                break
    return written


def main() -> None:
    for made in random_cases(CASES):
        print(json.dumps(made))
    for name, (argv, keys) in PROGRAMS.items():
        written = capture(argv, keys, 80, 24)
        print(json.dumps(case(name, 80, 24, [written])))
        print(f"{name}: {len(written)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
