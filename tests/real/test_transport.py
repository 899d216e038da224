"""Real OpenSSH on the other end of both transports."""

from __future__ import annotations

import base64
import os
import socket
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from gateway.wire import algorithms
from gateway.wire.carrier import RekeyLimits
from gateway.wire.hostkeys import HostKey, from_private_key
from gateway.wire.target_transport import TargetTransport, VerifyHostKey
from gateway.wire.transport import OperatorFactory, OperatorTransport
from gateway.wire.violation import Counts
from tests.wire.minimal import Answering, OpenDoor

ED25519 = from_private_key(ed25519.Ed25519PrivateKey.generate())


class Run(ProcessProtocol):
    """Run a program to its end; fires with (status, standard output, standard error)."""

    def __init__(self) -> None:
        self.out: list[bytes] = []
        self.err: list[bytes] = []
        self.done: Deferred[tuple[int, bytes, str]] = Deferred()

    def outReceived(self, data: bytes) -> None:
        self.out.append(data)

    def errReceived(self, data: bytes) -> None:
        self.err.append(data)

    def processEnded(self, reason: Failure) -> None:
        reason.trap(ProcessDone, ProcessTerminated)
        status = -1 if reason.value.exitCode is None else reason.value.exitCode
        self.done.callback((status, b"".join(self.out), b"".join(self.err).decode()))


class Daemon(ProcessProtocol):
    """Run sshd in the foreground until stopped."""

    def __init__(self) -> None:
        self.err = b""
        self.listening: Deferred[None] = Deferred()
        self.ended: Deferred[None] = Deferred()

    def errReceived(self, data: bytes) -> None:
        self.err += data
        if b"listening on" in self.err and not self.listening.called:
            self.listening.callback(None)

    def processEnded(self, reason: Failure) -> None:
        if not self.listening.called:
            self.listening.errback(RuntimeError(self.err.decode()))
        self.ended.callback(None)

    def stop(self) -> Deferred[None]:
        if self.transport is not None and self.transport.pid:
            self.transport.signalProcess("TERM")
        return self.ended


def run(*argv: str) -> Deferred[tuple[int, bytes, str]]:
    process = Run()
    reactor.spawnProcess(process, argv[0], argv, {**os.environ, "LC_ALL": "C"})
    return process.done


class OperatorTests(TestCase):
    """``ssh -v`` against the operators' transport."""

    timeout = 60

    def setUp(self) -> None:
        self.service = Answering()
        self.tally = Counts()
        self.made: list[OperatorTransport] = []

    async def listen(self, keys: tuple[HostKey, ...] = (ED25519,), **options: Any) -> int:
        def userauth(transport: OperatorTransport) -> OpenDoor:
            self.made.append(transport)
            return OpenDoor(transport, self.service)

        factory = OperatorFactory(
            clock=reactor, host_keys=keys, make_userauth=userauth, tally=self.tally, **options
        )
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return port.getHost().port

    async def ssh(self, port: int, *options: str, command: str = "hello") -> tuple[int, bytes, str]:
        flags = ("-F", "none", "-v", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")
        return await run("/usr/bin/ssh", *flags, *options, "-p", str(port), "someone@127.0.0.1", command)

    async def test_a_default_openssh_client_gets_gcm_curve25519_and_strict_exchange(self) -> None:
        """What a client without any settings agrees on."""
        port = await self.listen()
        status, out, err = await self.ssh(port)
        self.assertEqual((status, out), (7, b"you said hello\n"), err)
        self.assertIn("kex: algorithm: curve25519-sha256", err)
        self.assertIn("cipher: aes128-gcm@openssh.com MAC: <implicit>", err)
        self.assertIn("host key algorithm: ssh-ed25519", err)
        self.assertEqual(self.tally.counted, {})
        self.assertTrue(self.made[0].carrier.link.strict)

    async def test_the_server_tells_which_user_signatures_it_verifies(self) -> None:
        """RSA users must not fail because our host key is Ed25519."""
        port = await self.listen()
        _, _, err = await self.ssh(port)
        self.assertIn(
            "server-sig-algs=<" + b",".join(algorithms.USER_SIGNATURES).decode() + ">", err
        )


class TargetTests(TestCase):
    """Our client transport against a real sshd."""

    timeout = 60

    async def sshd(self, *options: str) -> int:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        self.key = folder / "host"
        await run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key))
        if os.getuid() == 0:
            # What the service script of the distribution does; without root sshd does not ask for it.
            os.makedirs("/run/sshd", 0o755, exist_ok=True)
        holder = socket.socket()
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        holder.close()
        flags = ("-D", "-e", "-f", "/dev/null", "-h", str(self.key), "-o", "PidFile=none")
        listen = ("-o", "ListenAddress=127.0.0.1", "-p", str(port))
        process = Daemon()
        reactor.spawnProcess(
            process, "/usr/sbin/sshd", ("/usr/sbin/sshd", *flags, *listen, *options), os.environ
        )
        self.addCleanup(process.stop)
        await process.listening
        return port

    async def connect(self, port: int, verify: VerifyHostKey, **options: Any) -> TargetTransport:
        transport = TargetTransport(clock=reactor, verify_host_key=verify, **options)
        await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), transport)

        async def end() -> None:
            if not transport.closed.called:
                transport.lose()
                await transport.closed

        self.addCleanup(lambda: Deferred.fromCoroutine(end()))
        return transport

    async def test_the_key_exchange_ends_with_the_hosts_real_key(self) -> None:
        """The key that is asked about is the one in the daemon's file, and its algorithm the agreed one."""
        port = await self.sshd()
        seen: list[tuple[bytes, bytes]] = []

        def verify(algorithm: bytes, blob: bytes) -> Deferred[None]:
            seen.append((algorithm, blob))
            return succeed(None)

        transport = await self.connect(port, verify)
        await transport.secured
        expected = base64.b64decode(self.key.with_suffix(".pub").read_bytes().split()[1])
        self.assertEqual(seen, [(b"ssh-ed25519", expected)])
        self.assertTrue(transport.carrier.link.strict)
        await transport.request_service(b"ssh-userauth")
        self.assertIn(b"rsa-sha2-512", transport.peer_sig_algs)

    async def test_a_slow_answer_about_the_host_key_loses_nothing(self) -> None:
        """What the daemon sends behind its reply is encrypted with keys that are not agreed on yet."""
        port = await self.sshd()

        def verify(_algorithm: bytes, _blob: bytes) -> Deferred[None]:
            return deferLater(reactor, 0.3, lambda: None)

        transport = await self.connect(port, verify)
        await transport.secured
        await transport.request_service(b"ssh-userauth")
        self.assertIn(b"ssh-ed25519", transport.peer_sig_algs)

    async def test_a_refused_host_key_ends_the_connection(self) -> None:
        """Nothing is sent under a key of a host that was not recognised."""
        port = await self.sshd()
        transport = await self.connect(port, lambda *_: fail(KeyError("unknown host")))
        await self.assertFailure(transport.secured, KeyError)
        self.assertEqual(await transport.closed, "the host key was refused")
