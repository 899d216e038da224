"""The two ends of a login under test, with a clock that stands still."""

from __future__ import annotations

import attrs
from twisted.internet.task import Clock

from gateway.wire import userauth_messages as messages
from gateway.wire.authority import IAttempt
from gateway.wire.fields import boolean, string, uint32
from gateway.wire.pacing import FailurePace
from gateway.wire.userauth import Limits, Refusal, UserAuthServer
from tests.wire.authorities import OneAttemptAuthority
from tests.wire.keys import TestKey
from tests.wire.recording import RecordingTransport

CONNECTION = b"ssh-connection"
PATIENCE = 0.05
"""Seconds after which every failure of this clock has been answered."""


@attrs.define
class Login:
    """A server under test and the client's messages to it."""

    attempt: IAttempt
    banner: bytes = b""
    limits: Limits = Limits()
    clock: Clock = attrs.field(factory=Clock)
    transport: RecordingTransport = attrs.field(factory=RecordingTransport)
    refusals: list[Refusal] = attrs.field(factory=list)
    authority: OneAttemptAuthority = attrs.field(init=False)
    server: UserAuthServer = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.authority = OneAttemptAuthority(lambda: self.attempt, self.banner)
        self.server = UserAuthServer(
            self.authority,
            self.clock,
            FailurePace(b"k" * 32),
            source="192.0.2.7",
            limits=self.limits,
            tell=self.refusals.append,
        )
        self.transport.setService(self.server)

    def request(self, method: bytes, body: bytes = b"", user: bytes = b"alice", service: bytes = CONNECTION) -> None:
        """Send one request and wait as long as failures take."""
        self.send(messages.REQUEST, messages.request(user, service, method, body))

    def send(self, number: int, payload: bytes) -> None:
        """Send anything and wait as long as failures take."""
        self.server.packetReceived(number, payload)
        self.wait()

    def wait(self) -> None:
        """Let paced answers come."""
        self.clock.pump([PATIENCE] * 6)

    def none(self) -> None:
        """Ask what is possible."""
        self.request(b"none")

    def password(self, secret: bytes) -> None:
        """Send a password."""
        self.request(b"password", boolean(False) + string(secret))

    def query(self, key: TestKey) -> None:
        """Ask whether a key would do."""
        self.request(b"publickey", boolean(False) + messages.key_ok(key.algorithm, key.blob))

    def sign(self, key: TestKey, algorithm: bytes = b"", session: bytes = b"", user: bytes = b"alice") -> None:
        """Log in with a key; *algorithm* and *session* other than the right ones are forgeries."""
        algorithm = algorithm or key.algorithm
        asked = messages.Request(user, CONNECTION, b"publickey", b"")
        session = session or self.transport.sessionID
        signature = key.sign(messages.signed_message(session, asked, algorithm, key.blob), algorithm)
        self.request(b"publickey", boolean(True) + messages.key_ok(algorithm, key.blob) + string(signature), user=user)

    def interactive(self) -> None:
        """Begin keyboard-interactive."""
        self.request(b"keyboard-interactive", string(b"") + string(b""))

    def answers(self, *answers: bytes) -> None:
        """Answer prompts."""
        body = b"".join(string(answer) for answer in answers)
        self.send(messages.INFO_RESPONSE, uint32(len(answers)) + body)

    @property
    def last_failure(self) -> messages.Failure:
        """Return the last message, which must be a failure."""
        number, payload = self.transport.sent[-1]
        assert number == messages.FAILURE, number
        return messages.read_failure(payload)
