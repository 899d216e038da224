"""Scripts on the input of a shell are judged line by line."""

from __future__ import annotations

import struct

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.lane import Answered, Bytes, Close, End, EndSession, Lane, Order, OrderKind, Refuse, Request, Tick
from gateway.domain.lines.piped import TICKET, PipedGate, reads_commands
from gateway.domain.review import Decision, Review, Ruling
from tests.domain.lines.desk import RM, UP, Desk

SHELL = Request(Lane.TO_TARGET, "shell", b"")


def asked(line: str) -> Request:
    """Return an exec request."""
    return Request(Lane.TO_TARGET, "exec", struct.pack(">L", len(line)) + line.encode(), 1)


def desk(*rules: object, start: Request = SHELL, **grant: object) -> Desk:
    """Return a desk whose channel was started."""
    made = Desk(lambda judge, _: PipedGate(judge), *rules, **grant)  # type: ignore[arg-type]
    made.feed(start)
    return made


class PipedTests(SynchronousTestCase):
    """One script, cut anywhere."""

    def test_lines_pass_when_they_are_whole(self) -> None:
        """A beginning waits for its end; the end of the script is one."""
        made = desk(RM)
        self.assertEqual(made.types(b"\n"), b"\n")
        made = desk(RM)
        self.assertEqual(made.types(b"ls\nid"), b"ls\n")
        self.assertEqual(made.flow.held(UP), 2)
        self.assertEqual(made.types(b" -u\n"), b"id -u\n")
        self.assertEqual(made.types(b"date"), b"")
        made.feed(End(UP))
        self.assertEqual((made.passed, made.flow.held(UP)), (b"ls\nid -u\ndate", 0))
        self.assertEqual(made.kinds(), ["ls", "id -u", "date"])
        made.feed(End(UP))

    def test_a_prohibited_line_ends_the_channel(self) -> None:
        """What stands before it has run, what stands behind it does not pass."""
        made = desk(RM)
        made.types(b"ls\nrm x\nid\n")
        made.types(b"date\n")
        self.assertEqual(made.passed, b"ls\n")
        self.assertIsInstance(made.other[-1], Refuse)
        self.assertEqual(made.kinds("command.denied"), ["rm x"])
        made = desk(attrs.evolve(RM, action="interrupt"))
        made.types(b"rm x\nid\n")
        self.assertIsInstance(made.other[-1], EndSession)
        self.assertEqual(made.passed, b"")

    def test_a_line_to_be_reviewed_waits_with_what_is_behind_it(self) -> None:
        """It runs when approvers agree; else the channel ends; a close takes the question back."""

        def asked_about() -> Desk:
            made = desk(attrs.evolve(RM, action="review"))
            made.types(b"ls\nrm x\nid\nda")
            made.types(b"te")
            self.assertEqual((made.passed, made.other[0].question), (b"ls\n", Review("rm x", "rm", "held")))
            return made

        made = asked_about()
        made.feed(End(UP))
        made.feed(Answered(TICKET, Decision(Ruling.GIVEN)))
        self.assertEqual((made.passed, made.flow.held(UP)), (b"ls\nrm x\nid\ndate", 0))
        self.assertEqual(made.kinds(), ["ls", "rm x", "id", "date"])
        made = asked_about()
        made.feed(Answered(TICKET, Decision(Ruling.GIVEN)))
        self.assertEqual(made.passed, b"ls\nrm x\nid\n")
        made = asked_about()
        made.feed(Answered(TICKET, Decision(Ruling.DENIED)))
        self.assertIsInstance(made.other[-1], Refuse)
        self.assertEqual((made.passed, made.kinds("command.denied")), (b"ls\n", ["rm x"]))
        made = asked_about()
        made.types(b"x" * 9000)
        made.feed(Close(UP))
        self.assertEqual(made.kinds("command.denied"), ["rm x"])
        self.assertEqual(list(made.gate.weigh(Answered(TICKET, Decision(Ruling.GIVEN)), 0)), [])

    def test_lines_that_go_on_are_judged_as_one(self) -> None:
        """They pass at once, for nothing runs yet; what is prohibited in them for certain does not."""
        made = desk(RM)
        self.assertEqual(made.types(b"bash <<E\n\nls\n"), b"bash <<E\n\nls\n")
        self.assertEqual(made.kinds(), [])
        self.assertEqual(made.types(b"E\n"), b"E\n")
        self.assertEqual(made.kinds(), ["bash", "ls"])
        made.types(b"echo a; r\\\nm x\n")
        self.assertTrue(made.passed.endswith(b"E\necho a; r\\\n"), made.passed)
        made = desk(RM)
        made.types(b"if true; then rm x\n")
        self.assertEqual(made.passed, b"")

    def test_what_a_line_leaves_is_known_in_the_next(self) -> None:
        """A variable, an alias."""
        made = desk(RM)
        made.types(b"x=rm\n$x y\n")
        self.assertEqual(made.passed, b"x=rm\n")

    def test_a_line_that_is_too_long_is_refused_where_something_is_prohibited(self) -> None:
        """It is not kept; without rules it passes."""
        made = desk(RM)
        made.types(b"x" * 9000)
        self.assertEqual((made.passed, made.kinds("command.opaque")), (b"", ["x" * 1021 + "..."]))
        self.assertEqual(desk().types(b"x" * 9000 + b"\ny\n"), b"x" * 9000 + b"\ny\n")

    def test_without_rules_bytes_pass_as_they_come_and_are_told(self) -> None:
        """Held back is nothing."""
        made = desk()
        self.assertEqual(made.types(b"ls\ni"), b"ls\ni")
        self.assertEqual(made.types(b"d\n"), b"d\n")
        self.assertEqual((made.kinds(), made.flow.held(UP)), (["ls", "id"], 0))

    def test_only_the_input_of_a_shell_is_read(self) -> None:
        """A command that reads something else has it as it is."""
        for line, active in (("bash", True), ("sudo sh -s a", True), ("cat > x", False), ("bash -c 'id'", False)):
            self.assertEqual(reads_commands(line), active, line)
            made = desk(RM, start=asked(line))
            self.assertEqual(made.types(b"rm x\n"), b"" if active else b"rm x\n", line)
        gate = PipedGate(desk(RM).judge)
        for event in (Bytes(Lane.TO_OPERATOR, b"rm x"), End(UP)):
            self.assertEqual(gate.weigh(event, 0), [event])
        for silent in (Tick(), Order(OrderKind.LOCK, "")):
            self.assertEqual(gate.weigh(silent, 0), [])

    @given(st.lists(st.binary(max_size=30), max_size=10))
    def test_what_matches_nothing_passes_as_it_is(self, chunks: list[bytes]) -> None:
        """Where no rule prohibits: the same bytes in the same order, whatever they are."""
        made = desk(attrs.evolve(RM, action="warn"))
        for chunk in chunks:
            made.types(chunk)
        made.feed(End(UP))
        self.assertEqual((made.passed, made.flow.held(UP)), (b"".join(chunks), 0))
