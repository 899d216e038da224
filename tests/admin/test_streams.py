"""Stdin, stdout and stderr of one verb."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.refusal import Refusal
from gateway.admin.streams import MOST_INPUT, PIECE, Stdin, Streams, Valve
from gateway.domain.secret import Secret


def nowhere(chunk: bytes) -> None:
    """Write nothing."""


class StdinTests(SynchronousTestCase):
    """Input is bounded and whole."""

    def test_it_is_had_when_it_has_ended(self) -> None:
        """Asked for before or after."""
        stdin = Stdin()
        early = stdin.read()
        stdin.received(b"a")
        self.assertNoResult(early)
        stdin.received(b"b")
        stdin.eof()
        self.assertEqual(self.successResultOf(early), b"ab")
        self.assertEqual(self.successResultOf(stdin.read()), b"")

    def test_too_much_is_refused_instead_of_kept(self) -> None:
        """However it arrives."""
        stdin = Stdin()
        for _ in range(5):
            stdin.received(bytes(MOST_INPUT // 4))
        stdin.received(b"x")
        stdin.eof()
        self.failureResultOf(stdin.read(), Refusal)

    def test_a_door_that_sends_on_request_is_asked_once(self) -> None:
        """When the input is first read."""
        asked: list[bool] = []
        stdin = Stdin(lambda: asked.append(True))
        self.assertEqual(asked, [])
        for _ in range(2):
            self.assertNoResult(stdin.read())
        self.assertEqual(asked, [True])


class StreamsTests(SynchronousTestCase):
    """Long output waits, secrets come unseen."""

    def test_long_output_waits_while_the_door_is_full(self) -> None:
        """One piece at a time."""
        full = [False]
        valve = Valve(lambda: full[0])
        out: list[bytes] = []

        def write(chunk: bytes) -> None:
            out.append(chunk)
            full[0] = True

        sending = Deferred.fromCoroutine(Streams(Stdin(), write, nowhere, valve).send(bytes(PIECE * 2 + 1)))
        self.assertEqual(len(out), 1)
        valve.drained()
        self.assertEqual(len(out), 1, "it is still full")
        for count in (2, 3):
            full[0] = False
            valve.drained()
            self.assertEqual(len(out), count)
        self.successResultOf(sending)
        self.assertEqual(sum(map(len, out)), PIECE * 2 + 1)

    def test_a_secret_is_the_first_line_of_stdin(self) -> None:
        """Without its end; nothing at all is refused."""
        for sent, kept in ((b"hunter2\r\nrest", b"hunter2"), (b"x", b"x")):
            stdin = Stdin()
            stdin.received(sent)
            stdin.eof()
            secret = self.successResultOf(Deferred.fromCoroutine(Streams(stdin, nowhere, nowhere).secret("password")))
            self.assertEqual(secret.reveal(), kept)
        empty = Stdin()
        empty.eof()
        self.failureResultOf(Deferred.fromCoroutine(Streams(empty, nowhere, nowhere).secret("password")), Refusal)

    def test_a_person_is_asked_for_a_line_but_not_for_a_key_file(self) -> None:
        """A private key has many lines."""
        streams = Streams(Stdin(), nowhere, nowhere, prompt=lambda words: succeed(Secret(words.encode())))
        asked = self.successResultOf(Deferred.fromCoroutine(streams.secret("password")))
        self.assertEqual(asked.reveal(), b"password")
        self.failureResultOf(Deferred.fromCoroutine(streams.secret_text("private key")), Refusal)

    def test_a_file_is_read_by_the_door_or_is_stdin(self) -> None:
        """Over ssh it is on the admin's machine, and that is what is said; junk is no text."""
        stdin = Stdin()
        stdin.received(b"text")
        stdin.eof()
        streams = Streams(stdin, nowhere, nowhere)
        found = self.successResultOf(Deferred.fromCoroutine(streams.texts("-")))
        self.assertEqual(found, {"stdin": "text"})
        failure = self.failureResultOf(Deferred.fromCoroutine(streams.texts("a.toml")), Refusal)
        self.assertIn("is on your machine", failure.value.message)
        junk = Streams(stdin, nowhere, nowhere, files=lambda path: succeed({path: b"\xff"}))
        self.failureResultOf(Deferred.fromCoroutine(junk.texts("a.toml")), Refusal)
