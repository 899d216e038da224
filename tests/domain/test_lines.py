"""A terminal's lines, as transcripts: what is typed, what the target shows, what passes and what is told."""

from __future__ import annotations

import struct

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.lane import Answered, Close, End, EndSession, GiveOrder, Order, OrderKind, Request, Resize
from gateway.domain.lines.gate import TICKET, LineGate
from gateway.domain.lines.returning import Phase
from gateway.domain.review import Decision, Review, Ruling
from tests.domain.lines.desk import DOWN, OFF, ON, RM, UP, Desk, desk, started

REFUSED = '"rm x" is not allowed on web1 (rule rm). The attempt was reported.'


class TypedTests(SynchronousTestCase):
    """Bash, at its prompt."""

    def test_a_line_is_released_when_keys_and_screen_agree(self) -> None:
        """At once; it is told when the editor has taken it."""
        made = desk()
        self.assertEqual(made.types(b"ls -l"), b"ls -l")
        made.shows(b"ls -l")
        self.assertEqual(made.types(b"\r"), b"\r")
        self.assertEqual(made.kinds(), [])
        made.shows(b"\r\n" + OFF + b"\rtotal 0\r\n" + ON + b"$ ")
        body = {"command": "ls -l", "argv": ["ls", "-l"], "known_by": "held"}
        self.assertEqual(made.told, [("command.executed", body)])
        self.assertIs(made.gate.phase, Phase.EDITING)

    def test_an_echo_is_waited_for(self) -> None:
        """Text and Enter in one packet: Enter stays until the text is shown, or never comes."""
        made = desk()
        self.assertEqual(made.types(b"ls\r"), b"ls")
        self.assertEqual(made.flow.held(UP), 1)
        self.assertEqual(made.shows(b"ls"), b"\r")
        self.assertEqual(made.flow.held(UP), 0)
        made = desk()
        self.assertEqual(made.types(b"ls\r") + made.waits(1), b"ls\r")

    def test_a_prohibited_line_is_thrown_away(self) -> None:
        """Ctrl-C goes instead of Enter; what stands behind it is thrown away too."""
        made = desk()
        made.types(b"rm x\rid\r")
        self.assertEqual(made.shows(b"rm x"), b"\x03")
        self.assertEqual((made.said, made.flow.held(UP)), ([REFUSED], 0))
        made.shows(b"^C" + OFF + b"\r" + ON + OFF + b"\r\r\n" + ON + b"$ ")
        made.waits(1)
        self.assertEqual(made.kinds("command.denied"), ["rm x"])
        self.assertEqual(made.runs(b"id"), b"\r")
        self.assertEqual((made.kinds(), made.kinds("command.unmediated")), (["id"], []))

    def test_ctrl_c_is_pressed_again_where_the_editor_kept_the_line(self) -> None:
        """As bash does in vi mode, after Esc, or where it did not hear; not after the operator's own."""
        made = desk()
        made.types(b"rm x\x1b")
        made.shows(b"rm x")
        self.assertEqual(made.types(b"\r") + made.waits(0.3), b"\x03")
        self.assertEqual(made.shows(b"\x08^C" + OFF + b"\r" + ON + b"\x1b[6C") + made.waits(0.3), b"\x03")
        self.assertEqual(made.shows(b"^C" + OFF + b"\r" + ON + OFF + b"\r\r\n" + ON + b"$ ") + made.waits(1), b"")
        made = desk()
        self.assertEqual(made.enters(b"rm x", 0.9), b"\x03")
        self.assertEqual((made.waits(1), made.waits(1), made.waits(2)), (b"\x03", b"\x03", b""))
        made = desk()
        made.writes(b"rm x")
        self.assertEqual((made.types(b"\x03") + made.waits(2), made.types(b"\r") + made.waits(0.9)), (b"\x03", b"\x03"))

    def test_each_line_of_a_packet_is_judged_at_its_own_prompt(self) -> None:
        """The next one passes when the prompt is back."""
        made = desk()
        self.assertEqual(made.types(b"ls\rid\rrm x\r"), b"ls")
        self.assertEqual(made.shows(b"ls"), b"\r")
        self.assertEqual(made.shows(b"\r\n" + OFF + b"\r"), b"")
        self.assertEqual(made.shows(ON + b"$ "), b"id")
        self.assertEqual(made.shows(b"id"), b"\r")
        self.assertEqual(made.shows(b"\r\n" + OFF + b"\ruid=0\r\n" + ON + b"$ "), b"rm x")
        self.assertEqual(made.shows(b"rm x"), b"\x03")
        self.assertEqual(made.kinds(), ["ls", "id"])

    def test_a_program_that_reads_has_its_input_after_a_while(self) -> None:
        """No prompt comes: what was typed behind passes; a password is neither told nor judged by what is unknown."""
        made = desk()
        made.types(b"sudo -k id\r")
        made.shows(b"sudo -k id")
        made.shows(b"\r\n" + OFF + b"\rPassword: ")
        self.assertEqual(made.types(b"it's $ecret\r"), b"")
        self.assertEqual(made.waits(0.4), b"it's $ecret")
        self.assertEqual(made.waits(1), b"\r")
        made.shows(b"\r\nuid=0\r\n" + ON + b"$ ")
        made.waits(1)
        self.assertEqual(made.kinds(), ["sudo -k id", "id"])
        self.assertNotIn("ecret", str(made.told))

    def test_a_prohibited_line_typed_ahead_is_thrown_away(self) -> None:
        """Echoed or not."""
        for echo in (b"rm x", b""):
            made = desk()
            made.runs(b"sleep 9")
            made.shows(OFF)
            made.types(b"rm x")
            made.shows(echo)
            self.assertEqual(made.types(b"\r") + made.waits(1), b"\x03", echo)

    def test_a_line_typed_ahead_is_told_when_it_is_taken(self) -> None:
        """By the editor that found it there."""
        made = desk()
        made.types(b"sleep 1\r")
        made.shows(b"sleep 1")
        made.shows(b"\r\n" + OFF + b"\r")
        made.waits(1)
        self.assertEqual(made.enters(b"id"), b"\r")
        self.assertEqual(made.kinds(), ["sleep 1"])
        made.shows(b"\r\n" + ON + b"$ id\r\n" + OFF + b"\ruid=0\r\n" + ON + b"$ ")
        self.assertEqual((made.kinds(), made.kinds("command.unmediated")), (["sleep 1", "id"], []))

    def test_text_typed_before_the_prompt_stands_behind_it(self) -> None:
        """And is read as part of the line."""
        made = desk()
        made.types(b"sleep 1\r")
        made.shows(b"sleep 1")
        made.shows(b"\r\n" + OFF + b"\r")
        made.waits(1)
        made.types(b"rm ")
        made.shows(b"rm \r\n" + ON + b"$ rm ")
        self.assertEqual(made.enters(b"x", 0.9), b"\x03")

    def test_history_is_read_from_the_screen(self) -> None:
        """When the screen has settled; known by it."""
        made = desk()
        made.types(b"\x1b[A")
        made.shows(b"rm x")
        self.assertEqual(made.types(b"\r"), b"")
        self.assertEqual(made.waits(0.2), b"\x03")
        made = desk()
        made.types(b"\x1b[A")
        made.shows(b"id")
        made.waits(0.2)
        self.assertEqual(made.types(b"\r"), b"\r")
        made.shows(b"\r\n" + OFF)
        self.assertEqual(made.told[0][1]["known_by"], "screen")

    def test_a_remembered_line_of_several_rows_is_read_whole(self) -> None:
        """Wherever in it the cursor stands; one whose beginning is not on the screen is not known."""
        for keys, known in ((b"\x1b[A", ["rm x"]), (b"\x1b[A\t", ["rm x"])):
            made = desk()
            made.types(keys)
            made.shows(b"echo 'a\r\nb'; rm x\x1b[A")
            self.assertEqual(made.types(b"\r") + made.waits(1), b"\x03", known)
        for keys, passed in ((b"x" * 4000, b"\r"), (b"x" * 10_000, b"\x03"), (b"\x1b[A", b"\x03")):
            made = desk()
            made.types(keys)
            made.shows(b"x" * 4000)
            self.assertEqual(made.types(b"\r") + made.waits(0.9), passed, len(keys))
        made = desk()
        made.types(b"a\x7f")
        made.shows(b"rm x\x1b[?25h")
        self.assertEqual(made.types(b"\r") + made.waits(1), b"\x03")

    def test_readings_that_differ_are_both_judged_and_told(self) -> None:
        """The row was painted over, or the key typed something else."""
        cases = (b"rm x", b"ls  ", b"\x03"), (b"ls x", b"rm x", b"\x03"), (b"ls x", b"id x", b"\r")
        for typed, shown, passed in cases:
            made = desk()
            made.types(typed)
            made.shows(shown)
            self.assertEqual(made.types(b"\r") + made.waits(1), passed)
            self.assertIn("differs", [body.get("outcome") for _, body in made.told])

    def test_an_unfinished_line_is_judged_with_the_next(self) -> None:
        """It runs nothing yet."""
        made = desk()
        self.assertEqual(made.runs(b"r\\", prompt=b"> "), b"\r")
        self.assertEqual(made.kinds(), [])
        self.assertEqual(made.runs(b"m x"), b"\x03")
        self.assertEqual(made.runs(b"echo 'a", prompt=b"> "), b"\r")
        self.assertEqual(made.runs(b"b'"), b"\r")
        self.assertEqual(made.kinds(), ["echo a\ufffdb"])
        self.assertEqual(made.runs(b"if true; then rm x"), b"\x03")

    def test_a_line_the_shell_took_for_whole_is_told(self) -> None:
        """Its own prompt came back, not that for more."""
        made = desk()
        made.runs(b"ls")
        made.runs(b"echo 'a")
        self.assertEqual(made.kinds("command.unmediated"), ["echo 'a\ufffd"])

    def test_zsh_may_know_comments_or_not(self) -> None:
        """What either meaning prohibits is thrown away; what only one leaves open is told when it ran."""
        made = Desk(LineGate, RM)
        made.shows(b"$ " + ON)
        self.assertEqual(made.enters(b"#; rm x", 0.5), b"\x03")
        for line in (b"ls", b"id # don't"):
            made.shows(b"\r\n" + OFF + b"\r$ " + ON)
            self.assertEqual((made.waits(1), made.enters(line, 0.2)), (b"", b"\r"))
        made.shows(b"\r\n" + OFF + b"\r$ " + ON)
        self.assertEqual((made.waits(1), made.kinds(), made.kinds("command.unmediated")), (b"", ["ls", "id"], []))
        made = desk()
        self.assertEqual((made.runs(b"shopt -u interactive_comments"), made.enters(b"#; rm x", 0.5)), (b"\r", b"\x03"))

    def test_a_line_nobody_released_is_told_and_its_orders_given(self) -> None:
        """Some other key was bound to submit it."""
        made = desk(attrs.evolve(RM, action="lock"))
        made.writes(b"rm x")
        made.shows(b"\r\n" + OFF + b"\r" + ON + b"$ ")
        self.assertEqual(made.kinds("command.unmediated"), ["rm x"])
        self.assertEqual(made.other, [GiveOrder(OrderKind.LOCK, "rm")])
        made.shows(OFF + ON)
        self.assertEqual(made.kinds("command.unmediated"), ["rm x"])

    def test_a_rare_key_is_held_back_where_the_line_is_prohibited(self) -> None:
        """It may be bound to anything; else it passes."""
        self.assertEqual(desk().types(b"\x07"), b"\x07")
        made = desk()
        made.writes(b"rm x")
        self.assertEqual(made.types(b"\x07"), b"\x03")
        made = desk()
        made.writes(b"ls")
        self.assertEqual(made.types(b"\x07\x1b[") + made.types(b"\x18"), b"\x07\x1b[\x18")
        made = desk()
        self.assertEqual((made.runs(b"bind a:b"), made.types(b"rm x\x01\x02") + made.waits(0.9)), (b"\r", b"rm x\x03"))

    def test_the_editor_puts_history_into_the_line(self) -> None:
        """By its own key; what it can not is refused where something is prohibited."""
        made = desk()
        made.types(b"!r\r")
        self.assertEqual(made.shows(b"!r"), b"\x1b^")
        self.assertEqual(made.shows(b"\x08\x08rm x") + made.waits(1), b"\x03")
        made = desk()
        made.types(b"!z\r")
        self.assertEqual(made.shows(b"!z"), b"\x1b^")
        made.shows(b"\r\nbash: !z: event not found\r\n$ !z")
        self.assertEqual(made.waits(1), b"\x03")
        self.assertEqual(made.kinds("command.opaque"), ["!z"])
        made = desk()
        made.types(b"!z:p\r")
        self.assertEqual(made.shows(b"!z:p"), b"\r")
        made = Desk(LineGate, RM)
        made.shows(b"$ " + ON)
        made.waits(1)
        made.types(b"!r\r")
        self.assertEqual(made.shows(b"!r"), b"\x1b!")

    def test_in_a_paste_lines_are_text_while_an_editor_reads(self) -> None:
        """The Enter behind it submits them all; what is prohibited is thrown away at once."""
        made = desk()
        self.assertEqual(made.types(b"\x1b[200~ls\rid\x1b[201~"), b"\x1b[200~ls\rid\x1b[201~")
        made.shows(b"ls\r\nid")
        self.assertEqual(made.types(b"\r") + made.waits(1), b"\r")
        made.shows(b"\r\n" + OFF)
        self.assertEqual(made.kinds(), ["ls", "id"])
        made = desk()
        made.types(b"\x1b[200~rm x\rid\x1b[201~")
        self.assertEqual(made.shows(b"rm x") + made.waits(0.9), b"\x03")
        made = Desk(LineGate, RM)
        made.shows(b"$ ")
        self.assertEqual(made.types(b"\x1b[200~rm x\r"), b"\x1b[200~rm x")
        self.assertEqual(made.waits(1), b"\x03")

    def test_a_lock_discards_what_waits(self) -> None:
        """And what is typed under it; afterwards lines are judged again."""
        made = desk()
        made.types(b"id\rrm x\r")
        made.feed(Order(OrderKind.LOCK, "carol"))
        self.assertEqual(made.types(b"ls\r") + made.waits(1), b"")
        self.assertEqual(made.flow.held(UP), 0)
        for kind in (OrderKind.UNLOCK, OrderKind.MARK):
            made.feed(Order(kind, "carol"))
        made.shows(b"id")
        self.assertEqual(made.types(b"\r") + made.waits(1), b"\r")

    def test_the_end_comes_behind_what_waits(self) -> None:
        """A close discards it; a line that was taken last is told."""
        made = desk()
        made.types(b"id\r")
        made.feed(End(UP))
        made.waits(0.2)
        self.assertEqual(made.passed, b"id\r")
        made.feed(Close(DOWN))
        self.assertEqual(made.kinds(), ["id"])
        made = desk()
        made.types(b"id\rls\r")
        made.feed(Close(UP))
        self.assertEqual((made.passed, made.flow.held(UP)), (b"id", 0))

    def test_actions_end_the_session_or_warn(self) -> None:
        """As their verdicts say."""
        made = desk(attrs.evolve(RM, action="interrupt"))
        made.types(b"rm x\r")
        self.assertEqual(made.shows(b"rm x"), b"")
        self.assertIsInstance(made.other[0], EndSession)
        made = desk(attrs.evolve(RM, action="warn"))
        self.assertEqual((made.runs(b"rm x"), made.said), (b"\r", ['"rm x" is an audited command (rule rm)']))

    def test_sizes_and_other_requests_pass(self) -> None:
        """Whatever waits."""
        made = desk()
        made.types(b"id\r")
        for event in (Resize(90, 30), Request(DOWN, "exit-status", b"")):
            self.assertEqual(made.flow.feed(event, 9), [event])

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.one_of(st.sampled_from([b"ls\r", b"\x1b[A", b"\x03", b"\x04", b"\x1b[200~a\rb\x1b[201~", b"\t"]),
                              st.binary(max_size=12)), max_size=8), st.booleans())  # fmt: skip
    def test_what_matches_nothing_passes_as_it_is(self, packets: list[bytes], echo: bool) -> None:
        """Where no rule prohibits: the same bytes in the same order, at whatever prompt, with and without echo."""
        made = desk(attrs.evolve(RM, action="warn"))
        for packet in (packets := [packet.replace(b"!", b"?").replace(b"^", b"?") for packet in packets]):
            made.types(packet)
            if echo:
                made.shows(packet[:3])
        made.waits(60)
        self.assertEqual(made.passed, b"".join(packets))
        self.assertEqual(made.flow.held(UP), 0)

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.tuples(st.booleans(), st.binary(max_size=20)), max_size=12))
    def test_any_bytes_either_way_are_weighed(self, packets: list[tuple[bool, bytes]]) -> None:
        """The gate never raises; nothing stays for ever."""
        made = desk(RM, attrs.evolve(RM, name="o", command="", opaque=True))
        for typed, packet in packets:
            if typed:
                made.types(packet)
            else:
                made.shows(packet)
        made.waits(60)
        self.assertEqual((made.flow.held(UP), made.flow.ended), (0, False))


class ProgramTests(SynchronousTestCase):
    """Programs that read the terminal instead of a shell."""

    def test_in_an_application_keys_pass_and_command_rows_are_judged(self) -> None:
        """Its own bracketed paste is no prompt; the time in it is told as blind."""
        made = started(b"vim x", b"\x1b[?1049h" + ON + b"\x1b[1;1H")
        self.assertEqual(made.types(b"irm x") + made.shows(b"rm x"), b"irm x")
        self.assertEqual(made.types(b"\x1b:w\r") + made.waits(1), b"\x1b:w\r")
        made.shows(b"\r\n\x1b[24;1H:!id")
        made.types(b"\x1b:!id")
        self.assertEqual(made.types(b"\r") + made.waits(1), b"\r")
        made.shows(b"\x1b[24;1H\x1b[K:!rm x")
        self.assertEqual(made.types(b":!rm x\r") + made.waits(1), b":!rm x\x03")
        made.types(b"\x03")
        made.shows(OFF + b"\x1b[?1049l" + ON + b"$ ")
        self.assertEqual(made.waits(1) + made.types(b"l"), b"l")
        self.assertEqual(made.kinds("command.blind"), ["vim"])
        self.assertEqual(made.kinds("command.unmediated"), [])

    def test_a_terminal_in_an_application_is_a_shell(self) -> None:
        """What it starts says who reads."""
        made = started(b"vim x", b"\x1b[?1049h\x1b[24;1H:term")
        self.assertEqual(made.types(b":term\r") + made.waits(1), b":term\r")
        made.shows(b"\x1b[1;1H# ")
        made.types(b"rm x\r")
        self.assertEqual(made.shows(b"rm x") + made.waits(1), b"\x03")

    def test_statements_are_judged_by_what_they_start(self) -> None:
        """Until the shell's prompt is back."""
        made = started(b"python3", b">>> ")
        self.assertEqual(made.types(b"it's\r") + made.waits(1), b"it's\r")
        made.shows(b"it's\r\n>>> ")
        self.assertEqual(made.enters(b"os.system('rm x')", 1), b"\x03")
        made.shows(b"\r\n>>> ")
        self.assertEqual(made.enters(b"os.system('bash')"), b"\r")
        made.shows(b"\r\n" + ON + b"$ ")
        made.waits(1)
        self.assertEqual(made.runs(b"rm x"), b"\x03")

    def test_a_statement_reader_with_an_editor_of_its_own(self) -> None:
        """Its prompt is not the shell's; a shell's that looks like it is."""
        made = desk()
        made.runs(b"mysql db", prompt=b"mysql> ")
        self.assertEqual(made.runs(b"select 'a", prompt=b"    '> "), b"\r")
        self.assertEqual(made.kinds(), ["mysql db"])
        made.runs(b"quit")
        self.assertEqual(made.runs(b"rm x"), b"\x03")
        made = Desk(LineGate, RM)
        made.ready(b">>> ")
        made.runs(b"python3", prompt=b">>> ")
        self.assertEqual(made.runs(b"rm x", prompt=b">>> "), b"\x03")

    def test_a_reader_of_data_has_its_lines(self) -> None:
        """To the end of its input."""
        made = started(b"cat > x", b"")
        self.assertEqual(made.types(b"rm x\rit's\r"), b"rm x\rit's\r")
        self.assertEqual(made.types(b"\x04"), b"\x04")
        self.assertEqual(made.enters(b"rm x", 1), b"\x03")

    def test_a_shell_without_an_editor(self) -> None:
        """Its lines are told at their release; Ctrl-D submits one; a plain program's answers are no commands."""
        made = Desk(LineGate, RM)
        made.shows(b"$ ")
        for line in (b"id", b"ls"):
            made.enters(line)
            made.shows(b"\r\n$ ")
            made.waits(1)
        self.assertEqual(made.kinds(), ["id", "ls"])
        made.writes(b"rm x")
        self.assertEqual(made.types(b"\x04") + made.waits(1), b"\x03")
        made.shows(b"^C\r\n$ ")
        self.assertEqual(made.types(b"\x04"), b"\x04")
        made = started(b"dash", b"$ ")
        made.enters(b"sleep 1")
        made.shows(b"\r\n")
        made.waits(1)
        made.enters(b"id")
        self.assertEqual(made.kinds(), ["dash", "sleep 1", "id"])
        made = Desk(LineGate, RM)
        made.shows(b"$ ")
        made.enters(b"./ask")
        made.shows(b"\r\nname? ")
        made.waits(1)
        made.types(b"it's\r")
        self.assertEqual(made.waits(1), b"\r")
        made = started(b"./ask", b"Your name? ")
        self.assertEqual(made.types(b"O'Neil"), b"O'Neil")
        made.shows(b"O'Neil")
        self.assertEqual(made.types(b"\r"), b"\r")
        self.assertEqual(made.kinds(), ["ask"])

    def test_terminals_in_one(self) -> None:
        """Behind a multiplexer's key nothing is known of the line; its switches may be missing."""
        made = started(b"tmux new bash", b"\x1b[?1049h" + ON + b"$ ")
        self.assertEqual(made.enters(b"id"), b"\r")
        made.shows(b"\r\nuid=0\r\n$ ")
        made.waits(1)
        self.assertEqual(made.kinds(), ["tmux new bash", "bash", "id"])
        made.types(b"\x02")
        made.types(b"o")
        made.shows(OFF + b"\x1b[2J\x1b[1;1H$ rm " + ON)
        self.assertEqual(made.kinds("command.unmediated"), [])
        self.assertEqual(made.enters(b"x", 0.9), b"\x03")

    def test_fish_keeps_a_line_that_is_not_finished(self) -> None:
        """Its Enter begins a row; its prompt is drawn in its own way."""
        made = Desk(LineGate, RM)
        made.shows(ON)
        made.shows(b"\x1b[30m\x1b(B\x1b[m\r# ")
        made.waits(1)
        self.assertEqual(made.enters(b"echo 'a"), b"\r")
        made.shows(b"\r\n")
        made.waits(1)
        self.assertEqual(made.enters(b"b'", 0.2), b"\r")
        made.shows(b"\r\n" + OFF + b"\ra\r\nb\r\n" + ON)
        made.shows(b"\r# ")
        self.assertEqual(made.kinds(), ["echo a\ufffdb"])
        made.types(b"gco")
        made.shows(b"git x")
        self.assertEqual(made.types(b"\r") + made.waits(1), b"\r")
        self.assertEqual(made.kinds("command.opaque"), ["git x"])

    def test_an_exec_on_a_terminal_says_what_reads(self) -> None:
        """A shell, or a reader of data."""
        for line, passed in (("cat", b"rm x\r"), ("dash", b"rm x\x03")):
            made = Desk(LineGate, RM)
            made.feed(Request(UP, "exec", struct.pack(">L", len(line)) + line.encode()))
            self.assertEqual(made.types(b"rm x\r") + made.waits(1), passed)


class ReviewTests(SynchronousTestCase):
    """A line that approvers decide on."""

    def asked(self) -> Desk:
        """Type a line that is to be reviewed."""
        made = desk(attrs.evolve(RM, action="review"))
        made.types(b"rm x\rid\r")
        self.assertEqual(made.shows(b"rm x"), b"")
        (asked,) = made.other
        self.assertEqual(asked.question, Review("rm x", "rm", "held"))
        return made

    def test_it_runs_when_it_was_approved(self) -> None:
        """What was typed behind it waits until then."""
        made = self.asked()
        made.feed(Answered(TICKET, Decision(Ruling.GIVEN, by_name="Carol")))
        self.assertEqual(made.passed, b"rm x\r")
        made.shows(b"\r\n" + OFF + b"\r" + ON + b"$ ")
        made.shows(b"id")
        self.assertEqual((made.passed, made.kinds()), (b"rm x\rid\r", ["rm x"]))

    def test_it_is_thrown_away_otherwise(self) -> None:
        """Refused, taken back by Ctrl-C, locked, closed."""
        made = self.asked()
        made.feed(Answered(TICKET, Decision(Ruling.DENIED, by_name="Carol")))
        self.assertEqual((made.passed, made.kinds("command.denied")), (b"rm x\x03", ["rm x"]))
        made = self.asked()
        self.assertEqual(made.types(b"\x03"), b"\x03")
        self.assertIn("withdrawn", made.said[-1])
        made = self.asked()
        made.feed(Order(OrderKind.LOCK, "carol"))
        made.feed(Answered(TICKET, Decision(Ruling.GIVEN)))
        self.assertEqual(made.passed, b"rm x")
        made = self.asked()
        made.feed(Close(UP))
        self.assertEqual(made.kinds("command.denied"), ["rm x"])
        self.assertEqual(list(made.gate.weigh(Answered(TICKET, Decision(Ruling.GIVEN)), 0)), [])
