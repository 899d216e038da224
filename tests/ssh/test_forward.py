"""Forwards, agent and X11: only by right, never to another SSH server, told with their bytes."""

from __future__ import annotations

import struct

from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.fields import string
from tests.ssh.sessions import World


def to(host: str, port: int) -> bytes:
    """Return what a direct-tcpip channel says of itself."""
    return string(host.encode()) + struct.pack(">L", port) + string(b"127.0.0.1") + struct.pack(">L", 5)


class ForwardTests(SynchronousTestCase):
    """Channels that carry no session."""

    def test_a_forward_is_dialled_by_the_target_and_told(self) -> None:
        """Bytes and ends pass both ways; the fact counts them."""
        world = World(rights=("forward:db1:5432",))
        end, heard = world.open("direct-tcpip", extra=to("db1", 5432))
        far, far_heard = world.far()
        self.assertEqual((far.kind, world.target_owner.extras), ("direct-tcpip", [to("db1", 5432)]))
        end.write(b"hello")
        end.end()
        far.write(b"answer")
        far.end()
        world.settle()
        self.assertEqual((far_heard.events, heard.events),
                         ([("data", b"hello"), "eof"], ["opened", ("data", b"answer"), "eof"]))  # fmt: skip
        end.request("exec", string(b"id"), wants_reply=True)
        world.settle()
        self.assertEqual(heard.events[-1], ("replied", False))
        end.close()
        world.settle()
        self.assertEqual((far_heard.events[-1], heard.events[-1]), ("closed", "closed"))
        (told,) = world.bodies("forward.closed")
        self.assertEqual((told["what"], told["bytes_in"], told["bytes_out"]), ("db1:5432", 5, 6))
        self.assertEqual(world.run.legs, {})

    def test_without_its_right_nothing_is_dialled(self) -> None:
        """The reason is said in the refusal; malformed and foreign kinds too."""
        world = World(rights=("exec", "forward:db1:5432"))
        for kind, extra in (("direct-tcpip", to("db2", 5432)), ("direct-tcpip", b"junk"), ("direct-tcpip",
            to("db1", 0)),
                            ("direct-tcpip", to("db1", 5432) + b"x"), ("direct-streamlocal@openssh.com", b""),
                            ("tun@openssh.com", b""),
                            ("forwarded-tcpip", b""), ("x11", b""), ("auth-agent@openssh.com", b"")):  # fmt: skip
            _, heard = world.open(kind, extra=extra)
            self.assertEqual((heard.events[0][0], heard.events[0][1]), ("refused", 1), kind)
            self.assertTrue(heard.events[0][2].startswith("ostiary: "))
        self.assertEqual(world.target_owner.ends, [])
        self.assertEqual(set(world.kinds("channel.", "forward.")), {"channel.refused"})

    def test_an_ssh_server_behind_a_forward_is_cut(self) -> None:
        """Not one byte of its greeting is seen."""
        world = World(rights=("forward:loopback",))
        _, heard = world.open("direct-tcpip", extra=to("localhost", 22))
        far, far_heard = world.far()
        far.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        world.settle()
        self.assertEqual((heard.events, far_heard.events), (["opened", "closed"], ["closed"]))
        self.assertIn("ssh_in_forward", [body["reason"] for body in world.bodies("channel.refused")])

    def test_what_the_target_cannot_reach_is_refused_with_its_reason(self) -> None:
        """As the target said it; an operator who left meanwhile gets nothing more."""
        world = World(rights=("forward:db1:5432",))
        world.target_owner.accept = False
        _, heard = world.open("direct-tcpip", extra=to("db1", 5432))
        world.far()[0].refuse(2, "Connection refused")
        world.settle()
        self.assertEqual(heard.events, [("refused", 2, "Connection refused")])

    def test_a_lock_holds_a_forward_and_loses_nothing(self) -> None:
        """Both lanes wait, and go on in order."""
        world = World(rights=("forward:db1:5432",))
        end, heard = world.open("direct-tcpip", extra=to("db1", 5432))
        far, far_heard = world.far()
        self.successResultOf(world.lock())
        end.write(b"question")
        far.write(b"answer")
        far.end()
        world.settle()
        self.assertEqual((far_heard.events, heard.events), ([], ["opened"]))
        self.successResultOf(world.unlock())
        world.settle()
        self.assertEqual((far_heard.taken[0], heard.taken[0], heard.events[-1]), (b"question", b"answer", "eof"))

    def test_a_recording_that_fails_refuses_the_forward(self) -> None:
        """The target's end is closed; the operator is told; the session ends where it must."""
        world = World(rights=("forward:db1:5432",))
        assert world.recording is not None
        world.recording.failure = OSError(28, "No space left on device")
        _, heard = world.open("direct-tcpip", extra=to("db1", 5432))
        self.assertEqual(heard.events[0][0], "refused")
        self.assertEqual(world.bodies("session.ended")[0]["reason"], "recording_failed")

    def test_agent_and_x11_come_back_only_by_right_and_request(self) -> None:
        """The target may open them when the policy allows it and the operator asked."""
        for request, kind, right in (
            ("auth-agent-req@openssh.com", "auth-agent@openssh.com", "agent"),
            ("x11-req", "x11", "x11"),
        ):
            for rights, asks, opens in (
                (("shell", right), True, True),
                (("shell", right), False, False),
                (("shell",), True, False),
            ):
                world = World(rights=rights)
                end, heard = world.open()
                if asks:
                    end.request(request, b"", wants_reply=True)
                world.settle()
                world.accept()
                self.assertEqual(
                    [event for event in heard.events if event[0] == "replied"], [("replied", opens)] * asks
                )
                back = type(heard)()
                far = world.target.connection.open(kind, back, 1000)
                world.settle()
                self.assertEqual(back.events == ["opened"], opens, (kind, rights, asks))
                if opens:
                    far.write(b"sign this")
                    world.settle()
                    self.assertEqual(
                        (world.client_owner.ends[0].kind, world.client_owner.heard[0].taken[0]), (kind, b"sign this")
                    )

    def test_a_target_may_open_nothing_else(self) -> None:
        """No session, no forward, no global request."""
        world = World(rights=("shell", "agent", "x11"))
        for kind in ("session", "forwarded-tcpip", "direct-tcpip", "auth-agent@openssh.com", "x11"):
            world.open()
            heard = world.far()[1]
            refused = type(heard)()
            world.target.connection.open(kind, refused, 1000)
            world.settle()
            self.assertEqual(refused.events[0][:2], ("refused", 1))
        self.assertEqual(world.client_owner.ends, [])
