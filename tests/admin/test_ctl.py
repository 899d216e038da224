"""pamctl, over a real socket and offline."""

from __future__ import annotations

import io
import os
import socket
from pathlib import Path

import attrs
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase

from gateway.admin.ctl import SOCKET, Terminal, Use, converse, main, read_files
from gateway.admin.frames import Frame, FrameReader, Kind
from gateway.admin.refusal import Refusal
from gateway.admin.socket import VerbFactory
from gateway.admin.verbs import VERBS
from tests.admin.node import LOCAL, MemoryNode, session


class Keyboard(io.BytesIO):
    """A person's input."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


@attrs.frozen
class Ctl:
    """Run pamctl with inputs and outputs in memory."""

    state: str
    stdin: io.BytesIO = attrs.field(factory=io.BytesIO)
    out: io.BytesIO = attrs.field(factory=io.BytesIO)
    err: io.BytesIO = attrs.field(factory=io.BytesIO)
    node: MemoryNode = attrs.field(factory=MemoryNode)

    def run(self, *argv: str) -> int:
        """Run it; offline it works on the node in memory."""
        terminal = Terminal(self.stdin, self.out, self.err, lambda question: "hunter2-hunter2")
        return int(main(argv, verbs=VERBS, state_of=self._state, offline=self._offline, terminal=terminal))

    def _state(self, config: str | None) -> str:
        if config == "broken":
            raise ValueError("broken:1:1: unknown key 'x'")
        return self.state

    def _offline(self, config: str | None, state: str, use: Use) -> int:
        if state == "locked":
            raise Refusal(75, "busy", "the store is in use by process 12")
        codes: list[int] = []
        use(self.node.room(LOCAL)).addCallback(codes.append)
        return codes[0]


class OfflineTests(SynchronousTestCase):
    """Without a node: on the store."""

    def test_a_verb_works_on_the_store(self) -> None:
        """Reading what it names, with the caller's own rights."""
        file = self.mktemp()
        Path(file).write_text('[[user]]\nname = "bob"\n', "utf-8")
        ctl = Ctl("nowhere")
        self.assertEqual(ctl.run("apply", file), 0)
        self.assertIn("bob", ctl.node.directory.snapshot().user)
        self.assertIn(b"applied 1 change", ctl.out.getvalue())

    def test_stdin_is_read_and_a_person_is_asked(self) -> None:
        """A pipe is read, a keyboard is asked without echo."""
        ctl = Ctl("nowhere", io.BytesIO(b'[[user]]\nname = "bob"\n'))
        self.assertEqual(ctl.run("apply", "-"), 0)
        ctl = Ctl("nowhere", Keyboard())
        self.assertEqual(ctl.run("user", "passwd", "alice"), 0)

    def test_what_is_wrong_is_said_with_its_code(self) -> None:
        """Usage, configuration, a store in use."""
        for argv, code, words in (
            (("--state",), 64, b"--state needs a value"),
            (("--state", "a", "--config=b", "status"), 64, b"exclude each other"),
            (("--config", "broken", "status"), 78, b"broken:1:1"),
            (("--state=locked", "status"), 75, b"in use by process 12"),
            (("--state=" + "x" * 300, "status"), 64, b"AF_UNIX path too long"),
            (("apply", "missing.toml"), 64, b"missing.toml: No such file"),
        ):
            ctl = Ctl("nowhere")
            self.assertEqual(ctl.run(*argv), code, argv)
            self.assertIn(words, ctl.err.getvalue())
            self.assertTrue(ctl.err.getvalue().startswith(b"ostiary: "))

    def test_a_folder_is_its_toml_files_in_order(self) -> None:
        """Others are left alone; an empty one is refused."""
        folder = Path(self.mktemp())
        folder.mkdir()
        self.assertRaises(Refusal, read_files, str(folder))
        for name in ("b.toml", "a.toml", "c.txt"):
            (folder / name).write_text(name, "utf-8")
        self.assertEqual(list(read_files(str(folder)).values()), [b"a.toml", b"b.toml"])
        self.assertRaises(Refusal, read_files, "a\0b")


class OnlineTests(TestCase):
    """With a node: over its socket, which the kernel vouches for."""

    def setUp(self) -> None:
        """Listen as the node does."""
        self.state = Path(self.mktemp()).absolute()
        (self.state / "run").mkdir(parents=True, mode=0o700)
        os.chdir(self.state)
        self.addCleanup(os.chdir, Path(__file__).parents[2])
        self.node = MemoryNode()
        port = reactor.listenUNIX(SOCKET, VerbFactory(self.node.room, "gw1", VERBS), mode=0o600)  # type: ignore[attr-defined]
        self.addCleanup(port.stopListening)

    def ctl(self, *argv: str, stdin: bytes = b"", keyboard: bool = False) -> Deferred[tuple[int, bytes, bytes]]:
        """Run pamctl in a thread, as another process would; a node that is not used offline."""
        ctl = Ctl("broken", Keyboard(stdin) if keyboard else io.BytesIO(stdin))
        run = deferToThread(ctl.run, "--state", ".", *argv)
        return run.addCallback(lambda code: (code, ctl.out.getvalue(), ctl.err.getvalue()))

    async def test_a_verb_is_performed_by_the_node(self) -> None:
        """And its code is pamctl's."""
        code, out, err = await self.ctl("whoami", "--json")
        self.assertEqual((code, err), (0, b""))
        self.assertIn(f"uid:{os.geteuid()}(".encode(), out)
        self.assertEqual((await self.ctl("user", "show", "nobody"))[0], 1)

    async def test_files_and_stdin_reach_the_node(self) -> None:
        """As pieces, also when they are large."""
        users = "".join(f'[[user]]\nname = "u{number}"\n' for number in range(4000))
        Path("many.toml").write_text(users, "utf-8")
        code, out, _ = await self.ctl("apply", "many.toml")
        self.assertEqual((code, out.count(b"+ user")), (0, 4000))
        code, _, _ = await self.ctl("apply", "-", stdin=b'[[user]]\nname = "bob"\n')
        self.assertEqual(code, 0)
        self.assertIn("bob", self.node.directory.snapshot().user)
        code, _, err = await self.ctl("apply", "missing.toml")
        self.assertEqual((code, err), (64, b"ostiary: missing.toml: No such file or directory\n"))

    async def test_a_person_is_asked_for_a_secret(self) -> None:
        """At his own terminal."""
        self.assertEqual((await self.ctl("user", "passwd", "alice", keyboard=True))[0], 0)

    async def test_a_long_answer_arrives_whole(self) -> None:
        """Larger than any buffer."""
        for number in range(3000):
            self.node.roster.rows.append(session(f"S-{number:013}", "x" * 100))
        code, out, _ = await self.ctl("sessions", "--ndjson")
        self.assertEqual((code, out.count(b"\n")), (0, 3000))


class TrustTests(SynchronousTestCase):
    """The client trusts the node with nothing but its own words."""

    def test_a_file_that_was_not_named_is_not_handed_over(self) -> None:
        """Whatever the node asks for."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.sendall(Frame(Kind.GET, b"/etc/passwd").wire + Frame(Kind.EXIT, b"\0\0\0\0").wire)
            self.assertEqual(converse(ours, ["status"], Terminal(io.BytesIO(), io.BytesIO(), io.BytesIO())), 0)
            answers = list(FrameReader().feed(theirs.recv(65536)))
        self.assertEqual([frame.kind for frame in answers], [Kind.ARGV, Kind.NO])
        self.assertIn("not in your command line", answers[1].words)

    def test_a_node_that_goes_away_or_talks_nonsense_is_told(self) -> None:
        """Try later, or another version."""
        for junk, code in ((b"", 75), (b"HTTP/1.1 400 Bad", 70)):
            ours, theirs = socket.socketpair()
            with ours:
                theirs.sendall(junk)
                theirs.shutdown(socket.SHUT_WR)
                terminal = Terminal(io.BytesIO(), io.BytesIO(), io.BytesIO())
                refusal = self.assertRaises(Refusal, converse, ours, ["status"], terminal)
                theirs.close()
            self.assertEqual(refusal.code, code)
