"""The least that a proxy written with stock Twisted Conch must do: log in both sides, pass a session through.

``python -m benchmarks.conch_proxy PORT TARGET_PORT ACCOUNT FOLDER``; no policy, no recording, Conch's defaults.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from twisted.conch.avatar import ConchUser
from twisted.conch.checkers import InMemorySSHKeyDB, SSHPublicKeyChecker
from twisted.conch.ssh.channel import SSHChannel
from twisted.conch.ssh.connection import SSHConnection
from twisted.conch.ssh.factory import SSHFactory
from twisted.conch.ssh.keys import Key
from twisted.conch.ssh.transport import SSHClientTransport
from twisted.conch.ssh.userauth import SSHUserAuthClient
from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import ClientFactory
from twisted.logger import LogLevel, globalLogBeginner


class Half(SSHChannel):
    """A session on one side; its peer is the session on the other. What comes too early waits in order."""

    name = b"session"
    conn: Any
    peer: Half | None = None
    ending = False

    def __init__(self, *args: Any, **words: Any) -> None:
        super().__init__(*args, **words)
        self.waiting: list[Any] = []

    def join(self, peer: Half) -> None:
        self.peer, peer.peer = peer, self
        for call in self.waiting:
            call(peer)
        self.waiting.clear()

    def pass_on(self, call: Any) -> None:
        if self.peer is None:
            self.waiting.append(call)
        else:
            call(self.peer)

    def requestReceived(self, requestType: bytes, data: bytes) -> Any:
        answer: Deferred[bool] = Deferred()

        def ask(peer: Half) -> None:
            wants = not requestType.startswith(b"exit-")
            sent = peer.conn.sendRequest(peer, requestType, data, wantReply=wants)
            if sent is None:
                answer.callback(True)
            else:
                sent.addCallbacks(lambda _: answer.callback(True), lambda _: answer.callback(False))

        self.pass_on(ask)
        return answer

    def dataReceived(self, data: bytes) -> None:
        self.pass_on(lambda peer: peer.write(data))

    def extReceived(self, dataType: int, data: bytes) -> None:
        self.pass_on(lambda peer: peer.writeExtended(dataType, data))

    def eofReceived(self) -> None:
        self.pass_on(lambda peer: peer.end())

    def end(self) -> None:
        """Send EOF behind the bytes that still wait for window: Conch itself would send it before them."""
        self.ending = bool(self.buf)
        if not self.ending:
            self.conn.sendEOF(self)

    def addWindowBytes(self, data: int) -> None:
        super().addWindowBytes(data)
        if self.ending:
            self.end()

    def closeReceived(self) -> None:
        self.loseConnection()
        self.pass_on(lambda peer: peer.loseConnection())

    def closed(self) -> None:
        if self.conn.transport.isClient:
            self.conn.transport.loseConnection()
        else:
            self.pass_on(lambda peer: peer.loseConnection())


class OperatorHalf(Half):
    """The operator's session: the target is dialled when it opens."""

    def channelOpen(self, specificData: bytes) -> None:
        from twisted.internet import reactor

        dial = ClientFactory.forProtocol(lambda: Upstream(self))
        reactor.connectTCP("127.0.0.1", PLACE.target, dial)


class TargetHalf(Half):
    """The session at the target."""

    operator: OperatorHalf

    def channelOpen(self, specificData: bytes) -> None:
        self.operator.join(self)
        self.join(self.operator)


class Upstream(SSHClientTransport):
    """The connection to the target."""

    def __init__(self, operator: OperatorHalf) -> None:
        self.operator = operator

    def verifyHostKey(self, pubKey: bytes, fingerprint: str) -> Deferred[bool]:
        return succeed(True)

    def connectionSecure(self) -> None:
        self.requestService(Credential(PLACE.account, Opening(self.operator)))


class Opening(SSHConnection):
    def __init__(self, operator: OperatorHalf) -> None:
        super().__init__()
        self.operator = operator

    def serviceStarted(self) -> None:
        half = TargetHalf(conn=self)
        half.operator = self.operator
        self.openChannel(half)


class Credential(SSHUserAuthClient):
    def getPublicKey(self) -> Any:
        return PLACE.key.public()

    def getPrivateKey(self) -> Any:
        return succeed(PLACE.key)


class Realm:
    def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
        avatar = ConchUser()
        avatar.channelLookup[b"session"] = OperatorHalf
        return interfaces[0], avatar, lambda: None


class Place:
    """Where the proxy stands: its target, the account there, its keys."""

    def __init__(self, target: int, account: str, folder: Path) -> None:
        self.target, self.account = target, account.encode()
        self.key = Key.fromFile(str(folder / "credential"))
        self.host = Key.fromFile(str(folder / "host"))


def serve(port: int) -> None:
    """Listen until the process ends."""
    from twisted.internet import reactor

    def loud(event: Any) -> None:
        if event.get("log_level") in (LogLevel.error, LogLevel.critical) and "log_failure" in event:
            sys.stderr.write(event["log_failure"].getTraceback())

    globalLogBeginner.beginLoggingTo([loud], redirectStandardIO=False)
    keys = InMemorySSHKeyDB({PLACE.account: [PLACE.key.public()]})
    factory = SSHFactory()
    factory.publicKeys = {b"ssh-ed25519": PLACE.host.public()}
    factory.privateKeys = {b"ssh-ed25519": PLACE.host}
    factory.portal = Portal(Realm(), [SSHPublicKeyChecker(keys)])
    reactor.listenTCP(port, factory, interface="127.0.0.1")
    reactor.run()


if __name__ == "__main__":
    PLACE = Place(int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
    serve(int(sys.argv[1]))
