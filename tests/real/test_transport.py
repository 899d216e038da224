"""Real OpenSSH on the other end of both transports."""

from __future__ import annotations

import base64
import getpass
import os
import socket
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.protocol import Factory, ProcessProtocol, Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from gateway.wire import algorithms
from gateway.wire.ciphers import CIPHERS, MACS
from gateway.wire.fields import string, uint32
from gateway.wire.hostkeys import HostKey, from_private_key
from gateway.wire.packets import PacketWriter
from gateway.wire.rekeying import RekeyLimits
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


class Injector(Protocol):
    """Pass a connection on, with an IGNORE put in front of the client's first message after KEXINIT."""

    def connectionMade(self) -> None:
        self.server: Any = None
        self.early = b""
        self.seen = b""
        self.done = False
        connecting = TCP4ClientEndpoint(reactor, "127.0.0.1", self.factory.inner)
        connecting.connect(Factory.forProtocol(Backwards)).addCallback(self.joined)

    def joined(self, server: Any) -> None:
        server.client = self
        self.server = server
        early, self.early = self.early, b""
        if server.early:
            self.transport.write(server.early)
        if early:
            self.dataReceived(early)

    def dataReceived(self, data: bytes) -> None:
        if self.server is None:
            self.early += data
            return
        self.seen += data
        if not self.done:
            _, end, packets = self.seen.partition(b"\r\n")
            size = 4 + int.from_bytes(packets[:4], "big")
            if not end or len(packets) < size:
                return
            ignore = PacketWriter()
            ignore.write(2, bytes(4))
            self.done = True
            head = self.seen[: -len(packets) + size if len(packets) > size else None]
            data = head + ignore.take() + packets[size:]
        self.server.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.server is not None:
            self.server.transport.loseConnection()


class Backwards(Protocol):
    """The server's side of the shim."""

    client: Any = None
    early = b""

    def dataReceived(self, data: bytes) -> None:
        if self.client is None:
            self.early += data
        else:
            self.client.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.client is not None:
            self.client.transport.loseConnection()


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


class SignedIn:
    """Log in with a key, without asking whether it would do."""

    name = b"ssh-userauth"

    def __init__(self, transport: TargetTransport, user: HostKey, connection: Download) -> None:
        self.transport, self.user, self.connection = transport, user, connection

    def serviceStarted(self) -> None:
        name = getpass.getuser().encode()
        method = string(b"publickey") + b"\1" + string(b"ssh-ed25519") + string(self.user.blob)
        request = string(name) + string(b"ssh-connection") + method
        signed = string(self.transport.sessionID or b"") + b"\x32" + request
        self.transport.sendPacket(50, request + string(self.user.sign(b"ssh-ed25519", signed)))

    def serviceStopped(self) -> None: ...

    def packetReceived(self, number: int, payload: bytes) -> None:
        if number == 52:
            self.transport.setService(self.connection)
        elif number == 51:
            self.connection.done.errback(RuntimeError("the daemon refused the login"))


class Download:
    """Run one command and count its output; fires with the count when the channel closes."""

    name = b"ssh-connection"

    def __init__(self, transport: TargetTransport, command: str) -> None:
        self.transport, self.command = transport, command.encode()
        self.done: Deferred[int] = Deferred()
        self.count = self.blocked = 0
        transport.on_writable = self.writable

    def writable(self, writable: bool) -> None:
        self.blocked += not writable

    def serviceStarted(self) -> None:
        self.transport.sendPacket(90, string(b"session") + uint32(0) + uint32(1 << 30) + uint32(32768))

    def serviceStopped(self) -> None: ...

    def packetReceived(self, number: int, payload: bytes) -> None:
        if number == 91:
            request = payload[4:8] + string(b"exec") + b"\0" + string(self.command)
            self.transport.sendPacket(98, request)
        elif number == 94:
            self.count += len(payload) - 8
        elif number == 97:
            self.done.callback(self.count)


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
        self.assertIn("server-sig-algs=<" + b",".join(algorithms.USER_SIGNATURES).decode() + ">", err)

    async def test_every_cipher_we_know_works_with_openssh(self) -> None:
        """Each cipher and MAC carries a session with megabytes in it."""
        self.service.size = 2_000_000
        for name, kind in CIPHERS.items():
            port = await self.listen(ciphers=(name,))
            for mac in MACS if kind.mac else (b"hmac-sha2-256",):
                status, out, err = await self.ssh(port, "-c", name.decode(), "-m", mac.decode())
                self.assertEqual(
                    (status, len(out)), (7, len(b"you said hello\n") + 1_984_000), (name, mac, err)
                )
                self.assertIn(f"cipher: {name.decode()}", err)
        self.assertEqual(self.tally.counted, {})

    async def test_every_host_key_we_can_hold_is_recognised(self) -> None:
        """The signature of each algorithm is one that OpenSSH verifies."""
        keys = (
            ED25519,
            from_private_key(ec.generate_private_key(ec.SECP256R1())),
            from_private_key(rsa.generate_private_key(65537, 3072)),
        )
        port = await self.listen(keys)
        for name in algorithms.HOST_KEYS:
            status, _, err = await self.ssh(port, "-o", f"HostKeyAlgorithms={name.decode()}")
            self.assertEqual(status, 7, err)
            self.assertIn(f"host key algorithm: {name.decode()}", err)

    async def test_the_libssh_name_of_curve25519_works(self) -> None:
        """Old clients know the method by its first name."""
        port = await self.listen()
        status, _, err = await self.ssh(port, "-o", "KexAlgorithms=curve25519-sha256@libssh.org")
        self.assertEqual(status, 7, err)

    async def test_methods_we_do_not_want_are_refused_with_a_reason(self) -> None:
        """SHA-1, CBC, finite-field groups and ssh-rsa end before any key is made."""
        port = await self.listen((ED25519, from_private_key(rsa.generate_private_key(65537, 3072))))
        for option in (
            "KexAlgorithms=diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha256",
            "Ciphers=aes128-cbc,3des-cbc",
            "HostKeyAlgorithms=ssh-rsa",
        ):
            status, _, err = await self.ssh(port, "-o", option)
            self.assertEqual(status, 255)
            self.assertIn("no matching", err)
        self.assertEqual(self.made, [])
        # OpenSSH sees by itself that nothing agrees and hangs up, maybe before our verdict.
        self.assertLessEqual(set(self.tally.counted), {"no-agreement"})

    async def test_an_openssh_client_changes_keys_under_load(self) -> None:
        """Every megabyte a new key, while tens of megabytes flow towards the client."""
        self.service.size = 20_000_000
        port = await self.listen()
        status, out, err = await self.ssh(port, "-o", "RekeyLimit=1M")
        self.assertEqual((status, len(out)), (7, len(b"you said hello\n") + 20_000_000), err[-2000:])
        self.assertGreater(err.count("SSH2_MSG_NEWKEYS received"), 5)

    async def test_we_change_keys_by_volume(self) -> None:
        """The limit we set is kept by us, whatever the client's own is."""
        self.service.size = 20_000_000
        port = await self.listen(rekey=RekeyLimits(octets=1_000_000))
        status, out, err = await self.ssh(port)
        self.assertEqual((status, len(out)), (7, len(b"you said hello\n") + 20_000_000), err[-2000:])
        self.assertGreater(err.count("SSH2_MSG_NEWKEYS received"), 1)
        self.assertEqual(self.tally.counted, {})

    async def test_an_ignore_injected_before_newkeys_ends_the_connection(self) -> None:
        """The prefix truncation of Terrapin begins with one injected message (CVE-2023-48795)."""
        inner = await self.listen()
        middle = await self.shim(inner)
        status, _, _ = await self.ssh(middle)
        self.assertEqual(status, 255)
        self.assertEqual(self.tally.counted, {"out-of-phase": 1})
        self.assertEqual(self.made, [])

    async def shim(self, inner: int) -> int:
        factory = Factory.forProtocol(Injector)
        factory.inner = inner
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return port.getHost().port

    async def test_other_clients_complete_a_session(self) -> None:
        """PuTTY, dropbear (which guesses) and their choice of ciphers."""
        port = await self.listen()
        host = f"{ED25519.fingerprint}"
        plink = ("/usr/bin/plink", "-ssh", "-batch", "-hostkey", host, "-P", str(port), "-l", "a", "-pw", "b")
        status, out, err = await run(*plink, "127.0.0.1", "hello")
        self.assertEqual((status, out), (7, b"you said hello\n"), err)
        dbclient = ("/usr/bin/dbclient", "-y", "-y", "-p", str(port), "a@127.0.0.1", "hello")
        status, out, err = await run(*dbclient)
        self.assertEqual((status, out), (7, b"you said hello\n"), err)
        self.assertEqual(self.tally.counted, {})

    async def test_a_post_quantum_client_completes_a_session(self) -> None:
        """The hybrid method, with a client that did not learn it from us."""
        port = await self.listen()
        script = (
            "import asyncio, asyncssh, sys\n"
            "async def main():\n"
            f"    async with asyncssh.connect('127.0.0.1', {port}, username='a', known_hosts=None,\n"
            "            config=[], client_keys=None, kex_algs=['mlkem768x25519-sha256']) as connection:\n"
            "        print((await connection.run('hello')).stdout, end='')\n"
            "asyncio.run(main())\n"
        )
        status, out, err = await run(sys.executable, "-c", script)
        self.assertEqual((status, out), (0, b"you said hello\n"), err)
        self.assertEqual(self.tally.counted, {})


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

    async def test_every_cipher_carries_a_login_a_download_and_changes_of_keys(self) -> None:
        """The daemon's own list decides what is left to choose; keys change while it sends."""
        user = from_private_key(ed25519.Ed25519PrivateKey.generate())
        allowed = Path(self.mktemp()).absolute()
        allowed.write_text(f"ssh-ed25519 {base64.b64encode(user.blob).decode()}\n")
        login = ("-o", f"AuthorizedKeysFile={allowed}", "-o", "StrictModes=no", "-o", "PermitRootLogin=yes")
        for name, kind in CIPHERS.items():
            for mac in MACS if kind.mac else (b"hmac-sha2-256",):
                choice = ("-o", f"Ciphers={name.decode()}", "-o", f"MACs={mac.decode()}")
                port = await self.sshd(*login, *choice)
                limits = RekeyLimits(octets=1_000_000)
                transport = await self.connect(port, lambda *_: succeed(None), rekey=limits)
                await transport.secured
                accepted = transport.request_service(b"ssh-userauth")
                download = Download(transport, "head -c 24000000 /dev/zero")
                transport.setService(SignedIn(transport, user, download))
                await accepted
                self.assertEqual(await download.done, 24_000_000, (name, mac))
                # A window of data may be under way in each exchange, so 24 MB hold several at 1 MB a key.
                self.assertGreaterEqual(download.blocked, 3)
                self.assertEqual(transport.tally.counted, {})

    async def test_a_post_quantum_server_is_met_half_way(self) -> None:
        """The hybrid method, with a server that did not learn it from us."""
        script = (
            "import asyncio, asyncssh\n"
            "async def main():\n"
            "    key = asyncssh.generate_private_key('ssh-ed25519')\n"
            "    server = await asyncssh.listen('127.0.0.1', 0, server_host_keys=[key], config=[],\n"
            "        kex_algs=['mlkem768x25519-sha256'])\n"
            "    __import__('sys').stderr.write('listening on %d' % server.get_port())\n"
            "    await asyncio.sleep(30)\n"
            "asyncio.run(main())\n"
        )
        process = Daemon()
        reactor.spawnProcess(process, sys.executable, (sys.executable, "-c", script), os.environ)
        self.addCleanup(process.stop)
        await process.listening
        transport = await self.connect(int(process.err.split()[-1]), lambda *_: succeed(None))
        await transport.secured
        await transport.request_service(b"ssh-userauth")
        self.assertEqual(transport.tally.counted, {})
