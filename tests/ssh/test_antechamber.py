"""Sessions that may not start alone."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.session import State
from gateway.ssh.antechamber import MOST_ASKED
from gateway.wire.fields import string
from tests.ssh.sessions import World, pty, status

BY: dict[str, Any] = {"by": "bob", "by_name": "Bob", "reason": "", "door": "test"}


class AntechamberTests(SynchronousTestCase):
    """Alice's grant asks for approvers."""

    def world(self, needed: int = 1) -> World:
        return World(dialled=False, approval=needed, people=(("bob", "Bob"), ("carol", "Carol")))

    def request(self, world: World) -> str:
        (row,) = world.approvals.requests()
        self.assertEqual((row["subject"], row["command"]), ("session", ""))
        return str(row["id"])

    def approve(self, world: World) -> None:
        self.successResultOf(world.approvals.approve(self.request(world), **BY))
        world.reach()
        world.settle()

    def test_nothing_is_touched_before_somebody_agrees(self) -> None:
        """Then what was asked is asked of the target, in order, and answered as the target answers."""
        world = self.world()
        end, heard = world.open()
        end.request("env", string(b"LANG") + string(b"C"), wants_reply=False)
        end.request("exec", string(b"id"), wants_reply=True)
        end.end()
        world.settle()
        self.assertEqual((world.kinds("session."), world.dialling.waiting, end.room), ([], None, 0))
        self.assertIn(b"this session waits for approval by one of Bob, Carol", heard.taken[1])
        self.assertEqual((world.run.state, heard.events[0]), (State.WAITING, "opened"))
        self.approve(world)
        self.assertEqual(world.kinds("approval.", "session.", "channel."),
                         ["approval.requested", "approval.given", "session.started", "channel.opened"])  # fmt: skip
        far = world.far()[1].events
        self.assertEqual([event[1] for event in far if event[0] == "request"], ["env", "exec"])
        self.assertIn("eof", far)
        world.accept()
        self.assertIn(("replied", True), heard.events)
        self.assertIn(b"this session was approved by Bob", heard.taken[1])

    def test_a_terminal_waits_and_hears_ctrl_c(self) -> None:
        """What else is typed is dropped, however much; Ctrl-C ends the session."""
        world = self.world()
        end, heard = world.open()
        end.request("pty-req", pty(), wants_reply=False)
        end.request("shell", b"", wants_reply=True)
        world.settle()
        self.assertIn(b"\r\nostiary: this session waits", heard.taken[0])
        for _ in range(8):
            end.write(b"x" * 1000)
            world.settle()
        self.assertEqual(end.queued, 0)
        end.write(b"\x03")
        world.settle()
        self.assertIn(b"this session was withdrawn", heard.taken[0])
        self.assertIn(status(77), heard.events)
        self.assertEqual((world.run.state, world.approvals.requests()), (State.ENDED, []))
        self.assertEqual(world.bodies("session.ended")[0]["reason"], "withdrawn")
        self.assertIsNone(world.dialling.waiting)

    def test_a_terminal_that_was_approved_is_typed_into(self) -> None:
        """From then on."""
        world = self.world()
        end, _ = world.open()
        end.request("pty-req", pty(), wants_reply=False)
        end.request("shell", b"", wants_reply=True)
        end.write(b"lost")
        world.settle()
        self.successResultOf(world.approvals.approve(self.request(world), **BY))
        world.reach()
        end.write(b"too early")
        world.settle()
        self.assertEqual(world.kinds("channel."), ["channel.opened"])
        world.accept()
        end.write(b"heard")
        world.settle()
        self.assertEqual(bytes(world.far()[1].taken[0])[-5:], b"heard")
        self.assertNotIn(b"lost", world.far()[1].taken[0])

    def test_a_refusal_ends_it_in_words(self) -> None:
        """For every channel that waits; silence does too."""
        world = self.world()
        heard = [world.exec(command)[1] for command in ("id", "ls")]
        self.successResultOf(world.approvals.deny(self.request(world), **{**BY, "reason": "not today"}))
        world.settle()
        for each in heard:
            self.assertIn(b"this session was not approved: denied by Bob: not today", each.taken[1])
            self.assertIn(status(77), each.events)
        self.assertEqual(world.bodies("session.ended")[0]["reason"], "not_approved")
        world = self.world()
        _, only = world.exec("id")
        world.clock.advance(301)
        world.settle()
        self.assertIn(b"nobody answered in time", only.taken[1])

    def test_a_lock_refuses_what_waits_for_approval(self) -> None:
        """75 and the words; nobody can approve it any more, also not after the release; only freezing lets it wait."""
        world = self.world()
        end, heard = world.open()
        end.request("exec", string(b"id"), wants_reply=True)
        world.settle()
        self.successResultOf(world.lock())
        world.settle()
        self.assertIn(b"ostiary: alice is locked by Bob (bob) since ", heard.taken[1])
        self.assertIn(status(75), heard.events)
        self.assertEqual((world.approvals.requests(), world.run.ended_because), ([], "locked"))
        frozen = self.world()
        frozen.open()
        self.successResultOf(frozen.lock(only=True))
        self.assertEqual((len(frozen.approvals.requests()), frozen.run.state), (1, State.WAITING))

    def test_two_of_them_must_agree_where_two_are_asked_for(self) -> None:
        """One is not enough."""
        world = self.world(2)
        end, _ = world.exec("id")
        self.successResultOf(world.approvals.approve(self.request(world), **BY))
        self.assertEqual(world.kinds("session."), [])
        self.successResultOf(world.approvals.approve(self.request(world), **{**BY, "by": "carol"}))
        self.assertEqual((world.kinds("session."), end.room), (["session.started"], 0))
        world.reach()
        world.settle()
        self.assertGreater(end.room, 0)

    def test_who_leaves_takes_his_question_back(self) -> None:
        """An interruption does so too; one channel of several may leave."""
        world = self.world()
        first, _ = world.exec("id")
        world.exec("ls")
        first.close()
        world.settle()
        self.approve(world)
        self.assertEqual(len(world.target_owner.ends), 1)
        for leave in ("client", "kill"):
            world = self.world()
            _, heard = world.exec("id")
            if leave == "client":
                world.client.abort()
            else:
                world.run.end(79, "idle", "over")
            world.settle()
            self.assertEqual((world.approvals.requests(), world.run.state), ([], State.ENDED))
            if leave == "kill":
                self.assertIn(b"the session is over", heard.taken[1])

    def test_requests_are_kept_within_bounds(self) -> None:
        """More than a client has a reason for are refused; channels too."""
        world = self.world()
        end, heard = world.open()
        for _ in range(MOST_ASKED):
            end.request("env", string(b"LANG") + string(b"C"), wants_reply=False)
        end.request("shell", b"", wants_reply=True)
        world.settle()
        self.assertIn(("replied", False), heard.events)
        for _ in range(40):
            _, heard = world.open()
        self.assertEqual(heard.events[0][0], "refused")


class PurposeTests(SynchronousTestCase):
    """Alice's grant asks for a reason and a ticket."""

    def world(self, **more: Any) -> World:
        return World(dialled=False, reason="required", ticket="^CHG[0-9]+$", **more)

    def say(self, end: Any, **environment: str) -> None:
        """Send variables of the client's environment."""
        for name, text in environment.items():
            end.request("env", string(name.encode()) + string(text.encode()), wants_reply=False)

    def test_the_clients_environment_says_why(self) -> None:
        """It stands in the session's start and goes no further."""
        world = self.world()
        end, heard = world.open()
        self.say(end, OSTIARY_REASON="disk full", OSTIARY_TICKET="CHG17", LANG="C")
        end.request("env", b"junk", wants_reply=False)
        end.request("exec", string(b"id"), wants_reply=True)
        world.settle()
        world.reach()
        world.settle()
        (begun,) = world.bodies("session.started")
        self.assertEqual((begun["reason"], begun["ticket"]), ("disk full", "CHG17"))
        self.assertNotIn(b"OSTIARY", repr(world.far()[1].events).encode())
        self.assertEqual(heard.taken[1], b"")

    def test_without_a_terminal_a_refusal_says_how(self) -> None:
        """Nothing of the target is touched; the target's words are not waited for."""
        world = self.world()
        end, heard = world.open()
        self.say(end, OSTIARY_REASON="disk full", OSTIARY_TICKET="nonsense")
        end.request("exec", string(b"id"), wants_reply=True)
        world.settle()
        self.assertIn(b"needs a ticket that matches ^CHG[0-9]+$: ssh -o SetEnv=OSTIARY_TICKET=", heard.taken[1])
        self.assertIn(status(77), heard.events)
        self.assertEqual((world.kinds("session."), world.dialling.waiting), (["session.ended"], None))
        self.assertEqual(world.bodies("session.ended")[0]["reason"], "no_purpose")

    def terminal(self, world: World) -> tuple[Any, Any]:
        """Open a terminal."""
        end, heard = world.open()
        end.request("pty-req", pty(), wants_reply=False)
        end.request("shell", b"", wants_reply=True)
        world.settle()
        return end, heard

    def type(self, world: World, end: Any, typed: bytes) -> None:
        """Type at a terminal."""
        end.write(typed)
        world.settle()

    def test_a_terminal_is_asked(self) -> None:
        """Until it will do; what is typed is shown; then the session starts."""
        world = self.world()
        end, heard = self.terminal(world)
        self.assertIn(b"ostiary: ticket for this session (^CHG[0-9]+$): ", heard.taken[0])
        self.type(world, end, b"17\rCHG1")
        self.type(world, end, b"CHG17\r")
        self.assertIn(b"ostiary: reason for this session: ", heard.taken[0])
        self.type(world, end, b"a lok\x7fok\r")
        world.reach()
        world.settle()
        (begun,) = world.bodies("session.started")
        self.assertEqual((begun["reason"], begun["ticket"]), ("a look", "CHG17"))

    def test_a_terminal_is_asked_three_times_and_can_leave(self) -> None:
        """Then it is refused; Ctrl-C ends it at once."""
        for typed, reason in ((b"1\r", "no_purpose"), (b"\x03", "withdrawn")):
            world = self.world()
            end, heard = self.terminal(world)
            for _ in range(3):
                self.type(world, end, typed)
            self.assertIn(status(77), heard.events)
            self.assertEqual(world.bodies("session.ended")[0]["reason"], reason)

    def test_approvers_are_told_why(self) -> None:
        """They are asked when it is known, not before."""
        world = self.world(approval=1, people=(("bob", "Bob"),))
        end, _ = world.open()
        self.assertEqual(world.approvals.requests(), [])
        self.say(end, OSTIARY_REASON="disk full", OSTIARY_TICKET="CHG17")
        end.request("exec", string(b"id"), wants_reply=True)
        world.settle()
        (row,) = world.approvals.requests()
        self.assertEqual(row["purpose"], "CHG17: disk full")
        other, _ = world.open()
        other.request("exec", string(b"id"), wants_reply=True)
        world.settle()
        self.successResultOf(world.approvals.approve(str(row["id"]), **BY))
        world.reach()
        world.settle()
        self.assertEqual(world.kinds("session."), ["session.started"])
