"""The recorder: what is stored, what is counted, what is neither."""

from __future__ import annotations

import hashlib
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.budget import Budget
from gateway.domain.echo import EchoMask
from gateway.domain.lane import Bytes, Close, Lane, Mark, Notice, Request, Resize
from gateway.domain.rights import Kind
from gateway.runtime.record import EXEC_CAP, Recorder
from tests.ssh.sessions import Recording, Track

UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR


def recorder(kind: Kind, **more: Any) -> tuple[Recorder, Track]:
    """Return a recorder and its track."""
    track = Recording().track(1, kind.value, 0.0, {})
    options: dict[str, Any] = {
        "terminal": kind is Kind.PTY, "mask": EchoMask("off"), "budgets": (Budget(),), "epoch": 0.0, "output": True,
        "hashed": False, "essential": True,
    }  # fmt: skip
    return Recorder(kind=kind, track=track, **{**options, **more}), track


class RecorderTests(SynchronousTestCase):
    """One channel's track."""

    def test_what_was_seen_is_written_in_its_words(self) -> None:
        """Output, notices, marks, sizes, the exit status; nothing else."""
        recording, track = recorder(Kind.PTY)
        for seen in (Bytes(DOWN, b"out"), Notice("soon"), Mark("m\udcff"), Resize(80, 24), Close(DOWN),
                     Request(DOWN, "exit-status", b"\0\0\0\7"), Request(DOWN, "exit-status", b"\7")):  # fmt: skip
            recording.see(seen, 1.0)
        self.assertEqual(
            track.events, [("o", b"out"), ("o", b"\r\nostiary: soon\r\n"), ("m", b"m?"), ("r", b"80x24"), ("x", b"7")]
        )

    def test_payloads_of_transfers_are_counted_not_stored(self) -> None:
        """Nor those of git, forwards, agents and X11."""
        for kind in set(Kind) - {Kind.PTY, Kind.SHELL, Kind.EXEC}:
            recording, track = recorder(kind, mask=EchoMask("full"))
            recording.see(Bytes(DOWN, b"12345"), 0.0)
            recording.see(Bytes(UP, b"123"), 0.0)
            self.assertEqual(recording.end(1.0), {"bytes_in": 3, "bytes_out": 5, "stored": 0})
            self.assertEqual((track.events, track.ended), ([], True), kind)

    def test_an_execs_output_is_stored_up_to_the_cap(self) -> None:
        """To the byte; the rest is counted, and said once; a terminal's has no cap."""
        recording, track = recorder(Kind.EXEC)
        half = b"x" * (EXEC_CAP // 2 + 5)
        for _ in range(4):
            recording.see(Bytes(DOWN, half), 0.0)
        self.assertEqual((len(track.text("o")), [code for code, _ in track.events]), (EXEC_CAP, ["o", "o", "m"]))
        self.assertEqual(recording.end(1.0), {"bytes_in": 0, "bytes_out": 4 * len(half), "stored": EXEC_CAP})
        recording, track = recorder(Kind.PTY)
        for _ in range(4):
            recording.see(Bytes(DOWN, half), 0.0)
        self.assertEqual(len(track.text("o")), 4 * len(half))

    def test_output_that_is_not_wanted_is_counted(self) -> None:
        """What the gateway itself says is recorded all the same."""
        recording, track = recorder(Kind.EXEC, output=False)
        recording.see(Bytes(DOWN, b"secret"), 0.0)
        recording.see(Notice("soon"), 0.0)
        self.assertEqual((track.events, recording.bytes_out), ([("o", b"ostiary: soon\n")], 6))

    def test_a_hash_covers_all_output(self) -> None:
        """Stored, beyond the cap, and passed beside the flow; the input is no part of it."""
        recording, track = recorder(Kind.EXEC, hashed=True)
        whole = b"y" * (EXEC_CAP + 100)
        recording.see(Bytes(DOWN, whole), 0.0)
        recording.see(Bytes(UP, b"input"), 0.0)
        recording.passed(DOWN, 4, memoryview(b"more"))
        recording.passed(UP, 3, memoryview(b"xxx"))
        recording.end(1.0)
        self.assertEqual(track.events[-1], ("m", b"sha256 " + hashlib.sha256(whole + b"more").hexdigest().encode()))
        self.assertEqual((recording.bytes_out, recording.bytes_in), (len(whole) + 4, 8))

    def test_typed_input_waits_for_its_echo(self) -> None:
        """What the target echoes is recorded as typed; what it does not is masked, at the latest with the end."""
        recording, track = recorder(Kind.PTY, mask=EchoMask("masked"))
        recording.see(Bytes(UP, b"ls\r"), 0.0)
        recording.see(Bytes(DOWN, b"ls\r\nPassword: "), 0.1)
        for number, letter in enumerate(b"hunter2\r"):
            recording.see(Bytes(UP, bytes([letter])), 1.0 + number / 10)
        recording.tick(30.0)
        recording.end(31.0)
        self.assertNotIn(b"hunter2", track.text("i") + track.text("o"))
        self.assertIn(b"ls", track.text("i"))

    def test_what_is_written_is_paid_for_by_everybody_who_shares(self) -> None:
        """By one clock, whenever the sessions began."""
        mine, shared = Budget(burst=10, rate=1), Budget(burst=15, rate=1)
        early, _ = recorder(Kind.EXEC, budgets=(mine, shared), epoch=1000.0)
        late, _ = recorder(Kind.EXEC, budgets=(shared,), epoch=5000.0)
        early.see(Bytes(DOWN, b"x" * 10), 4000.0)
        late.see(Bytes(DOWN, b"x" * 10), 0.0)
        self.assertEqual((mine.pause(5000.0), shared.pause(5000.0)), (0.0, 5.0))
        self.assertEqual(shared.pause(5003.0), 2.0)
