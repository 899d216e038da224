"""Tests of gateway/inspectors/room: what a child can do and what becomes of one that misbehaves."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import ProcessDone
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from gateway.inspectors.parsed import told_of
from gateway.inspectors.room import kinds, walls
from gateway.inspectors.room import room as rooms
from gateway.inspectors.room.bubble import Bubble
from gateway.inspectors.room.room import Room, RoomError
from tests.inspectors.files import REACTOR, in_thread, kept, transfer, zipped

PLAIN = {"max_ratio": 100, "max_entries": 50, "max_total": 50_000_000, "max_depth": 3, "encrypted": "deny"}


async def closed(room: Room) -> None:
    """End a room and wait until its zygote is gone."""
    room.close()
    while room._zygote is not None and not room._zygote.gone:
        waiting: Deferred[None] = Deferred()
        REACTOR.callLater(0.02, waiting.callback, None)
        await waiting


class RoomCase(TestCase):
    """A room of its own for each test."""

    timeout = 60

    def setUp(self) -> None:
        """Make a room; it starts with the first question."""
        self.room = Room(REACTOR, in_thread, Bubble(REACTOR))
        self.addCleanup(lambda: Deferred.fromCoroutine(closed(self.room)))

    def without_bubblewrap(self) -> None:
        """Have the room start as if there were no bubblewrap."""
        self.room.bubble._usable = False

    async def ask(self, kind: str, settings: dict[str, Any], content: bytes) -> dict[str, Any]:
        """Have content judged."""
        file = kept(content)
        with file.open() as opened:
            told = told_of(transfer(), file)
            return await self.room.ask(kind, json.dumps(settings), told, opened.fileno(), file.size)


class RoomTests(RoomCase):
    """The zygote and its children."""

    async def test_a_file_is_judged_in_a_child(self) -> None:
        """The answer is the judge's."""
        said = await self.ask("archive", PLAIN, zipped(("a", b"x")))
        self.assertEqual((said["decision"], said["detail"]), ("allow", "1 entries, 1 bytes, 1 deep"))

    async def test_without_bubblewrap_there_are_still_walls(self) -> None:
        """Calls are refused, and root is given up where there was one to give."""
        self.without_bubblewrap()
        said = await self.ask("type", {"allow": False, "kinds": ["zip"]}, zipped(("a", b"x")))
        self.assertEqual(said["decision"], "deny")
        self.assertIn("calls", self.room.walls)
        self.assertEqual("nobody" in self.room.walls, os.geteuid() == 0)

    async def test_many_files_at_once_are_all_answered(self) -> None:
        """More than the room has places for."""
        asked = [Deferred.fromCoroutine(self.ask("archive", PLAIN, zipped(("a", b"x" * n)))) for n in range(20)]
        said = await gatherResults(asked)
        self.assertEqual([each["detail"] for each in said], [f"1 entries, {n} bytes, 1 deep" for n in range(20)])

    async def test_a_zygote_that_died_is_replaced(self) -> None:
        """The next file is judged by a new one."""
        await self.ask("archive", PLAIN, b"x")
        await closed(self.room)
        said = await self.ask("archive", PLAIN, zipped(("a", b"x")))
        self.assertEqual(said["decision"], "allow")

    async def test_a_room_that_does_not_start_is_an_error_at_once(self) -> None:
        """Each file is told so, nobody waits, and the log has what the zygote said."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        (folder / "zygote.py").write_text("raise SystemExit('no such module')")
        self.patch(rooms, "HERE", folder)
        self.without_bubblewrap()
        with capturedLogs() as told:
            for _ in range(2):
                with self.assertRaises(RoomError):
                    await self.ask("archive", PLAIN, b"x")
        self.assertEqual([each["words"] for each in told if "words" in each], ["no such module\n"] * 2)

    async def test_a_zygote_may_be_known_dead_before_its_silence_is_heard(self) -> None:
        """The end of the process leaves the socket to those who wait for its first words."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(ours.close)
        zygote, hello = rooms._Zygote(ours), rooms._End(REACTOR, ours, once=True)
        zygote.processEnded(Failure(ProcessDone(0)))
        theirs.close()
        self.assertEqual(await hello.taken, b"")

    def test_a_gateway_that_lies_below_tmp_is_shown_to_its_children(self) -> None:
        """The empty /tmp comes first and hides nothing of what is shown."""
        argv = Bubble(REACTOR).around(["/tmp/gateway"], ["true"])
        self.assertLess(argv.index("/tmp"), argv.index("/tmp/gateway"))

    async def test_a_child_that_dies_is_an_error(self) -> None:
        """Settings that the judge can not take kill the child before it answers; the room goes on."""
        with self.assertRaises(RoomError):
            await self.ask("archive", {**PLAIN, "unknown": 1}, b"x")
        self.assertEqual((await self.ask("archive", PLAIN, b"x"))["decision"], "abstain")

    async def test_rules_that_can_not_be_compiled_are_an_error(self) -> None:
        """For this file; the next is judged."""
        with self.assertRaises(RoomError):
            await self.ask("yara", {"rules": "no rule"}, b"x")
        self.assertEqual((await self.ask("archive", PLAIN, b"x"))["decision"], "abstain")


class WallTests(RoomCase):
    """What a child is kept from, tried by a child."""

    async def tried(self, name: str) -> str:
        """Return how a child fares that tries something, forked by this process as the zygote forks."""
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            try:
                walls.become_nobody()
                walls.refuse_calls(walls.REFUSED)
                walls.limit(2**31, 5)
                walls.refuse_calls(walls.REFUSED_TO_CHILDREN)
                os.write(writing, TRIALS[name]().encode())
            except (OSError, ValueError) as problem:
                os.write(writing, type(problem).__name__.encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as said:
            found = await in_thread(said.read)
        os.waitpid(child, 0)
        return str(found.decode())

    async def test_a_child_can_do_nothing_but_read_and_answer(self) -> None:
        """No file, no socket, no program, no signal, no larger limit."""
        for name in TRIALS:
            self.assertIn(await self.tried(name), ("PermissionError", "ValueError"), name)

    def test_a_filter_ends_with_a_refusal_that_every_jump_reaches(self) -> None:
        """Each jump of the program for each machine leads to its last instruction."""
        for machine, refused in walls.REFUSED.items():
            program = walls.filter_of(machine, refused)
            rows = [program[at : at + 8] for at in range(0, len(program), 8)]
            last = len(rows) - 1
            self.assertEqual(rows[last][4:], walls.REFUSE.to_bytes(4, "little"))
            for place, row in list(enumerate(rows))[4:-2]:
                self.assertEqual(place + 1 + row[2], last)


def _socket() -> str:
    import socket

    socket.socket().close()
    return "a socket"


def _limit() -> str:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
    return "a limit"


TRIALS: dict[str, Any] = {
    "open": lambda: os.close(os.open("/etc/passwd", os.O_RDONLY)) or "a file",
    "create": lambda: os.close(os.open("/tmp/ostiary-child", os.O_CREAT | os.O_WRONLY)) or "a new file",
    "remove": lambda: os.unlink("/tmp/ostiary-child") or "an unlink",
    "socket": _socket,
    "program": lambda: os.execv("/bin/true", ["true"]),
    "signal": lambda: os.kill(os.getppid(), 0) or "a signal",
    "limit": _limit,
}


class JudgeTests(TestCase):
    """The table of judges."""

    def test_every_judge_can_be_warmed(self) -> None:
        """Nothing is left to be imported by a child."""
        began = time.monotonic()
        for kind in kinds.KINDS.values():
            kind.warm()
        self.assertLess(time.monotonic() - began, 20)
