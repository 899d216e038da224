"""The commands of the demo target's shell.

The rule: a command sees the scratch directory, the clock and its console, nothing of the machine it runs
on; whatever it does is bounded in time between two turns and in what it writes.
"""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime

from gateway.domain.secret import Secret
from gateway.ssh.demo_console import Interrupted
from gateway.ssh.demo_shell import Command, Job, Leave, encoded

PIECE = 64 * 1024
LONGEST_SLEEP = 3600.0
MOST_REPEATED = 100_000
TRIES = 3
HELP = """\
This is the demo target of the gateway, a toy: it has no programs but these.
  ls [-la] [PATH]...   cat [FILE]...        echo [-n] TEXT [> FILE]   pwd   cd [DIR]
  mkdir [-p] DIR...    rm [-rf] PATH...     sudo [-i|-S|-n] [COMMAND] sleep SECONDS
  whoami   id   hostname   date   yes [TEXT]   true   false   demo   help   exit [STATUS]
Lines may be joined by ;  &&  || and end in > FILE or >> FILE. sftp and scp work too."""


def parted(words: tuple[str, ...], known: str) -> tuple[set[str], list[str], str]:
    """Part words into options and arguments; the last value names an option that is not known, if any."""
    options, rest = set[str](), list[str]()
    for index, word in enumerate(words):
        if word == "--":
            return options, rest + list(words[index + 1 :]), ""
        if word.startswith("-") and len(word) > 1:
            strange = word[1:].strip(known)
            if strange:
                return options, rest, word
            options |= set(word[1:])
        else:
            rest.append(word)
    return options, rest, ""


async def _ls(job: Job) -> int:
    options, paths, strange = parted(job.words, "la1hF")
    if strange:
        return await job.complain(f"invalid option {strange}")
    status, files = 0, job.shell.machine.files
    for path in paths or ["."]:
        try:
            place = job.shell.place(path)
            inside = files.is_folder(place)
            names = files.names(place) if inside else [encoded(path)]
            shown = [name for name in names if "a" in options or not inside or not name.startswith(b".")]
            for name in shown:
                found = files.stat((*place, name) if inside else place)
                await job.write((_long(found) if "l" in options else b"") + name + b"\n")
                await job.shell.sleep(0)
        except OSError as fault:
            status = await job.complain(f"{path}: {fault.strerror}")
    return status


def _long(found: os.stat_result) -> bytes:
    when = datetime.fromtimestamp(found.st_mtime, UTC).strftime("%b %e %H:%M")
    return f"{stat.filemode(found.st_mode)} 1 root root {found.st_size:8d} {when} ".encode()


async def _cat(job: Job) -> int:
    status = 0
    for path in job.words or ("-",):
        if path == "-":
            while chunk := await job.shell.console.read():
                await job.write(chunk)
            continue
        try:
            with job.shell.machine.files.open(job.shell.place(path), os.O_RDONLY) as file:
                offset = 0
                while chunk := file.read(offset, PIECE):
                    offset += len(chunk)
                    await job.write(chunk)
        except OSError as fault:
            status = await job.complain(f"{path}: {fault.strerror}")
    return status


async def _echo(job: Job) -> int:
    words = job.words[1:] if job.words[:1] == ("-n",) else job.words
    await job.write(encoded(" ".join(words)) + (b"" if job.words[:1] == ("-n",) else b"\n"))
    return 0


async def _pwd(job: Job) -> int:
    await job.write(job.shell.folder + b"\n")
    return 0


async def _cd(job: Job) -> int:
    path = job.words[0] if job.words else "/root"
    try:
        job.shell.go(path)
    except OSError as fault:
        return await job.complain(f"{path}: {fault.strerror}")
    return 0


async def _mkdir(job: Job) -> int:
    options, paths, strange = parted(job.words, "p")
    if strange or not paths:
        return await job.complain(f"invalid option {strange}" if strange else "missing operand")
    status = 0
    for path in paths:
        try:
            place = job.shell.place(path)
            for depth in range(1 if "p" in options else len(place), len(place) + 1):
                if "p" not in options or not job.shell.machine.files.is_folder(place[:depth]):
                    job.shell.machine.files.make_folder(place[:depth])
        except OSError as fault:
            status = await job.complain(f"{path}: {fault.strerror}")
    return status


async def _rm(job: Job) -> int:
    options, paths, strange = parted(job.words, "rRfv")
    if strange or (not paths and "f" not in options):
        return await job.complain(f"invalid option {strange}" if strange else "missing operand")
    status, files = 0, job.shell.machine.files
    for path in paths:
        try:
            place = job.shell.place(path)
            if options & {"r", "R"}:
                for _ in files.removing(place):
                    await job.shell.sleep(0)
            else:
                files.remove(place)
        except FileNotFoundError as fault:
            if "f" not in options:
                status = await job.complain(f"cannot remove {path}: {fault.strerror}")
        except OSError as fault:
            status = await job.complain(f"cannot remove {path}: {fault.strerror}")
    return status


async def _whoami(job: Job) -> int:
    await job.say(job.shell.account)
    return 0


async def _id(job: Job) -> int:
    number = 0 if job.shell.account == "root" else 1000
    name = f"{number}({job.shell.account})"
    await job.say(f"uid={name} gid={name} groups={name}")
    return 0


async def _hostname(job: Job) -> int:
    await job.say(job.shell.machine.name)
    return 0


async def _date(job: Job) -> int:
    await job.say(datetime.fromtimestamp(job.shell.machine.wall(), UTC).strftime("%a %b %e %H:%M:%S UTC %Y"))
    return 0


async def _sudo(job: Job) -> int:
    options, words = set[str](), list(job.words)
    while words and words[0].startswith("-") and len(words[0]) > 1:
        options |= set(words.pop(0)[1:])
    strange = sorted(options - set("iSnkv"))
    if strange:
        return await job.complain(f"invalid option -- '{strange[0]}'")
    if not words and not options & set("ikv"):
        return await job.complain("a command is needed: sudo [-i|-S|-n] [COMMAND]")
    if "k" in options:
        job.shell.elevated = False
    if (words or options & set("iv")) and not await _proven(job, options):
        return 1
    if words:
        return await job.shell.run_words(tuple(words), job.write)
    return await job.shell.nest() if "i" in options else 0


async def _proven(job: Job, options: set[str]) -> bool:
    """Ask for the password of sudo, as sudo does."""
    console = job.shell.console
    if job.shell.elevated:
        return True
    if "n" in options:
        await job.complain("a password is required")
        return False
    if console.size is None and "S" not in options:
        await job.complain(
            "a terminal is required to read the password; use -S to read it from standard input"
        )
        return False
    for wrong in range(TRIES):
        if wrong:
            await console.write_error(b"Sorry, try again.\n")
        await console.write_error(f"[sudo] password for {job.shell.account}: ".encode())
        line = await console.read_line(hidden=True)
        if line is None:
            await job.complain("no password was provided")
            return False
        if Secret(line).same_as(job.shell.machine.sudo_password):
            job.shell.elevated = True
            return True
    await console.write_error(b"Sorry, try again.\n")
    await job.complain(f"{TRIES} incorrect password attempts")
    return False


async def _sleep(job: Job) -> int:
    try:
        seconds = sum(map(float, job.words))
    except ValueError:
        seconds = -1.0
    if not job.words or not 0 <= seconds <= LONGEST_SLEEP:
        return await job.complain(f"a number of seconds up to {LONGEST_SLEEP:.0f} is needed")
    await job.shell.sleep(seconds)
    return 0


async def _yes(job: Job) -> int:
    piece = (encoded(" ".join(job.words) or "y")[:1024] + b"\n") * 16
    for _ in range(MOST_REPEATED // 16):
        await job.write(piece)
        await job.shell.sleep(0)
    return 0


async def _true(job: Job) -> int:
    return 0


async def _false(job: Job) -> int:
    return 1


async def _exit(job: Job) -> int:
    text = job.words[0] if job.words else str(job.shell.status)
    if not text.isascii() or not text.isdigit():
        await job.complain(f"{text}: numeric argument required")
        raise Leave(2)
    raise Leave(int(text[-9:]) & 0xFF)


async def _help(job: Job) -> int:
    await job.say(HELP)
    return 0


async def _demo(job: Job) -> int:
    """Draw a box on the alternate screen until q."""
    console = job.shell.console
    if console.size is None:
        return await job.complain("this needs a terminal")
    console.output.write(b"\x1b[?1049h\x1b[?25l")
    console.on_resize = lambda: console.output.write(box(console.size or (80, 24)))
    try:
        console.on_resize()
        while True:
            key = await console.read_key()
            if key in (ord("q"), ord("Q"), 4, None):
                return 0
            if key == 3:
                raise Interrupted
    finally:
        console.on_resize = None
        console.output.write(b"\x1b[?25h\x1b[?1049l")


def box(size: tuple[int, int]) -> bytes:
    """Return what draws a box as large as the screen."""
    columns, rows = max(size[0], 2), max(size[1], 2)
    text = "the demo target: press q to leave"[: max(0, columns - 4)].center(columns - 2)
    lines = ["┌" + "─" * (columns - 2) + "┐", "└" + "─" * (columns - 2) + "┘"]
    middle = [
        ("│" + (text if row == (rows - 2) // 2 else " " * (columns - 2)) + "│") for row in range(rows - 2)
    ]
    drawn = "".join(f"\x1b[{row + 1};1H{line}" for row, line in enumerate([lines[0], *middle, lines[1]]))
    return b"\x1b[2J\x1b[1;34m" + drawn.encode() + b"\x1b[0m"


COMMANDS: dict[str, Command] = {
    "ls": _ls,
    "cat": _cat,
    "echo": _echo,
    "pwd": _pwd,
    "cd": _cd,
    "mkdir": _mkdir,
    "rm": _rm,
    "whoami": _whoami,
    "id": _id,
    "hostname": _hostname,
    "date": _date,
    "sudo": _sudo,
    "sleep": _sleep,
    "yes": _yes,
    "true": _true,
    "false": _false,
    "exit": _exit,
    "help": _help,
    "demo": _demo,
}
