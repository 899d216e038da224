"""The machine of elevation, as transcripts: events in, effects out, and the secret nowhere among what is shown."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.elevation import ElevationGate, Prompts, Proven, Tried, Withheld
from gateway.domain.elevation.gate import MOST_KEYS, QUIET, SETTLED, SILENCE, TICKET, State
from gateway.domain.elevation.question import AGAIN
from gateway.domain.lane import (
    Answered,
    Ask,
    Bytes,
    Close,
    Effect,
    End,
    Event,
    Inject,
    Lane,
    Notice,
    Order,
    OrderKind,
    Request,
    Tell,
    Tick,
    Withdraw,
)
from gateway.domain.secret import MASK, Secret

PROMPT = b"[sudo] password for u: "
WORD = b"hunter2-hunter3"


def proven() -> Proven:
    """Return a proof."""
    secret = Secret(WORD)
    return Proven("strong", ("sudo", "id"), secret.as_line(), secret)


@attrs.define
class Playing:
    """Play events to one gate and keep what comes out; time moves by hand."""

    gate: ElevationGate = attrs.Factory(lambda: ElevationGate(Prompts("sudo", "password", "u"), Tried()))
    at: float = 0.0
    shown: bytes = b""
    sent: bytes = b""
    others: list[Event | Effect] = attrs.Factory(list)

    def feed(self, event: Event) -> Playing:
        """Weigh one event."""
        for effect in self.gate.weigh(event, self.at):
            match effect:
                case Bytes(lane=Lane.TO_OPERATOR):
                    self.shown += effect.chunk
                case Bytes():
                    self.sent += effect.chunk
                case _:
                    self.others.append(effect)
        return self

    def show(self, chunk: bytes) -> Playing:
        """Let the target show something."""
        return self.feed(Bytes(Lane.TO_OPERATOR, chunk))

    def type(self, chunk: bytes) -> Playing:
        """Let the operator type."""
        return self.feed(Bytes(Lane.TO_TARGET, chunk))

    def wait(self, seconds: float) -> Playing:
        """Let time pass, with a tick whenever the gate wants one."""
        until = self.at + seconds
        while (due := self.gate.due) is not None and due <= until:
            self.at = max(self.at, due)
            self.feed(Tick())
        self.at = until
        return self

    def asked(self) -> Playing:
        """Go on to the question."""
        return self.show(PROMPT).wait(QUIET)

    def answered(self, answer: Any = None) -> Playing:
        """Go on to the answer."""
        return self.asked().feed(Answered(TICKET, answer or proven()))

    def told(self) -> list[tuple[str, str]]:
        """Return the facts told, with their reasons."""
        return [(each.fact.kind, str(each.fact.body["reason"])) for each in self.others if isinstance(each, Tell)]

    def count(self, kind: type[Any]) -> int:
        """Count effects of a kind."""
        return sum(isinstance(each, kind) for each in self.others)


class ElevationGateTests(SynchronousTestCase):
    """One terminal, one prompt after another."""

    def test_a_proven_prompt_is_answered_once(self) -> None:
        """Keys wait until the answer was taken and something follows it."""
        play = Playing().asked()
        self.assertIsInstance(play.others.pop(), Ask)
        play.type(b"ls\r").feed(Answered(TICKET, proven()))
        self.assertEqual((play.count(Inject), play.sent), (1, b""))
        play.show(b"\r\nuid=0\r\n# ").wait(QUIET)
        self.assertEqual((play.sent, play.gate.state, play.told()), (b"ls\r", State.IDLE, []))

    def test_a_silent_command_has_worked_after_a_while(self) -> None:
        """A line's end, then nothing."""
        play = Playing().answered().type(b"x").show(b"\r\n").wait(SETTLED - 0.1)
        self.assertEqual(play.sent, b"")
        self.assertEqual(play.wait(0.2).sent, b"x")
        later = Playing().answered().show(b"\r\n").show(b"   ").show(b"uid=0\r\n")
        self.assertEqual(later.wait(QUIET).gate.state, State.IDLE)

    def test_without_prompts_everything_passes(self) -> None:
        """A gate for a grant that does not elevate."""
        play = Playing(ElevationGate(None, Tried())).asked().type(b"mine\r").wait(9)
        self.assertEqual((play.shown, play.sent, play.others), (PROMPT, b"mine\r", []))
        self.assertFalse(play.gate.active)

    def test_what_is_not_proven_is_not_answered(self) -> None:
        """The operator reads why, and may type himself; a prompt he has read of is passed over."""
        play = Playing().asked().type(b"own\r").feed(Answered(TICKET, Withheld("not_it", "it is bash")))
        self.assertEqual((play.sent, play.count(Inject), play.count(Notice)), (b"own\r", 0, 1))
        self.assertEqual(play.told(), [("elevation.refused", "not_it")])
        silent = Playing().answered(Withheld("known"))
        self.assertEqual((silent.told(), silent.count(Notice)), ([], 0))

    def test_a_proof_that_does_not_come_is_not_waited_for(self) -> None:
        """The question is taken back, the keys go on."""
        play = Playing().asked().type(b"own\r").wait(10)
        self.assertEqual((play.count(Withdraw), play.sent), (1, b"own\r"))
        self.assertEqual(play.told(), [("elevation.refused", "timeout")])

    def test_what_is_shown_meanwhile_takes_the_question_back(self) -> None:
        """The prompt is not the last word any more; shown again, it is asked again."""
        play = Playing().asked().type(b"k").show(b"\r\n$ ")
        self.assertEqual((play.count(Withdraw), play.sent, play.gate.state), (1, b"k", State.IDLE))
        again = Playing().asked().type(b"k").show(b"\r\n" + PROMPT)
        self.assertEqual((again.sent, again.gate.state), (b"", State.SEEN))
        early = Playing().show(PROMPT).type(b"k").show(b"x")
        self.assertEqual((early.sent, early.gate.state), (b"k", State.IDLE))

    def test_a_wrong_password_is_tried_once(self) -> None:
        """The prompt again: two seconds of patience, Ctrl-C, and nothing is answered in the session any more."""
        play = Playing().answered().show(b"\r\n").wait(1.7)
        play.show(b"Sorry, try again.\r\n" + PROMPT).type(b"x").wait(QUIET)
        self.assertEqual(play.count(Ask), 2)
        play.feed(Answered(TICKET, Withheld(AGAIN))).wait(3)
        self.assertEqual((play.sent, play.told()), (b"\x03", [("elevation.failed", "wrong")]))
        self.assertEqual(play.show(b"\r\n").asked().count(Ask), 2)

    def test_what_was_typed_ahead_does_not_make_it_wrong(self) -> None:
        """The first prompt took the type-ahead, the second takes the answer; a third is too many."""
        play = Playing().answered().show(b"\r\nSorry\r\n" + PROMPT).wait(QUIET)
        play.feed(Answered(TICKET, Withheld(AGAIN))).show(b"\r\n").show(b"uid=0\r\n").wait(QUIET)
        self.assertEqual((play.told(), play.gate.state), ([], State.IDLE))
        third = Playing().answered().show(b"\r\nSorry\r\n" + PROMPT).wait(QUIET).feed(Answered(TICKET, Withheld(AGAIN)))
        third.show(b"\r\nSorry\r\n" + PROMPT).wait(QUIET)
        self.assertEqual(third.told(), [("elevation.failed", "wrong")])

    def test_another_sudo_is_answered_for_itself(self) -> None:
        """Right behind the first."""
        play = Playing().answered().show(b"\r\n0\r\n" + PROMPT).wait(QUIET).feed(Answered(TICKET, proven()))
        self.assertEqual((play.count(Inject), play.gate.state), (2, State.ANSWERED))

    def test_silence_is_suspected_theft(self) -> None:
        """No line's end: somebody else has read it."""
        play = Playing().answered().show(b"*").wait(SILENCE)
        self.assertEqual((play.sent, play.told()), (b"\x03", [("elevation.suspected_theft", "silence")]))

    def test_a_key_that_cancels_overtakes(self) -> None:
        """Keys held before it are dropped; behind an answer it waits until that was taken."""
        for key in (b"\x03", b"\x1a", b"\x1c"):
            play = Playing().asked().type(b"abc").type(b"d" + key + b"e")
            self.assertEqual((play.sent, play.count(Withdraw), play.gate.state), (key + b"e", 1, State.IDLE))
        late = Playing().answered().type(b"x").type(b"\x03")
        self.assertEqual(late.sent, b"")
        self.assertEqual((late.show(b"\r\n").sent, late.gate.state), (b"\x03", State.IDLE))
        taken = Playing().answered().show(b"\r\n").type(b"x\x03")
        self.assertEqual(taken.sent, b"\x03")

    def test_keys_are_held_within_bounds(self) -> None:
        """As many as a terminal holds."""
        play = Playing().asked().type(b"x" * 9999).type(b"y").feed(Answered(TICKET, Withheld("not_it", "it is bash")))
        self.assertEqual(play.sent, b"x" * MOST_KEYS)

    def test_a_lock_and_an_end_give_up(self) -> None:
        """What was asked is taken back; other orders change nothing."""
        self.assertEqual(Playing().asked().feed(Order(OrderKind.MARK, "a")).count(Withdraw), 0)
        self.assertEqual(Playing().asked().feed(Order(OrderKind.LOCK, "a")).count(Withdraw), 1)
        ended = Playing().asked().feed(Close(Lane.TO_OPERATOR))
        self.assertEqual(ended.others[-2:], [Withdraw(TICKET), Close(Lane.TO_OPERATOR)])
        self.assertEqual(Playing().feed(End(Lane.TO_TARGET)).others, [End(Lane.TO_TARGET)])

    def test_when_the_program_is_over_nobody_is_answered(self) -> None:
        """What still holds the terminal open may be anybody."""
        play = Playing().feed(Request(Lane.TO_OPERATOR, "exit-status", b"\0\0\0\0")).asked().wait(1)
        self.assertEqual(play.count(Ask), 0)

    def test_the_secret_is_taken_out_of_what_is_shown(self) -> None:
        """Also cut in two; what only began like it is let go after a moment, and at the end."""
        play = Playing().answered().show(b"\r\n" + WORD[:4]).show(WORD[4:] + b"!\r\n")
        self.assertEqual(play.shown, PROMPT + b"\r\n" + MASK + b"!\r\n")
        play.show(WORD[:5])
        self.assertFalse(play.shown.endswith(WORD[:5]))
        self.assertTrue(play.wait(1).shown.endswith(WORD[:5]))
        closed = Playing().answered().show(b"\r\n" + WORD[:5]).feed(Close(Lane.TO_OPERATOR))
        self.assertTrue(closed.shown.endswith(WORD[:5]))

    @given(st.lists(st.sampled_from([WORD, b"\r\n", PROMPT, b"x", WORD[:6]]), max_size=8),
           st.lists(st.integers(0, 120), max_size=8), st.booleans())  # fmt: skip
    def test_cut_anywhere_the_secret_never_surfaces(self, parts: list[bytes], cuts: list[int], late: bool) -> None:
        """What is shown is the stream with the secret masked, however it is cut, and nothing typed holds it."""
        stream, play, begin = b"".join(parts), Playing().answered(), 0
        for end in (*sorted(cuts), len(stream)):
            if end > begin:
                play.show(stream[begin:end])
                begin = end
            play.type(b"k")
        play.wait(9 if late else 0.0).feed(Close(Lane.TO_OPERATOR))
        self.assertEqual(play.shown, PROMPT + stream.replace(WORD, MASK))
        self.assertNotIn(WORD, play.sent)
        self.assertNotIn(WORD, repr(play.others).encode())
