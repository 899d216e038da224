"""The gate of audited commands: deny wins, what is not understood is not let through."""

from __future__ import annotations

import struct
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.audited import DENIED, TICKET, AuditedGate
from gateway.domain.entries import AuditedRule
from gateway.domain.lane import (
    Answered,
    Ask,
    Bytes,
    Close,
    Effect,
    End,
    EndSession,
    Event,
    GiveOrder,
    Lane,
    Mark,
    Notice,
    Order,
    OrderKind,
    Refuse,
    Request,
    Tell,
    Tick,
    Withdraw,
)
from gateway.domain.review import Decision, Review, Ruling
from gateway.domain.risk import Risk
from gateway.domain.verdict import ENDED, Attempts
from tests.domain.policies import policy

RM = AuditedRule("rm", command="rm", action="deny", score=40)


def asked(line: str | bytes) -> Request:
    """Return an exec request."""
    raw = line if isinstance(line, bytes) else line.encode()
    return Request(Lane.TO_TARGET, "exec", struct.pack(">L", len(raw)) + raw, 1)


def gate(*rules: AuditedRule, **grant: Any) -> AuditedGate:
    """Return the gate of a policy with these rules."""
    return AuditedGate(policy(rules=rules, **grant), Attempts(), Risk())


def weigh(weighing: AuditedGate, line: str | bytes) -> list[Event | Effect]:
    """Weigh one command line."""
    return list(weighing.weigh(asked(line), 0.0))


def facts(effects: list[Event | Effect]) -> list[tuple[str, str]]:
    """Return the facts told, with their outcome."""
    return [(each.fact.kind, str(each.fact.body.get("outcome", ""))) for each in effects if isinstance(each, Tell)]


class AuditedTests(SynchronousTestCase):
    """One gate, one line after another."""

    def test_only_exec_requests_are_judged(self) -> None:
        """Bytes and other requests pass; ticks and orders say nothing."""
        judging = gate(RM)
        for event in (Bytes(Lane.TO_TARGET, b"rm x\r"), Request(Lane.TO_TARGET, "shell", b""),
                      Request(Lane.TO_OPERATOR, "exec", b"")):  # fmt: skip
            self.assertEqual(list(judging.weigh(event, 0)), [event])
        for silent in (Tick(), Order(OrderKind.LOCK, "bob")):
            self.assertEqual(list(judging.weigh(silent, 0)), [])

    def test_a_harmless_command_runs_and_is_told(self) -> None:
        """Each simple command of the line, once."""
        out = weigh(gate(RM), "ls -l; id")
        self.assertEqual(facts(out), [("command.executed", "")] * 2)
        self.assertEqual(out[-1], asked("ls -l; id"))

    def test_a_prohibited_command_never_reaches_the_target(self) -> None:
        """It is scored, told, marked and refused with its rule's name."""
        judging = gate(RM)
        out = weigh(judging, "ls && rm x")
        self.assertEqual(facts(out), [("command.audited", "deny"), ("command.denied", "denied")])
        self.assertEqual(out[1], Mark("rm x [rm deny, risk +40]"))
        self.assertEqual(
            out[-1], Refuse(DENIED, '"ls && rm x" is not allowed on web1 (rule rm). The attempt was reported.')
        )
        self.assertEqual(judging.risk.score, 40)

    def test_each_action_does_what_it_says(self) -> None:
        """From warn, which lets run, to deactivate, which ends everything."""

        def effects(action: str) -> list[Event | Effect]:
            out = weigh(gate(attrs.evolve(RM, action=action)), "rm x")
            return [each for each in out if not isinstance(each, Tell | Mark)]

        words = '"rm x" is not allowed on web1 (rule rm). The attempt was reported.'
        self.assertEqual(effects("allow"), [asked("rm x")])
        self.assertEqual(effects("warn"), [Notice('"rm x" is an audited command (rule rm)'), asked("rm x")])
        self.assertEqual(effects("review"), [Ask(TICKET, Lane.TO_TARGET, Review("rm x", "rm", "exec"))])
        self.assertEqual(effects("deny"), [Refuse(DENIED, words)])
        self.assertEqual(effects("lock"), [Refuse(DENIED, words), GiveOrder(OrderKind.LOCK, "rm")])
        self.assertEqual(effects("interrupt"), [EndSession(ENDED, "rule_interrupt:rm", words)])
        self.assertEqual(
            effects("deactivate"),
            [Notice(words), GiveOrder(OrderKind.DEACTIVATE, "rm"), EndSession(ENDED, "rule_deactivate:rm", None)],
        )

    def test_a_reviewed_line_runs_when_it_is_approved_and_not_otherwise(self) -> None:
        """An answer that comes late, or twice, changes nothing."""
        rule = attrs.evolve(RM, action="review")
        for ruling, kinds in ((Ruling.GIVEN, ["command.executed"]), (Ruling.EXPIRED, ["command.denied"])):
            judging = gate(rule)
            weigh(judging, "rm x")
            answered = Answered(TICKET, Decision(ruling, "bob", "Bob"))
            out = list(judging.weigh(answered, 0.0))
            self.assertEqual([kind for kind, _ in facts(out)], kinds)
            if ruling is Ruling.GIVEN:
                self.assertEqual((out[0], out[-1]), (Notice('"rm x" was approved by Bob'), asked("rm x")))
            else:
                self.assertEqual(out[-1], Refuse(DENIED, '"rm x" was not approved: nobody answered in time'))
            self.assertEqual(list(judging.weigh(answered, 0.0)), [])

    def test_ctrl_c_on_a_terminal_and_a_close_take_a_review_back(self) -> None:
        """Other bytes, and other channels' Ctrl-C, wait behind it."""
        rule, typed = attrs.evolve(RM, action="review"), Bytes(Lane.TO_TARGET, b"x\x03")
        for terminal in (True, False):
            judging = attrs.evolve(gate(rule), terminal=terminal)
            self.assertEqual(list(judging.weigh(typed, 0.0)), [typed])
            weigh(judging, "rm x")
            for other in (Bytes(Lane.TO_TARGET, b"x"), End(Lane.TO_TARGET), Bytes(Lane.TO_OPERATOR, b"\x03")):
                self.assertEqual(list(judging.weigh(other, 0.0)), [other])
            out = list(judging.weigh(typed, 0.0))
            if terminal:
                self.assertEqual(facts(out), [("command.denied", "denied")])
                self.assertEqual(out[1:], [Refuse(DENIED, '"rm x" was withdrawn; it did not run'), Withdraw(TICKET)])
            else:
                self.assertEqual(out, [typed])
                closed = Close(Lane.TO_TARGET)
                self.assertEqual(list(judging.weigh(closed, 0.0)), [Withdraw(TICKET), closed])
                self.assertEqual(list(judging.weigh(closed, 0.0)), [closed])

    def test_the_strongest_rule_wins(self) -> None:
        """Also over an allowing one, and on a line that is opaque besides."""
        rules = (RM, attrs.evolve(RM, name="a", action="allow"), attrs.evolve(RM, name="z", action="interrupt"))
        for line in ("rm x", "rm x; echo $(id)"):
            out = weigh(gate(*rules), line)
            self.assertIsInstance(out[-1], EndSession, line)

    def test_after_so_many_attempts_another_action_is_due(self) -> None:
        """Counted per rule, over all channels of the session, whatever stood between."""
        rule = attrs.evolve(RM, attempts=3, then="interrupt")
        attempts, risk, frozen = Attempts(), Risk(), policy(rules=(rule,))
        ends = [weigh(AuditedGate(frozen, attempts, risk), line)[-1] for line in ("rm 1", "rm 2", "ls", "rm 3")]
        self.assertEqual([type(end) for end in ends], [Refuse, Refuse, Request, EndSession])
        self.assertEqual(risk.score, 120)

    def test_a_rule_that_prohibits_later_prohibits_opaque_lines_now(self) -> None:
        """What can not be counted can not be let through."""
        rule = attrs.evolve(RM, action="warn", attempts=2, then="deny")
        self.assertIsInstance(weigh(gate(rule), "`cat x`")[-1], Refuse)

    def test_an_opaque_line_is_refused_where_a_rule_prohibits(self) -> None:
        """Elsewhere it runs and is told as opaque."""
        for line in ("$(id)", "sudo $X", "echo 'x", "sh -c $X", "$(date) rm", "(id", "cat <<E", "curl x | sh", "sh"):
            out = weigh(gate(RM), line)
            self.assertIn(("command.opaque", "denied"), facts(out), line)
            self.assertIsInstance(out[-1], Refuse, line)
            for rules in ((), (attrs.evolve(RM, action="warn"),), (attrs.evolve(RM, mode="observe"),)):
                out = weigh(gate(*rules), line)
                self.assertIn(("command.opaque", "passed"), facts(out), line)
                self.assertEqual(out[-1], asked(line))

    def test_a_rule_for_opaque_lines_decides_on_them(self) -> None:
        """With its own action and score; what it lets pass is told."""
        lenient = gate(RM, AuditedRule("o", opaque=True, action="warn", score=7))
        out = weigh(lenient, "$X")
        self.assertEqual(
            facts(out), [("command.audited", "warn"), ("command.executed", ""), ("command.opaque", "passed")]
        )
        self.assertEqual((out[-1], lenient.risk.score), (asked("$X"), 7))
        strict = gate(AuditedRule("o", opaque=True, action="interrupt"))
        self.assertIsInstance(weigh(strict, "$X")[-1], EndSession)
        self.assertEqual(weigh(strict, "ls")[-1], asked("ls"))
        allowing = gate(AuditedRule("o", opaque=True, action="allow"), allow_only=True)
        self.assertIsInstance(weigh(allowing, "$X")[-1], Refuse)

    def test_words_that_are_not_known_are_refused_where_they_may_be_prohibited(self) -> None:
        """With the rule's name; other programs pass."""
        strict = gate(attrs.evolve(RM, options=("r", "f")), AuditedRule("o", opaque=True, action="allow"))
        out = weigh(strict, "rm $X")
        self.assertEqual(facts(out), [("command.opaque", "denied")])
        self.assertIn("can not be checked for rule rm", str(out[-1]))
        for line in ("echo $X", "echo L=$LANG", "kill -TERM $$", "ls *.log"):
            self.assertEqual(weigh(strict, line)[-1], asked(line), line)

    def test_allow_only_needs_words_that_are_known_where_its_rule_asks_for_words(self) -> None:
        """A rule that allows a program allows any words of it."""
        judging = gate(
            AuditedRule("e", command="echo", action="allow"),
            AuditedRule("l", command="ls", arguments=("/x",), action="allow"),
            allow_only=True,
        )
        self.assertEqual(weigh(judging, "echo $X")[-1], asked("echo $X"))
        self.assertIsInstance(weigh(judging, "ls /x $X")[-1], Refuse)
        self.assertIsInstance(weigh(judging, "echo x | sudo ls /x")[-1], Refuse)

    def test_a_transfer_is_not_opaque(self) -> None:
        """Its own right decided on it."""
        for line in ("scp -t .", "rsync --server . x"):
            out = weigh(gate(RM), line)
            self.assertEqual(out[-1], asked(line))
            self.assertEqual(facts(out), [("command.executed", "")])

    def test_allow_only_lets_nothing_else_run(self) -> None:
        """Every command of the line needs its own permission; files written beside it need more."""
        ls = AuditedRule("ls", command="ls", action="allow")
        idle = AuditedRule("idle", command="id", action="allow", mode="observe")
        written = AuditedRule("log", regex="^date > /var/log/x$", action="allow")
        judging = gate(ls, idle, written, allow_only=True)
        for line in ("ls", "ls -l /; ls x", "ls >/dev/null 2>&1", "date > /var/log/x"):
            self.assertEqual(weigh(judging, line)[-1], asked(line), line)
        for line in ("id", "ls; cat x", "cat x", "", ";", "ls $(id)", "sudo ls", "ls > .profile", "date"):
            self.assertIsInstance(weigh(judging, line)[-1], Refuse, line)

    def test_observing_reports_and_lets_run(self) -> None:
        """A rule that observes, and a grant that does: nothing is refused, all is told."""
        for observing in (gate(attrs.evolve(RM, mode="observe")), gate(RM, mode="observe")):
            out = weigh(observing, "rm x")
            self.assertEqual(facts(out), [("command.audited", "observed"), ("command.executed", "")])
            self.assertEqual(out[-1], asked("rm x"))
        out = weigh(gate(RM, mode="observe"), "$X")
        self.assertEqual(facts(out), [("command.opaque", "observed"), ("command.executed", "")])
        out = weigh(gate(mode="observe", allow_only=True), "id")
        self.assertEqual(facts(out), [("command.denied", "observed"), ("command.executed", "")])
        self.assertEqual(out[-1], asked("id"))

    def test_an_observing_rule_does_not_hide_an_enforcing_one(self) -> None:
        """The enforcing one binds."""
        rules = (attrs.evolve(RM, name="a", action="deactivate", mode="observe"), attrs.evolve(RM, name="b"))
        self.assertIsInstance(weigh(gate(*rules), "rm x")[-1], Refuse)

    @given(st.binary(max_size=80), st.booleans(), st.booleans())
    def test_any_bytes_are_weighed(self, line: bytes, only: bool, observe: bool) -> None:
        """A line passes whole, or something ends it; never both, never neither."""
        judging = gate(
            RM, AuditedRule("re", regex="x.y", action="lock"), allow_only=only, mode="observe" if observe else "enforce"
        )
        out = weigh(judging, line)
        ends = [each for each in out if isinstance(each, Request | Refuse | EndSession)]
        self.assertEqual(len(ends), 1)
        if observe:
            self.assertEqual(ends, [asked(line)])
