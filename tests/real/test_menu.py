"""The menu with a real ssh client."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.ssh.menu import Choice, Menu
from gateway.ssh.program import ProgramDoor
from gateway.wire.connection import Connection
from gateway.wire.pacing import FailurePace
from gateway.wire.transport import OperatorFactory, OperatorTransport
from gateway.wire.userauth import UserAuthServer
from tests.real.test_transport import ED25519, Run
from tests.ssh.doors import OpenAuthority

ROWS = [("web1", "root"), ("web10", "root"), ("web2", "deploy")]


class Greeting:
    """Listen to a channel that was handed over: say what was chosen and send back what is typed, until EOF."""

    def __init__(self, choice: Choice) -> None:
        self.end = choice.end
        self.size = (choice.columns, choice.rows)
        self.end.write(f"welcome to {choice.account}@{choice.target} on {choice.term}\r\n".encode())

    def received(self, chunk: bytes, stderr: bool) -> None:
        self.end.write(chunk.upper())
        self.end.grant(len(chunk))

    def requested(self, name: str, payload: bytes, slot: int | None) -> None:
        self.end.reply(slot, True)

    def ended(self) -> None:
        self.end.end()
        self.end.close()

    def opened(self) -> None: ...

    def open_refused(self, code: int, text: str) -> None: ...

    def replied(self, ok: bool) -> None: ...

    def widened(self) -> None: ...

    def closed(self) -> None: ...


class MenuTests(TestCase):
    """``ssh alice@gateway``."""

    timeout = 30

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        factory = OperatorFactory(clock=reactor, host_keys=(ED25519,), make_userauth=self.userauth)
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.port = port.getHost().port

    def userauth(self, transport: OperatorTransport) -> UserAuthServer:
        door = ProgramDoor(lambda: Menu("alice", lambda: ROWS, self.chosen, "127.0.0.1"))
        return UserAuthServer(OpenAuthority(lambda: Connection(door)), reactor, FailurePace(b"k"))

    def chosen(self, choice: Choice) -> None:
        choice.end.listener = Greeting(choice)

    def ssh(self, *flags: str) -> Run:
        process = Run()
        argv = ("/usr/bin/ssh", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-q", "-o", "NumberOfPasswordPrompts=1", *flags, "-p", str(self.port), "alice@127.0.0.1")  # fmt: skip
        askpass = self.folder / "askpass"
        askpass.write_text("#!/bin/sh\necho any\n")
        askpass.chmod(0o700)
        asked = {"SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force", "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        self.addCleanup(self.stop, process)
        reactor.spawnProcess(process, argv[0], argv, {**os.environ, **asked})
        return process

    def stop(self, process: Run) -> None:
        """End a client that a failed test left behind."""
        if process.transport.pid:
            process.transport.signalProcess("KILL")

    async def seen(self, process: Run, words: bytes) -> None:
        while words not in b"".join(process.out):
            await deferLater(reactor, 0.02, lambda: None)
        process.out[:] = [b"".join(process.out).partition(words)[2]]

    async def test_a_choice_goes_on_in_the_same_channel(self) -> None:
        """Filter, Enter, and the terminal belongs to what was chosen."""
        process = self.ssh("-tt")
        await self.seen(process, b"root@web10")
        process.transport.write(b"web2\r")
        await self.seen(process, b"\x1b[?1049lwelcome to deploy@web2 on xterm\r\n")
        process.transport.write(b"x" * 300_000)
        count = 0
        while count < 300_000:
            await deferLater(reactor, 0.02, lambda: None)
            count = b"".join(process.out).count(b"X")
        process.transport.closeStdin()
        await process.done

    async def test_leaving_ends_with_zero(self) -> None:
        """q, and the screen is given back."""
        process = self.ssh("-tt")
        await self.seen(process, b"root@web10")
        process.transport.write(b"q")
        status, out, err = await process.done
        self.assertEqual((status, out[-8:]), (0, b"\x1b[?1049l"), err)

    async def test_without_a_terminal_ssh_ends_with_64(self) -> None:
        """And one line on stderr."""
        status, out, err = await self.ssh("-T").done
        self.assertEqual((status, out, err), (64, b"", "ostiary: name a target: ssh alice=ACCOUNT=TARGET@127.0.0.1\n"))
