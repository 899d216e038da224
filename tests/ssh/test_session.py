"""A session's two connections: waiting for the target, and every way its opening can fail."""

from __future__ import annotations

from twisted.internet.error import ConnectionRefusedError
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.session import State
from gateway.ssh.reach import TargetFailed
from gateway.wire.fields import string
from tests.ssh.sessions import World, pty, status
from tests.wire.joined import Open, join


class SessionTests(SynchronousTestCase):
    """One door."""

    def test_channels_wait_for_the_target(self) -> None:
        """The start is told before anything else; what was asked meanwhile is opened in order."""
        world = World(dialled=False)
        _, heard = world.open()
        self.assertEqual((heard.events, world.run.state, world.kinds("session.", "channel.")),
                         ([], State.WAITING, ["session.started"]))  # fmt: skip
        world.reach()
        world.settle()
        self.assertEqual((heard.events, world.run.state), (["opened"], State.LIVE))

    def test_a_target_that_fails_is_said_on_every_channel(self) -> None:
        """Its line and its code, for exec, shell, terminal and sftp; a forward gets the line as its reason."""
        for code in (69, 76):
            world = World(dialled=False)
            end, heard = world.open()
            assert world.dialling.waiting is not None
            world.dialling.waiting.errback(TargetFailed(code, "unreachable", "cannot reach web1"))
            world.settle()
            end.request("exec", string(b"id"), wants_reply=True)
            world.settle()
            said = [("stderr", b"ostiary: cannot reach web1\n"), status(code), "eof", "closed"]
            self.assertEqual(heard.events, ["opened", ("replied", True), *said])
            for name, payload in (("shell", b""), ("subsystem", string(b"sftp"))):
                end, heard = world.open()
                end.request(name, payload, wants_reply=True)
                world.settle()
                self.assertIn(status(code), heard.events, name)
            end, heard = world.open()
            end.request("pty-req", pty(), wants_reply=True)
            end.request("shell", b"", wants_reply=True)
            world.settle()
            self.assertIn(b"\r\nostiary: cannot reach web1\r\n", heard.taken[0])
            _, heard = world.open("direct-tcpip", extra=b"")
            self.assertEqual(heard.events, [("refused", 1, "ostiary: cannot reach web1")])
            self.assertEqual(world.kinds("target."), ["target.failed"])
            world.client.abort()
            world.settle()
            self.assertEqual(world.bodies("session.ended")[0]["reason"], "target_failed")

    def test_a_defect_on_the_way_is_a_line_too(self) -> None:
        """Never a hang, never a traceback to the operator."""
        world = World(dialled=False)
        end, heard = world.open()
        assert world.dialling.waiting is not None
        world.dialling.waiting.errback(Failure(ConnectionRefusedError("inner words")))
        world.settle()
        end.request("exec", string(b"id"), wants_reply=True)
        world.settle()
        self.assertIn(status(78), heard.events)
        self.assertNotIn(b"inner", heard.taken[1])
        self.assertEqual(len(self.flushLoggedErrors(ConnectionRefusedError)), 1)

    def test_who_leaves_while_the_target_is_dialled_leaves_nothing(self) -> None:
        """The dialler is cancelled; a target that answers all the same is cut."""
        world = World(dialled=False)
        world.open()
        world.client.abort()
        world.settle()
        self.assertEqual((world.dialling.cancelled, world.run.ended_because), (1, "operator_left"))
        late = World(dialled=False)
        connection = late.dialling.connection
        late.run.cut("test")
        assert connection is not None
        late.dialling.waiting = None
        _, inner = join(type(connection)(Open()), connection)
        self.assertTrue(inner.closing)
        self.assertIsNone(late.door.target)

    def test_channels_are_bounded_and_may_be_ended(self) -> None:
        """no-more-sessions holds from then on; keepalives are answered; other global requests are told."""
        world = World()
        for name in ("keepalive@openssh.com", "tcpip-forward"):
            world.client.connection.ask(name, lambda granted, payload: None)
        world.client.connection.request("no-more-sessions@openssh.com")
        world.settle()
        self.assertEqual(world.gateway.said, ["no", "no"])
        self.assertEqual([body["what"] for body in world.bodies("channel.refused")], ["tcpip-forward"])
        _, heard = world.open()
        self.assertEqual(heard.events[0][0], "refused")
        world = World()
        opened = [world.open()[1] for _ in range(33)]
        self.assertEqual([each.events[0] for each in opened[:32]], ["opened"] * 32)
        self.assertEqual(opened[32].events[0][0], "refused")

    def test_who_takes_nothing_more_stops_who_sends(self) -> None:
        """The two connections of a session wait for each other, so nothing piles up between them."""
        world = World()
        operator, target = world.gateway.carrier, world.inner.carrier
        assert operator.on_change is not None
        operator.writable = False
        operator.on_change()
        self.assertTrue(target.holds)
        self.assertFalse(operator.holds)
        operator.writable = True
        operator.on_change()
        self.assertFalse(target.holds)

    def test_an_ended_session_opens_nothing(self) -> None:
        """In the second in which the operator reads his line."""
        world = World()
        world.run.end(75, "test", "over")
        _, heard = world.open()
        self.assertEqual(heard.events[0][0], "refused")
        world.clock.advance(1)
        world.settle()
        self.assertTrue(world.client.closed)
