"""``pamctl``: the admin's command line on the node's machine.

The rule: over the node's socket when it runs; on the store itself, exclusively, when it does not. The client
hands over no file but those that stand in its own command line, whatever the node asks for.
"""

from __future__ import annotations

import getpass
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import attrs
from twisted.internet.defer import Deferred, fail, succeed

from gateway.admin.frames import Frame, FrameError, FrameReader, Kind, Opening, pieces
from gateway.admin.perform import PREFIX, perform
from gateway.admin.refusal import Exit, Refusal, usage
from gateway.admin.room import Room
from gateway.admin.streams import MOST_INPUT, Stdin, Streams
from gateway.admin.tty import Tty
from gateway.admin.verb import Verb
from gateway.domain.secret import Secret

SOCKET = "run/pamctl.sock"
"""The socket's path under the state directory."""

Use = Callable[[Room], Deferred[int]]
Offline = Callable[[str | None, str, Use], int]
"""Open a store: config file or None, state directory, and what to do with its room; returns the exit code.

It takes the store's exclusive lock, runs until the Deferred fires, and closes. Raises :exc:`Refusal` in
words.
"""


@attrs.frozen
class Terminal:
    """Where pamctl itself reads and writes."""

    stdin: BinaryIO
    stdout: BinaryIO
    stderr: BinaryIO
    typed: Callable[[str], str] = getpass.getpass

    @property
    def is_person(self) -> bool:
        """Say whether a person sits at the input."""
        return self.stdin.isatty()

    def say(self, words: str) -> None:
        """Write a line of ours to stderr."""
        self.stderr.write(f"{PREFIX}{words}\n".encode())
        self.stderr.flush()

    def write(self, chunk: bytes) -> None:
        """Write to stdout, at once."""
        self.stdout.write(chunk)
        self.stdout.flush()

    def write_error(self, chunk: bytes) -> None:
        """Write to stderr, at once."""
        self.stderr.write(chunk)
        self.stderr.flush()


def main(
    argv: Sequence[str],
    *,
    verbs: Mapping[str, Verb],
    state_of: Callable[[str | None], str],
    offline: Offline,
    terminal: Terminal | None = None,
) -> int:
    """Run pamctl; return the exit code. ``state_of`` reads the configuration and raises ValueError in words."""
    terminal = terminal or Terminal(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.buffer)
    try:
        place, words = _place(list(argv))
        state = place.get("--state") or state_of(place.get("--config"))
        connected = _connect(Path(state, SOCKET))
        if connected is not None:
            with connected:
                return converse(connected, words, terminal)
        return offline(place.get("--config"), state, _use(verbs, words, terminal))
    except Refusal as refusal:
        terminal.say(refusal.message)
        return int(refusal.code)
    except ValueError as failure:
        terminal.say(str(failure))
        return Exit.CONFIGURATION
    except BrokenPipeError:
        return Exit.FAILED
    except KeyboardInterrupt:
        return 130


def _place(argv: list[str]) -> tuple[dict[str, str], list[str]]:
    """Take ``--config`` and ``--state`` from the front. Raises :exc:`Refusal`."""
    found: dict[str, str] = {}
    while argv and argv[0].split("=")[0] in ("--config", "--state"):
        name, equals, value = argv.pop(0).partition("=")
        if not equals and not argv:
            raise usage(f"{name} needs a value")
        found[name] = value if equals else argv.pop(0)
    if len(found) > 1:
        raise usage("--config and --state exclude each other")
    return found, argv


def _connect(path: Path) -> socket.socket | None:
    """Return a connection to the node, None when it does not run. Raises :exc:`Refusal`."""
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connected.connect(os.fspath(path))
    except (FileNotFoundError, ConnectionRefusedError):
        connected.close()
        return None
    except PermissionError:
        connected.close()
        raise Refusal(Exit.DENIED, "denied", f"you may not use {path}: run pamctl as root or as the service") from None
    except OSError as failure:
        connected.close()
        raise usage(f"{path}: {failure.strerror or failure}") from None
    return connected


def converse(connected: socket.socket, words: Sequence[str], terminal: Terminal) -> int:
    """Say the verb to the node and do what it asks until it says the exit code. Raises :exc:`Refusal`."""
    person = Tty(terminal.stdin, terminal.stdout)
    connected.sendall(Opening(tuple(words), terminal.is_person, person.size()).frame().wire)
    try:
        for frame in _frames(connected, person):
            if frame.kind is Kind.EXIT:
                return int(struct.unpack(">L", frame.payload)[0]) if len(frame.payload) == 4 else Exit.INTERNAL
            if frame.kind is Kind.RAW:
                person.begin()
            elif frame.kind is Kind.COOKED:
                person.end()
            else:
                _react(connected, frame, words, terminal)
    except FrameError as failure:
        raise Refusal(Exit.INTERNAL, "protocol", f"the node does not speak this version: {failure}") from None
    except (ConnectionResetError, BrokenPipeError):
        pass
    finally:
        person.end()
    raise Refusal(Exit.LATER, "lost", "the node went away before it had answered: see its log, then try again")


def _frames(connected: socket.socket, person: Tty) -> Iterator[Frame]:
    reader = FrameReader()
    while True:
        for frame in person.waiting(connected):
            connected.sendall(frame.wire)
        if not (chunk := connected.recv(65536)):
            return
        yield from reader.feed(chunk)


def _react(connected: socket.socket, frame: Frame, words: Sequence[str], terminal: Terminal) -> None:
    match frame.kind:
        case Kind.OUT:
            terminal.write(frame.payload)
        case Kind.ERROR:
            terminal.write_error(frame.payload)
        case Kind.WANT:
            _answer(connected, _bounded({"": terminal.stdin.read(MOST_INPUT + 1)}))
        case Kind.ASK:
            _answer(connected, {"": terminal.typed(f"{frame.words}: ").encode()})
        case Kind.GET:
            _hand_over(connected, frame.words, words)
        case _:
            raise FrameError(f"unexpected {frame.kind.name}")


def _bounded(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    if sum(map(len, files.values())) > MOST_INPUT:
        raise usage(f"the input is larger than {MOST_INPUT} bytes")
    return files


def _answer(connected: socket.socket, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        connected.sendall(Frame(Kind.NAME, name.encode()).wire)
        for piece in pieces(content):
            connected.sendall(piece.wire)
    connected.sendall(Frame(Kind.END).wire)


def _hand_over(connected: socket.socket, path: str, words: Sequence[str]) -> None:
    try:
        if path not in words:
            raise usage(f"the node asked for {path!r}, which is not in your command line")
        _answer(connected, read_files(path))
    except Refusal as refusal:
        connected.sendall(Frame(Kind.NO, refusal.message.encode()).wire)


def read_files(path: str) -> Mapping[str, bytes]:
    """Read a file, or every ``*.toml`` of a folder in the order of their names. Raises :exc:`Refusal`."""
    found: dict[str, bytes] = {}
    try:
        chosen = sorted(Path(path).glob("*.toml")) if Path(path).is_dir() else [Path(path)]
        for each in chosen:
            with each.open("rb") as file:
                found[os.fspath(each)] = file.read(MOST_INPUT + 1)
    except OSError as failure:
        raise usage(f"{path}: {failure.strerror or failure}") from None
    except ValueError as failure:
        raise usage(f"{path!r}: {failure}") from None
    if not found:
        raise usage(f"{path} is a folder without any .toml file")
    return _bounded(found)


def _use(verbs: Mapping[str, Verb], words: Sequence[str], terminal: Terminal) -> Use:
    """Return what is done with the room of a store that was opened offline: the verb."""
    stdin = Stdin(wanted=lambda: _fill(stdin, terminal))

    def ask(question: str) -> Deferred[Secret]:
        typed = terminal.typed(f"{question}: ").encode()
        return succeed(Secret(typed)) if typed else fail(usage("nothing was typed"))

    streams = Streams(
        stdin,
        terminal.write,
        terminal.write_error,
        prompt=ask if terminal.is_person else None,
        files=lambda path: succeed(read_files(path)),
    )
    return lambda room: Deferred.fromCoroutine(perform(verbs, room, words, streams))


def _fill(stdin: Stdin, terminal: Terminal) -> None:
    stdin.received(terminal.stdin.read(MOST_INPUT + 1))
    stdin.eof()
