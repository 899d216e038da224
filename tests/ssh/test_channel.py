"""A session channel from its opening to its end, against a scripted target."""

from __future__ import annotations

import struct

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import AuditedRule, Recorded
from gateway.domain.session import State
from gateway.wire.channels import ChannelEnd
from gateway.wire.fields import string
from tests.ssh.sessions import World, pty, status
from tests.wire.joined import Heard

RM = AuditedRule("rm", command="rm", action="deny")


class ExecTests(SynchronousTestCase):
    """Commands."""

    def test_a_command_runs_and_its_end_is_passed_on_exactly(self) -> None:
        """Bytes both ways, stderr apart, exit status before EOF before CLOSE; recorded and told."""
        world = World()
        end, heard = world.exec("cat; exit 7")
        far, far_heard = world.far()
        world.accept()
        end.write(b"in\0\xff")
        end.end()
        far.write(b"out\0\xff")
        far.write(b"err", stderr=True)
        far.request("exit-status", struct.pack(">L", 7), wants_reply=False)
        far.end()
        far.close()
        world.settle()
        self.assertEqual(far_heard.events[0], ("request", "exec", string(b"cat; exit 7")))
        self.assertEqual(far_heard.events[1:3], [("data", b"in\0\xff"), "eof"])
        self.assertEqual(heard.events, ["opened", ("replied", True), ("data", b"out\0\xff"), ("stderr",
            b"err"), status(7),
                                        "eof", "closed"])  # fmt: skip
        assert world.recording is not None
        self.assertEqual(world.recording.tracks[1].events, [("o", b"out\0\xff"), ("o", b"err"), ("x", b"7")])
        self.assertEqual(world.bodies("channel.closed")[0]["exit"], "7")
        self.assertEqual(world.run.legs, {})

    def test_a_signal_is_passed_on(self) -> None:
        """As the target said it; the fact says so too."""
        world = World()
        _, heard = world.exec("sleep 9")
        far, _ = world.far()
        said = string(b"TERM") + b"\0" + string(b"") + string(b"")
        far.request("exit-signal", said, wants_reply=False)
        far.close()
        world.settle()
        self.assertIn(("request", "exit-signal", said), heard.events)
        self.assertEqual(world.bodies("channel.closed")[0]["exit"], "signal TERM")

    def test_what_the_policy_refuses_is_said_and_never_reaches_the_target(self) -> None:
        """The request is accepted; one line on stderr, exit status 77, EOF, CLOSE."""
        world = World(rules=(RM,))
        _, heard = world.exec("rm x")
        words = b'ostiary: "rm x" is not allowed on web1 (rule rm). The attempt was reported.\n'
        self.assertEqual(heard.events, ["opened", ("replied", True), ("stderr", words), status(77), "eof", "closed"])
        self.assertEqual(world.far()[1].events, ["closed"])
        self.assertIn("command.denied", world.kinds())
        assert world.recording is not None
        self.assertEqual(world.recording.tracks[1].text("o"), words)

    def test_a_missing_right_is_said_in_one_line(self) -> None:
        """For exec, shell, sftp, scp and an unknown subsystem."""
        for name, payload, right in (("exec", string(b"id"), b"exec"), ("shell", b"", b"shell"),
                                     ("exec", string(b"scp -t ."), b"scp"), ("subsystem", string(b"sftp"), b"sftp"),
                                     ("subsystem", string(b"netconf"), b"subsystem netconf")):  # fmt: skip
            world = World(rights=("x11",))
            end, heard = world.open()
            end.request(name, payload, wants_reply=True)
            world.settle()
            self.assertEqual(heard.taken[1].count(b"\n"), 1)
            self.assertIn(b"ostiary: " + right + b" is not allowed", heard.taken[1])
            self.assertEqual(heard.events[-3:], [status(77), "eof", "closed"])
            self.assertEqual(heard.taken[0], b"")
            self.assertEqual(world.kinds("channel."), ["channel.refused", "channel.closed"])

    def test_what_the_target_refuses_is_passed_on(self) -> None:
        """A request as a failure, a channel with its reason."""
        world = World()
        _, heard = world.exec("id")
        far, far_heard = world.far()
        far.reply(far_heard.slots[0], False)
        world.settle()
        self.assertEqual(heard.events[-1], ("replied", False))
        world.target_owner.accept = False
        _, heard = world.open()
        world.far()[0].refuse(4, "no more")
        world.settle()
        self.assertEqual(heard.events, [("refused", 4, "no more")])

    def test_bytes_before_a_request_are_refused(self) -> None:
        """Nothing runs that could take them."""
        world = World()
        end, heard = world.open()
        end.write(b"x")
        world.settle()
        self.assertEqual(heard.events[-3:], [status(77), "eof", "closed"])

    def test_requests_that_are_not_in_the_table_fail_in_order(self) -> None:
        """One answer for each that wants one; malformed ones fail too, and reach nobody."""
        world = World()
        end, heard = world.open()
        for name, payload in (("simple@putty", b""), ("env", string(b"LD_PRELOAD") + string(b"x")), ("env", b"\0"),
                              ("pty-req", b"\0"), ("auth-agent-req@openssh.com", b""), ("x11-req", b""),
                              ("signal", string(b"INT")),
                              ("window-change", b"\0"), ("exec", b"\0\0")):  # fmt: skip
            end.request(name, payload, wants_reply=True)
        end.request("env", string(b"LANG") + string(b"C"), wants_reply=True)
        world.settle()
        world.accept()
        self.assertEqual([event[1] for event in heard.events if event[0] == "replied"], [False] * 9 + [True])
        self.assertEqual([event[1] for event in world.far()[1].events], ["env"])
        self.assertEqual(world.run.state, State.LIVE)


class TerminalTests(SynchronousTestCase):
    """Terminals."""

    def shell(self, world: World) -> tuple[ChannelEnd, Heard]:
        """Open a terminal with a shell."""
        end, heard = world.open()
        end.request("pty-req", pty(), wants_reply=True)
        end.request("shell", b"", wants_reply=True)
        world.settle()
        world.accept()
        return end, heard

    def test_a_terminal_is_asked_for_before_its_shell(self) -> None:
        """The target hears both in order; the operator reads where he is; the recording knows the size."""
        world = World()
        end, heard = self.shell(world)
        end.request("window-change", struct.pack(">LLLL", 100, 30, 0, 0), wants_reply=True)
        world.settle()
        self.assertEqual([event[1] for event in world.far()[1].events], ["pty-req", "shell", "window-change"])
        self.assertEqual(heard.events.count(("replied", True)), 3)
        self.assertIn(b"connected to root@web1 as alice", heard.taken[0])
        assert world.recording is not None
        track = world.recording.tracks[1]
        self.assertEqual((track.facts["cols"], track.facts["rows"], track.text("r")), (80, 24, b"100x30"))

    def test_locked_keys_are_never_delivered_and_output_waits(self) -> None:
        """Keys by another name too, and those are answered; credit flows on; the lines are recorded."""
        world = World()
        end, heard = self.shell(world)
        far, far_heard = world.far()
        self.successResultOf(world.lock())
        before = len(heard.taken[0])
        end.write(b"rm -rf /\r")
        end.request("break", b"\0\0\0\1", wants_reply=True)
        far.write(b"output")
        world.settle()
        self.assertIn(b"LOCKED by Bob (bob)", heard.taken[0])
        self.assertNotIn(b"output", heard.taken[0][before:])
        self.assertEqual(far_heard.taken[0], b"")
        self.assertEqual(heard.events[-1], ("replied", True))
        self.assertEqual(world.run.state, State.LOCKED)
        self.successResultOf(world.unlock())
        world.settle()
        self.assertTrue(heard.taken[0].endswith(b"output"))
        self.assertEqual(far_heard.taken[0], b"")
        self.assertEqual(world.run.state, State.LIVE)


class LockTests(SynchronousTestCase):
    """Locks at the worst moments."""

    def test_a_command_asked_for_under_a_lock_runs_whole_on_release(self) -> None:
        """Request, input and EOF are held in order, and judged and recorded as ever."""
        world = World(rules=(RM,), record=Recorded(input="full"))
        end, heard = world.open()
        self.successResultOf(world.lock())
        end.request("exec", string(b"cat"), wants_reply=True)
        end.write(b"input")
        end.end()
        world.settle()
        self.assertEqual(heard.events, ["opened"])
        self.assertEqual(world.far()[1].events, [])
        self.successResultOf(world.unlock())
        world.settle()
        self.assertEqual(world.far()[1].events, [("request", "exec", string(b"cat")), ("data", b"input"), "eof"])
        self.assertIn("command.executed", world.kinds())
        assert world.recording is not None
        world.far()[0].close()
        world.settle()
        self.assertEqual(world.recording.tracks[1].text("i"), b"input")
        end, heard = world.open()
        self.successResultOf(world.lock())
        end.request("exec", string(b"rm x"), wants_reply=True)
        world.settle()
        self.successResultOf(world.unlock())
        world.settle()
        self.assertEqual(heard.events[-3:], [status(77), "eof", "closed"])

    def test_new_channels_wait_for_the_release(self) -> None:
        """Also those asked for while the target was still dialled, when a lock that bars nothing fell."""
        world = World(dialled=False)
        _, early = world.open()
        self.successResultOf(world.lock(only=True))
        world.reach()
        _, late = world.open()
        self.assertEqual((early.events, late.events, world.target_owner.ends), ([], [], []))
        self.successResultOf(world.unlock())
        world.settle()
        self.assertEqual((early.events, late.events), (["opened"], ["opened"]))

    def test_interrupt_works_under_a_lock(self) -> None:
        """Both connections are cut in that turn; held bytes go nowhere."""
        world = World()
        _end, heard = world.exec("cat")
        self.successResultOf(world.lock())
        world.far()[0].write(b"held")
        world.settle()
        done = world.orders.interrupt("session", world.run.id, by="bob", by_name="", reason="", door="test")
        self.assertEqual(self.successResultOf(done), [world.run.id])
        self.assertTrue(world.gateway.closing and world.inner.closing)
        world.settle()
        self.assertEqual(heard.taken[0], b"")
        self.assertEqual(world.kinds("session.ended"), ["session.ended"])


class EndTests(SynchronousTestCase):
    """Ends that come from elsewhere."""

    def test_a_lost_target_is_said_with_its_code(self) -> None:
        """Never a silent CLOSE: a line, 69, EOF, CLOSE; then the connection goes."""
        world = World()
        _, heard = world.exec("cat")
        world.accept()
        world.target.abort()
        world.settle()
        self.assertEqual(
            heard.events[2:], [("stderr", b"ostiary: the connection to web1 was lost\n"), status(69), "eof", "closed"]
        )
        self.assertEqual(world.bodies("channel.closed")[0]["exit"], "69")
        world.clock.advance(1)
        world.settle()
        self.assertTrue(world.gateway.closed)
        self.assertEqual(world.bodies("session.ended")[0]["reason"], "target_lost")

    def test_a_lost_operator_ends_everything_once(self) -> None:
        """The target's connection is cut, the recording sealed, each fact told once."""
        world = World()
        world.exec("cat")
        world.client.abort()
        world.settle()
        self.assertTrue(world.inner.closing)
        self.assertEqual(world.kinds("session.ended", "channel.closed", "recording.sealed"),
                         ["channel.closed", "session.ended", "recording.sealed"])  # fmt: skip
        self.assertEqual((world.roster.running(), world.run.state), ((), State.ENDED))

    def test_a_line_then_the_code_where_a_notice_is_wanted(self) -> None:
        """A deactivated account ends with 79 and a line."""
        world = World()
        _, heard = world.exec("cat")
        done = world.orders.deactivate("alice", by="bob", by_name="", reason="", door="test")
        self.assertEqual(self.successResultOf(done), [world.run.id])
        world.settle()
        self.assertEqual(heard.events[-3:], [status(79), "eof", "closed"])
        self.assertIn(b"alice was deactivated", heard.taken[1])
